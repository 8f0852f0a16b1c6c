"""Beliefs that go together: their rank correlations, marginals, words and refusals."""

import json
import math
import tomllib

import numpy as np
import processes
import pytest
import tiny
from click.testing import CliRunner
from scipy.stats import kstest, spearmanr

from simulator import drivers
from simulator.answers.calibrate import space
from simulator.answers.worth.simulate import INNER, Held
from simulator.cli import main
from simulator.errors import ScenarioError
from simulator.kernel import normal
from simulator.sampling import addresses, copula
from simulator.sampling.grouped import FUTURES, Nested
from simulator.sampling.sobol import sampler
from simulator.sampling.stream import Stream
from simulator.scenario import correlation, dependence
from simulator.scenario.load import scenario_from_tables
from simulator.scenario.uncertain import prior, uncertain
from simulator.scenario.write import resolved_toml

DRAWS = 40_000
# An interval of a normal, one within bounds, a uniform and a triangular value.
A, B, C, D = (
    *("prices.pressure", "delivery.real_share"),
    *("delivery.gap_closed", "delivery.cost_elasticity"),
)
STATED = {
    "one": {"beliefs": [A, B], "value": 0.6},
    "two": {"beliefs": [C, A], "value": -0.5},
    "three": {"beliefs": [B, D], "value": 0.3},
}


def tables(stated=STATED, **changed):
    """The tiny scenario with beliefs that go together."""
    found = tiny.tables()
    found["prices"]["pressure"] = {"interval": [0.002, 0.01]}
    found["delivery"]["real_share"] = {"interval": [0.4, 0.8], "within": [0.0, 1.0]}
    if stated:
        found["belief_correlations"] = {"source": "made up", **stated}
    return found | changed


def scenario(stated=STATED, settings=()):
    return scenario_from_tables([tables(stated)], settings).scenario


def drawn(of, stream):
    return {path: stream.value(path, uncertain(of)[path]) for path in (A, B, C, D)}


def error(rank, n):
    """The standard error of a rank correlation (Bonett and Wright 2000)."""
    return (1.0 - rank**2) * math.sqrt((1.0 + rank**2 / 2.0) / (n - 3.0))


def ranks(found, one, other):
    return float(spearmanr(found[one], found[other])[0])


# --- correlations ---------------------------------------------------------------------


@pytest.mark.parametrize("rank", [-1.0, -0.7, 0.0, 0.1, 0.5, 1.0])
def test_ranks_and_normals_are_correlated_as_the_formula_says(rank):
    made = correlation.of_normals(rank)
    assert made == pytest.approx(2.0 * math.sin(math.pi * rank / 6.0), abs=1e-15)
    assert float(correlation.of_ranks(np.array(made))) == pytest.approx(rank)


def test_the_nearest_valid_matrix_leaves_alone_what_is_not_stated():
    wanted = np.array(
        [[1, 0.9, 0.9, 0], [0.9, 1, -0.9, 0], [0.9, -0.9, 1, 0.2], [0, 0, 0.2, 1]]
    )
    near = correlation.nearest_valid(wanted, wanted != 0.0, lambda m: np.round(m, 3))
    assert correlation.is_valid(near)
    assert (near[wanted == 0.0] == 0.0).all()
    assert near[0, 1] == pytest.approx(0.5, abs=0.02)


def test_a_normal_is_found_in_the_word_that_it_came_from():
    words = np.random.default_rng(1).integers(0, 2**32, 5_000, np.uint64)
    words[:4] = 0, 2**31 - 1, 2**31, 2**32 - 1
    normals, uniforms = np.empty(len(words)), np.empty(len(words))
    normal.fill_normals(words, normals)
    normal.fill_uniforms(words, uniforms)
    found = copula.standing(normals)
    assert np.array_equal(found[0], uniforms)
    assert np.array_equal(found[1], normals)
    far = copula.standing(np.array([-9.0, 9.0]))[1]
    assert far.tolist() == [normals.min(), normals.max()]


# --- what is drawn --------------------------------------------------------------------


def test_beliefs_have_the_rank_correlations_that_are_stated():
    found = drawn(scenario(), Stream(7, 0, DRAWS))
    for one in STATED.values():
        rank = ranks(found, *one["beliefs"])
        assert abs(rank - one["value"]) < 4.0 * error(one["value"], DRAWS)
    for pair in ((B, C), (A, D), (C, D)):  # nothing is stated of them
        assert abs(ranks(found, *pair)) < 4.0 * error(0.0, DRAWS)
    alone = drawn(scenario(None), Stream(7, 0, DRAWS))
    rank = ranks(alone, A, B)
    assert abs(rank) < 4.0 * error(0.0, DRAWS)
    assert abs(rank - 0.6) > 40.0 * error(0.6, DRAWS)


def test_normals_that_are_not_converted_would_be_seen():
    """The negative control: 0.5 between normals is 0.4826 between ranks."""
    many = 200_000
    z = np.random.default_rng(3).standard_normal((2, many))
    plain = {A: z[0], B: 0.5 * z[0] + math.sqrt(0.75) * z[1]}
    assert abs(ranks(plain, A, B) - 0.5) > 4.0 * error(0.5, many)
    stated = {"one": {"beliefs": [A, B], "value": 0.5}}
    found = drawn(scenario(stated), Stream(7, 0, many))
    assert abs(ranks(found, A, B) - 0.5) < 4.0 * error(0.5, many)


def test_each_belief_keeps_its_own_distribution():
    together, alone = scenario(), scenario(None)
    found, before = (drawn(one, Stream(7, 0, DRAWS)) for one in (together, alone))
    for path in (A, B, C, D):
        assert kstest(found[path], before[path]).pvalue > 0.001
        low, high = prior(together)[path].bounds()
        assert low <= found[path].min()
        assert found[path].max() <= high
    shifted = found[A] + 0.05 * found[A].std()  # the test would see so little
    assert kstest(shifted, before[A]).pvalue < 0.001


def test_a_draw_is_the_same_alone_and_among_others_and_in_any_order():
    one = scenario()
    whole, alone = drawn(one, Stream(7, 0, 100)), drawn(one, Stream(7, 42, 1))
    turned = scenario(dict(reversed(STATED.items())))
    for path in (A, B, C, D):
        assert alone[path][0] == whole[path][42]
        assert np.array_equal(drawn(turned, Stream(7, 0, 100))[path], whole[path])


def test_threads_move_no_bit():
    job = tiny.job(tables())
    found = {tiny.digest(*tiny.simulate(job, 1_100, threads=n)) for n in (1, 2)}
    assert len(found) == 1
    apart = tiny.job(tables(None))
    assert tiny.digest(*tiny.simulate(apart, 1_100)) not in found


def test_evenly_spread_beliefs_go_together_too():
    one, size = scenario(), 1_024
    found = drawn(one, sampler(one, size)(7, 0, size))
    for pair in STATED.values():
        # Evenly spread draws miss by less than independent ones.
        rank = ranks(found, *pair["beliefs"])
        assert abs(rank - pair["value"]) < 1.5 * error(pair["value"], size)


def test_futures_of_one_belief_share_all_that_goes_together():
    found = drawn(scenario(), Nested(7, 0, 3 * FUTURES))
    own = drawn(scenario(), Stream(7, 0, 3))
    for path in (A, B, C, D):
        assert np.array_equal(found[path][::FUTURES], own[path])
        assert np.array_equal(found[path], np.repeat(own[path], FUTURES))


def test_the_middle_of_a_belief_is_its_own():
    together, alone = drivers.central(scenario()), drivers.central(scenario(None))
    for path, values in alone.assumptions.items():
        assert np.array_equal(together.assumptions[path], values)


# --- what is set ----------------------------------------------------------------------


def test_a_belief_that_is_set_drops_out_and_moves_no_other():
    one = scenario(settings=[f"{A}=0.004"])
    found, before = (drawn(s, Stream(7, 0, 500)) for s in (one, scenario()))
    assert (found[A] == 0.004).all()
    for path in (B, C, D):
        assert np.array_equal(found[path], before[path])
    said = list(dependence.notes(one.belief_correlations, prior(one)))
    assert said == [
        f"The rank correlation of {A} and {B} counts for nothing: {A} is set. What is "
        "set says nothing of what is not.",
        f"The rank correlation of {C} and {A} counts for nothing: {A} is set. What is "
        "set says nothing of what is not.",
        f"{B} and {D} are drawn together, with a rank correlation of 0.3.",
    ]


def test_whichever_belief_comes_first_the_joint_distribution_is_the_same():
    one = scenario()
    own = prior(one)
    for first in (B, D):
        found = dependence.correlated(one.belief_correlations, own, first=first)
        assert found[first].weights == ((first, 1.0),)
        stream = Stream(7, 0, DRAWS)
        values = {path: stream.value(path, found[path]) for path in (A, B, C, D)}
        for pair in STATED.values():
            rank = ranks(values, *pair["beliefs"])
            assert abs(rank - pair["value"]) < 4.0 * error(pair["value"], DRAWS)


def test_a_belief_held_for_the_value_of_knowing_it_brings_the_others_along():
    one = scenario()
    found = dependence.correlated(one.belief_correlations, prior(one), first=B)
    n = 64 * INNER
    stream = Held(7, 0, n, addresses.of_assumption(B), found)
    held, other = (stream.value(path, found[path]) for path in (B, A))
    by_value = held.reshape(-1, INNER)
    assert (by_value == by_value[:, :1]).all()
    # Where B is known, what is left of A's variance is about 1 - 0.6^2 of it.
    left = other.reshape(-1, INNER).var(axis=1).mean() / other.var()
    assert left == pytest.approx(0.64, abs=0.08)


def test_a_scenario_without_the_table_is_written_as_ever():
    assert "belief_correlations" not in resolved_toml(tiny.loaded(tables(None)))
    loaded = tiny.loaded(tables())
    again = scenario_from_tables([tomllib.loads(resolved_toml(loaded))])
    assert again.scenario == loaded.scenario
    assert loaded.origins["belief_correlations.one.value"].source == "made up"


# --- calibration ----------------------------------------------------------------------


def test_calibration_begins_from_beliefs_that_go_together():
    past = space.of_past(scenario())
    points = np.random.default_rng(5).standard_normal((DRAWS, len(past.paths)))
    found = dict(zip(past.paths, past.values(points).T, strict=True))
    for pair in STATED.values():
        rank = ranks(found, *pair["beliefs"])
        assert abs(rank - pair["value"]) < 4.0 * error(pair["value"], DRAWS)
    assert space.of_past(scenario(None)).root is None


def test_calibration_refuses_what_goes_with_what_no_record_tells():
    stated = {"one": {"beliefs": [A, "conditions.workforce"], "value": 0.2}}
    with pytest.raises(ScenarioError, match=r"correlates conditions\.workforce, of"):
        space.of_past(scenario(stated))


# --- commands -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("together")
    tiny.write(place, tables())
    words = ("run", "tiny.toml", "--draws", "400", "-o", "run.h5")
    done = processes.python("-m", "simulator.cli", *words, folder=place)
    assert processes.fault(done) == ""
    return place


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "run.h5"),
        ("explain", "run.h5", "--draw", "3", "--trust", "NA1", "--target", "four"),
        ("worth", "run.h5", "--target", "stepped"),
        ("requires", "run.h5", "--target", "stepped", "--probability", "0.2"),
        ("check", "tiny.toml"),
        ("tornado", "tiny.toml", "--target", "stepped", "--draws", "50"),
        ("run", "tiny.toml", "--sampling", "rqmc", "--draws", "512", "-o", "even.h5"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_ends_well_and_in_silence(folder, words):
    done = processes.python("-m", "simulator.cli", *words, folder=folder)
    assert processes.fault(done) == ""


def test_beside_a_record_the_table_is_refused(folder):
    words = ("-m", "simulator.cli", "run", "tiny.toml", "--beliefs", "record")
    done = processes.python(*words, folder=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "belief_correlations: stands beside beliefs given the record" in done.stderr


def test_the_split_shares_out_what_goes_together(folder):
    words = ["uncertainty", str(folder / "tiny.toml"), "--target", "stepped"]
    words += ["--draws", "1024", "--json"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    found = json.loads(result.stdout)["targets"][0]["assumptions"]["sector"]
    assert "rest" in found
