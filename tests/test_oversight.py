"""Planned surpluses from the oversight framework's data: read, or refused by line."""

import csv
import io
import subprocess
import sys

import pytest
from tac_workbooks import make

from simulator.errors import PopulationError, Problems
from simulator.population.imports import oversight

HEADER = (
    "Quarter,Region,Trust_type,Trust_subtype,Trust_code,Trust_name,Domain,Sub-domain,"
    "Metric_ID,Metric_description,Reporting_date,Units,Value,Median_value,"
    "Lower_quartile,Upper_quartile,Rank"
)


def line(code, value, *, quarter="Q3 2025/26", metric="OF0079", year="2025/26 plan"):
    unit = "score" if metric == "OF1079" else "%"
    return (
        f'{quarter},London,Acute trust,Acute,{code},"Made, {code}",Finance,Finance,'
        f"{metric},Planned surplus/deficit,{year},{unit},{value},0.0,-2.0,0.0,1.0"
    )


def write(folder, *lines, name="acute.csv"):
    place = folder / name
    place.write_text("\ufeff" + "\n".join((HEADER, *lines)) + "\n", encoding="utf-8")
    return place


def refusal(*paths):
    with pytest.raises((PopulationError, Problems)) as refused:
        oversight.read_plans(paths)
    return str(refused.value)


def test_the_last_quarter_counts_and_other_metrics_do_not(tmp_path):
    place = write(
        tmp_path,
        line("RX1", -9, quarter="Q4 2024/25"),
        line("RX1", -1.5),
        line("RX2", 0.25),
        line("RX1", -4, quarter="Q2 2025/26"),
        line("RX1", 4, metric="OF1079"),
        line("RX1", 0.0, metric="OF0081"),
        line("RX3", ""),
    )
    found = oversight.read_plans([place])
    assert found == ("2025/26 plan", {"RX1": -1.5, "RX2": 0.25})


def test_kinds_of_trusts_are_put_together(tmp_path):
    one = write(tmp_path, line("RX1", -1))
    two = write(tmp_path, line("RX2", 1), name="ambulance.csv")
    assert oversight.read_plans([one, two]).percent == {"RX1": -1, "RX2": 1}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((line("RX1", 1, metric="OF0081"),), "has no planned surplus (metric OF0079)"),
        ((line("RX1", "n/a"),), "line 2: 'n/a' is no planned surplus in % of income"),
        ((line("RX1", 400),), "line 2: '400' is no planned surplus"),
        ((line("RX1", "nan"),), "line 2: 'nan' is no planned surplus"),
        ((line("RX1", 1), line("RX1", 1)), "RX1 has a planned surplus in acute.csv: "),
        ((line("", 1),), "line 2: has no trust code or quarter"),
        (
            (line("RX1", 1), line("RX2", 1, year="2026/27 plan")),
            "'2026/27 plan' is another year than '2025/26 plan'",
        ),
        ((line("RX1", 1).replace(",%,", ",GBP,"),), "its unit is 'GBP', not '%'"),
    ],
)
def test_what_is_no_plan_is_refused_by_line(tmp_path, lines, said):
    assert said in refusal(write(tmp_path, *lines))


def test_another_table_is_refused(tmp_path):
    place = tmp_path / "league.csv"
    place.write_text("Trust_code,Segment\nRX1,3\n", encoding="utf-8")
    said = refusal(place)
    assert said.startswith("league.csv: line 1: has no column 'Quarter', 'Metric_ID'")
    workbook = tmp_path / "acute.xlsx"
    workbook.write_bytes(b"PK\x03\x04")
    assert "is an Excel workbook" in refusal(workbook)


# --- from the downloads to an answer, as docs/own-trusts.md has it --------------------


def command(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "simulator.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_from_two_downloads_to_the_answer_for_one_system(tmp_path):
    files = [
        make(tmp_path / f"TAC {kind} 2024-25.xlsx", trusts=12, kind=kind).path
        for kind in ("NHS trusts", "FTs")
    ]
    planned = write(tmp_path, line("RY000", -2), line("RX003", 1), line("RZZ", 1))
    said = command(
        tmp_path,
        *("population", "import", "tac", *files, "--plan", planned),
        *("-o", "trusts.csv"),
    )
    assert "Planned surplus (2025/26 plan) of 2 trusts; of the other 22" in said
    assert "With a plan, and not in the accounts: RZZ." in said
    listed = list(csv.DictReader(io.StringIO((tmp_path / "trusts.csv").read_text())))
    cells = {row["code"]: row["planned_surplus (%)"] for row in listed}
    assert (cells["RY000"], cells["RX003"], cells["RX004"]) == ("-2", "1", "")
    for number, row in enumerate(listed):  # what an analyst adds in Excel
        row["ICB"] = "Made ICB" if number % 2 else "Other ICB"
    with (tmp_path / "trusts.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, listed[0])
        writer.writeheader()
        writer.writerows(listed)
    command(
        tmp_path,
        *("population", "build", "trusts.csv", "--like", "providers-2025"),
        *("-o", "mine.csv"),
    )
    built = list(csv.DictReader(io.StringIO((tmp_path / "mine.csv").read_text())))
    drawn = {row["code"]: row["synthetic"] for row in built}
    assert "reported_balance" not in drawn["RY000"]
    assert "reported_balance" in drawn["RX004"]
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\ntitle = "Ours"\nextends = "spending-review-2025"\n'
        'population = "mine.csv"\n',
        encoding="utf-8",
    )
    told = command(
        tmp_path,
        *("run", "mine.toml", "--system", "Made ICB", "--draws", "64", "--json"),
    )
    assert "Made ICB" in told
