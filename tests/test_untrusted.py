"""Somebody else's run file: what is refused, with what words, and what is let in."""

import os
import shutil
import subprocess
import sys
import zlib

import h5py
import numpy as np
import pytest
import run_files

from simulator import schema
from simulator.errors import RunFileError
from simulator.runfile import store, untrusted
from simulator.runfile.untrusted import child, inspection, storage
from simulator.schema import OUTCOMES

pytestmark = pytest.mark.usefixtures("distrusting")

BALANCE = "/sector/balance"
TEXT = h5py.string_dtype("utf-8")
SUMMED = {"fletcher32": True}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return run_files.small(run_files.whole(folder), folder / "small.h5")


@pytest.fixture
def copy(small, tmp_path):
    return shutil.copy(small, tmp_path / "run.h5")


def refused(place):
    with pytest.raises(RunFileError) as caught:
        inspection.inspect(place)
    assert str(caught.value).startswith(str(place))
    return str(caught.value).removeprefix(str(place))


# --- what is let in -------------------------------------------------------------------


def test_a_run_is_sound(small):
    inspection.inspect(small)
    inspection.inspect(small.with_name("whole.h5"))


def test_the_format_is_the_one_that_the_store_writes():
    assert store.FORMAT == inspection.FORMAT


def test_what_gzip_cannot_squeeze_is_sound(copy):
    with h5py.File(copy, "r+") as file:
        shape = (1, len(OUTCOMES), 8)
        size = 8 * shape[1] * shape[2]
        noise = np.frombuffer(np.random.default_rng(1).bytes(size)).reshape(shape)
        file["probability"][:1] = noise
    inspection.inspect(copy)
    with h5py.File(copy, "r+") as file:
        settings = {"chunks": shape, "shuffle": True, "fletcher32": True}
        beside = file.create_dataset("beside", data=noise, **settings)
        _, unpacked = beside.id.read_direct_chunk((0, 0, 0))
        left_out = 1 << 1  # gzip is the second filter
        file["probability"].id.write_direct_chunk((0, 0, 0), unpacked, left_out)
        del file["beside"]
    inspection.inspect(copy)


@pytest.mark.parametrize("name", [BALANCE, "/sector/trusts_in_deficit"])
def test_a_chunk_that_its_index_does_not_lead_to_is_not_taken_for_holes(copy, name):
    """Lower the bound behind the last chunk: a look-up minds it, a listing does not."""
    with h5py.File(copy) as file:
        chunks = [file[name].id.get_chunk_info(k) for k in range(3)]
    addresses = [chunk.byte_offset.to_bytes(8, "little") for chunk in chunks]
    content, key = copy.read_bytes(), 8 + 8 * 4  # size and filters, then four places
    leaf = content.index(addresses[0]) - key - 24
    assert content[leaf : leaf + 6] == b"TREE\x01\x00"  # of chunks, at the bottom
    bound = leaf + 24 + 3 * (key + 8)
    assert content[bound - 8 : bound] == addresses[2]
    spoil(copy, bound + 8, bytes(key - 8))
    with h5py.File(copy) as file:
        last = file[name][-1]
        assert np.all(np.isnan(last) | (last == file[name].fillvalue))
    assert f"{name}: has a chunk that is not found, at (2, 0, 0)" in refused(copy)


def test_a_large_file_is_not_read_through(copy, monkeypatch):
    with h5py.File(copy) as file:
        place = file[BALANCE].id.get_chunk_info(0).byte_offset
    spoil(copy, place, b"\x55")
    assert "/sector/balance: is damaged" in refused(copy)
    monkeypatch.setattr(inspection, "READ_THROUGH", 1000)
    inspection.inspect(copy)


def spoil(path, place, patch):
    content = bytearray(path.read_bytes())
    content[place : place + len(patch)] = patch
    path.write_bytes(content)


# --- links ----------------------------------------------------------------------------


def soft_link(file):
    del file[BALANCE]
    file[BALANCE] = h5py.SoftLink("/sector/trusts_in_deficit")


def dangling_link(file):
    file["/sector/income"] = h5py.SoftLink("/nowhere")


def external_link(file):
    file["/sector/income"] = h5py.ExternalLink("other.h5", BALANCE)


def second_name(file):
    file["/sector/income"] = file[BALANCE]


def cycle(file):
    del file["/bands"]
    file["/bands"] = file["/"]


def inner_cycle(file):
    file["/sector/sector"] = file["/sector"]


def strange_variable(file):
    file["/sector/profit"] = np.zeros(3)


def strange_group(file):
    file.create_group("/extras")


def driver_without_a_path(file):
    file["/drivers/delivery"] = np.zeros(3)
    file["/drivers/other"] = np.zeros(3)


def variable_for_a_group(file):
    del file["/bands"]
    file["/bands"] = np.zeros(3)


def group_for_a_variable(file):
    file.create_group("/sector/income")


def type_for_a_variable(file):
    file["/sector/income"] = np.dtype("f4")


def terminal_name(file):
    file["/sector/\x1b[2J"] = np.zeros(3)


LINKS = {
    soft_link: "/sector/balance: is a soft link",
    dangling_link: "/sector/income: is a soft link",
    external_link: "/sector/income: is a link to another file",
    second_name: "/sector/income: is a second name of /sector/balance",
    cycle: "/bands: is a second name of /",
    inner_cycle: "/sector/sector: is no part of a run file",
    strange_variable: "/sector/profit: is no part of a run file",
    strange_group: "/extras: is no part of a run file",
    driver_without_a_path: "/drivers/other: is no part of a run file",
    variable_for_a_group: "/bands: is a DatasetID out of place",
    group_for_a_variable: "/sector/income: is a GroupID out of place",
    type_for_a_variable: "/sector/income: is a TypeFloatID out of place",
    terminal_name: "/sector/'\\x1b[2J': is no part of a run file",
}

# --- types, shapes and storage --------------------------------------------------------


def other(file, path=BALANCE, **options):
    """Put another dataset where one was."""
    old = file[path]
    given = {"shape": old.shape, "dtype": old.dtype, **SUMMED, **options}
    del file[path]
    made = file.create_dataset(path, **given)
    if made.id.get_create_plist().get_layout() == h5py.h5d.CHUNKED:
        made[...] = np.zeros(made.shape, made.dtype)
    return made


def external_storage(file):
    shape = file[BALANCE].shape
    del file[BALANCE]
    file.create_dataset(BALANCE, shape, "f4", external=[("x.bin", 0, 10**6)])


def virtual(file):
    shape = file[BALANCE].shape
    layout = h5py.VirtualLayout(shape, "f4")
    layout[...] = h5py.VirtualSource("other.h5", "x", shape)
    del file[BALANCE]
    file.create_virtual_dataset(BALANCE, layout)


def of_type(dtype):
    def change(file):
        shape = file[BALANCE].shape
        del file[BALANCE]
        file.create_dataset(BALANCE, shape, dtype)

    return change


def fixed_text(file):
    other(file, "/trust_name", dtype="S10", fletcher32=False)


def ascii_text(file):
    kind = h5py.string_dtype("ascii")
    other(file, "/trust_name", dtype=kind, fletcher32=False)


def own_type(file):
    shape = file[BALANCE].shape
    del file[BALANCE]
    file["/sector/kind"] = np.dtype("f4")
    file.create_dataset(BALANCE, shape, file["/sector/kind"])
    del file["/sector/kind"]


def packed_by(**options):
    return lambda file: other(file, **options)


def one_dimension_less(file):
    other(file, shape=file[BALANCE].shape[:2])


def one_draw_more(file):
    targets, draws, years = file[BALANCE].shape
    other(file, shape=(targets, draws + 1, years))


def resizable(file):
    other(file, maxshape=(None, None, None), chunks=True)


def without_coordinate(file):
    del file["/year"]


def flat_coordinate(file):
    other(file, "/year", shape=(3, 1), fletcher32=False)


def never_written(file):
    shape = file[BALANCE].shape
    del file[BALANCE]
    file.create_dataset(BALANCE, shape, "f4", chunks=(1, 50, 3), **SUMMED)


def one_chunk_missing(file):
    shape = file[BALANCE].shape
    del file[BALANCE]
    made = file.create_dataset(BALANCE, shape, "f4", chunks=(1, 50, 3), **SUMMED)
    made[:2] = 0.0


def enormous(file):
    """A petabyte in no bytes: years, and all that is along them, grow."""
    n_draw = 10**12
    del file["/draw"], file[BALANCE]
    file.create_dataset("/draw", (n_draw,), "i8")
    settings = {"chunks": (1, 10**6, 3), "compression": "gzip", **SUMMED}
    made = file.create_dataset(BALANCE, (3, n_draw, 3), "f4", **settings)
    made[0, 0, 0] = 1.0


def bomb(file):
    """A chunk that unfolds to more than its size."""
    old = file["/probability"]
    packed = zlib.compress(bytes(old[0].nbytes * 100))
    assert len(packed) < old[0].nbytes
    old.id.write_direct_chunk((0, 0, 0), packed + bytes(4))


def no_deflate(file):
    file["/probability"].id.write_direct_chunk((0, 0, 0), b"\xff" * 100)


def short_chunk(file):
    file[BALANCE].id.write_direct_chunk((0, 0, 0), bytes(10))


def chunk_without_checksum(file):
    old = file[BALANCE]
    old.id.write_direct_chunk((0, 0, 0), bytes(old[0].nbytes), filter_mask=1)


def spoiled_chunk(file):
    old = file[BALANCE]
    old.id.write_direct_chunk((0, 0, 0), b"\x01" * (old[0].nbytes + 4))


SHAPES = {
    external_storage: "/sector/balance: keeps its data in another file",
    virtual: "/sector/balance: is a virtual dataset",
    of_type("f8"): "/sector/balance: does not hold f4 numbers",
    of_type(">f4"): "/sector/balance: does not hold f4 numbers",
    of_type("i4"): "/sector/balance: does not hold f4 numbers",
    of_type("V4"): "/sector/balance: does not hold f4 numbers",
    of_type([("a", "f4")]): "/sector/balance: does not hold f4 numbers",
    of_type(h5py.enum_dtype({"a": 1})): "/sector/balance: does not hold f4 numbers",
    of_type(h5py.vlen_dtype("f4")): "/sector/balance: does not hold f4 numbers",
    of_type(h5py.ref_dtype): "/sector/balance: does not hold f4 numbers",
    of_type(h5py.regionref_dtype): "/sector/balance: does not hold f4 numbers",
    of_type(TEXT): "/sector/balance: does not hold f4 numbers",
    fixed_text: "/trust_name: does not hold UTF-8 text",
    ascii_text: "/trust_name: does not hold UTF-8 text",
    own_type: "/sector/balance: has a type of its own",
    packed_by(compression="lzf"): "/sector/balance: is packed by a filter of another",
    packed_by(scaleoffset=2, fletcher32=False): "/sector/balance: is packed by a filt",
    packed_by(fletcher32=False, chunks=True): "/sector/balance: has no checksum",
    packed_by(fletcher32=False): "/sector/balance: is not laid out as in a run file",
    packed_by(shuffle=True): "/sector/balance: is packed by shuffle, fletcher32, in",
    one_dimension_less: "/sector/balance: has 2 dimensions instead of 3",
    one_draw_more: "/sector/balance: is 51 long in 'draw', which is 50 long",
    resizable: "/sector/balance: can be resized",
    without_coordinate: "a dimension without coordinate, 'year'",
    flat_coordinate: "/year: has 2 dimensions instead of 1",
    never_written: "/sector/balance: claims to hold 1,800 bytes, and the file holds",
    one_chunk_missing: "/sector/balance: claims to hold 1,800 bytes, and the file",
    enormous: "/draw: claims to hold 8,000,000,000,000 bytes",
    bomb: "/probability: has a chunk of another size, at (0, 0, 0)",
    no_deflate: "/probability: has a chunk that is damaged",
    short_chunk: "/sector/balance: claims to hold 1,800 bytes",
    chunk_without_checksum: "/sector/balance: has a chunk without checksum, at (0",
    spoiled_chunk: "/sector/balance: is damaged",
}

# --- attributes and values ------------------------------------------------------------


def note(path, name, value, **options):
    return lambda file: file[path].attrs.create(name, value, **options)


def lacks(path, name):
    def change(file):
        del file[path].attrs[name]

    return change


def damaged_text(file):
    attributes = h5py.h5a.open(file[BALANCE].id, b"long_name")
    attributes.write(np.array(b"caf\xe9", object), mtype=attributes.get_type())


def many_attributes(file):
    for i in range(501):
        file["/provenance"].attrs[f"note {i}"] = i


def other_dimension(file):
    attributes = file["/rate"].attrs
    attributes["DIMENSION_LIST"] = file["/trust_name"].attrs["DIMENSION_LIST"]


def swapped_dimensions(file):
    found = h5py.h5a.open(file["/probability"].id, b"DIMENSION_LIST")
    held = np.empty(found.shape, found.dtype)
    found.read(held)
    found.write(held[[1, 0, 2]].copy())


def other_scale_name(file):
    del file["/year"].attrs["NAME"]
    file["/year"].attrs["NAME"] = np.bytes_(b"draw")


def set_values(path, values):
    def change(file):
        file[path][...] = values

    return change


CODES = np.array(["NA1"] * 8, object)
VALUES = {
    note(BALANCE, "units", "days since 2001-01-01"): "has units days since 2001-01-01",
    note(BALANCE, "scale_factor", 2.0): "an attribute out of place, 'scale_factor'",
    note(BALANCE, "_FillValue", np.float32(0)): "has _FillValue 0.0 instead of nan",
    note("/achieved", "_FillValue", np.int64(3)): "/achieved: has _FillValue 3 inst",
    note(BALANCE, "long_name", ["a", "b"], dtype=TEXT): "not one text in UTF-8",
    note(BALANCE, "long_name", np.bytes_(b"x")): "'long_name' that is not one text",
    note(BALANCE, "long_name", "\x1b[31mred"): "that holds control characters",
    note("/", "title", h5py.Empty("f4")): "'title' that is no plain list",
    note("/", "title", np.zeros(3, "S4")): "'title' that is not one text",
    note("/", "title", np.zeros((2, 2))): "'title' that is no plain list",
    note("/", "title", np.zeros(2, "V4")): "'title' that is neither text nor numbers",
    note("/", "title", np.zeros(10**5)): "'title' that is too large",
    note("/", "coordinates", "rate"): "an attribute out of place, 'coordinates'",
    note("/sector", "_Netcdf4Dimid", 1): "/sector: has an attribute out of place",
    note("/sector", "x" * 300, 1): "/sector: has an attribute with a long name",
    lacks("/sector/achieved", "dtype"): "/sector/achieved: lacks the attribute 'dtype'",
    lacks(BALANCE, "DIMENSION_LIST"): "balance: lacks the attribute 'DIMENSION_LIST'",
    lacks("/year", "CLASS"): "/year: lacks the attribute 'CLASS'",
    damaged_text: "/sector/balance: has an attribute 'long_name' that is damaged",
    many_attributes: "/provenance: has more than 500 attributes",
    other_dimension: "/rate: names its dimensions in a way of its own",
    swapped_dimensions: "/probability: is not along 'target'",
    other_scale_name: "/year: is no dimension scale 'year'",
    set_values("/sector/achieved", 2): "/sector/achieved: holds other numbers than 0",
    set_values("/year", [2020, 2019, 2021]): "/year: does not rise",
    set_values("/quantile", np.nan): "/quantile: does not rise",
    set_values("/trust", CODES): "/trust: has a name twice",
    set_values("/trust_name", b"caf\xe9"): "/trust_name: has a text that is damaged",
    set_values("/trust_name", "x" * 10_001): "/trust_name: has a text of more than",
}

# --- the format -----------------------------------------------------------------------

NEWER = schema.FORMAT + 1
OPEN = f"has format {{}}, and this version reads format {schema.FORMAT}; "


def format_of_an_unknown_writer(file):
    file.attrs["format"] = 0
    del file.attrs["source"]


FORMATS = {
    note("/", "format", "2"): ": is not a run file: it has no format number",
    lacks("/", "format"): ": is not a run file: it has no format number",
    note("/", "format", [1, 2]): ": is not a run file: it has no format number",
    note("/", "format", NEWER): OPEN.format(NEWER)
    + "open it with a newer version, or run its",
    format_of_an_unknown_writer: OPEN.format(0)
    + "open it with the version that wrote it",
}

CHANGES = LINKS | SHAPES | VALUES | FORMATS


@pytest.mark.parametrize(
    ("change", "said"), CHANGES.items(), ids=[said[-40:] for said in CHANGES.values()]
)
def test_a_changed_file_is_refused_with_its_place(change, said, copy):
    with h5py.File(copy, "r+", track_order=True) as file:
        change(file)
    assert said in refused(copy)


def test_nothing_is_read_of_a_shape_that_cannot_be(copy, monkeypatch):
    with h5py.File(copy, "r+") as file:
        enormous(file)
    monkeypatch.setattr(inspection.values, "check", None)
    assert "claims to hold" in refused(copy)


def test_what_is_too_large_or_too_many_is_refused(copy, monkeypatch):
    monkeypatch.setattr(storage, "LARGEST_CHUNK", 100)
    assert "has chunks of" in refused(copy)
    monkeypatch.setattr(inspection, "MOST_OBJECTS", 3)
    assert ":/: holds more than 3 objects" in refused(copy)


def test_what_would_be_put_together_wrongly_is_refused():
    """No checksum of data sees by how many bytes a chunk is to be unshuffled."""
    filters = [(2, 1, (2,)), (1, 1, (1,)), (3, 0, ())]  # shuffle, gzip, fletcher32
    storage._check_filters(filters, 2, "run.h5:/rate")
    with pytest.raises(RunFileError, match="is shuffled by "):
        storage._check_filters(filters, 8, "run.h5:/rate")


def test_what_shares_its_bytes_is_refused(copy):
    """A checksum holds for the chunk of another target just as well."""
    with h5py.File(copy) as file:
        chunks = [file[BALANCE].id.get_chunk_info(i).byte_offset for i in range(2)]
    content = copy.read_bytes()
    one, two = (place.to_bytes(8, "little") for place in chunks)
    assert content.count(one) == 1
    copy.write_bytes(content.replace(one, two))
    assert "/sector/balance: lies on the bytes of /sector/balance" in refused(copy)


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.9999])
def test_a_file_cut_short_is_refused(kept, copy):
    content = copy.read_bytes()
    copy.write_bytes(content[: int(kept * len(content))])
    assert "is damaged" in refused(copy)


def test_what_is_not_hdf5_is_refused(tmp_path):
    place = tmp_path / "run.h5"
    assert refused(place) == ": there is no such file; give the path of a run"
    assert refused(tmp_path) == ": there is no such file; give the path of a run"
    for content in (b"", b"not HDF5", bytes(512) + b"\x89HDF\r\n\x1a\n"):
        place.write_bytes(content)
        assert refused(place) == ": is not an HDF5 file; give the path of a run file"


# --- the child ------------------------------------------------------------------------


@pytest.mark.parametrize("locking", ["TRUE", "FALSE", "BEST_EFFORT", None])
def test_a_sound_file_passes_in_a_child(locking, copy, monkeypatch):
    monkeypatch.delenv("HDF5_USE_FILE_LOCKING", raising=False)
    if locking:
        monkeypatch.setenv("HDF5_USE_FILE_LOCKING", locking)
    copy.chmod(0o444)
    untrusted.check(copy)


def test_a_child_says_what_its_parent_would(copy):
    with h5py.File(copy, "r+") as file:
        external_link(file)
    with pytest.raises(RunFileError) as caught:
        untrusted.check(copy)
    assert str(caught.value) == f"{copy}{refused(copy)}"


def test_a_child_is_spared_where_there_is_no_file(tmp_path):
    with pytest.raises(RunFileError, match="there is no such file"):
        untrusted.check(tmp_path / "none.h5")


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import os; os.abort()", "is damaged: the library that reads it failed"),
        ("import time; time.sleep(60)", "is damaged: looking through it took more"),
        ("raise SystemExit(9)", r"failed \(exit 9\); do not use it"),
        ("raise TypeError('odd')", r"failed \(TypeError: odd\); do not use it"),
    ],
)
def test_a_child_that_fails_means_a_damaged_file(program, said, copy, monkeypatch):
    monkeypatch.setattr(child, "_PROGRAM", f"print('ready', flush=True)\n{program}")
    with pytest.raises(RunFileError, match=said):
        untrusted.check(copy, seconds=2.0 if "sleep" in program else None)


def test_a_child_that_cannot_start_is_a_fault_of_ours(copy, monkeypatch):
    monkeypatch.setattr(child, "_PROGRAM", "import nothing_of_the_kind")
    with pytest.raises(RuntimeError, match="nothing_of_the_kind"):
        untrusted.check(copy)


@pytest.mark.skipif(sys.platform != "linux", reason="others do not keep to a limit")
def test_a_childs_memory_is_bounded():
    program = (
        "from simulator.runfile.untrusted import child; child.limit_memory(2**28)\n"
        "try: bytearray(2**29)\n"
        "except MemoryError: print('bounded')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.split() == [b"bounded"], done.stderr


COPIES = {
    "nccopy run.h5 copy.h5": "is not a run file, or a netCDF program such as nccopy",
    "ncks -4 run.h5 copy.h5": "is not a run file, or a netCDF program such as nccopy",
    "h5repack -f GZIP=5 run.h5 copy.h5": "checksum of its chunks, which h5repack -f",
    "h5repack run.h5 copy.h5": "",
    "h5repack -L run.h5 copy.h5": "",
}


@pytest.mark.parametrize("program", COPIES)
def test_a_copy_by_another_program_is_read_or_refused_clearly(program, small, tmp_path):
    if shutil.which(program.split()[0]) is None:
        pytest.skip(f"{program.split()[0]} is not installed")
    shutil.copy(small, tmp_path / "run.h5")
    subprocess.run(program.split(), cwd=tmp_path, check=True, capture_output=True)
    if COPIES[program]:
        said = refused(tmp_path / "copy.h5")
        assert COPIES[program] in said
        assert said.endswith("; give the run file itself, or a plain copy of it")
    else:
        inspection.inspect(tmp_path / "copy.h5")


def test_a_child_takes_no_module_from_the_working_folder(copy, tmp_path):
    """Somebody else's folder holds their run, and may hold their `h5py.py`."""
    for name in ("h5py.py", "simulator.py", "json.py"):
        (tmp_path / name).write_text("raise SystemExit(77)", encoding="utf-8")
    program = (
        "import sys; sys.path[:] = sys.argv[1].split('|')\n"
        "from pathlib import Path; from simulator.runfile import untrusted\n"
        "sys.path.insert(0, ''); untrusted.check(Path('run.h5')); print('sound')"
    )
    search = "|".join(folder for folder in sys.path if folder)
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, search],
        cwd=tmp_path,
        capture_output=True,
    )
    assert done.stdout.split() == [b"sound"], done.stderr
