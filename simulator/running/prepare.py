"""Before a run: what its targets ask, and the ranges of its histograms."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator import drivers
from simulator.engine.blocks import Job, everything, no_ranges
from simulator.kernel import workspace
from simulator.kernel.tables import Nation, Plan, Ranges, Trusts
from simulator.kernel.workspace import BINS
from simulator.population.model import Population
from simulator.running import fingerprint
from simulator.sampling import addresses
from simulator.scenario.model import Scenario, Target
from simulator.schema import TRUST_TYPES
from simulator.types import Floats

PILOT: Final = 128  # draws that set the ranges of the histograms
# The balancing item: rates tried in a round, and rounds; to 1e-9 of the range.
GRID: Final = 16
ROUNDS: Final = 8


def prepare(scenario: Scenario, population: Population, seed: int) -> Job:
    """Solve the balancing items and set the ranges of the histograms."""
    fingerprint.check(scenario)
    addresses.check(scenario)
    trusts = drivers.trusts(population, scenario)
    rates, notes = rates_of(scenario, population, trusts)
    plan = drivers.plan(scenario, population, rates)
    ranges = _pilot(scenario, trusts, plan, seed)
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


def _pilot(scenario: Scenario, trusts: Trusts, plan: Plan, seed: int) -> Ranges:
    """Set each histogram's range from the first draws, whatever the run's length.

    Half a span is left on either side of what the pilot draws show.
    """
    nation = drivers.nation(drivers.draw(scenario, seed, 0, PILOT))
    found = [
        _pilot_target(trusts, _one_target(plan, k), nation, seed)
        for k in range(len(plan.rate))
    ]
    return Ranges(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _pilot_target(trusts: Trusts, plan: Plan, nation: Nation, seed: int) -> Ranges:
    seen = everything(trusts, plan, nation, seed, PILOT)
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


def _one_target(plan: Plan, k: int) -> Plan:
    one = slice(k, k + 1)
    return plan._replace(
        rate=plan.rate[one],
        deficit_addon=plan.deficit_addon[one],
        follows_tariff=plan.follows_tariff[one],
        own=plan.own[one],
        price=plan.price[one],
        per_price=plan.per_price[one],
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
    further than trusts can follow loses more than it saves.
    """
    item = target.balancing_item
    assert item is not None
    low, high = 0.0, scenario.delivery.ask_max
    reaches = False
    for _ in range(ROUNDS):
        rates = low + (high - low) * np.arange(GRID + 1) / GRID
        levels = _underlying(scenario, population, trusts, target, rates)
        closing = np.flatnonzero(levels >= item.underlying)
        reaches = len(closing) > 0
        best = int(closing[0] if reaches else np.argmax(levels))
        if reaches and best == 0:
            break
        low = float(rates[max(best - 1, 0)])
        high = float(rates[best if reaches else min(best + 1, GRID)])
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


def _underlying(
    scenario: Scenario,
    population: Population,
    trusts: Trusts,
    target: Target,
    rates: Floats,
) -> Floats:
    """Find the sector's underlying balance for candidate rates, without any luck."""
    item = target.balancing_item
    assert item is not None
    tried = scenario.model_copy(update={"targets": (target,) * len(rates)})
    by_year = np.repeat(rates[:, None], scenario.years, axis=1)
    plan = drivers.without_luck(drivers.plan(tried, population, by_year))
    nation = drivers.nation(drivers.central(scenario))
    sector = everything(trusts, plan, nation, 0, 1).sector
    row = workspace.GROUP_RESULTS.index("underlying")
    return sector[row, :, item.year - scenario.first_year, 0]
