"""The path of a target: when it is first missed, what is missing, how trusts stand."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.answers.headline.estimate import own_outcome
from simulator.errors import RunFileError
from simulator.kernel.trust_year import TIE
from simulator.messages import nearest
from simulator.outcomes import PRODUCTIVITIES
from simulator.runfile.tree import of_draws
from simulator.schema import CONFIDENCE
from simulator.statistics.independence import effective_of, need_independent, worth
from simulator.statistics.intervals import wilson_of_worth
from simulator.statistics.means import mean, tail_mean
from simulator.statistics.quantiles import quantile_interval
from simulator.types import Floats

Flags = NDArray[np.bool_]
# What is found of one target: dims and values by name.
Parts: TypeAlias = dict[str, tuple[tuple[str, ...], Any]]

LEVELS: Final = (0.05, 0.25, 0.50, 0.75, 0.95)
TAIL: Final = 0.10  # the worst futures that are averaged
ROUNDING: Final = 2.0**-24  # relative, of a number stored in four bytes
BANDS: Final = (
    *("cash_releasing", "measured", "balance", "trusts_in_deficit"),
    *("one_off_share", "unmet", "backlog"),
)
READ: Final = (
    *("recurrent", "nonrecurrent", "cost_before", "cash_releasing", "measured"),
    *("balance", "trusts_in_deficit", "unmet", "backlog"),
)


def path(run: xr.DataTree, targets: Sequence[str] | None = None) -> xr.Dataset:
    """Follow the sector through the years, each target on its own basis.

    A year is missed where the target would be missed if it ended there: what counts on
    its basis is, so far, below the target's so far. Trusts have no path: a run file
    holds the years of each draw for the sector alone.

    Parameters
    ----------
    run
        As `open` gives it; its groups "/" and "/sector" are read.
    targets
        Names of those to follow; by default all.

    Returns
    -------
    found
        By target and year: `on_course`, the share of draws in which no year is missed
        so far, with `_low` and `_high`; `first_missed`, the number of draws in which
        the year is the first that is missed; `shortfall`, the money of the year that
        is asked for and not delivered (GBP m, at least 0): mean over draws, with
        `_error`, `_low` and `_high`, and all four of its `_tail`, the mean of the worst
        tenth of draws. By target: `total_shortfall` likewise, and the numbers of draws
        `achieved`, `missed` in some year, `recovered` after a miss, `flips` and
        `doubtful` (see below); `recovery`, the share recovered of those missed, with
        `_low` and `_high`. By target, year and `quantile` of draws: what `BANDS` lists,
        with `_low` and `_high`.

    Raises
    ------
    RunFileError
        Where the run has no target of a name.

    Notes
    -----
    What is recovered and what is on course in the last year add up to what is achieved.

    In the total, one year's surplus makes up for another's gap. Money may be missing
    where a target of productivity is achieved, as it adds up rates, not money. Where
    few draws miss anything the interval of its mean is too narrow, as of anything rare
    and large; where none does it has no width, and the chance to miss bounds it.

    The simulation judges on eight-byte numbers, the file holds four-byte ones. So what
    is stored as achieved decides on the last year, and in `flips` draws the stored
    numbers say otherwise. Of other years, one that is missed by less than the stored
    numbers' rounding counts as met, as a tie does in the simulation; `doubtful` draws
    have a year so close, either way.
    """
    need_independent(run, "path")
    root = run.to_dataset()
    names = [str(name) for name in root["target"].values]
    outcomes = dict(zip(names, own_outcome(root).values.tolist(), strict=True))
    wanted = names if targets is None else [_known(name, names) for name in targets]
    sector = of_draws(run, "sector")
    # A target at a time: all draws of all targets may not fit into the memory.
    effective = effective_of(run)
    parts = [
        _follow(
            sector.sel(target=name),
            root["rate"].sel(target=name),
            outcomes[name],
            effective,
        )
        for name in wanted
    ]
    coordinates = {"target": wanted, "year": root["year"], "quantile": list(LEVELS)}
    found = xr.Dataset(
        {
            name: (("target", *dims), np.stack([part[name][1] for part in parts]))
            for name, (dims, _) in parts[0].items()
        },
        coords=coordinates,
    )
    found["rate"] = root["rate"].sel(target=wanted).mean("year")
    found["outcome"] = "target", [outcomes[name] for name in wanted]
    found.attrs = {key: run.attrs[key] for key in ("draws", "title")}
    found.attrs |= {"confidence": CONFIDENCE, "tail": TAIL}
    return found


def _known(name: str, names: Sequence[str]) -> str:
    if name not in names:
        place = f"target '{name}'"
        raise RunFileError(place, "is not in this run", nearest(name, names))
    return name


def _follow(
    sector: xr.Dataset, rate: xr.DataArray, outcome: str, effective: float
) -> Parts:
    """Follow one target, in draws of so many equal beliefs."""
    values = {
        name: np.asarray(sector[name].transpose("draw", "year").values, np.float64)
        for name in READ
    }
    values["one_off_share"] = _one_off_share(values)
    rates = np.asarray(rate.values, np.float64)
    achieved = np.asarray(sector["achieved"].sel(outcome=outcome).values, np.bool_)
    n = worth(len(achieved), effective)
    found = _course(judge(values, rates, achieved, outcome), achieved, n)
    by_year, total = shortfalls(values, rates, outcome)
    found |= _averages("shortfall", by_year.T, ("year",), n)
    found |= _averages("total_shortfall", total, (), n)
    for name in BANDS:
        found |= _band(name, values[name], n)
    return found


# --- met or missed --------------------------------------------------------------------


class Judged(NamedTuple):
    """What became of each year of each draw."""

    met: Flags  # (draw, year)
    flips: int
    doubtful: int


def judge(
    values: dict[str, Floats], rate: Floats, achieved: Flags, outcome: str
) -> Judged:
    """Say of every year whether it is met, so that the last agrees with `achieved`.

    Parameters
    ----------
    values
        The sector's stored results by name: (draw, year).
    rate
        The target's rate: (year,).
    achieved
        Whether the target is achieved in the end, as stored: (draw,).
    outcome
        What the target is judged on.
    """
    asked, delivered = _asked(values, rate, outcome)
    rounding = ROUNDING * (abs(asked) + abs(delivered))
    asked, delivered, rounding = (
        np.cumsum(part, axis=1) for part in (asked, delivered, rounding)
    )
    margin, slack = delivered - asked, TIE * abs(asked) + rounding
    met = margin >= -slack
    doubtful = int((abs(margin) <= slack).any(axis=1).sum())
    flips = int((met[:, -1] != achieved).sum())
    met[:, -1] = achieved
    return Judged(met, flips, doubtful)


def _asked(
    values: dict[str, Floats], rate: Floats, outcome: str
) -> tuple[Floats, Floats]:
    """Give what must be reached in a year and what is, as groups.judge_group has it."""
    if outcome in PRODUCTIVITIES:
        return np.broadcast_to(rate, values[outcome].shape), values[outcome]
    one_offs = values["nonrecurrent"] if outcome == "any_means" else 0.0
    return rate * values["cost_before"], values["recurrent"] + one_offs


def _course(judged: Judged, achieved: Flags, n: float) -> Parts:
    draws = len(achieved)
    on_course = np.logical_and.accumulate(judged.met, axis=1)
    count = on_course.sum(axis=0)
    low, high = wilson_of_worth(count, draws, n)
    missed = int(draws - count[-1])
    recovered = int((achieved & ~on_course[:, -1]).sum())
    recovery = [np.nan] * 3
    if missed:
        ends = wilson_of_worth(recovered, missed, n * missed / draws)
        recovery = [recovered / missed, *map(float, ends)]
    return {
        "on_course": (("year",), count / draws),
        "on_course_low": (("year",), low),
        "on_course_high": (("year",), high),
        "first_missed": (("year",), -np.diff(count, prepend=draws)),
        "achieved": ((), int(achieved.sum())),
        "missed": ((), missed),
        "recovered": ((), recovered),
        "recovery": ((), recovery[0]),
        "recovery_low": ((), recovery[1]),
        "recovery_high": ((), recovery[2]),
        "flips": ((), judged.flips),
        "doubtful": ((), judged.doubtful),
    }


# --- money and bands ------------------------------------------------------------------


def shortfalls(
    values: dict[str, Floats], rate: Floats, outcome: str
) -> tuple[Floats, Floats]:
    """Work out what is asked for and not delivered, in GBP m: (draw, year) and (draw,).

    Of productivity the money is the rate that is missing times cost before savings.
    """
    asked, delivered = _asked(values, rate, outcome)
    gap = asked - delivered
    if outcome in PRODUCTIVITIES:
        gap = gap * values["cost_before"]
    return np.maximum(gap, 0.0), np.maximum(gap.sum(axis=1), 0.0)


def _averages(name: str, values: Floats, dims: tuple[str, ...], n: float) -> Parts:
    """Average over draws, the last axis, and over the worst of them."""
    found: Parts = {}
    tail = tail_mean(values, TAIL, worth=n)
    for which, estimate in {"": mean(values, worth=n), "_tail": tail}.items():
        # What is missing is at least 0, and so is its mean.
        parts = estimate._replace(low=np.maximum(estimate.low, 0.0))
        for end, part in zip(("", "_error", "_low", "_high"), parts, strict=True):
            found[f"{name}{which}{end}"] = dims, part
    return found


def _one_off_share(values: dict[str, Floats]) -> Floats:
    saved = values["recurrent"] + values["nonrecurrent"]
    share = np.zeros(saved.shape)
    return np.divide(values["nonrecurrent"], saved, out=share, where=saved > 0.0)


def _band(name: str, values: Floats, n: float) -> Parts:
    dims = "year", "quantile"
    levels = np.quantile(values, LEVELS, axis=0, method="inverted_cdf")
    low, high = quantile_interval(values.T, LEVELS, worth=n)
    return {
        name: (dims, levels.T),
        f"{name}_low": (dims, low),
        f"{name}_high": (dims, high),
    }
