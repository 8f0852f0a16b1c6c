"""The folder of an unfinished run: finished parts, a manifest and a lock.

A long run is computed in parts, see `receipts`; the manifest says what they are made
from. The run file appears by one rename, when it is complete: a file with the right
name is a whole file, however the program ended. The folder stands beside it, under
its name with `.part` added, and goes when it is no longer needed.
"""

import json
import os
import re
import secrets
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from simulator.errors import RunFileError
from simulator.files import places
from simulator.files.places import cannot_write
from simulator.files.whole import sync
from simulator.runfile import receipts
from simulator.runfile.receipts import MANIFEST, TOKEN, FinishedParts, Write

LOCK: Final = "lock.json"
BEGUN: Final = ".begun"  # how the name of a file ends that is being written
COMPLETE: Final = "complete.h5"  # a whole run file that could not be put in place
OURS: Final = re.compile(
    rf"{receipts.PART}|{LOCK}|{re.escape(COMPLETE)}|{re.escape(MANIFEST)}"
    rf"|\.?(draws-|{re.escape(COMPLETE)}|{re.escape(MANIFEST)}).*{re.escape(BEGUN)}"
)


class PartFolder(FinishedParts):
    """The folder of one run, held by this process; see `claimed`."""

    def __init__(
        self, place: Path, made_from: Mapping[str, str], replaces: bool
    ) -> None:
        super().__init__(folder_of(place), made_from)
        self.place = place
        self.replaces = replaces

    @property
    def stop(self) -> int | None:
        """Tell the draw after the last that is finished."""
        return self.parts[-1].stop if self.parts else None

    def add(self, first_draw: int, draws: int, write: Write) -> None:
        """Write a part and take it."""
        some = range(first_draw, first_draw + draws)
        self.adopt(receipts.made(self.path, self.made_from, some, write))

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
        found = receipts.of_folder(self.path)
        there = list(receipts.found_in(self.path)) if found else []
        if found is not None and (there or (self.path / COMPLETE).exists()):
            if resume:
                receipts.check_same(self.path, found["made_from"], self.made_from)
                for receipt in there:
                    self.adopt(receipt)
            elif not force:
                done = sum(part.draws for part in there)
                raise RunFileError(
                    str(self.path),
                    f"holds an unfinished run, {done:,} draws of it done",
                    "add --resume to go on with it, or --force to begin anew",
                )
        known = {LOCK, *(part.file for part in self.parts)}
        known |= {part.name for part in self.parts}
        if self.parts or resume:
            known.add(COMPLETE)
        for file in self.path.iterdir():
            if file.name not in known:
                file.unlink(missing_ok=True)  # a worker may have ended just now
        manifest = {"made_from": self.made_from, TOKEN: secrets.token_hex(8)}
        receipts.write_json(self.path / MANIFEST, manifest)

    def token(self) -> str:
        """Give by what another machine knows this folder."""
        return receipts.token_in(self.path)


def folder_of(place: Path) -> Path:
    """Name the folder in which the parts of a run file stand."""
    return place.with_name(place.name + ".part")


def draws_kept(place: Path) -> int:
    """Count the draws that an unfinished run of a run file has kept."""
    return sum(part.draws for part in receipts.found_in(folder_of(place)))


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
    # The manifest first: without it parts are leftovers, if this is cut short.
    (folder.path / MANIFEST).unlink()
    shutil.rmtree(folder.path)


def _check_ours(folder: Path) -> None:
    """Refuse a folder that holds what no run put there: it is to be cleared away."""
    if places.kind(folder) != "folder":
        raise RunFileError(str(folder), "is a symbolic link", "choose -o another")
    for item in folder.iterdir():
        if not OURS.fullmatch(item.name) or places.kind(item) not in ("file", None):
            raise RunFileError(
                str(folder),
                f"holds what no run wrote: {item.name}",
                "choose -o another, or move it away",
            )


def _release(path: Path) -> None:
    """Leave finished parts behind, and nothing else."""
    with suppress(OSError):
        for file in path.glob("*" + BEGUN):
            file.unlink(missing_ok=True)
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
    if host != socket.gethostname() or (process != os.getpid() and is_running(process)):
        where = f"process {process} on {host}"
        raise RunFileError(str(lock.parent), f"is held by {where}", remedy)
    if process == os.getpid():
        raise RunFileError(str(lock.parent), "is held by this very program", remedy)


def is_running(process: int) -> bool:
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
