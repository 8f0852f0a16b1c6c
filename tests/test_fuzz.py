"""Damaged run files: each is refused in clear words, or reads as it did before.

A child looks through one file after the other, opens and loads what it finds sound,
and compares. It may crash or hang while it inspects, as `untrusted.check` survives
that; it may not once a file was found sound.

What a reading may differ in, and what sees it: names, coordinates and attributes have
no checksum in the file, and neither has the order of chunks; their SHA-256 digests in
`/provenance` see it when a file is verified. Fletcher's sum cannot tell 16 bits of
ones from 16 bits of zeros, and of a chunk of zeros it is zero: so it finds a
chunk sound of which the disk has lost everything, the sum with it.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import pytest
import run_files

from simulator import schema
from simulator.errors import RunFileError
from simulator.runfile import store, untrusted
from simulator.runfile.untrusted import child, inspection

pytestmark = pytest.mark.usefixtures("distrusting")

# That a child may take: libhdf5 2.0 goes round for ever on some damaged heaps.
SECONDS = 10.0
SECONDS_TO_LOAD = 60.0  # what was found sound, or the originals
MEMORY = 2 * 2**30

# Outcomes that may be: all others fail the test.
FINE = (
    "refused",
    "crash",  # of the child, while it inspects
    "hang",
    "same",
    "other attributes",
    "other names",  # or coordinates
    "fewer variables",
    "blind",  # to what the checksum cannot tell
)


# --- the child ------------------------------------------------------------------------


def serve(originals):
    """Answer each line, `original TAB changed`, with what became of the changed one."""
    child.limit_memory(MEMORY)
    before = {path: loaded(Path(path)) for path in originals}
    print(json.dumps(["ready", ""]), flush=True)
    for line in sys.stdin:
        original, changed = line.rstrip("\n").split("\t")
        try:
            kind, said = outcome(before[original], Path(changed))
        except Exception:
            kind, said = "fault", traceback.format_exc()
        print(json.dumps([kind, said]), flush=True)


def outcome(original, changed):
    try:
        inspection.inspect(changed)
    except RunFileError as error:
        clear = str(error).startswith(str(changed)) and str(error).isprintable()
        return "refused" if clear else "unclear", str(error)
    print(json.dumps(["sound", ""]), flush=True)
    return compared(original, loaded(changed))


def loaded(path):
    """Every variable and every group's attributes, unchecked."""
    with store.open_run(path, trusted=True) as tree:
        values, attributes = {}, {}
        for group in tree.subtree:
            attributes[group.path] = repr(group.attrs)
            for name, found in group.to_dataset(inherit=False).variables.items():
                place = f"{group.path.rstrip('/')}/{name}"
                values[place] = found.dims, found.values
                attributes[place] = repr(found.attrs)
    return values, attributes


def compared(original, changed):
    (before, noted), (after, now_noted) = original, changed
    assert after.keys() <= before.keys(), after.keys() - before.keys()
    other = [place for place in after if not same(before[place], after[place])]
    summed = [place for place in other if is_summed(place, before[place])]
    seen = [place for place in summed if not blind(before[place], after[place])]
    if seen:
        return "corrupt", f"{seen[0]}: {before[seen[0]]} became {after[seen[0]]}"
    if summed:
        return "blind", summed[0]
    if other:
        return "other names", other[0]
    if before.keys() != after.keys():
        return "fewer variables", ", ".join(before.keys() - after.keys())
    changed_notes = [place for place in noted if noted[place] != now_noted.get(place)]
    return ("other attributes", changed_notes[0]) if changed_notes else ("same", "")


def same(one, other):
    (dims, values), (now_dims, now) = one, other
    if dims != now_dims or values.dtype != now.dtype or values.shape != now.shape:
        return False
    return np.array_equal(values, now, equal_nan=values.dtype.kind == "f")


def is_summed(place, found):
    """Say whether a variable's values have a checksum: numbers, but coordinates'."""
    dims, values = found
    return values.dtype.kind not in "OUT" and dims != (place.rpartition("/")[2],)


def blind(one, other):
    """Say whether all that changed is now zeros or ones, which Fletcher may miss."""
    (dims, values), (now_dims, now) = one, other
    if dims != now_dims or values.nbytes != now.nbytes or values.dtype != now.dtype:
        return False
    words = np.frombuffer(values.tobytes() + b"\0", "<u2", values.nbytes // 2)
    others = np.frombuffer(now.tobytes() + b"\0", "<u2", values.nbytes // 2)
    changed = words != others
    return set(others[changed]) <= {0, 0xFFFF}


class Child:
    """A process that serves, started anew when it dies or takes too long."""

    def __init__(self, originals):
        self._originals = [str(original.path) for original in originals]
        self._process = None

    def ask(self, original, changed):
        """Give the outcome, and what was said of it."""
        if self._process is None:
            self._start()
        self._process.stdin.write(f"{original.path}\t{changed}\n")
        self._process.stdin.flush()
        sound = False
        while True:
            kind, said = self._answer(SECONDS_TO_LOAD if sound else SECONDS)
            if kind in ("crash", "hang"):
                self.stop()
                if sound:
                    return f"{kind} of a sound file", said
            if kind != "sound":
                return kind, said
            sound = True

    def stop(self):
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self):
        self._process = subprocess.Popen(
            [sys.executable, __file__, *self._originals],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._lines = queue.Queue()
        reader = threading.Thread(
            target=read_lines, args=(self._process.stdout, self._lines), daemon=True
        )
        reader.start()
        assert (
            self._answer(SECONDS_TO_LOAD)[0] == "ready"
        )  # it reads the originals first

    def _answer(self, seconds):
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            return "hang", ""
        return json.loads(line) if line else ("crash", f"{self._process.wait()}")


def read_lines(stream, lines):
    for line in stream:
        lines.put(line)
    lines.put("")


# --- changes of bytes -----------------------------------------------------------------


class Original:
    """A sound file, its bytes, and where its data with checksums lie."""

    def __init__(self, path):
        self.path = path
        self.content = path.read_bytes()
        covered = np.zeros(len(self.content), bool)
        for first, past in run_files.chunks_of(path):
            covered[first:past] = True
        self.uncovered = np.flatnonzero(~covered)
        # Much of what lies between is nothing yet: room in HDF5's heaps.
        used = np.frombuffer(self.content, np.uint8) != 0
        self.telling = np.flatnonzero(~covered & used)

    def place(self, rng):
        """Choose a byte, mostly of those that say something without a checksum."""
        chance = rng.random()
        if chance < 0.6:
            return int(rng.choice(self.telling))
        if chance < 0.7:
            return int(rng.choice(self.uncovered))
        return int(rng.integers(len(self.content)))


def flip_bits(original, rng):
    content = bytearray(original.content)
    for _ in range(rng.integers(1, 5)):
        content[original.place(rng)] ^= 1 << int(rng.integers(8))
    return content


def overwrite(original, rng):
    """Put a run of other bytes: noise, zeros, ones."""
    content, first = bytearray(original.content), original.place(rng)
    length = int(2 ** rng.uniform(0, 12))
    patch = (rng.bytes(length), bytes(length), b"\xff" * length)[rng.integers(3)]
    content[first : first + length] = patch
    return content[: len(original.content)]


def put_number(original, rng):
    """Put a number that a length, a count or an address would not like."""
    content, first = bytearray(original.content), original.place(rng) & ~3
    number = int(rng.choice([0, 1, 2**16, 2**31 - 1, 2**32 - 1, len(content)]))
    width = int(rng.choice([4, 8]))
    content[first : first + width] = number.to_bytes(width, "little")
    return content


def truncate(original, rng):
    return original.content[: int(rng.integers(len(original.content)))]


def insert(original, rng):
    first = original.place(rng)
    return original.content[:first] + rng.bytes(8) + original.content[first:]


def cut_out(original, rng):
    first = original.place(rng)
    past = first + int(2 ** rng.uniform(0, 12))
    return original.content[:first] + original.content[past:]


def swap_blocks(original, rng):
    content, length = bytearray(original.content), int(2 ** rng.uniform(3, 12))
    one, two = sorted(original.place(rng) for _ in range(2))
    length = min(length, two - one, len(content) - two)
    first, second = content[one : one + length], content[two : two + length]
    content[one : one + length], content[two : two + length] = second, first
    return content


def copy_block(original, rng):
    content, length = bytearray(original.content), int(2 ** rng.uniform(3, 12))
    source, target = original.place(rng), original.place(rng)
    block = original.content[source : source + length]
    content[target : target + len(block)] = block
    return content[: len(original.content)]


def append(original, rng):
    return original.content + rng.bytes(int(rng.integers(1, 1000)))


BYTES = (
    flip_bits,
    overwrite,
    put_number,
    truncate,
    insert,
    cut_out,
    swap_blocks,
    copy_block,
    append,
)

# --- changes through the library ------------------------------------------------------


def paths_of(file, kind):
    found = []
    file.visititems(lambda name, thing: found.append((f"/{name}", thing)))
    return [path for path, thing in found if isinstance(thing, kind)]


def edit_attribute(file, rng):
    places = ["/", *paths_of(file, h5py.Group), *paths_of(file, h5py.Dataset)]
    attributes = file[rng.choice(places)].attrs
    names = [*attributes, "new", "coordinates", "scale_factor", "missing_value"]
    name = str(rng.choice(names))
    values = ("text", b"bytes", 7, np.nan, [1.0, 2.0], np.zeros((2, 2)), "\x1b[2J")
    choice = int(rng.integers(len(values) + 2))
    if choice < len(values):
        attributes[name] = values[choice]
    elif choice == len(values):
        attributes[name] = h5py.Empty("f4")
    else:
        attributes.pop(name, None)


def edit_shape(file, rng):
    path = rng.choice(paths_of(file, h5py.Dataset))
    old = file[path]
    shape = list(old.shape)
    shape[rng.integers(len(shape))] = int(rng.choice([0, 1, 4, 51, 10**6]))
    packed = "gzip" if old.dtype != "O" and np.prod(shape) else None
    remake(file, path, old, shape, compression=packed)


def edit_filters(file, rng):
    numbers = [path for path in paths_of(file, h5py.Dataset) if file[path].dtype != "O"]
    path = rng.choice(numbers)
    options = (
        {"compression": "lzf"},
        {"compression": "gzip", "shuffle": True},
        {"shuffle": True, "fletcher32": True},
        {"chunks": None},
    )
    old = file[path]
    remake(file, path, old, old.shape, **options[rng.integers(len(options))])


def edit_type(file, rng):
    path = rng.choice(paths_of(file, h5py.Dataset))
    kinds = ["f8", ">f4", "i2", "V8", "S5", h5py.ref_dtype, h5py.string_dtype("ascii")]
    shape = file[path].shape
    del file[path]
    file.create_dataset(path, shape, kinds[rng.integers(len(kinds))])


def remake(file, path, old, shape, **options):
    noted = {name: old.attrs[name] for name in old.attrs if "_LIST" not in name}
    kind = old.dtype
    del file[path]
    made = file.create_dataset(path, shape, kind, **options)
    for name, value in noted.items():
        made.attrs[name] = value


def edit_link(file, rng):
    path = str(rng.choice(paths_of(file, (h5py.Group, h5py.Dataset))))
    others = paths_of(file, (h5py.Group, h5py.Dataset))
    links = (
        h5py.SoftLink("/nowhere"),
        h5py.SoftLink("/trust"),
        h5py.ExternalLink("other.h5", "/x"),
        file[str(rng.choice(others))],
        file["/"],
        None,
    )
    link = links[rng.integers(len(links))]
    del file[path]
    if link:
        file[path] = link


def edit_format(file, rng):
    values = [0, 1, 3, 99, -1, 2**63 - 1, "2", 2.0, [2], schema.FORMAT]
    file.attrs["format"] = values[rng.integers(len(values))]


THINGS = (edit_attribute, edit_shape, edit_filters, edit_type, edit_link, edit_format)
WAYS = (*BYTES, *BYTES[:-1], *THINGS)


def change(original, place, seed):
    """Write the changed file of a seed, and name the change."""
    rng = np.random.default_rng(seed)
    made = WAYS[seed % len(WAYS)]
    if made in BYTES:
        content = original.content
        while content == original.content:
            content = made(original, rng)
        place.write_bytes(content)
    else:
        place.write_bytes(original.content)
        with h5py.File(place, "r+", track_order=True) as file:
            made(file, rng)
    return made.__name__


# --- tests ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    whole = run_files.whole(folder)
    return [Original(run_files.small(whole, folder / "small.h5")), Original(whole)]


@pytest.fixture(scope="module")
def looking(originals):
    looking = Child(originals)
    yield looking
    looking.stop()


def try_all(original, seeds, looking, folder, record):
    """Change, look and count; give what must not be."""
    counts, wrong, slowest = Counter(), [], 0.0
    place = folder / "changed.h5"
    for seed in seeds:
        how = change(original, place, seed)
        began = time.perf_counter()
        kind, said = looking.ask(original, place)
        slowest = max(slowest, time.perf_counter() - began)
        counts[f"{how}: {kind}"] += 1
        counts[kind] += 1
        if kind not in FINE:
            wrong.append(f"seed {seed}, {how}: {kind}: {said}")
    record("files", len(seeds))
    record("outcomes", dict(counts))
    print(f"{len(seeds)} files, the slowest {slowest:.1f} s", *sorted(counts.items()))
    return wrong


def test_a_child_tells_sound_from_changed(originals, looking, tmp_path):
    """The comparison can fail: it sees what was changed with a right checksum."""
    place = tmp_path / "changed.h5"
    original = originals[0]
    for path, kind in {
        "/sector/balance": "corrupt",
        "/trust_name": "other names",
    }.items():
        place.write_bytes(original.content)
        assert looking.ask(original, place) == ("same", "")
        with h5py.File(place, "r+") as file:
            file[path][0] = 1 if path == "/sector/balance" else "other"
        assert looking.ask(original, place)[0] == kind


def test_a_changed_small_file(originals, looking, tmp_path, record_property):
    seeds = range(115)  # each way five times
    assert try_all(originals[0], seeds, looking, tmp_path, record_property) == []


def test_a_changed_whole_file(originals, looking, tmp_path, record_property):
    seeds = range(10_000, 10_006)
    assert try_all(originals[1], seeds, looking, tmp_path, record_property) == []


@pytest.mark.slow
@pytest.mark.parametrize(("which", "n"), [(0, 2_000), (1, 100)])
def test_many_changed_files(which, n, originals, looking, tmp_path, record_property):
    seeds = range(20_000, 20_000 + n)
    assert try_all(originals[which], seeds, looking, tmp_path, record_property) == []


@pytest.mark.parametrize("seed", range(30_000, 30_006))
def test_a_changed_file_in_a_child_of_its_own(seed, originals, tmp_path):
    place = tmp_path / "changed.h5"
    change(originals[0], place, seed)
    try:
        untrusted.check(place)
    except RunFileError:
        return
    loaded(place)


if __name__ == "__main__":
    serve(sys.argv[1:])
