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
    SUPPORT,
    BALANCE,
    CASH_RELEASING,
    MEASURED,
    MARGIN,
    # ... what one stage of the year leaves to the next ...
    ACTIVITY,
    CAPACITY,
    WITHIN_REACH,
    AVAILABLE,
    PER_COST,
    PER_AVAILABLE,
    # ... what the outcomes are judged on, over the years ...
    SAVED_TOTAL,
    RECURRENT_TOTAL,
    TARGET_TOTAL,
    CASH_RELEASING_TOTAL,
    MEASURED_TOTAL,
    GUARDED,
    # ... and, of all trusts, what is believed.
    BELIEF,
) = (row * LANES for row in range(35))
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
    SUM_CASH_RELEASING,
    SUM_MEASURED,
    SUM_PRESSURE,
    SUM_UNMET,
    SUM_BACKLOG,
    SUM_SHORTFALL,
    SUM_GROSS_DEFICIT,
    SUM_DEFICITS,
    SUM_MEETING_PLAN,
) = (row * LANES for row in range(18))
N_SUMS: Final = 18

# Rows of a trust's drivers in one year.
DEMAND, INFLATION, PRESSURE, DELIVERY = (row * LANES for row in range(4))
N_DRIVERS: Final = 4

# Rows of what comes to a type of trust in one year.
GROWTH, PASSED_ON, PAID_PRESSURE, UPFRONT = (row * LANES for row in range(4))
N_KIND_YEAR: Final = 4

# Rows of what prices do in one year of a target.
MEAN_PRICE, PER_PRICE = (row * LANES for row in range(2))
N_PRICES: Final = 2

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
    PLAN_FLOOR,
    GAP_CLOSED,
    PLAN_LIMIT,
    QUALITY,
    NATIONAL_SHARE,
    ONE_OFF_SCALE,
    # On the opening position only, hence not in `Belief`.
    OPPORTUNITY_SCALE,
    OPENING_COST,
    OPENING_OTHER,
) = (row * LANES for row in range(18))
N_BELIEFS: Final = 18
WORKSPACE: Final = BELIEF + N_BELIEFS * LANES

# Rows of the nation's year.
PAY, NONPAY, DELIVERY_LOG = (row * LANES for row in range(3))
N_NATION: Final = 3

# A trust's yearly results whose spread over draws is counted, and their rows.
SPREAD: Final = (
    "balance_margin",
    "ask_rate",
    "recurrent_rate",
    "nonrecurrent_rate",
    "cash_releasing",
    "measured",
)
SPREAD_ROWS: Final = (MARGIN, ASK, RECURRENT, NONRECURRENT, CASH_RELEASING, MEASURED)
# A trust's yearly results that a kept trajectory holds, and their rows; the underlying
# balance is the difference of two.
KEPT: Final = (
    "income",
    "support",
    "cost_before",
    "ask",
    "recurrent",
    "nonrecurrent",
    "balance",
    "underlying",
    "cash_releasing",
    "measured",
    "unmet",
)
KEPT_ROWS: Final = (
    INCOME,
    SUPPORT,
    COST_BEFORE,
    ASK,
    RECURRENT,
    NONRECURRENT,
    BALANCE,
    INCOME,
    CASH_RELEASING,
    MEASURED,
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
    "cash_releasing",
    "measured",
    "pressure",
    "unmet",
    "backlog",
    "shortfall",
    "gross_deficit",
    "trusts_in_deficit",
    "trusts_meeting_plan",
)
KEPT_UNDERLYING: Final = KEPT.index("underlying")
# Numbers of trusts, which are whole.
COUNTED: Final = tuple(
    GROUP_RESULTS.index(name) for name in ("trusts_in_deficit", "trusts_meeting_plan")
)
BINS: Final = 256  # of a histogram; a bin fits one byte
