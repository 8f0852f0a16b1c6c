"""Conditioning on the record: its parts against what is known exactly."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import processes
import pytest
from scipy import stats
from terminals import inside

import simulator as sim
from simulator.answers.calibrate import (
    calibrating,
    checking,
    emulator,
    foretelling,
    observed,
    sampling,
    space,
)
from simulator.answers.calibrate.foretelling import Luck
from simulator.answers.calibrate.likelihood import Likelihood
from simulator.answers.calibrate.remembered import Foretold
from simulator.errors import SimulatorError
from simulator.kernel import philox
from simulator.running import prepare
from simulator.sampling.stream import Stream
from simulator.scenario.fitting import population_of
from simulator.scenario.load import load_scenario

RNG = np.random.default_rng(11)


def some_likelihood(student: float | None) -> tuple[Likelihood, np.ndarray, np.ndarray]:
    n = 4
    root = RNG.standard_normal((n, n))
    errors = root @ root.T + np.eye(n)
    luck = np.array([[1.0 if i == j else 0.3 for j in range(n)] for i in range(n)])
    fitted = np.array([True, True, False, True])
    likely = Likelihood(RNG.standard_normal(n), errors, luck, fitted, student)
    return likely, RNG.standard_normal((5, n)), RNG.uniform(0.5, 2.0, (5, n))


@pytest.mark.parametrize("student", [None, 5.0])
def test_likelihood_is_that_of_the_distribution(student: float | None) -> None:
    likely, mean, sd = some_likelihood(student)
    found = likely.log(mean, sd)
    kept = likely.fitted
    for k in range(len(mean)):
        both = np.outer(sd[k], sd[k])
        covariance = (likely.luck * both + likely.errors)[np.ix_(kept, kept)]
        if student is None:
            known = stats.multivariate_normal(mean[k, kept], covariance)
        else:
            shape = covariance * (student - 2.0) / student
            known = stats.multivariate_t(mean[k, kept], shape, student)
        assert found[k] == pytest.approx(known.logpdf(likely.published[kept]))


def test_sampling_finds_a_posterior_that_is_known() -> None:
    """Of y = x + error, x standard normal: mean y / (1 + s^2), and its evidence."""
    seen, s = np.array([2.5, -1.0, 0.5]), 0.4

    def log(points: np.ndarray) -> np.ndarray:
        z = (seen - points) / s
        return -0.5 * (z**2).sum(1) - 3 * math.log(s) - 1.5 * math.log(2 * math.pi)

    found = sampling.draw(log, 4_000, 3, np.random.default_rng(5))
    np.testing.assert_allclose(found.points.mean(0), seen / (1 + s**2), atol=0.04)
    np.testing.assert_allclose(found.points.std(0), s / np.hypot(1, s), rtol=0.08)
    known = stats.norm(0, np.hypot(1, s)).logpdf(seen).sum()
    assert found.log_evidence == pytest.approx(known, abs=0.15)
    assert found.remembered < sampling.FORGOTTEN


def a_narrow_likelihood(n_dimension: int) -> sampling.Log:
    """Of n sums of the dimensions, each seen with an error of a tenth."""
    rng = np.random.default_rng(6)
    sums = rng.standard_normal((n_dimension, n_dimension))
    seen = rng.standard_normal(n_dimension) @ sums

    def log(points: np.ndarray) -> np.ndarray:
        return -0.5 * (((points @ sums - seen) / 0.1) ** 2).sum(1)

    return log


def test_the_least_particles_carry_the_moves_and_as_many_as_dimensions_do_not() -> None:
    log = a_narrow_likelihood(12)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        found = sampling.draw(log, sampling.least(12), 12, rng)
        assert np.isfinite(found.log_likelihood).all()
    with pytest.raises(np.linalg.LinAlgError):
        sampling.draw(log, 12, 12, np.random.default_rng(1))


def test_systematic_rows_come_as_often_as_due() -> None:
    weights = np.array([0.5, 0.25, 0.15, 0.1])
    chosen = sampling.systematic(weights, 40, np.random.default_rng(1))
    assert np.bincount(chosen).tolist() == [20, 10, 6, 4]


def test_the_stand_in_is_exact_of_a_polynomial() -> None:
    values = RNG.uniform(-1, 3, (300, 3))
    x, y, z = values.T
    mean = np.stack([1 + x - 2 * y * z + z**3, x * y], axis=1)
    sd = np.exp(np.stack([0.1 * x, 0.2 * y**2], axis=1))
    found = emulator.fit(values, Foretold(mean, sd), np.ones(300))
    more = RNG.uniform(0, 2, (20, 3))
    x, y, z = more.T
    known = np.stack([1 + x - 2 * y * z + z**3, x * y], axis=1)
    again = found.foretell(more)
    np.testing.assert_allclose(again.mean, known, atol=1e-3)
    np.testing.assert_allclose(again.sd[:, 0], np.exp(0.1 * x), rtol=1e-2)


def test_luck_comes_in_mirrored_pairs_and_is_the_same_for_every_belief() -> None:
    beliefs = {"delivery.real_share": np.array([0.5, 0.6])}
    luck = Luck(3, 8, beliefs, True)
    where = philox.place(philox.NATIONAL, 0, 2013)
    normals = luck.normals(philox.NATION, where)
    np.testing.assert_array_equal(normals[:, :4], -normals[:, 4:8])
    np.testing.assert_array_equal(normals[:, :8], normals[:, 8:])
    plain = Stream(3, 0, 4).normals(philox.NATION, where)
    np.testing.assert_array_equal(normals[:, :4], plain)


def test_no_figure_is_counted_twice() -> None:
    scored = observed.scored()
    chosen = [o for o, yes in zip(scored, observed.fitted(scored), strict=True) if yes]
    measures = {o.measure for o in chosen}
    assert not measures & {"other_in_deficit", "other_balance", "productivity"}
    assert "productivity_mean" in measures


def test_figures_are_left_out_by_year_and_by_day() -> None:
    scored = observed.scored()
    early = observed.fitted(scored, until=2015)
    assert {o.year for o, yes in zip(scored, early, strict=True) if yes} == {
        *(2013, 2014, 2015)
    }
    known = observed.fitted(scored, known_at="2019-01-31")
    kept = {o.name for o, yes in zip(scored, known, strict=True) if yes}
    assert "productivity_mean 2017" not in kept
    assert "productivity 2016" not in kept  # published in January 2020
    assert {"productivity 2015", "balance 2017", "underlying 2017"} <= kept


def test_errors_of_one_measure_go_together() -> None:
    scored = observed.scored()[:3]
    covariance = observed.errors(scored)
    assert [o.measure for o in scored] == ["balance"] * 3
    np.testing.assert_allclose(np.diag(covariance), 250.0**2 + 15.0**2)
    assert covariance[0, 1] == pytest.approx(0.5 * 250.0**2)
    assert np.diag(observed.errors(scored, 2.0))[0] == 500.0**2 + 15.0**2


def test_too_few_effective_beliefs_are_refused() -> None:
    past = space.Space({})
    nothing = np.zeros((3, 0))
    found = calibrating.Posterior(
        *(past, (), np.zeros(0, bool), nothing, np.ones(3) / 3),
        *(Foretold(nothing, nothing), 0.0, 3.0, 0.0),
    )
    with pytest.raises(SimulatorError, match="worth 3 equal ones, and 1,000"):
        found.check()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("long-term-plan",), "nothing that counts was published of 2019 to 2023"),
        (("hindcast-2013", "--until", "2012"), "nothing that counts was published"),
        (("hindcast-2013", "--known-at", "2013-05-01"), "by 2013-05-01"),
        (("hindcast-2013", "--known-at", "May 2013"), "'May 2013' is not a day"),
        (("hindcast-2013", "--beliefs", "200"), "beliefs: 200 are too few to tell"),
        (("hindcast-2013", "--beliefs", "900"), "least: 900 weighted beliefs cannot"),
        (("hindcast-2013", "--beliefs", "200000"), "beliefs: 200,000 are more"),
    ],
)
def test_what_cannot_be_weighed_is_refused_at_once(
    words: tuple[str, ...], problem: str, tmp_path: Path
) -> None:
    done = inside(tmp_path, "calibrate", *words, "-o", "mine.csv")
    assert done.returncode == 1
    assert problem in done.stderr
    assert not list(tmp_path.iterdir())


def test_packaged_beliefs_are_shown(tmp_path: Path) -> None:
    words = ("calibrate", "show", "record-2013-2017")
    assert processes.fault(processes.simulator(*words, folder=tmp_path)) == ""


@pytest.fixture(scope="module")
def foreteller() -> foretelling.Foreteller:
    loaded = load_scenario("hindcast-2013")
    one = loaded.scenario.model_copy(update={"targets": loaded.scenario.targets[:1]})
    job = prepare.prepare_counts(one, population_of(loaded), 5)
    past = space.of_past(one)
    n = len(observed.scored())
    return foretelling.Foreteller(
        *(job, past, observed.scored(), 64, np.eye(n), np.zeros(n), np.ones(n), 1)
    )


def test_what_beliefs_foretell_does_not_depend_on_threads_or_company(
    foreteller: foretelling.Foreteller,
) -> None:
    points = np.random.default_rng(2).standard_normal((5, len(foreteller.space.paths)))
    values = foreteller.space.values(points)
    one = foreteller.foretell(values)
    two = replace(foreteller, threads=2).foretell(values)
    alone = foreteller.foretell(values[3:4])
    np.testing.assert_array_equal(one.mean, two.mean)
    np.testing.assert_array_equal(one.sd, two.sd)
    np.testing.assert_array_equal(one.mean[3:4], alone.mean)


def test_what_is_foretold_is_what_a_hindcast_shows(
    foreteller: foretelling.Foreteller,
) -> None:
    """Beliefs of the prior, each in one future: the means of a plain run."""
    points = np.random.default_rng(4).standard_normal((64, len(foreteller.space.paths)))
    values = foreteller.space.values(points)
    each = foreteller.one_future_each(values, 9)
    scored = sim.hindcast(sim.run("hindcast-2013", draws=256)).isel(target=0)
    for k, o in enumerate(foreteller.observations):
        said = scored["model"].sel(measure=o.measure, year=o.year)
        low, high = (float(said.sel(quantile=q)) for q in (0.05, 0.95))
        inside = ((each[:, k] > low) & (each[:, k] < high)).mean()
        assert inside > 0.7, o.name


@pytest.mark.slow
def test_true_beliefs_have_every_rank_equally_often() -> None:
    """Simulation-based calibration, with a control that is too sure of itself."""
    loaded = load_scenario("hindcast-2013")
    bank = calibrating.bank(
        loaded.scenario, population_of(loaded), "gap", beliefs=1_000
    )
    fitted = observed.fitted(bank.foreteller.observations)
    how = {"trials": 40, "rows": 400}
    right = checking.uneven(checking.ranks(bank, fitted, **how))
    wrong = checking.uneven(checking.ranks(bank, fitted, trust=0.1, **how))
    assert right.min() * len(right) > 0.01
    assert wrong.min() * len(wrong) < 1e-4
