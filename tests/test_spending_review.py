"""Today's plan: what its scenario says, from what is published, and what it answers."""

import json

import numpy as np
import pytest
from terminals import inside

import simulator as sim
from simulator import drivers, evidence
from simulator.answers.headline import caveats
from simulator.drivers import funding
from simulator.scenario import layers, posterior
from simulator.scenario.load import load_scenario, with_plans
from simulator.scenario.posterior import PRIOR
from simulator.scenario.read import shipped

PLAN = "spending-review-2025"
YEARS = (2026, 2027, 2028)


@pytest.fixture(scope="module")
def plan():
    return load_scenario(PLAN).scenario


def changed(name):
    """Paths at which a variant differs from the plan, its names left out."""
    one, other = (
        {".".join(path): value for path, value in layers.leaves(loaded.tree)}
        for loaded in (load_scenario(name), load_scenario(PLAN))
    )
    paths = one.keys() | other.keys()
    return {p for p in paths if one.get(p) != other.get(p)} - {"name", "title", "about"}


def test_the_plan_runs_three_years_after_2025(plan):
    assert (plan.first_year, plan.years, plan.last_year) == (2026, 3, 2028)
    assert plan.population == "providers-2025"


@pytest.mark.parametrize(
    ("name", "vintage"), [(PLAN, "november"), (f"{PLAN}-march-deflators", "march")]
)
def test_cash_and_real_growth_imply_the_deflators_of_their_vintage(name, vintage):
    scenario = load_scenario(name).scenario
    deflators = [evidence.number(f"today.deflator_{vintage}.{y}") for y in YEARS]
    assert drivers.deflator_path(scenario) == pytest.approx(deflators, abs=1e-4)


def test_the_cost_uplift_is_planned_pay_and_prices_by_weight(plan):
    for name in (PLAN, f"{PLAN}-march-deflators"):
        prices = load_scenario(name).scenario.prices
        for uplift, pay, other in zip(
            prices.cost_uplift, prices.pay, prices.nonpay, strict=True
        ):
            assert uplift == pytest.approx(0.65 * pay + 0.35 * other, abs=1e-4)
    surprise = load_scenario(f"{PLAN}-inflation-surprise").scenario.prices
    allowed = evidence.number("today.pay_allowed.2026")
    assert surprise.cost_uplift[0] == pytest.approx(
        0.65 * allowed + 0.35 * surprise.nonpay[0], abs=1e-4
    )
    assert surprise.pay == (evidence.number("today.pay_award.2026"),) * 3


def test_support_falls_from_what_was_paid_to_nothing(plan):
    amount = plan.funding.support["deficit_support"].amount
    paid = evidence.number("today.deficit_support.2025")
    assert paid > amount[0] > amount[1] > amount[2] == 0
    assert np.diff([paid, *amount]) == pytest.approx([-750, -700, -750], abs=1)


def test_the_target_of_2_per_cent_is_what_prices_lose(plan):
    [target] = [target for target in plan.targets if target.name == "2%"]
    assert target.rate == evidence.number("today.efficiency_factor.2026")
    assert target.basis == "measured"
    assert target.from_prices is None


def test_savings_plans_are_reported_targets_under_the_tariff(plan):
    asked = [t for t in plan.targets if t.basis == "reported"]
    assert [target.rate for target in asked] == [0.04, 0.05, 0.06, 0.07]
    assert {target.from_prices for target in asked} == {0.02}
    rates = np.array([[t.rate or 0.0] * 3 for t in plan.targets])
    taken = funding.from_prices(plan, rates)
    names = [target.name for target in plan.targets]
    assert taken[names.index("plans of 6%")].tolist() == [0.02] * 3
    assert taken[names.index("2.5%")].tolist() == [0.025] * 3
    assert rates[names.index("plans of 6%")].tolist() == [0.06] * 3


def test_the_plan_asks_for_half_a_per_cent_to_four_and_the_balancing_item(plan):
    own = [t for t in plan.targets if t.basis == "measured" and t.plan_follows == "gap"]
    rates = [target.rate for target in own if target.rate is not None]
    assert rates == [0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04]
    [left] = [target for target in own if target.rate is None]
    assert left.balancing_item.year == plan.last_year


def test_demand_is_the_projection_and_its_range(plan):
    parts = {"emergency": 45, "elective": 25, "outpatients": 22}
    parts["accident_and_emergency"] = 8
    middle = sum(
        share * evidence.number(f"today.activity_projection.{part}") / 100
        for part, share in parts.items()
    )
    assert plan.demand.acute.trend.mode == pytest.approx(middle, abs=1e-4)
    for kind, part in (
        ("specialist", "specialised"),
        ("mental_health", "mental_health"),
        ("community", "community"),
        ("ambulance", "emergency"),
    ):
        mode = getattr(plan.demand, kind).trend.mode
        assert mode == evidence.number(f"today.activity_projection.{part}")


def test_what_comes_back_is_bounded_by_what_was_lost(plan):
    rebound = plan.delivery.rebound
    lost = -evidence.number("today.ons_productivity_level.2024")
    trend = evidence.number("today.productivity_long_run")
    lately = [evidence.number(f"today.acute_productivity.{y}") for y in (2024, 2025)]
    assert rebound.low == 0.0
    assert rebound.high == pytest.approx(np.mean(lately) - trend, abs=1e-3)
    left = lost - sum(growth - trend for growth in lately)
    assert 0 < 3 * rebound.mode < left < 3 * rebound.high


def test_the_survey_of_2025_stands_beside_the_answer_as_it_was_published():
    said = caveats.COMPARISON_AGAIN
    opinions = ("target_deliverable", "target_not_deliverable", "confident_in_plan")
    for name in opinions:
        assert f"{evidence.number(f'today.{name}.2025'):.0%}" in said
    for name in ("savings_rate_required", "savings_rate_forecast"):
        assert f"{100 * evidence.number(f'today.{name}.2025'):.1f}%" in said
    assert list(caveats.comparison(sim.run(PLAN, draws=32))) == [said]


def test_opinion_is_no_input():
    for name in (n for n in shipped() if n.startswith(PLAN)):
        keys = {origin.key for origin in load_scenario(name).origins.values()}
        for name in ("target_deliverable", "target_not_deliverable"):
            assert f"today.{name}.2025" not in keys


@pytest.mark.parametrize(
    ("variant", "paths"),
    [
        ("inflation-surprise", {"prices.cost_uplift", "prices.pay"}),
        (
            "support-kept",
            {"funding.top_slice", "funding.support.deficit_support.amount"},
        ),
        ("high-demand", {"demand.bias"}),
        (
            "redundancy-and-technology",
            {
                *(
                    f"programmes.workforce.{key}"
                    for key in (
                        "enabled",
                        "pool",
                        "types",
                        "opportunity",
                        "ramp",
                        "realisation",
                        "probability",
                        "upfront_cost",
                    )
                ),
                *(
                    f"programmes.digital.{key}"
                    for key in ("enabled", "probability", "upfront_cost")
                ),
            },
        ),
        (
            "march-deflators",
            {"funding.real_growth", "prices.cost_uplift", "prices.nonpay"},
        ),
    ],
)
def test_a_variant_differs_only_in_what_it_is_about(variant, paths):
    assert changed(f"{PLAN}-{variant}") == paths


def test_the_variant_beyond_the_review_only_adds_a_year():
    longer = load_scenario(f"{PLAN}-to-2029").scenario
    shorter = load_scenario(PLAN).scenario
    assert longer.years == 4
    assert longer.funding.cash[:4] == shorter.funding.cash
    for name in ("cost_uplift", "pay", "nonpay"):
        assert getattr(longer.prices, name)[:3] == getattr(shorter.prices, name)
    assert longer.targets == shorter.targets


def test_the_record_keeps_to_how_savings_work(plan):
    """What the file believes of today is not overruled by the years up to 2017/18."""
    gap = with_plans(
        load_scenario(PLAN, ['beliefs="record-2013-2017"']), "gap"
    ).scenario
    used = set(posterior.of(gap))
    assert {"delivery.real_share", "delivery.cost_elasticity"} <= used
    ours = {
        *(f"delivery.{n}" for n in ("plan_floor", "plan_limit", "one_off_scale")),
        *(f"prices.{n}" for n in ("premium", "pressure", "pressure_paid")),
        "opening.cost_error",
        "demand.bias",
    }
    assert not ours & used
    plans = {path for path in ours if path.startswith("delivery.")}
    assert plans <= set(posterior.overruled(gap))
    assert plan.beliefs == PRIOR


# --- the two terms that the plan needed -----------------------------------------------


def middle(*settings):
    """Both productivities and the balance of each target, a few futures on average."""
    run = sim.run(PLAN, draws=32, settings=settings)
    sector = run["sector"].to_dataset().mean(["draw", "year"])
    return {name: sector[name] for name in ("cash_releasing", "measured", "balance")}


def test_a_rebound_moves_the_yardstick_and_nothing_else():
    without, with_it = middle("delivery.rebound=0"), middle("delivery.rebound=0.01")
    for name in ("cash_releasing", "balance"):
        assert np.array_equal(without[name], with_it[name])
    gained = with_it["measured"] - without["measured"]
    assert gained.values == pytest.approx(0.01, abs=1e-6)


def test_without_a_word_nothing_comes_back():
    scenario = load_scenario("long-term-plan").scenario
    assert scenario.delivery.rebound.value == 0.0
    assert all(target.from_prices is None for target in scenario.targets)


def test_what_is_not_taken_out_of_prices_is_kept():
    """Plans of 6% cost no more income than a target of 2% does."""
    run = sim.run(PLAN, draws=32)
    income = run["sector"].to_dataset()["income"].mean(["draw", "year"])
    assert income.sel(target="plans of 6%").item() == pytest.approx(
        income.sel(target="2%").item(), rel=0.003
    )
    # Of a target of 4% at least three quarters of the 2 points more are: 75% of income
    # is paid at national prices, and the mean of three years is after two.
    less = 1.0 - income.sel(target="4%").item() / income.sel(target="2%").item()
    assert 0.75 * 0.02 < less < 2 * 0.02


# --- as users run it ------------------------------------------------------------------


def test_the_plan_is_answered_in_one_command(tmp_path):
    made = inside(
        tmp_path,
        "run",
        PLAN,
        "--draws",
        "32",
        "--json",
        "-o",
        str(tmp_path / "plan.h5"),
    )
    assert made.returncode == 0, made.stderr
    assert made.stderr == ""
    answer = json.loads(made.stdout)
    assert "NHS England's estimate" in answer["title"]
    asked = {target["target"]: target for target in answer["targets"]}
    assert asked["2%"]["outcome"] == "measured"
    assert asked["plans of 6%"]["outcome"] == "any_means"
    assert answer["draws"] == 32
    words = ("--trust", "SYN-A001", "--target", "plans of 6%", "--draw", "3")
    told = inside(tmp_path, "explain", str(tmp_path / "plan.h5"), *words)
    assert (told.returncode, told.stderr) == (0, "")
    assert "from_prices = 0.02" in told.stdout
    assert "cost_uplift - from_prices" in told.stdout
