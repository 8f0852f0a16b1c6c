"""What some commands do before anything else."""

import os
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def simulates(command: Callable[P, R]) -> Callable[P, R]:
    """Have a kernel that is new to this machine compiled by two processes."""

    @wraps(command)
    def begin(*args: P.args, **kwargs: P.kwargs) -> R:
        from simulator.kernel import cache

        cache.compile_ahead()
        return command(*args, **kwargs)

    return begin


def solves(command: Callable[P, R]) -> Callable[P, R]:
    """Have small systems of equations solved by one thread each.

    Threads of the linear algebra find nothing to share in a hundred terms, wait busily
    for each other, and take five times the processor. Only where nothing else is said,
    and before NumPy is loaded, which reads it then.
    """

    @wraps(command)
    def begin(*args: P.args, **kwargs: P.kwargs) -> R:
        for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(variable, "1")
        return command(*args, **kwargs)

    return begin
