"""The address of every random number: who it is for, and what, by year.

The layout of an address is that of `kernel.philox`; what stands where is said here and
nowhere else, but for the trusts' own numbers, which the kernel makes.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from simulator.errors import ScenarioError
from simulator.kernel import philox
from simulator.scenario.model import Scenario
from simulator.scenario.uncertain import prior
from simulator.schema import TRUST_TYPES

ROWS: Final = "beliefs"  # what stands for a row of beliefs given the record


class Address(NamedTuple):
    """Words 1 and 2 of a counter: four random words a draw."""

    who: int
    where: int


class Series(NamedTuple):
    """Yearly numbers of one kind: word `word` of an address a year."""

    name: str
    who: int
    purpose: int
    block: int
    word: int

    def at(self, year: int) -> Address:
        """Give the address of a year."""
        return Address(self.who, philox.place(self.purpose, self.block, year))


def _national(name: str, block: int, word: int) -> Series:
    return Series(name, philox.NATION, philox.NATIONAL, block, word)


# The yearly shocks that are correlated, in the order of the kernel's rows: the words of
# one address.
SHOCKS: Final = tuple(
    _national(name, 0, word)
    for word, name in enumerate(("pay", "nonpay", "pressure", "demand"))
)
DELIVERY: Final = _national("delivery", 1, 0)
REGIME: Final = _national("high inflation", 1, 1)
# Demand by type of trust, in the order of `schema.TRUST_TYPES`.
BY_TYPE: Final = tuple(
    Series(kind, index + 1, philox.TYPE, 0, 0) for index, kind in enumerate(TRUST_TYPES)
)

# Whether a programme happens is decided once and for all years: a belief, not luck. The
# high-inflation regime is the nation's luck; a trust's lasting drift and delivery are
# the trust's.
GROUP_OF: Final = {
    philox.ASSUMPTION: "beliefs",
    philox.PROGRAMME: "beliefs",
    philox.NATIONAL: "national",
    philox.TYPE: "type",
    philox.TRUST: "trust",
}
GROUPS: Final = tuple(dict.fromkeys(GROUP_OF.values()))


def group_of(where: int) -> str:
    """Name the group of a random number by word 2 of its counter."""
    return GROUP_OF[where >> 16 & 0xFF]


def of_assumption(path: str) -> Address:
    """Give the address of an assumption's value."""
    return Address(hashed(path), philox.place(philox.ASSUMPTION, 0, None))


def of_programme(name: str) -> Address:
    """Give the address of whether a programme happens."""
    where = philox.place(philox.PROGRAMME, 0, None)
    return Address(hashed(f"programmes.{name}"), where)


def of_trusts(years: Sequence[int]) -> list[int]:
    """Give word 2 of the trusts' own numbers: of each year, then of all of them."""
    return [philox.place(philox.TRUST, 0, year) for year in (*years, None)]


def hashed(path: str) -> int:
    """Name a key path in a counter: a stable 32-bit hash."""
    return int.from_bytes(
        hashlib.blake2b(path.encode(), digest_size=4).digest(), "little"
    )


def check(scenario: Scenario) -> None:
    """Refuse two assumptions that would share a random number."""
    seen: dict[int, str] = {}
    for path in _hashed_paths(scenario):
        other = seen.setdefault(hashed(path), path)
        if other != path:
            raise ScenarioError(
                path, f"shares its random numbers with {other}", "rename it"
            )


def _hashed_paths(scenario: Scenario) -> Iterator[str]:
    yield ROWS
    yield from prior(scenario)
    for name in scenario.programmes:
        yield f"programmes.{name}"
