"""Whether intervals of tornado and sweep hold the true value as often as they say.

Truth is the same estimate from many more draws, of another seed.
"""

import numpy as np
import pytest
import tiny

from simulator.answers.sweep.simulate import MEANS, sweep
from simulator.answers.tornado.estimate import moves
from simulator.answers.tornado.levers import levers, with_values
from simulator.answers.tornado.simulate import Held, _with_one_target, _Work
from simulator.running import prepare
from simulator.sampling.stream import Stream

pytestmark = pytest.mark.slow

SMALL, TIMES, LARGE = 250, 240, 120_000
# Of 240 intervals at 95%, so few or so many hold in fewer than 1 case of 500.
LEAST, MOST = 0.90, 0.99
FEW = 10  # draws that are turned
BELIEFS = ("delivery.real_share", "prices.pressure", "demand.bias")
LEVER = "programmes.rosters"


def seen(draws, seed):
    """Every input low and high in the same futures: what a tornado would see."""
    loaded = tiny.loaded()
    asked = _with_one_target(loaded.scenario, "stepped")
    work = _Work(tiny.people(), "cash_releasing", draws, None, lambda n: None)
    job = prepare.prepare_counts(asked, work.population, seed)
    base, ends = work.see(job, Stream), []
    for path in BELIEFS:
        ends.append(
            [
                work.see(job, lambda s, first, n, e=e, p=path: Held(s, first, n, p, e))
                for e in (0, 1)
            ]
        )
    (lever,) = (one for one in levers(loaded, asked) if one.name == LEVER)
    changed = [with_values(asked, values) for values in lever.values]
    jobs = [prepare.prepare_counts(one, work.population, seed) for one in changed]
    ends.append([work.see(one, Stream) for one in jobs])
    achieved = np.array([[end.achieved for end in pair] for pair in ends])
    delivered = np.array([[end.delivered for end in pair] for pair in ends])
    return base, achieved, delivered


def moved(base, achieved, delivered, some):
    names = [*BELIEFS, LEVER]
    return moves(
        base.achieved[some],
        base.delivered[some],
        achieved[..., some],
        delivered[..., some],
        names,
        [""] * len(names),
    )


def holds(found, truth, name, shrink=1.0):
    """Which intervals hold the truth, at their width or narrower."""
    middle = found[name].values
    low, high = (found[f"{name}{end}"].values for end in ("_low", "_high"))
    low, high = middle - shrink * (middle - low), middle + shrink * (high - middle)
    return (low <= truth) & (truth <= high)


def test_intervals_of_a_tornado_cover_and_narrower_ones_do_not():
    truth = moved(*seen(LARGE, 11), slice(None))
    many = seen(SMALL * TIMES, 12)
    every = [moved(*many, slice(k * SMALL, (k + 1) * SMALL)) for k in range(TIMES)]
    for name in ("swing", "turn"):
        right = truth[name].values
        covered = np.mean([holds(one, right, name) for one in every], axis=0)
        halved = np.mean([holds(one, right, name, 0.5) for one in every], axis=0)
        # Where hardly a draw is turned, no interval of counts can be but too wide.
        told = (np.abs(right) * SMALL > FEW) if name == "turn" else np.full(4, True)
        assert told.any()
        assert (covered >= LEAST).all(), (name, covered)
        assert (covered[told] <= MOST).all(), (name, covered)
        assert (halved[told] < 0.82).all(), (name, halved)


def test_intervals_of_a_sweep_cover_and_those_of_another_point_do_not(tmp_path):
    place = tiny.write(tmp_path)
    vary = ("delivery.real_share=0.5:0.7:2",)
    truth = sweep(place, vary, draws=40_000, seed=5)
    chances, others, means = [], [], {name: [] for name in MEANS}
    right = truth["probability"].sel(outcome="cash_releasing")
    for seed in range(100, 220):
        one = sweep(place, vary, draws=SMALL, seed=seed)
        own = one.sel(outcome="cash_releasing")
        low, high = own["probability_low"], own["probability_high"]
        chances.append(((low <= right) & (right <= high)).values)
        turned = right.values[::-1]
        others.append((low.values <= turned) & (turned <= high.values))
        for name in MEANS:
            half = 1.96 * one[f"{name}_error"]
            means[name].append((abs(one[name] - truth[name]) <= half).values)
    told = (right > 0.05) & (right < 0.95)  # the others are next to certain
    covered = np.mean(chances, axis=0)[told.values]
    assert len(covered) >= 2
    assert ((covered >= 0.88) & (covered <= 1.0)).all(), covered
    assert np.mean(others, axis=0)[told.values].max() < 0.8
    for name, held in means.items():
        covered = np.mean(held, axis=0)
        assert ((covered >= 0.88) & (covered <= 1.0)).all(), (name, covered)
