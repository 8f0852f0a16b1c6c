"""The first sheet of a workbook: the answer, for whoever opens it to read."""

import textwrap
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import xarray as xr

from simulator.answers.headline import caveats
from simulator.answers.headline.beside import has_both
from simulator.answers.headline.delivered import delivered, in_pairs
from simulator.answers.headline.estimate import ENDS, GIVEN, headline, own_outcome
from simulator.answers.text import financial_year
from simulator.exports import formulas
from simulator.outcomes import OF_NAME

NAME: Final = "Answer"
LINE: Final = 180  # letters of a line of words: the width of the table
BESIDE: Final = 72  # letters of a line beside the chart
CHART_ROWS: Final = 17  # that the chart covers
CHART_COLUMNS: Final = 10  # that the chart covers
A4: Final = 9  # among the sizes of paper
PLANS: Final = 2  # the column of what plans follow
HEADER: Final = 6  # the row that the table's titles stand in
PERCENT: Final = "0.0%"
CHANCE: Final = "[<0.01]0.00%;[>0.99]0.00%;0.0%"  # nothing becomes a certainty
WHOLE: Final = "0"
TEXT: Final = "@"
FONT: Final = "Calibri"


class Column(NamedTuple):
    """A column of the answer: its title, how its numbers look, its width, its words."""

    title: str
    looks: str
    width: int
    meaning: str


COLUMNS: Final = (
    Column("target", TEXT, 24, ""),
    Column("rate asked", "0.00%", 9, "of cost a year, mean over the years"),
    Column(
        "plans follow",
        TEXT,
        9,
        "what savings plans start from: a trust's own gap, or the tariff",
    ),
    Column("planned", PERCENT, 9, "planned by the trust in the middle, of cost"),
    Column("saved for good", PERCENT, 9, "its recurrent savings, of cost"),
    Column("one-off", PERCENT, 9, "its one-off savings, of cost"),
    Column("chance", CHANCE, 9, "that the sector achieves the target as it is meant"),
    Column("from", CHANCE, 8, ""),
    Column("to", CHANCE, 8, ""),
    Column(
        "given the record",
        CHANCE,
        9,
        "the same, of such assumptions as would have given the past as published",
    ),
    Column("from", CHANCE, 8, ""),
    Column("to", CHANCE, 8, ""),
    Column("and in balance", CHANCE, 9, "that it also ends the last year in balance"),
    Column("from", CHANCE, 8, ""),
    Column("to", CHANCE, 8, ""),
    Column(
        "in deficit",
        WHOLE,
        9,
        "trusts in the last year, in the middle future",
    ),
    Column("from", WHOLE, 8, ""),
    Column("to", WHOLE, 8, ""),
)


class Sheet(NamedTuple):
    """What the sheet says."""

    title: str
    lines: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    meanings: tuple[str, ...]
    """What the columns hold, to stand beside the chart."""
    notes: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """List all texts that come from the run."""
        return (
            self.title,
            *self.lines,
            *self.meanings,
            *self.notes,
            *(row[0] for row in self.rows),
        )


def sheet(run: xr.DataTree) -> Sheet:
    """Gather what the sheet says of a run."""
    root = run.to_dataset()
    first, last = (financial_year(int(root["year"].values[end])) for end in (0, -1))
    meanings = dict.fromkeys(
        OF_NAME[str(name)].meaning for name in own_outcome(root).values
    )
    return Sheet(
        title=str(run.attrs["title"]),
        lines=(
            f"How likely is each savings target to be achieved by {run.sizes['trust']} "
            f"trusts taken together, {first} to {last}?",
            f"Achieved: {'; or '.join(meanings)}.",
            f"{int(run.attrs['draws']):,} simulated futures, seed {run.attrs['seed']}. "
            "From and to after a chance: its 95% Monte Carlo interval. After a number "
            "of trusts: 80% of futures.",
        ),
        rows=_rows(run),
        meanings=(
            "What the columns hold",
            *(f"{one.title}: {one.meaning}" for one in COLUMNS if one.meaning),
            "from, to: the ends of the 95% Monte Carlo interval of the chance before "
            "them; of trusts in deficit, between which 80% of futures lie",
        ),
        notes=(
            "What is not in the number",
            str(run.attrs["population_about"]),
            *caveats.NOT_IN_THE_NUMBER,
            *caveats.notes(run),
            "",
            "The other sheets hold the tables behind it: definitions says what their "
            "columns hold, assumptions what the run rests on.",
        ),
    )


def _rows(run: xr.DataTree) -> tuple[tuple[Any, ...], ...]:
    answer, found = headline(run), delivered(run)
    follows = run.to_dataset()["plan_follows"]
    both = has_both(answer)
    rows = []
    for pair in in_pairs(run.to_dataset()):
        for name in (one for one in pair if one is not None):
            row, saving = answer.sel(target=name), found.sel(target=name)
            sector, sustained = (
                [float(row[f"{of}_probability{end}"]) for end in ENDS]
                for of in ("sector", "sustained")
            )
            given: list[float | None] = [None] * len(ENDS)
            if both:
                second = row.sel(of="sector", beliefs=GIVEN)
                given = [float(second[f"chance{end}"]) for end in ENDS]
            low, middle, high = (float(n) for n in row["trusts_in_deficit"].values)
            rows.append(
                (
                    name,
                    float(row["rate"]),
                    str(follows.sel(target=name).values),
                    *(float(saving[p]) for p in ("planned", "recurrent", "one_off")),
                    *sector,
                    *given,
                    *sustained,
                    middle,
                    low,
                    high,
                )
            )
    return tuple(rows)


def add(book: Any, of: Sheet) -> None:
    """Put the sheet into a workbook that is written row by row, as its first."""
    from openpyxl.styles import Font  # noqa: PLC0415

    page = book.create_sheet(NAME)
    _lay_out(page)  # before its rows, which follow it in the file
    page.append([_cell(page, of.title, font=Font(name=FONT, bold=True, size=16))])
    for line in of.lines:
        page.append([_cell(page, line)])
    page.append([])
    page.append(_header(page))
    for row in of.rows:
        page.append(_row(page, row))
    below = HEADER + len(of.rows) + 2
    page.add_chart(_chart(page, of), f"A{below}")
    page.append([])
    beside = _lines(of.meanings, BESIDE)
    tall = max(CHART_ROWS, len(beside) + 1)
    for line, is_title in [*beside, *[("", False)] * (tall - len(beside))]:
        look = Font(name=FONT, bold=is_title)
        left = [None] * CHART_COLUMNS
        page.append([*left, _cell(page, line, font=look)] if line else [])
    lines = _lines(of.notes, LINE)
    for line, is_title in lines:
        look = Font(name=FONT, bold=is_title)
        page.append([_cell(page, line, font=look)] if line else [])
    _print(page, below + tall - 1 + len(lines))


def _lines(notes: Sequence[str], letters: int) -> list[tuple[str, bool]]:
    """Break notes into lines, and say which of them are titles."""
    return [
        (line, note.startswith("What "))
        for note in notes
        for line in textwrap.wrap(note, letters) or [""]
    ]


def _lay_out(page: Any) -> None:
    from openpyxl.utils import get_column_letter  # noqa: PLC0415
    from openpyxl.worksheet.properties import PageSetupProperties  # noqa: PLC0415

    for number, column in enumerate(COLUMNS, 1):
        page.column_dimensions[get_column_letter(number)].width = column.width
    page.freeze_panes = f"B{HEADER + 1}"
    page.sheet_view.showGridLines = False
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    page.row_dimensions[HEADER].height = 32


def _print(page: Any, rows: int) -> None:
    """Have it printed on one sheet of A4 on its side."""
    from openpyxl.utils import get_column_letter  # noqa: PLC0415
    from openpyxl.worksheet.page import PageMargins  # noqa: PLC0415

    page.print_area = f"A1:{get_column_letter(len(COLUMNS))}{rows}"
    page.print_title_rows = f"{HEADER}:{HEADER}"
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = A4
    page.page_setup.fitToWidth = 1
    page.page_setup.fitToHeight = 1
    page.page_margins = PageMargins(left=0.4, right=0.4, top=0.4, bottom=0.5)
    page.oddFooter.right.text = "&A"


def _header(page: Any) -> list[Any]:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side  # noqa: PLC0415

    looks = {
        "font": Font(name=FONT, bold=True),
        "border": Border(bottom=Side("medium")),
        "fill": PatternFill("solid", "E8EEF5"),
    }
    sides = ["left"] + ["right"] * (len(COLUMNS) - 1)
    return [
        _cell(
            page,
            column.title,
            alignment=Alignment(wrap_text=True, vertical="bottom", horizontal=side),
            **looks,
        )
        for column, side in zip(COLUMNS, sides, strict=True)
    ]


def _row(page: Any, values: tuple[Any, ...]) -> list[Any]:
    from openpyxl.styles import Alignment  # noqa: PLC0415

    cells = [_cell(page, value) for value in values]
    for cell, column in zip(cells, COLUMNS, strict=True):
        cell.number_format = column.looks
    cells[PLANS].alignment = Alignment(horizontal="right")
    return cells


def _cell(page: Any, value: Any, **looks: Any) -> Any:
    """Make a cell; a text is a text, whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    cell = WriteOnlyCell(page, value)
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = formulas.runs(value)
    for name, look in looks.items():
        setattr(cell, name, look)
    return cell


def _chart(page: Any, of: Sheet) -> Any:
    """Draw the chance against the rate, from the cells of the table."""
    from openpyxl.chart import Reference, ScatterChart, Series  # noqa: PLC0415

    chart = ScatterChart()
    chart.style = 2
    chart.title = "Chance of the sector by the rate asked"
    chart.x_axis.title = "rate asked, % of cost a year"
    chart.y_axis.title = "chance"
    chart.x_axis.number_format, chart.y_axis.number_format = "0.0%", "0%"
    chart.y_axis.scaling.min, chart.y_axis.scaling.max = 0.0, 1.0
    chart.x_axis.majorGridlines = None
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.legend.position = "b"
    chart.width, chart.height = 21.0, 8.0
    first, last = HEADER + 1, HEADER + len(of.rows)
    rates = Reference(page, min_col=2, min_row=first, max_row=last)
    for column, title, colour, sign in (
        (7, "achieve", "0B5FA5", "circle"),
        (10, "achieve, given the record", "6A1B7A", "triangle"),
        (13, "achieve and end in balance", "C65102", "square"),
    ):
        if of.rows[0][column - 1] is None:
            continue
        values = Reference(page, min_col=column, min_row=first, max_row=last)
        series = Series(values, rates, title=title)
        series.marker.symbol = sign
        series.marker.size = 7
        series.marker.graphicalProperties.solidFill = colour
        series.marker.graphicalProperties.line.solidFill = colour
        # Points, as rows of two kinds of plans are no one line.
        series.graphicalProperties.line.noFill = True
        chart.series.append(series)
    return chart
