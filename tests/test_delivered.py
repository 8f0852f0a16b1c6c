"""What targets make trusts plan and save, in closed form, and what is said of it."""

import io

import numpy as np
import pytest
import tiny
import xarray as xr
from rich.console import Console

from simulator.answers.headline import delivered
from simulator.answers.headline import report as answer
from simulator.answers.headline.delivered import in_pairs, step, steps
from simulator.answers.headline.estimate import headline
from simulator.running import runs

QUALITY, PRESSURE, FLOOR = 0.004, 0.01, 0.02
# Nobody owes savings from before, so that a first plan is what it starts from.
PEOPLE = "\n".join(
    ",".join("0.0" if i == 7 and cell != "carry_over" else cell for i, cell in row)
    for row in (enumerate(line.split(",")) for line in tiny.POPULATION.splitlines())
)


def target(name, rate, follows):
    return {
        "name": name,
        "rate": rate,
        "basis": "measured",
        "plan_follows": follows,
        "source": "made up",
    }


TARGETS = [
    target("tariff 3%", 0.03, "tariff"),
    target("tariff 1%", 0.01, "tariff"),
    target("gap 1%", 0.01, "gap"),
    target("gap 3%", 0.03, "gap"),
]


def bent(given):
    """Cost follows activity in full, so that a cheaper unit of more care is none."""
    given["prices"] |= {"pressure": PRESSURE, "pressure_other": 1.0, "funded_drift": 0}
    given["delivery"] |= {
        "cost_elasticity": 1.0,
        "quality": QUALITY,
        "plan_floor": FLOOR,
        "gap_closed": 0.0,
        "plan_limit": 1.0,
        "plan_sharpness": 1.0,
    }
    given["targets"] = TARGETS
    return given


def run_of(folder, given, **how):
    place = tiny.write(folder, bent(given))
    (folder / "tiny.csv").write_text(PEOPLE, encoding="utf-8")
    return runs.run(place, seed=7, **how)


@pytest.fixture(scope="module")
def sure(tmp_path_factory):
    """A run without any luck."""
    folder = tmp_path_factory.mktemp("sure")
    return run_of(folder, tiny.sure_tables(), draws=50, keep="all")


@pytest.fixture(scope="module")
def unsure(tmp_path_factory):
    """A run whose shocks, real shares and trusts are uncertain."""
    given = tiny.tables()
    given["delivery"]["real_share"] = {"uniform": [0.0, 1.0]}
    return run_of(tmp_path_factory.mktemp("unsure"), given, draws=80)


# --- what is delivered ----------------------------------------------------------------


def test_a_first_plan_is_the_floor_or_the_target(sure):
    found = delivered.delivered(sure)
    for one in TARGETS:
        row = found.sel(target=one["name"])
        expected = one["rate"] if one["plan_follows"] == "tariff" else FLOOR
        assert row["sector_planned"].values == pytest.approx([expected] * 3)
        assert float(row["planned_first"]) == pytest.approx(expected, rel=0.01)


def test_what_is_saved_in_the_first_year_is_what_trusts_save(sure):
    found = delivered.delivered(sure)["sector_made"]
    kept = sure["trajectories"].to_dataset().isel(year=0, kept_draw=0)
    cost = kept["cost_before"]
    money = (kept["recurrent"] + kept["nonrecurrent"]) * cost
    saved = money.sum("trust") / cost.sum("trust")
    for name in saved["target"].values:
        expected = [float(saved.sel(target=name))] * 3
        assert found.sel(target=name).values == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("which", ["sure", "unsure"])
def test_measured_productivity_is_the_sum_of_its_three_parts(which, request):
    run = request.getfixturevalue(which)
    found = delivered.delivered(run)
    parts = found["from_savings"] + found["from_pressure"] + found["from_volume"]
    measured = run["sector"]["measured"].astype(float).mean(("year", "draw"))
    assert parts.values == pytest.approx(measured.values, abs=1e-9)
    # With cost that follows activity in full, the measure adds quality and no volume.
    assert found["from_volume"].values == pytest.approx([QUALITY] * 4, abs=1e-8)
    assert (found["from_savings"] > 0.0).all()


def test_pressure_takes_away_what_it_costs(sure):
    found = delivered.delivered(sure)
    assert found["from_pressure"].values == pytest.approx([-PRESSURE] * 4, abs=1e-9)


def test_productivities_are_given_as_quantiles_of_the_draws(unsure):
    found = delivered.delivered(unsure)
    for name in ("cash_releasing", "measured"):
        by_draw = unsure["sector"][name].sel(target="gap 3%").astype(float)
        expected = np.quantile(by_draw.mean("year").values, [0.1, 0.5, 0.9])
        assert found[name].sel(target="gap 3%").values == pytest.approx(expected)
        assert expected[0] < expected[1] < expected[2]


# --- pairs ----------------------------------------------------------------------------


def asked(*targets):
    """Make the root of a run: (name, rate, basis, plan_follows, add-on) by target."""
    names, rates, bases, follows, addons = zip(*targets, strict=True)
    both = ("target", "year")
    return xr.Dataset(
        {
            "rate": (both, [[rate, rate] for rate in rates]),
            "deficit_addon": (both, [[addon, 0.0] for addon in addons]),
            "basis": ("target", list(bases)),
            "plan_follows": ("target", list(follows)),
        },
        coords={"target": list(names), "year": [2019, 2020]},
    )


def test_a_target_stands_with_the_one_that_asks_the_same_of_the_tariff():
    root = asked(
        ("t1", 0.01, "measured", "tariff", 0.0),
        ("g2", 0.02, "measured", "gap", 0.0),
        ("g1", 0.01, "measured", "gap", 0.0),
        ("t2", 0.02, "measured", "tariff", 0.0),
    )
    assert in_pairs(root) == [("g2", "t2"), ("g1", "t1")]


@pytest.mark.parametrize(
    "other", [(0.02, "measured", 0.0), (0.01, "reported", 0.0), (0.01, "measured", 0.1)]
)
def test_what_asks_something_else_is_no_twin(other):
    rate, basis, addon = other
    root = asked(
        ("t", rate, basis, "tariff", addon), ("g", 0.01, "measured", "gap", 0.0)
    )
    assert in_pairs(root) == [("g", None), ("t", None)]


def test_a_twin_is_the_twin_of_one_target():
    root = asked(
        ("g", 0.01, "measured", "gap", 0.0),
        ("same", 0.01, "measured", "gap", 0.0),
        ("t", 0.01, "measured", "tariff", 0.0),
    )
    assert in_pairs(root) == [("g", "t"), ("same", None)]


# --- steps ----------------------------------------------------------------------------


def test_a_step_is_the_difference_on_the_futures_that_two_targets_share(sure):
    found = step(sure, "tariff 1%", "tariff 3%")
    assert found[:2] == ("tariff 1%", "tariff 3%")
    middle = delivered.delivered(sure).sel(quantile=0.5)
    gain = middle.sel(target="tariff 3%") - middle.sel(target="tariff 1%")
    for name in ("cash_releasing", "measured"):
        assert getattr(found, name) == pytest.approx(float(gain[name]), abs=1e-9)
    # Without volume or quality in between, all of it is savings.
    assert found.measured == pytest.approx(float(gain["from_savings"]), abs=1e-8)
    assert found.measured > 0.0
    kept = sure["trajectories"]["balance"].isel(year=-1, kept_draw=0).sum("trust")
    money = kept.sel(target="tariff 3%") - kept.sel(target="tariff 1%")
    assert found.balance == pytest.approx(float(money), rel=1e-4)


def chosen(*targets):
    """Name the steps of targets: (name, rate, basis, follows, the sector's chance)."""
    root = asked(*((*one[:4], 0.0) for one in targets))
    shape = len(targets), 3, 2
    sector = xr.Dataset(
        {
            name: (("target", "draw", "year"), np.zeros(shape))
            for name in ("cash_releasing", "measured", "balance")
        },
        coords={"target": root["target"]},
    )
    found = xr.Dataset(
        {
            "rate": root["rate"].mean("year"),
            "sector_probability": ("target", [one[4] for one in targets]),
        }
    )
    run = xr.DataTree.from_dict({"/": root, "/sector": sector})
    return [tuple(one[:2]) for one in steps(run, found)]


def gaps(*chances, basis="measured", follows="gap"):
    """Targets of 1%, 1.2%, 2% and 3% with these chances."""
    rates = (0.01, 0.012, 0.02, 0.03)
    return [
        (f"{follows} {100 * rate:g}", rate, basis, follows, chance)
        for rate, chance in zip(rates, chances, strict=True)
    ]


def test_the_step_begins_at_the_highest_rate_with_an_even_chance():
    assert chosen(*gaps(0.9, 0.4, 0.1, 0.0)) == [("gap 1", "gap 2")]
    assert chosen(*gaps(0.9, 0.6, 0.1, 0.0)) == [("gap 1.2", "gap 2")]
    assert chosen(*gaps(0.9, 0.8, 0.5, 0.0)) == [("gap 2", "gap 3")]


def test_without_an_even_chance_the_step_begins_at_the_lowest_rate():
    assert chosen(*reversed(gaps(0.4, 0.3, 0.1, 0.0))) == [("gap 1", "gap 2")]


def test_there_is_no_step_above_the_highest_rate():
    assert chosen(*gaps(0.9, 0.8, 0.7, 0.6)) == []
    assert chosen(("alone", 0.01, "measured", "gap", 0.2)) == []


def test_a_step_stays_on_the_basis_that_is_named_first():
    first = ("reported", 0.012, "reported", "gap", 0.9)
    assert chosen(first, *gaps(0.9, 0.4, 0.1, 0.0)) == []
    assert chosen(*gaps(0.9, 0.4, 0.1, 0.0), first) == [("gap 1", "gap 2")]


def test_the_same_step_is_taken_where_plans_follow_the_tariff():
    twins = gaps(0.0, 0.0, 0.0, 0.0, follows="tariff")
    own = gaps(0.9, 0.4, 0.1, 0.0)
    assert chosen(*own, *twins) == [("gap 1", "gap 2"), ("tariff 1", "tariff 2")]
    # If one of the pair has no twin, there is no such step.
    assert chosen(*own, *twins[:2]) == [("gap 1", "gap 2")]
    # Where nothing follows the gap, the step is the tariff's own.
    assert chosen(*twins) == [("tariff 1", "tariff 2")]


# --- what is said ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def said(sure):
    console = Console(width=100, file=io.StringIO())
    console.print(answer.render(sure, "kept.h5"))
    return console.file.getvalue()


def test_each_table_shows_a_target_under_both_structures(said):
    lines = [line.split("  ") for line in said.splitlines()]
    firsts = [line[0] or line[1] for line in lines if line[0] or len(line) > 1]
    twin = "plans follow tariff"
    shown = [name for name in firsts if name in ("gap 1%", "gap 3%", twin)]
    assert shown == ["gap 1%", twin, "gap 3%", twin] * 3
    assert "or, in the lines marked so, from the tariff" in " ".join(said.split())


def test_the_parts_shown_are_those_of_productivity(said, sure):
    row = delivered.delivered(sure).sel(target="gap 3%")
    level = f"{100 * float(row['measured'].sel(quantile=0.5)):.1f}"
    (line,) = [
        line
        for line in said.splitlines()
        if line.startswith("gap 3%") and "+0.4" in line
    ]
    savings = f"{100 * float(row['from_savings']):+.1f}"
    assert line.split()[-3:] == [savings, "-1.0", "+0.4"]
    assert f"{level} ({level} to {level})" in line


def test_a_little_less_than_nothing_is_written_as_nothing():
    levels = xr.DataArray([-0.00049, -0.00001, 0.0], dims="quantile")
    assert answer._spread(levels) == "0.0 (0.0 to 0.0)"


def test_what_asking_more_adds_is_said_for_both_structures(said, sure):
    words = " ".join(said.split())
    found = steps(sure, headline(sure))
    assert [one[:2] for one in found] == [
        ("gap 1%", "gap 3%"),
        ("tariff 1%", "tariff 3%"),
    ]
    for one, begins in zip(
        found, ("From ", "Where plans follow the tariff: from "), strict=True
    ):
        way = "better" if one.balance > 0.0 else "worse"
        assert (
            f"{begins}{one.lower} to {one.higher}, measured productivity changes by "
            f"{100 * one.measured:+.2f} points a year, and the sector's balance of the "
            f"last year is {abs(one.balance) / 1000:.1f}bn {way}."
        ) in words
    records = answer.as_records(sure, "kept.h5")
    assert records["asking_more"] == [one._asdict() for one in found]


def test_the_first_year_is_set_beside_the_last_that_was_published(said, sure):
    words = " ".join(said.split())
    made = 100 * float(
        delivered.delivered(sure)["sector_made"].sel(target="gap 1%", quantile=0.5)
    )
    assert (
        "Under gap 1% the sector plans 2.0% of cost in 2019/20 (2.0 to 2.0) and saves "
        f"{made:.1f}% ({made:.1f} to {made:.1f}). It had planned "
        "4.1% for 2018/19 and saved 3.7% in 2017/18."
    ) in words


@pytest.mark.parametrize(
    ("first", "year"), [(2017, 2016), (2018, 2017), (2020, 2017), (2021, None)]
)
def test_what_was_published_is_of_an_earlier_year_and_no_older_than_three(first, year):
    found = answer._last(answer.MADE_BEFORE, first)
    assert (found and found[0]) == year
