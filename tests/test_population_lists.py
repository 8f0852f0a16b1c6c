"""Opening positions drawn for a list of real trusts; a bad list is refused."""

import math

import numpy as np
import pytest
from elsewhere import evidence, needs_evidence
from hypothesis import given
from hypothesis import strategies as st
from people import EACH, FIRST, HEADER, of_type

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

PANEL = evidence("data", "trust_panel.csv")


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


@needs_evidence
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


def test_a_list_of_an_earlier_year_is_refused_until_its_trusts_are_merged() -> None:
    codes = [*successors(), "RX1"]
    rows = [f"{code},Trust {row},acute,300" for row, code in enumerate(codes)]
    text = "\n".join(["code,name,type,spend", *rows])
    with pytest.raises(Problems) as refused:
        panel.build(text, "providers-2025", "list")
    said = str(refused.value).splitlines()
    gone = [code for code, new in successors().items() if new.on <= "2025-04-01"]
    assert len(gone) > 20
    assert [line.split("'")[3] for line in said] == gone
    assert all("is no more" in line for line in said)
