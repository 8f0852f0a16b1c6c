"""What it would be worth to know a belief: variance explained, wrong calls, money.

Two decisions stand to be made better. One is a call: the target is achievable, or is
not; a wrong call is a loss of one. The other is a rate: asked too high, the target is
missed; asked too low, savings that could have been made are not. Whoever knew a belief
would decide by what is expected given it. What that saves is its value.
"""

from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from scipy.special import ndtri

from simulator.answers.believed import BELIEF, believed
from simulator.answers.worth import regression
from simulator.errors import ScenarioError
from simulator.schema import CONFIDENCE
from simulator.types import Floats

UNIT: Final = "unit"
RATE: Final = "asked"
# Under it the best rate is the one that four futures of five could meet, which is the
# chance that `target` looks for unless it is told another.
REGRET: Final = 4.0
RATES: Final = 33  # that can be asked, from the 1% to the 99% point, and the best
LEADING: Final = 4  # beliefs that are looked at in pairs
SAVED: Final = ("calls", "money")


class Outcomes(NamedTuple):
    """What was seen in every draw, and what each choice would have cost there.

    `variable` is what variance is explained of, (draw,); `calls` are the losses of
    calling the target achievable and of not, (draw, 2); `money` those of each rate that
    could be asked, (draw, rate), GBP m, none where the outcome has no such rate.
    """

    variable: Floats
    calls: Floats
    money: Floats

    @property
    def together(self) -> Floats:
        """All of them, side by side: (draw, output)."""
        return np.concatenate([self.variable[:, None], self.calls, self.money], axis=1)


def worth(
    run: xr.DataTree, target: str, regret: float = REGRET, outcome: str | None = None
) -> xr.Dataset:
    """Find what it would be worth to know each belief, pairs and groups of them.

    Parameters
    ----------
    run
        As `open` gives it; of independent draws, 250 or more.
    target
        Name of a target of the run.
    regret
        What missing a target by a point costs, where asking a point too little costs 1.
    outcome
        What achieving means; by default as the target is meant.

    Returns
    -------
    found
        As `values` gives it, with the attributes of `believed`.

    Raises
    ------
    SimulatorError
        Where what is asked cannot be answered from this run.
    """
    return values(believed(run, target, outcome, "worth"), regret)


def values(given: xr.Dataset, regret: float = REGRET) -> xr.Dataset:
    """Find what it would be worth to know beliefs.

    Parameters
    ----------
    given
        As `believed` reads it.
    regret
        What missing by a point costs, where asking a point too little costs 1.

    Returns
    -------
    found
        By unit, a belief, a pair of those that are worth most, a section of the
        scenario or all beliefs, its `kind` and `terms`, and each with `_low` and
        `_high`: `explains`, the share of variance that is gone once it is known, of
        what the sector could have met, or of whether it achieves where there is no
        such rate; `calls`, the part of futures in which a wrong call of the target
        would be put right; `money`, GBP m over all years that it would save whoever
        asks for a rate. Nothing is cut off at zero: noise about zero may be negative.
        Not numbers where the draws are too few to carry the regression, and `money` in
        all units where the outcome has no rate that could have been met. And `wrong`,
        the share of futures that are called wrongly now; `loss`, what is lost now, GBP
        m; `best`, the rate to ask now.

    Notes
    -----
    The value of a unit is that of the rule fitted by regression: each draw's choice is
    made by the draws of other folds and judged by what happens in it. This bounds the
    value of perfect knowledge from below, and meets it where the regression is right.

    References
    ----------
    Raiffa and Schlaifer (1961), Applied Statistical Decision Theory, for the value;
    Strong, Oakley and Brennan (2014), Medical Decision Making 34, 311-326, for finding
    it by regression on the draws of one simulation; Chernozhukov and others (2018), The
    Econometrics Journal 21, C1-C68, for cross-fitting. Explained variance is Sobol's
    closed index of the unit.
    """
    if not 0.0 < regret < np.inf:
        problem = f"{regret:g} is not above 0"
        raise ScenarioError("regret", problem, "give 4 where a miss costs four times")
    seen, rates = outcomes_of(given, regret)
    now = regression.mean_of_others(seen.together)
    x = given["value"].values
    names = [str(name) for name in given[BELIEF].values]
    alone = {name: [k] for k, name in enumerate(names)}
    found = {name: _value(x[which], seen, now) for name, which in alone.items()}
    kinds = dict.fromkeys(alone, "belief")
    by = "money" if len(rates) else "calls"
    leading = sorted(names, key=lambda name: -found[name].get(by, np.nan))[:LEADING]
    for pair in combinations(sorted(leading, key=names.index), 2):
        unit = " + ".join(pair)
        kinds[unit] = "pair"
        found[unit] = _value(x[[names.index(name) for name in pair]], seen, now)
    for unit, which in regression.groups(names):
        kinds[unit] = "all" if len(which) == len(names) else "section"
        found[unit] = _value(x[which], seen, now)
    columns = {key: [row.get(key, np.nan) for row in found.values()] for key in KEYS}
    made = xr.Dataset(
        {key: (UNIT, column) for key, column in columns.items()},
        coords={UNIT: list(found)},
        attrs=given.attrs | {"regret": regret, "confidence": CONFIDENCE},
    )
    made["kind"] = UNIT, list(kinds.values())
    made["wrong"] = seen.calls.mean(axis=0).min()
    loss = seen.money.mean(axis=0)
    made["loss"] = loss.min() if len(rates) else np.nan
    made["best"] = rates[loss.argmin()] if len(rates) else np.nan
    about = given[[name for name in ("meaning", "unit", "grade") if name in given]]
    return made.merge(
        about.rename({name: f"belief_{name}" for name in about.data_vars}),
        combine_attrs="override",
    )


KEYS: Final = (
    "terms",
    *(f"{name}{end}" for name in ("explains", *SAVED) for end in ("", "_low", "_high")),
)


def outcomes_of(given: xr.Dataset, regret: float) -> tuple[Outcomes, Floats]:
    """Gather what each draw would have cost under each choice, and the rates asked."""
    achieved = given["achieved"].values.astype(np.float64)
    calls = np.stack([1.0 - achieved, achieved], axis=1)
    if "could" not in given:
        return Outcomes(achieved, calls, np.empty((len(achieved), 0))), np.empty(0)
    could = given["could"].values
    # Where nothing more is known, the best is the rate that so many could meet.
    best = np.quantile(could, 1.0 / (1.0 + regret))
    low, high = (float(end) for end in np.quantile(could, (0.01, 0.99)))
    rates = np.linspace(low, high, RATES)
    rates = np.unique(np.append(rates, best))
    return (
        Outcomes(could, calls, losses(could, rates, regret, given.attrs["point"])),
        rates,
    )


def losses(could: Floats, rates: Floats, regret: float, point: float) -> Floats:
    """Give what asking each rate costs in each future: (draw, rate), GBP m.

    Parameters
    ----------
    could
        The most that could have been met: (draw,).
    rates
        That may be asked: (rate,).
    regret
        Cost of missing by a point, where asking a point too little costs 1.
    point
        GBP m that a rate of one point a year comes to over all years.
    """
    over = rates[None, :] - could[:, None]
    return 100.0 * point * np.where(over > 0.0, regret * over, -over)


def _value(x: Floats, seen: Outcomes, now: Floats) -> dict[str, float]:
    """Find what it would be worth to know some beliefs; see `values`."""
    design = regression.terms(x)
    n_draw, n_term = design.shape
    row: dict[str, float] = {"terms": n_term}
    if not regression.carried(n_term, n_draw):
        return row
    known = regression.expected(design, seen.together)
    _put(row, "explains", *_explained(seen.variable, now[:, 0], known[:, 0]))
    ends = np.cumsum([1, seen.calls.shape[1], seen.money.shape[1]])
    for name, cost, start, end in zip(
        SAVED, (seen.calls, seen.money), ends[:-1], ends[1:], strict=True
    ):
        if end > start:
            pairs = [_chosen(cost, fit[:, start:end]) for fit in (now, known)]
            saved = pairs[0] - pairs[1]
            error = saved.std(ddof=1) / np.sqrt(n_draw)
            _put(row, name, float(saved.mean()), float(error))
    return row


def _chosen(cost: Floats, expected: Floats) -> Floats:
    """Give what the choice that is expected to cost least did cost: (draw,)."""
    return np.asarray(cost[np.arange(len(cost)), expected.argmin(axis=1)])


def _explained(y: Floats, now: Floats, known: Floats) -> tuple[float, float]:
    """Find the share of variance explained, and its error by the delta method."""
    before, after = (y - now) ** 2, (y - known) ** 2
    size = before.mean()
    if size == 0.0:
        return np.nan, np.nan
    share = 1.0 - after.mean() / size
    pull = (before - after - share * before) / size
    return float(share), float(pull.std(ddof=1) / np.sqrt(len(y)))


def _put(row: dict[str, float], name: str, value: float, error: float) -> None:
    half = float(ndtri(0.5 + CONFIDENCE / 2.0)) * error
    row |= {name: value, f"{name}_low": value - half, f"{name}_high": value + half}


def net_benefit(given: xr.Dataset, regret: float = REGRET) -> xr.DataArray:
    """Give what each rate that may be asked brings in each future: (draw, asked).

    GBP m, the losses with their sign turned: the form that tools for the value of
    information take.
    """
    seen, rates = outcomes_of(given, regret)
    if len(rates) == 0:
        raise ScenarioError(
            "outcome",
            f"{given.attrs['outcome']} has no rate that could have been met, and so "
            "no net benefit",
            "choose another outcome",
        )
    return xr.DataArray(-seen.money, dims=("draw", RATE), coords={RATE: rates})
