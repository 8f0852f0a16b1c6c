"""Charts of a run, each a function that returns a chart of Altair.

>>> import simulator as sim
>>> run = sim.open("long-term-plan.h5")                  # doctest: +SKIP
>>> sim.plots.curve(run)                                 # doctest: +SKIP
>>> sim.plots.fan(run, target="1.1%").save("fan.svg")    # doctest: +SKIP

The title of a chart is its answer, with the interval and the number of draws; its
description says in words what it shows. They come with the extra `report`.
"""

from collections.abc import Sequence
from typing import Any

import xarray as xr

from simulator.answers.compare.simulate import Comparison
from simulator.answers.uncertainty.simulate import Uncertainty
from simulator.answers.why.simulate import Explanation
from simulator.plots import (
    asked_delivered,
    belief_tornado,
    cause_waterfall,
    chance_curve,
    course_path,
    fan_chart,
    record_hindcast,
    run_comparison,
    sweep_grid,
    trust_dots,
)

__all__ = [
    "asked_and_delivered",
    "comparison",
    "curve",
    "fan",
    "hindcast",
    "path",
    "sweep",
    "tornado",
    "trusts",
    "waterfall",
]


def curve(
    run: xr.DataTree, target: str | None = None, *, outcome: str | None = None
) -> Any:
    """Draw the chance to achieve against the rate asked.

    Parameters
    ----------
    run
        As `open` gives it.
    target
        The one that the title is about; by default the highest that the sector has an
        even chance to achieve.
    outcome
        What achieving means; by default what each target is meant on.

    Returns
    -------
    chart
        Of Altair. Points are the targets of the run; the highest rates with a chance
        of 80% and of 50% are marked, no closer than between the two rates around them.
    """
    return chance_curve.figure(run, target, outcome).titled()


def fan(run: xr.DataTree, target: str | None = None) -> Any:
    """Draw where the years of a target spread to.

    The sector's balance, its savings, recurrent and one-off, its trusts in deficit and
    both productivities; `run` and `target` as of `curve`.
    """
    return fan_chart.figure(run, target).titled()


def asked_and_delivered(run: xr.DataTree, target: str | None = None) -> Any:
    """Draw savings planned and made, beside the published record of past years.

    `run` and `target` as of `curve`.
    """
    return asked_delivered.figure(run, target).titled()


def trusts(run: xr.DataTree, target: str | None = None) -> Any:
    """Draw the chance of every trust as a dot, by type; as of `curve`."""
    return trust_dots.figure(run, target).titled()


def path(run: xr.DataTree, target: str | None = None) -> Any:
    """Draw the share of futures still on course, year by year; as of `curve`.

    Beside the target stand the next higher ones that are meant alike.
    """
    return course_path.figure(run, target).titled()


def waterfall(explained: Explanation, quantity: str = "delivered") -> Any:
    """Draw what a result is put down to.

    Parameters
    ----------
    explained
        As `questions.attributing.answer` gives it.
    quantity
        "delivered", "balance" or "chance".
    """
    return cause_waterfall.figure(explained, quantity).titled()


def tornado(found: Uncertainty, target: str | None = None) -> Any:
    """Draw the assumptions that a chance hangs on.

    Parameters
    ----------
    found
        As `questions.uncertainty.split` gives it.
    target
        By default its first.
    """
    return belief_tornado.figure(found, target).titled()


def hindcast(scored: xr.Dataset, target: str | None = None) -> Any:
    """Draw what was published of past years on the bands that were foretold.

    Parameters
    ----------
    scored
        As `hindcast` of the package gives it.
    target
        By default its first.
    """
    return record_hindcast.figure(scored, target).titled()


def comparison(found: Sequence[Comparison], target: str | None = None) -> Any:
    """Draw the chances of runs side by side.

    Parameters
    ----------
    found
        As `questions.comparing.against_first` gives it.
    target
        The one that the title is about; by default what differs most.
    """
    return run_comparison.figure(found, target).titled()


def sweep(
    found: xr.Dataset | xr.DataTree,
    target: str | None = None,
    *,
    outcome: str = "cash_releasing",
) -> Any:
    """Draw a chance along one varied key, or across two.

    Parameters
    ----------
    found
        As `sweep` of the package gives it, or `open` of its file.
    target
        By default its first.
    outcome
        What achieving means.
    """
    own = found.to_dataset() if isinstance(found, xr.DataTree) else found
    return sweep_grid.figure(own, target, outcome).titled()
