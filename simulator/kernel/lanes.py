"""Where each number of a trust's year stands while many draws are computed at once.

`LANES` consecutive draws go through a year together, one vector lane each. All that
they carry stands in one flat array, a row of `LANES` numbers for each quantity: with
constant distances between rows the compiler can prove that no row overlaps another,
which it must before it makes vector code. The number of lanes is tuned to the
first-level cache and moves no bit.
"""

from typing import Final

LANES: Final = 64
BLOCK: Final = 512  # draws that a thread computes together; whole lanes

# Rows of the workspace: the state ...
(
    POOL_0,
    POOL_1,
    POOL_2,
    SOURCE_0,
    SOURCE_1,
    SOURCE_2,
    SOURCE_3,
    CARRY_OVER,
    PAYBACK,
    UNMET,
    INCOME,
    COST,
    BACKLOG,
    # ... the year's results ...
    COST_BEFORE,
    ASK,
    RECURRENT,
    NONRECURRENT,
    BALANCE,
    PRODUCTIVITY,
    MARGIN,
    # ... what one stage of the year leaves to the next ...
    ACTIVITY,
    CAPACITY,
    WITHIN_REACH,
    REAL,
    AVAILABLE,
    PER_COST,
    PER_AVAILABLE,
    # ... what the outcomes are judged on, over the years ...
    MET,
    RECURRENT_TOTAL,
    TARGET_TOTAL,
    REAL_TOTAL,
    GUARDED,
    # ... and, of all trusts, what is believed.
    BELIEF,
) = (row * LANES for row in range(33))
N_STATE: Final = 13

# Rows of a group in one year, in the order of `GROUP_RESULTS`: while its trusts are
# added up sums in GBP m, but for the last, and then its results.
(
    SUM_INCOME,
    SUM_SUPPORT,
    SUM_COST_BEFORE,
    SUM_COST,
    SUM_ASK,
    SUM_RECURRENT,
    SUM_NONRECURRENT,
    SUM_BALANCE,
    SUM_UNDERLYING,
    SUM_PRODUCTIVITY,
    SUM_UNMET,
    SUM_BACKLOG,
    SUM_SHORTFALL,
    SUM_DEFICITS,
) = (row * LANES for row in range(14))
N_SUMS: Final = 14

# Rows of a trust's drivers in one year.
DEMAND, INFLATION, DELIVERY = (row * LANES for row in range(3))
N_DRIVERS: Final = 3

# Rows of what is believed throughout a draw, in the order of `Belief`.
(
    REAL_SHARE,
    SHARPNESS,
    ONE_OFF_FILL,
    BALANCE_REACH,
    FORGIVEN,
    COST_ELASTICITY,
    MARGINAL_PAYMENT,
    TREATED,
    LEVER,
    OPPORTUNITY_SCALE,  # on the opening stock only, hence not in `Belief`
) = (row * LANES for row in range(10))
N_BELIEFS: Final = 10
WORKSPACE: Final = BELIEF + N_BELIEFS * LANES

# Rows of the nation's year.
PAY, NONPAY, DELIVERY_LOG = (row * LANES for row in range(3))
N_NATION: Final = 3

# A trust's yearly results whose spread over draws is counted, and their rows.
SPREAD: Final = (
    "balance_margin",
    "recurrent_rate",
    "nonrecurrent_rate",
    "productivity",
)
SPREAD_ROWS: Final = (MARGIN, RECURRENT, NONRECURRENT, PRODUCTIVITY)
# A trust's yearly results that a kept trajectory holds, and their rows; the underlying
# balance is the difference of two.
KEPT: Final = (
    "income",
    "cost_before",
    "ask",
    "recurrent",
    "nonrecurrent",
    "balance",
    "underlying",
    "productivity",
    "unmet",
)
KEPT_ROWS: Final = (
    INCOME,
    COST_BEFORE,
    ASK,
    RECURRENT,
    NONRECURRENT,
    BALANCE,
    INCOME,
    PRODUCTIVITY,
    UNMET,
)
# A group's yearly results, in the order of the run file.
GROUP_RESULTS: Final = (
    "income",
    "support",
    "cost_before",
    "cost",
    "ask",
    "recurrent",
    "nonrecurrent",
    "balance",
    "underlying",
    "productivity",
    "unmet",
    "backlog",
    "shortfall",
    "trusts_in_deficit",
)
KEPT_UNDERLYING: Final = KEPT.index("underlying")
TRUSTS_IN_DEFICIT: Final = GROUP_RESULTS.index("trusts_in_deficit")
BINS: Final = 256  # of a histogram; a bin fits one byte
