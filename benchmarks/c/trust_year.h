/* LANES draws of one trust through one year: the equations of
   simulator/kernel/trust_year.py, so that every rounding is the same.

   In three loops: in one, a draw's chain of operations is so long that the processor
   seldom has the next draws in sight to work on meanwhile. */
#ifndef TRUST_YEAR_H
#define TRUST_YEAR_H

#include "case.h"
#include <math.h>

#define TIE 1e-9
#define LEAST_COST 1e-9
#define LEAST_STOCK 1e-60

enum { /* rows of the workspace: the state, ... */
    POOL, SOURCE = POOL + N_POOLS, CARRY_OVER = SOURCE + N_SOURCES, PAYBACK, UNMET,
    INCOME, COST, BACKLOG,
    /* ... the year's results, ... */
    COST_BEFORE, RECURRENT, NONRECURRENT, BALANCE, PRODUCTIVITY, MARGIN,
    /* ... what the outcomes are judged on, and what one loop hands to the next. */
    MET, RECURRENT_TOTAL, TARGET_TOTAL, REAL_TOTAL, GUARDED,
    ACTIVITY, ASK, REAL, CAPACITY, WITHIN_REACH, AVAILABLE, PER_COST, PER_AVAILABLE,
    N_ROWS
};

enum { /* rows of a group's sums */
    SUM_INCOME, SUM_COST, SUM_BACKLOG, SUM_COST_BEFORE, SUM_ASK, SUM_RECURRENT,
    SUM_NONRECURRENT, SUM_PRODUCTIVITY, SUM_UNMET, SUM_SHORTFALL, SUM_DEFICITS, N_SUMS
};

enum { DEMAND, INFLATION, DELIVERY, N_DRIVERS };

typedef double Lanes[LANES];

typedef struct {
    double rate, deficit_addon, price, funded, support;
    double access[N_POOLS];
    double renewal[N_SOURCES], cap[N_SOURCES], payback[N_SOURCES];
    double backlog_growth, ask_max;
} Terms;

static inline double larger(double a, double b) { return a > b ? a : b; }
static inline double smaller(double a, double b) { return a < b ? a : b; }

static inline double smooth_minimum(double a, double b, double sharpness)
{
    double total = a + b;
    double product = a * b;
    double root = sqrt((a - b) * (a - b) + 4.0 * (1.0 - sharpness) * product);
    return 2.0 * sharpness * product / (total > 0.0 ? total + root : 1.0);
}

static inline double left_of(const Terms terms, int k, double source, double taken)
{
    return smaller(larger(source - taken, 0.0) + terms.renewal[k], terms.cap[k]);
}

/* Adds to the sums of the trust's system and of its type. */
#define ADD(row, value)                                                                \
    do {                                                                               \
        double added = (value);                                                        \
        system[row][d] += added;                                                       \
        kind[row][d] += added;                                                         \
    } while (0)

/* Activity, cost before savings, income, and what is asked and can be reached. */
static inline void begin_year(const Terms terms, const Lanes *restrict drivers,
                              const Lanes *restrict belief, Lanes *restrict w,
                              Lanes *restrict system, Lanes *restrict kind)
{
    for (int d = 0; d < LANES; d++) {
        double unfunded = drivers[DEMAND][d] - terms.funded;
        double treated = terms.funded + belief[BELIEF_TREATED][d] * unfunded;
        double activity = unfunded > 0.0 ? treated : drivers[DEMAND][d];
        double unmet = w[UNMET][d] + (drivers[DEMAND][d] - activity);

        double volume_cost = 1.0 + belief[BELIEF_COST_ELASTICITY][d] * activity;
        double cost_before =
            w[COST][d] * (1.0 + drivers[INFLATION][d]) * volume_cost + w[PAYBACK][d];
        double paid = 1.0 + terms.funded
            + belief[BELIEF_MARGINAL_PAYMENT][d] * (activity - terms.funded);
        double income = w[INCOME][d] * (1.0 + terms.price) * paid;
        double guarded = (cost_before < LEAST_COST) | (income < 0.0) ? 1.0 : 0.0;
        cost_before = larger(cost_before, LEAST_COST);
        income = larger(income, 0.0);

        double addon =
            cost_before * (1.0 - terms.rate) > income ? terms.deficit_addon : 0.0;
        double ask = smaller(larger(terms.rate + addon + w[CARRY_OVER][d], 0.0),
                             terms.ask_max);
        double within_reach = terms.access[0] * w[POOL][d]
            + terms.access[1] * w[POOL + 1][d] + terms.access[2] * w[POOL + 2][d];

        w[ACTIVITY][d] = activity;
        w[ASK][d] = ask;
        w[WITHIN_REACH][d] = within_reach;
        w[CAPACITY][d] = belief[BELIEF_LEVER][d] * drivers[DELIVERY][d] * within_reach;
        w[UNMET][d] = unmet;
        w[INCOME][d] = income;
        w[COST_BEFORE][d] = cost_before;
        w[TARGET_TOTAL][d] += terms.rate * cost_before;
        w[GUARDED][d] += guarded;
        ADD(SUM_INCOME, income);
        ADD(SUM_COST_BEFORE, cost_before);
        ADD(SUM_ASK, ask * cost_before);
        ADD(SUM_UNMET, unmet * cost_before);
    }
}

/* Recurrent savings, and the opportunity that they use up. */
static inline void save_for_good(const Terms terms,
                                 const Lanes *restrict new_opportunity,
                                 const Lanes *restrict belief, Lanes *restrict w,
                                 Lanes *restrict system, Lanes *restrict kind)
{
    for (int d = 0; d < LANES; d++) {
        double ask = w[ASK][d], cost_before = w[COST_BEFORE][d];
        double within_reach = w[WITHIN_REACH][d];
        double recurrent =
            smooth_minimum(ask, w[CAPACITY][d], belief[BELIEF_SHARPNESS][d]);
        double real = belief[BELIEF_REAL_SHARE][d] * recurrent;
        double eta = belief[BELIEF_COST_ELASTICITY][d];
        double productivity = real + (1.0 - eta) * w[ACTIVITY][d];
        double recurrent_money = recurrent * cost_before;

        /* Three reciprocals with one division. */
        double available =
            w[SOURCE][d] + w[SOURCE + 1][d] + w[SOURCE + 2][d] + w[SOURCE + 3][d];
        double reach = within_reach > LEAST_STOCK ? within_reach : 1.0;
        double stock = available > LEAST_STOCK ? available : 1.0;
        double inverse = 1.0 / (cost_before * reach * stock);
        double used = real * (inverse * (cost_before * stock));

        double s0 = w[POOL][d], s1 = w[POOL + 1][d], s2 = w[POOL + 2][d];
        w[POOL][d] = larger(s0 - used * terms.access[0] * s0, 0.0) + new_opportunity[0][d];
        w[POOL + 1][d] =
            larger(s1 - used * terms.access[1] * s1, 0.0) + new_opportunity[1][d];
        w[POOL + 2][d] =
            larger(s2 - used * terms.access[2] * s2, 0.0) + new_opportunity[2][d];

        w[REAL][d] = real;
        w[AVAILABLE][d] = available;
        w[PER_COST][d] = inverse * (reach * stock);
        w[PER_AVAILABLE][d] = inverse * (cost_before * reach);
        double cost = cost_before * (1.0 - real);
        w[COST][d] = cost;
        w[RECURRENT][d] = recurrent;
        w[PRODUCTIVITY][d] = productivity;
        w[RECURRENT_TOTAL][d] += recurrent_money;
        w[REAL_TOTAL][d] += productivity;
        ADD(SUM_COST, cost);
        ADD(SUM_RECURRENT, recurrent_money);
        ADD(SUM_PRODUCTIVITY, productivity * cost_before);
    }
}

/* One-off savings, the accounts, and what is carried into the next year. */
static inline void close_year(const Terms terms, const Lanes *restrict belief,
                              Lanes *restrict w, Lanes *restrict system,
                              Lanes *restrict kind)
{
    for (int d = 0; d < LANES; d++) {
        double ask = w[ASK][d], recurrent = w[RECURRENT][d], real = w[REAL][d];
        double cost_before = w[COST_BEFORE][d], income = w[INCOME][d];
        double available = w[AVAILABLE][d];
        double filled =
            smaller(belief[BELIEF_ONE_OFF_FILL][d] * (ask - recurrent), available);
        double spent = cost_before * (1.0 - real - filled);
        double gap = (spent - income - terms.support) * w[PER_COST][d];
        int reached = (gap > 0.0)
            & (gap <= belief[BELIEF_BALANCE_REACH][d] * (available - filled));
        double nonrecurrent = filled + (reached ? gap : 0.0);

        double balance =
            income + terms.support - w[COST][d] + nonrecurrent * cost_before;
        double shortfall = larger(ask - recurrent - nonrecurrent, 0.0);

        double drawn = nonrecurrent * w[PER_AVAILABLE][d];
        double t0 = drawn * w[SOURCE][d], t1 = drawn * w[SOURCE + 1][d];
        double t2 = drawn * w[SOURCE + 2][d], t3 = drawn * w[SOURCE + 3][d];
        w[SOURCE][d] = left_of(terms, 0, w[SOURCE][d], t0);
        w[SOURCE + 1][d] = left_of(terms, 1, w[SOURCE + 1][d], t1);
        w[SOURCE + 2][d] = left_of(terms, 2, w[SOURCE + 2][d], t2);
        w[SOURCE + 3][d] = left_of(terms, 3, w[SOURCE + 3][d], t3);
        double returning = terms.payback[0] * t0 + terms.payback[1] * t1
            + terms.payback[2] * t2 + terms.payback[3] * t3;

        double backlog =
            w[BACKLOG][d] * (1.0 + terms.backlog_growth) + t3 * cost_before;
        w[BACKLOG][d] = backlog;
        w[CARRY_OVER][d] =
            nonrecurrent + (1.0 - belief[BELIEF_FORGIVEN][d]) * shortfall;
        w[PAYBACK][d] = cost_before * returning;
        w[NONRECURRENT][d] = nonrecurrent;
        w[BALANCE][d] = balance;
        w[MARGIN][d] = balance / larger(income, LEAST_COST);
        w[MET][d] *= recurrent + nonrecurrent >= 0.95 * ask ? 1.0 : 0.0;
        ADD(SUM_BACKLOG, backlog);
        ADD(SUM_NONRECURRENT, nonrecurrent * cost_before);
        ADD(SUM_SHORTFALL, shortfall * cost_before);
        ADD(SUM_DEFICITS, balance >= -TIE * cost_before ? 0.0 : 1.0);
    }
}

static inline void carry_year(const Terms terms, const Lanes *restrict drivers,
                              const Lanes *restrict new_opportunity,
                              const Lanes *restrict belief, Lanes *restrict w,
                              Lanes *restrict system, Lanes *restrict kind)
{
    begin_year(terms, drivers, belief, w, system, kind);
    save_for_good(terms, new_opportunity, belief, w, system, kind);
    close_year(terms, belief, w, system, kind);
}

#endif
