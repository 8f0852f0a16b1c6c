"""What a run shows of each measure that is published."""

from collections.abc import Mapping
from typing import Final

import xarray as xr

MEASURED: Final = "measured"  # the result that York and ONS measure
YEARS: Final = 5  # over which the mean of productivity is published


def of_sector(sector: xr.Dataset, n_trust: int) -> dict[str, xr.DataArray]:
    """Give the measures that sums over the sector hold, in the dims of `sector`.

    Parameters
    ----------
    sector
        The sector's results as a run file names them, with a dimension `year`.
    n_trust
        Number of trusts.
    """
    saved = sector["recurrent"] + sector["nonrecurrent"]
    income = sector["income"] + sector["support"]
    productivity = sector[MEASURED]
    return {
        "balance": sector["balance"],
        "underlying": sector["underlying"],
        "in_deficit": sector["trusts_in_deficit"] / n_trust,
        "gross_deficit": sector["gross_deficit"],
        "planned": sector["ask"] / sector["cost_before"],
        "delivered": saved / sector["cost_before"],
        "recurrent_share": sector["recurrent"] / saved,
        "income": income,
        "cost": income - sector["balance"],  # as published: one-offs lower it
        "productivity": productivity,
        # Not a number until so many years have run.
        "productivity_mean": productivity.rolling(year=YEARS).mean(),
        "at_plan": sector["trusts_meeting_plan"] / n_trust,
    }


def of_types(
    balance: Mapping[str, xr.DataArray],
    in_deficit: Mapping[str, xr.DataArray],
    n_trust: Mapping[str, int],
) -> dict[str, xr.DataArray]:
    """Give the measures of acute and of other trusts.

    Parameters
    ----------
    balance, in_deficit
        Balance in GBP m and number of trusts in deficit, by type.
    n_trust
        Number of trusts by type; one without trusts has no measure.
    """
    found = {}
    for name, kinds in (
        ("acute", [kind for kind in n_trust if kind == "acute"]),
        ("other", [kind for kind in n_trust if kind != "acute"]),
    ):
        trusts = sum(n_trust[kind] for kind in kinds)
        if trusts:
            short = sum((in_deficit[kind] for kind in kinds), xr.DataArray(0.0))
            found[f"{name}_in_deficit"] = short / trusts
            found[f"{name}_balance"] = sum(
                (balance[kind] for kind in kinds), xr.DataArray(0.0)
            )
    return found
