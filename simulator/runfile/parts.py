"""The folder of an unfinished run: finished parts, a manifest and a lock.

A long run is computed in parts. Each is written under a temporary name, put on the
disk and renamed, then entered in the manifest with its SHA-256; none is ever changed
again. The run file appears by one rename, when it is complete: a file with the right
name is a whole file, however the program ended. The folder stands beside it, under
its name with `.part` added, and goes when it is no longer needed.
"""

import hashlib
import json
import os
import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simulator.errors import RunFileError
from simulator.files import places
from simulator.files.places import cannot_write

MANIFEST: Final = "manifest.json"
LOCK: Final = "lock.json"
COMPLETE: Final = "complete.h5"  # a whole run file that could not be put in place
BEGUN: Final = ".begun"
_OURS: Final = re.compile(
    rf"(draws-\d+\.h5|{re.escape(COMPLETE)}|{re.escape(MANIFEST)})({BEGUN})?|{LOCK}"
)

Write = Callable[[Path], None]


@dataclass(frozen=True)
class Part:
    """Consecutive draws that are finished."""

    file: str
    first_draw: int
    draws: int
    sha256: str


class PartFolder:
    """The folder of one run, held by this process; see `claimed`."""

    def __init__(
        self, place: Path, made_from: Mapping[str, str], replaces: bool
    ) -> None:
        self.place = place
        self.replaces = replaces
        self.path = folder_of(place)
        self.made_from = dict(made_from)
        self.parts: list[Part] = []

    @property
    def stop(self) -> int | None:
        """Tell the draw after the last that is finished."""
        last = self.parts[-1] if self.parts else None
        return None if last is None else last.first_draw + last.draws

    def files(self) -> list[Path]:
        """List the finished parts, in order."""
        return [self.path / part.file for part in self.parts]

    def add(self, first_draw: int, draws: int, write: Write) -> None:
        """Write a part and enter it in the manifest."""
        name = f"draws-{first_draw:012d}.h5"
        begun = self.path / (name + BEGUN)
        write(begun)
        sync(begun)
        digest = file_digest(begun)
        begun.replace(self.path / name)
        sync(self.path)
        self.parts.append(Part(name, first_draw, draws, digest))
        self._write_manifest()

    def finish(self, write: Write) -> None:
        """Write the run file and put it in place."""
        begun = self.path / (COMPLETE + BEGUN)
        write(begun)
        sync(begun)
        begun.replace(self.path / COMPLETE)
        self.put_in_place()

    def put_in_place(self) -> bool:
        """Give a complete run file its name; tell whether there was one."""
        complete = self.path / COMPLETE
        if not complete.exists():
            return False
        found = places.kind(self.place)
        if found is not None and not (self.replaces and found == "file"):
            raise RunFileError(
                str(self.place),
                f"is there already, a {found} that appeared since the run began",
                "the run is complete: move that away, then give the command again "
                "with --resume",
            )
        try:
            complete.replace(self.place)
        except PermissionError as error:  # Windows: another program has it open
            raise RunFileError(
                str(self.place),
                f"cannot be replaced ({error.strerror})",
                "the run is complete: close what has the file open, then give the "
                "command again with --resume",
            ) from error
        sync(self.place.parent)
        return True

    def begin(self, resume: bool, force: bool) -> None:
        """Go on with what is there, clear it away, or refuse."""
        found = self._read_manifest()
        complete = (self.path / COMPLETE).exists()
        if found is not None and (found["parts"] or complete):
            if resume:
                self._go_on(found)
            elif not force:
                done = sum(part["draws"] for part in found["parts"])
                raise RunFileError(
                    str(self.path),
                    f"holds an unfinished run, {done:,} draws of it done",
                    "add --resume to go on with it, or --force to begin anew",
                )
        known = {LOCK, *(part.file for part in self.parts)}
        if self.parts or resume:
            known.add(COMPLETE)
        for file in self.path.iterdir():
            if file.name not in known:
                file.unlink()
        self._write_manifest()

    def _go_on(self, found: Mapping[str, Any]) -> None:
        other = found["made_from"]
        differ = [
            key
            for key in sorted({*other, *self.made_from})
            if other.get(key) != self.made_from.get(key)
        ]
        if differ:
            raise RunFileError(
                str(self.path),
                f"holds a run that was begun otherwise: {', '.join(differ)} differ",
                "ask for what was asked then, or begin anew with --force",
            )
        for entry in found["parts"]:
            part = Part(**entry)
            file = self.path / part.file
            if not file.is_file() or file_digest(file) != part.sha256:
                raise RunFileError(
                    str(file),
                    "is missing or was changed after it was finished",
                    "begin anew with --force",
                )
            self.parts.append(part)

    def _read_manifest(self) -> dict[str, Any] | None:
        file = self.path / MANIFEST
        if not file.is_file():
            return None
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            [Part(**part) for part in found["parts"]]
            dict(found["made_from"])
        except (ValueError, TypeError, KeyError) as error:
            raise RunFileError(
                str(file), "is not a manifest of ours", "begin anew with --force"
            ) from error
        return dict(found)

    def _write_manifest(self) -> None:
        parts = [vars(part) for part in self.parts]
        text = json.dumps({"made_from": self.made_from, "parts": parts}, indent=1)
        begun = self.path / (MANIFEST + BEGUN)
        begun.write_text(text, encoding="utf-8")
        sync(begun)
        begun.replace(self.path / MANIFEST)
        sync(self.path)


def folder_of(place: Path) -> Path:
    """Name the folder in which the parts of a run file stand."""
    return place.with_name(place.name + ".part")


def draws_kept(place: Path) -> int:
    """Count the draws that an unfinished run of a run file has kept."""
    found = PartFolder(place, {}, replaces=False)._read_manifest() or {"parts": []}
    return sum(part["draws"] for part in found["parts"])


@contextmanager
def claimed(
    place: Path,
    made_from: Mapping[str, str],
    *,
    resume: bool,
    force: bool,
    replaces: bool,
) -> Iterator[PartFolder]:
    """Hold the folder of a run while it is computed.

    Left normally the folder goes; left by an exception its finished parts stay, for
    a run with `resume` to go on from.

    Parameters
    ----------
    place
        Path of the run file.
    made_from
        What the numbers follow from; a resumed run must be made from the same.
    resume
        Whether to go on from parts that are there.
    force
        Whether to throw them away.
    replaces
        Whether the run file may take the place of a file that is there.

    Raises
    ------
    RunFileError
        Where another run holds the folder, or what is there must not be lost.
    """
    folder = PartFolder(place, made_from, replaces)
    try:
        folder.path.mkdir(exist_ok=True)
        _check_ours(folder.path)
    except OSError as error:
        raise cannot_write(place, error) from error
    _lock(folder.path)
    try:
        folder.begin(resume, force and not resume)
        yield folder
    except OSError as error:
        _release(folder.path)
        raise cannot_write(place, error) from error
    except BaseException:
        _release(folder.path)
        raise
    # The manifest first: parts that nothing lists are leftovers, if this is cut short.
    (folder.path / MANIFEST).unlink()
    shutil.rmtree(folder.path)


def _check_ours(folder: Path) -> None:
    """Refuse a folder that holds what no run put there: it is to be cleared away."""
    if places.kind(folder) != "folder":
        raise RunFileError(str(folder), "is a symbolic link", "choose -o another")
    for item in folder.iterdir():
        if not _OURS.fullmatch(item.name) or places.kind(item) not in ("file", None):
            raise RunFileError(
                str(folder),
                f"holds what no run wrote: {item.name}",
                "choose -o another, or move it away",
            )


def _release(path: Path) -> None:
    """Leave finished parts behind, and nothing else."""
    with suppress(OSError):
        for file in path.glob("*" + BEGUN):
            file.unlink()
        (path / LOCK).unlink()
        kept = {file.name for file in path.iterdir()}
        if kept <= {MANIFEST}:
            shutil.rmtree(path)


def _lock(path: Path) -> None:
    """Mark the folder as ours; a mark whose process has ended counts for nothing."""
    lock = path / LOCK
    mine = json.dumps({"host": socket.gethostname(), "process": os.getpid()})
    for _ in range(2):
        try:
            with lock.open("x", encoding="utf-8") as file:
                file.write(mine)
            return
        except FileExistsError:
            _check_lock(lock)
            lock.unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error
    raise RunFileError(str(path), "another run took it just now", "choose -o another")


def _check_lock(lock: Path) -> None:
    remedy = f"wait for it, choose -o another, or delete {lock} if it is no longer so"
    try:
        holder = json.loads(lock.read_text(encoding="utf-8"))
        host, process = str(holder["host"]), int(holder["process"])
    except FileNotFoundError:
        return
    except (ValueError, TypeError, KeyError):
        return  # killed between making the mark and writing it
    if host != socket.gethostname() or (process != os.getpid() and _runs(process)):
        where = f"process {process} on {host}"
        raise RunFileError(str(lock.parent), f"is held by {where}", remedy)
    if process == os.getpid():
        raise RunFileError(str(lock.parent), "is held by this very program", remedy)


def _runs(process: int) -> bool:
    """Tell whether a process of this machine is alive."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - of use on Windows only

        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(0x1000, False, process)  # ask for its state only
        if not handle:
            return False
        code = ctypes.c_ulong()
        kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return code.value == 259  # still active
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def file_digest(path: Path) -> str:
    """Give the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Ask the system to put a file, or a folder's names, on the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows has no such call for folders
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
