"""How lasting margins are: made histories with a known answer, and controls."""

import numpy as np
import pytest
from histories import YEARS, made, written

from simulator.errors import PopulationError
from simulator.population.imports import persistence
from simulator.population.imports.tac_tables import HELD_OUT, HISTORY


def test_what_was_put_in_comes_out():
    found = [persistence.estimate(made(600, seed=seed)) for seed in range(4)]
    mean = np.mean([one[:3] for one in found], axis=0)
    assert mean == pytest.approx([0.02, 0.015, 0.6], rel=0.15)


@pytest.mark.parametrize(("memory", "low", "high"), [(0.2, 0.0, 0.45), (0.8, 0.6, 1)])
def test_a_longer_memory_is_seen(memory, low, high):
    found = persistence.estimate(made(800, memory=memory, seed=3))
    assert low <= found.persistence <= high


def test_where_nothing_lasts_little_is_found_to():
    none = persistence.estimate(made(600, lasting=0.0, memory=0.5, seed=5))
    some = persistence.estimate(made(600, lasting=0.02, memory=0.5, seed=5))
    assert none.bands["lasting_sd"][0] < 0.004
    assert none.bands["lasting_sd"][1] < some.bands["lasting_sd"][0]


def test_where_all_lasts_nothing_else_is_found():
    found = persistence.estimate(made(300, fading=1e-9, seed=6))
    assert found.lasting_sd == pytest.approx(0.02, rel=0.1)
    assert found.fading_sd < 0.001


@pytest.mark.slow
def test_the_bands_hold_what_was_put_in_about_as_often_as_they_say():
    held = [
        low <= 0.02 <= high
        for seed in range(100)
        for low, high in [
            persistence.estimate(made(150, seed=seed)).bands["lasting_sd"]
        ]
    ]
    assert 0.75 <= np.mean(held) <= 1.0


def test_a_change_common_to_a_type_is_no_ones_own():
    shifted = {
        (code, year): (
            kind,
            margin + (0.05 if kind == "acute" else 0.0) * (year - 2015),
        )
        for (code, year), (kind, margin) in made().items()
    }
    one, other = persistence.estimate(made()), persistence.estimate(shifted)
    assert one[:3] == pytest.approx(other[:3], abs=1e-9)


def test_the_same_history_gives_the_same_bands():
    assert persistence.estimate(made()) == persistence.estimate(made())


def test_the_table_of_the_importer_is_read_without_the_years_held_out():
    history = written(made(30)) + "".join(
        f"\nR000,R000,acute,{year},100,99,published" for year in HELD_OUT
    )
    found = persistence.read_history(history, "history.csv")
    assert {year for _, year in found} == set(YEARS)
    assert found["R001", 2012][1] == pytest.approx(made(30)["R001", 2012][1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code,year\nR1,2012\n", "has no column income, surplus, type"),
        (
            ",".join(HISTORY) + "\nR1,R1,acute,2012,0,5,x\n",
            "line 2: has no year, income",
        ),
        (",".join(HISTORY) + "\nR1,R1,acute,twelve,1,5,x\n", "line 2"),
    ],
)
def test_another_table_is_refused(text, said):
    with pytest.raises(PopulationError, match=said):
        persistence.read_history(text, "history.csv")


def test_a_few_trusts_or_years_say_too_little():
    with pytest.raises(PopulationError, match="5 trusts in 13 years say too little"):
        persistence.estimate(made(5))
    short = {key: value for key, value in made(30).items() if key[1] < 2012}
    with pytest.raises(PopulationError, match="30 trusts in 3 years"):
        persistence.estimate(short)


def test_a_year_that_is_only_chance_is_not_taken_for_a_memory():
    """A negative control: margins that neither last nor fade slowly."""
    found = persistence.estimate(made(400, lasting=0.0, memory=0.0, seed=8))
    assert found.lasting_sd < 0.003
    assert found.persistence < 0.2
    assert found.fading_sd == pytest.approx(0.015, rel=0.1)


def test_a_table_is_read_by_its_path(tmp_path):
    place = tmp_path / "history.csv"
    place.write_text(written(made(40)), encoding="utf-8")
    found = persistence.margin_persistence(str(place))
    text = place.read_text(encoding="utf-8")
    assert found == persistence.estimate(persistence.read_history(text, "history.csv"))
    with pytest.raises(PopulationError, match="there is no such file"):
        persistence.margin_persistence(tmp_path / "none.csv")
