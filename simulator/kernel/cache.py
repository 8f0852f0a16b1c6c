"""Where the compiled kernel is kept, and how its first making is divided.

Numba notices an edit of the file that holds a compiled function but not of the
files that function calls. The cache therefore lives in a folder named after a
digest of *all* kernel sources and of the compiler: an edit can only miss.

Nothing here imports the compiler, so that help in compiling can be called early.
"""

import atexit
import functools
import hashlib
import io
import json
import os
import pickletools
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

from simulator.errors import SimulatorError

CACHE_VARIABLE: Final = "NHS_SIMULATOR_CACHE"
SWITCH: Final = "NUMBA_DISABLE_JIT"  # Numba's own, for its debugging
SUMS: Final = "sums.json"  # of every compiled file: which it is, and what it hashes to


def source_digest() -> str:
    """Name the compiled form: kernel sources, compiler and Python versions."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    # The rows of the outcomes are compiled into the kernel.
    for file in (*sorted(here.glob("*.py")), here.parent / "outcomes.py"):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    versions = (version("numba"), version("llvmlite"), sys.version)
    digest.update("\0".join(versions).encode())
    return digest.hexdigest()[:16]


def _user_cache() -> Path:
    """Find the folder where this user's programs keep caches."""
    for variable in (CACHE_VARIABLE, "LOCALAPPDATA", "XDG_CACHE_HOME"):
        if os.environ.get(variable):
            return Path(os.environ[variable])
    return Path.home() / ".cache"


def _cache_folder() -> tuple[Path | None, bool]:
    """Make the cache folder, or say once that kernels are compiled every time.

    Also says whether the folder is new.
    """
    folder = Path("nhs-efficiency-simulator") / source_digest()
    try:
        folder = _user_cache() / folder
        is_new = not folder.exists()
        # Numba keeps its cache as pickles, which run code when read: owner only.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f"probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except (OSError, RuntimeError) as error:  # RuntimeError: a user without a home
        reason = getattr(error, "strerror", None) or error
        print(
            f"kernel cache: cannot write {folder} ({reason}); each start "
            f"compiles anew, or set {CACHE_VARIABLE} to a folder of your own",
            file=sys.stderr,
        )
        return None, False
    return folder, is_new


def remove_damaged(folder: Path) -> list[str]:
    """Remove the compiled files that are damaged, as they would end the program.

    Numba compiles what it does not find. A file is compared with the digest that it had
    at an earlier start. One that is new, or that Numba put in another's place, has none
    yet: then its pickles have to be whole.

    Returns
    -------
    damaged
        Names of the files.
    """
    known, found, damaged = _known_sums(folder / SUMS), {}, []
    for file in sorted(folder.glob("*/*.nb[ci]")):
        name = file.relative_to(folder).as_posix()
        try:
            content, which = file.read_bytes(), file.stat().st_ino
        except FileNotFoundError:  # another process found it damaged too
            continue
        found[name] = [which, hashlib.sha256(content).hexdigest()]
        before = known.get(name, [None])
        sound = found[name] == before if before[0] == which else _is_whole(content)
        if not sound:
            file.unlink(missing_ok=True)
            damaged.append(file.name)
            del found[name]
    if found != known:
        begun = folder / f"{SUMS}-{os.getpid()}"
        begun.write_text(json.dumps(found), encoding="utf-8")
        begun.replace(folder / SUMS)
    return damaged


def _known_sums(file: Path) -> dict[str, list[object]]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _is_whole(content: bytes) -> bool:
    """Tell whether some bytes are pickles from beginning to end; none is run."""
    stream = io.BytesIO(content)
    try:
        while stream.tell() < len(content):
            for _ in pickletools.genops(stream):
                pass
    except (ValueError, UnicodeDecodeError):
        return False
    return len(content) > 0


def _sound_folder() -> tuple[Path | None, bool]:
    """Make the cache folder, and say so if something in it has to be compiled anew."""
    folder, is_new = _cache_folder()
    try:
        damaged = remove_damaged(folder) if folder is not None and not is_new else []
    except OSError as error:
        print(
            f"kernel cache: cannot use {folder} ({error.strerror}); each start "
            f"compiles anew, or set {CACHE_VARIABLE} to a folder of your own",
            file=sys.stderr,
        )
        return None, False
    if damaged:
        print(
            f"kernel cache: damaged and compiled anew: {', '.join(damaged)}",
            file=sys.stderr,
        )
    return folder, is_new


if os.environ.get(SWITCH, "0") not in ("", "0"):
    raise SimulatorError(
        SWITCH, "is set, and the model is only ever compiled", "unset it"
    )
FOLDER, IS_NEW = _sound_folder()
if FOLDER is not None and IS_NEW:
    atexit.register(remove_damaged, FOLDER)  # to have the digests from the first


@functools.cache  # once, however often it is called, and held until the end
def compile_ahead() -> subprocess.Popen[bytes] | None:
    """Start a process that compiles a part of the kernel beside this one.

    Only if nothing is in the cache yet and there is a processor to spare. Nothing
    depends on that process: what it has not finished is compiled where it is called.
    """
    if not IS_NEW or (os.cpu_count() or 1) == 1:
        return None
    nowhere = subprocess.DEVNULL
    # -P, or a file in the working folder could take the place of a library.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "simulator.kernel.ahead"],
        stdin=nowhere,
        stdout=nowhere,
        stderr=nowhere,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
