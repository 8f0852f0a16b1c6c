"""Sheets of a workbook that somebody downloaded, row by row, in bounded memory.

A workbook is a zip of XML. Before a library parses it, its parts are gone through once:
they may not unpack to more than a published workbook ever has, declare a document type
(which is where entities hide) or hold one endless row.
"""

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from simulator.errors import PopulationError
from simulator.types import OnProgress

# Published workbooks have 16 to 38 MB and unpack to a tenth of this.
MOST_PACKED: Final = 512 * 2**20
MOST_UNPACKED: Final = 4 * 2**30
# What is held in memory whole: the texts that cells share, styles, the list of sheets.
MOST_AT_ONCE: Final = 256 * 2**20
MOST_PARTS: Final = 10_000
LONGEST_ROW: Final = 2**22  # bytes of XML
MOST_ROWS: Final = 2**20  # of a sheet, in Excel too
CHUNK: Final = 2**20
ROW: Final = 350  # bytes of XML in a row, about

_ZIP: Final = b"PK\x03\x04"
_OLD: Final = b"\xd0\xcf\x11\xe0"
_SAVE: Final = "open it in Excel and save it as .xlsx"
_WHOLE: Final = "download it again, or open it in Excel and save it as .xlsx"

Cells = tuple[Any, ...]


class Line(NamedTuple):
    """One row of a sheet and its number, as Excel counts."""

    row: int
    cells: Cells


class Workbook:
    """An open workbook; of `opened`."""

    def __init__(self, place: str, book: Any) -> None:
        self.place = place
        self._book = book

    @property
    def sheets(self) -> tuple[str, ...]:
        """Name the sheets, in order."""
        return tuple(str(name) for name in self._book.sheetnames)

    def find(self, name: str) -> str | None:
        """Give the sheet of a name, whatever its blanks and capitals are."""
        wanted = _plain(name)
        return next((own for own in self.sheets if _plain(own) == wanted), None)

    def lines(self, sheet: str, columns: int) -> Iterator[Line]:
        """Yield the rows of a sheet, as wide as `columns` at most."""
        found = self._book[sheet]
        found.reset_dimensions()  # what it says of its size may be wrong
        rows = found.iter_rows(max_col=columns, values_only=True)
        try:
            for row, cells in enumerate(rows, start=1):
                if row > MOST_ROWS:
                    raise PopulationError(
                        f"{self.place}: sheet '{sheet}'",
                        f"has more than {MOST_ROWS:,} rows, the most that Excel holds",
                        _WHOLE,
                    )
                yield Line(row, tuple(cells))
        except PopulationError:
            raise
        except Exception as fault:
            raise _broken(f"{self.place}: sheet '{sheet}'", fault) from fault


@contextmanager
def opened(
    path: Path, place: str, on_progress: OnProgress = lambda more: None
) -> Iterator[Workbook]:
    """Open a workbook to read, once it is known to be harmless.

    Parameters
    ----------
    path
        The file.
    place
        What messages call it.
    on_progress
        Called with numbers of bytes that were read.

    Raises
    ------
    PopulationError
        Where it is no workbook, or none that is safe to read.
    """
    try:
        from openpyxl import load_workbook  # noqa: PLC0415 - an extra
    except ImportError:
        remedy = "pip install 'nhs-efficiency-simulator[excel]'"
        raise PopulationError(place, "workbooks need openpyxl", remedy) from None
    with _file(path, place) as file:
        _check(file, place, on_progress)
        try:
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except Exception as fault:
            raise _broken(place, fault) from fault
        try:
            yield Workbook(place, book)
        finally:
            book.close()


@contextmanager
def _file(path: Path, place: str) -> Iterator[IO[bytes]]:
    try:
        mode = path.stat().st_mode  # before it is opened: a pipe would wait for ever
        if stat.S_ISDIR(mode):
            raise PopulationError(place, "is a folder", "name a workbook in it")
        if not stat.S_ISREG(mode):
            raise PopulationError(place, "is a device or a pipe", "give a file")
        file = path.open("rb")
    except FileNotFoundError:
        raise PopulationError(place, "there is no such file") from None
    except (OSError, ValueError) as fault:
        problem = f"cannot be read ({getattr(fault, 'strerror', None) or fault})"
        raise PopulationError(place, problem, "see whether you may read it") from None
    with file:
        yield file


def unpacked(path: Path) -> int:
    """Give the bytes that a workbook says it unpacks to; 0 where it is none."""
    try:
        with zipfile.ZipFile(path) as parts:
            return sum(part.file_size for part in parts.infolist())
    except (OSError, ValueError, zipfile.BadZipFile):
        return 0


@contextmanager
def bounded(on_progress: OnProgress, most: int) -> Iterator[OnProgress]:
    """Tell of progress in guessed steps: of no more than there is, and of all of it.

    How many bytes a row has differs from workbook to workbook.
    """
    left = most

    def told(more: int) -> None:
        nonlocal left
        step = min(more, left)
        left -= step
        if step:
            on_progress(step)

    yield told
    told(left)


def _check(file: IO[bytes], place: str, on_progress: OnProgress) -> None:
    """Go through the parts of a workbook, and refuse what no published one has."""
    start = file.read(len(_ZIP))
    if start == _OLD:
        raise PopulationError(
            place, "is an old Excel workbook, or has a password", _SAVE
        )
    if start != _ZIP:
        raise PopulationError(place, "is no Excel workbook", _SAVE)
    if file.seek(0, 2) > MOST_PACKED:
        raise PopulationError(place, f"is larger than {_size(MOST_PACKED)}", _WHOLE)
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as parts:
            _sizes(parts, place)
            for part in parts.infolist():
                if _is_parsed(part.filename):
                    _look_through(parts, part, place, on_progress)
    except PopulationError:
        raise
    except Exception as fault:
        raise _broken(place, fault) from fault
    file.seek(0)


def _sizes(parts: zipfile.ZipFile, place: str) -> None:
    listed = parts.infolist()
    names = [part.filename for part in listed]
    if len(listed) > MOST_PARTS or len(set(names)) < len(names):
        raise PopulationError(place, "is no workbook as Excel writes it", _WHOLE)
    if "[Content_Types].xml" not in names:
        raise PopulationError(place, "is a zip file, not a workbook", _SAVE)
    whole = sum(part.file_size for part in listed)
    if whole > MOST_UNPACKED:
        problem = f"unpacks to {_size(whole)}, more than {_size(MOST_UNPACKED)}"
        raise PopulationError(place, problem, _WHOLE)
    for part in listed:
        if not _is_sheet(part.filename) and part.file_size > MOST_AT_ONCE:
            problem = f"its part {part.filename} unpacks to {_size(part.file_size)}"
            raise PopulationError(place, problem, _WHOLE)


def _look_through(
    parts: zipfile.ZipFile, part: zipfile.ZipInfo, place: str, on_progress: OnProgress
) -> None:
    """Refuse a document type, an encoding that would hide one, and an endless row."""
    kept, since_row = b"", 0
    with parts.open(part) as stream:
        for number, chunk in enumerate(iter(lambda: stream.read(CHUNK), b"")):
            if number == 0 and (
                b"\0" in chunk[:4] or chunk[:2] in (b"\xfe\xff", b"\xff\xfe")
            ):
                problem = f"its part {part.filename} is not UTF-8"
                raise PopulationError(place, problem, _WHOLE)
            seen = kept + chunk
            if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                problem = f"its part {part.filename} declares a document type"
                remedy = "no workbook that Excel writes does: download it again"
                raise PopulationError(place, problem, remedy)
            since_row = (
                0 if b"row>" in seen or b"<row" in seen else since_row + len(chunk)
            )
            if _is_sheet(part.filename) and since_row > LONGEST_ROW:
                problem = f"a row of its part {part.filename} has no end"
                raise PopulationError(place, problem, _WHOLE)
            kept = seen[-16:]
            on_progress(len(chunk))


def _is_parsed(part: str) -> bool:
    """Tell whether a part may be parsed; what others attach to a workbook is not."""
    return part.endswith((".xml", ".rels")) and not part.startswith("customXml/")


def _is_sheet(part: str) -> bool:
    return part.startswith("xl/worksheets/sheet")


def _broken(place: str, fault: Exception) -> PopulationError:
    said = str(fault) or type(fault).__name__
    return PopulationError(
        place, f"cannot be read as a workbook ({said[:200]})", _WHOLE
    )


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()
