"""Where the compiled kernel is kept, and how its first making is divided.

Numba notices an edit of the file that holds a compiled function but not of the
files that function calls. The cache therefore lives in a folder named after a
digest of *all* kernel sources and of the compiler: an edit can only miss.

Nothing here imports the compiler, so that help in compiling can be called early.
"""

import functools
import hashlib
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

CACHE_VARIABLE: Final = "NHS_SIMULATOR_CACHE"


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


FOLDER, IS_NEW = _cache_folder()


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
