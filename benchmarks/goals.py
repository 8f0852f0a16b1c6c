"""What was promised, and whether this run keeps it."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.contenders import BLOCKED, OURS, PLAIN, C
from benchmarks.peers import Peers
from benchmarks.sizes import Sizes
from benchmarks.tables import seconds, table, times
from benchmarks.targets import Speeds
from benchmarks.trusts import Row as TrustsRow
from benchmarks.whole_runs import DefaultJob, DrawsRow


class Measured(NamedTuple):
    """Everything that a run of the benchmarks found."""

    about: list[tuple[str, str]]
    sizes: Sizes
    peers: Peers
    targets: dict[int, tuple[int, Speeds]]
    trusts: list[TrustsRow]
    job: DefaultJob
    draws: list[DrawsRow]
    stages: dict[str, float]
    n_target: int
    n_trust: int
    n_year: int
    minutes: float

    @property
    def trust_years(self) -> int:
        """Trust-years of one draw in the table of peers."""
        return self.n_target * self.n_trust * self.n_year


class Goal(NamedTuple):
    """One promise."""

    what: str
    wanted: str
    found: str
    kept: bool | None  # none: not measured


def table_of(measured: Measured) -> str:
    """Set promises and findings side by side."""
    words = {True: "yes", False: "**no**", None: "not measured"}
    rows = [
        (goal.what, goal.wanted, goal.found, words[goal.kept])
        for goal in goals(measured)
    ]
    return table(("", "wanted", "found", "kept"), rows)


def goals(measured: Measured) -> Iterator[Goal]:
    """List every promise."""
    peers, job = measured.peers, measured.job
    yield _at_least(
        "against plain NumPy as written, on one thread; ours on two",
        60,
        peers.ratio(PLAIN, 2, of=1),
    )
    yield _at_least(
        "against plain NumPy, both on two threads", 60, peers.ratio(PLAIN, 2)
    )
    yield _at_least(
        "against blocked NumPy, both on two threads", 15, peers.ratio(BLOCKED, 2)
    )
    yield _at_least("against C, both on one thread", 0.9, peers.ratio(C, 1))
    yield _at_least("against C, both on two threads", 0.9, peers.ratio(C, 2))
    yield _threads(peers)
    against = job.imports.seconds + job.c_seconds
    yield _at_most(
        "default job, warm, against imports and the C peer's time",
        2.0,
        job.warm.seconds / against,
    )
    yield _quicker("default job, cold", 15.0, job.cold.seconds)
    yield _quicker("`simulator --help`", 0.25, job.help.seconds)
    loaded = " and ".join(job.help_loads) or "neither"
    yield Goal(
        "`simulator --help` imports numba or xarray",
        "neither",
        loaded,
        not job.help_loads,
    )
    first, last = measured.draws[-2:]
    yield _at_most(
        f"peak memory, {last.draws:,} draws against {first.draws:,}",
        1.15,
        last.finished.peak / first.finished.peak,
    )
    yield from _growth(measured)


def _at_least(what: str, least: float, found: float) -> Goal:
    kept = None if math.isnan(found) else found >= least
    return Goal(what, f"at least {least:g}x", times(found), kept)


def _at_most(what: str, most: float, found: float) -> Goal:
    kept = None if math.isnan(found) else found <= most
    return Goal(what, f"at most {most:g}x", times(found), kept)


def _quicker(what: str, most: float, found: float) -> Goal:
    return Goal(what, f"at most {most:g} s", seconds(found), found <= most)


def _threads(peers: Peers) -> Goal:
    def gain(contender: object) -> float:
        one, two = (peers.speed(contender, n) for n in (1, 2))  # type: ignore[arg-type]
        return two / one if one and two else math.nan

    mine, theirs = gain(OURS), gain(C)
    # What the machine gives a loop without an interpreter is all there is to have.
    wanted = "at least 1.8x"
    if not math.isnan(theirs):
        wanted += f", or what C gains: {times(theirs)}"
    least = min(1.8, theirs) if not math.isnan(theirs) else 1.8
    return Goal("two threads against one", wanted, times(mine), mine >= least)


def target_cost(measured: Measured) -> tuple[tuple[int, float], tuple[int, float]]:
    """Give the seconds of a draw at the fewest targets and at up to twenty."""
    costs = [
        (n_target, n_target / speeds[OURS, 2])
        for n_target, (_, speeds) in measured.targets.items()
        if n_target <= 20
    ]
    return costs[0], costs[-1]


def _growth(measured: Measured) -> Iterator[Goal]:
    first, last = target_cost(measured)
    ratio = last[1] / first[1]
    yield Goal(
        f"cost from {first[0]} to {last[0]} targets",
        f"less than {last[0] / first[0]:.0f}x",
        times(ratio),
        ratio < last[0] / first[0],
    )
    speeds = [row.speed for row in measured.trusts]
    apart = max(speeds) / min(speeds)
    yield Goal(
        f"cost of a trust-year, {measured.trusts[0].trusts} to "
        f"{measured.trusts[-1].trusts} trusts",
        "the same to within 1.2x",
        times(apart),
        apart <= 1.2,
    )
