"""Hindcasts: the record, the naive forecasts, the scores and what is said of them."""

import json
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner, Result

from simulator import evidence
from simulator.answers.hindcast import naive
from simulator.answers.hindcast import report as past
from simulator.answers.hindcast.estimate import LEVELS, ratios, score
from simulator.answers.hindcast.naive import Announced, Forecast
from simulator.answers.hindcast.simulate import hindcast
from simulator.cli import main
from simulator.errors import SimulatorError
from simulator.evidence import record
from simulator.running import runs
from simulator.statistics import scores

YEARS = range(2013, 2018)
SUPPORT = {2012: 263.0, 2013: 511.0, 2014: 0.0, 2015: 300.0, 2016: 1800.0, 2017: 1800.0}
SCORED = [
    (measure, year)
    for measure in record.MEASURES
    for year, figure in record.figures(measure).items()
    if figure.error is not None
]


def foretold(shift: float = 0.0, years: Any = YEARS, draws: int = 200) -> xr.Dataset:
    """What draws say whose middle is the record, moved by `shift` half-widths."""
    spread = np.linspace(-1.0, 1.0, draws)
    series = {}
    for measure in record.MEASURES:
        figures = record.figures(measure)
        middle = np.array([figures[y].value if y in figures else 1.0 for y in years])
        half = np.maximum(0.1 * np.abs(middle), 0.01)
        values = middle + (shift + spread[:, None]) * half
        series[measure.name] = (("draw", "year"), values)
    return xr.Dataset(series, {"year": list(years)})


# --- the record -----------------------------------------------------------------------


@pytest.mark.parametrize(("measure", "year"), SCORED)
def test_every_scored_figure_says_how_far_it_may_err_and_why(measure, year):
    figure = record.figures(measure)[year]
    assert figure.error > 0.0
    assert len(figure.why) > 10
    assert figure.error < 0.3 * max(abs(figure.value), 0.04 * 75_000)


def test_the_measures_that_are_asked_for_are_scored():
    years = {m.name: [y for n, y in SCORED if n is m] for m in record.MEASURES}
    assert years["balance"] == years["in_deficit"] == list(YEARS)
    assert years["underlying"] == [2014, 2015, 2016, 2017]
    assert years["acute_in_deficit"] == years["other_in_deficit"] == [2015, 2016, 2017]
    assert years["gross_deficit"] == [2013, 2016, 2017]
    assert years["planned"] == years["productivity"] == list(YEARS)
    assert years["delivered"] == years["recurrent_share"] == [2013, 2015, 2016, 2017]
    assert years["income"] == [2015, 2017]
    assert years["cost"] == [2014, 2016]
    assert years["productivity_mean"] == years["other_balance"] == [2017]


def test_no_error_is_given_without_a_figure_and_nothing_is_later_than_2017():
    keys = [key.split(".") for key in evidence.figures() if key.startswith("record.")]
    assert keys
    for _, name, kind, year in keys:
        assert int(year) <= record.LAST == 2017
        if kind == "error":
            assert int(year) in record.figures(record.BY_NAME[name])


def test_productivity_is_what_the_issue_says_to_observe():
    mean = record.figures(record.BY_NAME["productivity_mean"])[2017]
    assert (mean.value, mean.error) == (0.013, 0.006)
    single = record.figures(record.BY_NAME["productivity"])
    assert np.mean([single[y].value for y in YEARS]) == pytest.approx(0.013, abs=2e-4)


def test_a_published_range_is_scored_at_its_middle():
    assert evidence.bounds("finance.underlying_balance.2017") == (-4300.0, -4000.0)
    underlying = record.figures(record.BY_NAME["underlying"])
    assert underlying[2017].value == -4150.0


# --- naive forecasts ------------------------------------------------------------------


def test_naive_forecasts_start_from_the_last_year_known_at_the_origin():
    known = {2010: 10.0, 2012: 14.0, 2013: 11.0, 2017: 5.0}
    spread = np.sqrt((4.0**2 / 2 + 3.0**2 + 6.0**2 / 4) / 3)
    assert naive.change(known) == pytest.approx(spread)
    nothing = Announced(70_000.0, {})
    found = naive.forecasts("in_deficit", known, {2015: 9.0}, nothing, 2012, 2015)
    assert found == {
        "persistence": Forecast(14.0, pytest.approx(spread)),
        "told": Forecast(14.0, pytest.approx(spread)),
        "random_walk": Forecast(14.0, pytest.approx(spread * np.sqrt(3.0))),
        "plan": Forecast(9.0, 0.0),
    }


@pytest.mark.parametrize("known", [{2013: 1.0, 2014: 2.0, 2015: 4.0}, {2012: 1.0}])
def test_without_a_start_or_a_spread_there_is_no_naive_forecast(known):
    found = naive.forecasts("cost", known, {}, Announced(1.0, {}), 2012, 2014)
    assert all(np.isnan(forecast.mean) for forecast in found.values())


def test_persistence_is_told_of_support_and_prices():
    """Prices asked 4% in 2012/13 and to 2014/15, then 3.5, 2 and 2%."""
    announced = Announced(70_000.0, SUPPORT)

    def told(name: str, last: float, year: int) -> float:
        return naive.told(name, last, announced, 2012, year)

    assert told("balance", 592.0, 2014) == pytest.approx(592.0 - 263.0)
    eased = (0.005 + 0.02 + 0.02) * 70_000.0
    assert told("balance", 592.0, 2017) == pytest.approx(592.0 + 1537.0 + eased)
    assert told("underlying", -100.0, 2017) == pytest.approx(-100.0 + eased)
    income = 70_000 * (1.0 + evidence.number("tariff.cost_uplift.2013") - 0.04)
    assert told("income", 70_000.0, 2013) == pytest.approx(income + 248.0)
    grown = told("income", 7e4, 2017) - told("cost", 7e4, 2017)
    assert grown == pytest.approx(1537.0 + eased, rel=0.05)  # to first order the same
    assert told("in_deficit", 0.1, 2017) == 0.1
    assert np.isnan(naive.told("balance", 1.0, Announced(1.0, {}), 2012, 2013))


# --- scores ---------------------------------------------------------------------------


def test_a_forecast_of_what_happened_has_every_figure_inside():
    found = score(foretold(), SUPPORT)
    known = found["pit"].notnull()
    assert int(known.sum()) == len(SCORED)
    assert found["pit"].where(known, 0.5).values == pytest.approx(0.5)
    assert (found["inside_50"].where(known, 1.0) == 1.0).all()
    assert (found["all_ratio"] < 1.0).all()
    assert past.verdict([found])[0] == (
        f"{len(SCORED)} of {len(SCORED)} published figures lie inside the 90% band "
        f"(100%), {len(SCORED)} inside the 50% band (100%)."
    )


def test_a_forecast_far_off_has_none_and_loses():
    found = score(foretold(shift=9.0), SUPPORT)
    assert float(found["inside_90"].sum()) == 0.0
    assert (found["all_ratio"] > 1.0).all()


def test_each_score_is_that_of_the_draws_and_the_figure():
    series = foretold(shift=0.4)
    found = score(series, SUPPORT).sel(measure="in_deficit", year=2017)
    figure = record.figures(record.BY_NAME["in_deficit"])[2017]
    draws = series["in_deficit"].sel(year=2017).values
    given = draws, figure.error, figure.value
    assert float(found["pit"]) == scores.pit(*given) < 0.5
    assert float(found["crps"]) == scores.crps(*given)
    spread = naive.change(
        {y: f.value for y, f in record.figures(record.BY_NAME["in_deficit"]).items()}
    )
    expected = scores.crps_normal(0.101, np.hypot(spread, figure.error), figure.value)
    assert float(found["crps_naive"].sel(naive="persistence")) == expected
    expected = np.quantile(scores.measured(draws, figure.error), LEVELS)
    assert found["model"].values == pytest.approx(expected)


def test_years_without_a_figure_are_shown_and_not_scored():
    found = score(foretold(), SUPPORT).sel(measure="gross_deficit", year=2014)
    assert found["model"].notnull().all()
    assert all(np.isnan(found[name]) for name in ("published", "pit", "crps"))


def test_what_measures_something_else_is_shown_and_not_scored():
    found = score(foretold(), SUPPORT)
    for name, year in (("at_plan", 2017), ("underlying", 2013), ("cost", 2017)):
        one = found.sel(measure=name, year=year)
        assert one["published"].notnull()
        assert np.isnan(one["pit"])
    plans = found["published"].sel(measure="at_plan", year=2017)
    assert float(plans) == pytest.approx(156 / 234, abs=1e-3)


def test_origins_are_compared_figure_by_figure():
    one, two = (score(foretold(s), SUPPORT) for s in (0.0, 3.0))
    both = ratios([one, two])["ratio"]
    expected = np.sqrt(one["ratio"] * two["ratio"])
    assert both.values == pytest.approx(expected.values, nan_ok=True)


def test_too_few_draws_or_no_number_are_refused():
    with pytest.raises(SimulatorError, match=r"^draws: 1 are too few to score; give m"):
        score(foretold(draws=1), SUPPORT)
    series = foretold()
    series["balance"][7, 2] = np.nan
    with pytest.raises(SimulatorError, match=r"^balance in 2015: is not a number in s"):
        score(series, SUPPORT)


# --- of a run -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The packaged hindcast, with the trajectories of every trust."""
    place = tmp_path_factory.mktemp("past") / "past.h5"
    how = {"draws": 150, "seed": 7, "keep": "all", "output": place}
    with runs.run("hindcast-2013", **how) as tree:
        return tree.load()


def test_measures_of_a_run_are_those_of_its_trusts(run, monkeypatch):
    seen = []

    def look(series, support):
        seen.append((series, support))
        return xr.Dataset()

    monkeypatch.setattr("simulator.answers.hindcast.estimate.score", look)
    hindcast(run, threads=1)
    assert [str(s["target"].values) for s, _ in seen] == list(run["target"].values)
    for k, (series, support) in enumerate(seen):
        sector = run["sector"].to_dataset().isel(target=k).astype(float)
        kept = run["trajectories/balance"].isel(target=k).astype(float)
        acute = run["type_of_trust"].values == "acute"
        short = kept.values < 0.0
        assert (series["acute_in_deficit"] == short[:, acute].mean(axis=1)).all()
        assert (series["other_in_deficit"] == short[:, ~acute].mean(axis=1)).all()
        split = acute.mean() * series["acute_in_deficit"]
        split += (1.0 - acute.mean()) * series["other_in_deficit"]
        assert split.values == pytest.approx(series["in_deficit"].values)
        parts = series["acute_balance"] + series["other_balance"]
        assert parts.values == pytest.approx(sector["balance"].values, abs=0.01)
        deficits = -np.minimum(kept.values, 0.0).sum(axis=1)
        assert series["gross_deficit"].values == pytest.approx(deficits, abs=0.01)
        saved = sector["recurrent"] + sector["nonrecurrent"]
        assert series["delivered"].equals(saved / sector["cost_before"])
        balance = series["income"] - series["cost"]
        assert balance.values == pytest.approx(sector["balance"].values, abs=0.01)
        assert series["productivity"].equals(sector["measured"])
        mean = series["productivity_mean"]
        assert mean.sel(year=range(2013, 2017)).isnull().all()
        expected = sector["measured"].mean("year").values
        assert mean.sel(year=2017).values == pytest.approx(expected)
        assert sorted(support) == [2012, *YEARS]
        assert support[2012] == evidence.number("opening.support.2012")
        assert support[2013] == pytest.approx(sector["support"][0, 0])


def test_a_run_is_scored_on_the_years_that_were_published(run):
    found = hindcast(run, threads=1)
    names = list(run["target"].values)
    assert list(found["target"].values) == names
    assert list(found["year"].values) == list(YEARS)
    assert (found["pit"].count(("measure", "year")) == len(SCORED)).all()
    records = past.as_records([past.Hindcast(run, found)])
    assert [one["target"] for one in records["hindcasts"]] == names
    rows = records["hindcasts"][-1]["rows"]
    row = next(r for r in rows if (r["measure"], r["year"]) == ("balance", 2013))
    assert row["published"] == -91.0
    assert row["source"]["grade"] == "A"
    assert row["source"]["title"].startswith("NAO: more NHS organisations")
    assert row["why_error"].startswith("Versions of one year")
    assert row["inside_90"] is (row["model"]["0.05"] <= -91.0 <= row["model"]["0.95"])
    assert records["verdict"] == past.verdict([found.isel(target=0)])


def test_a_run_whose_numbers_were_changed_is_refused(run):
    sector = run["sector"].to_dataset().copy(deep=True)
    sector["balance"][1, 3, 1] += 1.0
    changed = run.copy()
    changed["sector"] = xr.DataTree(sector)
    with pytest.raises(SimulatorError, match="simulated again, does not give its num"):
        hindcast(changed, threads=1)


# --- the command ----------------------------------------------------------------------


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def done(*arguments: object) -> str:
    """Call a command that works: what it prints."""
    result = call(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_hindcast_sets_published_figures_beside_the_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ("hindcast", "hindcast-2013", "--draws", 64, "--threads", 2)
    said = done(*arguments)
    for title in ("net balance", "savings planned", "productivity", "other trusts in"):
        assert re.search(rf"\n{title}.* 201[35]/1[46] ", said)
    assert list(tmp_path.glob("*.h5")) == []
    found = json.loads(done(*arguments, "--json", "-o", "past.h5"))
    assert (tmp_path / "past.h5").is_file()
    one = found["hindcasts"][0]
    assert one["verdict"] == found["verdict"]
    assert one["verdict"][0] in said
    inside = [row["inside_90"] for row in one["rows"] if row["pit"] is not None]
    assert one["verdict"][0].startswith(f"{sum(inside)} of {len(inside)} ")


def test_hindcasts_from_several_years_are_scored_together(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = "hindcast", "hindcast-2013", "hindcast-2015"
    how = "--draws", 64, "--threads", 2
    _, together = done(*names, *how).split("\nFrom all origins, the first target of ea")
    found = json.loads(done(*names, *how, "--json"))
    assert found["verdict"][0] in together
    n = re.compile(r"(\d+) of (\d+) ")
    first = [
        n.match(one["verdict"][0])
        for one in found["hindcasts"]
        if one["target"] == "tariff as set"
    ]
    both = n.match(found["verdict"][0])
    assert [sum(int(m[k]) for m in first) for k in (1, 2)] == [
        int(both[1]),
        int(both[2]),
    ]
    result = call(*names, *how, "-o", "past.h5")
    assert result.exit_code == 2
    assert "-o takes one run: give one SCENARIO" in result.stderr
    assert list(tmp_path.glob("*.h5")) == []


def test_years_of_which_nothing_was_published_are_refused(tmp_path):
    command = [sys.executable, "-m", "simulator.cli", "hindcast", "long-term-plan"]
    made = subprocess.run(
        [*command, "--draws", "10", "-o", "x.h5"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 1
    assert made.stdout == ""
    assert made.stderr == (
        "first_year: runs from 2019 to 2023, and published figures are held of 2013 to "
        "2017 only: there is nothing to score; hindcast a scenario of those years, "
        "such as hindcast-2013\n"
    )
    assert list(tmp_path.iterdir()) == []
