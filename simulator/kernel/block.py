"""The block loop: draws, trusts, targets and years in the order the machine likes.

Trusts are taken system by system; each trust's shocks are made once and used for
every target. Draws are innermost, `LANES` at a time.

What leaves a block never depends on which block came before it: per-draw sums go to
the draw's own slot, everything else is an integer count. Histograms are counted after
the block (see `histograms`), so that each comes into the cache once, not once a batch.
"""

import numpy as np

from simulator.kernel import lanes
from simulator.kernel.groups import (
    add_rows,
    close_group,
    keep_group,
    settle_group,
)
from simulator.kernel.histograms import bin_row
from simulator.kernel.jit import compiled
from simulator.kernel.lanes import LANES
from simulator.kernel.one_trust import (
    draw_drivers,
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
from simulator.kernel.tables import (
    Bins,
    Nation,
    PerDraw,
    Plan,
    Ranges,
    Successes,
    Trusts,
)
from simulator.kernel.trust_year import Terms


@compiled
def simulate_block(
    seed: int,
    first_draw: int,
    n_draw: int,
    trusts: Trusts,
    plan: Plan,
    nation: Nation,
    ranges: Ranges,
    bins: Bins,
    successes: Successes,
    per_draw: PerDraw,
) -> None:
    """Simulate `n_draw` consecutive draws of every trust under every target.

    Adds to `successes` and fills `per_draw` from its first draw. `n_draw` is at most
    `BLOCK`; lanes beyond it are computed, as any address has its random numbers,
    and left out of every count.
    """
    n_trust = trusts.income.shape[0]
    n_system = trusts.first.shape[0] - 1
    n_target, n_kind, n_year = plan.funded.shape
    n_outcome = successes.trust.shape[1]
    n_result = per_draw.sector.shape[0]
    # Without ranges nothing is binned.
    n_spread = ranges.trust.shape[2]
    n_batch = (n_draw + LANES - 1) // LANES
    by_unit = per_draw.units.shape[2] > 0

    words = np.empty((3 * n_year + 4, LANES), np.uint64)
    z = np.empty((3 * n_year + 2, LANES))
    drivers = np.empty((n_trust, n_year, lanes.N_DRIVERS * LANES))
    w = np.empty(lanes.WORKSPACE)
    system_sums = np.empty((n_year, lanes.N_SUMS * LANES))
    kind_sums = np.empty((n_kind, n_year, lanes.N_SUMS * LANES))
    sector_sums = np.empty((n_year, lanes.N_SUMS * LANES))
    system_support = np.empty(n_year)
    kind_support = np.empty((n_kind, n_year))
    sector_support = np.empty(n_year)
    achieved = np.empty((n_outcome, LANES), np.int8)
    achieving = np.empty((n_outcome, LANES))

    n_of_kind = np.empty(n_kind)
    fill(n_of_kind, 0.0)
    for i in range(n_trust):
        n_of_kind[trusts.kind[i]] += 1.0

    for batch in range(n_batch):
        start = batch * LANES
        valid = min(LANES, n_draw - start)
        belief = nation.belief[batch]
        for j in range(belief.shape[0]):
            w[lanes.BELIEF + j] = belief[j]
        for i in range(n_trust):
            draw_drivers(
                seed,
                first_draw + start,
                trusts.address[i],
                trusts.pay_share[i],
                plan,
                nation.year[batch],
                nation.demand[batch, trusts.kind[i]],
                words,
                z,
                drivers[i],
            )
        for k in range(n_target):
            rate = plan.rate[k]
            target_total = 0.0
            for y in range(n_year):
                target_total += rate[y]
            achieved_by_trust = successes.trust[k]
            fill(kind_sums.ravel(), 0.0)
            fill(kind_support.ravel(), 0.0)
            fill(achieving.ravel(), 0.0)
            for s in range(n_system):
                fill(system_sums.ravel(), 0.0)
                fill(system_support, 0.0)
                for i in range(trusts.first[s], trusts.first[s + 1]):
                    kind = trusts.kind[i]
                    open_trust(trusts, plan, i, belief, w)
                    for y in range(n_year):
                        terms = Terms(
                            rate[y],
                            plan.deficit_addon[k, y],
                            plan.price[k, y],
                            plan.funded[k, kind, y],
                            plan.support[i, y],
                        )
                        carry_year(
                            terms,
                            year_rules(plan, y),
                            drivers[i, y],
                            nation.new_opportunity[batch, kind, y],
                            w,
                            system_sums[y],
                            kind_sums[kind, y],
                        )
                        system_support[y] += plan.support[i, y]
                        kind_support[kind, y] += plan.support[i, y]
                        for spread in range(n_spread):
                            row = lanes.SPREAD_ROWS[spread]
                            bin_row(
                                w[row : row + LANES],
                                ranges.trust[k, i, spread, y],
                                bins.trust[batch, k, i, spread, y],
                            )
                        if per_draw.trust.shape[3] > 0:
                            keep_trust(w, valid, start, per_draw.trust[:, k, y, i])
                    judge_trust(target_total, w, achieved)
                    count_achieved(achieved, valid, achieved_by_trust, i)
                    add_achieved(achieved, achieving)
                    if by_unit:
                        keep_achieved(achieved, valid, start, per_draw.units[k], i)
                    guarded = np.int32(0)
                    for d in range(valid):
                        guarded += np.int32(w[lanes.GUARDED + d])
                    successes.guarded[k] += guarded
                close_group(
                    rate,
                    system_support,
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
            fill(sector_support, 0.0)
            for kind in range(n_kind):
                if n_of_kind[kind] == 0.0:
                    continue  # nobody achieves nothing
                sums, support = kind_sums[kind], kind_support[kind]
                for y in range(n_year):
                    add_rows(sums[y], sector_sums[y])
                    sector_support[y] += support[y]
                close_group(
                    rate,
                    support,
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
            settle_group(rate, sector_support, sector_sums, achieved)
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
