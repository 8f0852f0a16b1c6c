"""A run file looked through beside other work, and only as far as it is to be read."""

import h5py
import pytest
import run_files

from simulator.errors import RunFileError
from simulator.runfile import store, untrusted

SECTOR = "/sector/balance"


@pytest.fixture
def damaged(tmp_path):
    """Damage one byte of a variable of the sector."""
    place = run_files.whole(tmp_path)
    with h5py.File(place) as file:
        first = file[SECTOR].id.get_chunk_info(0)
    content = bytearray(place.read_bytes())
    content[first.byte_offset + first.size // 2] ^= 0xFF
    place.write_bytes(content)
    return place


def test_what_is_not_read_is_not_looked_through(damaged):
    untrusted.check(damaged, ("/", "/bands"))
    with store.open_run(damaged, ("/", "/provenance")) as run:
        assert run["rate"].size
    with pytest.raises(RunFileError, match=SECTOR):
        untrusted.check(damaged, ("/", "/sector"))
    with pytest.raises(RunFileError, match=SECTOR):
        untrusted.check(damaged, ("/", SECTOR))
    with pytest.raises(RunFileError, match=SECTOR):
        untrusted.check(damaged)


def test_single_variables_are_read_as_with_all_of_their_group(tmp_path):
    place = run_files.whole(tmp_path)
    wanted = "/bands/trust_ask_rate"
    with (
        store.open_run(place, ("/", wanted)) as some,
        store.open_run(place, ("/", "/bands")) as whole,
    ):
        assert [*some["bands"].data_vars] == ["trust_ask_rate"]
        one, other = some[wanted.lstrip("/")], whole[wanted.lstrip("/")]
        assert one.identical(other)


def test_a_refusal_waits_for_the_end_of_other_work(damaged):
    done = []
    with (
        pytest.raises(RunFileError, match=SECTOR),
        untrusted.checking(damaged),
    ):
        done.append("work")
    assert done


def test_what_goes_wrong_meanwhile_is_not_hidden(damaged):
    with pytest.raises(ZeroDivisionError), untrusted.checking(damaged):
        1 / 0  # noqa: B018
