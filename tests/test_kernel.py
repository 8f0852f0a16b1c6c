"""The compiled kernel against the slow reference, and what must not matter to it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import reference
from numpy.typing import NDArray
from trust_years import KIND, MONEY, Floats
from worlds import (
    BELIEVED,
    Both,
    Draws,
    World,
    group_sums,
    nation,
    plain_world,
    random_world,
    room,
    run,
    slow_paths,
    trust_spread,
)

from simulator.engine import buffers, tallies
from simulator.kernel import workspace
from simulator.kernel.block import fixed_of, simulate_block
from simulator.kernel.tables import PerDraw, Ranges, Tally, Trusts
from simulator.kernel.workspace import BINS, GROUP_RESULTS, KEPT
from simulator.schema import OUTCOMES


@pytest.fixture(scope="module")
def both() -> Both:
    world = random_world()
    return Both(world, run(world), slow_paths(world))


Groups = dict[str, tuple[Floats, list[tuple[int, list[int]]]]]


def groups_of(both: Both) -> Groups:
    """Each kind of group: the kernel's results, and (place, members) of each."""
    trusts, per_draw = both.world.trusts, both.fast.per_draw
    everyone = list(range(len(trusts.income)))
    first = trusts.first
    systems = [(s, everyone[first[s] : first[s + 1]]) for s in range(len(first) - 1)]
    kinds = [
        (int(k), np.flatnonzero(trusts.kind == k).tolist()) for k in set(trusts.kind)
    ]
    return {
        "sector": (per_draw.sector[..., None, :], [(0, everyone)]),
        "type": (per_draw.kind, kinds),
        "system": (per_draw.system, systems),
    }


def test_every_trajectory_equals_the_reference(both: Both) -> None:
    expected = np.array(
        [
            [
                [
                    [[getattr(done, name) for done in path] for path in paths]
                    for paths in ds
                ]
                for ds in both.slow
            ]
            for name in KEPT
        ]
    )  # (kept, target, draw, trust, year)
    expected = expected.transpose(0, 1, 4, 3, 2)
    found = both.fast.per_draw.trust
    assert found.shape == expected.shape
    # Where income and cost pass zero, last year's payback is all that is left.
    money = ("income", "support", "cost_before", "underlying")
    size = np.abs([expected[KEPT.index(name)] for name in money]).max(axis=0)
    cost_before = expected[KEPT.index("cost_before")]
    for name, value, other in zip(KEPT, found, expected, strict=True):
        unit = size if name in MONEY else np.maximum(size / cost_before, 1.0)
        assert np.abs(value - other).max() < np.inf
        assert (np.abs(value - other) <= 1e-12 * unit).all(), name


def test_the_random_world_meets_its_hard_cases(both: Both) -> None:
    flat = [path for draws in both.slow for paths in draws for path in paths]
    years = [done for path in flat for done in path]
    assert any(done.guarded and done.income == 0.0 for done in years)
    assert any(done.guarded and done.cost_before == 1e-9 for done in years)
    assert any(done.ask == 0.1 for done in years)
    assert any(done.capacity == 0.0 for path in flat for done in path[:1]) or any(
        done.capacity < 0.01 for done in years
    )
    in_balance = [abs(done.balance) < 1e-10 * done.cost_before for done in years]
    assert 0.01 < np.mean(in_balance) < 0.9
    counts = both.fast.tally.sector / both.world.n_draw
    assert ((counts > 0.02) & (counts < 0.98)).any(axis=0).sum() >= 3


@pytest.mark.parametrize("kind", ["sector", "type", "system"])
def test_groups_are_the_sums_of_their_trusts(both: Both, kind: str) -> None:
    results, groups = groups_of(both)[kind]
    row = {name: place for place, name in enumerate(GROUP_RESULTS)}
    means = [row[n] for n in ("cash_releasing", "measured", "pressure", "unmet")]
    for k, draws in enumerate(both.slow):
        for d, paths in enumerate(draws):
            for place, members in groups:
                for y in range(both.world.plan.support.shape[1]):
                    year = [paths[i][y] for i in members]
                    expected = np.array(group_sums(year))
                    found = results[:, k, y, place, d]
                    income, support, cost = np.abs(expected[:3])
                    unit = np.full(len(GROUP_RESULTS), max(income, support, cost))
                    unit[means] = max(1.0, unit[0] / cost)
                    unit[list(workspace.COUNTED)] = 0.0
                    assert (np.abs(found - expected) <= 1e-12 * unit).all()


def own_outcome(both: Both, k: int) -> str:
    """Name the outcome that a target is meant on."""
    return OUTCOMES[int(both.world.plan.own[k])]


@pytest.mark.parametrize("kind", ["sector", "type", "system"])
def test_groups_are_judged_like_the_reference(both: Both, kind: str) -> None:
    tally = both.fast.tally
    counts = {"sector": tally.sector[..., None], "type": tally.kind}
    counts["system"] = tally.system
    for k, draws in enumerate(both.slow):
        rates, own = both.world.plan.rate[k].tolist(), own_outcome(both, k)
        for place, members in groups_of(both)[kind][1]:
            judged = [
                reference.group_outcomes([paths[i] for i in members], rates, own)
                for paths in draws
            ]
            expected = np.array([[one[name] for name in OUTCOMES] for one in judged])
            assert counts[kind][k, :, place].tolist() == expected.sum(axis=0).tolist()
            if kind == "sector":
                assert np.array_equal(both.fast.per_draw.achieved[k], expected.T)


def test_trusts_are_judged_like_the_reference(both: Both) -> None:
    n_trust = len(both.world.trusts.income)
    for k, draws in enumerate(both.slow):
        rates, own = both.world.plan.rate[k].tolist(), own_outcome(both, k)
        judged = [
            [reference.outcomes(path, rates, own) for path in paths] for paths in draws
        ]
        expected = np.array(
            [[[one[name] for name in OUTCOMES] for one in draw] for draw in judged]
        )  # (draw, trust, outcome)
        assert np.array_equal(both.fast.tally.trust[k], expected.sum(axis=0).T)
        achieving = expected.sum(axis=1)
        for outcome in range(len(OUTCOMES)):
            share = np.bincount(achieving[:, outcome], minlength=n_trust + 1)
            assert np.array_equal(both.fast.tally.share[k, outcome], share)


def test_guarded_trust_years_are_counted(both: Both) -> None:
    expected = [
        sum(done.guarded for paths in draws for path in paths for done in path)
        for draws in both.slow
    ]
    assert min(expected) > 0
    assert both.fast.tally.guarded.tolist() == expected


def counted(values: Floats, ranges: Floats) -> NDArray[np.int64]:
    """The histograms of (result, target, year, unit, draw) values, like a tally's."""
    units = values.transpose(1, 3, 0, 2, 4)
    place = (units - ranges[..., 0, None]) * ranges[..., 1, None]
    bins = np.clip(place, 0, BINS - 1).astype(np.int64)
    flat = bins.reshape(-1, values.shape[-1])
    histograms = [np.bincount(row, minlength=BINS) for row in flat]
    return np.array(histograms).reshape(*bins.shape[:-1], BINS)


def test_histograms_count_every_draw_in_its_bin(both: Both) -> None:
    tally, ranges, n_draw = both.fast.tally, both.world.ranges, both.world.n_draw
    there = np.isin(np.arange(KIND), both.world.trusts.kind)
    kinds = tally.kind_spread[:, there]
    for spread in (tally.trust_spread, kinds, tally.system_spread):
        assert (spread.sum(axis=-1) == n_draw).all()
    assert not tally.kind_spread[:, ~there].any()
    expected = counted(trust_spread(both.fast), ranges.trust)
    assert np.array_equal(tally.trust_spread, expected)
    expected = counted(both.fast.per_draw.system, ranges.system)
    assert np.array_equal(tally.system_spread, expected)
    some = sorted(set(both.world.trusts.kind))
    expected = counted(both.fast.per_draw.kind[..., some, :], ranges.kind[:, some])
    assert np.array_equal(tally.kind_spread[:, some], expected)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.75, 0.9])
def test_quantiles_of_a_histogram_are_within_a_bin_of_those_of_the_draws(
    both: Both, share: float
) -> None:
    histograms = both.fast.tally.trust_spread
    ranges = both.world.ranges.trust
    reached = histograms.cumsum(axis=-1) >= share * both.world.n_draw
    bin_of_quantile = reached.argmax(axis=-1)
    low = ranges[..., 0] + bin_of_quantile / ranges[..., 1]
    exact = np.quantile(trust_spread(both.fast), share, axis=-1, method="inverted_cdf")
    offset = (exact.transpose(1, 3, 0, 2) - low) * ranges[..., 1]
    assert offset.min() > -1e-6
    assert offset.max() < 1.0 + 1e-6


def test_every_level_adds_up_and_every_balance_is_explained(both: Both) -> None:
    per_draw = both.fast.per_draw
    row = {name: place for place, name in enumerate(GROUP_RESULTS)}
    means = {"cash_releasing", "measured", "pressure", "unmet"}
    sums = [name for name in GROUP_RESULTS if name not in means]
    sector = per_draw.sector
    size = np.maximum(sector[row["income"]], sector[row["cost_before"]])
    some = sorted(set(both.world.trusts.kind))
    for name in sums:
        whole = sector[row[name]]
        for parts in (
            per_draw.kind[row[name]][..., some, :],
            per_draw.system[row[name]],
        ):
            assert (np.abs(parts.sum(axis=-2) - whole) <= 1e-12 * size).all()
    for level in (sector, per_draw.system, per_draw.kind[..., some, :]):
        income, support, cost = (level[row[n]] for n in ("income", "support", "cost"))
        one_offs = level[row["nonrecurrent"]]
        size = np.maximum(income, level[row["cost_before"]])
        # What is spent beyond cost is last year's payback, and none in the first year.
        owed = income + support - cost + one_offs - level[row["balance"]]
        assert (np.abs(owed[:, 0]) <= 1e-12 * size[:, 0]).all()
        assert (owed >= -1e-12 * size).all()
        assert (owed[:, 1:] > 1e-6 * size[:, 1:]).any()
        assert np.array_equal(level[row["underlying"]], income - cost)
    kept = both.fast.kept
    one_offs = kept("nonrecurrent") * kept("cost_before")
    size = np.maximum(kept("income"), kept("cost_before"))
    owed = kept("underlying") + kept("support") + one_offs - kept("balance")
    assert (np.abs(owed[:, 0]) <= 1e-13 * size[:, 0]).all()
    assert (owed >= -1e-13 * size).all()


def test_trusts_in_deficit_are_those_whose_balance_is_below_nothing(both: Both) -> None:
    balance = both.fast.kept("balance")
    below = (balance < 0.0).sum(axis=-2)
    assert np.array_equal(below, both.fast.sector("trusts_in_deficit"))
    deficit = np.maximum(-balance, 0.0).sum(axis=-2)
    assert both.fast.sector("gross_deficit") == pytest.approx(deficit, rel=1e-13)
    # Many are brought to balance, and their balance is nothing to the last bit.
    assert (balance == 0.0).mean() > 0.05
    near = np.abs(balance) <= reference.TIE * both.fast.kept("cost_before")
    assert np.array_equal(near, balance == 0.0)


def test_a_group_brought_to_balance_has_a_balance_of_nothing() -> None:
    world = plain_world(systems=(3, 1), n_year=1)
    cost = np.array([104.0, 107.3, 91.7, 103.1])
    found = run(world.bent(trusts={"income": cost * 100.0 / 104.0, "cost": cost}))
    assert (found.kept("nonrecurrent") > 0.0).all()
    for level in (found.sector("balance"), found.kept("balance")):
        assert (level == 0.0).all()
    assert (found.sector("trusts_in_deficit") == 0.0).all()
    assert (found.tally.sector[:, OUTCOMES.index("balance")] == world.n_draw).all()


# --- what must not matter -------------------------------------------------------------


def same(found: Iterable[Any], expected: Iterable[Any]) -> bool:
    """Equal to the bit; a type without trusts has no results."""
    return all(
        np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        for one, other in zip(found, expected, strict=True)
    )


def at_target(values: Tally | PerDraw, keep: list[int]) -> list[Any]:
    """The results of some targets; the axis of targets is not always the first."""
    first = isinstance(values, Tally)
    return [
        value[keep] if first or name in ("achieved", "units") else value[:, keep]
        for name, value in values._asdict().items()
    ]


def with_targets(world: World, keep: list[int]) -> World:
    names = (
        "rate",
        "deficit_addon",
        "follows_tariff",
        "own",
        "price",
    )
    plan = {name: getattr(world.plan, name)[keep] for name in names}
    ranges = {name: getattr(world.ranges, name)[keep] for name in Ranges._fields}
    return world.bent(plan=plan, ranges=ranges)


def with_trusts(world: World, order: list[int], first: list[int]) -> World:
    """The same world with trusts left out or in another order."""
    names = [name for name in Trusts._fields if name != "first"]
    trusts = {name: getattr(world.trusts, name)[order] for name in names}
    return world.bent(
        trusts={**trusts, "first": np.array(first, np.int64)},
        plan={n: getattr(world.plan, n)[order] for n in ("support", "need_limit")},
        ranges={"trust": np.ascontiguousarray(world.ranges.trust[:, order])},
    )


def test_the_same_world_twice_is_the_same_to_the_bit(both: Both) -> None:
    again = run(both.world)
    assert same(again.tally, both.fast.tally)
    assert same(again.per_draw, both.fast.per_draw)


@pytest.mark.parametrize("keep", [[0], [2], [0, 2], [2, 1, 0]])
def test_leaving_out_targets_changes_no_other_number(
    both: Both, keep: list[int]
) -> None:
    found = run(with_targets(both.world, keep))
    assert same(found.tally, at_target(both.fast.tally, keep))
    assert same(found.per_draw, at_target(both.fast.per_draw, keep))


@pytest.mark.parametrize("cut", [1, 63, 64, 65, 128, 149])
def test_draws_in_two_calls_are_the_draws_of_one(both: Both, cut: int) -> None:
    found = run(both.world, (0, cut), (cut, both.world.n_draw))
    assert same(found.tally, both.fast.tally)
    assert same(found.per_draw, both.fast.per_draw)


def test_the_order_of_calls_does_not_matter(both: Both) -> None:
    found = run(both.world, (100, 150), (0, 37), (37, 100))
    assert same(found.tally, both.fast.tally)


def test_draws_beyond_two_to_the_thirty_two_are_draws_like_any_other() -> None:
    world = replace(random_world(n_draw=80), first_draw=2**32 - 40)
    whole, parts = run(world), run(world, (0, 40), (40, 80))
    assert same(whole.per_draw, parts.per_draw)
    late = replace(world, first_draw=2**32)
    late = replace(late, draws=Draws(*(values[..., 40:] for values in late.draws)))
    assert same(run(late).per_draw, [values[..., 40:] for values in whole.per_draw])


def test_leaving_out_a_trust_changes_no_other_number(both: Both) -> None:
    # Trust 5, of the last system, is the only specialist.
    rest = [0, 1, 2, 3, 4, 6, 7]
    found, whole = run(with_trusts(both.world, rest, [0, 3, 4, 7])), both.fast
    assert np.array_equal(found.per_draw.trust, whole.per_draw.trust[..., rest, :])
    assert np.array_equal(found.tally.trust, whole.tally.trust[..., rest])
    assert np.array_equal(found.tally.trust_spread, whole.tally.trust_spread[:, rest])
    systems, kinds = [0, 1], [0, 2, 4]
    for name, keep in (("system", systems), ("kind", kinds)):
        left, right = getattr(found.per_draw, name), getattr(whole.per_draw, name)
        assert np.array_equal(left[..., keep, :], right[..., keep, :])
        left, right = getattr(found.tally, name), getattr(whole.tally, name)
        assert np.array_equal(left[..., keep], right[..., keep])
        name += "_spread"
        left, right = getattr(found.tally, name), getattr(whole.tally, name)
        assert np.array_equal(left[:, keep], right[:, keep])


def test_the_order_of_trusts_inside_a_system_changes_no_trust(both: Both) -> None:
    order = [2, 0, 1, 3, 7, 4, 6, 5]
    found, whole = run(with_trusts(both.world, order, [0, 3, 4, 8])), both.fast
    assert np.array_equal(found.per_draw.trust, whole.per_draw.trust[..., order, :])
    assert np.array_equal(found.tally.trust, whole.tally.trust[..., order])
    assert np.array_equal(found.tally.trust_spread, whole.tally.trust_spread[:, order])
    # Sums in another order may differ in their last bits, no more.
    money = found.sector("balance"), whole.sector("balance")
    assert np.abs(money[0] - money[1]).max() < 1e-9


def test_what_is_not_kept_is_computed_all_the_same(both: Both) -> None:
    world = both.world
    successes, seen = tallies.empty_successes(world.trusts, world.plan), both.fast
    full = room(world.trusts, world.plan, world.n_draw)
    bare = full._replace(
        **{n: getattr(full, n)[:, :, :, :0, :0] for n in ("trust", "kind", "system")},
        units=full.units[:, :, :0, :0],
    )
    bare = PerDraw(*map(np.ascontiguousarray, bare))
    fixed = fixed_of(world.trusts, world.plan, KIND)
    arguments = fixed, world.plan, nation(world.draws), world.ranges
    bins = buffers.for_bins(world.ranges, world.n_draw)
    simulate_block(world.seed, 0, world.n_draw, *arguments, bins, successes, bare)
    assert same(successes, seen.tally[: len(successes)])
    assert np.array_equal(bare.sector, seen.per_draw.sector)
    assert np.array_equal(bare.achieved, seen.per_draw.achieved)


def test_another_seed_gives_other_draws(both: Both) -> None:
    other = run(replace(both.world, seed=both.world.seed + 1))
    assert not np.isin(other.kept("income"), both.fast.kept("income")).all()


# --- what holds draw by draw ----------------------------------------------------------


def beyond(more: Floats, less: Floats) -> bool:
    """Nowhere below, but for the last bits, and somewhere above."""
    slack = 1e-13 * np.maximum(np.abs(more), np.abs(less))
    return bool((more >= less - slack).all() and (more > less + slack).any())


def higher_belief(world: World, row: int, factor: float) -> World:
    belief = world.draws.belief.copy()
    belief[row] *= factor
    return world.bent(draws={"belief": belief})


def richer(world: World) -> World:
    kind_year = world.draws.kind_year.copy()
    kind_year[:, 0] += 0.01
    return world.bent(draws={"kind_year": kind_year})


def test_more_funded_growth_never_raises_unmet_demand(both: Both) -> None:
    more = run(richer(both.world))
    assert beyond(both.fast.kept("unmet"), more.kept("unmet"))


def test_more_funded_growth_never_lowers_income(both: Both) -> None:
    # Where those who waited are treated later, a year without them may earn less.
    limits = both.world.plan.limits.copy()
    limits[3] = 0.0
    leaving = both.world.bent(plan={"limits": limits})
    assert beyond(run(richer(leaving)).kept("income"), run(leaving).kept("income"))


def test_a_higher_target_at_the_same_volume_never_raises_income(both: Both) -> None:
    plan = both.world.plan
    rate, price = plan.rate + 0.01, plan.price - 0.01
    harder = run(both.world.bent(plan={"rate": rate, "price": price}))
    assert beyond(both.fast.kept("income"), harder.kept("income"))
    assert beyond(harder.kept("ask")[:, 0], both.fast.kept("ask")[:, 0])


@pytest.mark.parametrize("belief", ["plan_floor", "plan_limit"])
def test_bolder_boards_never_plan_less_in_the_first_year(
    both: Both, belief: str
) -> None:
    more = run(higher_belief(both.world, list(BELIEVED).index(belief), 1.1))
    assert beyond(more.kept("ask")[:, 0], both.fast.kept("ask")[:, 0])
    assert np.array_equal(more.kept("cost_before")[:, 0], first_cost(both))


def first_cost(both: Both) -> Floats:
    return both.fast.kept("cost_before")[:, 0]


def test_more_pressure_never_lowers_cost_nor_the_first_years_plan(both: Both) -> None:
    more = run(both.world.bent(draws={"pressure": both.world.draws.pressure + 0.005}))
    assert beyond(more.kept("cost_before")[:, 0], first_cost(both))
    assert beyond(more.kept("ask")[:, 0], both.fast.kept("ask")[:, 0])
    # Income is paid for pressure by `passed_on` alone.
    assert np.array_equal(more.kept("income"), both.fast.kept("income"))


def test_a_fund_for_need_never_worsens_a_first_years_balance(both: Both) -> None:
    plan = both.world.plan
    without = run(both.world.bent(plan={"need_limit": 0.0 * plan.need_limit}))
    assert beyond(both.fast.kept("support")[:, 0], without.kept("support")[:, 0])
    assert beyond(both.fast.kept("balance")[:, 0], without.kept("balance")[:, 0])


def test_what_a_measure_adds_for_quality_moves_measured_productivity_only(
    both: Both,
) -> None:
    belief = both.world.draws.belief.copy()
    belief[list(BELIEVED).index("quality")] += 0.003
    more = run(both.world.bent(draws={"belief": belief}))
    added = more.kept("measured") - both.fast.kept("measured")
    assert added == pytest.approx(np.full(added.shape, 0.003), abs=1e-15)
    rest = [name for name in KEPT if name != "measured"]
    assert all(np.array_equal(more.kept(n), both.fast.kept(n)) for n in rest)


def test_more_delivery_never_lowers_the_first_years_recurrent_savings(
    both: Both,
) -> None:
    year = both.world.draws.year.copy()
    year[2] += 0.1
    more = run(both.world.bent(draws={"year": year}))
    assert beyond(more.kept("recurrent")[:, 0], both.fast.kept("recurrent")[:, 0])
    # Income and unmet demand do not know about savings.
    assert np.array_equal(more.kept("income"), both.fast.kept("income"))
    assert np.array_equal(more.kept("unmet"), both.fast.kept("unmet"))


@pytest.mark.parametrize("belief", ["lever", "opportunity_scale"])
def test_more_capacity_never_lowers_the_first_years_recurrent_savings(
    both: Both, belief: str
) -> None:
    more = run(higher_belief(both.world, list(BELIEVED).index(belief), 1.1))
    assert beyond(more.kept("recurrent")[:, 0], both.fast.kept("recurrent")[:, 0])


def test_a_larger_real_share_never_raises_the_first_years_cost(both: Both) -> None:
    more = run(higher_belief(both.world, 0, 1.1))
    assert beyond(both.fast.sector("cost")[:, 0], more.sector("cost")[:, 0])
    first = np.array_equal(
        more.kept("recurrent")[:, 0], both.fast.kept("recurrent")[:, 0]
    )
    assert first


def test_dearer_years_never_lower_the_first_years_cost_before_savings(
    both: Both,
) -> None:
    year = both.world.draws.year.copy()
    year[:2] += 0.01
    dearer = run(both.world.bent(draws={"year": year}))
    assert beyond(dearer.kept("cost_before")[:, 0], both.fast.kept("cost_before")[:, 0])
    assert np.array_equal(dearer.kept("income"), both.fast.kept("income"))


def test_more_demand_never_lowers_unmet_demand(both: Both) -> None:
    more = run(both.world.bent(draws={"demand": both.world.draws.demand + 0.01}))
    assert beyond(more.kept("unmet"), both.fast.kept("unmet"))


def test_treating_more_of_what_is_not_funded_never_raises_unmet_demand(
    both: Both,
) -> None:
    belief = both.world.draws.belief.copy()
    belief[7] = np.minimum(belief[7] * 1.2, 1.0)
    more = run(both.world.bent(draws={"belief": belief}))
    assert beyond(both.fast.kept("unmet"), more.kept("unmet"))
