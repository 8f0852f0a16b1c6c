"""Opening positions: what is published holds exactly, and a bad list is refused."""

import csv
import dataclasses
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import evidence
from simulator.errors import PopulationError, Problems
from simulator.population import (
    allocation,
    panel,
    rates,
    synthetic,
)
from simulator.population import (
    model as population,
)
from simulator.population import (
    table as population_csv,
)
from simulator.population.model import Population
from simulator.population.successors import successors
from simulator.schema import TRUST_TYPES

HERE = Path(__file__)
PANEL = HERE.parents[2] / "shared" / "evidence" / "data" / "trust_panel.csv"
needs_panel = pytest.mark.skipif(
    not PANEL.exists(), reason=f"the list of real trusts is not at {PANEL}"
)

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
# Two codes whose hashes agree, found by trying T00000, T00001, ...
COLLIDING = ("T04045", "T15359")

BASE = {
    "providers-2012": 2012,
    "providers-2015": 2015,
    "providers-2018": 2017,
    "providers-2025": 2025,
}
EACH = pytest.mark.parametrize("name", synthetic.PACKAGED)


def small(**changes: Any) -> Population:
    """Two trusts, bent in one place per test."""
    fields: dict[str, Any] = {
        "name": "two trusts",
        "code": ("RB1", "RA1"),
        "trust_name": ("Second", "First"),
        "trust_type": ("community", "acute"),
        "system": ("north", "north"),
        "income": [150.0, 400.0],
        "cost": [149.0, 420.0],
        "opportunity": [0.12, 0.13],
        "carry_over": [0.0, 0.0113],
        "backlog": [0.0, 37.2],
        "pay_share": [0.7, 0.64],
        "reported_balance": [1.5, -12.0],
        "synthetic": ("all",),
        "about": "Made up for a test.",
    }
    return Population(**fields | changes)


def thousand(values: Any) -> int:
    """A sum of money in whole GBP thousand, each part checked to be whole."""
    parts = [float(value) * 1000 for value in np.asarray(values)]
    assert all(abs(part - round(part)) < 1e-6 for part in parts)
    return sum(map(round, parts))


def published(key: str) -> int:
    return round(evidence.number(f"opening.{key}") * 1000)


def of_type(people: Population, kind: str) -> Any:
    return people.type_index == TRUST_TYPES.index(kind)


# What the packaged populations hold


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


# The value


def test_trusts_stand_in_one_order() -> None:
    people = small(system=("south", "north"))
    assert people.code == ("RA1", "RB1")
    assert people.trust_name == ("First", "Second")
    assert people.income.tolist() == [400.0, 150.0]
    assert people.type_index.tolist() == [0, 3]
    assert people.system_names == ("north", "south")
    assert people.system_index.tolist() == [0, 1]


@EACH
@given(seed=st.integers(0, 1000))
@settings(max_examples=5)
def test_order_of_rows_changes_nothing(name: str, seed: int) -> None:
    header, *rows = population.to_csv_text(synthetic.packaged(name)).splitlines()
    random.Random(seed).shuffle(rows)
    again = population_csv.from_csv_text("\n".join([header, *rows]), name)
    assert again == synthetic.packaged(name)
    assert again.digest() == synthetic.packaged(name).digest()


@EACH
def test_a_table_reads_back_as_the_same_population(name: str) -> None:
    people = synthetic.packaged(name)
    again = population_csv.from_csv_text(population.to_csv_text(people), people.name)
    assert again == people
    for field in dataclasses.fields(Population):
        if field.name != "about":
            same = getattr(again, field.name) == getattr(people, field.name)
            assert np.all(same), field.name


fraction = st.floats(0, 1, exclude_max=True)
money = st.floats(1000, 1999)  # so that income is neither half nor double the cost


@given(
    st.lists(
        st.tuples(
            st.text('ABR19é," ', min_size=1, max_size=40).filter(str.strip),
            st.sampled_from(TRUST_TYPES),
            st.tuples(money, money, fraction, fraction, st.floats(0, 5000)),
            st.floats(0.001, 0.999),
            st.floats(-500, 500),
            st.sets(st.sampled_from(population.NUMBERS)),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda row: row[0].strip(),
    )
)
def test_any_population_reads_back_as_itself(rows: list[Any]) -> None:
    codes, types, figures, pay, balance, marks = zip(*rows, strict=True)
    columns = [np.array(column) for column in zip(*figures, strict=True)]
    fields = dict(zip(population.NUMBERS, columns, strict=False))
    people = Population(
        name="any",
        code=tuple(code.strip() for code in codes),
        trust_name=tuple(code.strip() for code in codes),
        trust_type=types,
        system=("one",) * len(rows),
        **fields,
        pay_share=np.array(pay),
        reported_balance=np.array(balance),
        synthetic=(),
        drawn=tuple(map(tuple, marks)),
        about="Any.",
    )
    again = population_csv.from_csv_text(population.to_csv_text(people), "any")
    assert again == people
    assert again.drawn == people.drawn


def test_arrays_are_read_only_and_copied() -> None:
    given_income = np.array([150.0, 400.0])
    people = small(income=given_income)
    given_income[0] = 1.0
    assert people.income.tolist() == [400.0, 150.0]
    with pytest.raises(ValueError, match="read-only"):
        people.income[0] = 1.0


def test_addresses_are_stable_hashes_of_codes() -> None:
    assert population.address("RA1") == 1_044_089_807
    people = small()
    assert people.address.dtype == np.uint32
    assert people.address.tolist() == [
        population.address("RA1"),
        population.address("RB1"),
    ]
    assert synthetic.packaged("providers-2018").address.tolist() == [
        population.address(code) for code in synthetic.packaged("providers-2018").code
    ]


def test_two_codes_with_one_address_are_refused() -> None:
    with pytest.raises(Problems) as refused:
        small(code=COLLIDING)
    assert str(refused.value) == (
        "two trusts: trust 2 ('T15359'), code: 'T04045' and 'T15359' have the same "
        "32-bit address, so the same random numbers; change one of the two, for "
        "example by a letter at its end"
    )


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(Problems) as refused:
        small(
            code=("RA1", "RA1"),
            trust_type=("care_trust", "acut"),
            system=("", "north"),
            income=[0.0, np.inf],
            opportunity=[12.0, -0.1],
            pay_share=[0.0, 1.0],
            backlog=[-1.0, 0.0],
            synthetic=("incme",),
        )
    assert all(isinstance(p, PopulationError) for p in refused.value.problems)
    first, second = "two trusts: trust 1 ('RA1'), ", "two trusts: trust 2 ('RA1'), "
    build = "`simulator population build` draws what is lacking"
    near = "unknown column 'incme'; did you mean 'income'?"
    assert str(refused.value).splitlines() == [
        f"{second}code: 'RA1' is the code of trust 1 ('RA1') too; give each trust once",
        f"{first}type: unknown type 'care_trust'; did you mean 'mental_health'?",
        f"{second}type: unknown type 'acut'; did you mean 'acute'?",
        f"{first}system: is empty; give its system; {build}",
        f"{first}income: 0 is not above 0; give GBP million a year",
        f"{second}income: inf is not a finite number; give a number",
        f"{first}opportunity: 12 is not a fraction of cost from 0 to below 1; "
        "write 0.12 for 12%",
        f"{second}opportunity: -0.1 is not a fraction of cost from 0 to below 1; "
        "write 0.05 for 5%",
        f"{first}backlog: -1 is below 0; give GBP million, 0 or more",
        f"{first}pay_share: 0 is not a fraction of cost between 0 and 1; "
        "write 0.05 for 5%",
        f"{second}pay_share: 1 is not a fraction of cost between 0 and 1; "
        "write 0.01 for 1%",
        f"{first}synthetic: {near}",
        f"{second}synthetic: {near}",
    ]


def test_columns_of_unlike_length_are_refused() -> None:
    with pytest.raises(PopulationError, match="cost has 1 values for 2 trusts"):
        small(cost=[1.0])
    with pytest.raises(PopulationError, match="has no trusts"):
        small(code=())


def test_what_is_drawn_is_kept_by_trust() -> None:
    people = small(drawn=(("backlog", "income"), ()), synthetic=())
    assert people.drawn == ((), ("income", "backlog"))
    assert people.synthetic == ("income", "backlog")
    assert small(synthetic=population.COLUMNS[:-1]).synthetic == ("all",)


def test_digest_is_of_the_content_only() -> None:
    people = small()
    assert people.digest() == small(name="other", about="Other.").digest()
    assert people.digest() != small(income=[150.0, 400.001]).digest()
    assert people.digest() == small(carry_over=[-0.0, 0.0113]).digest()
    assert {people, small()} == {people}
    assert people != "two trusts"
    assert repr(people) == f"<Population two trusts: 2 trusts, {people.digest()[:12]}>"


# Tables

HEADER = (
    "code,name,type,system,income,cost,opportunity,carry_over,backlog,pay_share,"
    "reported_balance,synthetic"
)
FIRST = "RA1,First,acute,north,400,420,0.13,0.0113,37.2,0.64,-12,"
SECOND = "RB1,Second,community,north,150,149,0.12,0,0,0.7,1.5,income;cost"


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows, ""])


def test_a_table_is_read() -> None:
    people = population_csv.from_csv_text(table(SECOND, FIRST), "mine.csv")
    assert people.code == ("RA1", "RB1")
    assert people.drawn == ((), ("income", "cost"))
    assert people.about == (
        "As given in mine.csv, but drawn for some trusts: income, cost; published "
        "totals hold on average, not exactly."
    )
    real = population_csv.from_csv_text(table(FIRST), "mine.csv")
    assert real.synthetic == ()
    assert real.about == "All figures are as given in mine.csv."


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + table(FIRST, SECOND),
        table(FIRST, SECOND).replace("\n", "\r\n"),
        table(FIRST, "", SECOND, ",,,,,,,,,,,"),
        table(FIRST.replace(",", " , "), SECOND),
        table(FIRST, SECOND).rstrip("\n"),
        table(FIRST, SECOND.replace("Second", '"Second"')),
        table(FIRST + ",,", SECOND + ",,", header=HEADER + ",,"),
        table("," + FIRST, "," + SECOND, header="," + HEADER),
    ],
    ids=[
        "byte-order mark",
        "Windows",
        "empty lines",
        "spaces",
        "no end",
        "quotes",
        "empty columns at the end",
        "an empty column",
    ],
)
def test_the_ways_of_spreadsheets_are_let_pass(text: str) -> None:
    assert population_csv.from_csv_text(text, "a") == population_csv.from_csv_text(
        table(FIRST, SECOND), "a"
    )


def test_synthetic_may_be_left_out_where_all_is_real() -> None:
    header, row = HEADER.removesuffix(",synthetic"), FIRST.removesuffix(",")
    people = population_csv.from_csv_text(table(row, header=header), "a.csv")
    assert people.synthetic == ()


BUILD = "`simulator population build` draws what is lacking"
BAD_TABLES = {
    "empty": (
        "",
        "a.csv: is empty; the first line names the columns: code, name, type and so on",
    ),
    "header only": (table(), "a.csv: has no trusts below its header; add one"),
    "unknown column": (
        table(FIRST + ",1", header=HEADER + ",incom"),
        "a.csv: line 1, column 'incom': unknown column; did you mean 'income'?",
    ),
    "missing column": (
        table(FIRST.replace(",37.2", ""), header=HEADER.replace(",backlog", "")),
        f"a.csv: line 1: column 'backlog' is missing; add it; {BUILD}",
    ),
    "column twice": (
        table(FIRST + ",1", header=HEADER + ",income"),
        "a.csv: line 1: column 'income' is there twice; leave out one of them",
    ),
    "semicolons": (
        table(FIRST, header=HEADER).replace(",", ";"),
        "a.csv: line 1: the columns are separated by semicolons; save with commas",
    ),
    "ragged": (
        table(FIRST, SECOND + ",,"),
        "a.csv: line 3: has 14 values for 12 columns; look for a comma too many or too "
        "few; a value with a comma in it stands in double quotes",
    ),
    "word": (
        table(FIRST.replace(",400,", ",about 400,")),
        "a.csv: line 2, column 'income': 'about 400' is not a number; write digits "
        "only, as in 412.5",
    ),
    "not a number": (
        table(FIRST.replace(",400,", ",nan,")),
        "a.csv: line 2, column 'income': 'nan' is not a number; write digits only, as "
        "in 412.5",
    ),
    "thousands": (
        table(FIRST.replace(",400,", ',"1,400.5",')),
        "a.csv: line 2, column 'income': '1,400.5' has a thousands separator; write "
        "1400.5",
    ),
    "percentage": (
        table(FIRST.replace(",0.13,", ",13%,")),
        "a.csv: line 2, column 'opportunity': '13%' is a percentage; write 0.13",
    ),
    "brackets": (
        table(FIRST.replace(",-12,", ",(12),")),
        "a.csv: line 2, column 'reported_balance': '(12)' is in brackets; write -12",
    ),
    "empty cell": (
        table(FIRST.replace(",37.2,", ",,")),
        f"a.csv: line 2, column 'backlog': is empty; give a number; {BUILD}",
    ),
    "negative": (
        table(FIRST.replace(",420,", ",-420,")),
        "a.csv: line 2, column 'cost': -420 is not above 0; give GBP million a year",
    ),
    "too large": (
        table(FIRST.replace(",420,", ",1e999,")),
        "a.csv: line 2, column 'cost': inf is not a finite number; give a number",
    ),
    "per cent as fraction": (
        table(FIRST.replace(",0.64,", ",64,")),
        "a.csv: line 2, column 'pay_share': 64 is not a fraction of cost between 0 and "
        "1; write 0.64 for 64%",
    ),
    "same code": (
        table(FIRST, "", SECOND.replace("RB1", "RA1")),
        "a.csv: line 4, column 'code': 'RA1' is the code of line 2 too; give each "
        "trust once",
    ),
    "no code": (
        table(FIRST.replace("RA1", " ")),
        "a.csv: line 2, column 'code': is empty; give each trust a code of its own",
    ),
    "unknown type": (
        table(FIRST.replace("acute", "Mental Health")),
        "a.csv: line 2, column 'type': unknown type 'Mental Health'; did you mean "
        "'mental_health'?",
    ),
    "unknown mark": (
        table(FIRST + "incom;cost"),
        "a.csv: line 2, column 'synthetic': unknown column 'incom'; did you mean "
        "'income'?",
    ),
    "two faults": (
        table(FIRST.replace(",400,", ",,"), SECOND.replace(",0.7,", ",7,")),
        f"a.csv: line 2, column 'income': is empty; give a number; {BUILD}\n"
        "a.csv: line 3, column 'pay_share': 7 is not a fraction of cost between 0 and "
        "1; write 0.07 for 7%",
    ),
    "value without a column": (
        table(FIRST + ",", SECOND + ",5", header=HEADER + ","),
        "a.csv: line 1: column 13 has no name, but line 3 has a value in it; name it, "
        "or delete the column",
    ),
    "line break in a name": (
        table(FIRST.replace("First", '"Fi\nrst"'), SECOND.replace("RB1", "R\0B1")),
        "a.csv: line 2, column 'name': has a line break in it; write it on one line\n"
        "a.csv: line 4, column 'code': has a character in it that cannot be seen "
        "(U+0000); type it again without it",
    ),
    "letters that cannot be seen": (
        table(FIRST.replace("RA1", "RA1\u200b"), SECOND.replace("north", "no\x1brth")),
        "a.csv: line 2, column 'code': has a character in it that cannot be seen "
        "(U+200B); type it again without it\n"
        "a.csv: line 3, column 'system': has a character in it that cannot be seen "
        "(U+001B); type it again without it",
    ),
    "long name": (
        table(FIRST.replace("First", "F" * 300), SECOND.replace("RB1", "R" * 41)),
        "a.csv: line 2, column 'name': is 300 characters long; use at most 200\n"
        "a.csv: line 3, column 'code': is 41 characters long; use at most 40",
    ),
    "thousands of pounds": (
        table(FIRST.replace(",400,420,", ",400000,420000,")),
        "a.csv: line 2, column 'income': 400000 is no year's income of one trust, "
        "which is from 5 to 10000 GBP million; write 400 if this is in GBP thousand, "
        "one trust a line\n"
        "a.csv: line 2, column 'cost': 420000 is no year's cost of one trust, which is "
        "from 5 to 10000 GBP million; write 420 if this is in GBP thousand, one trust "
        "a line",
    ),
    "beyond all numbers": (
        table(FIRST.replace(",420,", ",1e308,")),
        "a.csv: line 2, column 'cost': 1e+308 is no year's cost of one trust, which is "
        "from 5 to 10000 GBP million; give GBP million, one trust a line",
    ),
    "a balance in pounds": (
        table(FIRST.replace(",-12,", ",-12000000,"), SECOND.replace(",149,", ",400,")),
        "a.csv: line 2, column 'reported_balance': -1.2e+07 is beyond what a trust "
        "with a cost of 420 can have, -210 to 210 GBP million; write -12 if this is in "
        "pounds\n"
        "a.csv: line 3, column 'income': 150 is beyond what a trust with a cost of 400 "
        "can have, 200 to 800 GBP million; give GBP million",
    ),
    "many alike": (
        table(
            *(FIRST.replace("RA1", f"R{n}").replace(",400,", ",,") for n in range(208))
        ),
        "a.csv: line 2 and 207 more up to line 209, column 'income': is empty; give a "
        f"number; {BUILD}",
    ),
    "many alike but for their figures": (
        table(*(FIRST.replace("RA1", f"R{n}") + "x" * n for n in range(1, 9))),
        "a.csv: line 2 and 7 more up to line 9, column 'synthetic': unknown column "
        f"'x'; choose from: {HEADER.replace(',', ', ').replace('synthetic', 'all')}",
    ),
    "many ragged": (
        table(*(FIRST + "," * (1 + n) for n in range(9))),
        "a.csv: line 2 and 8 more up to line 10: has 13 values for 12 columns; look "
        "for a comma too many or too few; a value with a comma in it stands in double "
        "quotes",
    ),
    "endless cell": (
        table(FIRST.replace("First", "F" * 140_000)),
        "a.csv: line 2: cannot be read: field larger than field limit (131072); "
        "save the table as CSV again",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_a_bad_table_is_refused(text: str, message: str) -> None:
    with pytest.raises((Problems, PopulationError)) as refused:
        population_csv.from_csv_text(text, "a.csv")
    assert str(refused.value) == message


# Draws


@given(
    st.integers(0, 10**9),
    st.lists(st.floats(1e-9, 1e9), max_size=30),
)
def test_shares_add_up_and_follow_their_weights(
    total: int, weights: list[float]
) -> None:
    parts = allocation.share_out(total, weights)
    assert sum(parts) == (total if weights else 0)
    least = 1 if total >= len(weights) else 0
    assert all(part >= least for part in parts)
    for part, weight in zip(parts, weights, strict=True):
        fair = total * weight / sum(weights)
        assert part < fair + 1 + 1e-6 * fair or part == 1
        assert part > fair - 1 - len(weights) - 1e-6 * fair


def test_a_whole_number_is_shared_out_as_worked_by_hand() -> None:
    assert allocation.share_out(10, []) == []
    assert allocation.share_out(10, [1, 1, 1]) == [4, 3, 3]
    assert allocation.share_out(4, [100, 1, 1]) == [2, 1, 1]
    assert allocation.share_out(2, [100, 1, 1]) == [2, 0, 0]
    assert allocation.share_out(0, [1, 1]) == [0, 0]
    assert allocation.share_out(10, [1, 2, 1], largest=7) == [2, 7, 1]
    assert allocation.share_out(10, [1], largest=7) == [10]


def test_uniform_numbers_are_keyed_by_population_trust_and_variable() -> None:
    draws = allocation.Draws("providers-2018")
    other = allocation.Draws("providers-2012")
    numbers = {
        draws.uniform("RA1", "size"),
        draws.uniform("RA1", "backlog"),
        draws.uniform("RA2", "size"),
        other.uniform("RA1", "size"),
    }
    assert len(numbers) == 4
    assert all(0 < number < 1 for number in numbers)
    assert draws.uniform("RA1", "size") == 0.5603326076571673


# A list of real trusts

LIST = "code,name,type,spend,income,backlog_gbp_m_2015_16,backlog_gbp_m_2016_17,beds\n"
ROWS = [
    "RA1,First,acute,600,,40,44.5,900",
    "RA2,Second,acute,400,390,12,,500",
    "RA3,Third,acute,500,,,,1",
    "RM1,Fourth,care_trust,200,,,,2",
    "RM2,Fifth,mental_health,220.5,,,,2",
    "RC1,Sixth,community,150,,,,",
]


def built(rows: list[str], like: str = "providers-2018") -> Population:
    return panel.build(LIST + "\n".join(rows), like, "mine", ignore=["beds"])


def test_what_a_list_gives_is_kept_and_marked_real() -> None:
    people = built(ROWS)
    at = {code: row for row, code in enumerate(people.code)}
    assert people.cost[at["RM2"]] == 220.5
    assert people.income[at["RA2"]] == 390
    assert people.backlog[at["RA1"]] == 44.5
    assert people.backlog[at["RA2"]] == 12
    assert people.trust_type[at["RM1"]] == "mental_health"
    drawn = dict(zip(people.code, people.drawn, strict=True))
    always = {"system", "opportunity", "carry_over", "pay_share", "reported_balance"}
    assert set(drawn["RA1"]) == always | {"income"}
    assert set(drawn["RA2"]) == always
    assert set(drawn["RC1"]) == always | {"income", "backlog"}
    assert people.about == (
        "Codes, names, types and operating spend of 6 trusts are as listed (care "
        "trusts count as mental health: 1); drawn like providers-2018 where a trust "
        "lacks it: system, income, opportunity, carry_over, backlog, pay_share, "
        "reported_balance; each trust is drawn by its own code, so that published "
        "totals hold on average, not exactly."
    )


def test_a_list_written_and_read_back_is_the_same() -> None:
    people = built(ROWS)
    text = population.to_csv_text(people)
    assert population_csv.from_csv_text(text, "mine") == people


def test_known_systems_and_balances_are_kept() -> None:
    text = (
        "code,name,type,opex_gbp_m,system,reported_balance\n"
        "RA1,A,acute,500,Kent,-20\nRA2,B,acute,400,,\nRA3,C,acute,400,,\n"
    )
    people = panel.build(text, "providers-2018", "mine")
    at = people.code.index("RA1")
    assert people.system[at] == "Kent"
    assert people.reported_balance[at] == -20
    assert people.income[at] < 480
    assert "reported_balance" not in people.drawn[at]
    assert "income" in people.drawn[at]


def test_the_order_of_a_list_changes_nothing() -> None:
    assert built(ROWS) == built(ROWS[::-1])


def test_one_trust_more_changes_no_other() -> None:
    rows = [f"RX{n:02d},T,{TRUST_TYPES[n % 5]},{200 + 5 * n},,,," for n in range(20)]
    more = ["RZZ,New,acute,9000,,,,", *ROWS]
    before, after = built(rows), built(rows + more)
    row = [after.code.index(code) for code in before.code]
    for column in (*population.NUMBERS, "type_index"):
        assert np.array_equal(getattr(after, column)[row], getattr(before, column))
    assert [after.system[r] for r in row] == list(before.system)
    assert [after.drawn[r] for r in row] == list(before.drawn)


@EACH
def test_rates_come_to_the_published_totals_over_the_packaged_trusts(
    name: str,
) -> None:
    people, totals = synthetic.base_year(name), synthetic.published(name)
    of = rates.rates(name)
    cost = 1000 * people.cost
    own = [of[kind] for kind in people.trust_type]
    p = np.array([rate.in_deficit for rate in own])
    for what, sums in (
        ("deficit", totals.gross_deficit),
        ("surplus", totals.gross_surplus),
        ("backlog", totals.backlog),
    ):
        chance = {"deficit": p, "surplus": 1 - p, "backlog": 1.0}[what]
        part = cost * chance * np.array([getattr(rate, what) for rate in own])
        for kind in TRUST_TYPES:
            assert part[of_type(people, kind)].sum() == pytest.approx(sums[kind])
    for what, total in (("support", totals.support), ("one_offs", totals.one_offs)):
        fine, unlucky = np.array([getattr(rate, what) for rate in own]).T
        assert (cost * ((1 - p) * fine + p * unlucky)).sum() == pytest.approx(total)
    for kind in TRUST_TYPES:
        assert p[of_type(people, kind)].sum() == pytest.approx(totals.in_deficit[kind])


@pytest.mark.parametrize("kind", ["acute", "mental_health"])
def test_many_trusts_come_to_the_rates_on_average(kind: str) -> None:
    """Within four standard errors; another type's rates are further off."""
    name, cost, n = "providers-2018", 400_000, 4_000
    drawn = [
        rates.draw(
            allocation.Draws(name), allocation.Listed(f"{kind}{number}", kind, cost), {}
        )
        for number in range(n)
    ]
    balance = np.array([one["reported_balance"] for one in drawn]) / 400
    backlog = np.array([one["backlog"] for one in drawn]) / 400
    underlying = np.array([one["income"] for one in drawn]) / 400 - 1
    carried = np.array([one["carry_over"] for one in drawn])

    def expected(kind: str) -> list[float]:
        rate = rates.rates(name)[kind]
        p = rate.in_deficit
        net = (1 - p) * rate.surplus - p * rate.deficit
        support = (1 - p) * rate.support[0] + p * rate.support[1]
        one_offs = (1 - p) * rate.one_offs[0] + p * rate.one_offs[1]
        carry = rate.carry_over * one_offs
        return [p, net, net - support - one_offs, rate.backlog, carry]

    found = [balance < 0, balance, underlying, backlog, carried]
    error = [4 * np.std(values) / np.sqrt(n) for values in found]
    off = np.abs(np.array([np.mean(values) for values in found]) - expected(kind))
    assert (off < error).all()
    other = "mental_health" if kind == "acute" else "acute"
    wrong = np.abs(np.array([np.mean(values) for values in found]) - expected(other))
    assert (wrong > error).all()


@EACH
@pytest.mark.parametrize("kind", TRUST_TYPES)
def test_no_draw_leaves_the_bounds_of_its_column(name: str, kind: str) -> None:
    rows = [f"{kind}{n},T,{kind},{25 + 7 * n % 900},,,," for n in range(60)]
    people = built(rows, name)
    margin = people.reported_balance / people.cost
    assert np.abs(margin).max() < 0.5
    assert (people.income > people.cost / 2).all()
    if not rates.rates(name)[kind].in_deficit:
        assert (people.reported_balance > 0).all()


BAD_LISTS = {
    "no spend": (
        "code,name,type\nRA1,A,acute",
        "mine: line 1: operating spend is missing; give it in a column called "
        "opex_gbp_m or operating_spend or spend or cost, GBP million",
    ),
    "two spends": (
        "code,name,type,spend,cost\nRA1,A,acute,1,1",
        "mine: line 1: operating spend is there twice: spend, cost; keep one",
    ),
    "no code": (
        "codes,name,type,spend\nRA1,A,acute,1",
        "mine: line 1: unknown column 'codes'; did you mean 'code'? If not, add "
        "--ignore-columns codes",
    ),
    "no name at all": (
        "code,type,spend\nRA1,acute,100",
        "mine: line 1: column 'name' is missing; add it",
    ),
    "misspelt columns": (
        "code,name,type,spend,Income,reported_balnce\nRA1,A,acute,100,99,1",
        "mine: line 1: unknown column 'reported_balnce'; did you mean "
        "'reported_balance'? If not, add --ignore-columns reported_balnce",
    ),
    "strange columns": (
        "code,name,type,spend,fte,beds\nRA1,A,acute,100,9,1",
        "mine: line 1: unknown columns 'fte', 'beds'; delete what is not needed, or "
        "add --ignore-columns fte,beds",
    ),
    "thousands and pounds": (
        "code,name,type,spend,income\n"
        + "\n".join(f"R{n},A,acute,{n}00500,{n}00000000" for n in range(4, 16)),
        "mine: line 2 and 11 more up to line 13, column 'spend': 400500 is no year's "
        "cost of one trust, which is from 5 to 10000 GBP million; write 400.5 if this "
        "is in GBP thousand, one trust a line\n"
        "mine: line 2 and 11 more up to line 13, column 'income': 4e+08 is no year's "
        "income of one trust, which is from 5 to 10000 GBP million; write 400 if this "
        "is in pounds, one trust a line",
    ),
    "the whole sector": (
        "code,name,type,spend\nENG,All trusts,acute,83591",
        "mine: line 2, column 'spend': 83591 is no year's cost of one trust, which is "
        "from 5 to 10000 GBP million; write 83.591 if this is in GBP thousand, one "
        "trust a line",
    ),
    "figures beyond all numbers": (
        "code,name,type,spend,reported_balance,backlog,pay_share\n"
        "RA1,A,acute,1e308,1e308,1e400,64\nRA2,A,acute,100,1e308,1e308,0.6",
        "mine: line 2, column 'spend': 1e+308 is no year's cost of one trust, which is "
        "from 5 to 10000 GBP million; give GBP million, one trust a line\n"
        "mine: line 2, column 'backlog': inf is not a finite number; give a number\n"
        "mine: line 2, column 'pay_share': 64 is not a fraction of cost between 0 and "
        "1; write 0.64 for 64%\n"
        "mine: line 3, column 'backlog': 1e+308 is beyond what a trust with a cost of "
        "100 can have, 0 to 500 GBP million; give GBP million\n"
        "mine: line 3, column 'reported_balance': 1e+308 is beyond what a trust with a "
        "cost of 100 can have, -50 to 50 GBP million; give GBP million",
    ),
    "names that cannot be read": (
        f'code,name,type,spend\nRA1,"A\nB",acute,100\nRA2,{"B" * 201},acute,100',
        "mine: line 2, column 'name': has a line break in it; write it on one line\n"
        "mine: line 4, column 'name': is 201 characters long; use at most 200",
    ),
    "bad cells": (
        'code,name,type,spend,backlog\nRA1,A,acut,"1,200",x\nRA2,B,acute,,\n'
        "RA3,C,acute,0,",
        "mine: line 2, column 'backlog': 'x' is not a number; write digits only, as in "
        "412.5\n"
        "mine: line 2, column 'type': unknown type 'acut'; did you mean 'acute'?\n"
        "mine: line 3, column 'spend': is empty; every trust needs its operating "
        "spend\n"
        "mine: line 4, column 'spend': 0 is not above 0; give GBP million a year",
    ),
    "drawn already": (
        "code,name,type,spend,income,synthetic\nRA1,A,acute,100,99,income",
        "mine: line 2, column 'synthetic': 'income' is drawn already, not real; start "
        "from the list of real figures, without this column",
    ),
    "same code": (
        "code,name,type,spend\nRA1,A,acute,100\nRA1,B,acute,200",
        "mine: line 3, column 'code': 'RA1' is the code of line 2 too; give each trust "
        "once",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD_LISTS.values(), ids=BAD_LISTS)
def test_a_bad_list_is_refused(text: str, message: str) -> None:
    with pytest.raises(Problems) as refused:
        panel.build(text, "providers-2018", "mine")
    assert str(refused.value) == message


def test_columns_are_passed_over_on_purpose_only() -> None:
    text = "code,name,type,spend,income,fte\nRA1,A,acute,100,99,700"
    kept = panel.build(text, "providers-2018", "mine", ignore=["fte"])
    assert kept.income.tolist() == [99]
    drawn = panel.build(text, "providers-2018", "mine", ignore=["fte", "income"])
    assert "income" in drawn.drawn[0]
    with pytest.raises(Problems) as refused:
        panel.build(text, "providers-2018", "mine", ignore=["ftes", "fte", "code"])
    assert str(refused.value) == (
        "mine: line 1: there is no column 'ftes' to ignore; did you mean 'fte'?\n"
        "mine: line 1: column 'code' is missing; add it"
    )


def test_a_list_that_lacks_nothing_says_so() -> None:
    text = HEADER.removesuffix(",synthetic") + "\n" + FIRST.removesuffix(",")
    people = panel.build(text, "providers-2018", "mine")
    assert people.synthetic == ()
    assert people.about == (
        "Codes, names, types and operating spend of one trust are as listed; nothing "
        "is drawn."
    )


def test_what_is_wrong_with_a_list_names_the_file() -> None:
    with pytest.raises(Problems, match=r"^in\.csv: line 2, column 'spend': is empty"):
        panel.build(
            "code,name,type,spend\nRA1,A,acute,", "providers-2018", "out", file="in.csv"
        )


def test_a_list_like_nothing_packaged_is_refused() -> None:
    with pytest.raises(PopulationError, match="is not packaged"):
        panel.build("", "providers", "mine")


PANEL_EXTRAS = ["fte_staff", "absence_rate", "mff_index", "specialisation"]


@needs_panel
def test_the_list_of_real_trusts_is_filled() -> None:
    name, extras = "providers-2018", PANEL_EXTRAS
    text = PANEL.read_text(encoding="utf-8")
    people = panel.build(text, name, "panel", ignore=extras)
    assert len(people) == 208
    assert people.trust_type.count("mental_health") == 43
    acute = of_type(people, "acute")
    share = rates.rates(name)["acute"].in_deficit
    in_deficit = (people.reported_balance < 0)[acute]
    error = math.sqrt(share * (1 - share) / acute.sum())
    assert in_deficit.mean() == pytest.approx(share, abs=3 * error)
    few = panel.build("\n".join(text.splitlines()[:6]), name, "panel", ignore=extras)
    same = [people.code.index(code) for code in few.code]
    assert few.reported_balance.tolist() == people.reported_balance[same].tolist()
    assert not any("cost" in marks for marks in people.drawn)
    assert sum("backlog" not in marks for marks in people.drawn) > 200


@needs_panel
def test_the_real_trusts_of_an_earlier_year_are_refused_until_merged() -> None:
    text = PANEL.read_text(encoding="utf-8")
    with pytest.raises(Problems) as refused:
        panel.build(text, "providers-2025", "panel", ignore=PANEL_EXTRAS)
    gone = {row["code"] for row in csv.DictReader(text.splitlines())} & set(
        successors()
    )
    said = str(refused.value).splitlines()
    assert [line.split("'")[3] for line in said] == sorted(gone)
    assert all("is no more" in line for line in said)
