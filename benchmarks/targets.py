"""The table of targets: what sharing the shocks over more targets saves."""

from collections.abc import Callable
from functools import partial

from benchmarks import case as cases
from benchmarks.case import Case
from benchmarks.contenders import BLOCKED, OURS, PLAIN, C, Contender
from benchmarks.measure import Turn, by_turns
from benchmarks.sizes import Sizes
from simulator.kernel.workspace import BLOCK

LEAST = 4 * BLOCK  # draws
MEASURED = ((OURS, 1), (OURS, 2), (C, 1), (C, 2), (PLAIN, 1), (BLOCKED, 1))
Speeds = dict[tuple[Contender, int], float]


def measure(
    sizes: Sizes, ready: Case, say: Callable[[str], None]
) -> dict[int, tuple[int, Speeds]]:
    """Measure at each number of targets: draws, and trust-years a second."""
    found = {}
    for n_target in sizes.targets:
        case = ready if n_target == ready.n_target else cases.make(n_target)
        # Some blocks for each thread at the least, or threads have no work to share.
        draws = max(LEAST, sizes.target_years // case.trust_years)
        draws = min(sizes.draws, draws)
        turns, planned = {}, {}
        for contender, threads in MEASURED:
            if contender.missing() is None:
                numpy = contender in (PLAIN, BLOCKED)
                n_draw = sizes.numpy_draws if numpy else draws
                repeats = sizes.numpy_repeats if numpy else sizes.repeats
                name = f"{n_target} targets, {contender.name} x{threads}"
                turns[name] = Turn(
                    partial(contender.run, case, n_draw, threads), repeats
                )
                planned[name] = contender, threads, n_draw
        timed = by_turns(turns, say)
        speeds = {
            (contender, threads): n_draw * case.trust_years / timed[name].median
            for name, (contender, threads, n_draw) in planned.items()
        }
        found[n_target] = draws, speeds
    return found
