"""How every kernel is compiled, and where the compiled form is kept.

No fastmath and no libm: the bits of a result must not depend on the machine.
`error_model="numpy"` because Python's division check stops vectorisation.

Numba notices an edit of the file that holds a compiled function but not of the
files that function calls. The cache therefore lives in a folder named after a
digest of *all* kernel sources and of the compiler: an edit can only miss.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import llvmlite
import numba

CACHE_VARIABLE: Final = "NHS_SIMULATOR_CACHE"

P = ParamSpec("P")
R = TypeVar("R")


def source_digest() -> str:
    """Name the compiled form: kernel sources, compiler and Python versions."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    versions = (numba.__version__, llvmlite.__version__, sys.version)
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


_CACHE, _CACHE_IS_NEW = _cache_folder()


def compile_ahead() -> None:
    """Start a process that compiles a part of the kernel beside this one.

    Only if nothing is in the cache yet and there is a processor to spare. Nothing
    depends on that process: what it has not finished is compiled where it is called.
    """
    if _CACHE_IS_NEW and (os.cpu_count() or 1) > 1:
        nowhere = subprocess.DEVNULL
        command = [sys.executable, "-m", "simulator.kernel.ahead"]
        subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere)


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function for the kernel, without the interpreter lock."""
    return _compile(function)


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function into its callers.

    A loop with a call in it is not vectorised, and every call that is given a view of
    an array counts its references: a tenth of the kernel's time before it was inlined.
    """
    return _compile(function, forceinline=True)


def pasted(function: Callable[P, R]) -> Callable[P, R]:
    """Put a function's source into its only caller: as `inlined`, compiled once less.

    An inlined function is compiled by itself before it goes into its callers; for a
    long one with one caller that is time lost at the first start.
    """
    return _compile(function, inline="always")


def _compile(function: Callable[P, R], **options: Any) -> Callable[P, R]:
    everywhere: dict[str, Any] = {
        "nogil": True,
        "error_model": "numpy",
        "no_cfunc_wrapper": True,  # nothing calls a kernel from C
        **options,
    }
    if _CACHE is None:
        return numba.njit(**everywhere)(function)  # type: ignore[no-any-return]
    # Numba reads the folder when it decorates; other packages keep their own.
    config: Any = numba.config
    before, config.CACHE_DIR = config.CACHE_DIR, str(_CACHE)
    try:
        return numba.njit(cache=True, **everywhere)(function)  # type: ignore[no-any-return]
    finally:
        config.CACHE_DIR = before
