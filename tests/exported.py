"""A run whose names trip over spreadsheets, and its tables as a user reads them."""

import openpyxl
import pandas as pd
import pyarrow.parquet
import tiny

from simulator.running import runs
from simulator.scenario.load import load_scenario

DRAWS = 30
YEARS = [2019, 2020, 2021]
TARGETS = ["=1+1", 'žluťoučký, "kůň"', "four"]
# Names that spreadsheets, commas and other alphabets trip over.
NAMES_OF_TRUSTS = {
    "North Acute": "=SUM(A1:A9)",
    "North Community": "+44 020",
    "North Mind": "-1",
    "South Acute": "@all",
    "South Heart": "Ysbyty Gwynedd, Bangor & <Fôn>",
    "South Mind": "東京 🏥",
    "West Acute": "_x0041_",
}


def population():
    text = tiny.without("WB1").replace("NA1,", "NA,").replace("SM1,", "null,")
    for name, odd in NAMES_OF_TRUSTS.items():
        text = text.replace(name, f'"{odd}"')
    return text


def make(folder):
    """Run a scenario of three targets and seven trusts, none an ambulance trust."""
    given = tiny.tables()
    for target, name in zip(given["targets"], TARGETS, strict=True):
        target["name"] = name
    loaded = load_scenario(tiny.write(folder, given))
    (folder / "tiny.csv").write_text(population(), encoding="utf-8")
    place = folder / "run.h5"
    runs.write(loaded, place, draws=DRAWS, seed=7, keep="all")
    return place


def read_csv(place, name):
    """Read a table, without the ' before what a spreadsheet would run."""
    found = pd.read_csv(
        place / f"{name}.csv",
        keep_default_na=False,
        na_values=[""],
        dtype={"code": str, "value": str, "trust": str, "trust_name": str},
    )
    return found.replace(r"^'(?=[=+@\t\r\n-])", "", regex=True)


def read_xlsx(place, name):
    book = openpyxl.load_workbook(place, read_only=True)
    try:
        rows = book[name].iter_rows(values_only=True)
        header = next(rows)
        whole = [row + (None,) * (len(header) - len(row)) for row in rows]
    finally:
        book.close()
    return pd.DataFrame(whole, columns=header)


def read_parquet(place, name):
    return pyarrow.parquet.read_table(place / f"{name}.parquet").to_pandas()


READ = {"csv": read_csv, "xlsx": read_xlsx, "parquet": read_parquet}


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
