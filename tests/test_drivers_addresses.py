"""Drivers: which random number is whose, and what moves no other."""

from dataclasses import fields

import numpy as np
import pytest
import tiny
from drivers_tiny import LIMIT, SEED, correlation_gap, differing, drawn, scenario

from simulator import drivers
from simulator.drivers import shocks as yearly
from simulator.errors import ScenarioError
from simulator.kernel import philox, workspace
from simulator.running import prepare
from simulator.sampling import addresses
from simulator.sampling.stream import Stream
from simulator.schema import POOLS


def test_a_draw_is_the_same_wherever_its_run_begins():
    whole, part = drawn(n_draw=150), drawn(n_draw=50, first_draw=100)
    for field in fields(whole):
        everything, some = getattr(whole, field.name), getattr(part, field.name)
        if isinstance(everything, dict):
            assert everything.keys() == some.keys()
            for path, values in everything.items():
                assert np.array_equal(values[100:], some[path])
        else:
            assert np.array_equal(everything[..., 100:], some)


def test_who_uses_which_random_word_is_as_the_table_of_the_layout_says():
    given = tiny.tables()
    given["prices"]["tail"]["enter"] = 0.5
    given["prices"]["tail"]["stay"] = 0.5
    given["delivery"]["treated"] = {"uniform": [0.0, 1.0]}
    given["programmes"]["rosters"]["probability"] = 0.5
    bent = scenario(given)
    found = drivers.draw(bent, SEED, 0, 64)
    stream = Stream(SEED, 0, 64, False)
    place = philox.place

    path = "delivery.treated"
    where = place(philox.ASSUMPTION, 0, None)
    treated = stream.uniforms(addresses.hashed(path), where)[0]
    assert np.array_equal(found.assumptions[path], treated)

    where = place(philox.PROGRAMME, 0, None)
    happens = stream.uniforms(addresses.hashed("programmes.rosters"), where)[0] < 0.5
    frontier = found.new_opportunity[1, 1, 0]  # of a type that takes no part
    assert np.array_equal(found.new_opportunity[0, 1, 0] > frontier, happens)

    where = place(philox.NATIONAL, 1, 2020)
    assert np.array_equal(
        found.delivery[1], 0.04 * stream.normals(philox.NATION, where)[0]
    )
    high = stream.uniforms(philox.NATION, where)[1] < 0.5
    assert np.array_equal(found.high_inflation[1] == 1.0, high)

    pressure = drivers.national_shocks(bent, stream)["pressure"]
    where = place(philox.NATIONAL, 0, 2019)
    row = yearly.cholesky(bent.correlations.matrix().tolist())[2]
    z = stream.normals(philox.NATION, where)
    expected = 0.004 * sum(part * z[column] for column, part in enumerate(row))
    assert pressure[0] == pytest.approx(expected, abs=1e-17)

    where = place(philox.TYPE, 0, 2021)
    own = [0.005 * stream.normals(row + 1, where)[0] for row in (0, 4)]
    gap = found.demand[4, 2] - found.demand[0, 2]
    assert gap == pytest.approx(0.04 - 0.026 + own[1] - own[0], abs=1e-15)


def test_another_seed_is_another_future():
    other = drivers.draw(scenario(), SEED + 1, 0, 500)
    assert {"pay", "demand", "delivery"} <= differing(drawn(), other)


def test_making_an_assumption_uncertain_moves_no_other_number():
    given = tiny.tables()
    given["delivery"]["opportunity_scale"] = {"uniform": [0.8, 1.2]}
    before, after = drawn(), drawn(given)
    assert "delivery.opportunity_scale" in after.assumptions
    assert differing(before, after) == {"belief"}
    row = workspace.OPPORTUNITY_SCALE // workspace.LANES
    rest = [np.delete(one.belief, row, axis=0) for one in (before, after)]
    assert np.array_equal(*rest)


def test_making_an_assumption_certain_moves_no_other_number():
    given = tiny.tables()
    given["delivery"]["treated"] = 0.85
    assert differing(drawn(), drawn(given)) == {"belief"}


def test_two_assumptions_with_one_distribution_are_independent():
    given = tiny.tables()
    for name in ("treated", "forgiven"):
        given["delivery"][name] = {"uniform": [0.0, 1.0]}
    found = drawn(given, 5_000).assumptions
    a, b = found["delivery.treated"], found["delivery.forgiven"]
    assert correlation_gap(a, b, 0.0) < LIMIT


def test_adding_a_programme_moves_nothing_but_new_opportunity_and_its_cost():
    given = tiny.tables()
    rosters = given["programmes"]["rosters"]
    given["programmes"]["wards"] = {**rosters, "pool": "system", "types": ["acute"]}
    before, after = drawn(), drawn(given)
    assert differing(before, after) == {"new_opportunity", "upfront"}
    system = POOLS.index("system")
    kept = np.delete(before.new_opportunity, system, 1)
    assert np.array_equal(kept, np.delete(after.new_opportunity, system, 1))
    others = before.new_opportunity[1:]
    assert np.array_equal(others, after.new_opportunity[1:])


def test_programmes_may_stand_in_any_order():
    given = tiny.tables()
    rosters = given["programmes"].pop("rosters")
    wards = {**rosters, "pool": "system"}
    given["programmes"] = {"rosters": rosters, "wards": wards}
    other = {**given, "programmes": {"wards": wards, "rosters": rosters}}
    assert not differing(drawn(given), drawn(other))


def colliding_names():
    """Two names whose programmes have one address, by the birthday of hashes."""
    seen = {}
    for number in range(2**20):
        name = f"p{number}"
        other = seen.setdefault(addresses.hashed(f"programmes.{name}"), name)
        if other != name:
            return other, name
    raise AssertionError("no two names collide")


def test_two_assumptions_that_would_share_a_random_number_are_refused():
    one, other = colliding_names()
    given = tiny.tables()
    rosters = given["programmes"]["rosters"]
    given["programmes"] = {one: rosters, other: rosters}
    with pytest.raises(ScenarioError) as caught:
        prepare.prepare(scenario(given), tiny.people(), SEED)
    assert str(caught.value) == (
        f"programmes.{other}: shares its random numbers with programmes.{one}; "
        "rename it"
    )
