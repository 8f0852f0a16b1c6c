"""Packaged opening positions: what is published holds exactly."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from people import EACH, of_type

from simulator import evidence
from simulator.errors import PopulationError
from simulator.population import (
    allocation,
    synthetic,
)
from simulator.schema import TRUST_TYPES

DIGESTS = {
    "providers-2012": (
        "7114553803240add15c27f70c2156a78d68242e163e9935db73172eff7fa0277"
    ),
    "providers-2015": (
        "e5c3af2f2da7497d161278012cc4e011e86cc610121e1fc6e4dc815c32bc9951"
    ),
    "providers-2018": (
        "cf8ad69c5017ac4a8b4c031ed4409edc5e57f7f7dda59f6db388e4b136e2665f"
    ),
    "providers-2025": (
        "d125f874586111ad57b42a7edeac489db105a43df85e99423d7a934625cf1bfe"
    ),
}

BASE = {
    "providers-2012": 2012,
    "providers-2015": 2015,
    "providers-2018": 2017,
    "providers-2025": 2025,
}


def thousand(values: Any) -> int:
    """A sum of money in whole GBP thousand, each part checked to be whole."""
    parts = [float(value) * 1000 for value in np.asarray(values)]
    assert all(abs(part - round(part)) < 1e-6 for part in parts)
    return sum(map(round, parts))


def published(key: str) -> int:
    return round(evidence.number(f"opening.{key}") * 1000)


@EACH
def test_number_of_trusts_by_type_is_as_published(name: str) -> None:
    people, year = synthetic.packaged(name), BASE[name]
    for kind in TRUST_TYPES:
        n = evidence.number(f"opening.trusts.{kind}.{year}")
        assert people.trust_type.count(kind) == n
    assert len(people) == evidence.number(f"opening.trusts.total.{year}")


@EACH
def test_trusts_in_deficit_are_as_published(name: str) -> None:
    people, year = synthetic.packaged(name), BASE[name]
    in_deficit = people.reported_balance < 0
    for kind in TRUST_TYPES:
        n = evidence.number(f"opening.in_deficit.{kind}.{year}")
        assert in_deficit[of_type(people, kind)].sum() == n
    assert in_deficit.sum() == evidence.number(f"opening.in_deficit.total.{year}")


@EACH
def test_balances_are_as_published(name: str) -> None:
    people, year = synthetic.packaged(name), BASE[name]
    balance, acute = people.reported_balance, of_type(people, "acute")
    everyone = np.ones(len(people), dtype=bool)
    for group, members in (
        *((kind, of_type(people, kind)) for kind in TRUST_TYPES),
        ("non_acute", ~acute),
        ("total", everyone),
    ):
        own = balance[members]
        assert thousand(own) == published(f"net.{group}.{year}")
        if group != "non_acute":
            deficit = published(f"gross_deficit.{group}.{year}")
            assert -thousand(own[own < 0]) == deficit


@pytest.mark.parametrize(
    ("name", "year"), [("providers-2015", 2015), ("providers-2018", 2017)]
)
def test_types_reported_in_surplus_are_in_surplus(name: str, year: int) -> None:
    people = synthetic.packaged(name)
    in_surplus = evidence.figure(f"opening.types_in_surplus.{year}").value
    assert isinstance(in_surplus, tuple)
    for kind in in_surplus:
        assert people.reported_balance[of_type(people, kind)].sum() > 0


def test_acute_trusts_in_deficit_in_2012_are_about_the_published_share() -> None:
    """19% of them would be more than all 25 trusts in deficit: nearly all of these."""
    n = evidence.number("opening.in_deficit.acute.2012")
    share = n / evidence.number("opening.trusts.acute.2012")
    published_share = evidence.number("opening.acute_share_in_deficit.2012")
    assert share == pytest.approx(published_share, abs=0.025)
    assert n <= evidence.number("opening.in_deficit.total.2012")


def test_gross_surpluses_are_as_published() -> None:
    for name, surplus in (
        ("providers-2012", 889_200),
        ("providers-2015", 500_000),
        ("providers-2018", 1_382_000),
    ):
        balance = synthetic.packaged(name).reported_balance
        assert thousand(balance[balance > 0]) == surplus


def test_best_and_worst_trust_of_2017_are_as_published() -> None:
    balance = synthetic.packaged("providers-2018").reported_balance
    assert balance.min() == -evidence.number("opening.largest_deficit.2017")
    gap = evidence.number("opening.best_to_worst.2017")
    assert balance.max() - balance.min() == gap


def test_worst_trusts_of_2015_are_as_published() -> None:
    balance = synthetic.packaged("providers-2015").reported_balance
    assert balance.min() == -evidence.number("opening.largest_deficit.2015")
    above = (balance < -50).sum()
    assert above == evidence.number("opening.deficits_above_50m.2015")


def test_deficits_of_2015_follow_from_the_surplus_that_was_judged() -> None:
    trusts = evidence.number("opening.trusts.total.2015")
    surplus = 6.0 * (trusts - evidence.number("opening.in_deficit.total.2015"))
    net = evidence.number("opening.net.total.2015")
    gross = evidence.number("opening.gross_deficit.total.2015")
    assert surplus - net == pytest.approx(gross, abs=5)


@EACH
def test_income_and_underlying_balance_are_as_published(name: str) -> None:
    people, year = synthetic.base_year(name), BASE[name]
    income, cost = thousand(people.income), thousand(people.cost)
    assert income + published(f"support.{year}") == published(f"income.{year}")
    assert income - cost == published(f"underlying.{year}")


def test_deficits_of_2025_are_those_planned_before_support() -> None:
    """Acute and specialist plans come to the support that was paid for them."""
    people = synthetic.packaged("providers-2025")
    balance, acute = people.reported_balance, of_type(people, "acute")
    assert (balance[acute] < 0).sum() == 83
    assert acute.sum() == 118
    assert thousand(balance[acute & (balance < 0)]) == -2_158_000
    planned = acute | of_type(people, "specialist")
    support = evidence.number("today.deficit_support.2025")
    assert -balance[planned & (balance < 0)].sum() == pytest.approx(support, rel=2e-3)
    worst = evidence.number("opening.largest_deficit.2025")
    assert balance.min() == pytest.approx(-worst, rel=1e-9)


def test_trusts_of_2025_are_as_large_as_their_accounts_say() -> None:
    people = synthetic.packaged("providers-2025")
    for kind in ("acute", "specialist"):
        income = people.income[of_type(people, kind)]
        mean = allocation.of_year("providers-2025", f"size.{kind}")
        assert income.mean() == pytest.approx(mean, rel=0.04)
        spread = allocation.of_year("providers-2025", f"size_spread.{kind}")
        assert np.log(income).std() == pytest.approx(spread, rel=0.1)


@pytest.mark.parametrize("year", [2015, 2017])
def test_underlying_balance_is_in_the_middle_of_the_published_range(year: int) -> None:
    low, high = evidence.bounds(f"finance.underlying_balance.{year}")
    assert evidence.number(f"opening.underlying.{year}") == (low + high) / 2


def test_one_offs_of_2015_are_about_the_savings_that_did_not_last() -> None:
    one_offs = synthetic.published("providers-2015").one_offs / 1000
    assert one_offs == pytest.approx(
        evidence.number("opening.nonrecurrent_savings.2015"), rel=0.1
    )


def test_carry_over_of_2015_is_the_savings_that_did_not_last_and_some() -> None:
    people = synthetic.packaged("providers-2015")
    carried = (people.carry_over * people.cost).sum()
    lost = evidence.number("opening.nonrecurrent_savings.2015")
    short = evidence.number("finance.savings_planned.2015") - evidence.number(
        "finance.savings_delivered.2015"
    )
    assert lost < carried < lost + short


@EACH
def test_backlog_is_as_published(name: str) -> None:
    people = synthetic.packaged(name)
    years = allocation.YEARS[name]
    total = published(f"backlog.total.{years.backlog}")
    assert thousand(people.backlog) == total
    by_type = years.backlog_by_type
    parts = [published(f"backlog.{kind}.{by_type}") for kind in TRUST_TYPES]
    for kind, part in zip(TRUST_TYPES, parts, strict=True):
        own = thousand(people.backlog[of_type(people, kind)])
        assert abs(own - total * part / sum(parts)) < 1


@EACH
def test_fractions_have_the_published_means(name: str) -> None:
    people = synthetic.base_year(name)
    years = allocation.YEARS[name]
    for column, key in (
        ("opportunity", f"opportunity.{years.opening}"),
        ("carry_over", f"carry_over.{years.base}"),
        ("pay_share", "pay_share.mean"),
    ):
        mean = np.average(getattr(people, column), weights=people.cost)
        assert mean == pytest.approx(evidence.number(f"opening.{key}"), abs=1e-6)


@EACH
def test_opportunity_spreads_as_productivity_does(name: str) -> None:
    low, mid, high = np.quantile(synthetic.packaged(name).opportunity, [0.1, 0.5, 0.9])
    assert low / mid == pytest.approx(0.84, abs=0.01)
    assert high / mid == pytest.approx(1.16, abs=0.01)


def test_2018_carries_every_margin_forward_by_the_planned_growth() -> None:
    before = synthetic.base_year("providers-2018")
    after = synthetic.packaged("providers-2018")
    growth = 1 + evidence.number("opening.income_growth.2018")
    assert before.code == after.code
    assert thousand(after.income) == round(thousand(before.income) * growth)
    assert thousand(after.cost) == round(thousand(before.cost) * growth)
    for column in ("income", "cost"):
        grown = getattr(before, column) * growth
        assert np.abs(getattr(after, column) - grown).max() <= 0.001
    assert np.array_equal(after.reported_balance, before.reported_balance)
    assert "carried forward to 2018/19" in after.about


@pytest.mark.parametrize("name", ["providers-2012", "providers-2015"])
def test_earlier_populations_open_from_their_base_year(name: str) -> None:
    assert synthetic.packaged(name) == synthetic.base_year(name)


def test_planned_growth_follows_from_the_published_plans() -> None:
    def plan(key: str) -> float:
        return evidence.number(f"opening.plan.{key}")

    savings = plan("savings.2018")
    cost = savings / plan("savings_share.2018") - savings
    income = cost + plan("net.2018") - plan("support.2018")
    before = plan("income.2017") - evidence.number("opening.support.2017")
    growth = evidence.number("opening.income_growth.2018")
    assert round(income / before - 1, 4) == growth


@pytest.mark.parametrize("year", [2012, 2015, 2017])
def test_published_parts_add_to_published_totals(year: int) -> None:
    def number(key: str) -> float:
        return evidence.number(f"opening.{key}.{year}")

    for what in ("trusts", "in_deficit"):
        assert sum(number(f"{what}.{t}") for t in TRUST_TYPES) == number(
            f"{what}.total"
        )
    for what in ("gross_deficit", "net"):
        parts = sum(number(f"{what}.{kind}") for kind in TRUST_TYPES)
        assert parts == pytest.approx(number(f"{what}.total"))
    others = sum(number(f"net.{kind}") for kind in TRUST_TYPES if kind != "acute")
    assert others == pytest.approx(number("net.non_acute"))


SAME_FIGURE = {
    "trusts.total.2012": "finance.trusts.2012",
    "trusts.total.2015": "finance.trusts.2015",
    "trusts.total.2017": "finance.trusts.2017",
    "in_deficit.total.2012": "finance.trusts_in_deficit.2012",
    "in_deficit.total.2015": "finance.trusts_in_deficit.2015",
    "in_deficit.total.2017": "finance.trusts_in_deficit.2017",
    "gross_deficit.total.2012": "finance.gross_deficit.2012",
    "gross_deficit.total.2017": "finance.gross_deficit.2017",
    "net.total.2012": "finance.net_balance.2012",
    "net.total.2015": "finance.net_balance.2015",
    "net.total.2017": "finance.net_balance.2017",
    "net.non_acute.2017": "finance.non_acute_balance.2017",
    "best_to_worst.2017": "finance.best_to_worst_gap.2017",
    "income.2015": "finance.income.2015",
    "income.2017": "finance.income.2017",
    "support.2012": "support.department.2012",
    "support.2015": "support.capital_to_revenue.2015",
    "support.2017": "support.sustainability_fund.2017",
    "plan.support.2018": "support.sustainability_fund.2018",
    "plan.savings.2018": "finance.savings_planned.2018",
    "plan.savings_share.2018": "finance.savings_rate_planned.2018",
    "plan.net.2018": "finance.net_balance_plan.2018",
    "plan.income.2017": "finance.income_plan.2017",
    "nonrecurrent_savings.2017": "finance.savings_one_off.2017",
    "backlog.total.2013": "backlog.total.2013",
    "backlog.total.2015": "backlog.total.2015",
    "backlog.total.2017": "backlog.total.2017",
    "pay_share.mean": "cost_base.pay.2016",
    "opportunity_spread": "productivity.spread.2008",
}


@pytest.mark.parametrize(("ours", "theirs"), SAME_FIGURE.items())
def test_a_figure_used_twice_is_the_same(ours: str, theirs: str) -> None:
    assert evidence.number(f"opening.{ours}") == evidence.number(theirs)


@EACH
def test_deficit_trusts_carry_more_over_and_are_worse_underneath(name: str) -> None:
    people = synthetic.packaged(name)
    in_deficit = people.reported_balance < 0
    margin = (people.income - people.cost) / people.income
    assert people.carry_over[in_deficit].mean() > people.carry_over[~in_deficit].mean()
    assert margin[in_deficit].max() < 0
    assert np.corrcoef(margin, people.reported_balance / people.income)[0, 1] > 0.9


@EACH
def test_most_margins_are_near_zero_with_a_long_left_tail(name: str) -> None:
    people = synthetic.packaged(name)
    margin = people.reported_balance / people.income
    low, high = (-0.03, 0) if name == "providers-2015" else (0, 0.02)
    assert low < np.median(margin) < high
    acute = margin[of_type(people, "acute")]
    assert acute.min() < (-0.07 if name == "providers-2025" else -0.1)  # plans
    assert -acute.min() > acute.max()
    assert np.abs(margin).max() < 0.3


@EACH
def test_every_system_has_an_acute_trust(name: str) -> None:
    people = synthetic.packaged(name)
    systems = allocation.of_year(name, "systems")
    assert len(people.system_names) == systems
    with_acute = set(people.system_index[of_type(people, "acute")].tolist())
    assert with_acute == set(range(int(systems)))


def test_systems_are_those_of_their_time() -> None:
    assert allocation.of_year("providers-2018", "systems") == 44
    assert allocation.of_year("providers-2025", "systems") == 42


@EACH
def test_packaged_populations_do_not_change(name: str) -> None:
    assert synthetic.packaged(name).digest() == DIGESTS[name]


@EACH
def test_the_last_bit_of_a_logarithm_does_not_matter(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine's mathematics library differs by so much."""
    exp, normal = math.exp, allocation.bounded_normal

    def off(function: Callable[[float], float], toward: float) -> Any:
        return lambda x: math.nextafter(function(x), toward)

    monkeypatch.setattr(math, "exp", off(exp, math.inf))
    monkeypatch.setattr(allocation, "bounded_normal", off(normal, -math.inf))
    elsewhere = synthetic.base_year.__wrapped__(name)
    assert elsewhere.digest() == synthetic.base_year(name).digest()


@EACH
def test_packaged_populations_say_that_they_are_synthetic(name: str) -> None:
    people = synthetic.packaged(name)
    assert people.synthetic == ("all",)
    assert "synthetic" in people.about
    assert people.about.endswith(".")
    assert f"{len(people)} trusts" in people.about


def test_an_unknown_packaged_population_names_the_nearest() -> None:
    with pytest.raises(PopulationError) as refused:
        synthetic.packaged("providers-2017")
    assert str(refused.value) == (
        "population 'providers-2017': is not packaged; did you mean 'providers-2018'?"
    )
