"""Look through a file in a process of its own, which may crash or hang."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from simulator.errors import RunFileError
from simulator.runfile.untrusted.refusing import REMEDY, shown

SECONDS: Final = 30.0  # the most for a small file: a cold disk may need some
BYTES_A_SECOND: Final = 10e6  # a slow network drive
MEMORY: Final = 2 * 2**30  # bytes beyond what the process has when it begins
_STARTED: Final = "ready"
_REFUSED: Final = 3

# The child finds what its parent finds: the same h5py, and this very package. With -I
# it takes nothing else, from neither the working folder nor the environment.
_PROGRAM: Final = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from simulator.runfile.untrusted import child
child.main(*sys.argv[2:])
"""


def check(
    path: Path, groups: Collection[str] = (), seconds: float | None = None
) -> None:
    """Refuse a file that is not a sound run file.

    Parameters
    ----------
    path
        Of the file.
    groups
        Those whose values are to be read, by default all: see `inspect`.
    seconds
        The most that it may take; by default half a minute, and more for a large file.

    Raises
    ------
    RunFileError
        As of `inspect`; and where the library that reads the file crashes on it, or
        does not come to an end.
    """
    with checking(path, groups, seconds):
        pass


@contextmanager
def checking(
    path: Path, groups: Collection[str] = (), seconds: float | None = None
) -> Iterator[None]:
    """Check a file, as `check`, while something else is done that does not read it.

    The process takes half a second to begin: what a command imports takes no less.
    """
    with _asked("inspect", path, groups, seconds):
        yield


def recognise(path: Path) -> None:
    """Refuse a file that no version of the simulator wrote, sound or not."""
    with _asked("recognise", path):
        pass


def check_sweep(path: Path) -> None:
    """Refuse a file that is not a sound file of a sweep, as `check` does of a run."""
    with _asked("sweep", path):
        pass


@contextmanager
def _asked(
    question: str,
    path: Path,
    groups: Collection[str] = (),
    seconds: float | None = None,
) -> Iterator[None]:
    """Have one of the questions of `main` asked of a file in another process."""
    if not path.is_file():
        raise RunFileError(str(path), "there is no such file", "give the path of a run")
    search = json.dumps(_search())
    limit = seconds or SECONDS + path.stat().st_size / BYTES_A_SECOND
    try:
        process = subprocess.Popen(
            [
                *(sys.executable or "python", "-I", "-c", _PROGRAM),
                *(search, question, str(path), *groups),
            ],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        problem = f"cannot be checked: no Python starts ({error})"
        raise RunFileError(str(path), problem, "see `python -V`") from error
    with process:
        try:
            yield
            _read_answer(path, process, limit)
        finally:
            process.kill()  # of no effect on one that has ended


def _read_answer(path: Path, process: subprocess.Popen[bytes], limit: float) -> None:
    try:
        out, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired as error:
        problem = f"is damaged: looking through it took more than {limit:.0f} seconds"
        raise RunFileError(str(path), problem, REMEDY) from error
    started, _, answer = out.decode("utf-8", "replace").partition("\n")
    if started.strip() != _STARTED:
        raise RuntimeError(f"the check of {path} did not start: {errors!r}")
    if process.returncode == _REFUSED:
        raise RunFileError(*json.loads(answer))
    if process.returncode:
        last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
        how = shown(last) or f"exit {process.returncode}"
        problem = f"is damaged: the library that reads it failed ({how})"
        raise RunFileError(str(path), problem, REMEDY)


def _search() -> list[str]:
    """List the folders in which the child looks for modules."""
    home = str(Path(__file__).resolve().parents[2])
    return [home, *(folder for folder in sys.path if os.path.isabs(folder))]  # noqa: PTH117


def _environment() -> dict[str, str]:
    """Give the child no filter beyond HDF5's own, and one thread."""
    wanted = {"HDF5_PLUGIN_PRELOAD": "::", "OPENBLAS_NUM_THREADS": "1"}
    return {"HDF5_USE_FILE_LOCKING": "BEST_EFFORT"} | dict(os.environ) | wanted


def main(question: str, path: str, *groups: str) -> None:
    """Do the child's part: look, and say what was found on standard output."""
    # The parent, which only asks, does without the library that reads files.
    from simulator.runfile.untrusted import flat, inspection  # noqa: PLC0415

    questions: dict[str, Callable[..., None]] = {
        "inspect": inspection.inspect,
        "recognise": inspection.recognise,
        "sweep": flat.sweep,
    }
    ask = questions[question]
    limit_memory()
    print(_STARTED, flush=True)
    try:
        ask(Path(path), *([groups] if groups else []))
    except RunFileError as error:
        print(json.dumps([error.place, error.problem, error.remedy]), flush=True)
        os._exit(_REFUSED)  # past whatever a damaged file left to tidy
    os._exit(0)


def limit_memory(room: int = MEMORY) -> None:
    """Bound the memory of this process, and leave no core file of a crash.

    Linux alone says how much a process has and keeps to the limit; elsewhere what
    bounds memory is that nothing is read whose size was not checked.
    """
    try:
        import resource  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return
    most = pages * resource.getpagesize() + room
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
