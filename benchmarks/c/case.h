/* What comes in and goes out: the arrays of simulator/kernel/block.py, in its order.
   rows.h is written from simulator/kernel/lanes.py when the peer is compiled. */
#ifndef CASE_H
#define CASE_H

#include <stdint.h>
#include "rows.h" /* LANES, BLOCK, BINS, BELIEF_..., NATION_..., KIND_...,
                     OUTCOME_..., N_... */

#define N_POOLS 3
#define N_SOURCES 4
#define MAX_KINDS 16
#define MAX_YEARS 32

typedef struct {
    int64_t n_trust, n_system, n_target, n_kind, n_year;
} Sizes;

typedef struct {
    const uint32_t *address;
    const int64_t *kind, *first;
    const double *pay_share, *income, *cost, *opportunity, *carry_over, *backlog,
        *other_weight;
} Trusts;

typedef struct {
    const double *rate, *deficit_addon;
    const uint8_t *follows_tariff;
    const int64_t *own;
    const double *price, *cost_uplift;
    const uint8_t *settled;
    const double *support, *need_limit, *access, *one_offs, *limits, *spread;
    const int64_t *where;
} Plan;

typedef struct {
    const double *belief, *year, *demand, *pressure, *kind_year, *new_opportunity;
} Nation;

typedef struct {
    const double *trust, *kind, *system;
} Ranges;

typedef struct {
    int64_t *trust, *kind, *system, *sector, *share, *guarded;
    uint32_t *trust_spread, *kind_spread, *system_spread;
} Tally;

typedef struct {
    double *sector;   /* (group result, target, year, draw) */
    int8_t *achieved; /* (target, outcome, draw) */
} PerDraw;

typedef struct {
    Sizes size;
    Trusts trusts;
    Plan plan;
    Nation nation;
    Ranges ranges;
    PerDraw per_draw;
    uint64_t seed;
    int64_t draws;
} Case;

#endif
