"""A stranger can find out whether a run file says what its scenario gives."""

import json
import shutil

import h5py
import numpy as np
import pytest
import tiny

from simulator import schema
from simulator.errors import RunFileError
from simulator.runfile import digests
from simulator.running import runs, verify
from simulator.scenario.load import load_scenario

DRAWS = 400


@pytest.fixture(scope="module")
def run_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verify")
    loaded = load_scenario(tiny.write(folder))
    runs.write(loaded, folder / "run.h5", draws=DRAWS, seed=7, keep="sample")
    return folder / "run.h5"


@pytest.fixture
def file(run_file, tmp_path):
    return shutil.copy(run_file, tmp_path / "run.h5")


def found(file, **how):
    """The first difference that verifying finds; empty where there is none."""
    said = verify.verdicts(file, **({"seed": 5} | how))
    return next((v.difference for v in said if v.difference), "")


def changed(values):
    """The values with one of them another, by as little as its type allows."""
    values = values.copy()
    place = tuple(size // 2 for size in values.shape)
    if values.dtype.kind == "f":
        values[place] = np.nextafter(values[place], np.inf, dtype=values.dtype)
        if np.isnan(values[place]):
            values[place] = 0.5
    else:
        values[place] = values[place] + 1 if values[place] < 1 else values[place] - 1
    return values


def sign(file):
    """Write the digests that the changed numbers have: a careful forger would."""
    with h5py.File(file, "r+") as opened:
        made = opened["provenance"].attrs
        made[digests.PAYLOAD] = json.dumps(
            {
                variable.path: digests.of_dataset(
                    opened[variable.path], digests.draw_axis(variable.dims)
                )
                for variable in verify.variables_of(opened)
            }
        )
        made[digests.ATTRIBUTES] = digests.of_attributes(opened)


def test_a_run_is_what_it_says(file):
    verdicts = list(verify.verdicts(file, seed=1, whole=True))
    assert [verdict.difference for verdict in verdicts] == [""] * 7
    assert found(file, seed=2) == ""


NUMBERS = [
    path for path, variable in {**schema.VARIABLES}.items() if variable.dtype != "str"
] + [v.path for v in schema.COORDINATES.values() if v.dtype != "str"]


def hashed(file):
    with h5py.File(file) as opened:
        return verify.hashes(opened).difference


def test_the_smallest_change_of_any_number_is_found(file):
    with h5py.File(file, "r+") as opened:
        for path in NUMBERS:
            opened[path][...] = changed(opened[path][...])
    assert hashed(file) == f"{', '.join(sorted(NUMBERS))}: not as it was written"


@pytest.mark.parametrize(
    "path", ["/trust", "/target", "/trust_name", "/basis", "/counts/edge"]
)
def test_a_change_of_any_text_is_found(path, file):
    with h5py.File(file, "r+") as opened:
        opened[path][0] = "other"
    assert hashed(file) == f"{path}: not as it was written"


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("/", "title"),
        ("/", "draws"),
        ("/", "notes"),
        ("/sector/balance", "units"),
        ("/target", "lines"),
        ("/provenance", "scenario_resolved"),
        ("/provenance", "scenario_as_written"),
        ("/provenance", "origins"),
        ("/provenance", "population"),
        ("/provenance", "versions"),
    ],
)
def test_a_change_of_any_attribute_is_found(place, name, file):
    with h5py.File(file, "r+") as opened:
        before = opened[place].attrs[name]
        if isinstance(before, bytes):
            before = before.decode()
        after = before + ("x" if isinstance(before, str) else 1)
        opened[place].attrs[name] = after
    assert hashed(file) == "an attribute is not as it was written"


def test_what_differs_from_day_to_day_may_be_changed(file):
    with h5py.File(file, "r+") as opened:
        opened["provenance"].attrs["seconds"] = "0.001"
    assert found(file) == ""


def test_a_forged_count_disagrees_with_the_draws(file):
    with h5py.File(file, "r+") as opened:
        opened["/counts/sector_achieved"][0, 2] += 1
    sign(file)
    assert "/counts/sector_achieved does not follow" in found(file)


def test_a_forged_account_does_not_add_up(file):
    with h5py.File(file, "r+") as opened:
        opened["/sector/balance"][1, 17, 2] += 5.0
    sign(file)
    assert found(file) == (
        "/sector, target 1: balance is not what income, support, cost and last year's "
        "one-offs leave"
    )


def test_a_forged_draw_that_adds_up_does_not_come_out_again(file):
    with h5py.File(file, "r+") as opened:
        for name in ("income", "balance", "underlying"):
            opened[f"/sector/{name}"][0, 33, 1] += 5.0
    sign(file)
    assert found(file, whole=True) == "/sector/income is another in draw 33"


def test_a_forged_probability_does_not_follow_from_the_draws(file):
    with h5py.File(file, "r+") as opened:
        opened["/probability"][0, 2, 3] += 0.01
    sign(file)
    assert found(file, whole=True) == "/probability is another"


def test_a_forged_scenario_gives_other_numbers(file):
    with h5py.File(file, "r+") as opened:
        made = opened["provenance"].attrs
        text = digests.text_of(made["scenario_resolved"])
        assert text.count("pay = 0.025") == 1
        made["scenario_resolved"] = text.replace("pay = 0.025", "pay = 0.0251")
    sign(file)
    try:
        said = found(file)
    except RunFileError as error:
        said = str(error)
    assert said


def test_a_sample_finds_what_is_wrong_throughout(file):
    with h5py.File(file, "r+") as opened:
        made = opened["/drivers/demand"][...]
        opened["/drivers/demand"][...] = made + np.float32(1e-6)
    sign(file)
    assert "/drivers/demand is another in draw" in found(file)


def test_a_file_without_digests_is_said(file):
    with h5py.File(file, "r+") as opened:
        del opened["provenance"].attrs[digests.PAYLOAD]
    with pytest.raises(RunFileError, match="holds no digests; run it again"):
        found(file)
