"""What a command that simulates does before anything else."""

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
