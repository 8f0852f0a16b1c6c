"""The table of peers: the same model, by turns, at ten targets."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from benchmarks import c_peer, check, contenders
from benchmarks.case import Case
from benchmarks.contenders import BLOCKED, JAX, OURS, PER_DRAW, PLAIN, Contender, label
from benchmarks.measure import Timed, Turn, by_turns
from benchmarks.sizes import Sizes

Say = Callable[[str], None]


class Row(NamedTuple):
    """One contender on a number of threads."""

    contender: Contender
    threads: int
    draws: int
    repeats: int
    speed: float  # trust-years a second
    verdict: str  # whether its results agree with ours


class Peers(NamedTuple):
    """The table, and who could not be measured and why."""

    rows: list[Row]
    absent: dict[str, str]

    def speed(self, contender: Contender, threads: int) -> float | None:
        """Look up a speed; none where it was not measured."""
        for row in self.rows:
            if row.contender is contender and row.threads == threads:
                return row.speed
        return None

    def ratio(self, contender: Contender, threads: int, of: int | None = None) -> float:
        """Divide our speed by a peer's; not a number where there is none."""
        mine = self.speed(OURS, threads)
        theirs = self.speed(contender, of or threads)
        return mine / theirs if mine and theirs else float("nan")


def measure(case: Case, sizes: Sizes, say: Say) -> Peers:
    """Measure every contender that is there."""
    absent = {
        contender.name: reason
        for contender in contenders.ALL
        if (reason := contender.missing()) is not None
    }
    for name, reason in absent.items():
        say(f"{name}: skipped, {reason}")
    present = [c for c in contenders.ALL if c.name not in absent]
    exact = _exact(case, say) if contenders.C in present else ""

    turns, planned = {}, {}
    for contender in present:
        draws = _draws(contender, sizes)
        contender.run(case, min(draws, 130 if contender not in PER_DRAW else 1), 1)
        for threads in contender.threads:
            repeats = sizes.repeats
            if contender is PLAIN and threads == 2:
                repeats = int(sizes.two_threads_of_plain)
            if repeats:
                name = label(contender, threads)
                turns[name] = Turn(
                    partial(contender.run, case, draws, threads), repeats
                )
                planned[name] = contender, threads, draws
    timed = by_turns(turns, say)
    reference = timed[label(OURS, 1)]
    rows = [
        Row(
            contender,
            threads,
            draws,
            len(timed[name].seconds),
            draws * case.trust_years / timed[name].median,
            _verdict(contender, timed[name], reference, exact),
        )
        for name, (contender, threads, draws) in planned.items()
    ]
    return Peers(rows, absent)


def _draws(contender: Contender, sizes: Sizes) -> int:
    if contender in PER_DRAW:
        return sizes.per_draw
    if contender is PLAIN:
        return sizes.plain_draws
    if contender in (BLOCKED, JAX):
        return round(sizes.draws * sizes.part)
    return sizes.draws


def _exact(case: Case, say: Say) -> str:
    found = c_peer.differences(case, 1500, threads=2)
    verdict = (
        "the same to the bit" if not found else "NOT the same: " + "; ".join(found)
    )
    say(f"(c) C: counts, histograms and sums are {verdict}")
    return verdict


def _verdict(contender: Contender, timed: Timed, ours: Timed, exact: str) -> str:
    if contender is OURS:
        return "-"
    if contender is contenders.C:
        return exact
    return check.compare(timed.found, ours.found).said()
