"""The path: first misses, recovery, what is missing, bands; by hand and of runs."""

import json
from io import StringIO

import numpy as np
import pytest
import test_engine
import tiny
import xarray as xr
from click.testing import CliRunner
from rich.console import Console

from simulator.answers.path import report as path_report
from simulator.answers.path.estimate import BANDS, LEVELS, judge, path
from simulator.cli import main
from simulator.errors import RunFileError
from simulator.kernel.workspace import GROUP_RESULTS
from simulator.outcomes import OF_BASIS
from simulator.runfile import store
from simulator.running import runs
from simulator.schema import OUTCOMES, TRUST_TYPES
from simulator.statistics.intervals import wilson
from simulator.statistics.means import tail_mean

YEARS = (2019, 2020, 2021)
TARGETS = ("releasing", "lasting", "any")
BASES = ("cash_releasing", "recurrent", "reported")
COST = (1000.0, 2000.0, 3000.0)
X = 0.02  # of cost: 20, 40 and 60 million
ACHIEVED = {
    "releasing": [True, True, False],
    "lasting": [True, False, True],
    "any": [True, True, False],
}
PRODUCTIVITY = [  # so far, against 0.02, 0.04 and 0.06 so far
    [0.03, 0.02, 0.02],  # 0.03, 0.05, 0.07: never missed
    [0.01, 0.02, 0.04],  # 0.01, 0.03, 0.07: missed twice, recovered
    [0.021, 0.01, 0.01],  # 0.021, 0.031, 0.041: missed from the second year on
]
RECURRENT = [  # so far, against 20, 60 and 120 million so far
    [20.0, 40.0, 60.0],  # 20, 60, 120: a tie each year, so never missed
    [30.0, 40.0, 10.0],  # 30, 70, 80: missed in the last year
    [10.0, 60.0, 60.0],  # 10, 70, 130: missed in the first year, recovered
]
SAVED = [  # by any means so far, against 20, 60 and 120 million so far
    [25.0, 40.0, 60.0],  # 25, 65, 125: never missed
    [15.0, 50.0, 60.0],  # 15, 65, 125: missed in the first year, recovered
    [21.0, 30.0, 30.0],  # 21, 51, 81: missed from the second year on
]
BALANCE = [[-10.0, 0.0, 10.0], [-20.0, 5.0, 30.0], [-15.0, -5.0, 20.0]]


def made_run():
    """Three targets, three draws and three years by hand."""
    dims = ("target", "draw", "year")
    shape = (3, 3, 3)
    values = {
        "cost_before": np.broadcast_to(COST, shape),
        "cash_releasing": np.broadcast_to(PRODUCTIVITY, shape),
        "measured": np.full(shape, -1.0),  # no target is meant on it
        "recurrent": np.array([RECURRENT, RECURRENT, np.array(SAVED) / 4.0]),
        "nonrecurrent": np.array(
            [np.full((3, 3), 10.0), np.zeros((3, 3)), np.array(SAVED) * 3.0 / 4.0]
        ),
        "balance": np.broadcast_to(BALANCE, shape),
        "trusts_in_deficit": np.broadcast_to([[1, 2, 3], [3, 2, 1], [2, 2, 2]], shape),
        "unmet": np.broadcast_to(0.01 * np.arange(3)[:, None], shape),
        "backlog": np.full(shape, 7.0),
    }
    sector = xr.Dataset({name: (dims, given) for name, given in values.items()})
    achieved = np.zeros((3, len(OUTCOMES), 3), bool)
    for t, name in enumerate(TARGETS):
        achieved[t, OUTCOMES.index(OF_BASIS[BASES[t]].name)] = ACHIEVED[name]
    sector["achieved"] = ("target", "outcome", "draw"), achieved
    root = xr.Dataset(
        {
            "basis": ("target", list(BASES)),
            "rate": (("target", "year"), np.full((3, 3), X)),
            "trust_name": ("trust", ["One", "Two"]),
        },
        coords={
            "target": list(TARGETS),
            "year": list(YEARS),
            "outcome": list(OUTCOMES),
            "trust": ["A", "B"],
        },
    )
    run = xr.DataTree.from_dict({"/": root, "/sector": sector})
    run.attrs |= {"draws": 3, "title": "by hand", "seed": 7}
    return run


@pytest.fixture(scope="module")
def found():
    return path(made_run())


# --- by hand --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "on_course", "first", "achieved", "recovered"),
    [
        ("releasing", [2, 1, 1], [1, 1, 0], 2, 1),
        ("lasting", [2, 2, 1], [1, 0, 1], 2, 1),
        ("any", [2, 1, 1], [1, 1, 0], 2, 1),
    ],
)
def test_first_misses_and_recoveries_are_those_of_the_hand(
    found, target, on_course, first, achieved, recovered
):
    row = found.sel(target=target)
    assert row["on_course"].values == pytest.approx(np.array(on_course) / 3)
    assert row["first_missed"].values.tolist() == first
    assert int(row["achieved"]) == achieved
    assert int(row["missed"]) == sum(first)
    assert int(row["recovered"]) == recovered


def test_shares_on_course_have_wilsons_interval(found):
    low, high = wilson([2, 1, 1], 3)
    assert np.array_equal(found["on_course_low"].sel(target="any"), low)
    assert np.array_equal(found["on_course_high"].sel(target="any"), high)


def test_recovery_is_a_share_of_the_draws_that_missed(found):
    low, high = wilson(1, 2)
    for target in TARGETS:
        row = found.sel(target=target)
        assert float(row["recovery"]) == 0.5
        assert (row["recovery_low"], row["recovery_high"]) == (low, high)


@pytest.mark.parametrize(
    ("target", "by_year", "total"),
    # GBP m: by year in each draw, and in total.
    [
        # Draw 0: -10, 0, 0; draw 1: 10, 0, -60; draw 2: -1, 20, 30.
        ("releasing", [[0, 0, 0], [10, 0, 0], [0, 20, 30]], [0, 0, 49]),
        # Draw 0: zero; draw 1: -10, 0, 50; draw 2: 10, -20, 0.
        ("lasting", [[0, 0, 0], [0, 0, 50], [10, 0, 0]], [0, 40, 0]),
        # Draw 0: -5, 0, 0; draw 1: 5, -10, 0; draw 2: -1, 10, 30.
        ("any", [[0, 0, 0], [5, 0, 0], [0, 10, 30]], [0, 0, 39]),
    ],
)
def test_what_is_missing_is_that_of_the_hand(found, target, by_year, total):
    row = found.sel(target=target)
    by_year = np.array(by_year, float)
    error = by_year.std(axis=0, ddof=1) / np.sqrt(3)
    assert row["shortfall"].values == pytest.approx(by_year.mean(axis=0), abs=1e-9)
    assert row["shortfall_error"].values == pytest.approx(error, abs=1e-9)
    assert float(row["total_shortfall"]) == pytest.approx(np.mean(total))
    # Three draws: the worst tenth is a part of the worst.
    assert row["shortfall_tail"].values == pytest.approx(by_year.max(axis=0), abs=1e-9)
    assert float(row["total_shortfall_tail"]) == pytest.approx(max(total))
    assert np.isnan(row["total_shortfall_tail_low"])
    assert (row["shortfall_low"] >= 0.0).all()
    assert (row["shortfall_high"] >= row["shortfall"]).all()


def test_bands_are_those_of_the_hand(found):
    row = found.sel(target="releasing")
    balance = row["balance"].transpose("quantile", "year").values
    assert balance.tolist() == [
        [-20.0, -5.0, 10.0],
        [-20.0, -5.0, 10.0],
        [-15.0, 0.0, 20.0],
        [-10.0, 5.0, 30.0],
        [-10.0, 5.0, 30.0],
    ]
    assert row["trusts_in_deficit"].sel(quantile=0.5).values.tolist() == [2, 2, 2]
    assert row["unmet"].sel(quantile=0.95).values == pytest.approx([0.02] * 3)
    # Of 10 one-off and 20, 30, 10 recurrent; 40, 40, 60; 60, 10, 60.
    shares = row["one_off_share"].sel(quantile=0.5).values
    assert shares == pytest.approx([10 / 30, 10 / 50, 10 / 70])
    shares = found["one_off_share"].sel(target="any")
    assert shares.values == pytest.approx(np.full((3, len(LEVELS)), 0.75))
    # Three draws bound no median from either side.
    assert np.isinf(found["balance_low"].sel(quantile=0.5)).all()
    assert np.isinf(found["balance_high"].sel(quantile=0.5)).all()


def test_a_year_without_savings_has_no_one_offs():
    run = made_run()
    sector = run["sector"].to_dataset(inherit=False)
    for name in ("recurrent", "nonrecurrent"):
        sector[name] = sector[name] * 0.0
    run["sector"] = xr.DataTree(sector)
    assert (path(run)["one_off_share"] == 0.0).all()


def test_one_target_alone_is_the_same(found):
    alone = path(made_run(), ["lasting"])
    xr.testing.assert_identical(alone, found.sel(target=["lasting"]))


def test_an_unknown_target_is_refused_with_the_nearest():
    with pytest.raises(RunFileError, match="target 'last': is not in this run") as told:
        path(made_run(), ["last"])
    assert "did you mean 'lasting'" in str(told.value) or "choose" in str(told.value)


# --- numbers as the file rounds them --------------------------------------------------


def values_of(name, given):
    shape = np.shape(given)
    whole = {"cost_before": np.full(shape, 100.0)}
    whole |= {key: np.zeros(shape) for key in ("recurrent", "nonrecurrent")}
    return whole | {name: np.asarray(given, np.float32).astype(float)}


def test_a_tie_that_the_file_rounds_down_is_met():
    rate = np.full(3, 0.011)
    values = values_of("cash_releasing", np.full((1, 3), 0.011))
    assert values["cash_releasing"][0, 0] < 0.011 * (1.0 - 1e-9)
    judged = judge(values, rate, np.array([True]), "cash_releasing")
    assert judged.met.all()
    assert (judged.flips, judged.doubtful) == (0, 1)


def test_a_miss_beyond_rounding_is_missed():
    rate = np.full(2, 0.011)
    values = values_of("cash_releasing", [[0.011 * (1.0 - 1e-6), 0.02]])
    judged = judge(values, rate, np.array([True]), "cash_releasing")
    assert judged.met.tolist() == [[False, True]]
    assert (judged.flips, judged.doubtful) == (0, 0)


def test_the_stored_verdict_decides_on_the_last_year_and_differences_are_counted():
    rate = np.full(2, 0.01)
    values = values_of("cash_releasing", [[0.02, 0.02], [0.0, 0.0], [0.02, 0.02]])
    judged = judge(values, rate, np.array([False, True, True]), "cash_releasing")
    assert judged.met.tolist() == [[True, False], [False, True], [True, True]]
    assert judged.flips == 2


def test_of_reported_savings_one_offs_count_as_well():
    rate = np.full(2, 0.01)
    values = values_of("recurrent", [[1.2, 0.5]])
    values |= {"nonrecurrent": np.array([[0.0, 0.3]])}
    achieved = np.array([True])
    assert judge(values, rate, achieved, "any_means").met.tolist() == [[True, True]]
    assert judge(values, rate, ~achieved, "recurrent").met.tolist() == [[True, False]]
    values["nonrecurrent"] = np.array([[0.0, 0.2]])
    assert judge(values, rate, ~achieved, "any_means").flips == 0


# --- real runs ------------------------------------------------------------------------

DRAWS = 1500
# Basis and rate: some that are always achieved, or never, and some in between.
MIXED = (
    ("cash_releasing", 0.008),
    ("cash_releasing", 0.09),
    ("measured", 0.004),
    ("recurrent", 0.0),
    ("recurrent", 0.02),
    ("reported", 0.025),
)


def mixed():
    """The tiny scenario with targets of every basis."""
    given = tiny.tables()
    given["targets"] = [
        {"name": f"{basis}-{rate:g}", "rate": rate, "basis": basis, "source": "-"}
        for basis, rate in MIXED
    ]
    return given


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("path")
    scenario = tiny.write(folder, mixed())
    runs.run(scenario, draws=DRAWS, output=folder / "run.h5")
    return folder / "run.h5"


@pytest.fixture(scope="module")
def run(place):
    return store.open_run(place, path_report.GROUPS)


@pytest.fixture(scope="module")
def followed(run):
    return path(run)


def test_the_last_year_and_the_recoveries_add_up_to_the_stored_probability(
    run, followed
):
    root = run.to_dataset()
    for name in followed["target"].values:
        row = followed.sel(target=name)
        stored = root["sector_probability"].sel(
            target=name, outcome=str(row["outcome"].values)
        )
        count = DRAWS - int(row["missed"]) + int(row["recovered"])
        assert count == int(row["achieved"])
        assert count / DRAWS == float(stored)  # exactly
        assert float(row["on_course"][-1]) == (DRAWS - int(row["missed"])) / DRAWS
    assert int(followed["recovered"].max()) > 0


def test_shares_on_course_never_rise_and_lie_within_their_intervals(followed):
    assert (followed["on_course"].diff("year") <= 0.0).all()
    assert (followed["on_course_low"] <= followed["on_course"]).all()
    assert (followed["on_course"] <= followed["on_course_high"]).all()
    total = followed["first_missed"].sum("year") + DRAWS * followed["on_course"][:, -1]
    assert total.values == pytest.approx(np.full(followed.sizes["target"], DRAWS))


def test_rounding_in_the_file_moves_no_draw(run, followed):
    """Against the engine's eight-byte numbers, judged as the kernel judges."""
    work = tiny.job(mixed(), seed=run.attrs["seed"])
    parts, _ = tiny.simulate(work, DRAWS)
    sector = tiny.per_draw(parts)["sector"]  # (result, target, year, draw)
    results = dict(zip(GROUP_RESULTS, sector, strict=True))
    for t, target in enumerate(work.scenario.targets):
        one = {name: values[t] for name, values in results.items()}
        rate = work.plan.rate[t][:, None]
        if target.basis in ("reported", "recurrent"):
            asked, done = rate * one["cost_before"], one["recurrent"]
            if target.basis == "reported":
                done = done + one["nonrecurrent"]
        else:
            done = one[target.basis]
            asked = np.broadcast_to(rate, done.shape)
        met = np.cumsum(done, axis=0) >= np.cumsum(asked, axis=0) * (1.0 - 1e-9)
        expected = np.logical_and.accumulate(met, axis=0).mean(axis=1)
        row = followed.sel(target=target.name)
        assert row["on_course"].values.tolist() == expected.tolist(), target.name
        assert int(row["flips"]) == 0


def test_what_always_achieves_is_on_course_and_never_certain(followed):
    row = followed.sel(target="recurrent-0")
    assert (row["on_course"] == 1.0).all()
    assert (row["on_course_low"] < 1.0).all()
    assert (row["on_course_low"] > 0.99).all()
    assert int(row["missed"]) == int(row["recovered"]) == 0
    assert np.isnan(row["recovery"])
    assert float(row["total_shortfall"]) == 0.0


def test_what_never_achieves_is_missed_and_bounded(followed):
    row = followed.sel(target="cash_releasing-0.09")
    assert (row["on_course"] == 0.0).all()
    assert (row["on_course_high"] > 0.0).all()
    assert int(row["missed"]) == DRAWS
    assert float(row["recovery"]) == 0.0
    assert float(row["recovery_high"]) == pytest.approx(wilson(0, DRAWS)[1])
    assert int(row["first_missed"][0]) == DRAWS


def test_a_year_short_of_reported_savings_may_be_made_up(followed):
    assert int(followed["recovered"].sel(target="reported-0.025")) > 0


def test_the_tail_is_that_of_the_draws(run, followed):
    one = run["sector"].to_dataset().sel(target="recurrent-0.02").astype(float)
    asked = 0.02 * one["cost_before"] - one["recurrent"]
    total = np.maximum(asked.sum("year").values, 0.0)
    row = followed.sel(target="recurrent-0.02")
    expected = tail_mean(total, 0.1)
    assert float(row["total_shortfall_tail"]) == pytest.approx(float(expected.value))
    worst = np.sort(total)[-DRAWS // 10 :]
    assert float(row["total_shortfall_tail"]) == pytest.approx(worst.mean())
    assert float(row["total_shortfall_tail_error"]) == pytest.approx(
        float(expected.error)
    )


def test_medians_lie_within_their_intervals_and_bands_are_in_order(followed):
    for name in BANDS:
        values = followed[name]
        assert (values.diff("quantile") >= 0.0).all(), name
        middle = {"quantile": 0.5}
        assert (followed[f"{name}_low"].sel(middle) <= values.sel(middle)).all()
        assert (values.sel(middle) <= followed[f"{name}_high"].sel(middle)).all()
        assert np.isfinite(followed[f"{name}_high"]).all()


def test_a_target_that_is_met_exactly_every_year_is_on_course():
    given = test_engine.five_years_of_productivity()
    given["demand"]["bias"] = 0.0
    given["demand"]["national_shock"]["sd"] = 0.0
    for kind in TRUST_TYPES:
        given["demand"][kind]["trend"] = 0.011
    work = tiny.job(given)
    kept = tiny.per_draw(tiny.simulate(work, 20)[0])
    sector = kept["sector"][:, 0].astype(np.float32).astype(float)  # as in the file
    values = dict(zip(GROUP_RESULTS, sector.transpose(0, 2, 1), strict=True))
    assert (values["cash_releasing"] < 0.011 * (1.0 - 1e-9)).all()
    achieved = kept["achieved"][0, OUTCOMES.index("cash_releasing")] > 0
    assert achieved.all()
    judged = judge(values, work.plan.rate[0], achieved, "cash_releasing")
    assert judged.met.all()
    assert (judged.flips, judged.doubtful) == (0, 20)


# --- on the screen --------------------------------------------------------------------


def said_of(what):
    """A table as text on one line."""
    console = Console(width=100, record=True, file=StringIO())
    console.print(what)
    return " ".join(console.export_text().split())


def call(*arguments):
    return CliRunner().invoke(main, ["path", *map(str, arguments)])


def test_the_command_prints_every_target(place, followed):
    result = call(place)
    assert result.exit_code == 0, result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 100
    said = " ".join(result.stdout.split())
    for name in followed["target"].values:
        assert f"{name} " in said
    assert "2019/20 2020/21 2021/22" in said
    assert "Trusts have none here" in said
    assert "add --target NAME" in said
    assert "none missed" in said
    assert "below" in said  # of a share that is zero
    assert "none in any draw" in said


def test_the_command_prints_all_years_of_one_target(place):
    result = call(place, "--target", "cash_releasing-0.008")
    assert result.exit_code == 0, result.stderr
    said = " ".join(result.stdout.split())
    assert "recurrent-0.02" not in said
    for words in path_report.BAND_WORDS.values():
        assert words in said
    assert "90% of futures" in said


def test_the_command_gives_plain_json(place, followed):
    result = call(place, "--json")
    assert result.exit_code == 0, result.stderr

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    found = json.loads(result.stdout, parse_constant=refuse)
    assert found["draws"] == DRAWS
    assert found["years"] == list(YEARS)
    assert found["confidence"] == 0.95
    assert [one["target"] for one in found["targets"]] == followed[
        "target"
    ].values.tolist()
    # Nothing without its interval.
    for one in found["targets"]:
        for name in ("on_course", "recovery", "shortfall", "total_shortfall", *BANDS):
            assert {f"{name}_low", f"{name}_high"} <= one.keys()
    one, row = found["targets"][1], followed.isel(target=1)
    assert one["on_course"] == row["on_course"].values.tolist()
    assert one["on_course_low"] == row["on_course_low"].values.tolist()
    assert one["recovered"] == int(row["recovered"])
    assert one["balance"]["0.5"] == row["balance"].sel(quantile=0.5).values.tolist()
    sure = next(t for t in found["targets"] if t["target"] == "recurrent-0")
    assert sure["recovery"] is None


def test_an_unknown_target_is_refused_in_a_line(place):
    result = call(place, "--target", "measured-0.01")
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith(
        "target 'measured-0.01': is not in this run; did you mean 'measured-0"
    )


def test_a_file_that_is_not_there_is_refused_in_a_line(tmp_path):
    result = call(tmp_path / "none.h5")
    assert result.exit_code == 1
    assert "there is no such file" in result.stderr


def test_three_draws_are_said_to_be_too_few():
    said = said_of(path_report.render(made_run(), "f", "lasting"))
    assert "too few draws" in said
    assert "lasting: in 1 draws a year is met or missed by less than" in said
    assert "40 (too few draws)" in said
    assert json.dumps(path_report.as_records(made_run(), "f"), allow_nan=False)
