"""Which futures to look at: typical and extreme ones, and what sets them apart.

What a belief or the luck of the years adds in a future is its departure from its mean
times its weight in a linear regression of what the sector could have met. Futures are
alike where the same causes add alike; a typical one stands closest to the mean of its
kind in all of them at once, so that it is not a middling result of odd causes.
"""

from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri

from simulator.answers.believed import BELIEF, DRAW, believed
from simulator.errors import ScenarioError
from simulator.messages import nearest, quote
from simulator.runfile.tree import of_draws
from simulator.schema import CONFIDENCE
from simulator.types import Floats

Flags = NDArray[np.bool_]

CAUSE: Final = "cause"
FUTURE: Final = "future"
MEDIAN, WORST, ACHIEVED, MISSED = "median", "worst-tenth", "achieved", "missed"
NEAR: Final = (MEDIAN, WORST, ACHIEVED, MISSED)
TENTH: Final = 0.10
TYPICAL: Final = 4  # futures, beside the lowest and the highest
FEWEST: Final = 20  # futures of a kind that has a middle
LUCK: Final = {
    "pay": "growth of pay",
    "nonpay": "growth of non-pay prices",
    "pressure": "growth of cost beyond prices",
    "demand": "growth of demand",
    "delivery": "delivery of savings",
    "high_inflation": "years of high inflation",
}
REST: Final = "rest"


def futures(
    run: xr.DataTree, target: str, near: str = MEDIAN, outcome: str | None = None
) -> xr.Dataset:
    """Find futures of a run that are typical of a kind, and its extremes.

    Parameters
    ----------
    run
        As `open` gives it; of independent draws, 250 or more.
    target
        Name of a target of the run.
    near
        Which kind: the tenth of futures around the "median", the "worst-tenth", those
        "achieved" or those "missed".
    outcome
        What achieving means; by default as the target is meant.

    Returns
    -------
    found
        As `kind` gives it, with the attributes of `believed`; `trust` among them names
        the largest trust.

    Raises
    ------
    SimulatorError
        Where what is asked cannot be answered from this run.
    """
    given = believed(run, target, outcome, "futures")
    root = run.to_dataset()
    largest = root["trust"].values[int(root["opening_cost"].values.argmax())]
    return kind(given.merge(luck(run)), near).assign_attrs(trust=str(largest))


def luck(run: xr.DataTree) -> xr.Dataset:
    """Read the luck of the nation's years in every draw.

    Returns
    -------
    luck
        `luck` by (series, draw): each series' mean over years, and over types of trust
        where it is by type. What beliefs say of it is in it too.
    """
    drawn = of_draws(run, "drivers")
    parts = {}
    for name in LUCK:
        values = drawn[name].astype(np.float64)
        parts[name] = values.mean([dim for dim in values.dims if dim != DRAW]).values
    return xr.Dataset(
        {"luck": (("series", DRAW), np.stack(list(parts.values())))},
        coords={"series": list(parts)},
    )


def kind(given: xr.Dataset, near: str = MEDIAN) -> xr.Dataset:
    """Find the futures of a kind, and what sets them apart.

    Parameters
    ----------
    given
        As `believed` reads it, with `luck`.
    near
        As of `futures`.

    Returns
    -------
    found
        By cause, a belief or `luck.SERIES` (what of a series' mean beliefs do not
        say): `usual` and `here`, its median over all futures and over those of the
        kind; `apart`, by how many standard deviations their means differ; and `adds`,
        with `_low` and `_high`, what that comes to: points a year of what could have
        been met, or points of chance for an outcome without such a rate. By future:
        its `draw`, `role` ("typical", "lowest" or "highest"), `could`, `achieved`, and
        `added` by cause, beyond the mean of all futures. `size` is the number of
        futures of the kind, `rest` by future what the linear regression leaves out.
        The causes add up to what is explained, and with the rest to the whole.
    """
    if near not in NEAR:
        raise ScenarioError("near", f"{quote(near)} is no kind", nearest(near, NEAR))
    y = _result(given, near)
    chosen = _chosen(given, y, near)
    names, values = _causes(given)
    added = 100.0 * _added(values, y)
    rest = 100.0 * (y - y.mean()) - added.sum(axis=0)
    order = np.argsort(-np.abs(added[:, chosen].mean(axis=1)), kind="stable")
    names, values, added = [names[k] for k in order], values[order], added[order]
    found = _apart(names, values, added, chosen)
    picked = _typical(np.vstack([added, rest]), chosen)
    if "could" in given:
        picked += _ends(y, chosen)
    roles = [role for _, role in picked]
    draws = np.array([draw for draw, _ in picked], dtype=np.int64)
    found["draw"] = FUTURE, draws
    found["role"] = FUTURE, roles
    found["achieved"] = FUTURE, given["achieved"].values[draws]
    if "could" in given:
        found["could"] = FUTURE, given["could"].values[draws]
    found["added"] = (FUTURE, CAUSE), added[:, draws].T
    found[REST] = FUTURE, rest[draws]
    about = given[[name for name in ("meaning", "grade") if name in given]]
    size = int(chosen.sum())
    return found.merge(about, combine_attrs="override").assign_attrs(
        given.attrs | {"near": near, "size": size, "confidence": CONFIDENCE}
    )


def _result(given: xr.Dataset, near: str) -> Floats:
    """Give what futures are told apart by: (draw,)."""
    if "could" in given:
        could: Floats = given["could"].values
        return could
    if near in (MEDIAN, WORST):
        raise ScenarioError(
            "near",
            f"{near} needs a rate that could have been met, and "
            f"{given.attrs['outcome']} has none",
            f"choose from: {ACHIEVED}, {MISSED}",
        )
    return np.asarray(given["achieved"].values, np.float64)


def _chosen(given: xr.Dataset, y: Floats, near: str) -> Flags:
    achieved = given["achieved"].values.astype(bool)
    half = TENTH / 2.0
    low, high = np.quantile(y, (0.5 - half, 0.5 + half))
    chosen = {
        MEDIAN: (y >= low) & (y <= high),
        WORST: y <= np.quantile(y, TENTH),
        ACHIEVED: achieved,
        MISSED: ~achieved,
    }[near]
    if chosen.sum() < FEWEST:
        raise ScenarioError(
            "near",
            f"{int(chosen.sum())} of {len(y):,} futures are {near}: too few to have a "
            "middle",
            f"choose another kind, or a target that more than {FEWEST} draws are of",
        )
    return np.asarray(chosen)


def _causes(given: xr.Dataset) -> tuple[list[str], Floats]:
    """Give beliefs, and the luck that they do not tell of: (cause, draw)."""
    beliefs = given["value"].values
    names = [str(name) for name in given[BELIEF].values]
    if "luck" not in given:
        return names, beliefs
    design = np.vstack([np.ones(beliefs.shape[1]), _standard(beliefs)]).T
    luck = given["luck"].values
    explained = design @ np.linalg.lstsq(design, luck.T, rcond=None)[0]
    left = luck - explained.T
    # A series that never varies, such as a regime that is never entered, is no cause.
    real = left.std(axis=1) > 1e-12
    series = [f"luck.{name}" for name in given["series"].values]
    lucky = [name for name, is_real in zip(series, real, strict=True) if is_real]
    return [*names, *lucky], np.vstack([beliefs, left[real]])


def _standard(values: Floats) -> Floats:
    spread = values.std(axis=1, keepdims=True)
    centred = values - values.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.where(spread > 0.0, spread, 1.0))


def _added(values: Floats, y: Floats) -> Floats:
    """Find what each cause adds in each future, beyond the mean: (cause, draw)."""
    level = _standard(values)
    weights = np.linalg.lstsq(level.T, y - y.mean(), rcond=None)[0]
    return np.asarray(weights[:, None] * level)


def _apart(
    names: list[str], values: Floats, added: Floats, chosen: Flags
) -> xr.Dataset:
    own = added[:, chosen]
    middle = own.mean(axis=1)
    z = float(ndtri(0.5 + CONFIDENCE / 2.0))
    half = z * own.std(axis=1, ddof=1) / np.sqrt(own.shape[1])
    columns = {
        "usual": np.median(values, axis=1),
        "here": np.median(values[:, chosen], axis=1),
        "apart": _standard(values)[:, chosen].mean(axis=1),
        "adds": middle,
        "adds_low": middle - half,
        "adds_high": middle + half,
    }
    return xr.Dataset(
        {name: (CAUSE, column) for name, column in columns.items()},
        coords={CAUSE: names},
    )


def _typical(added: Floats, chosen: Flags) -> list[tuple[int, str]]:
    """Pick the futures of a kind that are closest to its middle, the closest first."""
    draws = np.flatnonzero(chosen)
    own = added[:, draws]
    far = ((own - own.mean(axis=1, keepdims=True)) ** 2).sum(axis=0)
    closest = np.argsort(far, kind="stable")[:TYPICAL]
    return [(int(draws[k]), "typical") for k in closest]


def _ends(y: Floats, chosen: Flags) -> list[tuple[int, str]]:
    draws = np.flatnonzero(chosen)
    lowest, highest = draws[y[draws].argmin()], draws[y[draws].argmax()]
    return [(int(lowest), "lowest"), (int(highest), "highest")]
