"""Who is measured beside whom, on how many threads."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from benchmarks import c_peer, jax_cpu, numpy_blocked, numpy_plain, ours, per_draw
from benchmarks.case import Case


class Contender(NamedTuple):
    """One way to compute the model."""

    name: str
    about: str
    run: Callable[[Case, int, int], Any]
    threads: tuple[int, ...]
    missing: Callable[[], str | None] = lambda: None


OURS: Final = Contender("simulator", "Numba kernel, this package", ours.run, (1, 2))
PLAIN: Final = Contender(
    "(a) NumPy, plain",
    "whole arrays of trusts and draws, np.quantile",
    numpy_plain.run,
    (1, 2),
)
BLOCKED: Final = Contender(
    "(b) NumPy, blocked",
    "tiles that fit the cache, nothing allocated, integer histograms",
    numpy_blocked.run,
    (1, 2),
)
C: Final = Contender(
    "(c) C", "the same algorithm, gcc", c_peer.run, (1, 2), c_peer.missing
)
JAX: Final = Contender(
    "(d) JAX", "the NumPy equations compiled by XLA", jax_cpu.run, (2,), jax_cpu.missing
)
LOOP: Final = Contender(
    "(e) one call a draw", "a loop over a plain function", per_draw.plain, (1,)
)
EMA: Final = Contender(
    "(e) EMA Workbench",
    "the same function, called by it",
    per_draw.ema,
    (1,),
    per_draw.missing_ema,
)
MONACO: Final = Contender(
    "(e) monaco",
    "the same function, called by it",
    per_draw.monaco,
    (1,),
    per_draw.missing_monaco,
)
PER_DRAW: Final = (LOOP, EMA, MONACO)
ALL: Final = (OURS, PLAIN, BLOCKED, C, JAX, *PER_DRAW)


def label(contender: Contender, threads: int) -> str:
    """Name a contender on a number of threads."""
    return f"{contender.name} x{threads}"
