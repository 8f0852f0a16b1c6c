/* LANES draws of one trust through one year: the equations of
   simulator/kernel/trust_year.py, so that every rounding is the same.

   In five loops: in one, a draw's chain of operations is so long that the processor
   seldom has the next draws in sight to work on meanwhile. */
#ifndef TRUST_YEAR_H
#define TRUST_YEAR_H

#include "case.h"
#include <math.h>

#define TIE 1e-9
#define LEAST_COST 1e-9
#define LEAST_STOCK 1e-60
#define MET_PLAN 0.95 /* part of a savings plan that counts as all of it */

enum { /* rows of the workspace: the state, ... */
    POOL, SOURCE = POOL + N_POOLS, CARRY_OVER = SOURCE + N_SOURCES, PAYBACK, UNMET,
    INCOME, COST, BACKLOG,
    /* ... the year's results, ... */
    COST_BEFORE, ASK, RECURRENT, NONRECURRENT, BALANCE, CASH_RELEASING, MEASURED,
    MARGIN,
    /* ... what the outcomes are judged on, and what one loop hands to the next. */
    SAVED_TOTAL, RECURRENT_TOTAL, TARGET_TOTAL, CASH_RELEASING_TOTAL, MEASURED_TOTAL,
    GUARDED,
    ACTIVITY, SUPPORT, CAPACITY, WITHIN_REACH, AVAILABLE, PER_COST, PER_AVAILABLE,
    N_ROWS
};

enum { /* rows of a group's sums, in the order of the run file's results */
    SUM_INCOME, SUM_SUPPORT, SUM_COST_BEFORE, SUM_COST, SUM_ASK, SUM_RECURRENT,
    SUM_NONRECURRENT, SUM_BALANCE, SUM_UNDERLYING, SUM_CASH_RELEASING, SUM_MEASURED,
    SUM_PRESSURE, SUM_UNMET, SUM_BACKLOG, SUM_SHORTFALL, SUM_GROSS_DEFICIT,
    SUM_DEFICITS, SUM_MEETING_PLAN, N_SUMS
};
_Static_assert(N_SUMS == N_GROUP_RESULTS, "the kernel has other group results");

enum { DEMAND, INFLATION, PRESSURE, DELIVERY, N_DRIVERS };

typedef double Lanes[LANES];

typedef struct {
    double rate, deficit_addon, support, need_limit, opening_cost;
    int follows_tariff;
    double access[N_POOLS];
    double renewal[N_SOURCES], cap[N_SOURCES], payback[N_SOURCES];
    double backlog_growth, ask_max, plan_sharpness, works_off, need_part;
    double planned_support;
} Terms;

typedef struct { /* what a year brings, rows of LANES draws */
    const Lanes *own, *plan_size, *kind, *new_opportunity, *belief, *prices;
} Brought;

static inline double larger(double a, double b) { return a > b ? a : b; }
static inline double smaller(double a, double b) { return a < b ? a : b; }

static inline double smooth_minimum(double a, double b, double sharpness)
{
    double total = a + b;
    double product = a * b;
    double root = sqrt((a - b) * (a - b) + 4.0 * (1.0 - sharpness) * product);
    return 2.0 * sharpness * product / (total > 0.0 ? total + root : 1.0);
}

static inline double left_of(const Terms terms, int k, double scale, double source,
                             double taken)
{
    return smaller(larger(source - taken, 0.0) + scale * terms.renewal[k],
                   scale * terms.cap[k]);
}

/* Adds to the sums of the trust's system and of its type. */
#define ADD(row, value)                                                                \
    do {                                                                               \
        double added = (value);                                                        \
        system[row][d] += added;                                                       \
        kind[row][d] += added;                                                         \
    } while (0)

/* Activity, cost before savings and income. */
static inline void begin_year(const Terms terms, const Brought brought,
                              Lanes *restrict w, Lanes *restrict system,
                              Lanes *restrict kind)
{
    const Lanes *restrict drivers = brought.own, *restrict belief = brought.belief;
    const Lanes *restrict of_kind = brought.kind;
    for (int d = 0; d < LANES; d++) {
        double demand = drivers[DEMAND][d];
        double funded = of_kind[KIND_GROWTH][d] * brought.prices[PRICES_PER_PRICE][d] - 1.0;
        double unfunded = demand - funded;
        double treated = funded + belief[BELIEF_TREATED][d] * unfunded;
        double waiting =
            terms.works_off * larger(smaller(w[UNMET][d], -unfunded), 0.0);
        double activity = unfunded > 0.0 ? treated : demand + waiting;
        double unmet = w[UNMET][d] + (demand - activity);

        double volume_cost = 1.0 + belief[BELIEF_COST_ELASTICITY][d] * activity;
        double unit_cost = 1.0 + drivers[INFLATION][d] + drivers[PRESSURE][d];
        double cost_before = w[COST][d] * unit_cost * volume_cost + w[PAYBACK][d];
        double paid =
            1.0 + funded + belief[BELIEF_MARGINAL_PAYMENT][d] * (activity - funded);
        double income = w[INCOME][d] * (1.0 + brought.prices[PRICES_MEAN_PRICE][d])
            * (1.0 + of_kind[KIND_PASSED_ON][d]) * paid;
        double guarded = (cost_before < LEAST_COST) | (income < 0.0) ? 1.0 : 0.0;
        cost_before = larger(cost_before, LEAST_COST);
        income = larger(income, 0.0);
        double per_cost = 1.0 / cost_before;
        double support = terms.support - terms.opening_cost * of_kind[KIND_UPFRONT][d];

        w[ACTIVITY][d] = activity;
        w[SUPPORT][d] = support;
        w[PER_COST][d] = per_cost;
        w[UNMET][d] = unmet;
        w[INCOME][d] = income;
        w[COST_BEFORE][d] = cost_before;
        w[TARGET_TOTAL][d] += terms.rate * cost_before;
        w[GUARDED][d] += guarded;
        ADD(SUM_INCOME, income);
        ADD(SUM_COST_BEFORE, cost_before);
        ADD(SUM_UNMET, unmet * cost_before);
    }
}

/* What is planned, and what can be reached. */
static inline void plan_savings(const Terms terms, const Brought brought,
                                Lanes *restrict w, Lanes *restrict system,
                                Lanes *restrict kind)
{
    const Lanes *restrict drivers = brought.own, *restrict belief = brought.belief;
    const Lanes *restrict size = brought.plan_size;
    for (int d = 0; d < LANES; d++) {
        double cost_before = w[COST_BEFORE][d], income = w[INCOME][d];
        double support = w[SUPPORT][d], per_cost = w[PER_COST][d];
        double addon =
            cost_before * (1.0 - terms.rate) > income ? terms.deficit_addon : 0.0;
        double start = terms.follows_tariff
            ? terms.rate + addon : belief[BELIEF_PLAN_FLOOR][d] * size[0][d];
        double covered = (income + terms.planned_support * support) * per_cost;
        double need = larger(1.0 - start - covered, 0.0);
        double gap_closed = belief[BELIEF_GAP_CLOSED][d];
        double open_debts = (1.0 - gap_closed) * w[CARRY_OVER][d];
        double wanted = start + gap_closed * need + open_debts;
        double limit = belief[BELIEF_PLAN_LIMIT][d] * size[0][d];
        double ask =
            smaller(smooth_minimum(wanted, limit, terms.plan_sharpness), terms.ask_max);
        double within_reach = terms.access[0] * w[POOL][d]
            + terms.access[1] * w[POOL + 1][d] + terms.access[2] * w[POOL + 2][d];

        w[ASK][d] = ask;
        w[WITHIN_REACH][d] = within_reach;
        w[CAPACITY][d] = belief[BELIEF_LEVER][d] * drivers[DELIVERY][d] * within_reach;
        ADD(SUM_ASK, ask * cost_before);
    }
}

/* Recurrent savings, productivity, and the opportunity that is used up. */
static inline void save_for_good(const Terms terms, const Brought brought,
                                 Lanes *restrict w, Lanes *restrict system,
                                 Lanes *restrict kind)
{
    const Lanes *restrict drivers = brought.own, *restrict belief = brought.belief;
    const Lanes *restrict of_kind = brought.kind;
    const Lanes *restrict new_opportunity = brought.new_opportunity;
    for (int d = 0; d < LANES; d++) {
        double cost_before = w[COST_BEFORE][d], within_reach = w[WITHIN_REACH][d];
        double recurrent =
            smooth_minimum(w[ASK][d], w[CAPACITY][d], belief[BELIEF_SHARPNESS][d]);
        double real = belief[BELIEF_REAL_SHARE][d] * recurrent;
        double cost = cost_before * (1.0 - real) - w[PAYBACK][d];
        double pressure = drivers[PRESSURE][d];
        double gained = real
            + (1.0 - belief[BELIEF_COST_ELASTICITY][d]) * w[ACTIVITY][d] - pressure;
        double cash_releasing = gained + of_kind[KIND_PAID_PRESSURE][d];
        double measured = gained + belief[BELIEF_QUALITY][d];
        double recurrent_money = recurrent * cost_before;

        /* Two reciprocals with one division. */
        double available =
            w[SOURCE][d] + w[SOURCE + 1][d] + w[SOURCE + 2][d] + w[SOURCE + 3][d];
        double reach = within_reach > LEAST_STOCK ? within_reach : 1.0;
        double stock = available > LEAST_STOCK ? available : 1.0;
        double inverse = 1.0 / (reach * stock);
        double used = real * (inverse * stock);

        double s0 = w[POOL][d], s1 = w[POOL + 1][d], s2 = w[POOL + 2][d];
        w[POOL][d] = larger(s0 - used * terms.access[0] * s0, 0.0) + new_opportunity[0][d];
        w[POOL + 1][d] =
            larger(s1 - used * terms.access[1] * s1, 0.0) + new_opportunity[1][d];
        w[POOL + 2][d] =
            larger(s2 - used * terms.access[2] * s2, 0.0) + new_opportunity[2][d];

        w[AVAILABLE][d] = available;
        w[PER_AVAILABLE][d] = inverse * reach;
        w[COST][d] = cost;
        w[RECURRENT][d] = recurrent;
        w[CASH_RELEASING][d] = cash_releasing;
        w[MEASURED][d] = measured;
        w[RECURRENT_TOTAL][d] += recurrent_money;
        w[CASH_RELEASING_TOTAL][d] += cash_releasing;
        w[MEASURED_TOTAL][d] += measured;
        ADD(SUM_COST, cost);
        ADD(SUM_RECURRENT, recurrent_money);
        ADD(SUM_CASH_RELEASING, cash_releasing * cost_before);
        ADD(SUM_MEASURED, measured * cost_before);
        ADD(SUM_PRESSURE, pressure * cost_before);
    }
}

/* One-off savings and the accounts. */
static inline void close_year(const Terms terms, const Lanes *restrict belief,
                              Lanes *restrict w, Lanes *restrict system,
                              Lanes *restrict kind)
{
    for (int d = 0; d < LANES; d++) {
        double ask = w[ASK][d], recurrent = w[RECURRENT][d];
        double cost_before = w[COST_BEFORE][d], income = w[INCOME][d];
        double available = w[AVAILABLE][d];
        double missing = ask - recurrent;
        double filled = smaller(belief[BELIEF_ONE_OFF_FILL][d] * missing, available);
        double spent = w[COST][d] + w[PAYBACK][d] - filled * cost_before;
        double before_need = w[SUPPORT][d];
        double too_little = larger(spent - income - before_need, 0.0);
        double support =
            before_need + smaller(terms.need_part * too_little, terms.need_limit);
        double gap = (spent - income - support) * w[PER_COST][d];
        int reached = (gap > 0.0)
            & (gap <= belief[BELIEF_BALANCE_REACH][d] * (available - filled));
        double nonrecurrent = filled + (reached ? gap : 0.0);

        double balance = income + support - spent + (reached ? gap * cost_before : 0.0);
        balance = fabs(balance) <= TIE * cost_before ? 0.0 : balance;
        double shortfall = larger(missing - nonrecurrent, 0.0);

        double nonrecurrent_money = nonrecurrent * cost_before;
        double deficit = larger(-balance, 0.0);
        w[CARRY_OVER][d] =
            nonrecurrent + (1.0 - belief[BELIEF_FORGIVEN][d]) * shortfall;
        w[NONRECURRENT][d] = nonrecurrent;
        w[BALANCE][d] = balance;
        w[MARGIN][d] = balance / larger(income, LEAST_COST);
        w[SAVED_TOTAL][d] += recurrent * cost_before + nonrecurrent_money;
        ADD(SUM_SUPPORT, support);
        ADD(SUM_BALANCE, balance);
        ADD(SUM_NONRECURRENT, nonrecurrent_money);
        ADD(SUM_SHORTFALL, shortfall * cost_before);
        ADD(SUM_GROSS_DEFICIT, deficit);
        ADD(SUM_DEFICITS, deficit > 0.0 ? 1.0 : 0.0);
        ADD(SUM_MEETING_PLAN, recurrent + nonrecurrent >= MET_PLAN * ask ? 1.0 : 0.0);
    }
}

/* What is left of one-offs, and what of them comes back as cost. */
static inline void draw_one_offs(const Terms terms, const Lanes *restrict belief,
                                 Lanes *restrict w, Lanes *restrict system,
                                 Lanes *restrict kind)
{
    for (int d = 0; d < LANES; d++) {
        double cost_before = w[COST_BEFORE][d], nonrecurrent = w[NONRECURRENT][d];
        double drawn = nonrecurrent * w[PER_AVAILABLE][d];
        double t0 = drawn * w[SOURCE][d], t1 = drawn * w[SOURCE + 1][d];
        double t2 = drawn * w[SOURCE + 2][d], t3 = drawn * w[SOURCE + 3][d];
        double scale = belief[BELIEF_ONE_OFF_SCALE][d];
        w[SOURCE][d] = left_of(terms, 0, scale, w[SOURCE][d], t0);
        w[SOURCE + 1][d] = left_of(terms, 1, scale, w[SOURCE + 1][d], t1);
        w[SOURCE + 2][d] = left_of(terms, 2, scale, w[SOURCE + 2][d], t2);
        w[SOURCE + 3][d] = left_of(terms, 3, scale, w[SOURCE + 3][d], t3);
        double returning = terms.payback[0] * t0 + terms.payback[1] * t1
            + terms.payback[2] * t2 + terms.payback[3] * t3;

        double backlog =
            w[BACKLOG][d] * (1.0 + terms.backlog_growth) + t3 * cost_before;
        w[BACKLOG][d] = backlog;
        w[PAYBACK][d] = cost_before * returning;
        ADD(SUM_BACKLOG, backlog);
    }
}

static inline void carry_year(const Terms terms, const Brought brought,
                              Lanes *restrict w, Lanes *restrict system,
                              Lanes *restrict kind)
{
    begin_year(terms, brought, w, system, kind);
    plan_savings(terms, brought, w, system, kind);
    save_for_good(terms, brought, w, system, kind);
    close_year(terms, brought.belief, w, system, kind);
    draw_one_offs(terms, brought.belief, w, system, kind);
}

#endif
