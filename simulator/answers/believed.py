"""What each draw of a run believes, and how a target fared in it."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import xarray as xr

from simulator import drivers, evidence
from simulator.answers.headline.estimate import own_outcome
from simulator.errors import RunFileError, ScenarioError
from simulator.messages import nearest, quote
from simulator.outcomes import OF_NAME, OUTCOMES, PRODUCTIVITIES
from simulator.runfile.tree import of_draws
from simulator.running import rebuild
from simulator.sampling.stream import Stream
from simulator.scenario import idle
from simulator.scenario.model import Scenario
from simulator.scenario.sources import Origin
from simulator.scenario.uncertain import uncertain
from simulator.statistics.independence import need_independent
from simulator.types import Floats

BELIEF: Final = "belief"
DRAW: Final = "draw"
GROUPS: Final = ("/", "/sector", "/drivers", "/provenance")  # of a run, that are read
FEWEST: Final = 250  # draws that say anything of more than a belief or two


def believed(
    run: xr.DataTree, target: str, outcome: str | None = None, asked: str = "this"
) -> xr.Dataset:
    """Read what is believed in every draw of a run, and how one target fared.

    Parameters
    ----------
    run
        As `open` gives it; the groups `GROUPS` are read.
    target
        Name of a target of the run.
    outcome
        What achieving means; by default as the target is meant.
    asked
        The command that asks, for messages.

    Returns
    -------
    found
        `value` of each uncertain belief that moves a result, (belief, draw), in the
        unit of its key path, and by belief its `meaning`, `unit` and the `grade` of its
        evidence, empty where there is none. Whether a programme happens goes by
        `programmes.NAME.happens`, 0 or 1. By draw: `achieved`, and, for outcomes that
        a higher rate can only make harder, `could`: the most that the sector could have
        met in that future, a mean rate a year. Attributes: `title`, `target`,
        `outcome`, `rate` (mean over years), `draws`, `seed`, and `point`: GBP m that a
        rate of one point a year comes to over all years.

    Raises
    ------
    SimulatorError
        Where the run has no such target, there is no such outcome, or the draws are not
        independent or too few.
    """
    need_independent(run, asked)
    root = run.to_dataset()
    names = [str(name) for name in root["target"].values]
    if target not in names:
        raise RunFileError(
            f"target {quote(target)}", "is not in this run", nearest(target, names)
        )
    if outcome is not None and outcome not in OUTCOMES:
        problem = f"{quote(outcome)} is not an outcome"
        raise ScenarioError("outcome", problem, nearest(outcome, OUTCOMES))
    draws = int(run.attrs["draws"])
    if draws < FEWEST:
        raise RunFileError(
            asked,
            f"needs {FEWEST:,} draws or more, and the run has {draws:,}",
            "run --extend adds draws",
        )
    outcome = outcome or str(own_outcome(root).sel(target=target).values)
    loaded = rebuild.inputs_of(run).loaded
    found = _values(run, loaded.scenario, loaded.origins)
    sector = of_draws(run, "sector")
    found["achieved"] = (
        DRAW,
        sector["achieved"].sel(target=target, outcome=outcome).values,
    )
    if OF_NAME[outcome].falls:
        found["could"] = DRAW, most_met(root, sector, target, outcome)
    by_year = sector["cost_before"].sel(target=target).mean(DRAW, dtype=np.float64)
    return found.assign_attrs(
        title=str(run.attrs["title"]),
        target=target,
        outcome=outcome,
        rate=float(root["rate"].sel(target=target).mean()),
        draws=draws,
        seed=int(run.attrs["seed"]),
        point=float(by_year.sum()) / 100.0,
    )


# --- beliefs --------------------------------------------------------------------------


def _values(
    run: xr.DataTree, scenario: Scenario, origins: Mapping[str, Origin]
) -> xr.Dataset:
    """Read the beliefs that are uncertain and move a result."""
    drawn = of_draws(run, "drivers")
    unread = idle.unread(scenario)
    values = {
        path: drawn[path.replace(".", "__")].values.astype(np.float64)
        for path, assumption in uncertain(scenario).items()
        if not assumption.is_certain and path not in unread
    }
    values |= dict(_happening(scenario, run))
    if not values:
        raise RunFileError(
            "beliefs",
            "are all certain in this run: nothing could be otherwise",
            "run a scenario with uncertain values",
        )
    found = xr.Dataset(
        {"value": ((BELIEF, DRAW), np.stack(list(values.values())))},
        coords={BELIEF: list(values)},
    )
    said = [_said(path) for path in values]
    found["meaning"] = BELIEF, [meaning for meaning, _ in said]
    found["unit"] = BELIEF, [unit for _, unit in said]
    grades = [origins[path].grade if path in origins else "" for path in values]
    found["grade"] = BELIEF, grades
    return found


def _happening(scenario: Scenario, run: xr.DataTree) -> Iterator[tuple[str, Floats]]:
    """Draw again whether programmes happen: the file holds only what they come to."""
    stream = Stream(int(run.attrs["seed"]), 0, int(run.attrs["draws"]))
    for name, programme in scenario.programmes.items():
        if programme.enabled and 0.0 < programme.probability < 1.0:
            yield (
                f"programmes.{name}.happens",
                drivers.happens(scenario, stream, name),
            )


def _said(path: str) -> tuple[str, str]:
    """Say what a belief means, and its unit, where the evidence does."""
    if path.endswith(".happens"):
        return "Whether the programme happens.", "0 or 1"
    entry = evidence.default_entry(path)
    # A user's own programme has none.
    return ("", "") if entry is None else (entry.meaning, entry.unit)


# --- the most that could have been met ------------------------------------------------


def most_met(root: xr.Dataset, sector: xr.Dataset, target: str, outcome: str) -> Floats:
    """Find the most that each future could have met: a rate, (draw,).

    A higher target moves savings too, so what is delivered under one target is not what
    another would bring. Between targets that differ only in their rates it is drawn as
    a straight line; beyond them it stays as it is.
    """
    names = on_same_terms(root, target)
    asked = np.array([float(root["rate"].sel(target=k).mean()) for k in names])
    margin = np.stack([_margin(root, sector, k, outcome) for k in names])
    order = np.argsort(asked, kind="stable")
    return highest_met(asked[order], margin[order])


def on_same_terms(root: xr.Dataset, target: str) -> list[str]:
    """Name the targets that differ from this one in their rates at most."""
    own = root.sel(target=target)
    plans = root["plan_follows"] == own["plan_follows"]
    addon = (root["deficit_addon"] == own["deficit_addon"]).all("year")
    same = (plans & addon).values
    rates = root["rate"].mean("year")
    # Of several with one rate, the one that is asked about.
    of_rate = {float(rates.sel(target=k)): str(k) for k in root["target"].values[same]}
    of_rate[float(rates.sel(target=target))] = target
    return list(of_rate.values())


def _margin(root: xr.Dataset, sector: xr.Dataset, target: str, outcome: str) -> Floats:
    """Find how far the mean rate delivered lies above the target's: (draw,)."""
    rate = root["rate"].sel(target=target)
    own = sector.sel(target=target)
    if outcome in PRODUCTIVITIES:
        found = (own[outcome].astype(np.float64) - rate).mean("year")
    else:
        cost = own["cost_before"].astype(np.float64)
        saved = own["recurrent"].astype(np.float64)
        if outcome == "any_means":
            saved = saved + own["nonrecurrent"]
        found = (saved - rate * cost).sum("year") / cost.sum("year")
    values: Floats = found.values
    return values


def highest_met(asked: Floats, margin: Floats) -> Floats:
    """Find the rate at which the margin falls to zero.

    Parameters
    ----------
    asked
        Rates in rising order: (rate,).
    margin
        By how much each is met: (rate, draw), falling with the rate.

    Returns
    -------
    rate
        (draw,): linear between the rates; beyond them what is delivered stays.
    """
    draws = np.arange(margin.shape[1])
    met = margin >= 0.0
    last = len(asked) - 1 - met[::-1].argmax(axis=0)
    last = np.where(met.any(axis=0), last, -1)
    # None met, or all: what is delivered under the nearest is the most.
    end = np.where(last < 0, 0, len(asked) - 1)
    beyond = asked[end] + margin[end, draws]
    if len(asked) == 1:
        return np.asarray(beyond)
    low = np.clip(last, 0, len(asked) - 2)
    above, below = margin[low, draws], margin[low + 1, draws]
    within = (last >= 0) & (last < len(asked) - 1)
    part = np.where(within, above / np.where(within, above - below, 1.0), 0.0)
    between = asked[low] + part * (asked[low + 1] - asked[low])
    return np.where(within, between, beyond)
