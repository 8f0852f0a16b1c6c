"""The engine: no number depends on how it was run, or on who else was there."""

import functools
import random
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tiny
from scipy.special import ndtr

from simulator import drivers
from simulator.engine import tallies
from simulator.engine.shards import SHARD
from simulator.errors import ScenarioError
from simulator.kernel.workspace import BLOCK, GROUP_RESULTS, KEPT
from simulator.running import prepare, variables
from simulator.sampling.stream import Stream
from simulator.scenario import layers
from simulator.scenario import toml as toml_text
from simulator.scenario.uncertain import uncertain
from simulator.schema import OUTCOMES, TRUST_TYPES
from simulator.statistics.intervals import wilson

DRAWS = 2 * SHARD + 700  # three shards, the last with an odd block
KEEP = 300
CASH_RELEASING = OUTCOMES.index("cash_releasing")
UNDERLYING = GROUP_RESULTS.index("underlying")


@pytest.fixture(scope="module")
def work():
    return tiny.job()


@pytest.fixture(scope="module")
def whole(work):
    return tiny.simulate(work, DRAWS, threads=2, keep=KEEP)


def same_tally(one, other):
    return all(
        np.array_equal(a, b)
        for a, b in zip(one._asdict().values(), other._asdict().values(), strict=True)
    )


def same_draws(one, other):
    assert one.keys() == other.keys()
    return [name for name in one if not np.array_equal(one[name], other[name])] == []


# --- what is no number ----------------------------------------------------------------


class Broken(Stream):
    """A stream of which one draw brings no number for one assumption."""

    def value(self, path, assumption):
        drawn = super().value(path, assumption)
        if path == "delivery.sharpness":
            drawn[np.arange(self.first_draw, self.first_draw + self.n_draw) == 331] = (
                np.nan
            )
        return drawn


@pytest.mark.parametrize("to_store", [True, False])
def test_a_result_that_is_not_finite_ends_the_run_and_says_where(work, to_store):
    with pytest.raises(ScenarioError) as caught:
        tiny.simulate(work, 600, keep=5, stream=Broken, to_store=to_store)
    assert str(caught.value).startswith(
        "draw 331, trust NA1, 2019, target 'one-point-one': 'support' is not a "
        "finite number, so that this run cannot be counted; "
    )


def test_a_trust_without_a_number_is_named(work):
    cost = np.where(np.array(work.population.code) == "SS1", np.inf, work.trusts.cost)
    broken = replace(work, trusts=work.trusts._replace(cost=cost))
    with pytest.raises(ScenarioError, match=r"^draw 0, trust SS1, 2019, target"):
        tiny.simulate(broken, 40)


def test_what_a_run_file_cannot_hold_is_not_stored_as_infinite(work):
    large = work.trusts._replace(cost=work.trusts.cost * 1e37)
    with pytest.raises(ScenarioError, match="is not a finite number"):
        tiny.simulate(replace(work, trusts=large), 40, to_store=True)


# --- how it is run --------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_every_bit_is_the_same_on_any_number_of_threads(work, whole, threads):
    again = tiny.simulate(work, DRAWS, threads=threads, keep=KEEP)
    assert tiny.digest(*again) == tiny.digest(*whole)


def test_the_same_run_twice_differs_by_exactly_nothing(whole):
    shards, tally = tiny.simulate(tiny.job(), DRAWS, keep=KEEP)
    for name, values in tiny.per_draw(shards).items():
        difference = values - tiny.per_draw(whole[0])[name]
        assert not difference.any(), name
    assert same_tally(tally, whole[1])


def in_parts(work, sizes, keep=0):
    """Simulate parts of given sizes in random order, each from its address alone."""
    spans = list(pairwise(np.cumsum([0, *sizes]).tolist()))
    random.Random(3).shuffle(spans)
    parts, total = {}, tallies.empty_tally(work.trusts, work.plan, work.ranges)
    for first, stop in spans:
        parts[first], tally = tiny.simulate(
            work, stop - first, first_draw=first, keep=keep, threads=1
        )
        tallies.add_tally(total, tally)
    return [shard for first in sorted(parts) for shard in parts[first]], total


def test_blocks_may_be_computed_in_any_order(work, whole):
    sizes = [BLOCK] * (DRAWS // BLOCK) + [DRAWS % BLOCK]
    assert tiny.digest(*in_parts(work, sizes, KEEP)) == tiny.digest(*whole)


def test_blocks_may_be_of_any_size(work):
    sizes = [1, 63, 64, 65, 1, 130, 1000, 127, 49]
    expected = tiny.simulate(work, sum(sizes))
    assert tiny.digest(*in_parts(work, sizes)) == tiny.digest(*expected)


def test_a_run_split_in_shards_and_merged_is_the_whole_run(work, whole):
    sizes = [1, 499, 8500, DRAWS - 9000]
    assert tiny.digest(*in_parts(work, sizes, KEEP)) == tiny.digest(*whole)


@pytest.mark.parametrize("draws", [1, 64, 65, 1000, SHARD + 1])
def test_n_draws_are_the_first_n_of_four_times_as_many(work, draws):
    few, _ = tiny.simulate(work, draws, keep=draws)
    many, _ = tiny.simulate(work, 4 * draws, keep=draws)
    first = {name: values[..., :draws] for name, values in tiny.per_draw(many).items()}
    assert same_draws(tiny.per_draw(few), first)


def test_keeping_trajectories_moves_no_number(work, whole):
    shards, tally = tiny.simulate(work, DRAWS)
    found, expected = tiny.per_draw(shards), tiny.per_draw(whole[0])
    assert found.pop("trajectories").shape[-1] == 0
    expected.pop("trajectories")
    assert same_draws(found, expected)
    assert same_tally(tally, whole[1])


def test_who_achieves_in_each_draw_adds_up_to_the_counts(work):
    parts, tally = tiny.simulate(work, DRAWS, by_unit=True)
    units = np.concatenate([part.shard.units for part in parts], axis=-1).sum(axis=-1)
    expected = np.concatenate([tally.trust, tally.kind, tally.system], axis=-1)
    assert np.array_equal(units, expected)
    assert 0 < units[:, :, -1].sum() < DRAWS * units.shape[0] * units.shape[1]


def test_counting_alone_gives_the_same_counts(work):
    counting = prepare.prepare_counts(work.scenario, work.population, work.seed)
    _, tally = tiny.simulate(work, DRAWS)
    _, counted = tiny.simulate(counting, DRAWS)
    for name in ("trust", "kind", "system", "sector", "share", "guarded"):
        assert np.array_equal(getattr(counted, name), getattr(tally, name))
    assert counted.trust_spread.size == 0


def test_another_seed_gives_other_draws(whole):
    shards, _ = tiny.simulate(tiny.job(seed=8), DRAWS)
    other, first = tiny.per_draw(shards), tiny.per_draw(whole[0])
    assert not np.isclose(other["sector"], first["sector"]).all(axis=(0, 1, 2)).any()


def test_progress_counts_every_draw_once(work):
    done = []
    tiny.simulate(work, DRAWS, threads=3, keep=KEEP, on_progress=done.append)
    assert sum(done) == DRAWS


def test_what_a_callback_raises_comes_through(work):
    def stop(n_draw):
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        tiny.simulate(work, 200, on_progress=stop)


BROKEN_BLOCK = """\
import dataclasses
import tiny
work = tiny.job()
where = work.plan.where.astype(str)  # what no compiled function takes
work = dataclasses.replace(work, plan=work.plan._replace(where=where))
try:
    tiny.simulate(work, 3000, threads=1)
except Exception as error:
    print(type(error).__name__)
"""


def test_a_block_that_fails_ends_the_run_with_its_error():
    found = subprocess.run(
        [sys.executable, "-c", BROKEN_BLOCK],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=60,  # a thread that waits for ever must not hang the tests
        check=False,
    )
    assert found.stdout == "TypingError\n", found.stderr


# --- who else is there ----------------------------------------------------------------


def by_trust(work, draws=1200):
    """Everything of each trust: counts, histograms with their ranges, trajectories."""
    shards, tally = tiny.simulate(work, draws, keep=draws)
    kept = tiny.per_draw(shards)["trajectories"]
    found = {}
    for i, code in enumerate(work.population.code):
        found[code] = (
            tally.trust[:, :, i],
            tally.trust_spread[:, i],
            work.ranges.trust[:, i],
            kept[:, :, :, i],
        )
    return found


def changed(one, other):
    """Trusts, of those in both, for which anything at all differs."""
    return {
        code
        for code in one.keys() & other.keys()
        if not all(map(np.array_equal, one[code], other[code]))
    }


@pytest.mark.parametrize("gone", [("NA1",), ("SM1",), ("WB1",), ("NC1", "SA1", "WA1")])
def test_removing_a_trust_leaves_every_other_trust_unchanged(work, gone):
    fewer = by_trust(tiny.job(text=tiny.without(*gone)))
    assert fewer.keys() == set(work.population.code) - set(gone)
    assert not changed(by_trust(work), fewer)


def test_a_trust_that_changes_changes_alone(work):
    text = tiny.POPULATION.replace("240.0,236.0,0.11", "240.0,236.0,0.10")
    assert changed(by_trust(work), by_trust(tiny.job(text=text))) == {"SS1"}


def test_removing_a_trust_leaves_other_systems_and_types_unchanged(work):
    fewer = tiny.job(text=tiny.without("SM1"))
    _, before = tiny.simulate(work, 1200)
    _, after = tiny.simulate(fewer, 1200)
    for s, name in enumerate(work.population.system_names):
        same = np.array_equal(before.system[:, :, s], after.system[:, :, s])
        spread = np.array_equal(before.system_spread[:, s], after.system_spread[:, s])
        assert (same and spread) == (name != "south"), name
    for k, name in enumerate(TRUST_TYPES):
        same = np.array_equal(before.kind[:, :, k], after.kind[:, :, k])
        spread = np.array_equal(before.kind_spread[:, k], after.kind_spread[:, k])
        assert (same and spread) == (name != "mental_health"), name


def by_target(given, draws=1200):
    """Everything of each target, by name."""
    work = tiny.job(given)
    shards, tally = tiny.simulate(work, draws, keep=draws)
    kept = tiny.per_draw(shards)
    found = {}
    for k, target in enumerate(work.scenario.targets):
        found[target.name] = (
            kept["sector"][:, k],
            kept["achieved"][k],
            kept["trajectories"][:, k],
            *(counts[k] for counts in tally),
            *(edges[k] for edges in work.ranges),
        )
    return found


def test_removing_a_target_leaves_every_other_target_unchanged():
    everything = by_target(tiny.tables())
    for gone in range(3):
        given = tiny.tables()
        del given["targets"][gone]
        found = by_target(given)
        assert len(found) == 2
        assert not changed(everything, found)


def test_targets_may_stand_in_any_order_beside_a_balancing_item():
    given = tiny.tables()
    given["targets"] = [tiny.balancing(), *reversed(given["targets"])]
    found = by_target(given)
    assert len(found) == 4
    assert not changed(by_target(tiny.tables()), found)


def test_the_order_of_rows_in_the_table_moves_no_number(work, whole):
    header, *rows = tiny.POPULATION.splitlines(keepends=True)
    random.Random(5).shuffle(rows)
    shuffled = tiny.job(text="".join([header, *rows]))
    again = tiny.simulate(shuffled, DRAWS, keep=KEEP)
    assert tiny.digest(*again) == tiny.digest(*whole)


def test_setting_every_value_to_itself_moves_no_number(work, whole):
    asked = tiny.loaded()
    given = [
        f"{'.'.join(path)}={toml_text.value(value)}"
        for path, value in layers.leaves(asked.tree)
    ]
    assert len(given) > 100
    again = tiny.simulate(tiny.job(None, *given), DRAWS, keep=KEEP)
    assert tiny.digest(*again) == tiny.digest(*whole)


def test_one_setting_that_changes_a_value_moves_numbers(whole):
    again = tiny.simulate(tiny.job(None, "prices.pay=0.0251"), DRAWS, keep=KEEP)
    assert tiny.digest(*again) != tiny.digest(*whole)


# --- what is counted ------------------------------------------------------------------


def test_counts_are_those_of_the_draws(whole):
    shards, tally = whole
    achieved = tiny.per_draw(shards)["achieved"]
    assert np.array_equal(tally.sector, achieved.sum(axis=-1, dtype=np.int64))
    assert (tally.share.sum(axis=-1) == DRAWS).all()
    number = np.arange(tally.share.shape[-1])
    assert np.array_equal((tally.share * number).sum(-1), tally.trust.sum(-1))
    for spread in (tally.trust_spread, tally.kind_spread, tally.system_spread):
        assert (spread.sum(axis=-1) == DRAWS).all()


def test_kept_balances_below_nothing_are_those_of_the_trusts_in_deficit(whole):
    found = tiny.per_draw(whole[0])
    balance = found["trajectories"][
        KEPT.index("balance")
    ]  # (target, year, trust, draw)
    in_deficit = found["sector"][GROUP_RESULTS.index("trusts_in_deficit")][..., :KEEP]
    assert np.array_equal((balance < 0.0).sum(axis=-2), in_deficit)
    # Some are brought to balance, and none of them is below it by a last bit.
    assert (balance == 0.0).mean() > 0.02


def test_the_pilots_ranges_hold_nearly_every_draw(whole):
    _, tally = whole
    ends = tally.trust_spread[..., 0] + tally.trust_spread[..., -1]
    assert ends.max() / DRAWS < 0.01


def test_a_tally_of_nothing_adds_nothing(work, whole):
    total = whole[1]._replace(
        **{name: counts.copy() for name, counts in whole[1]._asdict().items()}
    )
    tallies.add_tally(total, tallies.empty_tally(work.trusts, work.plan, work.ranges))
    assert same_tally(total, whole[1])


# --- nothing uncertain ----------------------------------------------------------------


def test_without_shocks_every_draw_is_the_same_and_chances_are_nought_or_one():
    work = tiny.job(tiny.sure_tables())
    shards, tally = tiny.simulate(work, 500, keep=500)
    off = [name for name, one in work.scenario.programmes.items() if not one.enabled]
    idle = {f"assumptions.programmes.{name}.realisation" for name in off}
    for name, values in tiny.per_draw(shards).items():
        assert (values == values[..., :1]).all() or name in idle, name
    for counts in (tally.trust, tally.kind, tally.system, tally.sector):
        assert set(np.unique(counts)) <= {0, 500}
    assert set(np.unique(tally.trust)) == {0, 500}
    for spread in (tally.trust_spread, tally.kind_spread, tally.system_spread):
        assert (spread.max(axis=-1) == 500).all()


# --- a probability with a closed form -------------------------------------------------


def five_years_of_productivity():
    """Productivity that is demand growth: normal, mean 0.95%, and nothing else.

    With cost that does not follow activity (elasticity 0), all demand treated, no real
    savings and no pressure, a year's productivity is the growth of demand: its mean
    plus a lasting error (sd 0.5 points) and a yearly shock (sd 1.0 points).
    """
    given = tiny.sure_tables()
    given["years"] = 5
    given["funding"] |= {
        "basis": "activity",
        "activity_growth": dict.fromkeys(TRUST_TYPES, 0.02),
        "support": {},
    }
    given["prices"] |= {"cost_uplift": 0.03, "agency_share": 0.04, "pressure": 0.0}
    given["programmes"] = {}
    given["demand"]["bias"] = {"normal": [0.0, 0.005]}
    given["demand"]["national_shock"] = {"sd": 0.01, "persistence": 0.0}
    for kind in TRUST_TYPES:
        given["demand"][kind] = {"trend": 0.0095, "source": "made up"}
    given["delivery"] |= {"real_share": 0.0, "cost_elasticity": 0.0, "treated": 1.0}
    given["targets"] = [
        {"name": "LTP", "rate": 0.011, "basis": "cash_releasing", "source": "made up"}
    ]
    return given


def test_the_long_term_plans_rate_has_the_chance_of_its_closed_form():
    """Sanity case 6 of the model: P(five-year mean >= 1.1%) = 0.41."""
    expected = float(ndtr((0.95 - 1.1) / np.sqrt(0.5**2 + 1.0**2 / 5)))
    assert expected == pytest.approx(0.41, abs=0.005)
    draws = 40_000
    _, tally = tiny.simulate(tiny.job(five_years_of_productivity()), draws)
    low, high = wilson(tally.sector[0, CASH_RELEASING], draws, 0.999)
    assert low < expected < high
    assert high - low < 0.02
    # Every trust has the same productivity, so the same draws achieve.
    assert (tally.trust[0, CASH_RELEASING] == tally.sector[0, CASH_RELEASING]).all()


# --- the balancing item ---------------------------------------------------------------

# Plans that take the whole target and have no limit, and cost that feels no pressure.
EASY = (
    "prices.pressure=0.0",
    "delivery.gap_closed=0.0",
    "delivery.plan_limit=1.0",
    "delivery.plan_sharpness=1.0",
    "delivery.treated=1.0",
    "delivery.real_share=0.95",
    "delivery.opportunity_scale=2.0",
)


def balanced(underlying, *settings, year=2021):
    given = tiny.tables()
    given["targets"].append(tiny.balancing(year, underlying))
    return tiny.job(given, *settings)


def at_central_values(work, rate):
    """The sector's underlying balance by year, for a given rate, with no luck."""
    sure = tiny.sure_tables()
    middle = {
        path: assumption.central()
        for path, assumption in uncertain(work.scenario).items()
    }
    sure["delivery"]["plan_sharpness"] = work.scenario.delivery.plan_sharpness
    rosters = work.scenario.programmes["rosters"]
    middle |= {"programmes.rosters.probability": 1.0 * (rosters.probability > 0.5)}
    sure["targets"] = [{**tiny.balancing(), "name": "t", "rate": rate}]
    del sure["targets"][0]["balancing_item"]
    for path, value in middle.items():
        *above, key = path.split(".")
        if above[0] != "programmes" or above[1] in sure["programmes"]:
            functools.reduce(dict.__getitem__, above, sure)[key] = value
    shards, _ = tiny.simulate(tiny.job(sure), 1)
    return tiny.per_draw(shards)["sector"][UNDERLYING, 0, :, 0]


@pytest.mark.parametrize(
    ("underlying", "year"), [(-5.0, 2021), (-20.0, 2021), (20.0, 2021), (-20.0, 2020)]
)
def test_a_balancing_item_closes_the_gap_to_a_million(underlying, year):
    work = balanced(underlying, *EASY, year=year)
    rate = work.plan.rate[3]
    assert (rate == rate[0]).all()
    assert 0.0 < rate[0] < work.scenario.delivery.ask_max
    level = at_central_values(work, float(rate[0]))[year - 2019]
    assert level == pytest.approx(underlying, abs=1.0)
    below = at_central_values(work, float(rate[0]) - 1e-8)[year - 2019]
    assert below < underlying  # no smaller rate near by would do
    assert len(work.notes) == 1
    assert f"{rate[0]:.2%} a year reaches" in work.notes[0]
    assert f"{underlying:,.0f}m in {year} at central values" in work.notes[0]


def test_a_balancing_item_is_the_least_rate_that_reaches_a_level_which_is_jumped_over():
    # Trusts that reach balance by a last one-off must find it again next year, so the
    # balance jumps where one trust more or less does.
    work = balanced(0.0, *EASY)
    rate = float(work.plan.rate[3, 0])
    before = at_central_values(work, rate - 1e-8)[2]
    after = at_central_values(work, rate)[2]
    assert before < 0.0 <= after
    assert after - before > 1.0
    assert "2021 at central values" in work.notes[0]


@pytest.mark.parametrize("follows", ["tariff", "gap"])
@pytest.mark.parametrize("year", [2019, 2021])
@pytest.mark.parametrize("underlying", [-60.0, -35.0, -10.0, 0.0, 12.0, 30.0])
def test_two_neighbours_on_the_grid_give_the_rate_that_all_of_it_gives(
    underlying, year, follows
):
    given = tiny.tables()
    given["targets"] = [tiny.balancing(year, underlying) | {"plan_follows": follows}]
    scenario, people = tiny.loaded(given, *EASY).scenario, tiny.people()
    trusts = drivers.trusts(people, scenario)
    rates, _ = prepare.rates_of(scenario, people, trusts)
    levels_at = prepare._underlying(scenario, people, trusts, scenario.targets[0])
    assert rates[0, 0] == on_the_whole_grid(
        levels_at, underlying, scenario.delivery.ask_max
    )


def on_the_whole_grid(levels_at, wanted, high):
    """The least rate that reaches a level, or the one that comes closest."""
    low = 0.0
    for _ in range(prepare.ROUNDS):
        rates = low + (high - low) * np.arange(prepare.GRID + 1) / prepare.GRID
        levels = levels_at(rates)
        reaches = levels >= wanted
        best = int(np.argmax(reaches if reaches.any() else levels))
        if reaches[0]:
            break
        low = rates[max(best - 1, 0)]
        high = rates[best if reaches.any() else min(best + 1, prepare.GRID)]
    return rates[best]


def test_a_balancing_item_out_of_reach_is_said_with_what_comes_closest():
    work = balanced(0.0)
    rate = float(work.plan.rate[3, 0])
    levels = {
        tried: at_central_values(work, tried)[2]
        for tried in (rate, *np.arange(0.0, 0.1, 0.005).tolist())
    }
    assert levels[rate] == pytest.approx(max(levels.values()), abs=0.01)
    assert levels[rate] < 0.0
    assert work.notes == (
        "what-closes-the-gap: NO rate reaches an underlying balance of 0m in 2021 at "
        f"central values; {rate:.2%} a year comes closest, with {levels[rate]:,.0f}m, "
        "and is what its line shows",
    )


def test_a_gap_that_is_closed_already_asks_for_nothing():
    work = balanced(-500.0)
    assert not work.plan.rate[3].any()
    assert "0.00% a year reaches" in work.notes[0]


def test_a_run_without_a_balancing_item_has_nothing_to_say(work):
    assert work.notes == ()


# --- a population that lacks a type ---------------------------------------------------


def test_a_type_without_trusts_achieves_nothing():
    work = tiny.job(text=tiny.without("SS1", "WB1"))
    _, tally = tiny.simulate(work, 100)
    for kind in ("specialist", "ambulance"):
        assert not tally.kind[:, :, TRUST_TYPES.index(kind)].any()


def test_a_type_without_trusts_puts_no_undefined_value_into_a_bin():
    work = tiny.job(text=tiny.without("SS1", "WB1"))
    assert np.isfinite(work.ranges.kind).all()


def test_a_type_without_trusts_has_no_chance_rather_than_one_of_nought():
    work = tiny.job(text=tiny.without("SS1", "WB1"))
    _, tally = tiny.simulate(work, 100)
    found = {v.path: values for v, values in variables.of_tally(work, tally, 100)}
    absent = [TRUST_TYPES.index(kind) for kind in ("specialist", "ambulance")]
    nobody = np.isin(np.arange(len(TRUST_TYPES)), absent)
    for end in ("", "_low", "_high"):
        assert (np.isnan(found[f"/type_probability{end}"]) == nobody).all()
    for name in ("cost", "measured", "trusts_in_deficit"):
        assert np.isnan(found[f"/bands/type_{name}"][:, absent]).all(), name


def test_a_type_without_trusts_leaves_the_others_as_they_were(work):
    fewer = tiny.job(text=tiny.without("SS1", "WB1"))
    _, before = tiny.simulate(work, 300)
    _, after = tiny.simulate(fewer, 300)
    for kind in ("acute", "mental_health", "community"):
        k = TRUST_TYPES.index(kind)
        assert np.array_equal(before.kind[:, :, k], after.kind[:, :, k])
        assert np.array_equal(before.kind_spread[:, k], after.kind_spread[:, k])
