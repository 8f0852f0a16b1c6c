"""Lists of trusts as Excel saves them: understood or refused by line and column."""

import csv
import json
import subprocess
import sys

import elsewhere
import pytest
from terminals import inside

from simulator import evidence
from simulator.errors import PopulationError, Problems
from simulator.population import cells, headings, lists, panel, successors

LIKE = "providers-2025"
HEADER = "code,name,type,spend"
ROW = "RX1,First,acute,1234.5"


def built(text, like=LIKE, **how):
    return panel.build(text, like, "mine", **how)


def one(text, **how):
    """The only trust of a list: its numbers."""
    people = built(text, **how)
    assert len(people) == 1
    names = ("income", "cost", "reported_balance", "pay_share", "carry_over", "backlog")
    return {
        **{name: getattr(people, name)[0] for name in names},
        **{"type": people.trust_type[0], "system": people.system[0]},
        "drawn": people.drawn[0],
    }


def refused(text, **how):
    with pytest.raises((PopulationError, Problems)) as told:
        built(text, **how)
    return str(told.value)


PLAIN = f"{HEADER}\n{ROW}\n"


# Understood: the same trust as written plainly.
SAME = {
    "byte-order mark": "\ufeff" + PLAIN,
    "Windows line ends": PLAIN.replace("\n", "\r\n"),
    "semicolons": PLAIN.replace(",", ";"),
    "semicolons and decimal commas": "code;name;type;spend\nRX1;First;acute;1234,5\n",
    "tabs": PLAIN.replace(",", "\t"),
    "Excel's own hint": "sep=;\n" + PLAIN.replace(",", ";"),
    "trailing blanks": "code ,name, type ,spend \nRX1 , First ,acute , 1234.5 \n",
    "trailing columns": f"{HEADER},,\n{ROW},,\n",
    "trailing empty lines": f"{PLAIN},,,\n,,,\n",
    "thousands separator": f'{HEADER}\nRX1,First,acute,"1,234.5"\n',
    "spaces for thousands": f"{HEADER}\nRX1,First,acute,1 234.5\n",
    "hard spaces": f"{HEADER}\nRX1,First,acute,\xa01\xa0234.5\n",
    "pound sign": f"{HEADER}\nRX1,First,acute,£1234.5\n",
    "pounds, thousands and m": f'{HEADER}\nRX1,First,acute,"£1,234.5m"\n',
    "scientific": f"{HEADER}\nRX1,First,acute,1.2345E+03\n",
    "text apostrophe": f"{HEADER}\nRX1,First,acute,'1234.5\n",
    "capitals": f"Code,Name,Type,Spend\n{ROW}\n",
    "heading with its unit": f"code,name,type,Operating expenditure (£m)\n{ROW}\n",
    "heading in thousands": "code,name,type,Opex £000\nRX1,First,acute,1234500\n",
    "heading in pounds": "code,name,type,Spend (£)\nRX1,First,acute,1234500000\n",
    "heading with a year": f"code,name,type,Operating costs 2024/25 (£m)\n{ROW}\n",
    "other headings": f"ODS code,Trust name,Trust type,Expenditure\n{ROW}\n",
    "type in capitals": f"{HEADER}\nRX1,First,ACUTE,1234.5\n",
    "type as NHS England lists it": (
        f"{HEADER}\nRX1,First,Acute and Acute & Community Trusts,1234.5\n"
    ),
    "type by size": f"{HEADER}\nRX1,First,Acute - Large,1234.5\n",
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_a_habit_of_excels_is_understood(text):
    assert built(text) == built(PLAIN)


# Refused: by line and column, with what to do.
REFUSED = {
    "percent of money": (
        f"{HEADER}\nRX1,First,acute,5%\n",
        "line 2, column 'spend': '5%' is a percentage; give GBP million",
    ),
    "a decimal comma": (
        f'{HEADER}\nRX1,First,acute,"1234,5"\n',
        "line 2, column 'spend': '1234,5' may have a decimal comma or a thousands "
        "separator; write it with a point, and none for 1000s",
    ),
    "a comma that may be either": (
        "code;name;type;spend\nRX1;First;acute;1,234\n",
        "line 2, column 'spend': '1,234' may have a decimal comma or a thousands "
        "separator; write it with a point, and none for 1000s",
    ),
    "thousands in wrong places": (
        f'{HEADER}\nRX1,First,acute,"12,34.5"\n',
        "line 2, column 'spend': '12,34.5' is not a number",
    ),
    "billions in a cell": (
        f"{HEADER}\nRX1,First,acute,£1.2bn\n",
        "line 2, column 'spend': '£1.2bn' is in GBP billion; write 1200, in GBP "
        "million",
    ),
    "an error of Excel's": (
        f"{HEADER}\nRX1,First,acute,#REF!\n",
        "line 2, column 'spend': '#REF!' is an error of Excel's; mend it in Excel, or "
        "leave it empty",
    ),
    "a dash": (
        f"{HEADER},backlog\n{ROW},-\n",
        "line 2, column 'backlog': '-' may be 0 or not known; write 0, or leave it "
        "empty",
    ),
    "not available": (
        f"{HEADER},backlog\n{ROW},n/a\n",
        "line 2, column 'backlog': 'n/a' may be 0 or not known",
    ),
    "a date": (
        f"{HEADER}\nRX1,First,acute,Jan-24\n",
        "line 2, column 'spend': 'Jan-24' is not a number",
    ),
    "a code made a number": (
        f"{HEADER}\n5.00E+04,First,acute,1234.5\n",
        "line 2, column 'code': '5.00E+04' looks like a code that Excel made a number "
        "of; format the column as text",
    ),
    "a line of totals": (
        f"{HEADER}\n{ROW}\n,Total,,1234.5\n",
        "line 3: is a line of totals; delete it",
    ),
    "a title above": (
        f"Trusts of our system,,,\n,,,\n{PLAIN}",
        "line 3: holds the headings, and other lines stand above them; delete the "
        "lines above",
    ),
    "two headings of one meaning": (
        "code,name,type,Operating spend (£m),Expenditure\nRX1,First,acute,1,1\n",
        "line 1: 'Operating spend (£m)' and 'Expenditure' both mean 'operating_spend'",
    ),
    "two surpluses": (
        f"{HEADER},Planned surplus,Reported surplus\n{ROW},1,1\n",
        "line 1: 'Reported surplus' and 'Planned surplus' are two surpluses of a trust",
    ),
    "an unknown type": (
        f"{HEADER}\nRX1,First,Hospital,1234.5\n",
        "line 2, column 'type': unknown type 'Hospital'",
    ),
    "a type by its own heading": (
        "code,name,Trust type,spend\nRX1,First,Hospital,1234.5\n",
        "line 2, column 'Trust type': unknown type 'Hospital'",
    ),
    "thousands taken for millions": (
        f"{HEADER}\nRX1,First,acute,1234500\n",
        "line 2, column 'spend': 1.2345e+06 is no year's cost of one trust",
    ),
    "a share written as a number of 100": (
        f"{HEADER},pay_share\n{ROW},65\n",
        "line 2, column 'pay_share': 65 is not a fraction of cost between 0 and 1; "
        "write 0.65 for 65%",
    ),
    "a trust that is no more": (
        f"{HEADER}\nRE9,South Tyneside,acute,300\n",
        "line 2, column 'code': 'RE9' is no more: South Tyneside into South Tyneside "
        "and Sunderland, 2019-04-01; give R0B in its place",
    ),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_a_habit_that_may_mean_two_things_is_refused(text, said):
    assert said in refused(text, file="list.csv")
    assert refused(text, file="list.csv").startswith("list.csv: line ")


def test_there_are_thirty_habits_and_more():
    assert len(SAME) + len(REFUSED) >= 30


# --- what a list may hold beside spend -----------------------------------------------


def test_accounts_open_a_trust():
    found = one(
        "code,name,type,Operating income (£m),Reported surplus\nRX1,A,acute,1000,-25\n"
    )
    assert found["cost"] == 1025
    assert found["reported_balance"] == -25
    # One-offs of the year are not there for good, and nothing else is between them.
    assert found["income"] < 1000
    assert "income" in found["drawn"]
    assert "reported_balance" not in found["drawn"]


@pytest.mark.parametrize("cell", ["-2.5%", "(2.5%)", "-25", "(25)", "25-", "\u221225"])
def test_a_planned_deficit_is_read_however_it_is_written(cell):
    text = "code,name,type,Turnover,Planned surplus/(deficit)\nRX1,A,acute,1000,"
    assert one(f"{text}{cell}\n")["reported_balance"] == pytest.approx(-25)


def test_a_surplus_in_per_cent_by_its_heading():
    text = "code,name,type,Turnover,Planned surplus (%)\nRX1,A,acute,1000,-2.5\n"
    assert one(text)["reported_balance"] == pytest.approx(-25)


def test_income_and_spend_give_the_surplus():
    text = "code,name,type,spend,Turnover\nRX1,A,acute,1000,990\n"
    found = one(text)
    assert (found["cost"], found["reported_balance"]) == (1000, pytest.approx(-10))


def test_a_surplus_that_is_zero_is_one():
    found = one("code,name,type,Turnover,Planned surplus\nRX1,A,acute,1000,0\n")
    assert (found["cost"], found["reported_balance"]) == (1000, 0)
    assert "reported_balance" not in found["drawn"]


def test_a_savings_plan_says_what_must_be_found_again():
    planned = evidence.number("today.savings_rate_required.2025")
    carried = evidence.number("opening.carry_over.2025")
    header = f"{HEADER},CIP plan (£m)"
    sector = one(f"{header}\nRX1,A,acute,1000,{1000 * planned}\n")
    assert sector["carry_over"] == pytest.approx(carried, abs=1e-6)
    twice = one(f"{HEADER},Savings plan %\nRX1,A,acute,1000,{200 * planned}\n")
    assert twice["carry_over"] == pytest.approx(2 * carried, abs=1e-6)
    said = refused(f"{header}\nRX1,A,acute,1000,400\n")
    assert "is 40% of cost, and no trust plans so much" in said
    with pytest.raises(Problems, match="no published plan of the sector"):
        built(f"{header}\nRX1,A,acute,1000,40\n", like="providers-2012")


def test_a_system_is_read_under_any_of_its_names():
    for heading in ("System", "ICB", "Integrated Care Board", "ics", "STP"):
        text = f"{HEADER},{heading}\n{ROW},Greater Manchester\n"
        assert one(text)["system"] == "Greater Manchester"


def test_a_share_in_per_cent_is_a_fraction():
    assert one(f"{HEADER},pay_share\n{ROW},65%\n")["pay_share"] == 0.65
    assert one(f"{HEADER},pay share (%)\n{ROW},65\n")["pay_share"] == 0.65


def test_what_was_read_as_what_is_said():
    text = (
        "ODS code,Trust,Sector,Turnover (£000),Planned surplus %,ICB,beds\n"
        "RX1,A,Acute,1000000,-2.5,Kent,9\n"
    )
    found = panel.read(text, LIKE, "list.csv", ["beds"])
    assert found.read_as == (
        "'ODS code' as code",
        "'Trust' as name",
        "'Sector' as type",
        "'Turnover (£000)' as operating income as in the accounts, support included, "
        "in GBP thousand",
        "'Planned surplus %' as planned surplus, in %",
        "'ICB' as local system",
    )
    assert panel.read(PLAIN, LIKE, "list.csv").read_as == ()


def test_one_surplus_may_be_missing():
    header = "code,name,type,Turnover,Planned surplus\n"
    people = built(f"{header}RX1,A,acute,1000,-5\nRX2,B,acute,900,\n")
    assert people.cost[people.code.index("RX2")] == 900
    assert "reported_balance" in people.drawn[people.code.index("RX2")]


REAL = elsewhere.evidence("today", "trusts_2024_26.csv")
OF_REAL = {
    "code": "Trust code",
    "name": "Trust name",
    "ics": "ICB",
    "operating_income_gbp_m_2024_25": "Operating income 2024/25 (£m)",
    "planned_surplus_pct_2025_26_exc_dsf": "Planned surplus (%)",
}


@elsewhere.needs_evidence
def test_planned_deficits_of_real_trusts_come_to_the_support_that_was_paid():
    with REAL.open(encoding="utf-8") as file:
        given = [column for column in OF_REAL if column != "ics"]
        found = [row for row in csv.DictReader(file) if all(map(row.get, given))]
    lines = [",".join((*OF_REAL.values(), "Trust type"))]
    for row in found:
        kind = "specialist" if "Specialist" in row["subtype"] else "acute"
        lines.append(",".join((*(f'"{row[c]}"' for c in OF_REAL), kind)))
    people = built("\n".join(lines))
    assert len(people) == 131
    planned = people.reported_balance
    support = evidence.number("today.deficit_support.2025")
    assert -planned[planned < 0].sum() == pytest.approx(support, rel=2e-3)
    assert (planned < 0).sum() == 84  # of 86: two have no published income
    assert "Greater Manchester" in people.system_names


# --- codes that are no more -----------------------------------------------------------


def test_every_successor_is_dated_and_is_itself_no_more_only_later():
    for code, own in successors.successors().items():
        assert own.code != code
        assert len(own.on) == 10
        later = successors.successors().get(own.code)
        assert later is None or later.on > own.on


def test_a_code_that_was_still_in_use_is_kept():
    text = f"{HEADER}\nRE9,South Tyneside,acute,300\n"
    assert built(text, like="providers-2018").code == ("RE9",)


def test_where_the_successor_is_listed_too_the_two_are_added():
    said = refused(f"{HEADER}\nRE9,A,acute,300\nR0B,B,acute,600\n")
    assert "add it to R0B" in said


# --- the parts ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "digits"),
    [
        ("0", "0"),
        ("-3", "-3"),
        ("£-3", "-3"),
        ("-£3", "-3"),
        ("(£1,000)", "-1000"),
        ("1,234,567", "1234567"),
        ("+4.5", "4.5"),
        ("GBP 7", "7"),
    ],
)
def test_numbers_as_people_write_them(cell, digits):
    assert float(cells.number(cell).digits) == float(digits)


@pytest.mark.parametrize(
    "cell", ["1.2.3", "1,2,3", "12a", "()", "£", "%", "--5", "1 2"]
)
def test_what_is_no_number_is_none(cell):
    assert cells.number(cell).problem


def test_a_known_column_means_itself():
    assert headings.read("income", frozenset({"income"})).column == "income"
    assert headings.read("beds", frozenset()).column == ""


def test_the_sectors_plan_is_published_or_not():
    assert lists.sector_plan("providers-2018")[0] == 0.043
    assert lists.sector_plan("providers-2012")[0] is None


def test_a_list_is_built_as_users_do(tmp_path):
    (tmp_path / "trusts.csv").write_text(
        "Trust code;Trust name;Sector;Turnover;Planned surplus\n"
        "RX1;A;Acute - Large;1.000,0;-25\nRX2;B;Community;150;0\n",
        encoding="utf-8-sig",
    )
    command = [sys.executable, "-m", "simulator.cli", "population", "build"]
    arguments = ["trusts.csv", "--like", LIKE, "-o", "mine.csv", "--json"]
    told = subprocess.run(
        [*command, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert told.returncode == 1
    assert "column 'Turnover': '1.000,0' is not a number" in told.stderr
    text = (tmp_path / "trusts.csv").read_text(encoding="utf-8-sig")
    (tmp_path / "trusts.csv").write_text(text.replace("1.000,0", "1000,0"), "utf-8-sig")
    told = inside(tmp_path, "population", "build", *arguments)
    assert (told.returncode, told.stderr) == (0, "")
    said = json.loads(told.stdout)
    assert said["trusts"] == 2
    assert "'Turnover' as operating income" in " ".join(said["read_as"])
