"""What a trust can have: figures beyond it are in another unit, or of no trust."""

from typing import Final

# A year's income or cost of one trust, GBP million. The smallest had 69 in 2018/19 and
# the largest 3,171 in 2024/25; all trusts together had 83,000 in 2017/18.
LEAST: Final = 5.0
MOST: Final = 10_000.0
# As a share of the trust's cost, at least and at most. Of real trusts, the worst
# balance was -0.25 and the largest backlog 1.03 (2024/25).
OF_COST: Final = {
    "income": (0.5, 2.0),
    "reported_balance": (-0.5, 0.5),
    "backlog": (0.0, 5.0),
}
_UNITS: Final = {"GBP thousand": 1e-3, "pounds": 1e-6, "GBP billion": 1e3}


def doubt(column: str, value: float, cost: float | None) -> tuple[str, str] | None:
    """Say why no trust can have a figure and what would be right, if that is so.

    Parameters
    ----------
    column
        What the figure is, by the column of a population.
    value
        The figure, finite: GBP million or fraction.
    cost
        The trust's cost, GBP million, where it is known and itself not in doubt.
    """
    if column in ("income", "cost") and not LEAST <= value <= MOST:
        problem = f"{value:g} is no year's {column} of one trust, which is from "
        remedy = f"{_remedy(value, LEAST, MOST)}, one trust a line"
        return f"{problem}{LEAST:g} to {MOST:g} GBP million", remedy
    if column not in OF_COST or cost is None:
        return None
    least, most = (share * cost for share in OF_COST[column])
    if least <= value <= most:
        return None
    problem = f"{value:g} is beyond what a trust with a cost of {cost:g} can have, "
    return f"{problem}{least:g} to {most:g} GBP million", _remedy(value, least, most)


def _remedy(value: float, least: float, most: float) -> str:
    for unit, millions in _UNITS.items():
        if least <= value * millions <= most:
            return f"write {value * millions:g} if this is in {unit}"
    return "give GBP million"
