"""The compiled kernel against closed forms."""

import math

import numpy as np
import pytest
from scipy.special import ndtr
from trust_years import FIRST_YEAR, WORKED, WORKED_MONEY, WORKED_RATES, Floats
from worlds import plain_world, run

from simulator.kernel import philox
from simulator.kernel.normal import fill_normals
from simulator.kernel.tables import Sources
from simulator.schema import OUTCOMES


def test_without_anything_random_every_draw_is_one_path() -> None:
    world = plain_world(rates=(0.0, 0.011, 0.03), systems=(2, 1), n_draw=70)
    found = run(world)
    for values in (found.per_draw.sector, found.per_draw.trust):
        assert (values == values[..., :1]).all()
    for counts in (found.tally.trust, found.tally.system, found.tally.sector):
        assert set(np.unique(counts)) <= {0, 70}
    assert set(np.unique(found.tally.sector)) == {0, 70}


def test_unbounded_capacity_delivers_exactly_what_is_asked() -> None:
    world = plain_world(n_draw=2)
    belief = world.draws.belief.copy()
    belief[1] = 1.0
    rich = {"opportunity": np.full((1, 3), 1e6), "income": np.array([130.0])}
    found = run(world.bent(trusts=rich, draws={"belief": belief}))
    asked = found.kept("ask")
    assert asked.min() > 0.0
    assert np.abs(found.kept("recurrent") / asked - 1.0).max() < 1e-14
    assert np.abs(found.kept("nonrecurrent")).max() < 1e-17
    any_means = OUTCOMES.index("any_means")
    assert (found.tally.trust[:, any_means] == 2).all()
    assert (found.tally.sector[:, any_means] == 2).all()


@pytest.mark.parametrize(
    ("carry_over", "one_offs"), [(0.0, 0.65 * 0.016), (0.08, 0.025)]
)
def test_without_capacity_nothing_lasts_and_one_offs_end_with_their_stock(
    carry_over: float, one_offs: float
) -> None:
    world = plain_world(n_year=1)
    found = run(
        world.bent(
            trusts={
                "opportunity": np.zeros((1, 3)),
                "carry_over": np.array([carry_over]),
                "income": np.array([90.0]),
            }
        )
    )
    assert (found.kept("recurrent") == 0.0).all()
    assert found.kept("nonrecurrent").ravel() == pytest.approx(
        [one_offs] * 3, rel=1e-14
    )
    assert (found.sector("cost") == found.sector("cost_before")).all()


@pytest.mark.parametrize(
    ("income", "reach"), [(107.0, 0.5), (104.0, 0.5), (100.0, 0.5), (100.0, 0.0)]
)
def test_a_fully_funded_trust_keeps_its_real_balance(
    income: float, reach: float
) -> None:
    world = plain_world(rates=(0.0,))
    belief = world.draws.belief.copy()
    belief[3], belief[5] = reach, 1.0
    kind_year = world.draws.kind_year.copy()
    kind_year[:, 0] = 1.028
    found = run(
        world.bent(
            trusts={"income": np.array([income]), "carry_over": np.zeros(1)},
            plan={
                "price": np.full((1, 5), 0.03),
                "support": np.zeros((1, 5)),
                "deficit_addon": np.zeros((1, 5)),
            },
            draws={"belief": belief, "kind_year": kind_year},
        )
    )
    grown = (1.03 * 1.028) ** np.arange(1, 6)
    real = found.kept("balance")[0, :, 0, 0] / grown
    assert real == pytest.approx([income - 104.0] * 5, rel=1e-12, abs=1e-11)


def test_the_worked_trust_year_goes_through_the_block() -> None:
    found = run(plain_world(n_year=1))
    for d in range(3):
        cost_before = found.kept("cost_before")[0, 0, 0, d]
        for name in ("ask", "recurrent", "nonrecurrent"):
            money = found.kept(name)[0, 0, 0, d] * cost_before
            assert money == pytest.approx(WORKED_MONEY[name], rel=1e-11)
            assert found.sector(name)[0, 0, d] == money
        for name in ("cost_before", "income", "cost", "underlying"):
            value = found.sector(name)[0, 0, d]
            assert value == pytest.approx(WORKED_MONEY[name], rel=1e-11)
        for name in ("unmet", "cash_releasing", "measured"):
            value = found.kept(name)[0, 0, 0, d]
            assert value == pytest.approx(WORKED_RATES[name], rel=1e-11)
        assert found.sector("balance")[0, 0, d] == 0.0
        assert found.sector("trusts_meeting_plan")[0, 0, d] == 1.0
        assert found.sector("trusts_in_deficit")[0, 0, d] == 0.0
        assert found.sector("shortfall")[0, 0, d] == 0.0


SD, PERSISTENCE, CALM_INFLATION = 0.02, 0.5, 0.03


def log_inflation(seed: int, n_year: int, n_draw: int) -> Floats:
    """Gaussian AR(1) growth of log cost from the nation's words: (year, draw)."""
    path = np.empty((n_year, n_draw))
    for y in range(n_year):
        words = np.empty((4, n_draw), np.uint64)
        where = philox.place(philox.NATIONAL, 0, FIRST_YEAR + y)
        philox.fill_words(seed, 0, philox.NATION, where, words)
        z = np.empty(n_draw)
        fill_normals(words[0], z)
        fresh = SD * z if y == 0 else SD * math.sqrt(1 - PERSISTENCE**2) * z
        path[y] = fresh if y == 0 else PERSISTENCE * path[y - 1] + fresh
    return CALM_INFLATION + path


def test_the_chance_of_balance_is_the_gaussian_one() -> None:
    # Capacity without bound, no one-offs, theta = 1, shocks to national prices only:
    # the log of cost is a sum of Gaussians and nothing else is random.
    n_year, n_draw = 5, 2**16
    rate, price, support = 0.02, 0.005, 5.0
    world = plain_world(rates=(rate,), n_year=n_year, n_draw=n_draw)
    growth_of_log = log_inflation(world.seed, n_year, n_draw)
    belief, year = world.draws.belief.copy(), world.draws.year.copy()
    belief[1] = 1.0
    year[:2] = np.expm1(growth_of_log)
    world = world.bent(
        trusts={"opportunity": np.full((1, 3), 1e6), "carry_over": np.zeros(1)},
        plan={
            "one_offs": Sources(*np.zeros((4, 4))),
            "deficit_addon": np.zeros((1, n_year)),
            "price": np.full((1, n_year), price),
            "support": np.full((1, n_year), support),
        },
        draws={"belief": belief, "year": year},
    )
    blocks = [(at, at + 1024) for at in range(0, n_draw, 1024)]
    achieved = run(world, *blocks).tally.sector[0, OUTCOMES.index("balance")]

    believed, terms = WORKED.belief, WORKED.terms
    assert not terms.settled
    funded = WORKED.drivers.growth - 1.0
    activity = funded + believed.treated * (0.028 - funded)
    volume = 1 + funded + believed.marginal_payment * (activity - funded)
    money = 100.0 * ((1 + price) * volume) ** n_year + support
    yearly = math.log1p(believed.cost_elasticity * activity) + CALM_INFLATION
    yearly += math.log1p(-believed.real_share * rate)
    centre = math.log(104.0) + n_year * yearly
    lag = np.abs(np.subtract.outer(np.arange(n_year), np.arange(n_year)))
    sd = SD * math.sqrt((PERSISTENCE**lag).sum())

    def deviation(sd: float) -> float:
        chance = float(ndtr((math.log(money) - centre) / sd))
        spread = math.sqrt(chance * (1 - chance) / n_draw)
        return (achieved / n_draw - chance) / spread

    assert 0.1 < achieved / n_draw < 0.3
    assert abs(deviation(sd)) < 3.5
    # The test can fail: a spread wrong by a twentieth is seen.
    assert abs(deviation(1.05 * sd)) > 5.0
    assert abs(deviation(0.95 * sd)) > 5.0
