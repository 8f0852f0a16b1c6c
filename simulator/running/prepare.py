"""Before a run: what its targets ask, and the ranges of its histograms."""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator import drivers
from simulator.engine.few import everything
from simulator.engine.histograms import no_ranges
from simulator.engine.job import Job
from simulator.kernel import workspace
from simulator.kernel.tables import PerDraw, Plan, Ranges, Trusts
from simulator.kernel.workspace import BINS
from simulator.population.model import Population
from simulator.running import fingerprint
from simulator.sampling import addresses
from simulator.scenario.model import Scenario, Target
from simulator.schema import TRUST_TYPES
from simulator.types import Floats

PILOT: Final = 128  # draws that set the ranges of the histograms
AT_ONCE: Final = 4  # targets of which all is kept, some 10 MB each, at a time
# The balancing item: rates tried in a round, and rounds; to 1e-9 of the range.
GRID: Final = 16
ROUNDS: Final = 8


def prepare(
    scenario: Scenario, population: Population, seed: int, threads: int | None = None
) -> Job:
    """Solve the balancing items and set the ranges of the histograms."""
    fingerprint.check(scenario)
    addresses.check(scenario)
    trusts = drivers.trusts(population, scenario)
    rates, notes = rates_of(scenario, population, trusts)
    plan = drivers.plan(scenario, population, rates)
    ranges = _pilot(scenario, trusts, plan, seed, threads)
    return Job(scenario, population, seed, trusts, plan, ranges, notes)


def prepare_counts(
    scenario: Scenario,
    population: Population,
    seed: int,
    rates: Floats | None = None,
) -> Job:
    """Prepare a run that counts outcomes and bins nothing: half the time.

    Parameters
    ----------
    scenario, population, seed
        What is asked, of whom, and the key of the random numbers.
    rates
        A rate for each target and year, (target, year); by default the targets' own,
        balancing items solved.
    """
    fingerprint.check(scenario)
    addresses.check(scenario)
    trusts = drivers.trusts(population, scenario)
    notes: tuple[str, ...] = ()
    if rates is None:
        rates, notes = rates_of(scenario, population, trusts)
    plan = drivers.plan(scenario, population, rates)
    ranges = no_ranges(trusts, plan)
    return Job(scenario, population, seed, trusts, plan, ranges, notes)


# --- the ranges of histograms -------------------------------------------------------


def _pilot(
    scenario: Scenario, trusts: Trusts, plan: Plan, seed: int, threads: int | None
) -> Ranges:
    """Set each histogram's range from the first draws, whatever the run's length.

    Half a span is left on either side of what the pilot draws show.
    """
    nation = drivers.nation(drivers.draw(scenario, seed, 0, PILOT))

    def ranges_of(first: int) -> Ranges:
        some = some_targets(plan, slice(first, first + AT_ONCE))
        seen = everything(trusts, some, nation, seed, PILOT)
        return _ranges_seen(seen, trusts)

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        found = list(pool.map(ranges_of, range(0, len(plan.rate), AT_ONCE)))
    return Ranges(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _ranges_seen(seen: PerDraw, trusts: Trusts) -> Ranges:
    row = {name: seen.trust[index] for index, name in enumerate(workspace.KEPT)}
    margin = row["balance"] / np.maximum(row["income"], np.float32(1e-9))
    rates = "ask", "recurrent", "nonrecurrent", "cash_releasing", "measured"
    spread = [margin, *(row[name] for name in rates)]
    sizes = np.bincount(trusts.kind, minlength=len(TRUST_TYPES)), np.diff(trusts.first)
    return Ranges(
        trust=_ranges(np.stack(spread)),
        kind=_group_ranges(seen.kind, sizes[0]),
        system=_group_ranges(seen.system, sizes[1]),
    )


def _ranges(values: NDArray[np.float32]) -> Floats:
    """Turn (result, target, year, unit, draw) into (target, unit, result, year, 2)."""
    low = values.min(-1).astype(np.float64)
    span = values.max(-1).astype(np.float64) - low
    # A quantity that never varies still needs bins of some width.
    span = np.where(span > 0.0, span, np.maximum(np.abs(low) * 1e-6, 1e-9))
    edges = np.stack([low - 0.5 * span, BINS / (2.0 * span)], -1)
    return np.ascontiguousarray(edges.transpose(1, 3, 0, 2, 4))


def _group_ranges(values: NDArray[np.float32], sizes: NDArray[np.int64]) -> Floats:
    """Set ranges of a group's results; numbers of trusts get a bin each if they can."""
    ranges = _ranges(values)
    for row in workspace.COUNTED:
        counted = ranges[:, :, row]
        counted[..., 0] = -0.5
        counted[..., 1] = (BINS / np.maximum(sizes + 1, BINS))[None, :, None]
    return ranges


def some_targets(plan: Plan, some: slice) -> Plan:
    """Give the plan of some targets alone."""
    return plan._replace(
        rate=plan.rate[some],
        deficit_addon=plan.deficit_addon[some],
        follows_tariff=plan.follows_tariff[some],
        own=plan.own[some],
        price=plan.price[some],
    )


# --- the balancing item -------------------------------------------------------------


def rates_of(
    scenario: Scenario, population: Population, trusts: Trusts
) -> tuple[Floats, tuple[str, ...]]:
    """Give every target's rate, (target, year), and what is to be said of them.

    A balancing item is solved for.
    """
    n = scenario.years
    rows, notes = [], []
    for target in scenario.targets:
        if target.balancing_item is not None:
            rate, note = _balancing_rate(scenario, population, trusts, target)
            rows.append([rate] * n)
            notes.append(note)
        elif target.path is not None:
            rows.append(list(target.path))
        else:
            assert target.rate is not None
            rows.append([target.rate] * n)
    return np.array(rows, dtype=np.float64), tuple(notes)


def _balancing_rate(
    scenario: Scenario, population: Population, trusts: Trusts, target: Target
) -> tuple[float, str]:
    """Find the yearly rate that closes the sector's gap when all stands at its middle.

    The least rate up to the largest ask at which the sector's underlying balance
    reaches the stated level in the stated year. Where no rate does, which is an answer
    too, the rate that comes closest. Either way a grid is put on ever smaller
    brackets: the balance is not monotone in the rate, as a target that lowers prices
    further than trusts can follow loses more than it saves. But it has one peak: two
    neighbours on the grid settle a bracket, if they are the right ones, and where the
    smallest step from nothing gains nothing, nothing does.
    """
    item = target.balancing_item
    assert item is not None
    levels_at = _underlying(scenario, population, trusts, target)
    low, high = 0.0, scenario.delivery.ask_max
    smallest = high / GRID**ROUNDS
    wanted = item.underlying
    place: int | None = None  # on the grid, where it is expected
    for _ in range(ROUNDS):
        rates = low + (high - low) * np.arange(GRID + 1) / GRID
        levels = np.full(len(rates), -np.inf)
        if place is not None:
            levels[place - 1 : place + 1] = levels_at(rates[place - 1 : place + 1])
        if place is None or not levels[place - 1] < wanted <= levels[place]:
            levels = levels_at(rates)
        closing = np.flatnonzero(levels >= wanted)
        reaches = len(closing) > 0
        best = int(closing[0] if reaches else np.argmax(levels))
        if best == 0 and (reaches or _gains_nothing(levels_at, low, smallest)):
            break
        low = float(rates[max(best - 1, 0)])
        high = float(rates[best if reaches else min(best + 1, GRID)])
        place = None
        if reaches:
            below, above = levels[best - 1], levels[best]
            part = (wanted - below) / (above - below)
            place = min(max(math.ceil(GRID * part), 1), GRID)
    rate, level = float(rates[best]), float(levels[best])
    what = f"an underlying balance of {item.underlying:,.0f}m in {item.year}"
    if reaches:
        return (
            rate,
            f"{target.name}: {rate:.2%} a year reaches {what} at central values",
        )
    return rate, (
        f"{target.name}: NO rate reaches {what} at central values; {rate:.2%} a year "
        f"comes closest, with {level:,.0f}m, and is what its line shows"
    )


def _gains_nothing(
    levels_at: Callable[[Floats], Floats], rate: float, step: float
) -> bool:
    one, two = levels_at(np.array([rate, rate + step]))
    return bool(two <= one)


def _underlying(
    scenario: Scenario, population: Population, trusts: Trusts, target: Target
) -> Callable[[Floats], Floats]:
    """Give what finds the sector's underlying balance for rates, without any luck."""
    item = target.balancing_item
    assert item is not None
    year = item.year - scenario.first_year
    row = workspace.GROUP_RESULTS.index("underlying")
    nation = drivers.nation(drivers.central(scenario))

    def levels_at(rates: Floats) -> Floats:
        tried = scenario.model_copy(update={"targets": (target,) * len(rates)})
        by_year = np.repeat(rates[:, None], scenario.years, axis=1)
        plan = drivers.without_luck(drivers.plan(tried, population, by_year))
        found = everything(trusts, plan, nation, 0, 1, by_trust=False)
        return found.sector[row, :, year, 0]

    return levels_at
