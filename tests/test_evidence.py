"""The evidence registry: what it holds, and how it refuses what it cannot read."""

import math
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

from simulator import drivers, evidence
from simulator.errors import SimulatorError
from simulator.evidence.registry import read_entries
from simulator.population.load import load_population
from simulator.scenario import layers
from simulator.scenario.load import load_scenario
from simulator.scenario.model import by_year
from simulator.scenario.read import shipped
from simulator.schema import ONE_OFFS, POOLS, TRUST_TYPES

KINDS = {"interval": 2, "triangular": 3, "uniform": 2, "normal": 2}
ENTRY = """
[finance.net_balance]
unit = "GBP m"
meaning = "Balance of the sector."
source = "nao"
grade = "A"
note = "Audited."
2016 = {value = -816}
2017 = {value = -991, note = "Audited by the NAO."}

[sources.nao]
title = "NHS financial sustainability"
publisher = "National Audit Office"
date = "2019-01-18"
address = "https://example.org"
"""


def leaves(tree: dict[str, Any], *above: str) -> Iterator[tuple[str, Any]]:
    """Walk nested tables down to numbers, words, lists and uncertain tables."""
    for name, value in tree.items():
        if isinstance(value, dict) and not KINDS.keys() & value.keys():
            yield from leaves(value, *above, name)
        else:
            yield ".".join((*above, name)), value


DEFAULTS = dict(leaves(evidence.defaults()))
EVERY_ENTRY = {
    **evidence.figures(),
    **{path: evidence.default_entry(path) for path in DEFAULTS},
}


@pytest.mark.parametrize("key", EVERY_ENTRY)
def test_every_entry_says_where_it_comes_from(key):
    entry = EVERY_ENTRY[key]
    assert entry is not None
    assert entry.key == key
    assert entry.grade in {"A", "B", "C"}
    for name, text in texts(entry).items():
        assert text.strip() or name == "address", name
    assert not re.search(r"\s{2}|\n", entry.note + entry.meaning)
    assert entry.meaning.endswith(".")
    assert re.match(r"\d{4}", entry.date)


def test_a_missing_address_is_admitted():
    for entry in EVERY_ENTRY.values():
        if not entry.address:
            assert entry.publisher == "This project" or "ddress not" in entry.note


def texts(entry: evidence.Entry) -> dict[str, str]:
    return {
        name: getattr(entry, name)
        for name in evidence.Entry.__dataclass_fields__
        if name != "value"
    }


@pytest.mark.parametrize("path", DEFAULTS)
def test_every_built_in_value_can_be_read_as_one(path):
    value = DEFAULTS[path]
    if not isinstance(value, dict):
        numbers = value if isinstance(value, list) else [value]
        assert all(isinstance(item, int | float | str) for item in numbers)
        return
    [(kind, numbers)] = value.items()
    assert len(numbers) == KINDS[kind]
    if kind == "normal":
        assert numbers[1] > 0
    else:
        assert numbers == sorted(numbers)
        assert numbers[0] < numbers[-1]


def test_built_in_values_cover_the_parts_of_a_scenario():
    tree = evidence.defaults()
    assert set(tree["funding"]["reach"]) == set(TRUST_TYPES)
    assert set(TRUST_TYPES) < set(tree["demand"])
    assert set(tree["delivery"]["pool_shares"]) == set(POOLS)
    assert set(tree["delivery"]["access"]) == {*POOLS, "system_funded"}
    assert set(tree["delivery"]["one_offs"]) == set(ONE_OFFS)
    for kind in ONE_OFFS:
        parts = set(tree["delivery"]["one_offs"][kind])
        assert parts == {"stock", "renewal", "cap", "payback"}
    assert not {"cash", "real_growth"} & set(tree["funding"])
    assert not {"cost_uplift", "pay", "nonpay", "deflator"} & set(tree["prices"])


def test_pool_shares_add_to_one():
    shares = evidence.defaults()["delivery"]["pool_shares"]
    assert math.fsum(shares.values()) == pytest.approx(1, abs=1e-12)


def test_programmes_are_off_and_open_no_more_than_their_opportunity():
    programmes = evidence.defaults()["programmes"]
    assert set(programmes) == {
        "agency_cap",
        "skill_mix",
        "getting_it_right_first_time",
        "digital",
        "system_integration",
    }
    for programme in programmes.values():
        assert programme["enabled"] is False
        assert programme["pool"] in POOLS
        assert set(programme["types"]) <= set(TRUST_TYPES)
        assert sum(programme["ramp"]) <= 1
        assert 0 <= programme["probability"] <= 1


def test_conditions_are_neutral():
    conditions = evidence.defaults()["conditions"]
    assert (conditions.pop("lowest"), conditions.pop("highest")) == (0.6, 1.4)
    assert set(conditions.values()) == {1.0}


def test_correlations_are_positive_definite():
    given = evidence.defaults()["correlations"]
    shocks = ("pay", "nonpay", "pressure", "demand")
    matrix = np.eye(4)
    for row, first in enumerate(shocks):
        for column in range(row + 1, 4):
            both = given[f"{first}_{shocks[column]}"]
            matrix[row, column] = matrix[column, row] = both
    assert np.linalg.eigvalsh(matrix).min() > 0


def test_pay_and_nonpay_shocks_add_up_to_the_measured_spread():
    prices = evidence.defaults()["prices"]
    weight = evidence.number("cost_base.pay.2016")
    pay = weight * prices["pay_shock"]["sd"]
    nonpay = (1 - weight) * prices["nonpay_shock"]["sd"]
    both = 2 * evidence.defaults()["correlations"]["pay_nonpay"] * pay * nonpay
    total = math.sqrt(pay**2 + nonpay**2 + both)
    assert total == pytest.approx(0.0065, abs=0.00005)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("finance.net_balance.2012", 592),
        ("finance.net_balance.2015", -2447),
        ("finance.net_balance.2017", -991),
        ("finance.gross_deficit.2012", 297.2),
        ("finance.trusts.2017", 234),
        ("finance.trusts_in_deficit.2017", 101),
        ("finance.trusts_in_deficit_reported.2017", 102),
        ("finance.savings_delivered.2016", 3100),
        ("finance.savings_planned.2018", 3600),
        ("finance.savings_rate_planned.2018", 0.041),
        ("finance.recurrent_share.2016", 0.744),
        ("support.sustainability_fund.2017", 1800),
        ("support.recovery_fund.2019", 1050),
        ("tariff.efficiency.2013", 0.04),
        ("tariff.cost_uplift.2019", 0.038),
        ("tariff.deficit_addon.2019", 0.005),
        ("settlement.cash.2018", 114.6),
        ("settlement.cash.2023", 147.8),
        ("settlement.cash_january_2019.2018", 114.60),
        ("settlement.cash_january_2019.2023", 148.47),
        ("settlement.real_growth.2019", 0.036),
        ("settlement.real_growth_reprofiled.2023", 0.040),
        ("settlement.real_uplift.2023", 20.5),
        ("long_term_plan.efficiency", 0.011),
        ("spending_review.real_growth.2018", 0.003),
        ("nhs_england.outturn.2017", 109.605),
        ("forward_view.gap", 30),
        ("forward_view.gap_after_funding", 22),
        ("forward_view.provider_productivity", 8.6),
        ("agency.share_of_pay.2017", 0.046),
        ("cost_base.pay.2016", 0.6544),
        ("inflation.assumed_overall.2018", 0.020),
        ("demand.acute_cost_weighted", 0.030),
        ("survey.confident.2018", 0.19),
        ("survey.trusts.2018", 122),
        ("survey.responses.2018", 157),
        ("survey.share_of_sector.2018", 0.54),
        ("tariff.marginal_rate.2015", 0.7),
        ("finance.savings_target_mean.2014", 0.05),
        ("support.reached_providers.2015", 300),
        ("demand.york_output.2014", 0.0267),
    ],
)
def test_published_figure(key, value):
    assert evidence.number(key) == value


def test_published_ranges_keep_both_ends():
    assert evidence.bounds("finance.underlying_balance.2015") == (-4300, -3700)
    assert evidence.bounds("finance.underlying_balance.2016") == (-3700, -3700)


def test_the_plan_of_2018_is_kept_as_a_plan():
    low, high = evidence.bounds("finance.net_balance_plan_range.2018")
    assert (low, high) == (-519, -394)
    assert evidence.number("finance.net_balance_plan.2018") == high
    assert evidence.number("finance.savings_rate_planned.2018") == 0.041


def test_the_backlog_grows_as_it_did_up_to_2017():
    backlog = evidence.series("backlog.total")
    growth = (backlog[2017] / backlog[2013]) ** (1 / 4) - 1
    assert DEFAULTS["delivery.backlog_growth"] == pytest.approx(growth, abs=5e-4)
    assert evidence.number("backlog.growth") == DEFAULTS["delivery.backlog_growth"]


def test_acute_demand_grows_a_little_faster_than_the_output_of_the_whole_nhs():
    output = evidence.series("demand.york_output").values()
    low, high = (
        sum(output) / len(output),
        evidence.number("demand.emergency_admissions"),
    )
    assert low < DEFAULTS["demand.acute.trend"] < high


def test_the_error_of_planned_inflation_is_that_of_the_mean_known_then():
    pay = evidence.series("inflation.hchs_pay")
    prices = evidence.series("inflation.hchs_prices")
    weight = evidence.number("cost_base.pay.2016")
    # GDP deflator by calendar year, HM Treasury, September 2016.
    general = [0.0152, 0.0154, 0.0201, 0.0154, 0.0191, 0.0165, 0.0042]
    gap = [
        weight * pay[year] + (1 - weight) * prices[year] - deflator
        for year, deflator in zip(range(2009, 2016), general, strict=True)
    ]
    [_, sd] = DEFAULTS["prices.premium"]["normal"]
    assert sd == pytest.approx(np.std(gap, ddof=1) / math.sqrt(len(gap)), abs=2e-4)


def test_yorks_mean_of_five_years_is_not_that_of_four():
    york = evidence.series("productivity.york")
    twelve, nine = (
        1.165,
        math.prod(
            (1 + evidence.number(f"productivity.york_mean.{run}")) ** 3
            for run in ("2004_to_2007", "2007_to_2010", "2010_to_2013")
        ),
    )
    between = math.sqrt(twelve / nine / (1 + york[2015])) - 1
    five = [york[2013], between, york[2015], between, york[2017]]
    mean = evidence.number("productivity.york_mean.2013_to_2017")
    assert mean == pytest.approx(sum(five) / 5, abs=2e-4)
    assert sum(five[1:]) / 4 == pytest.approx(0.0108, abs=2e-4)


def test_surplus_less_deficit_is_the_net_balance():
    surplus = evidence.number("finance.gross_surplus.2017")
    deficit = evidence.number("finance.gross_deficit.2017")
    assert surplus - deficit == evidence.number("finance.net_balance.2017")


@pytest.mark.parametrize("year", [2012, 2013, 2015, 2017])
def test_share_in_deficit_is_the_count_over_trusts(year):
    count = evidence.number(f"finance.trusts_in_deficit.{year}")
    share = count / evidence.number(f"finance.trusts.{year}")
    assert evidence.number(f"finance.share_in_deficit.{year}") == pytest.approx(
        share, abs=0.0006
    )


def test_cost_base_weights_add_to_one():
    parts = ("pay", "drugs", "capital", "other")
    assert math.fsum(
        evidence.number(f"cost_base.{part}.2016") for part in parts
    ) == pytest.approx(1)


@pytest.mark.parametrize("profile", ["", "_january_2019"])
def test_settlement_deflator_is_implied_by_cash_and_real_growth(profile):
    cash = evidence.series(f"settlement.cash{profile}")
    real = evidence.series(f"settlement.real_growth{profile}")
    for year, deflator in evidence.series(f"settlement.deflator{profile}").items():
        implied = (cash[year] / cash[year - 1]) / (1 + real[year]) - 1
        assert deflator == pytest.approx(implied, abs=0.0001)


def test_the_cash_of_january_2019_buys_the_real_rise_that_was_promised():
    cash = evidence.series("settlement.cash_january_2019")
    real = evidence.series("settlement.real_growth_january_2019").values()
    rise = evidence.number("settlement.real_uplift.2023")
    assert cash[2018] * (math.prod(1 + r for r in real) - 1) == pytest.approx(
        rise, abs=0.05
    )


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("long-term-plan", "_january_2019"),
        ("long-term-plan-june-2018", ""),
    ],
)
def test_prices_of_the_plan_rise_half_a_point_above_the_settlements_deflator(
    name, profile
):
    scenario = load_scenario(name).scenario
    prices, weight = scenario.prices, evidence.number("cost_base.pay.2016")
    deflator = list(evidence.series(f"settlement.deflator{profile}").values())
    for year in range(scenario.years):
        cost = weight * prices.pay[year] + (1 - weight) * prices.nonpay[year]
        assert cost == pytest.approx(prices.cost_uplift[year], abs=1e-4)
        if year > 0:  # the first year's was published
            assert prices.cost_uplift[year] == pytest.approx(
                deflator[year] + 0.005, abs=1e-4
            )


@pytest.mark.parametrize(
    ("name", "support_before"),
    [
        ("long-term-plan", "support.sustainability_fund.2018"),
        ("five-year-forward-view", "opening.support.2015"),
        ("spending-review-2025", "today.deficit_support.2025"),
        ("spending-review-2025-support-kept", "today.deficit_support.2025"),
        ("spending-review-2025-to-2029", "today.deficit_support.2025"),
        ("spending-review-2025-march-deflators", "today.deficit_support.2025"),
    ],
)
def test_a_top_slice_counts_every_pound_of_support_once(name, support_before):
    scenario = load_scenario(name).scenario
    people = load_population(scenario.population)
    income = math.fsum(people.income)
    kinds = [TRUST_TYPES.index(kind) for kind in people.trust_type]
    [_, scale, _] = DEFAULTS["funding.reach_scale"]["triangular"]
    reaching = growth_before_funds(scenario, scale)[kinds]
    growth = (people.income[:, None] * reaching).sum(axis=0) / income
    before = evidence.number(support_before)
    money = income + before
    for year in range(scenario.years):
        funds = paid_in(scenario, year)
        sliced = (funds - before - growth[year] * before) / income
        assert scenario.funding.top_slice[year] == pytest.approx(sliced, abs=1e-4)
        money *= 1 + growth[year]
        income *= 1 + growth[year] - scenario.funding.top_slice[year]
        assert income + funds == pytest.approx(money, rel=2e-4)
        before = funds


def growth_before_funds(scenario, reach_scale):
    """Growth of cash that reaches each type before funds: (type, year)."""
    without = scenario.funding.model_copy(update={"top_slice": 0.0})
    whole = scenario.model_copy(update={"funding": without})
    return drivers.planned_growth(whole, reach_scale) - 1.0


def paid_in(scenario, year):
    funds = scenario.funding.support.values()
    return sum(by_year(fund.amount, scenario.years)[year] for fund in funds)


@pytest.mark.parametrize("name", shipped())
def test_shipped_funds_are_shared_over_all_the_trusts_they_are_for(name):
    scenario = load_scenario(name).scenario
    people = load_population(scenario.population)
    for fund in scenario.funding.support.values():
        claimed, whole = drivers.claims(fund, people)
        assert fund.shared_over == whole
        assert math.fsum(claimed) == pytest.approx(whole, abs=0.5)


@pytest.mark.parametrize("year", [2016, 2017])
def test_parts_of_the_sustainability_fund_add_to_it(year):
    parts = ("emergency", "other", "targeted")
    assert evidence.number(f"support.sustainability_fund.{year}") == sum(
        evidence.number(f"support.sustainability_fund_{part}.{year}") for part in parts
    )


def test_prices_of_the_hindcast_fall_by_what_was_published():
    scenario = load_scenario("hindcast-2013").scenario
    rates = scenario.targets[0].path
    net = [u - x for u, x in zip(scenario.prices.cost_uplift, rates, strict=True)]
    assert net == pytest.approx([-0.011, -0.015, -0.016, 0.018, 0.001], abs=1e-9)


def test_the_first_uplift_of_the_plan_leaves_out_what_trusts_already_had():
    uplift = load_scenario("long-term-plan").scenario.prices.cost_uplift[0]
    paid, _ = evidence.bounds("inflation.pay_deal_paid.2018")
    income = load_population("providers-2018").income.sum()
    published = evidence.number("tariff.cost_uplift.2019")
    assert uplift == pytest.approx(published - paid / income, abs=5e-4)


def test_series_are_in_order_of_years():
    efficiency = evidence.series("tariff.efficiency")
    assert list(efficiency) == list(range(2010, 2020))
    assert efficiency[2019] == 0.011


def test_outturns_from_2018_on_are_absent():
    outturns = (
        "finance.net_balance",
        "finance.gross_deficit",
        "finance.trusts_in_deficit",
        "finance.underlying_balance",
        "finance.savings_delivered",
        "finance.recurrent_share",
        "agency.spend",
        "nhs_england.outturn",
    )
    for key in evidence.figures():
        stem, _, year = key.rpartition(".")
        assert not (stem in outturns and int(year) >= 2018), key


def test_recalled_figures_are_graded_as_judgement():
    recalled = [e for e in EVERY_ENTRY.values() if e.note.startswith("recalled:")]
    assert recalled
    for entry in recalled:
        assert entry.grade == "C"
        assert entry.note.startswith("recalled: no source found")


def test_unknown_figure_names_its_neighbour():
    with pytest.raises(SimulatorError, match=r"did you mean 'finance.net_balance.20"):
        evidence.figure("finance.net_balanse.2017")


def test_unknown_series_names_its_neighbour():
    with pytest.raises(SimulatorError, match=r"did you mean 'tariff.efficiency'"):
        evidence.series("tariff.efficency")


def test_a_range_is_not_a_single_number():
    with pytest.raises(SimulatorError, match=r"\[-4300, -3700\].*bounds"):
        evidence.number("finance.underlying_balance.2015")


def test_unknown_default_has_no_entry():
    assert evidence.default_entry("delivery.real_shares") is None


def test_registry_is_read_only():
    figures = evidence.figures()
    with pytest.raises(TypeError):
        figures["new"] = figures["settlement.cash.2018"]  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        figures["settlement.cash.2018"].value = 0  # type: ignore[misc]
    assert isinstance(figures["finance.underlying_balance.2015"].value, tuple)
    share = evidence.default_entry("delivery.real_share")
    with pytest.raises(TypeError):
        share.value["triangular"] = (0, 0, 0)


def test_changing_the_defaults_changes_nobody_elses():
    mine = evidence.defaults()
    mine["delivery"]["real_share"]["triangular"].append(1)
    mine["delivery"]["ask_max"] = 1
    assert dict(leaves(evidence.defaults())) == DEFAULTS


def cited_numbers() -> Iterator[Any]:
    """Numbers of the shipped scenarios that name a published figure as their source.

    A list goes by year; where it has the opening year, that stands first.
    """
    for name in shipped():
        loaded = load_scenario(name)
        for path, value in layers.leaves(loaded.tree):
            place = ".".join(path)
            key = loaded.origins[place].key
            if key not in evidence.figures():
                continue
            numbers = {key: value}
            if isinstance(value, list):
                stem, _, _ = key.rpartition(".")
                first = loaded.scenario.last_year + 1 - len(value)
                numbers = {f"{stem}.{first + y}": v for y, v in enumerate(value)}
            for figure, number in numbers.items():
                yield pytest.param(number, figure, id=f"{name}:{place}:{figure}")


@pytest.mark.parametrize(("number", "key"), list(cited_numbers()))
def test_a_shipped_number_is_the_figure_it_cites(number, key):
    assert number == 0 or number == pytest.approx(evidence.bounds(key)[0], abs=5e-5)


def test_cash_of_the_forward_view_grows_as_was_planned():
    funding = load_scenario("five-year-forward-view").scenario.funding
    real = list(evidence.series("spending_review.real_growth").values())
    prices = evidence.series("inflation.gdp_deflator_forecast").values()
    cash = [evidence.number("nhs_england.outturn.2015")]
    for growth, deflator in zip(real, prices, strict=True):
        cash.append(cash[-1] * (1 + growth) * (1 + deflator))
    assert funding.cash == pytest.approx(cash, abs=0.0005)
    assert list(funding.real_growth) == real


def test_other_prices_of_the_forward_view_are_weighted_by_their_share_of_cost():
    nonpay = load_scenario("five-year-forward-view").scenario.prices.nonpay
    parts = ("drugs", "capital", "other")
    weights = {part: evidence.number(f"cost_base.{part}.2016") for part in parts}
    for year, given in zip(range(2016, 2021), nonpay, strict=True):
        growth = math.fsum(
            weights[part] * evidence.number(f"inflation.assumed_{part}.{year}")
            for part in parts
        )
        assert given == pytest.approx(growth / math.fsum(weights.values()), abs=6e-5)


@pytest.mark.parametrize(
    ("name", "gap"),
    [("3.5%: GBP 14.9bn", "local"), ("5.1%: GBP 22bn", "gap_after_funding")],
)
def test_derived_targets_of_the_forward_view_are_in_proportion(name, gap):
    targets = load_scenario("five-year-forward-view").scenario.targets
    [rate] = [target.rate for target in targets if target.name == name]
    share = evidence.number(f"forward_view.{gap}") / evidence.number(
        "forward_view.provider_productivity"
    )
    assert rate == round(share * evidence.number("forward_view.efficiency"), 3)


def test_importing_evidence_stays_light():
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, simulator.evidence as e; e.figures();"
            "print({'numpy', 'xarray', 'numba', 'pydantic'} & set(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "set()"


def test_fields_come_from_the_tables_above():
    entries = read_entries("f.toml", ENTRY)
    assert list(entries) == ["finance.net_balance.2016", "finance.net_balance.2017"]
    assert entries["finance.net_balance.2016"].note == "Audited."
    assert entries["finance.net_balance.2017"].note == "Audited by the NAO."
    assert entries["finance.net_balance.2017"].publisher == "National Audit Office"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("[finance", "finance", r"f\.toml: is not TOML: .*line 2"),
        ('unit = "GBP m"', "", r"2016: 'unit' is missing"),
        ('unit = "GBP m"', 'unit = ""', r"'unit' is text, got ''"),
        ('unit = "GBP m"', "unit = 3", r"'unit' is text, got 3"),
        (
            "meaning =",
            "meaningg =",
            r"net_balance: unknown field 'meaningg'; .*'meaning'",
        ),
        ('grade = "A"', 'grade = "D"', r"unknown grade 'D'; grades: A, B, C"),
        ('"nao"', '"noa"', r"net_balance: unknown source 'noa'; .*'nao'"),
        (
            "{value = -816}",
            "{}",
            r"f\.toml: finance\.net_balance\.2016: holds no value",
        ),
        ("grade =", "value = 1\ngrade =", r"net_balance: holds a value and tables"),
    ],
)
def test_malformed_file_is_refused(before, after, message):
    assert before in ENTRY
    with pytest.raises(SimulatorError, match=message):
        read_entries("f.toml", ENTRY.replace(before, after, 1))
