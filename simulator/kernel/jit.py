"""How every kernel is compiled.

No fastmath and no libm: the bits of a result must not depend on the machine.
`error_model="numpy"` because Python's division check stops vectorisation.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numba

from simulator.kernel import cache

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function for the kernel, without the interpreter lock."""
    return _compile(function)


def compile_first(function: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """Compile a function as a call would, or find it in the cache, but do not call it.

    A function that has been compiled, for whatever arguments, is left as it is.
    """
    if not function.signatures:  # type: ignore[attr-defined]
        function.compile(tuple(map(numba.typeof, arguments)))  # type: ignore[attr-defined]


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
    if cache.FOLDER is None:
        return numba.njit(**everywhere)(function)  # type: ignore[no-any-return]
    # Numba reads the folder when it decorates; other packages keep their own.
    config: Any = numba.config
    before, config.CACHE_DIR = config.CACHE_DIR, str(cache.FOLDER)
    try:
        return numba.njit(cache=True, **everywhere)(function)  # type: ignore[no-any-return]
    finally:
        config.CACHE_DIR = before
