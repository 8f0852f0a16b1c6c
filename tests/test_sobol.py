"""Evenly spread draws: the same distributions, better means, honest intervals."""

import hashlib
from dataclasses import fields
from functools import partial

import numpy as np
import pytest
import replicating
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, stdtrit
from test_engine import five_years_of_productivity

from simulator import drivers
from simulator.engine import blocks
from simulator.errors import ScenarioError
from simulator.kernel import philox
from simulator.kernel.workspace import GROUP_RESULTS
from simulator.running import prepare
from simulator.sampling import addresses, rotation, sobol
from simulator.sampling.sobol import (
    COMPONENTS,
    DIMENSION,
    SobolStream,
)
from simulator.sampling.stream import Stream
from simulator.scenario.model import years
from simulator.scenario.uncertain import uncertain
from simulator.schema import OUTCOMES, TRUST_TYPES
from simulator.statistics.intervals import wilson
from simulator.statistics.replicates import chance

SIZE = 256
CASH_RELEASING = OUTCOMES.index("cash_releasing")


@pytest.fixture(scope="module")
def scenario():
    return tiny.loaded().scenario


def stream(scenario, first=0, n_draw=SIZE, size=SIZE, seed=5):
    return SobolStream(scenario, size, seed, first, n_draw)


def different(one, other):
    """Names of what differs between two `Drawn`, assumptions by path."""
    found = set()
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, dict):
            found |= {p for p in a.keys() & b.keys() if not np.array_equal(a[p], b[p])}
        elif not np.array_equal(a, b):
            found.add(field.name)
    return found


# --- points ---------------------------------------------------------------------------


def test_each_dimension_of_a_replicate_has_a_draw_in_every_cell():
    words = sobol.points(5, SIZE, 3 * SIZE, SIZE)
    assert words.shape == (len(DIMENSION), SIZE)
    cells = np.sort((words >> np.uint64(24)).astype(int), axis=1)
    assert (cells == np.arange(SIZE)).all()
    # Independent words leave many cells empty.
    plain = Stream(5, 0, SIZE).words(0, 0) >> np.uint64(24)
    assert all(len(set(row.tolist())) < SIZE for row in plain)


def test_the_first_two_dimensions_fill_the_square_evenly():
    words = (sobol.points(5, SIZE, 0, SIZE)[:2] >> np.uint64(28)).astype(int)
    assert len(set(zip(*words.tolist(), strict=True))) == SIZE  # of 16 x 16 cells


@pytest.mark.parametrize(
    ("first", "n_draw"), [(0, 1), (0, 100), (255, 2), (100, 700), (512, 256), (700, 3)]
)
def test_draws_are_the_same_in_any_part(first, n_draw):
    whole = sobol.points(5, SIZE, 0, 4 * SIZE)
    part = sobol.points(5, SIZE, first, n_draw)
    assert np.array_equal(part, whole[:, first : first + n_draw])


def test_replicates_and_seeds_are_scrambled_each_on_its_own():
    words = [
        sobol.points(seed, SIZE, r * SIZE, SIZE) for seed in (5, 6) for r in (0, 1)
    ]
    for one in range(4):
        for other in range(one):
            assert (words[one] == words[other]).mean() < 1e-3
    first = np.array([sobol.points(5, 1, r, 1)[:, 0] for r in range(80)]) / 2.0**32
    assert first.mean() == pytest.approx(0.5, abs=0.01)
    assert first.std() == pytest.approx(12**-0.5, abs=0.01)


def test_the_points_have_the_bits_they_always_had():
    # Another version of SciPy or NumPy might scramble otherwise: then runs move.
    words = sobol.points(2019, 64, 0, 192)
    digest = hashlib.sha256(words.astype("<u4").tobytes()).hexdigest()
    assert digest[:16] == "fa41a1c119821295"


# --- addresses ------------------------------------------------------------------------


def test_every_assumption_has_a_dimension(scenario):
    paths = [p for p in uncertain(scenario) if not p.startswith("programmes.")]
    assert set(paths) <= {*DIMENSION}
    assert "delivery.real_share" in paths


def test_every_dimension_is_used_once(scenario):
    rows = [name for _, name in sobol._rows(scenario).values()]
    assert len(rows) == len(set(rows))
    series = {
        f"{s.name} {k}"
        for s in (*sobol.NATIONAL, *addresses.BY_TYPE)
        for k in range(COMPONENTS)
    }
    programmes = {name for name in DIMENSION if name.startswith("programme ")}
    regimes = {name for name in DIMENSION if name.startswith("high inflation")}
    assert set(rows) | series | programmes | regimes == set(DIMENSION)
    assert len({tuple(row) for row in sobol.points(5, 64, 0, 64)}) == len(DIMENSION)


def test_assumptions_and_programmes_come_from_their_dimension(scenario):
    even = stream(scenario)
    where = philox.place(philox.ASSUMPTION, 0, None)
    words = even.words(addresses.hashed("delivery.real_share"), where)
    assert np.array_equal(words[0], even._points[DIMENSION["delivery.real_share"]])
    index = list(scenario.programmes).index("rosters")
    happens = philox.place(philox.PROGRAMME, 0, None)
    words = even.words(addresses.hashed("programmes.rosters"), happens)
    expected = even._points[DIMENSION[f"programme {index} happens"]]
    assert np.array_equal(words[0], expected)


def test_what_has_no_dimension_is_as_in_a_plain_run(scenario):
    even, plain = stream(scenario, 100), Stream(5, 100, SIZE)
    spare = (
        addresses.hashed("no.such.assumption"),
        philox.place(philox.ASSUMPTION, 0, None),
    )
    assert np.array_equal(even.words(*spare), plain.words(*spare))
    trust = 12345, philox.place(philox.TRUST, 0, 2020)
    assert np.array_equal(even.normals(*trust), plain.normals(*trust))


CHANGES = {
    "an assumption made sure": ("delivery.real_share=0.6", {"belief"}),
    "an assumption made unsure": (
        "delivery.opportunity_scale={uniform = [0.9, 1.1]}",
        {"belief"},
    ),
    "a shock": (
        "prices.pay_shock.sd=0.02",
        {"pay"},
    ),
    "high inflation": ("prices.tail.enter=0.3", {"pay", "nonpay"}),
    "a programme": (
        "programmes.rosters.enabled=false",
        {"new_opportunity", "upfront"},
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_moves_no_other_number(scenario, change):
    setting, moved = CHANGES[change]
    other = tiny.loaded(None, setting).scenario
    one = drivers.draw_from(scenario, stream(scenario))
    found = different(one, drivers.draw_from(other, stream(other)))
    assert found - {"high_inflation", "delivery.real_share"} == moved


# --- rotation -------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(st.floats(-0.95, 0.95), st.integers(1, 12))
def test_a_series_is_turned_so_that_its_first_component_moves_the_total(r, n):
    direction = rotation.total_direction(r, n)
    turn = np.array(rotation.rotation_to(direction))
    assert turn @ turn.T == pytest.approx(np.eye(n), abs=1e-14)
    assert turn[:, 0] == pytest.approx(direction, abs=1e-15)
    factor = np.zeros((n, n))  # of the AR(1) covariance, sd 1
    for t in range(n):
        for y in range(t + 1):
            factor[t, y] = r ** (t - y) * (1.0 if y == 0 else np.sqrt(1 - r * r))
    stationary = r ** abs(np.subtract.outer(range(n), range(n)))
    assert factor @ factor.T == pytest.approx(stationary, abs=1e-12)
    total = factor.sum(axis=0) @ turn
    assert total[0] > 0.0
    assert total[1:] == pytest.approx(np.zeros(n - 1), abs=1e-12)


def moments(scenario, first, n_draw, size):
    """Means and covariances of all that is drawn by year, national then by type."""
    drawn = drivers.draw_from(scenario, stream(scenario, first, n_draw, size))
    own = drawn.demand - drawn.demand.mean(axis=0)
    rows = [drawn.pay, drawn.nonpay, drawn.pressure[0], drawn.demand[0], drawn.delivery]
    values = np.concatenate([*rows, *own])
    return values.mean(axis=1), np.cov(values)


def test_distributions_are_those_of_independent_draws():
    given = tiny.tables()
    given["prices"]["pay_shock"] = {"sd": 0.01, "persistence": 0.6}
    given["demand"]["national_shock"] = {"sd": 0.008, "persistence": -0.3}
    scenario = tiny.loaded(given).scenario
    mean, covariance = moments(scenario, 0, 16_384, 16_384)
    plain = drivers.draw(scenario, 9, 0, 65_536)
    own = plain.demand - plain.demand.mean(axis=0)
    rows = [plain.pay, plain.nonpay, plain.pressure[0], plain.demand[0], plain.delivery]
    values = np.concatenate([*rows, *own])
    sd = values.std(axis=1)
    assert mean == pytest.approx(values.mean(axis=1), abs=4 * sd.max() / 256)
    scale = np.outer(sd, sd)
    assert covariance / scale == pytest.approx(np.cov(values) / scale, abs=0.025)


@pytest.mark.parametrize("path", ["delivery.real_share", "demand.bias"])
def test_an_assumption_has_its_quantiles(scenario, path):
    values = drivers.draw_from(scenario, stream(scenario, size=4096, n_draw=4096))
    found = np.quantile(values.assumptions[path], [0.1, 0.5, 0.9])
    plain = drivers.draw(scenario, 3, 0, 40_000).assumptions[path]
    expected = np.quantile(plain, [0.1, 0.5, 0.9])
    assert found == pytest.approx(expected, abs=0.03 * plain.std())


def test_years_past_the_last_component_are_independent_draws():
    given = five_years_of_productivity()
    given["years"] = 8
    scenario = tiny.loaded(given).scenario
    even = stream(scenario, n_draw=4096, size=4096)
    z = [
        even.normals(philox.NATION, philox.place(philox.NATIONAL, 0, year))[3]
        for year in years(scenario)
    ]
    assert np.cov(z) == pytest.approx(np.eye(8), abs=0.06)
    # Turned back: the later components are a plain stream's.
    turn = np.array(rotation.rotation_to(rotation.total_direction(0.0, 8)))
    components = turn.T @ np.array(z)
    plain = Stream(5, 0, 4096)
    for k, year in enumerate(years(scenario)):
        where = philox.place(philox.NATIONAL, 0, year)
        expected = plain.normals(philox.NATION, where)[3]
        assert np.allclose(components[k], expected) == (k >= COMPONENTS)


# --- sizes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draws", "size"), [(16_384, 1024), (32, 2), (1_048_576, 65_536)]
)
def test_draws_are_split_into_replicates(draws, size):
    assert sobol.replicate_size(draws) == size


@pytest.mark.parametrize(
    ("draws", "said"),
    [
        (10_000, "give 8,192 or 16,384"),
        (16, "give 32 or 64"),
        (0, "give 32 or 64"),
        (16_385, "give 16,384 or 32,768"),
    ],
)
def test_other_numbers_of_draws_are_refused(draws, said):
    with pytest.raises(ScenarioError) as error:
        sobol.replicate_size(draws)
    assert str(error.value).startswith(f"draws: {draws:,} draws are not 16 replicates")
    assert said in str(error.value)


@pytest.mark.parametrize("size", [0, 3, 1000])
def test_a_replicate_is_a_power_of_two(scenario, size):
    with pytest.raises(ScenarioError, match="power of two"):
        sobol.sampler(scenario, size)


# --- intervals over replicates --------------------------------------------------------


def test_a_chance_has_students_interval_over_replicates():
    counts = np.array([40, 44, 38, 46])
    found = chance(counts, 100)
    half = stdtrit(3, 0.975) * (counts / 100).std(ddof=1) / 2
    assert float(found.value) == pytest.approx(0.42)
    assert float(found.low) == pytest.approx(0.42 - half)
    assert float(found.high) == pytest.approx(0.42 + half)


@pytest.mark.parametrize("achieved", [0, 9, 391, 400])
def test_a_chance_that_few_draws_show_has_wilsons(achieved):
    counts = np.array([achieved // 4] * 3 + [achieved - 3 * (achieved // 4)])
    found = chance(counts, 100)
    low, high = wilson(achieved, 400)
    assert (float(found.low), float(found.high)) == (float(low), float(high))
    assert found.high > found.low


def test_a_chance_stays_within_nought_and_one():
    found = chance([[0, 0, 0, 40], [100, 100, 100, 60]], 100)
    assert found.low.tolist()[0] == 0.0
    assert found.high.tolist()[1] == 1.0


# --- runs -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def work():
    loaded = tiny.loaded()
    return prepare.prepare_counts(loaded.scenario, tiny.people(), 5)


@pytest.fixture(scope="module")
def found(work):
    return replicating.replicated(work, 4, 128)


def test_estimates_are_those_of_the_draws(work, found):
    how = {"stream": sobol.sampler(work.scenario, 128), "by_unit": True}
    parts, tally = tiny.simulate(work, 512, **how)
    assert (found["sector_probability"] == tally.sector / 512).all()
    assert (found["probability"] == tally.trust / 512).all()
    assert np.allclose(found["system_probability"], tally.system / 512)
    share = tally.trust.sum(axis=-1) / 512 / 8
    assert np.allclose(found["mean_share_achieving"], share)
    sector = tiny.per_draw(parts)["sector"]
    assert np.allclose(found["mean_balance"], sector[7].mean(axis=-1))
    shares = tally.trust * 0.0
    for r in range(4):
        _, one = tiny.simulate(work, 128, first_draw=128 * r, **how)
        shares = shares + one.trust / 128
    assert np.allclose(found["probability"], shares / 4)
    assert found.attrs == {"draws": 512, "replicates": 4, "confidence": 0.95}


def test_every_estimate_stands_within_its_interval(found):
    names = [n for n in found.data_vars if not str(n).endswith(("_low", "_high"))]
    assert len(names) == 5 + len(GROUP_RESULTS)
    for name in names:
        inside = (found[f"{name}_low"] <= found[name]) & (
            found[name] <= found[f"{name}_high"]
        )
        assert inside.all(), name


def test_threads_move_no_number_of_a_replicated_run(work, found):
    assert replicating.replicated(work, 4, 128, threads=1).identical(found)


def test_a_type_without_trusts_has_no_chance(work):
    people = tiny.people(tiny.without("SS1"))
    fewer = prepare.prepare_counts(work.scenario, people, 5)
    found = replicating.replicated(fewer, 2, 64)
    for end in ("", "_low", "_high"):
        none = found[f"type_probability{end}"].isnull().all(("target", "outcome"))
        assert none.values.tolist() == [kind == "specialist" for kind in TRUST_TYPES]


def test_trusts_own_shocks_are_those_of_a_plain_run():
    quiet = tiny.sure_tables()
    quiet["demand"]["trust_sd"] = 0.012
    work = prepare.prepare_counts(tiny.loaded(quiet).scenario, tiny.people(), 5)
    plain, _ = tiny.simulate(work, 128)
    even, _ = tiny.simulate(work, 128, stream=sobol.sampler(work.scenario, 64))
    sector = tiny.per_draw(plain)["sector"]
    assert np.array_equal(sector, tiny.per_draw(even)["sector"])
    assert sector[GROUP_RESULTS.index("balance")].std() > 0.0


# --- known answers --------------------------------------------------------------------

EXPECTED = float(ndtr((0.95 - 1.1) / np.sqrt(0.5**2 + 1.0**2 / 5)))


def five_years():
    job = tiny.job(five_years_of_productivity(), text=tiny.without("NC1", "NM1"))
    return prepare.prepare_counts(job.scenario, job.population, 11)


def test_the_long_term_plans_rate_has_the_chance_of_its_closed_form():
    found = replicating.replicated(five_years(), 16, 1024).isel(target=0)
    row = found.sel(outcome="cash_releasing")
    low, high = (float(row[f"sector_probability_{end}"]) for end in ("low", "high"))
    assert low < EXPECTED < high
    plain = np.subtract(*wilson(0.41 * 16_384, 16_384)[::-1])
    assert high - low < 0.6 * plain
    mean = found["mean_cash_releasing"].sum("year")
    assert float(mean) == pytest.approx(5 * 0.0095, abs=5e-5)


def test_means_of_evenly_spread_draws_vary_far_less():
    # The mean of a smooth output: the five-year productivity of the sector.
    work = five_years()
    even = sobol.sampler(work.scenario, 256)
    row = GROUP_RESULTS.index("cash_releasing")
    variances = []

    def take(means, shard):
        means.append(shard.sector[row].sum())

    for how in (even, Stream):
        means = []
        for r in range(24):
            blocks.simulate(
                work,
                256,
                first_draw=256 * r,
                threads=1,
                stream=how,
                on_shard=partial(take, means),
            )
        variances.append(np.var(means))
    assert variances[1] / variances[0] > 50


@pytest.mark.slow
def test_intervals_over_replicates_hold_the_truth_as_often_as_they_say():
    truths = {
        "sector_probability": EXPECTED,
        "mean_share_achieving": EXPECTED,  # all trusts have the same productivity
        "mean_cash_releasing": 0.0095,
    }
    base, held = five_years(), []
    for seed in range(150):
        work = prepare.prepare_counts(base.scenario, base.population, seed)
        found = replicating.replicated(work, 16, 64, threads=1)
        row = found.isel(target=0).sel(outcome="cash_releasing")
        inside = [
            (row[f"{name}_low"] <= truth) & (truth <= row[f"{name}_high"])
            for name, truth in truths.items()
        ]
        held.append([float(part.mean()) for part in inside])
    coverage = np.mean(held, axis=0)
    # A standard error of 150 runs is 2 points.
    assert coverage.min() > 0.90
    assert coverage.max() < 0.99
