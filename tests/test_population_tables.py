"""Opening positions: a table reads back as itself, and a bad one is refused."""

import dataclasses
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people import EACH, FIRST, HEADER, SECOND, small, table

from simulator.errors import PopulationError, Problems
from simulator.population import (
    model as population,
)
from simulator.population import (
    synthetic,
)
from simulator.population import (
    table as population_csv,
)
from simulator.population.model import Population
from simulator.schema import TRUST_TYPES

# Two codes whose hashes agree, found by trying T00000, T00001, ...
COLLIDING = ("T04045", "T15359")


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
