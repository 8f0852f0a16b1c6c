/* From the sums of a group of trusts to its results, outcomes and bins. */
#ifndef GROUPS_H
#define GROUPS_H

#include "trust_year.h"
#include <string.h>

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

/* Turns a group's sums of one year into its results, where they stand. */
static inline void read_group(Lanes *restrict sums)
{
    for (int d = 0; d < LANES; d++) {
        double cost_before = sums[SUM_COST_BEFORE][d], balance = sums[SUM_BALANCE][d];
        sums[SUM_BALANCE][d] = fabs(balance) <= TIE * cost_before ? 0.0 : balance;
        sums[SUM_UNDERLYING][d] = sums[SUM_INCOME][d] - sums[SUM_COST][d];
        sums[SUM_CASH_RELEASING][d] /= cost_before;
        sums[SUM_MEASURED][d] /= cost_before;
        sums[SUM_PRESSURE][d] /= cost_before;
        sums[SUM_UNMET][d] /= cost_before;
    }
}

/* results (year, N_SUMS) of LANES draws; achieved (outcome, LANES); `own` is the
   outcome that the target is meant on. */
static inline void judge_group(int n_year, const double *restrict rate, int64_t own,
                               Lanes (*restrict results)[N_SUMS],
                               int8_t (*restrict achieved)[LANES])
{
    Lanes saved = {0}, recurrent = {0}, target_money = {0};
    Lanes cash_releasing = {0}, measured = {0};
    double target_total = 0.0;
    for (int y = 0; y < n_year; y++) {
        for (int d = 0; d < LANES; d++) {
            double for_good = results[y][SUM_RECURRENT][d];
            saved[d] += for_good + results[y][SUM_NONRECURRENT][d];
            recurrent[d] += for_good;
            target_money[d] += rate[y] * results[y][SUM_COST_BEFORE][d];
            cash_releasing[d] += results[y][SUM_CASH_RELEASING][d];
            measured[d] += results[y][SUM_MEASURED][d];
        }
        target_total += rate[y];
    }
    const Lanes *last = results[n_year - 1];
    for (int d = 0; d < LANES; d++) {
        double wanted = target_money[d] * (1.0 - TIE);
        double least = target_total * (1.0 - TIE);
        achieved[OUTCOME_ANY_MEANS][d] = saved[d] >= wanted;
        achieved[OUTCOME_RECURRENT][d] = recurrent[d] >= wanted;
        achieved[OUTCOME_CASH_RELEASING][d] = cash_releasing[d] >= least;
        achieved[OUTCOME_MEASURED][d] = measured[d] >= least;
        achieved[OUTCOME_BALANCE][d] = last[SUM_BALANCE][d] >= 0.0;
    }
    for (int d = 0; d < LANES; d++)
        achieved[OUTCOME_SUSTAINED][d] = achieved[own][d] & achieved[OUTCOME_BALANCE][d];
}

#endif
