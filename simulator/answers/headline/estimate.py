"""The answer in one line a target: how likely, for whom, and at what price."""

import math
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from simulator.outcomes import BESIDE, HEADLINE_OUTCOME
from simulator.runfile.tree import of_draws
from simulator.schema import CONFIDENCE, RECORD
from simulator.statistics.independence import (
    by_replicate,
    effective_of,
    replicates_of,
    widening,
    worth,
)
from simulator.statistics.intervals import simultaneous
from simulator.statistics.means import mean
from simulator.statistics.quantiles import quantile_interval

GROUPS: Final = ("/", "/sector", RECORD)  # of a run file, that it is read from
# What the draws of an answer believe: each its own source, or what the record leaves.
PRIOR: Final = "prior"
GIVEN: Final = "record"
BAND: Final = (0.10, 0.50, 0.90)
ENDS: Final = ("", "_low", "_high")  # of an estimate's name: it, and its interval's
SLAB: Final = 2**16  # draws that are read together
LEVELS: Final = (0.8, 0.5)  # chances that sentences name the highest target of
PROBABILITIES: Final = ("sector", *BESIDE, "median_trust")


def headline(run: xr.DataTree, *, together: bool = False) -> xr.Dataset:
    """Gather the headline of every target.

    Parameters
    ----------
    run
        As `open` gives it.
    together
        Whether the intervals of all the probabilities are to hold at once, rather than
        each by itself.

    Returns
    -------
    answer
        By target: `rate`, mean over years; a `_probability` with `_low` and `_high` for
        each of `sector` (on the target's own basis), `sustained`, `balance`,
        `cash_releasing` and `measured` (the sector's) and `median_trust`; and with a
        `quantile` dimension, 10%, 50% and 90% of draws, each with the ends of its own
        interval: the `share_achieving` of trusts, the sector's `one_off_share` of all
        savings, and `trusts_in_deficit` in the last year. The attribute `family` is
        the number of probabilities whose intervals hold at once, 1 where each stands by
        itself.

        By `beliefs` ("prior" or "record", and both where the run has a second answer,
        the leading one first), target and `of` (`PROBABILITIES`): the same
        probabilities side by side, `chance` with `chance_low` and `chance_high`.
    """
    answer, n = _alone(run, together), _worth(run)
    replicates = replicates_of(run)
    root, outcome = run.to_dataset(), answer["outcome"].variable
    for end in ENDS:
        shares = root[f"share_achieving{end}"].sel(outcome=outcome, quantile=list(BAND))
        answer[f"share_achieving{end}"] = shares.drop_vars("outcome")
    # A target at a time: all draws of all targets may not fit into the memory.
    sector = of_draws(run, "sector")
    one = [sector.isel(target=k) for k in range(sector.sizes["target"])]
    one_offs = [
        _bands("one_off_share", _one_off_share(target), replicates, n) for target in one
    ]
    deficits = [
        _bands(
            "trusts_in_deficit",
            target["trusts_in_deficit"].isel(year=-1),
            replicates,
            n,
        )
        for target in one
    ]
    for bands in (one_offs, deficits):
        answer = answer.merge(xr.concat(bands, dim="target"))
    return answer.merge(_side_by_side(run, answer))


def in_brief(run: xr.DataTree, *, together: bool = False) -> xr.Dataset:
    """Gather the rates and the chances of a headline, without what goes by draw.

    A hundredth of the file is read for it; otherwise as `headline`.
    """
    answer = _alone(run, together)
    return answer.merge(_side_by_side(run, answer))


def _alone(run: xr.DataTree, together: bool) -> xr.Dataset:
    """Gather the rate of every target and the chances of the run's own draws."""
    root = run.to_dataset()
    outcome = own_outcome(root)
    answer = xr.Dataset(attrs={key: run.attrs[key] for key in ("draws", "title")})
    answer.attrs |= {"replicates": replicates_of(run), "worth": _worth(run)}
    answer["rate"] = root["rate"].mean("year")
    answer = answer.merge(chances(root, outcome))
    answer.attrs["family"] = 1
    if together:
        answer.attrs["family"] = len(PROBABILITIES) * answer.sizes["target"]
        answer.update(_together(answer, replicates_of(run), _worth(run)))
    return answer.assign_coords(outcome=("target", outcome.values))


def _worth(run: xr.DataTree) -> float:
    """Give how many independent draws a run's draws are worth."""
    return worth(int(run.attrs["draws"]), effective_of(run))


def _side_by_side(run: xr.DataTree, answer: xr.Dataset) -> xr.Dataset:
    """Set the chances of a run's draws beside those of its second answer."""
    sides = {PRIOR if math.isinf(effective_of(run)) else GIVEN: answer}
    if RECORD.strip("/") in run.children:
        record = run[RECORD].to_dataset()
        sides[GIVEN] = chances(record, own_outcome(run.to_dataset()))
        if answer.attrs["family"] > 1:
            n = worth(int(run.attrs["draws"]), record["effective_beliefs"].values)
            sides[GIVEN] = _together(sides[GIVEN].assign_attrs(answer.attrs), 1, n)
    dims, found = ("beliefs", "of", "target"), {}
    for end in ENDS:
        names = [f"{name}_probability{end}" for name in PROBABILITIES]
        each = [[own[name].values for name in names] for own in sides.values()]
        found[f"chance{end}"] = (dims, each)
    coordinates = {"beliefs": list(sides), "of": list(PROBABILITIES)}
    return xr.Dataset(found, coordinates | {"target": answer["target"]})


def _together(chances: xr.Dataset, replicates: int, n: ArrayLike) -> xr.Dataset:
    """Widen the intervals of all probabilities so that they hold at once.

    Draws that are not independent are worth n that are, of each target.
    """
    draws, family = int(chances.attrs["draws"]), int(chances.attrs["family"])
    wider = widening(replicates, CONFIDENCE, CONFIDENCE ** (1.0 / family))
    found = xr.Dataset()
    for name in (f"{name}_probability" for name in PROBABILITIES):
        chance = chances[name].values
        if replicates > 1:
            below = chance - chances[f"{name}_low"].values
            above = chances[f"{name}_high"].values - chance
            low = np.maximum(chance - wider * below, 0.0)
            high = np.minimum(chance + wider * above, 1.0)
        else:
            counts = np.rint(chance * draws) * (np.asarray(n) / draws)
            low, high, *_ = simultaneous(counts, n, CONFIDENCE, family)
        found[name] = chances[name]
        found[f"{name}_low"] = ("target", low)
        found[f"{name}_high"] = ("target", high)
    return found


def own_outcome(root: xr.Dataset) -> xr.DataArray:
    """Name the outcome that each target is meant on: (target,)."""
    names = [HEADLINE_OUTCOME[str(basis)] for basis in root["basis"].values]
    return xr.DataArray(names, dims="target", coords={"target": root["target"]})


def widest(run: xr.DataTree) -> float:
    """Find the widest interval of a headline's chances, each by itself: half of it."""
    root = run.to_dataset()
    found = chances(root, own_outcome(root))
    widths = [
        found[f"{name}_probability_high"] - found[f"{name}_probability_low"]
        for name in PROBABILITIES
    ]
    return max(float(width.max()) for width in widths) / 2.0


def highest_names(answer: xr.Dataset, of: str = "sector") -> list[str | None]:
    """Name the highest target with each of the chances in `LEVELS`; None for none.

    Of those that mean the same as the first: rates of savings and of productivity are
    not put in one order.
    """
    first = answer.isel(target=(answer["outcome"] == answer["outcome"][0]).values)
    best = (highest(first, level, of) for level in LEVELS)
    return [None if one is None else str(one["target"].values) for one in best]


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


def chances(root: xr.Dataset, outcome: xr.DataArray) -> xr.Dataset:
    """Gather the chances of a headline by target, each with its interval."""
    found, chosen = {}, {"sector": outcome, **{name: name for name in BESIDE}}
    for end in ENDS:
        chance = root[f"sector_probability{end}"].load()
        for name, own in chosen.items():
            found[f"{name}_probability{end}"] = chance.sel(outcome=own).variable
    return xr.Dataset(found | _median_trust(root, outcome), {"target": root["target"]})


def _median_trust(root: xr.Dataset, outcome: xr.DataArray) -> dict[str, xr.Variable]:
    """Take the trust in the middle; of an even number, the less likely of the two."""
    by_trust = root["probability"].sel(outcome=outcome).transpose("target", "trust")
    order = np.argsort(by_trust.values, axis=1, kind="stable")
    middle = xr.DataArray(order[:, (order.shape[1] - 1) // 2], dims="target")
    picked = {"outcome": outcome, "trust": root["trust"][middle].drop_vars("trust")}
    return {
        f"median_trust_probability{end}": root[f"probability{end}"].sel(picked).variable
        for end in ENDS
    }


def _one_off_share(sector: xr.Dataset) -> xr.DataArray:
    """Take the share of one-offs in a target's savings: (draw,)."""
    found = []
    for start in range(0, sector.sizes["draw"], SLAB):
        some = sector.isel(draw=slice(start, start + SLAB))
        one_offs = some["nonrecurrent"].sum("year", dtype=np.float64)
        saved = one_offs + some["recurrent"].sum("year", dtype=np.float64)
        found.append((one_offs / saved).where(saved > 0, 0.0))
    return xr.concat(found, dim="draw")


def _bands(name: str, by_draw: xr.DataArray, replicates: int, n: float) -> xr.Dataset:
    values = by_draw.values
    if replicates > 1:
        each = by_replicate(values, replicates)
        found = np.quantile(each, BAND, axis=-1, method="inverted_cdf")
        _, _, low, high = mean(found, CONFIDENCE)
    else:
        low, high = quantile_interval(values, BAND, CONFIDENCE, n)
    ends = {"": np.quantile(values, BAND, method="inverted_cdf")}
    ends |= {"_low": low, "_high": high}
    return xr.Dataset(
        {f"{name}{end}": ("quantile", found) for end, found in ends.items()},
        coords={"target": by_draw["target"], "quantile": list(BAND)},
    )
