"""Tables of a run: that no file loses a bit of one, and what each format promises."""

import csv
import functools

import exported
import h5py
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet
import pytest
from exported import (
    DRAWS,
    NAMES_OF_TRUSTS,
    READ,
    TARGETS,
    YEARS,
    contents,
    read_parquet,
)

from simulator import schema
from simulator.answers.headline import estimate as headline
from simulator.errors import RunFileError
from simulator.exports import answer_sheet, columns, formulas, tables, tidy, workbook
from simulator.exports import write as export
from simulator.exports.columns import ALWAYS, NAMES
from simulator.exports.write import FORMATS
from simulator.population.load import load_population
from simulator.runfile import store
from simulator.scenario.load import load_scenario
from simulator.schema import OUTCOMES, QUANTILES, RESULTS, TRUST_TYPES

TEXT_COLUMNS = {"target", "trust", "code", "level", "outcome", "trust_name", "value"}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return exported.make(tmp_path_factory.mktemp("export"))


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
def written(run, file):
    """The whole run in every format, in chunks so small that a table has several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "SLAB_ROWS", 100)
        patch.setattr(workbook, "ROWS_AT_ONCE", 64)
        places = {
            "csv": file.parent / "run-csv",
            "xlsx": file.parent / "run.xlsx",
            "parquet": file.parent / "run-parquet",
        }
        for to, place in places.items():
            export.export(run, place, to)
        return places


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


def test_trusts_keep_their_names_and_figures(read, stored, file):
    frame = read("trusts")
    assert frame["trust"].tolist() == stored["/trust"].tolist()
    assert {"NA", "null"} < set(frame["trust"])
    assert frame["trust_type"].tolist() == stored["/type_of_trust"].tolist()
    assert frame["system"].tolist() == stored["/trust_system"].tolist()
    loaded = load_scenario(file.parent / "tiny.toml")
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


def test_slabs_leave_no_trace(run, tmp_path, written):
    export.export(run, tmp_path / "csv", "csv")
    assert contents(tmp_path / "csv") == contents(written["csv"])
    export.export(run, tmp_path / "parquet", "parquet")
    for name in NAMES:  # where they are groups of rows
        again = read_parquet(tmp_path / "parquet", name)
        pd.testing.assert_frame_equal(again, read_parquet(written["parquet"], name))
