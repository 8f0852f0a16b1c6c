"""The block loop: draws, trusts, targets and years in the order the machine likes.

Draws are taken `LANES` at a time: first every trust's drivers, which are made once and
used for every target, then target by target, system by system, trust by trust. Drivers
and years are two compiled functions, so that two processes can compile them at once.

What leaves a block never depends on which block came before it: per-draw sums go to
the draw's own slot, everything else is an integer count. Histograms are counted after
the block (see `histograms`), so that each comes into the cache once, not once a batch.
"""

import numpy as np

from simulator.kernel import workspace
from simulator.kernel.groups import (
    add_rows,
    close_group,
    keep_group,
    settle_group,
)
from simulator.kernel.histograms import bin_row
from simulator.kernel.jit import compile_first, compiled, pasted
from simulator.kernel.one_trust import (
    fill,
    keep_trust,
    open_trust,
    year_rules,
)
from simulator.kernel.one_year import carry_year
from simulator.kernel.outcomes import (
    add_achieved,
    count_achieved,
    judge_trust,
    keep_achieved,
)
from simulator.kernel.prefetch import prefetch
from simulator.kernel.records import Terms
from simulator.kernel.shocks import make_drivers
from simulator.kernel.tables import (
    Bins,
    Fixed,
    Floats,
    Nation,
    PerDraw,
    Plan,
    Ranges,
    Successes,
    Trusts,
)
from simulator.kernel.trust_year import prices_of
from simulator.kernel.workspace import LANES

LINE = 8  # numbers in a line of the cache


def simulate_block(
    seed: int,
    first_draw: int,
    n_draw: int,
    fixed: Fixed,
    plan: Plan,
    nation: Nation,
    ranges: Ranges,
    bins: Bins,
    successes: Successes,
    per_draw: PerDraw,
) -> None:
    """Simulate `n_draw` consecutive draws of every trust under every target.

    Adds to `successes`; fills `bins`, and `per_draw` from its first draw. `n_draw` is
    at most `BLOCK`; lanes beyond it are computed, as any address has its random
    numbers, and left out of every count.
    """
    drivers = np.empty((*plan.support.shape, workspace.N_DRIVERS * LANES))
    plan_size = np.empty((plan.support.shape[0], LANES))
    made = drivers, plan_size
    others = n_draw, fixed, plan, nation, *made, ranges, bins, successes, per_draw
    # First what takes longest: meanwhile another process may compile the other.
    compile_first(carry_batch, (0, *others))
    for batch in range(-(-n_draw // LANES)):
        make_drivers(
            seed,
            first_draw + batch * LANES,
            fixed.address,
            fixed.kind,
            fixed.pay_share,
            plan.where,
            plan.spread,
            nation.year[batch],
            nation.demand[batch],
            nation.pressure[batch],
            *made,
        )
        carry_batch(batch, *others)


def fixed_of(trusts: Trusts, plan: Plan, n_kind: int) -> Fixed:
    """Gather what no draw and no target changes."""
    opening = np.zeros((len(trusts.income), workspace.N_STATE))
    for row, values in (
        (workspace.POOL_0, trusts.opportunity[:, 0]),
        (workspace.POOL_1, trusts.opportunity[:, 1]),
        (workspace.POOL_2, trusts.opportunity[:, 2]),
        (workspace.SOURCE_0, plan.one_offs.stock[0]),
        (workspace.SOURCE_1, plan.one_offs.stock[1]),
        (workspace.SOURCE_2, plan.one_offs.stock[2]),
        (workspace.SOURCE_3, plan.one_offs.stock[3]),
        (workspace.CARRY_OVER, trusts.carry_over),
        (workspace.INCOME, trusts.income),
        (workspace.COST, trusts.cost),
        (workspace.BACKLOG, trusts.backlog),
    ):
        opening[:, row // LANES] = values
    return Fixed(
        address=trusts.address,
        kind=trusts.kind,
        first=trusts.first,
        pay_share=trusts.pay_share,
        opening=opening,
        other_weight=trusts.other_weight,
        n_of_kind=np.bincount(trusts.kind, minlength=n_kind),
    )


@pasted
def set_prices(plan: Plan, k: int, w: Floats, prices: Floats) -> None:
    """Set what prices do in each year of a target; beliefs stand in the workspace."""
    for y in range(prices.shape[0]):
        for d in range(LANES):
            share = w[workspace.BELIEF + workspace.NATIONAL_SHARE + d]
            found = prices_of(
                share, plan.price[k, y], plan.cost_uplift[y], plan.settled
            )
            prices[y, workspace.MEAN_PRICE + d] = found.mean
            prices[y, workspace.PER_PRICE + d] = found.per_price


@compiled
def carry_batch(
    batch: int,
    n_draw: int,
    fixed: Fixed,
    plan: Plan,
    nation: Nation,
    drivers: Floats,
    plan_size: Floats,
    ranges: Ranges,
    bins: Bins,
    successes: Successes,
    per_draw: PerDraw,
) -> None:
    """Carry every trust through the years under every target, in a batch of a block.

    `drivers` has shape (trust, year, N_DRIVERS * LANES), `plan_size` (trust, LANES);
    for the rest see `simulate_block`, whose draws from `batch * LANES` these are.
    """
    n_trust = fixed.kind.shape[0]
    n_system = fixed.first.shape[0] - 1
    n_target, n_year = plan.rate.shape
    n_kind = fixed.n_of_kind.shape[0]
    n_outcome = successes.trust.shape[1]
    n_result = per_draw.sector.shape[0]
    # Without ranges nothing is binned.
    n_spread = ranges.trust.shape[2]
    by_unit = per_draw.units.shape[2] > 0
    start = batch * LANES
    valid = min(LANES, n_draw - start)

    w = np.empty(workspace.WORKSPACE)
    prices = np.empty((n_year, workspace.N_PRICES * LANES))
    system_sums = np.empty((n_year, workspace.N_SUMS * LANES))
    kind_sums = np.empty((n_kind, n_year, workspace.N_SUMS * LANES))
    sector_sums = np.empty((n_year, workspace.N_SUMS * LANES))
    achieved = np.empty((n_outcome, LANES), np.int8)
    achieving = np.empty((n_outcome, LANES))

    for j in range(nation.belief.shape[1]):
        w[workspace.BELIEF + j] = nation.belief[batch, j]

    # Of many trusts the drivers do not fit the cache: those of the year after next are
    # asked for while a year is computed, or 936 trusts would cost a sixth more each.
    drivers_by_year = drivers.reshape(-1, workspace.N_DRIVERS * LANES)
    last = drivers_by_year.shape[0] - 1

    for k in range(n_target):
        rate, own = plan.rate[k], plan.own[k]
        target_total = 0.0
        for y in range(n_year):
            target_total += rate[y]
        set_prices(plan, k, w, prices)
        achieved_by_trust = successes.trust[k]
        fill(kind_sums.ravel(), 0.0)
        fill(achieving.ravel(), 0.0)
        for s in range(n_system):
            fill(system_sums.ravel(), 0.0)
            for i in range(fixed.first[s], fixed.first[s + 1]):
                kind = fixed.kind[i]
                open_trust(fixed.opening[i], fixed.other_weight[i], w)
                opening_cost = fixed.opening[i, workspace.COST // LANES]
                for y in range(n_year):
                    later = drivers_by_year[min(i * n_year + y + 2, last)]
                    for j in range(0, later.shape[0], LINE):
                        prefetch(later, j)
                    terms = Terms(
                        rate[y],
                        plan.deficit_addon[k, y],
                        plan.follows_tariff[k],
                        plan.price[k, y],
                        plan.cost_uplift[y],
                        plan.settled,
                        plan.support[i, y],
                        plan.need_limit[i, y],
                        opening_cost,
                    )
                    carry_year(
                        terms,
                        year_rules(plan, y),
                        prices[y],
                        drivers[i, y],
                        plan_size[i],
                        nation.kind_year[batch, kind, y],
                        nation.new_opportunity[batch, kind, y],
                        w,
                        system_sums[y],
                        kind_sums[kind, y],
                    )
                    for spread in range(n_spread):
                        row = workspace.SPREAD_ROWS[spread]
                        bin_row(
                            w[row : row + LANES],
                            ranges.trust[k, i, spread, y],
                            bins.trust[batch, k, i, spread, y],
                        )
                    if per_draw.trust.shape[3] > 0:
                        keep_trust(w, valid, start, per_draw.trust[:, k, y, i])
                judge_trust(target_total, own, w, achieved)
                count_achieved(achieved, valid, achieved_by_trust, i)
                add_achieved(achieved, achieving)
                if by_unit:
                    keep_achieved(achieved, valid, start, per_draw.units[k], i)
                guarded = np.int32(0)
                for d in range(valid):
                    guarded += np.int32(w[workspace.GUARDED + d])
                successes.guarded[k] += guarded
            close_group(
                rate,
                own,
                system_sums,
                valid,
                ranges.system[k, s],
                successes.system[k],
                s,
                achieved,
                bins.system[batch, k, s],
            )
            keep_group(system_sums, valid, start, per_draw.system[:, k], s)
            if by_unit:
                place = n_trust + n_kind + s
                keep_achieved(achieved, valid, start, per_draw.units[k], place)
        fill(sector_sums.ravel(), 0.0)
        for kind in range(n_kind):
            if fixed.n_of_kind[kind] == 0:
                continue  # nobody achieves nothing
            sums = kind_sums[kind]
            for y in range(n_year):
                add_rows(sums[y], sector_sums[y])
            close_group(
                rate,
                own,
                sums,
                valid,
                ranges.kind[k, kind],
                successes.kind[k],
                kind,
                achieved,
                bins.kind[batch, k, kind],
            )
            keep_group(sums, valid, start, per_draw.kind[:, k], kind)
            if by_unit:
                place = n_trust + kind
                keep_achieved(achieved, valid, start, per_draw.units[k], place)
        settle_group(rate, own, sector_sums, achieved)
        for y in range(n_year):
            for result in range(n_result):
                for d in range(valid):
                    value = sector_sums[y, result * LANES + d]
                    per_draw.sector[result, k, y, start + d] = value
        for outcome in range(n_outcome):
            for d in range(valid):
                successes.sector[k, outcome] += achieved[outcome, d]
                successes.share[k, outcome, int(achieving[outcome, d])] += 1
                per_draw.achieved[k, outcome, start + d] = achieved[outcome, d]
