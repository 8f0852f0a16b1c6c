"""Terms that the model leaves out, as benchmarks/trials.py tries them."""

from dataclasses import replace

import numpy as np
import pytest
import tiny

from benchmarks import trial_year, trials
from simulator import drivers
from simulator.engine import few
from simulator.kernel.workspace import GROUP_RESULTS, LANES

FIRST = 5  # number of the first draw
TARGET = 1  # stepped; plans follow the gap


def followed(job, **terms):
    """The sector's results by name, (year, draw), and its outcomes."""
    drawn = drivers.draw(job.scenario, job.seed, FIRST, LANES)
    values = {name: np.full(LANES, value) for name, value in terms.items()}
    seen = trial_year.follow(job, TARGET, drawn, values, FIRST)
    return dict(zip(GROUP_RESULTS, seen.sector[:, :, 0].swapaxes(0, 1), strict=True))


@pytest.fixture(scope="module")
def job():
    return tiny.job()


@pytest.fixture(scope="module")
def plain(job):
    return followed(job)


@pytest.mark.parametrize("target", range(3))
def test_without_terms_it_is_the_kernel(job, target):
    drawn = drivers.draw(job.scenario, job.seed, FIRST, LANES)
    nation = drivers.nation(drawn)
    kernel = few.everything(job.trusts, job.plan, nation, job.seed, LANES, FIRST)
    seen = trial_year.follow(job, target, drawn, {}, FIRST)
    sector, kind = kernel.sector[:, target], kernel.kind[:, target]
    np.testing.assert_allclose(
        seen.sector[:, :, 0].swapaxes(0, 1), sector, rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(seen.kind.swapaxes(0, 1), kind, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(seen.achieved, kernel.achieved[target])


@pytest.mark.parametrize(
    ("term", "nothing"),
    [
        ("spent", 0.0),
        ("spent_for_good", 0.0),
        ("netted", 0.0),
        ("switched", 0.0),
    ],
)
def test_a_term_may_come_to_nothing(job, plain, term, nothing):
    found = followed(job, **{term: nothing})
    for name, values in found.items():
        np.testing.assert_allclose(values, plain[name], rtol=1e-9, atol=1e-9)


def test_a_target_on_as_much_income_as_is_drawn_changes_nothing():
    sure = tiny.job(None, "prices.national_share=0.7")
    found, wanted = followed(sure, national_share=0.7), followed(sure)
    for name, values in found.items():
        np.testing.assert_allclose(values, wanted[name], rtol=1e-9, atol=1e-9)


def test_a_target_on_no_income_moves_no_price(job):
    free = job.plan._replace(price=job.plan.price + job.plan.rate)
    wanted = followed(replace(job, plan=free))
    found = followed(job, national_share=0.0)
    for name, values in found.items():
        np.testing.assert_allclose(values, wanted[name], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("term", ["spent", "spent_for_good"])
def test_part_of_a_surplus_is_spent(job, plain, term):
    found = followed(job, **{term: 0.4})
    surplus = (plain["balance"] + plain["gross_deficit"])[0]
    assert (surplus > 0.0).any()
    spent = (plain["balance"] - found["balance"])[0]
    np.testing.assert_allclose(spent, 0.4 * surplus, rtol=1e-9, atol=1e-9)
    stays = (found["cost"] - plain["cost"])[0]
    lasting = spent if term == "spent_for_good" else np.zeros(LANES)
    np.testing.assert_allclose(stays, lasting, rtol=1e-9, atol=1e-9)
    released = (plain["cash_releasing"] - found["cash_releasing"])[0]
    np.testing.assert_allclose(
        released * plain["cost_before"][0], lasting, rtol=1e-7, atol=1e-7
    )


def test_a_surplus_leaves_less_to_be_asked_again(job, plain):
    found = followed(job, netted=1.0)
    np.testing.assert_array_equal(found["balance"][0], plain["balance"][0])
    assert (found["ask"][1] <= plain["ask"][1] + 1e-9).all()
    assert (found["ask"][1] < plain["ask"][1] - 1e-3).any()


@pytest.fixture(scope="module")
def able():
    """Trusts that have one-offs for whatever they aim at."""
    settings = "delivery.balance_reach=1", "delivery.one_off_scale=5"
    return tiny.job(None, *settings, "opening.cost_error=0")


def test_who_can_meets_the_control_total(able):
    balance, fund = trial_year._opening_position(able)
    totals = balance[:, 0] + able.plan.support[:, 0] - fund[:, 0]
    total = (totals + 0.03 * able.trusts.cost).sum()
    found = followed(able, step=0.03)["balance"][0]
    # In some draws a trust is better off by itself.
    np.testing.assert_allclose(found.min(), total, rtol=1e-9)
    assert np.isclose(found, total, rtol=1e-9).sum() >= 4


def test_who_can_goes_on_to_balance(able):
    aimed = followed(able, step=0.01)
    assert (aimed["gross_deficit"][0] > 1.0).any()
    assert (followed(able, step_or_balance=0.01)["gross_deficit"][0] == 0.0).all()


def test_a_switch_pays_and_leaves_a_backlog(job, plain):
    found = followed(job, switched=2.0)
    assert (found["backlog"][0] > plain["backlog"][0]).all()
    assert (found["balance"][0] >= plain["balance"][0] - 1e-9).all()
    assert (found["support"][0] > plain["support"][0]).any()


# --- the evidence, where it is known --------------------------------------------------


def test_evidence_of_normals_is_what_it_is():
    # One figure, seen at 0.5 with an error of 0.6; a belief that is standard normal,
    # and a term that widens it to a standard deviation of 1.5.
    rng = np.random.default_rng(1)
    belief = rng.standard_normal(40_000)
    plain, wide = (np.exp(-((s * belief - 0.5) ** 2) / 0.72) for s in (1.0, 1.5))
    more, error = trials.nats(wide, plain)
    variances = np.array([1.0, 2.25]) + 0.36
    logs = -0.5 * np.log(variances) - 0.125 / variances
    assert 0.001 < error < 0.02
    assert abs(more - (logs[1] - logs[0])) < 4.0 * error


def test_the_same_is_no_more_likely_and_no_other():
    weights = np.array([1.0, 3.0, 2.0])
    assert trials.nats(weights, weights) == (0.0, 0.0)
    found = trials.share(np.array([1.0, 0.0, 1.0]), weights)
    assert found.mean == pytest.approx(0.5)
    assert found.less(found) == "+0 ± 0"
