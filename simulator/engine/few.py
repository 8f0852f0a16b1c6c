"""A few draws of which every result is kept."""

from simulator.engine import buffers, histograms, tallies, units
from simulator.kernel.block import fixed_of, simulate_block
from simulator.kernel.tables import Nation, PerDraw, Plan, Trusts


def everything(
    trusts: Trusts,
    plan: Plan,
    nation: Nation,
    seed: int,
    n_draw: int,
    first_draw: int = 0,
    *,
    by_trust: bool = True,
) -> PerDraw:
    """Simulate a few draws, at most `BLOCK`, and keep every result of each.

    Without `by_trust` only those of the sector and of the types, in half the time.
    """
    every = units.of(trusts)
    n_kept = every if by_trust else (0, every.n_kind, 0)
    seen = buffers.for_results(plan, *n_kept, 0, n_draw)
    unbinned = histograms.no_ranges(trusts, plan)
    simulate_block(
        seed,
        first_draw,
        n_draw,
        fixed_of(trusts, plan, every.n_kind),
        plan,
        nation,
        unbinned,
        buffers.for_bins(unbinned, n_draw),
        tallies.empty_successes(trusts, plan),
        seen,
    )
    return seen
