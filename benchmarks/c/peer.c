/* The whole simulation in C: blocks of draws on POSIX threads, one tally a thread. */
#include "random.h"

#include "groups.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* One trust's drivers of every year for LANES draws. */
static void draw_drivers(const Case *c, int64_t first_draw, int64_t batch, int64_t i,
                         Lanes (*restrict drivers)[N_DRIVERS])
{
    /* Of four words three are used: the next year's first takes the place of the last. */
    static _Thread_local uint64_t words[3 * MAX_YEARS + 4][LANES];
    static _Thread_local Lanes z[3 * MAX_YEARS + 2];
    static _Thread_local int32_t places[(3 * MAX_YEARS + 2) * LANES];
    static _Thread_local double tails[(3 * MAX_YEARS + 2) * LANES + VECTOR];
    const int64_t n_year = c->size.n_year, kind = c->trusts.kind[i];
    const double *sd = c->plan.spread;
    const double pay_share = c->trusts.pay_share[i];
    for (int64_t y = 0; y <= n_year; y++)
        fill_words(c->seed, first_draw, c->trusts.address[i], c->plan.where[y],
                   words + 3 * y);
    fill_normals((int)(3 * n_year + 2) * LANES, words[0], z[0], places, tails);
    const double *restrict drift = z[3 * n_year], *restrict lasting = z[3 * n_year + 1];
    for (int64_t y = 0; y < n_year; y++) {
        const Lanes *restrict shock = (const Lanes *)z + 3 * y;
        const Lanes *restrict nation =
            (const Lanes *)c->nation.year + (batch * n_year + y) * N_NATION;
        const double *restrict demand =
            c->nation.demand + ((batch * c->size.n_kind + kind) * n_year + y) * LANES;
        double *restrict out_demand = drivers[y][DEMAND];
        double *restrict out_inflation = drivers[y][INFLATION];
        double *restrict out_delivery = drivers[y][DELIVERY];
        for (int d = 0; d < LANES; d++) {
            out_demand[d] = demand[d] + sd[0] * shock[0][d];
            out_inflation[d] = pay_share * nation[NATION_PAY][d]
                + (1.0 - pay_share) * nation[NATION_NONPAY][d]
                + sd[2] * drift[d] + sd[1] * shock[1][d];
            out_delivery[d] = exp_of(nation[NATION_DELIVERY_LOG][d]
                                     + sd[4] * lasting[d] + sd[3] * shock[2][d]);
        }
    }
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
            w[row][d] = row <= BACKLOG ? opening[row] : row == MET ? 1.0 : 0.0;
    for (int j = 0; j < N_POOLS; j++)
        for (int d = 0; d < LANES; d++)
            w[POOL + j][d] *= belief[BELIEF_OPPORTUNITY_SCALE][d];
}

static Terms terms_of(const Case *c, int64_t k, int64_t i, int64_t y)
{
    const Plan *p = &c->plan;
    const int64_t n_year = c->size.n_year, kind = c->trusts.kind[i];
    Terms terms = {
        .rate = p->rate[k * n_year + y],
        .deficit_addon = p->deficit_addon[k * n_year + y],
        .price = p->price[k * n_year + y],
        .funded = p->funded[(k * c->size.n_kind + kind) * n_year + y],
        .support = p->support[i * n_year + y],
        .backlog_growth = p->limits[0],
        .ask_max = p->limits[1],
    };
    memcpy(terms.access, p->access + y * N_POOLS, sizeof terms.access);
    memcpy(terms.renewal, p->one_offs + N_SOURCES, sizeof terms.renewal);
    memcpy(terms.cap, p->one_offs + 2 * N_SOURCES, sizeof terms.cap);
    memcpy(terms.payback, p->one_offs + 3 * N_SOURCES, sizeof terms.payback);
    return terms;
}

/* Counts of one trust's outcomes, and how many trusts achieve in each draw. */
static void judge_trust(double target_total, int valid, const Lanes *restrict w,
                        int64_t *restrict counts, int64_t stride,
                        int32_t (*restrict achieving)[LANES], int64_t *guarded)
{
    int32_t total[N_OUTCOMES] = {0}, kept_from_zero = 0;
    for (int d = 0; d < LANES; d++) {
        int32_t inside = d < valid;
        int32_t met = inside & (w[MET][d] > 0.0);
        int32_t lasting =
            inside & (w[RECURRENT_TOTAL][d] >= w[TARGET_TOTAL][d] * (1.0 - TIE));
        int32_t real = inside & (w[REAL_TOTAL][d] >= target_total * (1.0 - TIE));
        int32_t balance = inside & (w[BALANCE][d] >= -TIE * w[COST_BEFORE][d]);
        int32_t both = real & balance;
        total[0] += met;
        total[1] += lasting;
        total[2] += real;
        total[3] += balance;
        total[4] += both;
        kept_from_zero += inside ? (int32_t)w[GUARDED][d] : 0;
        achieving[0][d] += met;
        achieving[1][d] += lasting;
        achieving[2][d] += real;
        achieving[3][d] += balance;
        achieving[4][d] += both;
    }
    for (int o = 0; o < N_OUTCOMES; o++)
        counts[o * stride] += total[o];
    *guarded += kept_from_zero;
}

/* What a thread works in. */
typedef struct {
    Lanes (*drivers)[N_DRIVERS]; /* (trust, year) */
    Lanes w[N_ROWS];
    Lanes system_sums[MAX_YEARS][N_SUMS], kind_sums[MAX_KINDS][MAX_YEARS][N_SUMS];
    Lanes sector_sums[MAX_YEARS][N_SUMS];
    double system_support[MAX_YEARS], kind_support[MAX_KINDS][MAX_YEARS];
    Lanes results[MAX_YEARS][N_RESULTS];
    int8_t achieved[N_OUTCOMES][LANES];
    int32_t achieving[N_OUTCOMES][LANES];
    uint8_t *trust_bins, *kind_bins, *system_bins; /* (target, unit, result, year, draw) */
} Room;

static const int SPREAD_ROWS[N_SPREAD] = {MARGIN, RECURRENT, NONRECURRENT, PRODUCTIVITY};

static void close_group(const Case *c, int64_t k, const Lanes (*sums)[N_SUMS],
                        const double *support, int valid, const double *ranges,
                        int64_t *counts, int64_t stride, uint8_t *bins, Room *room)
{
    const int64_t n_year = c->size.n_year;
    for (int64_t y = 0; y < n_year; y++)
        read_group(sums[y], support[y], room->results[y]);
    judge_group((int)n_year, c->plan.rate + k * n_year, room->results, room->achieved);
    for (int o = 0; o < N_OUTCOMES; o++) {
        int32_t total = 0;
        for (int d = 0; d < LANES; d++)
            total += d < valid ? room->achieved[o][d] : 0;
        counts[o * stride] += total;
    }
    for (int r = 0; r < N_RESULTS; r++)
        for (int64_t y = 0; y < n_year; y++)
            bin_row(room->results[y][r], ranges + (r * n_year + y) * 2,
                    bins + (r * n_year + y) * BLOCK);
}

static void close_sector(const Case *c, int64_t k, int64_t first, int valid,
                         Tally *tally, Room *room)
{
    const Sizes *n = &c->size;
    for (int64_t y = 0; y < n->n_year; y++) {
        double support = 0.0;
        memset(room->sector_sums[y], 0, sizeof room->sector_sums[y]);
        for (int64_t kind = 0; kind < n->n_kind; kind++) {
            add_rows(N_SUMS, room->kind_sums[kind][y], room->sector_sums[y]);
            support += room->kind_support[kind][y];
        }
        read_group(room->sector_sums[y], support, room->results[y]);
        for (int64_t r = 0; r < N_RESULTS; r++)
            memcpy(c->per_draw.sector
                       + ((r * n->n_target + k) * n->n_year + y) * c->draws + first,
                   room->results[y][r], (size_t)valid * sizeof(double));
    }
    judge_group((int)n->n_year, c->plan.rate + k * n->n_year, room->results,
                room->achieved);
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
    double target_total = 0.0;
    for (int64_t y = 0; y < n->n_year; y++)
        target_total += c->plan.rate[k * n->n_year + y];
    memset(room->kind_sums, 0, sizeof room->kind_sums[0] * (size_t)n->n_kind);
    memset(room->kind_support, 0, sizeof room->kind_support);
    memset(room->achieving, 0, sizeof room->achieving);
    for (int64_t s = 0; s < n->n_system; s++) {
        memset(room->system_sums, 0, sizeof room->system_sums[0] * (size_t)n->n_year);
        memset(room->system_support, 0, sizeof room->system_support);
        for (int64_t i = c->trusts.first[s]; i < c->trusts.first[s + 1]; i++) {
            const int64_t kind = c->trusts.kind[i], unit = k * n->n_trust + i;
            open_trust(c, i, belief, room->w);
            for (int64_t y = 0; y < n->n_year; y++) {
                carry_year(terms_of(c, k, i, y), room->drivers[i * n->n_year + y],
                           opportunity + (kind * n->n_year + y) * N_POOLS, belief,
                           room->w, room->system_sums[y], room->kind_sums[kind][y]);
                room->system_support[y] += c->plan.support[i * n->n_year + y];
                room->kind_support[kind][y] += c->plan.support[i * n->n_year + y];
                for (int r = 0; r < N_SPREAD; r++) {
                    int64_t at = (unit * N_SPREAD + r) * n->n_year + y;
                    bin_row(room->w[SPREAD_ROWS[r]], c->ranges.trust + at * 2,
                            room->trust_bins + at * BLOCK + place);
                }
            }
            judge_trust(target_total, valid, room->w,
                        tally->trust + k * N_OUTCOMES * n->n_trust + i, n->n_trust,
                        room->achieving, tally->guarded + k);
        }
        int64_t at = (k * n->n_system + s) * N_RESULTS * n->n_year;
        close_group(c, k, (const Lanes(*)[N_SUMS])room->system_sums,
                    room->system_support, valid, c->ranges.system + at * 2,
                    tally->system + k * N_OUTCOMES * n->n_system + s, n->n_system,
                    room->system_bins + at * BLOCK + place, room);
    }
    for (int64_t kind = 0; kind < n->n_kind; kind++) {
        int64_t at = (k * n->n_kind + kind) * N_RESULTS * n->n_year;
        close_group(c, k, (const Lanes(*)[N_SUMS])room->kind_sums[kind],
                    room->kind_support[kind], valid, c->ranges.kind + at * 2,
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
            draw_drivers(c, first, first / LANES, i, room->drivers + i * n->n_year);
        for (int64_t k = 0; k < n->n_target; k++)
            carry_target(c, k, first, place, valid, tally, room);
    }
    const int64_t by_target = n->n_target * n->n_year;
    count_bins(by_target * n->n_trust * N_SPREAD, n_draw, room->trust_bins,
               tally->trust_spread);
    count_bins(by_target * n->n_kind * N_RESULTS, n_draw, room->kind_bins,
               tally->kind_spread);
    count_bins(by_target * n->n_system * N_RESULTS, n_draw, room->system_bins,
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
    room->trust_bins = malloc(by_target * (size_t)n->n_trust * N_SPREAD);
    room->kind_bins = malloc(by_target * (size_t)n->n_kind * N_RESULTS);
    room->system_bins = malloc(by_target * (size_t)n->n_system * N_RESULTS);
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
