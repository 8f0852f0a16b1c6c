"""The tables of a run as files for other programs. A door.

A folder of CSV files, a folder of Parquet files or one Excel workbook. It is written
under another name beside its place and gets its own when it is complete.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import xarray as xr

from simulator.errors import RunFileError
from simulator.exports import answer_sheet, formulas, tidy, workbook
from simulator.exports.columns import ALWAYS, NAMES
from simulator.exports.tables import Table, choose, open_tables
from simulator.files import places
from simulator.files.whole import sync
from simulator.types import OnProgress, Place

Format = Literal["csv", "xlsx", "parquet"]
FORMATS: Final = ("csv", "xlsx", "parquet")
FOLDERS: Final = ("csv", "parquet")  # formats with a file a table
# What a format needs that does not come with the simulator.
EXTRAS: Final = {"xlsx": "openpyxl", "parquet": "pyarrow"}
ATTRIBUTES: Final = ("title", "scenario", "source", "draws", "seed")


class Export(NamedTuple):
    """What is to be written: checked, and nothing written yet."""

    place: Path
    to: Format
    tables: list[Table]
    left_out: dict[str, str]
    """Tables that are not written, and why."""
    attributes: dict[str, str]
    """A few words on the run."""
    bom: bool = False
    answer: answer_sheet.Sheet | None = None
    """What the first sheet of a workbook says."""

    def file(self, table: Table) -> Path:
        """Name the file that a table stands in."""
        if self.to == "xlsx":
            return self.place
        return self.place / f"{table.name}.{self.to}"


def export(
    run: xr.DataTree,
    place: Place,
    to: Format,
    tables: Sequence[str] = (),
    *,
    force: bool = False,
    bom: bool = False,
) -> None:
    """Write tables of a run for other programs.

    Parameters
    ----------
    run
        As `open` gives it.
    place
        Folder to make, or path of a workbook.
    to
        "csv", "xlsx" or "parquet".
    tables
        Names of tables, see `tidy`; "summaries" stands for all that are not by draw.
        By default all. What columns hold, the assumptions and what the run is are
        always among them.
    force
        Whether to replace an earlier export that is there.
    bom
        Whether CSV files begin with a byte-order mark, by which Excel knows UTF-8.

    Raises
    ------
    RunFileError
        Where there is no such table, it does not fit, or cannot be written.
    """
    write(plan(run, Path(place), to, tables, force=force, bom=bom))


def plan(
    run: xr.DataTree,
    place: Path,
    to: Format,
    asked: Sequence[str] = (),
    *,
    force: bool = False,
    bom: bool = False,
) -> Export:
    """Check all that can be checked before anything is written; as of `export`."""
    if to not in FORMATS:
        raise RunFileError("to", f"'{to}' is no format", f"give {', '.join(FORMATS)}")
    if bom and to != "csv":
        problem = "is of CSV files, and has no place in others"
        raise RunFileError("bom", problem, "leave it out")
    chosen = choose(run, asked)
    _check_extra(to)
    source = run.encoding.get("source")
    _check_place(place, to, force, [] if source is None else [Path(source)])
    tables = open_tables(run, chosen)
    answer = None
    if to == "xlsx":
        answer = answer_sheet.sheet(run)
        workbook.check(tables, answer)
    known = tidy.names(run)
    left_out = {
        name: "not asked for" if name in known else tidy.NONE_KEPT
        for name in NAMES
        if name not in chosen
    }
    attributes = {name: str(run.attrs[name]) for name in ATTRIBUTES}
    return Export(place, to, tables, left_out, attributes, bom, answer)


def write(plan: Export, on_progress: OnProgress = lambda rows: None) -> None:
    """Write what is planned; `on_progress` is called with rows written."""
    with _begun(plan.place.resolve()) as begun:
        if plan.to == "xlsx":
            assert plan.answer is not None
            workbook.write(
                begun, plan.answer, plan.tables, plan.attributes["source"], on_progress
            )
            sync(begun)
            return
        begun.mkdir()
        for table in plan.tables:
            file = begun / plan.file(table).name
            if plan.to == "csv":
                _write_csv(file, table, plan.bom, on_progress)
            else:
                _write_parquet(file, table, plan.attributes, on_progress)
            sync(file)
        sync(begun)


def as_records(plan: Export) -> dict[str, Any]:
    """Tell a script what was written, and what was not."""
    return {
        "place": str(plan.place),
        "format": plan.to,
        "written": [
            {
                "table": table.name,
                "rows": table.rows,
                "columns": [column.name for column in table.columns],
                "file": str(plan.file(table)),
            }
            for table in plan.tables
        ],
        "not_written": plan.left_out,
    }


def said(plan: Export) -> str:
    """Tell a person what was written, and what was not and why."""
    lines = [f"{plan.place}: {len(plan.tables)} tables"]
    lines += [f"  {table.name:<16}{table.rows:>13,} rows" for table in plan.tables]
    reasons = sorted(set(plan.left_out.values()))
    for reason in reasons:
        names = [name for name, why in plan.left_out.items() if why == reason]
        lines.append(f"Not written, {reason}: {', '.join(names)}")
    return "\n".join(lines)


def _write_csv(place: Path, table: Table, bom: bool, on_progress: OnProgress) -> None:
    """Write by RFC 4180; numbers with the digits that give them back."""
    encoding = "utf-8-sig" if bom else "utf-8"
    with place.open("w", encoding=encoding, newline="") as file:
        header = True
        for frame in table.chunks():
            formulas.quoted(frame).to_csv(
                file, header=header, index=False, lineterminator="\r\n"
            )
            header = False
            on_progress(len(frame))


def _write_parquet(
    place: Path, table: Table, attributes: dict[str, str], on_progress: OnProgress
) -> None:
    """Write units and meanings with the columns, and words on the run with the file."""
    import pyarrow  # noqa: PLC0415 - an extra
    import pyarrow.parquet  # noqa: PLC0415

    writer = None
    try:
        for frame in table.chunks():
            if writer is None:
                schema = _arrow_schema(pyarrow, frame, table, attributes)
                writer = pyarrow.parquet.ParquetWriter(place, schema)
            writer.write_table(
                pyarrow.Table.from_pandas(frame, schema=schema, preserve_index=False)
            )
            on_progress(len(frame))
    finally:
        if writer is not None:
            writer.close()


def _arrow_schema(
    pyarrow: Any, frame: Any, table: Table, attributes: dict[str, str]
) -> Any:
    found = pyarrow.Schema.from_pandas(frame, preserve_index=False)
    fields = []
    for column in table.columns:
        kind = found.field(column.name).type
        if pyarrow.types.is_large_string(kind) or pyarrow.types.is_null(kind):
            kind = pyarrow.string()
        words = {"unit": column.unit, "meaning": column.meaning}
        fields.append(pyarrow.field(column.name, kind, metadata=words))
    return pyarrow.schema(fields, metadata=attributes)


# --- the place ------------------------------------------------------------------------


def _check_extra(to: Format) -> None:
    try:
        if to == "xlsx":
            import openpyxl  # noqa: F401, PLC0415 - an extra
        elif to == "parquet":
            import pyarrow  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        needed = EXTRAS[to]
        raise RunFileError(
            to, f"needs {needed}, which is not installed", f"pip install {needed}"
        ) from error


def _check_place(place: Path, to: Format, force: bool, sources: list[Path]) -> None:
    said = str(place)
    if to == "xlsx" and place.suffix.lower() != ".xlsx":
        raise RunFileError(
            said, "is not the name of a workbook", "give -o a name that ends in .xlsx"
        )
    if to != "xlsx" and places.kind(place) == "folder":
        if not force:
            raise RunFileError(
                said, "is there already", "add --force to replace it, or -o another"
            )
        _check_folder(place, sources)
        return
    places.check(place, force=force, sources=sources)
    if to != "xlsx" and places.kind(place) is not None:
        raise RunFileError(said, "is a file", "give -o the path of a folder")


def _check_folder(place: Path, sources: list[Path]) -> None:
    """Replace a folder only where it is an export: all of one, and nothing else."""
    remedy = "choose another place with -o"
    found = {item.name: item for item in place.iterdir()}
    ours = {f"{name}.{end}" for name in NAMES for end in FOLDERS}
    strangers = sorted(found.keys() - ours)
    strangers += [n for n in sorted(found) if places.kind(found[n]) != "file"]
    if strangers:
        problem = f"holds what no export wrote: {', '.join(strangers[:3])}"
        raise RunFileError(str(place), problem, remedy)
    if not any({f"{n}.{end}" for n in ALWAYS} <= found.keys() for end in FOLDERS):
        problem = "is a folder that no export wrote"
        raise RunFileError(str(place), problem, remedy)
    for item in found.values():
        places.check_sources(item, sources, remedy)


@contextmanager
def _begun(place: Path) -> Iterator[Path]:
    """Give the name to write under; left normally, the place is what was written."""
    begun = place.with_name(f".{place.name}.{os.getpid()}.begun")
    try:
        _remove(begun)
        yield begun
        _put(begun, place)
    except OSError as error:
        raise places.cannot_write(place, error) from error
    finally:
        with suppress(OSError):
            _remove(begun)


def _put(begun: Path, place: Path) -> None:
    if not place.is_dir():
        begun.replace(place)
    else:  # no system replaces a folder that is not empty
        old = place.with_name(f".{place.name}.{os.getpid()}.old")
        place.rename(old)
        try:
            begun.rename(place)
        except OSError:
            old.rename(place)
            raise
        _remove(old)
    sync(place.parent)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
