"""Tables of a run: what is in them, and that no file loses a bit of it."""

import csv
import functools
import json
import re
import sys
import warnings

import h5py
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet
import pytest
import tiny
from click.testing import CliRunner

from simulator import schema
from simulator.answers.headline import estimate as headline
from simulator.cli import export as exporting
from simulator.errors import RunFileError
from simulator.exports import answer_sheet, columns, formulas, tables, tidy, workbook
from simulator.exports import write as export
from simulator.exports.columns import ALWAYS, BY_DRAW, NAMES
from simulator.exports.write import FORMATS
from simulator.population.load import load_population
from simulator.runfile import store
from simulator.running import runs
from simulator.scenario import assumptions_log
from simulator.scenario.load import load_scenario
from simulator.schema import OUTCOMES, QUANTILES, RESULTS, TRUST_TYPES, VARIABLES

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
TEXT_COLUMNS = {"target", "trust", "code", "level", "outcome", "trust_name", "value"}


def population():
    text = tiny.without("WB1").replace("NA1,", "NA,").replace("SM1,", "null,")
    for name, odd in NAMES_OF_TRUSTS.items():
        text = text.replace(name, f'"{odd}"')
    return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A scenario of three targets and seven trusts, no ambulance trust among them."""
    place = tmp_path_factory.mktemp("export")
    given = tiny.tables()
    for target, name in zip(given["targets"], TARGETS, strict=True):
        target["name"] = name
    tiny.write(place, given)
    (place / "tiny.csv").write_text(population(), encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def loaded(folder):
    return load_scenario(folder / "tiny.toml")


@pytest.fixture(scope="module")
def file(folder, loaded):
    place = folder / "run.h5"
    runs.write(loaded, place, draws=DRAWS, seed=7, keep="all")
    return place


@pytest.fixture(scope="module")
def run(file):
    with store.open_run(file) as tree:
        yield tree.load()


@pytest.fixture(scope="module")
def stored(file):
    """Every variable of the file, as h5py gives it."""
    found = {}

    def note(name, item):
        if isinstance(item, h5py.Dataset):
            is_text = h5py.check_string_dtype(item.dtype) is not None
            found[f"/{name}"] = item.asstr()[...] if is_text else item[...]

    with h5py.File(file) as opened:
        opened.visititems(note)
    return found


@pytest.fixture(scope="module")
def written(run, folder):
    """The whole run in every format, in slabs so small that a table has several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "SLAB_ROWS", 100)
        patch.setattr(workbook, "ROWS_AT_ONCE", 64)
        places = {
            "csv": folder / "run-csv",
            "xlsx": folder / "run.xlsx",
            "parquet": folder / "run-parquet",
        }
        for to, place in places.items():
            export.export(run, place, to)
        return places


# --- reading back, as a user would ----------------------------------------------------


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


def same_bits(found, expected):
    """Compare numbers bit for bit; what is missing is missing in both."""
    expected = np.asarray(expected)
    found = np.asarray(found).astype(expected.dtype).reshape(expected.shape)
    missing = expected != expected
    np.testing.assert_array_equal(found != found, missing)
    bits = f"u{expected.dtype.itemsize}"
    np.testing.assert_array_equal(
        found.view(bits)[~missing], expected.view(bits)[~missing]
    )


def check_keys(frame, **places):
    """Rows stand for every combination of places, the last key changing first."""
    index = pd.MultiIndex.from_product(places.values())
    for level, key in enumerate(places):
        assert frame[key].tolist() == index.get_level_values(level).tolist(), key


@pytest.fixture(scope="module", params=FORMATS)
def read(request, written):
    return functools.cache(
        functools.partial(READ[request.param], written[request.param])
    )


# --- round trips ----------------------------------------------------------------------


def test_the_sector_comes_back_bit_for_bit(read, stored):
    frame = read("sector")
    check_keys(frame, target=TARGETS, draw=range(DRAWS), year=YEARS)
    for name in RESULTS:
        same_bits(frame[name], stored[f"/sector/{name}"])
    assert pd.api.types.is_integer_dtype(frame["trusts_in_deficit"])


def test_the_sectors_outcomes_come_back_as_booleans(read, stored):
    frame = read("sector_achieved")
    check_keys(frame, target=TARGETS, draw=range(DRAWS))
    for place, name in enumerate(OUTCOMES):
        assert frame[name].dtype == bool
        same_bits(frame[name], stored["/sector/achieved"][:, place].astype(bool))


def test_drivers_come_back_bit_for_bit(read, stored):
    frame = read("drivers")
    check_keys(frame, draw=range(DRAWS))
    drawn = [path.split("/")[-1] for path in stored if "__" in path]
    assert set(frame) == {"draw", "lever", *drawn}
    assert len(drawn) > 5
    for name in ("lever", *drawn):
        same_bits(frame[name], stored[f"/drivers/{name}"])


def test_drivers_by_year_come_back_bit_for_bit(read, stored):
    frame = read("drivers_by_year")
    check_keys(frame, draw=range(DRAWS), year=YEARS)
    for name in ("pay", "nonpay", "delivery"):
        same_bits(frame[name], stored[f"/drivers/{name}"])
    for place, kind in enumerate(TRUST_TYPES):
        for name in ("demand", "pressure"):
            same_bits(frame[f"{name}_{kind}"], stored[f"/drivers/{name}"][:, place])
    assert frame["high_inflation"].dtype == bool
    same_bits(frame["high_inflation"], stored["/drivers/high_inflation"].astype(bool))


def test_trajectories_come_back_bit_for_bit(read, stored):
    frame = read("trajectories")
    trusts = stored["/trust"].tolist()
    check_keys(frame, target=TARGETS, draw=range(DRAWS), trust=trusts, year=YEARS)
    for name in schema.KEPT:
        same_bits(frame[name], stored[f"/trajectories/{name}"])


def test_bands_of_trusts_come_back_bit_for_bit(read, stored):
    frame = read("trust_bands")
    trusts = stored["/trust"].tolist()
    check_keys(frame, target=TARGETS, trust=trusts, year=YEARS, quantile=QUANTILES)
    for name in schema.SPREAD:
        same_bits(frame[name], stored[f"/bands/trust_{name}"])


@pytest.mark.parametrize("level", ["type", "system"])
def test_bands_of_groups_come_back_bit_for_bit(read, stored, level):
    frame = read("bands")
    frame = frame[frame["level"] == level]
    codes = stored["/trust_type" if level == "type" else "/system"].tolist()
    check_keys(frame, target=TARGETS, code=codes, year=YEARS, quantile=QUANTILES)
    for name in RESULTS:
        same_bits(frame[name], stored[f"/bands/{level}_{name}"])
    if level == "type":  # no ambulance trusts, no figures of them
        lacking = frame.loc[frame["code"] == "ambulance", [*RESULTS]]
        assert len(lacking)
        assert lacking.isna().all(axis=None)
        assert frame.loc[frame["code"] == "acute", "balance"].notna().all()


def test_bands_of_the_sector_are_quantiles_of_its_draws(read, stored):
    frame = read("bands")
    frame = frame[frame["level"] == "sector"]
    codes = ["sector"]
    check_keys(frame, target=TARGETS, code=codes, year=YEARS, quantile=QUANTILES)
    for name in RESULTS:
        ordered = np.sort(stored[f"/sector/{name}"], axis=1)
        ranks = [int(np.ceil(level * DRAWS)) - 1 for level in QUANTILES]
        expected = np.moveaxis(ordered[:, ranks], 1, 2).astype(np.float32)
        same_bits(frame[name], expected)


@pytest.mark.parametrize("level", columns.LEVELS)
def test_probabilities_come_back_bit_for_bit(read, stored, level):
    frame = read("probabilities")
    frame = frame[frame["level"] == level]
    codes = {
        "sector": ["sector"],
        "type": [*TRUST_TYPES],
        "system": stored["/system"].tolist(),
        "trust": stored["/trust"].tolist(),
    }[level]
    check_keys(frame, target=TARGETS, code=codes, outcome=OUTCOMES)
    prefix = "" if level == "trust" else f"{level}_"
    shape = (len(TARGETS), len(OUTCOMES), len(codes))
    for end in ("", "_low", "_high"):
        expected = stored[f"/{prefix}probability{end}"].reshape(shape)
        same_bits(frame[f"probability{end}"], expected.transpose(0, 2, 1).copy())
    assert frame["achieved"].dtype == frame["draws"].dtype == np.int64
    assert set(frame["draws"]) == {DRAWS}
    known = frame[frame["probability"].notna()]
    same_bits(known["achieved"] / DRAWS, known["probability"].to_numpy(np.float64))


def test_types_without_trusts_have_no_probability(read):
    frame = read("probabilities")
    lacking = frame["code"] == "ambulance"
    assert lacking.any()
    assert (frame["probability"].isna() == lacking).all()
    assert (frame["probability_high"].isna() == lacking).all()


def test_every_target_is_judged_on_its_own_outcome(read):
    frame = read("probabilities")
    own = frame[frame["own_outcome"]][["target", "outcome"]].drop_duplicates()
    expected = dict(
        zip(TARGETS, ["cash_releasing", "any_means", "recurrent"], strict=True)
    )
    assert dict(own.to_numpy().tolist()) == expected
    targets = read("targets")[["target", "outcome"]].drop_duplicates()
    assert dict(targets.to_numpy().tolist()) == expected
    assert frame["own_outcome"].dtype == bool


def test_targets_come_back_bit_for_bit(read, stored):
    frame = read("targets")
    check_keys(frame, target=TARGETS, year=YEARS)
    same_bits(frame["rate"], stored["/rate"])
    assert frame["basis"].tolist() == np.repeat(stored["/basis"], 3).tolist()
    assert pd.api.types.is_integer_dtype(frame["year"])


def test_shares_come_back_bit_for_bit(read, stored):
    frame = read("shares")
    mean, spread = (frame[frame["statistic"] == each] for each in ("mean", "quantile"))
    check_keys(mean, target=TARGETS, outcome=OUTCOMES)
    check_keys(spread, target=TARGETS, outcome=OUTCOMES, quantile=QUANTILES)
    assert mean["quantile"].isna().all()
    for name in (f"share_achieving{end}" for end in columns.ENDS):
        same_bits(mean[name], stored[f"/mean_{name}"])
        same_bits(spread[name], stored[f"/{name}"])


def test_trusts_keep_their_names_and_figures(read, stored, loaded):
    frame = read("trusts")
    assert frame["trust"].tolist() == stored["/trust"].tolist()
    assert {"NA", "null"} < set(frame["trust"])
    assert frame["trust_type"].tolist() == stored["/type_of_trust"].tolist()
    assert frame["system"].tolist() == stored["/trust_system"].tolist()
    people = load_population(loaded.scenario.population, loaded.folder)
    for name in ("opportunity", "carry_over", "backlog", "pay_share"):
        same_bits(frame[name], getattr(people, name))
    same_bits(frame["reported_balance"], people.reported_balance)
    same_bits(frame["opening_income"], stored["/opening_income"])
    same_bits(frame["opening_cost"], stored["/opening_cost"])
    assert frame["synthetic"].tolist() == ["all"] * 7


def test_odd_names_are_kept_as_they_are(read, written):
    names = read("trusts")["trust_name"].tolist()
    coded = "_x005F_x0041_"  # what Excel shows as _x0041_, openpyxl as it is written
    names = ["_x0041_" if name == coded else name for name in names]
    assert sorted(names) == sorted(NAMES_OF_TRUSTS.values())


def test_the_tables_of_words_come_back(read, run):
    for name in ALWAYS:
        frame = read(name).astype(object)
        expected = getattr(tidy, name)(run).astype(object)
        pd.testing.assert_frame_equal(frame.where(frame.notna()), expected)


def test_every_format_has_every_table_with_the_columns_defined(read, run):
    defined = tidy.definitions(run)
    for name in NAMES:
        words = defined[defined["table"] == name]
        assert read(name).columns.tolist() == words["column"].tolist()


# --- what each format promises --------------------------------------------------------


def test_csv_is_by_rfc_4180(written):
    for name in NAMES:
        text = (written["csv"] / f"{name}.csv").read_bytes()
        assert not text.startswith(b"\xef\xbb\xbf")
        assert text.endswith(b"\r\n")
        assert text.count(b"\n") == text.count(b"\r\n")
    text = (written["csv"] / "targets.csv").read_text(encoding="utf-8")
    assert '"žluťoučký, ""kůň""",reported,' in text


def test_a_workbook_has_a_bold_frozen_header_and_its_words_last(written):
    book = openpyxl.load_workbook(written["xlsx"])
    assert book.sheetnames == [answer_sheet.NAME, *NAMES]
    assert tuple(book.sheetnames[-3:]) == ALWAYS
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes == "A2"
        assert all(cell.font.bold for cell in sheet[1])
        assert not any(cell.font.bold for cell in sheet[2])
        assert sheet.auto_filter.ref == sheet.dimensions
    assert book.properties.title == "The least that can be run"


def test_a_workbook_opens_on_the_answer(written, run):
    book = openpyxl.load_workbook(written["xlsx"])
    sheet = book.active
    assert sheet.title == answer_sheet.NAME
    assert sheet["A1"].value == run.attrs["title"]
    header = answer_sheet.HEADER
    assert sheet.freeze_panes == f"B{header + 1}"
    titles = [cell.value for cell in sheet[header]]
    assert titles == [column.title for column in answer_sheet.COLUMNS]
    answer = headline.headline(run)
    for k, name in enumerate(TARGETS):
        cells = {cell.value for cell in sheet["A"][header : header + len(TARGETS)]}
        assert name in cells
        row = next(r for r in sheet.iter_rows(min_row=header + 1) if r[0].value == name)
        found = answer.isel(target=k)
        assert row[1].value == pytest.approx(float(found["rate"]), rel=1e-14)
        ends = [float(found[f"sector_probability{e}"]) for e in ("", "_low", "_high")]
        assert [cell.value for cell in row[6:9]] == pytest.approx(ends, rel=1e-14)
        assert row[15].value == float(found["trusts_in_deficit"].sel(quantile=0.5))
        assert row[0].data_type == "s"
        assert row[0].quotePrefix == formulas.runs(name)
        assert "%" in row[6].number_format
    assert len(sheet._charts) == 1
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.print_title_rows == f"${header}:${header}"
    said = {cell.value for cell in sheet["A"] if cell.value}
    assert "What is not in the number" in said
    assert sheet.print_area == f"'Answer'!$A$1:$R${sheet.max_row}"


def test_no_text_becomes_a_formula(written):
    book = openpyxl.load_workbook(written["xlsx"])
    kinds = {
        cell.data_type
        for sheet in (book["trusts"], book["targets"], book["about"])
        for row in sheet.iter_rows(min_row=2)
        for cell in row
        if isinstance(cell.value, str)
    }
    assert kinds == {"s"}
    assert book["targets"]["A2"].value == "=1+1"
    # Nor does it when somebody edits its cell.
    names = {row[1].value: row[1] for row in book["trusts"].iter_rows(min_row=2)}
    marked = {name for name, cell in names.items() if cell.quotePrefix}
    assert marked == {"=SUM(A1:A9)", "+44 020", "@all"}


def test_csv_has_no_cell_that_a_spreadsheet_would_run(written):
    for place in written["csv"].iterdir():
        with place.open(encoding="utf-8", newline="") as file:
            cells = {cell for row in csv.reader(file) for cell in row}
        started = {cell for cell in cells if cell.startswith(tuple("=+-@\t\r\n"))}
        for cell in started:
            float(cell)  # a number, whatever its sign
    text = (written["csv"] / "trusts.csv").read_text(encoding="utf-8")
    assert ",'=SUM(A1:A9)," in text
    assert ",-1," in text
    assert ",_x0041_," in text
    assert "\n'=1+1," in (written["csv"] / "targets.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("=1+1", True),
        ("+44 020", True),
        ("-", True),
        ("-inf", True),
        ("@all", True),
        ("\t=1", True),
        ("\r=1", True),
        ("\n=1", True),
        ("-0.5", False),
        ("+1e-05", False),
        ("2% [low]", False),
        ("'=1", False),
        ("", False),
    ],
)
def test_what_a_spreadsheet_would_run_is_known(text, wanted):
    assert formulas.runs(text) is wanted


def test_a_byte_order_mark_is_written_where_asked_for(run, tmp_path):
    export.export(run, tmp_path / "plain", "csv", ["targets"])
    export.export(run, tmp_path / "marked", "csv", ["targets"], bom=True)
    for place in (tmp_path / "plain").iterdir():
        plain, marked = place.read_bytes(), tmp_path / "marked" / place.name
        assert marked.read_bytes() == b"\xef\xbb\xbf" + plain
        assert not plain.startswith(b"\xef")
    with pytest.raises(RunFileError, match="bom: is of CSV files"):
        export.export(run, tmp_path / "book.xlsx", "xlsx", bom=True)


def test_parquet_carries_units_and_meanings(written, run):
    for name in NAMES:
        found = pyarrow.parquet.read_schema(written["parquet"] / f"{name}.parquet")
        for column in columns.of_table(name, run):
            words = found.field(column.name).metadata
            assert words[b"unit"].decode() == column.unit
            assert words[b"meaning"].decode() == column.meaning
        assert found.metadata[b"draws"] == b"30"
        assert found.metadata[b"title"] == b"The least that can be run"


def test_parquet_keeps_the_types_of_the_run_file(written):
    found = pyarrow.parquet.read_schema(written["parquet"] / "sector.parquet")
    kinds = {field.name: str(field.type) for field in found}
    assert kinds.pop("target") == "string"
    assert kinds.pop("draw") == "int64"
    for name in ("year", "trusts_in_deficit", "trusts_meeting_plan"):
        assert kinds.pop(name) == "int32", name
    assert set(kinds.values()) == {"float"}


# --- words ----------------------------------------------------------------------------


def test_every_column_has_a_meaning(run):
    defined = tidy.definitions(run)
    assert defined["meaning"].notna().all()
    assert not defined.duplicated(["table", "column"]).any()
    assert set(defined["table"]) == set(NAMES)


def test_words_are_those_of_the_schema(run):
    words = {
        (table, column): (unit, meaning)
        for table in NAMES
        for column, unit, meaning in columns.of_table(table, run)
    }
    for table, group, names in (
        ("sector", "/sector", RESULTS),
        ("trajectories", "/trajectories", schema.KEPT),
        ("drivers_by_year", "/drivers", columns.OF_A_YEAR),
        ("targets", "", ("rate", "basis")),
        ("shares", "", ("share_achieving", "share_achieving_low")),
    ):
        for name in names:
            variable = VARIABLES[f"{group}/{name}"]
            assert words[table, name] == (variable.unit, variable.meaning)
    for name, expected in schema.SPREAD.items():
        assert words["trust_bands", name] == expected


def test_the_assumptions_are_those_of_the_log(run, loaded):
    found = tidy.assumptions(run).set_index("key")
    expected = {record["key"]: record for record in assumptions_log.as_records(loaded)}
    assert found.index.tolist() == list(expected)
    for key, row in found.iterrows():
        for name in ("layer", "source", "grade"):
            assert (row[name] if pd.notna(row[name]) else "") == expected[key][name]
    share = "delivery.real_share"
    assert (
        json.loads(found.loc[share, "value"].split("=")[1][:-1])
        == (expected[share]["value"]["triangular"])
    )


def test_about_says_what_is_not_in_the_number(run):
    about = tidy.about(run).groupby("item")["value"].apply(list)
    assert about["draws"] == ["30"]
    assert about["confidence of the intervals of probabilities"] == ["0.95"]
    assert len(about["not in the number"]) > 3
    assert any("Monte Carlo error only" in line for line in about["not in the number"])
    assert about["population_about"][0]
    assert "scenario_resolved" not in about


def test_about_says_that_draws_are_not_independent(run):
    assert "replicates" not in set(tidy.about(run)["item"])
    even = run.copy()
    even.attrs = run.attrs | {"replicates": 16}
    about = tidy.about(even).set_index("item")["value"]
    assert about["replicates"] == "16: draws within one are not independent"


# --- tables in a notebook -------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_each_table_is_a_function(name, run):
    frame = getattr(tidy, name)(run)
    assert [*frame.columns] == [each.name for each in columns.of_table(name, run)]
    beside = NAMES if name == "definitions" else [name]
    (table,) = [each for each in tables.open_tables(run, beside) if each.name == name]
    slabs = pd.concat(table.slabs(), ignore_index=True)
    pd.testing.assert_frame_equal(slabs, frame)
    assert table.rows == len(frame)


@pytest.mark.parametrize("name", ["sector", "sector_achieved", "trajectories"])
def test_one_target_can_be_asked_for(name, run):
    table = getattr(tidy, name)
    whole = table(run)
    expected = whole[whole["target"] == "four"].reset_index(drop=True)
    pd.testing.assert_frame_equal(table(run, target="four"), expected)
    with pytest.raises(RunFileError, match="there is no 'fuor'; did you mean 'four'"):
        table(run, target="fuor")


@pytest.mark.parametrize("rows", [60])
def test_a_slab_is_no_larger_than_it_may_be(run, rows, monkeypatch):
    monkeypatch.setattr(tables, "SLAB_ROWS", rows)
    for table in tables.open_tables(run, [*BY_DRAW, "trust_bands"]):
        slabs = list(table.slabs())
        least = max(len(tidy.frame_of(*one_place(run, table.name))), rows)
        assert max(map(len, slabs)) <= least
        assert sum(map(len, slabs)) == table.rows


def one_place(run, name):
    """One target's one draw, or one trust: less is never taken at once."""
    dataset, dims = tidy.GRIDS[name](run)
    many = next(dim for dim in dims if dim != "target")
    return dataset.isel({dim: [0] for dim in ("target", many) if dim in dims}), dims


def test_a_run_of_numbers_that_are_missing_stays_whole(run):
    dataset, dims = tidy.GRIDS["sector"](run)
    holed = dataset.copy(deep=True)
    deficits = holed["trusts_in_deficit"].copy(deep=True)
    deficits[0, 0, 0] = np.nan
    holed["trusts_in_deficit"] = deficits
    frame = tidy.frame_of(holed, dims)
    assert frame["trusts_in_deficit"].dtype == "Int64"
    assert frame["trusts_in_deficit"].isna().tolist() == [True] + [False] * (
        len(frame) - 1
    )


# --- choosing -------------------------------------------------------------------------


def test_some_tables_bring_their_words_along(run, tmp_path):
    planned = export.plan(run, tmp_path / "some", "csv", ["shares", "targets"])
    assert [table.name for table in planned.tables] == ["targets", "shares", *ALWAYS]
    assert planned.left_out["sector"] == "not asked for"
    export.write(planned)
    defined = read_csv(tmp_path / "some", "definitions")
    assert set(defined["table"]) == {"targets", "shares", *ALWAYS}
    assert len(defined) == planned.tables[2].rows


def test_summaries_are_all_but_what_is_by_draw(run):
    chosen = tables.choose(run, ["summaries", "drivers"])
    assert set(NAMES) - set(chosen) == set(BY_DRAW) - {"drivers"}
    assert set(BY_DRAW) == {
        "sector",
        "sector_achieved",
        "drivers",
        "drivers_by_year",
        "trajectories",
    }


def test_trajectories_that_were_not_kept_are_said_to_be_missing(file, tmp_path):
    groups = ["/", "/sector", "/drivers", "/provenance"]
    with store.open_run(file, groups) as bare:
        planned = export.plan(bare, tmp_path / "bare", "csv", ["targets"])
        assert planned.left_out["trajectories"] == "the run kept none"
        assert planned.left_out["sector"] == "not asked for"
        for asked in (
            lambda: tables.choose(bare, ["trajectories"]),
            lambda: tidy.trajectories(bare),
        ):
            with pytest.raises(RunFileError, match="kept none; run again with --keep"):
                asked()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("secto", "there is no 'secto'; did you mean 'sector'?"),
        ("summary", "there is no 'summary'; did you mean 'summaries'?"),
        ("", "there is no ''; choose from: targets, trusts"),
    ],
)
def test_a_table_that_is_not_there_is_refused(run, asked, said):
    with pytest.raises(RunFileError, match=re.escape(said)):
        tables.choose(run, [asked])


# --- what does not fit ----------------------------------------------------------------


def refused(run, tmp_path, to, **how):
    """Export what cannot be: the error; it leaves nothing behind."""
    place = tmp_path / ("out.xlsx" if to == "xlsx" else "out")
    with pytest.raises(RunFileError) as error:
        export.export(run, place, to, **how)
    assert list(tmp_path.iterdir()) == []
    return str(error.value)


def test_more_rows_than_a_sheet_holds_are_refused(run, tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "ROWS", 200)
    said = refused(run, tmp_path, "xlsx", tables=["sector", "sector_achieved"])
    assert said == (
        "xlsx: a sheet holds 200 rows, but sector has 270; choose --tables "
        "sector_achieved, or take --to parquet or --to csv"
    )
    said = refused(run, tmp_path, "xlsx", tables=["sector"])
    assert said.endswith("sector has 270; take --to parquet or --to csv")
    export.export(run, tmp_path / "fits.xlsx", "xlsx", ["sector_achieved"])


def test_a_sheet_holds_what_excel_says():
    assert workbook.ROWS + 1 == 1_048_576
    assert workbook.LETTERS == 32_767


def test_longer_texts_than_a_cell_holds_are_refused(run, tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "LETTERS", 200)
    said = refused(run, tmp_path, "xlsx", tables=["shares"])
    assert re.match(r"definitions, meaning: a text of \d+ letters: a cell holds", said)


@pytest.mark.parametrize("sign", ["\x00", "\x0b", "\x1f", "\ufffe"])
def test_signs_that_xml_has_no_place_for_are_refused(sign):
    with pytest.raises(RunFileError, match=rf"U\+{ord(sign):04X}"):
        workbook._texts(pd.Series([f"a{sign}b"]), "trusts, trust_name")


def test_an_infinite_number_is_refused():
    with pytest.raises(RunFileError, match="infinite"):
        workbook._numbers(pd.Series([1.0, np.inf]), "sector, balance")


@pytest.mark.parametrize(
    ("to", "module"), [("xlsx", "openpyxl"), ("parquet", "pyarrow")]
)
def test_what_is_not_installed_is_named(run, tmp_path, monkeypatch, to, module):
    monkeypatch.setitem(sys.modules, module, None)
    said = refused(run, tmp_path, to)
    assert said == f"{to}: needs {module}, which is not installed; pip install {module}"
    export.export(run, tmp_path / "csv", "csv", ["targets"])


# --- places ---------------------------------------------------------------------------


def write_small(run, place, to, **how):
    export.export(run, place, to, ["targets"], **how)


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("to", FORMATS)
def test_an_earlier_export_is_replaced_only_with_force(run, tmp_path, to):
    place = tmp_path / ("out.xlsx" if to == "xlsx" else "out")
    export.export(run, place, to, ["shares"])
    before = contents(tmp_path)
    with pytest.raises(RunFileError, match="is there already; add --force"):
        write_small(run, place, to)
    assert contents(tmp_path) == before
    write_small(run, place, to, force=True)
    assert [each.name for each in tmp_path.iterdir()] == [place.name]
    found = contents(tmp_path)
    assert found != before
    assert not any("shares" in name for name in found)


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_what_fails_on_the_way_leaves_what_was_there(run, tmp_path, to, error):
    place = tmp_path / ("out.xlsx" if to == "xlsx" else "out")
    write_small(run, place, to)
    before = contents(tmp_path)

    def fail(rows):
        raise error

    planned = export.plan(run, place, to, ["shares"], force=True)
    expected = RunFileError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected), warnings.catch_warnings():
        export.write(planned, fail)
    assert contents(tmp_path) == before


def test_a_folder_with_other_files_is_never_replaced(run, tmp_path):
    (tmp_path / "diary.txt").write_text("dear diary", encoding="utf-8")
    with pytest.raises(RunFileError, match=r"holds what no export wrote: diary\.txt"):
        write_small(run, tmp_path, "csv", force=True)
    assert (tmp_path / "diary.txt").exists()


def test_places_of_the_wrong_kind_are_refused(run, tmp_path):
    file, folder = tmp_path / "a.txt", tmp_path / "b.xlsx"
    file.touch()
    folder.mkdir()
    for place, to, said in (
        (file, "csv", "is a file; give -o the path of a folder"),
        (folder, "xlsx", "is a folder; give the path of a file"),
        (file, "xlsx", "is not the name of a workbook; give -o a name that ends in"),
        (tmp_path / "no" / "c", "csv", "there is no folder"),
    ):
        with pytest.raises(RunFileError, match=re.escape(said)):
            write_small(run, place, to, force=True)
    with pytest.raises(RunFileError, match="'ods' is no format; give csv, xlsx"):
        export.export(run, tmp_path / "d", "ods")
    assert {each.name for each in tmp_path.iterdir()} == {"a.txt", "b.xlsx"}


def test_slabs_leave_no_trace(run, tmp_path, written):
    export.export(run, tmp_path / "csv", "csv")
    assert contents(tmp_path / "csv") == contents(written["csv"])
    export.export(run, tmp_path / "parquet", "parquet")
    for name in NAMES:  # where they are groups of rows
        again = read_parquet(tmp_path / "parquet", name)
        pd.testing.assert_frame_equal(again, read_parquet(written["parquet"], name))


# --- the command ----------------------------------------------------------------------


def call(*arguments):
    return CliRunner().invoke(
        exporting.main, ["export", *map(str, arguments)], catch_exceptions=False
    )


def test_the_command_writes_all_there_is(file, tmp_path, monkeypatch, written):
    monkeypatch.chdir(tmp_path)
    result = call(file, "--to", "csv")
    assert (result.exit_code, result.stderr) == (0, "")
    first, *lines = result.stdout.splitlines()
    assert first == "run-csv: 14 tables"
    said = dict(line.removesuffix(" rows").split() for line in lines)
    assert tuple(said) == NAMES
    assert said["sector"] == str(len(TARGETS) * DRAWS * len(YEARS))
    assert contents(tmp_path / "run-csv") == contents(written["csv"])


def test_the_command_says_what_it_did_not_write(run, tmp_path):
    planned = export.plan(run, tmp_path / "run.xlsx", "xlsx", ["targets", "shares"])
    *lines, last = export.said(planned).splitlines()
    assert re.fullmatch(r"  targets +9 rows", lines[1])
    assert last.startswith("Not written, not asked for: trusts, probabilities, bands")


def test_the_command_tells_a_script(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call(file, "--to", "xlsx", "--tables", "targets", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    said = json.loads(result.stdout)
    assert (said["place"], said["format"]) == ("run.xlsx", "xlsx")
    assert [each["table"] for each in said["written"]] == ["targets", *ALWAYS]
    assert said["written"][0]["rows"] == 9
    assert said["written"][0]["columns"][0] == "target"
    assert all((tmp_path / each["file"]).is_file() for each in said["written"])
    assert said["not_written"]["sector"] == "not asked for"


def test_the_command_refuses_in_a_line(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments in (
        (tmp_path / "none.h5", "--to", "csv"),
        (file, "--to", "csv", "--tables", ""),
    ):
        result = call(*arguments)
        assert result.exit_code == 1
        (line,) = result.stderr.splitlines()
        assert re.match(r"\S.*: \S.*", line)
        assert list(tmp_path.iterdir()) == []
