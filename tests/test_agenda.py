"""What the page says is to be looked into first: influence times weakness."""

import pandas as pd
import pytest

from simulator.page import resting
from simulator.running import runs


@pytest.fixture(scope="module")
def run():
    """A run of the long-term plan, for its grades; the draws do not matter."""
    return runs.run("long-term-plan", draws=64, seed=7)


def influences(*shares):
    frame = pd.DataFrame(shares, columns=["assumption", "share", "clear"])
    return frame.assign(low=frame["share"] - 0.01, high=frame["share"] + 0.01)


# Their grades are B, C and B.
MADE = (
    ("delivery.real_share", 0.40, True),
    ("delivery.opportunity_scale", 0.30, True),
    ("prices.pressure", 0.10, True),
    ("delivery.gap_closed", 0.30, False),  # not told from noise
)


def test_weak_evidence_comes_before_more_influence(run):
    found = resting.agenda(run, influences(*MADE))
    assert found is not None
    rows = zip(found.keys, found.rows, strict=True)
    assert [(key, row[2], row[3]) for key, row in rows] == [
        ("delivery.opportunity_scale", "C", "90"),
        ("delivery.real_share", "B", "80"),
        ("prices.pressure", "B", "20"),
    ]
    assert found.rows[0][1] == "30% (29 to 31)"


def test_nothing_told_from_noise_is_nothing_to_look_into(run):
    assert resting.agenda(run, influences(MADE[3])) is None


def test_what_it_rests_on_is_in_the_same_order(run):
    first, more = resting.assumptions(run, influences(*MADE))
    assert first.keys[:3] == (
        "delivery.opportunity_scale",
        "delivery.real_share",
        "prices.pressure",
    )
    listed = resting.listed(run, influences(*MADE))
    assert (*first.keys, *more.keys) == tuple(listed["key"])
    rest = listed[(listed["influence"] == 0.0) & ~listed["is_sure"]]["grade"].tolist()
    assert len(rest) > 10
    assert rest == sorted(rest, reverse=True)
