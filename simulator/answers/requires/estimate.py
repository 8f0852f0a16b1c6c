"""What would have to be true: a box of beliefs in which a target is likely.

Draws are split in three by their numbers: half find boxes, a quarter chooses one, and
the last quarter, which nothing was fitted to, says how likely the target is in it.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.answers.believed import BELIEF, believed
from simulator.answers.requires import prim
from simulator.answers.requires.prim import AT_LEAST, AT_MOST, Box
from simulator.errors import ScenarioError
from simulator.schema import CONFIDENCE
from simulator.statistics.intervals import wilson
from simulator.types import Floats

Flags = NDArray[np.bool_]

LIMIT: Final = "limit"
SIDES: Final = ("at least", "at most")
AS_IT_IS, FOUND, NONE = "as it is", "found", "none"
RESAMPLES: Final = 20
TENTH: Final = 0.10
ABOUT: Final = ("meaning", "unit", "grade")  # of a belief, handed on


class Some(NamedTuple):
    """Some of the draws: beliefs, (belief, draw), and successes, (draw,)."""

    x: Floats
    y: Flags

    def some(self, which: NDArray[np.int64] | Flags) -> "Some":
        """Take some of them, or some of them more than once."""
        return Some(self.x[:, which], self.y[which])


def requires(
    run: xr.DataTree,
    target: str,
    probability: float = 0.8,
    outcome: str | None = None,
) -> xr.Dataset:
    """Find what would have to be true for a target to have a given chance.

    Parameters
    ----------
    run
        As `open` gives it; of independent draws, 250 or more.
    target
        Name of a target of the run.
    probability
        The chance that is asked for.
    outcome
        What achieving means; by default as the target is meant.

    Returns
    -------
    found
        As `conditions` gives it, with the attributes of `believed`.

    Raises
    ------
    SimulatorError
        Where what is asked cannot be answered from this run.
    """
    return conditions(believed(run, target, outcome, "requires"), probability)


def conditions(
    given: xr.Dataset, probability: float = 0.8, resamples: int = RESAMPLES
) -> xr.Dataset:
    """Find a box of beliefs in which success has a given chance.

    Parameters
    ----------
    given
        `value` by (belief, draw) and `achieved` by draw, as `believed` reads them.
    probability
        The chance that is asked for.
    resamples
        How often the draws are resampled, to see how firm the limits are.

    Returns
    -------
    found
        The attribute `reached` tells which of three it is: "as it is", where all draws
        together have the chance and nothing else need be true; "found", where the box
        has it in the draws that choose; "none", where no box has, and the likeliest is
        given. Of the box, from the draws that neither found nor chose it, each with
        `_low` and `_high`: `chance`; `mass`, the share of futures in it; `coverage`,
        the share of all successes in it. `whole` is the chance over all draws. Of each
        `limit`: its `belief`, `side` and `value`; `met`, the share of futures that meet
        it; and `kept`, the share of resamples of the draws whose box has a limit on
        that side of that belief, with the middle 80% of them in `value_low` and
        `value_high`. By belief: as `alone` gives them, and `lower_tenth` and
        `upper_tenth`, which bound the middle 80% of futures.

    Notes
    -----
    In the draws that found it a box looks better than it is, the more so the fewer
    successes there are: `found_chance` is that share.
    """
    if not 0.0 < probability < 1.0:
        problem = f"{probability:g} is not between 0 and 1"
        raise ScenarioError("probability", problem, "give 0.8 for 80%")
    x, y = given["value"].values, given["achieved"].values.astype(bool)
    part = np.arange(len(y)) % 4
    whole = Some(x, y)
    find, choose, check = (whole.some(k) for k in (part < 2, part == 2, part == 3))
    box, reached = find_box(find, choose, probability)
    if y.mean() >= probability:
        box, reached = (), AS_IT_IS
    found = xr.Dataset(attrs=given.attrs)
    found.attrs |= {
        "probability": probability,
        "confidence": CONFIDENCE,
        "reached": reached,
        "draws_checked": len(check.y),
        "resamples": resamples if box else 0,
    }
    _put(found, "whole", int(y.sum()), len(y))
    within = prim.inside(box, check.x)
    _put(found, "chance", int((within & check.y).sum()), int(within.sum()))
    _put(found, "mass", int(within.sum()), len(within))
    _put(found, "coverage", int((within & check.y).sum()), int(check.y.sum()))
    found["found_chance"] = find.y[prim.inside(box, find.x)].mean()
    seed = int(given.attrs.get("seed", 0))
    rng = np.random.default_rng(seed)
    resampled = [
        find_box(_resampled(find, rng), _resampled(choose, rng), probability)[0]
        for _ in range(found.attrs["resamples"])
    ]
    names = given[BELIEF].values
    found = found.merge(_limits(box, names, x, resampled), combine_attrs="override")
    found = found.merge(alone(whole.some(part < 3), check, names, probability))
    tenths = np.quantile(x, (TENTH, 1.0 - TENTH), axis=1)
    found["lower_tenth"], found["upper_tenth"] = ((BELIEF, end) for end in tenths)
    about = given[[name for name in ABOUT if name in given]]
    return found.merge(about, combine_attrs="override")


def find_box(find: Some, choose: Some, probability: float) -> tuple[Box, str]:
    """Find boxes in some draws, and choose one by others.

    Of those that have the chance, the one with most successes; where none has, the one
    whose chance has the highest lower limit.
    """
    boxes = list(
        dict.fromkeys(
            prim.prune(box, choose.x, choose.y) for box in prim.peel(find.x, find.y)
        )
    )
    within = np.stack([prim.inside(box, choose.x) for box in boxes])
    number, success = within.sum(axis=1), (within & choose.y).sum(axis=1)
    low, _ = wilson(success, np.maximum(number, 1), CONFIDENCE)
    enough = success >= probability * np.maximum(number, 1)
    if enough.any():
        return boxes[int(np.where(enough, success, -1).argmax())], FOUND
    return boxes[int(low.argmax())], NONE


def _resampled(draws: Some, rng: np.random.Generator) -> Some:
    """Take as many draws again, with replacement."""
    return draws.some(rng.integers(0, len(draws.y), len(draws.y)))


def _limits(
    box: Box, names: NDArray[np.str_], x: Floats, resampled: Sequence[Box]
) -> xr.Dataset:
    """Describe the limits of a box, the most often found first."""
    rows = []
    for limit in box:
        same = [
            other.value for one in resampled for other in one if other[:2] == limit[:2]
        ]
        low, high = (
            np.quantile(same, (TENTH, 1.0 - TENTH)) if same else (np.nan, np.nan)
        )
        rows.append(
            (
                str(names[limit.belief]),
                SIDES[limit.side],
                limit.value,
                float(limit.meets(x).mean()),
                len(same) / max(len(resampled), 1),
                float(low),
                float(high),
            )
        )
    rows.sort(key=lambda row: (-row[4], row[3]))
    columns = list(zip(*rows, strict=True)) or [()] * 7
    kinds = (str, str, *[float] * 5)
    keys = ("belief", "side", "value", "met", "kept", "value_low", "value_high")
    return xr.Dataset(
        {
            f"limit_{key}": (LIMIT, np.array(column, dtype=kind))
            for key, column, kind in zip(keys, columns, kinds, strict=True)
        }
    )


# --- one belief by itself -------------------------------------------------------------


def alone(
    fitted: Some, check: Some, names: NDArray[np.str_], probability: float
) -> xr.Dataset:
    """Find from where on each belief by itself gives the chance.

    Parameters
    ----------
    fitted, check
        Draws that set thresholds, and others that say how likely success is there.
    names
        Of the beliefs.
    probability
        The chance that is asked for.

    Returns
    -------
    found
        By belief: `side`, on which success is likelier; `best` and `worst`, the chance
        in the tenth of futures at that end and at the other; `threshold`, the least
        strict value on that side beyond which the chance is as asked, with `beyond`,
        the share of futures there, and `threshold_chance`. Where a twentieth of the
        futures does not have it, the three are not numbers.
    """
    ends = {"_low": 0, "_high": 1}
    rows: dict[str, list[object]] = {}

    def put(name: str, seen: Flags) -> None:
        n = int(seen.size)
        count = int(seen.sum())
        rows.setdefault(name, []).append(count / n if n else np.nan)
        bounds = wilson(count, n, CONFIDENCE) if n else (np.nan, np.nan)
        for end, k in ends.items():
            rows.setdefault(name + end, []).append(float(bounds[k]))

    for own, other in zip(fitted.x, check.x, strict=True):
        side, threshold = _threshold(own, fitted.y, probability)
        toward = 1.0 if side == AT_LEAST else -1.0
        edge = np.quantile(toward * own, (TENTH, 1.0 - TENTH))
        put("worst", check.y[toward * other <= edge[0]])
        put("best", check.y[toward * other >= edge[1]])
        meets = toward * other >= toward * threshold
        put("threshold_chance", check.y[meets])
        rows.setdefault("side", []).append(SIDES[side])
        rows.setdefault("threshold", []).append(threshold)
        # Of all that it was set by: 1 where no threshold is needed.
        beyond = float((toward * own >= toward * threshold).mean())
        beyond = beyond if np.isfinite(threshold) else np.nan
        rows.setdefault("beyond", []).append(beyond)
    found = {f"alone_{name}": (BELIEF, values) for name, values in rows.items()}
    return xr.Dataset(found, coords={BELIEF: names})


def _threshold(x: Floats, y: Flags, probability: float) -> tuple[int, float]:
    """Find the better side of a belief, and its threshold, if it has one."""
    order = np.argsort(x, kind="stable")
    values, success = x[order], y[order].astype(np.float64)
    n = len(x)
    rises = (np.arange(n) - (n - 1) / 2.0) @ success >= 0.0
    side = AT_LEAST if rises else AT_MOST
    if side == AT_LEAST:
        values, success = values[::-1], success[::-1]
    share = np.cumsum(success) / np.arange(1, n + 1)
    # A threshold takes all draws of one value, or none.
    last = np.append(values[1:] != values[:-1], True)
    enough = (share >= probability) & last & (np.arange(1, n + 1) >= prim.LEAST * n)
    if not enough.any():
        return side, np.nan
    return side, float(values[n - 1 - int(enough[::-1].argmax())])


def _put(found: xr.Dataset, name: str, count: int, number: int) -> None:
    """Put a share with its interval; of nothing it is not a number."""
    value = count / number if number else np.nan
    low, high = wilson(count, number, CONFIDENCE) if number else (np.nan, np.nan)
    found[name], found[f"{name}_low"], found[f"{name}_high"] = value, low, high
    found[f"{name}_of"] = number
