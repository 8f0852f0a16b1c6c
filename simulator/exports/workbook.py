"""Tables as one Excel workbook, a sheet each.

openpyxl makes the workbook with its header rows; the rows below go straight into the
sheets' XML, some thousands at a time. A cell at a time through openpyxl took twelve
times as long: four minutes for the sector of 10,000 draws.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd

from simulator.errors import RunFileError
from simulator.exports import answer_sheet, formulas
from simulator.exports.columns import ALWAYS, BY_DRAW
from simulator.exports.tables import Table
from simulator.types import OnProgress

ROWS: Final = 2**20 - 1  # that a sheet holds below its header
LETTERS: Final = 32_767  # that a cell holds
ROWS_AT_ONCE: Final = 2**14
CELL: Final = 60  # bytes of XML that a number takes, at most
ZIP64_FROM: Final = 2**31  # bytes, from which zipfile asks for 64-bit sizes
WIDEST: Final = 80
END: Final = b"</sheetData>"
# XML 1.0 has no place for these, and Excel no font.
_NO_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Excel reads _x0041_ as A, so the first of the five signs is written so itself.
_CODED: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


def check(tables: Sequence[Table], answer: answer_sheet.Sheet) -> None:
    """Refuse what a workbook cannot hold.

    Raises
    ------
    RunFileError
        Where a table has too many rows, or a text is too long or not printable.
    """
    large = [table for table in tables if table.rows > ROWS]
    if large:
        said = ", ".join(f"{table.name} has {table.rows:,}" for table in large)
        others = [
            table.name
            for table in tables
            if table not in large and table.name not in ALWAYS
        ]
        fewer = f"choose --tables {','.join(others)}, or " if others else ""
        raise RunFileError(
            "xlsx",
            f"a sheet holds {ROWS:,} rows, but {said}",
            f"{fewer}take --to parquet or --to csv",
        )
    for text in answer.texts:
        _text(text, answer_sheet.NAME)
    for table in tables:
        if table.name not in BY_DRAW:  # whose texts are names of these tables too
            for frame in table.chunks():
                for column, values in frame.items():
                    if _is_text(values):
                        _texts(values, f"{table.name}, {column}")


def write(
    place: Path,
    answer: answer_sheet.Sheet,
    tables: Sequence[Table],
    maker: str,
    on_progress: OnProgress,
) -> None:
    """Write a workbook.

    Parameters
    ----------
    place
        Path to write.
    answer
        What the first sheet says.
    tables
        A sheet each after it, in this order.
    maker
        Of the document.
    on_progress
        Called with the number of rows just written.
    """
    sheets = {f"xl/worksheets/sheet{n}.xml": each for n, each in enumerate(tables, 2)}
    made, quoting = _headers(answer, tables, maker)
    with (
        zipfile.ZipFile(made) as headers,
        zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book,
    ):
        for name in headers.namelist():
            # Excel may offer to repair what has 64-bit sizes without need.
            table = sheets.get(name)
            large = table and table.rows * len(table.columns) * CELL > ZIP64_FROM
            with book.open(name, "w", force_zip64=bool(large)) as part:
                before, end, after = headers.read(name).partition(END)
                part.write(before)
                if table:
                    for rows, xml in _rows(table, quoting):
                        part.write(xml)
                        on_progress(rows)
                part.write(end + after)


def _headers(
    answer: answer_sheet.Sheet, tables: Sequence[Table], maker: str
) -> tuple[io.BytesIO, int]:
    """Make the workbook with the answer, and of the tables the header rows alone.

    With the number of the style by which Excel keeps a text a text when it is edited.
    """
    import openpyxl  # noqa: PLC0415 - an extra
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Font  # noqa: PLC0415

    book = openpyxl.Workbook(write_only=True)
    book.properties.title = answer.title
    book.properties.creator = maker
    answer_sheet.add(book, answer)
    for table in tables:
        sheet = book.create_sheet(table.name)
        sheet.freeze_panes = "A2"
        letters = _column_letters(len(table.columns))
        sheet.auto_filter.ref = f"A1:{letters[-1]}{table.rows + 1}"
        for letter, width in zip(letters, _widths(table), strict=True):
            sheet.column_dimensions[letter].width = width
        cells = [WriteOnlyCell(sheet, column.name) for column in table.columns]
        for cell in cells:
            cell.font = Font(bold=True)
            cell.data_type = "s"
        sheet.append(cells)
    quoting = WriteOnlyCell(sheet)
    quoting.quotePrefix = True
    style = int(quoting.style_id)
    made = io.BytesIO()
    book.save(made)
    return made, style


def _widths(table: Table) -> list[int]:
    """Choose how wide columns are, in letters: tables of words by their words."""
    widths = [max(12, len(column.name) + 4) for column in table.columns]
    if table.name in ALWAYS:
        for frame in table.chunks():
            lengths = [int(frame[name].str.len().max()) for name in frame]
            widths = [max(pair) for pair in zip(widths, lengths, strict=True)]
    return [min(width, WIDEST) for width in widths]


def _column_letters(count: int) -> list[str]:
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 - an extra

    return [get_column_letter(number) for number in range(1, count + 1)]


def _rows(table: Table, quoting: int) -> Iterator[tuple[int, bytes]]:
    """Give the rows below the header as XML, with their number."""
    letters = _column_letters(len(table.columns))
    row = 2
    for chunk in table.chunks():
        for start in range(0, len(chunk), ROWS_AT_ONCE):
            frame = chunk.iloc[start : start + ROWS_AT_ONCE]
            rows = range(row, row + len(frame))
            cells = [
                _cells(frame[name], f"{table.name}, {name}", letter, rows, quoting)
                for name, letter in zip(frame, letters, strict=True)
            ]
            lines = (
                f'<row r="{number}">{"".join(line)}</row>'
                for number, *line in zip(rows, *cells, strict=True)
            )
            yield len(frame), "".join(lines).encode()
            row += len(frame)


def _cells(
    values: pd.Series, where: str, letter: str, rows: range, quoting: int
) -> list[str]:
    """Write the cells of a column; a missing value has no cell.

    A number is written with the fewest digits that give it back in its own precision.
    """
    if _is_text(values):
        texts, kind = _texts(values, where), ' t="inlineStr"><is>'
        quoted = {text for text in values.dropna().unique() if formulas.runs(text)}
        ends = "</is></c>"
    else:
        kind, ends = (' t="b"><v>' if values.dtype == bool else "><v>"), "</v></c>"
        texts, quoted = _numbers(values, where), set()
    style = f' s="{quoting}"'
    return [
        ""
        if text is None
        else f'<c r="{letter}{row}"{style if value in quoted else ""}{kind}{text}{ends}'
        for text, value, row in zip(texts, values, rows, strict=True)
    ]


def _is_text(values: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(values.dtype)


def _numbers(values: pd.Series, where: str) -> list[str | None]:
    missing = values.isna().to_numpy()
    if values.dtype == bool:
        values = values.astype(np.int8)
    numbers = values.fillna(0).to_numpy(values.dtype.type) if missing.any() else values
    found: list[str | None] = np.asarray(numbers).astype(str).tolist()
    if not np.isfinite(np.asarray(numbers)).all():
        raise RunFileError(
            where, "holds an infinite number, which a workbook cannot", "take --to csv"
        )
    for row in np.flatnonzero(missing):
        found[row] = None
    return found


def _texts(values: pd.Series, where: str) -> list[str | None]:
    """Write texts as texts, whatever they begin with: none becomes a formula."""
    written = {text: _text(text, where) for text in values.dropna().unique()}
    return [written.get(text) for text in values]


def _text(text: str, where: str) -> str:
    if len(text) > LETTERS:
        raise RunFileError(
            where,
            f"a text of {len(text):,} letters: a cell holds {LETTERS:,}",
            "take --to csv or --to parquet",
        )
    odd = _NO_TEXT.search(text)
    if odd:
        raise RunFileError(
            where,
            f"{text!r} holds a sign that a workbook cannot (U+{ord(odd[0]):04X})",
            "take --to csv or --to parquet",
        )
    coded = escape(_CODED.sub("_x005F_", text), {"\r": "&#13;"})
    return f'<t xml:space="preserve">{coded}</t>'
