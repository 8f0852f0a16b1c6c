"""The block loop: draws, trusts, targets and years in the order the machine likes.

Trusts are taken system by system; each trust's shocks are made once and used for
every target. Draws are innermost, `LANES` at a time.

What leaves a block never depends on which block came before it: per-draw sums go to
the draw's own slot, everything else is an integer count.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernel import lanes
from simulator.kernel.elementary import exp
from simulator.kernel.jit import compiled, inlined
from simulator.kernel.lanes import LANES
from simulator.kernel.normal import fill_normals
from simulator.kernel.philox import fill_words
from simulator.kernel.trust_year import (
    LEAST_COST,
    Belief,
    Drivers,
    Rules,
    State,
    Terms,
    trust_year,
)

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

TIE = 1e-9  # relative: a target met to within rounding is met


class Trusts(NamedTuple):
    """Opening positions; trusts of one system stand together."""

    address: NDArray[np.uint32]  # (trust,)
    kind: NDArray[np.int64]  # (trust,) index of the type
    first: NDArray[np.int64]  # (system + 1,) where each system's trusts begin
    pay_share: Floats  # (trust,)
    income: Floats  # (trust,) GBP m
    cost: Floats  # (trust,) GBP m
    opportunity: Floats  # (trust, pool)
    carry_over: Floats  # (trust,)
    backlog: Floats  # (trust,) GBP m


class Plan(NamedTuple):
    """What is decided: targets, prices, funds, and the rules for all."""

    rate: Floats  # (target, year)
    deficit_addon: Floats  # (target, year)
    price: Floats  # (target, year)
    funded: Floats  # (target, type, year)
    support: Floats  # (trust, year) GBP m
    access: Floats  # (year, pool)
    one_offs: Floats  # (4, source): opening stock, renewal, cap, payback
    limits: Floats  # backlog growth, largest ask
    spread: Floats  # sds: demand, cost, drift, delivery, persistent delivery
    where: NDArray[np.uint64]  # (year + 1,) counter words, the last without a year


class Nation(NamedTuple):
    """What a draw brings to everybody, in rows of `LANES` draws."""

    belief: Floats  # (batch, N_BELIEFS * LANES)
    year: Floats  # (batch, year, N_NATION * LANES)
    demand: Floats  # (batch, type, year, LANES)
    new_opportunity: Floats  # (batch, type, year, 3 * LANES)


class Ranges(NamedTuple):
    """First edge and bins per unit of each histogram, last axis (edge, scale)."""

    trust: Floats  # (target, trust, spread, year, 2)
    kind: Floats  # (target, type, group result, year, 2)
    system: Floats  # (target, system, group result, year, 2)


class Tally(NamedTuple):
    """Integer counts over draws. Adding two tallies in any order is exact."""

    trust: Counts  # (target, outcome, trust)
    kind: Counts  # (target, outcome, type)
    system: Counts  # (target, outcome, system)
    sector: Counts  # (target, outcome)
    share: Counts  # (target, outcome, number of trusts achieving)
    guarded: Counts  # (target,)
    trust_spread: NDArray[np.uint32]  # (target, trust, spread, year, BINS)
    kind_spread: NDArray[np.uint32]  # (target, type, group result, year, BINS)
    system_spread: NDArray[np.uint32]  # (target, system, group result, year, BINS)


class PerDraw(NamedTuple):
    """What is kept of every draw of the block."""

    sector: Floats  # (group result, target, year, draw)
    achieved: NDArray[np.int8]  # (target, outcome, draw)
    # Kept trajectories; no trusts, types or systems long where they are not wanted.
    trust: NDArray[np.float32]  # (kept result, target, year, trust, draw)
    kind: NDArray[np.float32]  # (group result, target, year, type, draw)
    system: NDArray[np.float32]  # (group result, target, year, system, draw)


@compiled
def draw_drivers(
    seed: int,
    first_draw: int,
    address: int,
    pay_share: float,
    plan: Plan,
    nation_year: Floats,
    nation_demand: Floats,
    words: NDArray[np.uint64],
    z: Floats,
    drivers: Floats,
) -> None:
    """Make one trust's demand, input-cost and delivery paths for `LANES` draws.

    `drivers` has shape (year, N_DRIVERS * LANES); `words` (4, LANES) and `z` (5,
    LANES) are scratch. See the table in `philox` for who uses which word.
    """
    demand_sd, cost_sd, drift_sd, delivery_sd, persistent_sd = (
        plan.spread[0],
        plan.spread[1],
        plan.spread[2],
        plan.spread[3],
        plan.spread[4],
    )
    n_year = drivers.shape[0]
    fill_words(seed, first_draw, address, int(plan.where[n_year]), words)
    fill_normals(words[0], z[3])
    fill_normals(words[1], z[4])
    for y in range(n_year):
        fill_words(seed, first_draw, address, int(plan.where[y]), words)
        for word in range(3):
            fill_normals(words[word], z[word])
        combine_drivers(
            pay_share,
            demand_sd,
            cost_sd,
            drift_sd,
            delivery_sd,
            persistent_sd,
            nation_year[y],
            nation_demand[y],
            z.ravel(),
            drivers[y],
        )


@compiled
def combine_drivers(
    pay_share: float,
    demand_sd: float,
    cost_sd: float,
    drift_sd: float,
    delivery_sd: float,
    persistent_sd: float,
    nation: Floats,
    demand: Floats,
    z: Floats,
    drivers: Floats,
) -> None:
    """Add a trust's own shocks to the nation's and its type's, one year."""
    for d in range(LANES):
        drivers[lanes.DEMAND + d] = demand[d] + demand_sd * z[d]
        drivers[lanes.INFLATION + d] = (
            pay_share * nation[lanes.PAY + d]
            + (1.0 - pay_share) * nation[lanes.NONPAY + d]
            + drift_sd * z[3 * LANES + d]
            + cost_sd * z[LANES + d]
        )
        drivers[lanes.DELIVERY + d] = exp(
            nation[lanes.DELIVERY_LOG + d]
            + persistent_sd * z[4 * LANES + d]
            + delivery_sd * z[2 * LANES + d]
        )


@compiled
def open_trust(trusts: Trusts, plan: Plan, i: int, belief: Floats, w: Floats) -> None:
    """Set the workspace to a trust's opening position."""
    opening = (
        trusts.opportunity[i, 0],
        trusts.opportunity[i, 1],
        trusts.opportunity[i, 2],
        plan.one_offs[0, 0],
        plan.one_offs[0, 1],
        plan.one_offs[0, 2],
        plan.one_offs[0, 3],
        trusts.carry_over[i],
        0.0,
        0.0,
        trusts.income[i],
        trusts.cost[i],
        trusts.backlog[i],
    )
    for row in range(lanes.N_STATE):
        w[row * LANES : (row + 1) * LANES] = opening[row]
    for row in (lanes.POOL_0, lanes.POOL_1, lanes.POOL_2):
        for d in range(LANES):
            w[row + d] *= belief[lanes.OPPORTUNITY_SCALE + d]
    w[lanes.MET : lanes.MET + LANES] = 1.0
    w[lanes.RECURRENT_TOTAL : lanes.WORKSPACE] = 0.0


@compiled
def carry_year(
    terms: Terms,
    rules: Rules,
    drivers: Floats,
    new_opportunity: Floats,
    belief: Floats,
    w: Floats,
) -> None:
    """Carry `LANES` draws of one trust through one year, all in the workspace."""
    for d in range(LANES):
        before = State(
            w[lanes.INCOME + d],
            w[lanes.COST + d],
            (w[lanes.POOL_0 + d], w[lanes.POOL_1 + d], w[lanes.POOL_2 + d]),
            (
                w[lanes.SOURCE_0 + d],
                w[lanes.SOURCE_1 + d],
                w[lanes.SOURCE_2 + d],
                w[lanes.SOURCE_3 + d],
            ),
            w[lanes.CARRY_OVER + d],
            w[lanes.PAYBACK + d],
            w[lanes.UNMET + d],
            w[lanes.BACKLOG + d],
        )
        brought = Drivers(
            drivers[lanes.DEMAND + d],
            drivers[lanes.INFLATION + d],
            drivers[lanes.DELIVERY + d],
            (
                new_opportunity[d],
                new_opportunity[LANES + d],
                new_opportunity[2 * LANES + d],
            ),
        )
        believed = Belief(
            belief[lanes.REAL_SHARE + d],
            belief[lanes.SHARPNESS + d],
            belief[lanes.ONE_OFF_FILL + d],
            belief[lanes.BALANCE_REACH + d],
            belief[lanes.FORGIVEN + d],
            belief[lanes.COST_ELASTICITY + d],
            belief[lanes.MARGINAL_PAYMENT + d],
            belief[lanes.TREATED + d],
            belief[lanes.LEVER + d],
        )
        after, year = trust_year(before, brought, believed, terms, rules)

        w[lanes.INCOME + d] = after.income
        w[lanes.COST + d] = after.cost
        w[lanes.POOL_0 + d] = after.opportunity[0]
        w[lanes.POOL_1 + d] = after.opportunity[1]
        w[lanes.POOL_2 + d] = after.opportunity[2]
        w[lanes.SOURCE_0 + d] = after.one_offs[0]
        w[lanes.SOURCE_1 + d] = after.one_offs[1]
        w[lanes.SOURCE_2 + d] = after.one_offs[2]
        w[lanes.SOURCE_3 + d] = after.one_offs[3]
        w[lanes.CARRY_OVER + d] = after.carry_over
        w[lanes.PAYBACK + d] = after.payback
        w[lanes.UNMET + d] = after.unmet
        w[lanes.BACKLOG + d] = after.backlog

        recurrent_money = year.recurrent * year.cost_before
        saved = year.recurrent + year.nonrecurrent
        in_balance = year.balance >= -TIE * year.cost_before
        w[lanes.COST_BEFORE + d] = year.cost_before
        w[lanes.ASK_MONEY + d] = year.ask * year.cost_before
        w[lanes.RECURRENT_MONEY + d] = recurrent_money
        w[lanes.NONRECURRENT_MONEY + d] = year.nonrecurrent * year.cost_before
        w[lanes.PRODUCTIVITY_MONEY + d] = year.productivity * year.cost_before
        w[lanes.UNMET_MONEY + d] = after.unmet * year.cost_before
        w[lanes.SHORTFALL_MONEY + d] = year.shortfall * year.cost_before
        w[lanes.IN_DEFICIT + d] = 0.0 if in_balance else 1.0
        w[lanes.ASK + d] = year.ask
        w[lanes.RECURRENT + d] = year.recurrent
        w[lanes.NONRECURRENT + d] = year.nonrecurrent
        w[lanes.BALANCE + d] = year.balance
        w[lanes.PRODUCTIVITY + d] = year.productivity
        w[lanes.MARGIN + d] = year.balance / max(after.income, LEAST_COST)
        # A product: `0.0 if missed` or `min` becomes a masked store, slow on AMD.
        w[lanes.MET + d] *= 1.0 if saved >= 0.95 * year.ask else 0.0
        w[lanes.RECURRENT_TOTAL + d] += recurrent_money
        w[lanes.TARGET_TOTAL + d] += terms.rate * year.cost_before
        w[lanes.REAL_TOTAL + d] += year.productivity
        w[lanes.GUARDED + d] += 1.0 if year.guarded else 0.0


@compiled
def add_rows(rows: Floats, group: Floats) -> None:
    """Add a trust's contributions to a group's, both flat and of one length."""
    for j in range(group.shape[0]):
        group[j] += rows[j]


@compiled
def bin_row(
    values: Floats, first: float, scale: float, bins: NDArray[np.uint8]
) -> None:
    """Find each value's bin; what lies outside goes to the end bins."""
    for d in range(LANES):
        place = (values[d] - first) * scale
        bins[d] = np.uint8(np.int32(min(max(place, 0.0), lanes.BINS - 1.0)))


@compiled
def count_bins(bins: NDArray[np.uint8], histogram: NDArray[np.uint32]) -> None:
    """Count a block's bins into a histogram."""
    for d in range(bins.shape[0]):
        histogram[bins[d]] += np.uint32(1)


@compiled
def judge_trust(
    target_total: float,
    valid: int,
    w: Floats,
    counts: Counts,
    i: int,
    achieving: Floats,
) -> None:
    """Count the outcomes of one trust after its last year.

    `counts` has shape (outcome, trust); `achieving` (outcome, LANES) counts, for each
    draw, the trusts that achieve.
    """
    any_means = recurrent = real = balance = sustained = 0
    for d in range(valid):
        met = w[lanes.MET + d] > 0.0
        lasting = w[lanes.RECURRENT_TOTAL + d] >= w[lanes.TARGET_TOTAL + d] * (
            1.0 - TIE
        )
        productive = w[lanes.REAL_TOTAL + d] >= target_total * (1.0 - TIE)
        balanced = w[lanes.BALANCE + d] >= -TIE * w[lanes.COST_BEFORE + d]
        both = productive & balanced
        any_means += met
        recurrent += lasting
        real += productive
        balance += balanced
        sustained += both
        achieving[0, d] += met
        achieving[1, d] += lasting
        achieving[2, d] += productive
        achieving[3, d] += balanced
        achieving[4, d] += both
    counts[0, i] += any_means
    counts[1, i] += recurrent
    counts[2, i] += real
    counts[3, i] += balance
    counts[4, i] += sustained


@compiled
def read_group(sums: Floats, support: float, out: Floats) -> None:
    """Turn a group's sums of one year into its results, rows of `GROUP_RESULTS`.

    Money stays as sums (GBP m); productivity and unmet demand become means weighted
    by cost before savings.
    """
    for d in range(LANES):
        income = sums[lanes.SUM_INCOME + d]
        cost_before = sums[lanes.SUM_COST_BEFORE + d]
        cost = sums[lanes.SUM_COST + d]
        nonrecurrent = sums[lanes.SUM_NONRECURRENT + d]
        out[0 * LANES + d] = income
        out[1 * LANES + d] = support
        out[2 * LANES + d] = cost_before
        out[3 * LANES + d] = cost
        out[4 * LANES + d] = sums[lanes.SUM_ASK + d]
        out[5 * LANES + d] = sums[lanes.SUM_RECURRENT + d]
        out[6 * LANES + d] = nonrecurrent
        out[7 * LANES + d] = income + support - cost + nonrecurrent
        out[8 * LANES + d] = income - cost
        out[9 * LANES + d] = sums[lanes.SUM_PRODUCTIVITY + d] / cost_before
        out[10 * LANES + d] = sums[lanes.SUM_UNMET + d] / cost_before
        out[11 * LANES + d] = sums[lanes.SUM_BACKLOG + d]
        out[12 * LANES + d] = sums[lanes.SUM_SHORTFALL + d]
        out[13 * LANES + d] = sums[lanes.SUM_DEFICITS + d]


@compiled
def judge_group(rate: Floats, results: Floats, achieved: NDArray[np.int8]) -> None:
    """Judge a group on its sums of money.

    `rate` has shape (year,), `results` (year, group result * LANES), `achieved`
    (outcome, LANES).
    """
    n_year = rate.shape[0]
    for d in range(LANES):
        met = True
        recurrent = target_money = productivity = target_total = 0.0
        for y in range(n_year):
            ask = results[y, 4 * LANES + d]
            saved = results[y, 5 * LANES + d] + results[y, 6 * LANES + d]
            met = met & (saved >= 0.95 * ask)
            recurrent += results[y, 5 * LANES + d]
            target_money += rate[y] * results[y, 2 * LANES + d]
            productivity += results[y, 9 * LANES + d]
            target_total += rate[y]
        cost_before = results[n_year - 1, 2 * LANES + d]
        real = productivity >= target_total * (1.0 - TIE)
        balance = results[n_year - 1, 7 * LANES + d] >= -TIE * cost_before
        achieved[0, d] = met
        achieved[1, d] = recurrent >= target_money * (1.0 - TIE)
        achieved[2, d] = real
        achieved[3, d] = balance
        achieved[4, d] = real & balance


@compiled
def close_group(
    rate: Floats,
    support: Floats,
    sums: Floats,
    valid: int,
    ranges: Floats,
    counts: Counts,
    g: int,
    results: Floats,
    achieved: NDArray[np.int8],
    bins: NDArray[np.uint8],
) -> None:
    """Read, judge, count and bin one group of trusts.

    `sums` (year, N_SUMS * LANES) and `support` (year,) come in; `results` (year, group
    result * LANES) and `achieved` (outcome, LANES) are left for the caller; `bins` has
    shape (group result, year, LANES) and `ranges` (group result, year, 2).
    """
    n_year = rate.shape[0]
    for y in range(n_year):
        read_group(sums[y], support[y], results[y])
    judge_group(rate, results, achieved)
    for outcome in range(achieved.shape[0]):
        for d in range(valid):
            counts[outcome, g] += achieved[outcome, d]
    for result in range(ranges.shape[0]):
        for y in range(n_year):
            bin_row(
                results[y, result * LANES : (result + 1) * LANES],
                ranges[result, y, 0],
                ranges[result, y, 1],
                bins[result, y],
            )


@compiled
def simulate_block(
    seed: int,
    first_draw: int,
    n_draw: int,
    trusts: Trusts,
    plan: Plan,
    nation: Nation,
    ranges: Ranges,
    tally: Tally,
    per_draw: PerDraw,
) -> None:
    """Simulate `n_draw` consecutive draws of every trust under every target.

    Adds to `tally` and fills `per_draw` from its first draw. `n_draw` is at most
    `BLOCK`; lanes beyond it are computed, as any address has its random numbers,
    and left out of every count.
    """
    n_trust = trusts.income.shape[0]
    n_system = trusts.first.shape[0] - 1
    n_target, n_kind, n_year = plan.funded.shape
    n_outcome = tally.trust.shape[1]
    n_spread = ranges.trust.shape[2]
    n_result = ranges.kind.shape[2]
    n_batch = (n_draw + LANES - 1) // LANES

    words = np.empty((4, LANES), np.uint64)
    z = np.empty((5, LANES))
    drivers = np.empty((n_trust, n_year, lanes.N_DRIVERS * LANES))
    w = np.empty(lanes.WORKSPACE)
    system_sums = np.empty((n_year, lanes.N_SUMS * LANES))
    kind_sums = np.empty((n_kind, n_year, lanes.N_SUMS * LANES))
    sector_sums = np.empty((n_year, lanes.N_SUMS * LANES))
    system_support = np.empty(n_year)
    kind_support = np.empty((n_kind, n_year))
    sector_support = np.empty(n_year)
    results = np.empty((n_year, n_result * LANES))
    achieved = np.empty((n_outcome, LANES), np.int8)
    achieving = np.empty((n_outcome, LANES))
    # Bins wait here until the block is done: counted at once, a histogram comes
    # into the cache once a block instead of once for every few draws.
    drawn = n_batch * LANES
    trust_bins = np.empty((n_target, n_trust, n_spread, n_year, drawn), np.uint8)
    kind_bins = np.empty((n_target, n_kind, n_result, n_year, drawn), np.uint8)
    system_bins = np.empty((n_target, n_system, n_result, n_year, drawn), np.uint8)

    for batch in range(n_batch):
        start = batch * LANES
        stop = start + LANES
        valid = min(LANES, n_draw - start)
        belief = nation.belief[batch]
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
            kind_sums[:] = 0.0
            kind_support[:] = 0.0
            achieving[:] = 0.0
            for s in range(n_system):
                system_sums[:] = 0.0
                system_support[:] = 0.0
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
                            belief,
                            w,
                        )
                        add_rows(w[lanes.FIRST_SUM :], system_sums[y])
                        add_rows(w[lanes.FIRST_SUM :], kind_sums[kind, y])
                        system_support[y] += plan.support[i, y]
                        kind_support[kind, y] += plan.support[i, y]
                        for spread in range(n_spread):
                            row = lanes.SPREAD_ROWS[spread]
                            bin_row(
                                w[row : row + LANES],
                                ranges.trust[k, i, spread, y, 0],
                                ranges.trust[k, i, spread, y, 1],
                                trust_bins[k, i, spread, y, start:stop],
                            )
                        if per_draw.trust.shape[3] > 0:
                            keep_trust(w, valid, start, per_draw.trust[:, k, y, i])
                    judge_trust(target_total, valid, w, tally.trust[k], i, achieving)
                    for d in range(valid):
                        tally.guarded[k] += np.int64(w[lanes.GUARDED + d])
                close_group(
                    rate,
                    system_support,
                    system_sums,
                    valid,
                    ranges.system[k, s],
                    tally.system[k],
                    s,
                    results,
                    achieved,
                    system_bins[k, s, :, :, start:stop],
                )
                keep_group(results, valid, start, per_draw.system[:, k], s)
            sector_sums[:] = 0.0
            sector_support[:] = 0.0
            for kind in range(n_kind):
                close_group(
                    rate,
                    kind_support[kind],
                    kind_sums[kind],
                    valid,
                    ranges.kind[k, kind],
                    tally.kind[k],
                    kind,
                    results,
                    achieved,
                    kind_bins[k, kind, :, :, start:stop],
                )
                keep_group(results, valid, start, per_draw.kind[:, k], kind)
                for y in range(n_year):
                    add_rows(kind_sums[kind, y], sector_sums[y])
                    sector_support[y] += kind_support[kind, y]
            for y in range(n_year):
                read_group(sector_sums[y], sector_support[y], results[y])
                for result in range(n_result):
                    row = result * LANES
                    per_draw.sector[result, k, y, start : start + valid] = results[
                        y, row : row + valid
                    ]
            judge_group(rate, results, achieved)
            for outcome in range(n_outcome):
                for d in range(valid):
                    tally.sector[k, outcome] += achieved[outcome, d]
                    tally.share[k, outcome, int(achieving[outcome, d])] += 1
                    per_draw.achieved[k, outcome, start + d] = achieved[outcome, d]

    for k in range(n_target):
        for i in range(n_trust):
            count_unit(trust_bins[k, i], n_draw, tally.trust_spread[k, i])
        for kind in range(n_kind):
            count_unit(kind_bins[k, kind], n_draw, tally.kind_spread[k, kind])
        for s in range(n_system):
            count_unit(system_bins[k, s], n_draw, tally.system_spread[k, s])


@inlined
def year_rules(plan: Plan, y: int) -> Rules:
    """Gather the rules of one year."""
    return Rules(
        (plan.access[y, 0], plan.access[y, 1], plan.access[y, 2]),
        (
            plan.one_offs[1, 0],
            plan.one_offs[1, 1],
            plan.one_offs[1, 2],
            plan.one_offs[1, 3],
        ),
        (
            plan.one_offs[2, 0],
            plan.one_offs[2, 1],
            plan.one_offs[2, 2],
            plan.one_offs[2, 3],
        ),
        (
            plan.one_offs[3, 0],
            plan.one_offs[3, 1],
            plan.one_offs[3, 2],
            plan.one_offs[3, 3],
        ),
        plan.limits[0],
        plan.limits[1],
    )


@compiled
def keep_trust(w: Floats, valid: int, start: int, kept: NDArray[np.float32]) -> None:
    """Keep a trust's year of a batch of draws: (kept result, draw)."""
    for result in range(kept.shape[0]):
        row = lanes.KEPT_ROWS[result]
        for d in range(valid):
            kept[result, start + d] = w[row + d]
    for d in range(valid):
        underlying = w[lanes.INCOME + d] - w[lanes.COST + d]
        kept[lanes.KEPT_UNDERLYING, start + d] = underlying


@compiled
def keep_group(
    results: Floats, valid: int, start: int, kept: NDArray[np.float32], g: int
) -> None:
    """Keep a group's results of a batch, (result, year, group, draw), where asked."""
    if kept.shape[2] > 0:
        for result in range(kept.shape[0]):
            row = result * LANES
            for y in range(kept.shape[1]):
                for d in range(valid):
                    kept[result, y, g, start + d] = results[y, row + d]


@compiled
def count_unit(
    bins: NDArray[np.uint8], n_draw: int, histograms: NDArray[np.uint32]
) -> None:
    """Count the bins of one trust or group: (result, year, draw) to (..., BINS)."""
    for result in range(bins.shape[0]):
        for y in range(bins.shape[1]):
            count_bins(bins[result, y, :n_draw], histograms[result, y])
