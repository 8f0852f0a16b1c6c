/* The whole simulation in C: blocks of draws on POSIX threads, one tally a thread. */
#include "random.h"

#include "groups.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* One trust's drivers of every year for LANES draws. */
static void draw_drivers(const Case *c, int64_t first_draw, int64_t batch, int64_t i,
                         Lanes (*restrict drivers)[N_DRIVERS],
                         double *restrict plan_size)
{
    /* Of four words three are used: the next year's first takes the place of the last. */
    static _Thread_local uint64_t words[3 * MAX_YEARS + 4][LANES];
    static _Thread_local Lanes z[3 * MAX_YEARS + 3];
    static _Thread_local int32_t places[(3 * MAX_YEARS + 3) * LANES];
    static _Thread_local double tails[(3 * MAX_YEARS + 3) * LANES + VECTOR];
    const int64_t n_year = c->size.n_year, kind = c->trusts.kind[i];
    const double *sd = c->plan.spread;
    const double pay_share = c->trusts.pay_share[i];
    for (int64_t y = 0; y <= n_year; y++)
        fill_words(c->seed, first_draw, c->trusts.address[i], c->plan.where[y],
                   words + 3 * y);
    fill_normals((int)(3 * n_year + 3) * LANES, words[0], z[0], places, tails);
    const double *restrict drift = z[3 * n_year], *restrict lasting = z[3 * n_year + 1];
    for (int64_t y = 0; y < n_year; y++) {
        const Lanes *restrict shock = (const Lanes *)z + 3 * y;
        const Lanes *restrict nation =
            (const Lanes *)c->nation.year + (batch * n_year + y) * N_NATION;
        const int64_t at = ((batch * c->size.n_kind + kind) * n_year + y) * LANES;
        const double *restrict demand = c->nation.demand + at;
        const double *restrict pressure = c->nation.pressure + at;
        double *restrict out_demand = drivers[y][DEMAND];
        double *restrict out_inflation = drivers[y][INFLATION];
        double *restrict out_pressure = drivers[y][PRESSURE];
        double *restrict out_delivery = drivers[y][DELIVERY];
        for (int d = 0; d < LANES; d++) {
            out_demand[d] = demand[d] + sd[0] * shock[0][d];
            out_inflation[d] = pay_share * nation[NATION_PAY][d]
                + (1.0 - pay_share) * nation[NATION_NONPAY][d];
            out_pressure[d] = pressure[d] + sd[2] * drift[d] + sd[1] * shock[1][d];
            out_delivery[d] = exp_of(nation[NATION_DELIVERY_LOG][d]
                                     + sd[4] * lasting[d] + sd[3] * shock[2][d]);
        }
    }
    const double *restrict size = z[3 * n_year + 2];
    for (int d = 0; d < LANES; d++)
        plan_size[d] = exp_of(sd[5] * (size[d] - 0.5 * sd[5]));
}

static void open_trust(const Case *c, int64_t i, const Lanes *restrict belief,
                       Lanes *restrict w)
{
    const Trusts *t = &c->trusts;
    double opening[BACKLOG + 1] = {
        [INCOME] = t->income[i],
        [COST] = t->cost[i],
        [CARRY_OVER] = t->carry_over[i],
        [BACKLOG] = t->backlog[i],
    };
    for (int j = 0; j < N_POOLS; j++)
        opening[POOL + j] = t->opportunity[i * N_POOLS + j];
    for (int k = 0; k < N_SOURCES; k++)
        opening[SOURCE + k] = c->plan.one_offs[k];
    for (int row = 0; row < N_ROWS; row++)
        for (int d = 0; d < LANES; d++)
            w[row][d] = row <= BACKLOG ? opening[row] : 0.0;
    for (int j = 0; j < N_POOLS; j++)
        for (int d = 0; d < LANES; d++)
            w[POOL + j][d] *= belief[BELIEF_OPPORTUNITY_SCALE][d];
    for (int k = 0; k < N_SOURCES; k++)
        for (int d = 0; d < LANES; d++)
            w[SOURCE + k][d] *= belief[BELIEF_ONE_OFF_SCALE][d];
    for (int d = 0; d < LANES; d++) {
        w[COST][d] *= 1.0 + belief[BELIEF_OPENING_COST][d];
        w[INCOME][d] *= 1.0 + t->other_weight[i] * belief[BELIEF_OPENING_OTHER][d];
    }
}

/* What prices do in each year of a target: it is taken out of national ones only. */
static void set_prices(const Case *c, int64_t k, const Lanes *restrict belief,
                       Lanes (*restrict prices)[N_PRICES])
{
    const double *restrict national = belief[BELIEF_NATIONAL_SHARE];
    for (int64_t y = 0; y < c->size.n_year; y++) {
        double price = c->plan.price[k * c->size.n_year + y];
        double uplift = c->plan.cost_uplift[y];
        for (int d = 0; d < LANES; d++) {
            double mean = national[d] * price + (1.0 - national[d]) * uplift;
            prices[y][PRICES_MEAN_PRICE][d] = mean;
            prices[y][PRICES_PER_PRICE][d] = *c->plan.settled ? 1.0 / (1.0 + mean) : 1.0;
        }
    }
}

static Terms terms_of(const Case *c, int64_t k, int64_t i, int64_t y)
{
    const Plan *p = &c->plan;
    const int64_t n_year = c->size.n_year;
    Terms terms = {
        .rate = p->rate[k * n_year + y],
        .deficit_addon = p->deficit_addon[k * n_year + y],
                .support = p->support[i * n_year + y],
        .need_limit = p->need_limit[i * n_year + y],
        .opening_cost = c->trusts.cost[i],
        .follows_tariff = p->follows_tariff[k],
        .backlog_growth = p->limits[0],
        .ask_max = p->limits[1],
        .plan_sharpness = p->limits[2],
        .works_off = p->limits[3],
        .need_part = p->limits[4],
        .planned_support = p->limits[5],
    };
    memcpy(terms.access, p->access + y * N_POOLS, sizeof terms.access);
    memcpy(terms.renewal, p->one_offs + N_SOURCES, sizeof terms.renewal);
    memcpy(terms.cap, p->one_offs + 2 * N_SOURCES, sizeof terms.cap);
    memcpy(terms.payback, p->one_offs + 3 * N_SOURCES, sizeof terms.payback);
    return terms;
}

/* Counts of one trust's outcomes, and how many trusts achieve in each draw. */
static void judge_trust(double target_total, int64_t own, int valid,
                        const Lanes *restrict w, int64_t *restrict counts,
                        int64_t stride, int32_t (*restrict achieving)[LANES],
                        int64_t *guarded)
{
    int32_t achieved[N_OUTCOMES][LANES], kept_from_zero = 0;
    const double least = target_total * (1.0 - TIE);
    for (int d = 0; d < LANES; d++) {
        double wanted = w[TARGET_TOTAL][d] * (1.0 - TIE);
        achieved[OUTCOME_ANY_MEANS][d] = w[SAVED_TOTAL][d] >= wanted;
        achieved[OUTCOME_RECURRENT][d] = w[RECURRENT_TOTAL][d] >= wanted;
        achieved[OUTCOME_CASH_RELEASING][d] = w[CASH_RELEASING_TOTAL][d] >= least;
        achieved[OUTCOME_MEASURED][d] = w[MEASURED_TOTAL][d] >= least;
        achieved[OUTCOME_BALANCE][d] = w[BALANCE][d] >= 0.0;
        kept_from_zero += d < valid ? (int32_t)w[GUARDED][d] : 0;
    }
    for (int d = 0; d < LANES; d++)
        achieved[OUTCOME_SUSTAINED][d] = achieved[own][d] & achieved[OUTCOME_BALANCE][d];
    for (int o = 0; o < N_OUTCOMES; o++) {
        int32_t total = 0;
        for (int d = 0; d < LANES; d++) {
            total += d < valid ? achieved[o][d] : 0;
            achieving[o][d] += achieved[o][d];
        }
        counts[o * stride] += total;
    }
    *guarded += kept_from_zero;
}

/* What a thread works in. */
typedef struct {
    Lanes (*drivers)[N_DRIVERS]; /* (trust, year) */
    Lanes *plan_size; /* (trust) */
    Lanes w[N_ROWS];
    Lanes prices[MAX_YEARS][N_PRICES];
    Lanes system_sums[MAX_YEARS][N_SUMS], kind_sums[MAX_KINDS][MAX_YEARS][N_SUMS];
    Lanes sector_sums[MAX_YEARS][N_SUMS];
    int8_t achieved[N_OUTCOMES][LANES];
    int32_t achieving[N_OUTCOMES][LANES];
    uint8_t *trust_bins, *kind_bins, *system_bins; /* (target, unit, result, year, draw) */
} Room;

static const int SPREAD_ROWS[N_SPREAD] = {MARGIN, ASK, RECURRENT, NONRECURRENT,
                                          CASH_RELEASING, MEASURED};

static void settle_group(const Case *c, int64_t k, Lanes (*sums)[N_SUMS], Room *room)
{
    const int64_t n_year = c->size.n_year;
    for (int64_t y = 0; y < n_year; y++)
        read_group(sums[y]);
    judge_group((int)n_year, c->plan.rate + k * n_year, c->plan.own[k], sums,
                room->achieved);
}

static void close_group(const Case *c, int64_t k, Lanes (*sums)[N_SUMS], int valid,
                        const double *ranges, int64_t *counts, int64_t stride,
                        uint8_t *bins, Room *room)
{
    const int64_t n_year = c->size.n_year;
    settle_group(c, k, sums, room);
    for (int o = 0; o < N_OUTCOMES; o++) {
        int32_t total = 0;
        for (int d = 0; d < LANES; d++)
            total += d < valid ? room->achieved[o][d] : 0;
        counts[o * stride] += total;
    }
    for (int r = 0; r < N_SUMS; r++)
        for (int64_t y = 0; y < n_year; y++)
            bin_row(sums[y][r], ranges + (r * n_year + y) * 2,
                    bins + (r * n_year + y) * BLOCK);
}

static void close_sector(const Case *c, int64_t k, int64_t first, int valid,
                         Tally *tally, Room *room)
{
    const Sizes *n = &c->size;
    settle_group(c, k, room->sector_sums, room);
    for (int64_t y = 0; y < n->n_year; y++)
        for (int64_t r = 0; r < N_SUMS; r++)
            memcpy(c->per_draw.sector
                       + ((r * n->n_target + k) * n->n_year + y) * c->draws + first,
                   room->sector_sums[y][r], (size_t)valid * sizeof(double));
    for (int o = 0; o < N_OUTCOMES; o++) {
        int64_t *share = tally->share + (k * N_OUTCOMES + o) * (n->n_trust + 1);
        for (int d = 0; d < valid; d++) {
            tally->sector[k * N_OUTCOMES + o] += room->achieved[o][d];
            share[room->achieving[o][d]] += 1;
        }
        memcpy(c->per_draw.achieved + (k * N_OUTCOMES + o) * c->draws + first,
               room->achieved[o], (size_t)valid);
    }
}

/* One target on LANES draws: `place` is their place within the block. */
static void carry_target(const Case *c, int64_t k, int64_t first, int64_t place,
                         int valid, Tally *tally, Room *room)
{
    const Sizes *n = &c->size;
    const int64_t batch = first / LANES;
    const Lanes *belief = (const Lanes *)c->nation.belief + batch * N_BELIEFS;
    const Lanes *opportunity =
        (const Lanes *)c->nation.new_opportunity + batch * n->n_kind * n->n_year * N_POOLS;
    const Lanes *of_kind =
        (const Lanes *)c->nation.kind_year + batch * n->n_kind * n->n_year * N_KIND_YEAR;
    set_prices(c, k, belief, room->prices);
    double target_total = 0.0;
    for (int64_t y = 0; y < n->n_year; y++)
        target_total += c->plan.rate[k * n->n_year + y];
    memset(room->kind_sums, 0, sizeof room->kind_sums[0] * (size_t)n->n_kind);
    memset(room->achieving, 0, sizeof room->achieving);
    for (int64_t s = 0; s < n->n_system; s++) {
        memset(room->system_sums, 0, sizeof room->system_sums[0] * (size_t)n->n_year);
        for (int64_t i = c->trusts.first[s]; i < c->trusts.first[s + 1]; i++) {
            const int64_t kind = c->trusts.kind[i], unit = k * n->n_trust + i;
            open_trust(c, i, belief, room->w);
            for (int64_t y = 0; y < n->n_year; y++) {
                const Brought brought = {
                    .own = room->drivers[i * n->n_year + y],
                    .plan_size = room->plan_size + i,
                    .kind = of_kind + (kind * n->n_year + y) * N_KIND_YEAR,
                    .new_opportunity = opportunity + (kind * n->n_year + y) * N_POOLS,
                    .belief = belief,
                    .prices = room->prices[y],
                };
                carry_year(terms_of(c, k, i, y), brought, room->w,
                           room->system_sums[y], room->kind_sums[kind][y]);
                for (int r = 0; r < N_SPREAD; r++) {
                    int64_t at = (unit * N_SPREAD + r) * n->n_year + y;
                    bin_row(room->w[SPREAD_ROWS[r]], c->ranges.trust + at * 2,
                            room->trust_bins + at * BLOCK + place);
                }
            }
            judge_trust(target_total, c->plan.own[k], valid, room->w,
                        tally->trust + k * N_OUTCOMES * n->n_trust + i, n->n_trust,
                        room->achieving, tally->guarded + k);
        }
        int64_t at = (k * n->n_system + s) * N_SUMS * n->n_year;
        close_group(c, k, room->system_sums, valid, c->ranges.system + at * 2,
                    tally->system + k * N_OUTCOMES * n->n_system + s, n->n_system,
                    room->system_bins + at * BLOCK + place, room);
    }
    memset(room->sector_sums, 0, sizeof room->sector_sums[0] * (size_t)n->n_year);
    for (int64_t kind = 0; kind < n->n_kind; kind++) {
        for (int64_t y = 0; y < n->n_year; y++) /* before sums become results */
            add_rows(N_SUMS, room->kind_sums[kind][y], room->sector_sums[y]);
        int64_t at = (k * n->n_kind + kind) * N_SUMS * n->n_year;
        close_group(c, k, room->kind_sums[kind], valid, c->ranges.kind + at * 2,
                    tally->kind + k * N_OUTCOMES * n->n_kind + kind, n->n_kind,
                    room->kind_bins + at * BLOCK + place, room);
    }
    close_sector(c, k, first, valid, tally, room);
}

/* Four rows by turns: two additions to one bin in close succession wait for another.
   The next four are asked for meanwhile, as they come from main memory. */
static void count_bins(int64_t n_row, int n_draw, const uint8_t *restrict bins,
                       uint32_t *restrict histograms)
{
    int64_t row = 0;
    for (; row + 4 <= n_row; row += 4, bins += 4 * BLOCK, histograms += 4 * BINS) {
        for (int d = 0; d < n_draw; d++) {
            if (d % 8 == 0) {
                __builtin_prefetch(histograms + 4 * BINS + d / 8 * 16, 1);
                __builtin_prefetch(bins + 4 * BLOCK + d / 8 * 64 % (4 * BLOCK));
            }
            histograms[bins[d]] += 1;
            histograms[BINS + bins[BLOCK + d]] += 1;
            histograms[2 * BINS + bins[2 * BLOCK + d]] += 1;
            histograms[3 * BINS + bins[3 * BLOCK + d]] += 1;
        }
    }
    for (; row < n_row; row++, bins += BLOCK, histograms += BINS)
        for (int d = 0; d < n_draw; d++)
            histograms[bins[d]] += 1;
}

static void simulate_block(const Case *c, int64_t start, int n_draw, Tally *tally,
                           Room *room)
{
    const Sizes *n = &c->size;
    for (int64_t place = 0; place < n_draw; place += LANES) {
        const int64_t first = start + place;
        const int valid = n_draw - place < LANES ? (int)(n_draw - place) : LANES;
        for (int64_t i = 0; i < n->n_trust; i++)
            draw_drivers(c, first, first / LANES, i, room->drivers + i * n->n_year,
                         room->plan_size[i]);
        for (int64_t k = 0; k < n->n_target; k++)
            carry_target(c, k, first, place, valid, tally, room);
    }
    const int64_t by_target = n->n_target * n->n_year;
    count_bins(by_target * n->n_trust * N_SPREAD, n_draw, room->trust_bins,
               tally->trust_spread);
    count_bins(by_target * n->n_kind * N_SUMS, n_draw, room->kind_bins,
               tally->kind_spread);
    count_bins(by_target * n->n_system * N_SUMS, n_draw, room->system_bins,
               tally->system_spread);
}

typedef struct {
    const Case *job;
    Tally *tally;
    atomic_long *next;
} Worker;

static void *work(void *argument)
{
    Worker *worker = argument;
    const Case *c = worker->job;
    const Sizes *n = &c->size;
    const size_t by_target = (size_t)(n->n_target * n->n_year) * BLOCK;
    Room *room = aligned_alloc(64, (sizeof(Room) + 63) / 64 * 64);
    room->drivers = aligned_alloc(
        64, (size_t)(n->n_trust * n->n_year) * sizeof(Lanes[N_DRIVERS]));
    room->plan_size = aligned_alloc(64, (size_t)n->n_trust * sizeof(Lanes));
    room->trust_bins = malloc(by_target * (size_t)n->n_trust * N_SPREAD);
    room->kind_bins = malloc(by_target * (size_t)n->n_kind * N_SUMS);
    room->system_bins = malloc(by_target * (size_t)n->n_system * N_SUMS);
    for (;;) {
        int64_t start = atomic_fetch_add(worker->next, BLOCK);
        if (start >= c->draws)
            break;
        int n_draw = c->draws - start < BLOCK ? (int)(c->draws - start) : BLOCK;
        simulate_block(c, start, n_draw, worker->tally, room);
    }
    free(room->trust_bins);
    free(room->kind_bins);
    free(room->system_bins);
    free(room->plan_size);
    free(room->drivers);
    free(room);
    return NULL;
}

/* Simulate every draw; each of `tallies` belongs to one thread. Gives 0, or 1 where the
   case is larger than the peer has room for. */
int simulate(const Case *c, Tally *tallies, int n_thread)
{
    if (c->size.n_kind > MAX_KINDS || c->size.n_year > MAX_YEARS || n_thread > 64)
        return 1;
    atomic_long next = 0;
    pthread_t threads[64];
    Worker workers[64];
    for (int t = 0; t < n_thread; t++)
        workers[t] = (Worker){c, &tallies[t], &next};
    for (int t = 1; t < n_thread; t++)
        pthread_create(&threads[t], NULL, work, &workers[t]);
    work(&workers[0]);
    for (int t = 1; t < n_thread; t++)
        pthread_join(threads[t], NULL);
    return 0;
}
