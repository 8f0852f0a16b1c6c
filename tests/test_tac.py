"""Published trust accounts: read in every layout, or refused by sheet and row."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from datetime import datetime

import pytest
import tac_workbooks as made
from elsewhere import evidence, needs_evidence
from tac_workbooks import YEARS, make
from terminals import inside

from simulator.errors import PopulationError, Problems
from simulator.population.imports import (
    control_total,
    tac,
    tac_codes,
    tac_tables,
    workbooks,
)

EVERY_YEAR = pytest.mark.parametrize("year", YEARS)
EACH_KIND = pytest.mark.parametrize("kind", ["NHS trusts", "FTs"])


def named(folder, year="2023-24", kind="NHS trusts"):
    return folder / f"TAC {kind} {year}.xlsx"


def refusal(path, year=None):
    with pytest.raises((PopulationError, Problems)) as refused:
        tac.read(path, year)
    return str(refused.value)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


# --- what is read ---------------------------------------------------------------------


@pytest.mark.slow
@EVERY_YEAR
@EACH_KIND
def test_two_hundred_trusts_are_read_exactly_in_every_layout(tmp_path, year, kind):
    book = make(named(tmp_path, year, kind), year, trusts=200, kind=kind)
    compare(book, tac.read(book.path), int(year[:4]), kind)


@EVERY_YEAR
@EACH_KIND
def test_trusts_are_read_exactly_in_every_layout(tmp_path, year, kind):
    book = make(named(tmp_path, year, kind), year, trusts=2, kind=kind, every=True)
    compare(book, tac.read(book.path), int(year[:4]), kind)


def compare(book, found, year, kind):
    assert [own.code for own in found] == sorted(book.names)
    for own in found:
        assert own.year == year
        assert own.name == book.names[own.code]
        assert own.is_nhs_trust == (kind == "NHS trusts")
        wanted = {
            name: float(book.values[own.code, *key])
            for key, name in tac_codes.THIS_YEAR.items()
            if (own.code, *key) in book.values
        }
        # Schedules written out whole have a 1 where the maker made no figure.
        assert wanted.items() <= own.values.items()
        assert {own.values[name] for name in own.values.keys() - wanted} <= {1.0}
        for on, values in own.history.items():
            main = "A28CY01" if on == year else f"A28PY{on - 2006:02}"
            for sub, what in tac_codes.HISTORY.items():
                if (own.code, main, sub) in book.values:
                    assert values[what] == book.values[own.code, main, sub]


def test_types_are_those_of_the_list(tmp_path):
    found = tac.read(make(named(tmp_path), trusts=5).path)
    assert [own.type for own in found] == [
        *("acute", "mental_health", "community", "specialist", "ambulance")
    ]


def test_the_history_begins_in_2009_and_is_found_by_formula(tmp_path):
    found = tac.read(make(named(tmp_path), trusts=1).path)[0]
    assert sorted(found.history) == list(range(2009, 2024))
    assert 2008 not in found.history  # the total of all years before


def test_the_list_is_what_the_accounts_say(tmp_path):
    book = make(named(tmp_path), trusts=4)
    found = tac.read(book.path)
    for own, row in zip(found, rows(tac_tables.as_list(found)), strict=True):
        value = {
            name: book.values[own.code, *key]
            for key, name in tac_codes.THIS_YEAR.items()
            if (own.code, *key) in book.values
        }
        assert row["code"] == own.code
        assert float(row["operating_income"]) * 1000 == value["income"]
        assert float(row["reported_surplus"]) * 1000 == value["control_total"]
        share = value["pay"] / value["expenses"]
        assert float(row["pay_share"]) == pytest.approx(share, abs=1e-6)


# --- the control total ----------------------------------------------------------------


def test_a_foundation_trusts_surplus_is_put_together_from_its_parts(tmp_path):
    book = make(named(tmp_path, kind="FTs"), trusts=2, kind="FTs")
    for own in tac.read(book.path):
        v = own.values
        parts = v["surplus"] - v["absorption"] + v["impairments"]
        parts += v["pfi_remeasurement"] - v["donated_assets_a"] - v["donated_cash_c"]
        found = control_total.surplus(own)
        assert found == (parts, control_total.APPROXIMATED)


def test_a_line_of_a_foundation_trust_that_only_others_fill_in_is_not_believed(
    tmp_path,
):
    def bend(listed, values):
        values.append([values[1][0], "TAC28", "7", "A28CY01", "68", "OTD0230", 0])

    path = make(named(tmp_path, kind="FTs"), kind="FTs", bend=bend).path
    assert not any(own.is_nhs_trust for own in tac.read(path))


def test_how_far_it_misses_is_seen_on_nhs_trusts(tmp_path):
    found = tac.read(make(named(tmp_path), trusts=60).path)
    miss = control_total.miss(found)
    assert miss is not None
    assert miss.trusts == 60
    own = [
        (control_total.approximate(o) - o.values["control_total"]) / o.values["income"]
        for o in found
    ]
    assert miss.mean == pytest.approx(sum(own) / 60)
    assert 0 < miss.sd < 0.01
    assert all(control_total.surplus(o).basis == "published" for o in found)
    assert control_total.miss(found[:9]) is None


def test_what_is_off_by_as_much_everywhere_is_off_by_that(tmp_path):
    """A negative control: an error that is put in comes out."""

    def shifted(listed, values):
        for row in (r for r in values if r[5] == "OTD0230"):
            own = {
                r[5]: r[6] for r in values if r[0] == row[0] and r[3].endswith("CY01")
            }
            added = own["EXP0260"] + own["SCI1295"] + own["SCI0240"]
            taken = own["SCI0210"] + own["INC1250A"] + own["INC1260C"]
            row[6] = added - taken - round(0.01 * own["INC1365"])

    miss = control_total.miss(
        tac.read(make(named(tmp_path), trusts=12, bend=shifted).path)
    )
    assert miss is not None
    assert miss.mean == pytest.approx(0.01, abs=1e-5)
    assert miss.sd < 1e-5


# --- the traps of the data ------------------------------------------------------------


def test_last_years_figures_are_ignored_and_the_history_is_kept(tmp_path):
    found = tac.read(make(named(tmp_path), trusts=1).path)[0]
    assert not {777.0, 888.0} & set(found.values.values())
    assert found.history[2009].keys() == {"surplus", "income"}


def test_rows_and_tables_may_move(tmp_path):
    def moved(listed, values):
        for number, row in enumerate(values[1:]):
            row[2], row[4] = str(90 + number), 5000 - number
        values[1:] = values[:0:-1]

    straight = make(named(tmp_path), trusts=3)
    other = make(tmp_path / "moved 2023-24.xlsx", trusts=3, bend=moved)
    assert tac.read(straight.path) == tac.read(other.path)


def test_unknown_lines_are_passed_over(tmp_path):
    def more(listed, values):
        values.append([values[1][0], "TAC99", "1", "A99CY01", "5", "NEW0001", "text"])

    assert len(tac.read(make(named(tmp_path), bend=more).path)) == 3


def test_a_value_that_stands_twice_is_refused_and_not_added(tmp_path):
    def twice(listed, values):
        again = next(row for row in values if row[5] == "EXP0260")
        values.append(list(again))

    book = make(named(tmp_path), bend=twice)
    said = refusal(book.path)
    assert "sheet 'All data', row " in said
    assert "has EXP0260, A08CY01 in row " in said


def test_a_column_left_out_of_the_history_shifts_no_year(tmp_path):
    def gap(listed, values):
        values[:] = [
            r for r in values if r[3] not in {f"A28PY{n:02}" for n in (8, 9, 10)}
        ]

    book = make(named(tmp_path, "2020-21"), "2020-21", trusts=1, bend=gap)
    [own] = tac.read(book.path)
    assert 2014 not in own.history
    code = own.code
    assert own.history[2017]["surplus"] == book.values[code, "A28PY11", "OTD0280"]


def test_names_are_joined_whatever_their_blanks(tmp_path):
    def blanks(listed, values):
        listed[1][0] = f" {listed[1][0]}  "
        for row in values[1:]:
            row[0] = row[0].replace(" ", "  ").upper() + " "

    straight = tac.read(make(named(tmp_path)).path)
    other = tac.read(make(tmp_path / "b 2023-24.xlsx", bend=blanks).path)
    assert [own.values for own in straight] == [own.values for own in other]


def test_a_name_that_is_not_listed_is_refused(tmp_path):
    def renamed(listed, values):
        listed[2][0] = "Another Name"

    said = refusal(make(named(tmp_path), bend=renamed).path)
    assert "'Made NHS trust 1' is not in the list of providers" in said
    assert "sheet 'All data', row " in said


def test_a_date_where_a_label_should_be_is_no_year_of_the_history(tmp_path):
    def dated(listed, values):
        name, on = values[1][0], datetime(2021, 3, 31)
        values.append([name, "TAC28", "7", on, "5", "OTD0280", 1])
        values.append([name, "TAC28", "7", "A28PY14", "5", on, on])

    straight = make(named(tmp_path, "2021-22"), "2021-22", trusts=1)
    other = make(tmp_path / "dated 2021-22.xlsx", "2021-22", trusts=1, bend=dated)
    assert tac.read(straight.path) == tac.read(other.path)


def test_accounts_know_nothing_of_savings_programmes(tmp_path):
    header, *_ = tac_tables.as_list(tac.read(make(named(tmp_path)).path)).split()
    assert header == "code,name,type,operating_income,reported_surplus,pay_share"


def test_pfi_remeasurement_is_added_back_in_2023(tmp_path):
    book = make(named(tmp_path, kind="FTs"), trusts=1, kind="FTs")
    [own] = tac.read(book.path)
    without = own._replace(
        values={k: v for k, v in own.values.items() if k != "pfi_remeasurement"}
    )
    assert control_total.approximate(own) - control_total.approximate(
        without
    ) == pytest.approx(own.values["pfi_remeasurement"])


def test_progress_comes_to_what_there_is_however_long_rows_are(tmp_path, monkeypatch):
    path = make(named(tmp_path), trusts=4).path
    for row in (1, 350, 10**6):
        monkeypatch.setattr(workbooks, "ROW", row)
        monkeypatch.setattr(tac, "TELL_EVERY", 7)
        told = []
        tac.read(path, on_progress=told.append)
        assert tac.work(path) >= sum(told) > 0.9 * tac.work(path)


def test_a_merger_is_told(tmp_path):
    def merged(listed, values):
        listed[1][5] = "Merged with RXX on 1 October 2023"

    said = tac_tables.about(tac.read(make(named(tmp_path), bend=merged).path))
    assert any("RY000: Merged with RXX" in line for line in said)
    assert any("only part of the year" in line for line in said)


def test_blank_parts_count_as_nothing_and_a_blank_income_is_refused(tmp_path):
    def blank(what):
        def bend(listed, values):
            row = next(r for r in values if r[5] == what)
            row[6] = " "

        return bend

    found = tac.read(make(named(tmp_path), trusts=1, bend=blank("EXP0260")).path)
    assert "impairments" not in found[0].values
    control_total.approximate(found[0])
    said = refusal(make(tmp_path / "c 2023-24.xlsx", bend=blank("INC1365")).path)
    assert "RY000, Made NHS trust 0: has no income (INC1365, A07CY01)" in said


def test_a_trust_that_is_listed_without_accounts_is_left_out(tmp_path):
    def lonely(listed, values):
        listed.append(["Late NHS Trust", "RZ9", None, "London", "Acute", None])

    assert len(tac.read(make(named(tmp_path), trusts=2, bend=lonely).path)) == 2


@pytest.mark.parametrize(
    ("sub", "value", "said"),
    [
        ("INC1365", "n/a", "'n/a' is not a number; expected is GBP thousand"),
        ("INC1365", 5, "patient care and other income (SCI0100A, SCI0110A) come to"),
        ("SCI0125A", 5, "(EXP0390, positive)"),
        ("STA0360", -5, "its pay (STA0360) is -5, not above 0"),
        ("EXP0390", 1e12, "is no trust's figure in GBP thousand"),
    ],
)
def test_a_figure_that_cannot_be_is_refused_by_trust_or_row(tmp_path, sub, value, said):
    def bend(listed, values):
        next(r for r in values if r[5] == sub and r[3][3:5] == "CY")[6] = value

    assert said in refusal(make(named(tmp_path), bend=bend).path)


# --- layouts that are not known -------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("TAC_published_NHS_trusts_2021-22.xlsx", 2021),
        ("tac fts 2023 24.xlsx", 2023),
        ("TAC 2019-2020.xlsx", 2019),
        ("tac-19-20.xlsx", 2019),
        ("tac 2021-23.xlsx", None),
        ("accounts.xlsx", None),
        ("2020-21 and 2021-22.xlsx", None),
    ],
)
def test_the_year_is_in_the_files_name(name, year):
    assert tac_codes.year_in(name) == year


def test_a_name_without_a_year_needs_one(tmp_path):
    path = make(tmp_path / "accounts.xlsx").path
    assert refusal(path) == (
        "accounts.xlsx: its name does not say which year the accounts are of; add "
        "--year 2023 for 2023/24, or have 2023-24 in the name"
    )
    assert {own.year for own in tac.read(path, 2022)} == {2022}


def test_a_heading_that_is_lacking_is_named_with_sheet_and_row(
    tmp_path,
):
    def bend(listed, values):
        values[0][6] = "Amount"

    assert refusal(make(named(tmp_path), bend=bend).path) == (
        "TAC NHS trusts 2023-24.xlsx: sheet 'All data', row 1: has no column 'Total' "
        "or 'Value number'; expected are: OrganisationName, MainCode, SubCode, Total"
    )


def test_headings_may_stand_below_a_title(tmp_path):
    def bend(listed, values):
        listed.insert(0, ["Providers"])
        values[:0] = [["Trust accounts"], []]

    assert len(tac.read(make(named(tmp_path), bend=bend).path)) == 3


def test_an_unknown_sector_names_its_row(tmp_path):
    def bend(listed, values):
        listed[2][4] = "Acut"

    said = refusal(make(named(tmp_path), bend=bend).path)
    assert "sheet 'List of Providers', row 3: unknown sector 'Acut'" in said
    assert "did you mean 'acute'?" in said


def test_another_workbook_says_which_sheets_it_has(tmp_path):
    made.write(tmp_path / "x 2023-24.xlsx", {"Budget": [["a"]], "Notes": [["b"]]})
    assert refusal(tmp_path / "x 2023-24.xlsx") == (
        "x 2023-24.xlsx: has no sheet 'All data'; it has 'Budget', 'Notes'; give a "
        "workbook of NHS England's published trust accounts (TAC) data"
    )


@needs_evidence
@EVERY_YEAR
def test_illustrative_files_are_refused_for_what_they_are(year):
    path = evidence("tac", f"tac-illustrative-{year}.xlsx")
    assert refusal(path) == (
        f"{path.name}: is the blank schedules that trusts fill in (TAC illustrative "
        "file): it has no trust's figures; give the published data, a workbook with "
        "sheets 'List of Providers' and 'All data'"
    )


def test_blank_schedules_are_refused_for_what_they_are(tmp_path):
    made.write(tmp_path / "b 2023-24.xlsx", {"Intro": [["a"]], "TAC02 SoCI": [["b"]]})
    assert "is the blank schedules that trusts fill in" in refusal(
        tmp_path / "b 2023-24.xlsx"
    )


# --- files that are not to be trusted -------------------------------------------------


def with_part(tmp_path, part, content):
    """A made workbook with one part replaced or added."""
    good = make(tmp_path / "good 2023-24.xlsx").path
    bad = tmp_path / "bad 2023-24.xlsx"
    with zipfile.ZipFile(good) as one, zipfile.ZipFile(bad, "w") as other:
        for info in one.infolist():
            if info.filename != part:
                other.writestr(info, one.read(info))
        other.writestr(part, content, zipfile.ZIP_DEFLATED)
    return bad


ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData><row><c><v>&b;</v></c></row></sheetData></worksheet>"
)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
def test_entities_are_refused(tmp_path, part):
    said = refusal(with_part(tmp_path, part, ENTITIES))
    assert f"its part {part} declares a document type" in said


def test_entities_behind_a_long_comment_are_refused(tmp_path):
    long = f"<!--{'x' * (workbooks.CHUNK - 30)}-->{ENTITIES[21:]}"
    said = refusal(with_part(tmp_path, "xl/worksheets/sheet1.xml", long))
    assert "declares a document type" in said


def test_entities_in_another_encoding_are_refused(tmp_path):
    other = ENTITIES.encode("utf-16")
    said = refusal(with_part(tmp_path, "xl/worksheets/sheet1.xml", other))
    assert "xl/worksheets/sheet1.xml is not UTF-8" in said


def test_what_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    path = make(named(tmp_path)).path
    monkeypatch.setattr(workbooks, "MOST_UNPACKED", 2**12)
    assert "unpacks to " in refusal(path)


def test_a_part_that_is_held_in_memory_is_kept_small(tmp_path, monkeypatch):
    path = with_part(tmp_path, "xl/sharedStrings.xml", b"<sst>" + b" " * 2**20)
    monkeypatch.setattr(workbooks, "MOST_AT_ONCE", 2**19)
    assert "its part xl/sharedStrings.xml unpacks to 1 MiB" in refusal(path)


def test_a_row_without_end_is_refused(tmp_path):
    endless = b"<worksheet><sheetData><row>" + b"<c/>" * (2 * 2**20)
    path = with_part(tmp_path, "xl/worksheets/sheet2.xml", endless)
    assert "a row of its part xl/worksheets/sheet2.xml has no end" in refusal(path)


def test_a_row_with_a_huge_number_is_refused(tmp_path):
    far = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<sheetData><row r="900000000"><c><v>1</v></c></row></sheetData></worksheet>'
    )
    path = with_part(tmp_path, "xl/worksheets/sheet1.xml", far)
    said = refusal(path)
    assert "sheet 'List of Providers'" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no Excel workbook"),
        (b"code,name\n", "is no Excel workbook"),
        (b"\xd0\xcf\x11\xe0 old", "is an old Excel workbook, or has a password"),
        (b"PK\x03\x04 cut", "cannot be read as a workbook"),
    ],
)
def test_what_is_no_workbook_is_said(tmp_path, content, said):
    path = tmp_path / "x 2023-24.xlsx"
    path.write_bytes(content)
    assert said in refusal(path)


def test_another_zip_file_a_folder_and_nothing_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "z.xlsx", "w") as other:
        other.writestr("a.txt", "a")
    assert "is a zip file, not a workbook" in refusal(tmp_path / "z.xlsx")
    assert "is a folder" in refusal(tmp_path)
    assert "there is no such file" in refusal(tmp_path / "none.xlsx")


def test_a_sheet_longer_than_any_of_excel_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_ROWS", 50)
    said = refusal(make(named(tmp_path), trusts=2).path)
    assert "sheet 'All data': has more than 50 rows, the most that Excel holds" in said


# --- several workbooks ----------------------------------------------------------------


def test_both_kinds_and_several_years_come_together(tmp_path):
    paths = [
        make(named(tmp_path, year, kind), year, trusts=12, kind=kind).path
        for year in ("2022-23", "2023-24")
        for kind in ("NHS trusts", "FTs")
    ]
    every = tac_tables.read_accounts(paths)
    kept = tac_tables.last_year(every)
    assert len(kept) == 24
    assert {own.year for own in kept} == {2023}
    said = " ".join(tac_tables.about(every))
    assert "24 trusts, accounts of 2023/24: 12 NHS trusts" in said
    assert "On 24 NHS trusts the approximation is off by" in said
    past = rows(tac_tables.as_history(every))
    basis = {(r["code"], int(r["year"])): r["basis"] for r in past}
    assert basis["RY000", 2023] == basis["RY000", 2022] == "published"
    assert basis["RX000", 2023] == basis["RX000", 2022] == "approximated"
    assert basis["RY000", 2017] == "breakeven duty"
    assert not {2018, 2019} & {year for _, year in basis}
    assert min(year for _, year in basis) == 2009


def test_one_trusts_year_in_two_workbooks_is_refused(tmp_path):
    one = make(named(tmp_path)).path
    two = make(tmp_path / "again 2023-24.xlsx").path
    with pytest.raises(Problems) as refused:
        tac_tables.read_accounts([one, two])
    assert str(refused.value).splitlines()[0] == (
        "again 2023-24.xlsx: RY000 has accounts of 2023/24 in TAC NHS trusts "
        "2023-24.xlsx too; give each file once"
    )


# --- as users run it ------------------------------------------------------------------


def command(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "simulator.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


def test_a_list_is_imported_and_a_population_built_of_it(tmp_path):
    files = [
        make(named(tmp_path, kind=kind), trusts=12, kind=kind).path
        for kind in ("NHS trusts", "FTs")
    ]
    done = command(
        tmp_path,
        *("population", "import", "tac", *files, "-o", "trusts.csv"),
        *("--history", "history.csv", "--json"),
    )
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert said["trusts"] == 24
    assert len(rows((tmp_path / "trusts.csv").read_text())) == 24
    assert rows((tmp_path / "history.csv").read_text())


def test_a_bad_workbook_ends_in_one_line_and_leaves_nothing(tmp_path):
    made.write(tmp_path / "x 2023-24.xlsx", {"Budget": [["a"]]})
    done = inside(
        tmp_path, "population", "import", "tac", "x 2023-24.xlsx", "-o", "out.csv"
    )
    assert done.returncode == 1
    assert done.stderr.startswith("x 2023-24.xlsx: has no sheet 'All data'")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out.csv").exists()


def test_a_workbook_is_never_written_over(tmp_path):
    path = make(named(tmp_path)).path
    before = path.read_bytes()
    done = inside(tmp_path, "population", "import", "tac", path, "-o", path, "--force")
    assert done.returncode == 1
    assert path.read_bytes() == before
