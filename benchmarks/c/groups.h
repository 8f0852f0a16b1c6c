/* From the sums of a group of trusts to its results, outcomes and bins. */
#ifndef GROUPS_H
#define GROUPS_H

#include "trust_year.h"
#include <string.h>

enum { /* a group's results, in the order of the run file */
    G_INCOME, G_SUPPORT, G_COST_BEFORE, G_COST, G_ASK, G_RECURRENT, G_NONRECURRENT,
    G_BALANCE, G_UNDERLYING, G_PRODUCTIVITY, G_UNMET, G_BACKLOG, G_SHORTFALL,
    G_DEFICITS, N_RESULTS
};
_Static_assert(N_RESULTS == N_GROUP_RESULTS, "the kernel has other group results");

static inline void add_rows(int n, const Lanes *restrict rows, Lanes *restrict group)
{
    for (int r = 0; r < n; r++)
        for (int d = 0; d < LANES; d++)
            group[r][d] += rows[r][d];
}

/* In steps: in one loop gcc clamps after narrowing, at thrice the instructions. */
static inline void bin_row(const double *restrict values, const double *restrict range,
                           uint8_t *restrict bins)
{
    double first = range[0], scale = range[1], place[LANES];
    int32_t whole[LANES];
    for (int d = 0; d < LANES; d++)
        place[d] = smaller(larger((values[d] - first) * scale, 0.0), BINS - 1.0);
    for (int d = 0; d < LANES; d++)
        whole[d] = (int32_t)place[d];
    for (int d = 0; d < LANES; d++)
        bins[d] = (uint8_t)whole[d];
}

static inline void read_group(const Lanes *restrict sums, double support,
                              Lanes *restrict out)
{
    for (int d = 0; d < LANES; d++) {
        double income = sums[SUM_INCOME][d], cost = sums[SUM_COST][d];
        double cost_before = sums[SUM_COST_BEFORE][d];
        double nonrecurrent = sums[SUM_NONRECURRENT][d];
        out[G_INCOME][d] = income;
        out[G_SUPPORT][d] = support;
        out[G_COST_BEFORE][d] = cost_before;
        out[G_COST][d] = cost;
        out[G_ASK][d] = sums[SUM_ASK][d];
        out[G_RECURRENT][d] = sums[SUM_RECURRENT][d];
        out[G_NONRECURRENT][d] = nonrecurrent;
        out[G_BALANCE][d] = income + support - cost + nonrecurrent;
        out[G_UNDERLYING][d] = income - cost;
        out[G_PRODUCTIVITY][d] = sums[SUM_PRODUCTIVITY][d] / cost_before;
        out[G_UNMET][d] = sums[SUM_UNMET][d] / cost_before;
        out[G_BACKLOG][d] = sums[SUM_BACKLOG][d];
        out[G_SHORTFALL][d] = sums[SUM_SHORTFALL][d];
        out[G_DEFICITS][d] = sums[SUM_DEFICITS][d];
    }
}

/* results (year, N_RESULTS) of LANES draws; achieved (outcome, LANES). */
static inline void judge_group(int n_year, const double *restrict rate,
                               Lanes (*restrict results)[N_RESULTS],
                               int8_t (*restrict achieved)[LANES])
{
    double met[LANES], recurrent[LANES], target_money[LANES], productivity[LANES];
    double target_total = 0.0;
    for (int d = 0; d < LANES; d++) {
        met[d] = 1.0;
        recurrent[d] = target_money[d] = productivity[d] = 0.0;
    }
    for (int y = 0; y < n_year; y++) {
        for (int d = 0; d < LANES; d++) {
            double saved = results[y][G_RECURRENT][d] + results[y][G_NONRECURRENT][d];
            met[d] = saved >= 0.95 * results[y][G_ASK][d] ? met[d] : 0.0;
            recurrent[d] += results[y][G_RECURRENT][d];
            target_money[d] += rate[y] * results[y][G_COST_BEFORE][d];
            productivity[d] += results[y][G_PRODUCTIVITY][d];
        }
        target_total += rate[y];
    }
    const Lanes *last = results[n_year - 1];
    for (int d = 0; d < LANES; d++) {
        int8_t real = productivity[d] >= target_total * (1.0 - TIE);
        int8_t balance = last[G_BALANCE][d] >= -TIE * last[G_COST_BEFORE][d];
        achieved[0][d] = met[d] > 0.0;
        achieved[1][d] = recurrent[d] >= target_money[d] * (1.0 - TIE);
        achieved[2][d] = real;
        achieved[3][d] = balance;
        achieved[4][d] = real & balance;
    }
}

#endif
