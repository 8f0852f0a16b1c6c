"""The answer in one line a target: how likely, for whom, and at what price."""

from typing import Final

import numpy as np
import xarray as xr

# Each basis of a target is judged by the outcome of its own.
HEADLINE_OUTCOME: Final = {
    "reported": "any_means",
    "recurrent": "recurrent",
    "real": "real",
}
BAND: Final = (0.10, 0.50, 0.90)


def headline(run: xr.DataTree) -> xr.Dataset:
    """Gather the headline of every target.

    Parameters
    ----------
    run
        As `open` gives it.

    Returns
    -------
    answer
        By target: `rate`, mean over years; a `_probability` with `_low` and `_high` for
        each of `sector` (on the target's own basis), `sustained` and `balance` (the
        sector's) and `median_trust`; and with a `quantile` dimension, 10%, 50% and
        90% of draws: the `share_achieving` of trusts, the sector's `one_off_share`
        of all savings, and `trusts_in_deficit` in the last year.
    """
    root = run.to_dataset()
    outcome = own_outcome(root)
    answer = xr.Dataset(attrs={key: run.attrs[key] for key in ("draws", "title")})
    answer["rate"] = root["rate"].mean("year")
    for name, chosen in {
        "sector": outcome,
        "sustained": "sustained",
        "balance": "balance",
    }.items():
        for end in ("", "_low", "_high"):
            found = root[f"sector_probability{end}"].sel(outcome=chosen)
            answer[f"{name}_probability{end}"] = found.drop_vars("outcome")
    answer = answer.merge(_median_trust(root, outcome))
    shares = root["share_achieving"].sel(outcome=outcome, quantile=list(BAND))
    answer["share_achieving"] = shares.drop_vars("outcome")
    # A target at a time: all draws of all targets may not fit into the memory.
    sector = run["sector"].to_dataset()
    one = [sector.isel(target=k) for k in range(sector.sizes["target"])]
    one_offs = [_bands(_one_off_share(target)) for target in one]
    answer["one_off_share"] = xr.concat(one_offs, dim="target")
    deficits = [_bands(target["trusts_in_deficit"].isel(year=-1)) for target in one]
    answer["trusts_in_deficit"] = xr.concat(deficits, dim="target")
    return answer.assign_coords(outcome=("target", outcome.values))


def own_outcome(root: xr.Dataset) -> xr.DataArray:
    """Name the outcome that each target is meant on: (target,)."""
    names = [HEADLINE_OUTCOME[str(basis)] for basis in root["basis"].values]
    return xr.DataArray(names, dims="target", coords={"target": root["target"]})


def highest(
    answer: xr.Dataset, probability: float, of: str = "sector"
) -> xr.Dataset | None:
    """Find the target with the highest rate that has at least a given chance.

    None where no target has it. A curve between the targets is another question.
    """
    enough = answer.isel(target=(answer[f"{of}_probability"] >= probability).values)
    if enough.sizes["target"] == 0:
        return None
    return enough.isel(target=int(enough["rate"].values.argmax()))


def _median_trust(root: xr.Dataset, outcome: xr.DataArray) -> xr.Dataset:
    """Take the trust in the middle; of an even number, the less likely of the two."""
    found = xr.Dataset()
    by_trust = root["probability"].sel(outcome=outcome).transpose("target", "trust")
    order = np.argsort(by_trust.values, axis=1, kind="stable")
    middle = xr.DataArray(order[:, (order.shape[1] - 1) // 2], dims="target")
    for end in ("", "_low", "_high"):
        values = root[f"probability{end}"].sel(outcome=outcome).isel(trust=middle)
        found[f"median_trust_probability{end}"] = values.drop_vars(["outcome", "trust"])
    return found


def _one_off_share(sector: xr.Dataset) -> xr.DataArray:
    one_offs = sector["nonrecurrent"].sum("year", dtype=np.float64)
    saved = one_offs + sector["recurrent"].sum("year", dtype=np.float64)
    return (one_offs / saved).where(saved > 0, 0.0)


def _bands(by_draw: xr.DataArray) -> xr.DataArray:
    found = np.quantile(by_draw.values, BAND, method="inverted_cdf")
    return xr.DataArray(found, dims="quantile", coords={"quantile": list(BAND)})
