"""Charts: their numbers are the run's, their colours are told apart, they are drawn."""

import itertools
import json
import re
import sys

import altair
import numpy as np
import pandas as pd
import processes
import pytest
import tiny
from click.testing import CliRunner

import simulator as sim
from simulator.answers.headline.estimate import GIVEN, headline
from simulator.answers.uncertainty import simulate as uncertainty
from simulator.cli import main
from simulator.errors import RunFileError, SimulatorError
from simulator.evidence.record import BY_NAME, figures
from simulator.plots import (
    asked_delivered,
    belief_tornado,
    cause_waterfall,
    chance_curve,
    course_path,
    drawing,
    fan_chart,
    record_hindcast,
    run_comparison,
    simulated,
    theme,
    trust_dots,
    words,
)

DRAWS = 60
RATES = (0.005, 0.01, 0.02, 0.03)
EVIL = "</script><script>alert(1)</script>"


def tables():
    """Targets of one kind that make a curve, one beside it, and one of another kind."""
    given = tiny.tables()
    even = [
        {"name": f"{100 * rate:g}%", "rate": rate, "basis": "recurrent", "source": "-"}
        for rate in RATES
    ]
    added = {**even[1], "name": EVIL, "deficit_addon": [0.005, 0.005, 0.0]}
    tariff = [
        {**one, "name": f"{one['name']}, tariff", "plan_follows": "tariff"}
        for one in even[:2]
    ]
    given["targets"] = [*even, added, *tariff]
    return given


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("plots")
    scenario = sim.load_scenario(tiny.write(place, tables()))
    sim.run(scenario, draws=DRAWS, seed=7, output=place / "run.h5").close()
    more = sim.load_scenario(place / "tiny.toml", settings=["delivery.real_share=0.9"])
    sim.run(more, draws=DRAWS, seed=7, output=place / "more.h5").close()
    return place


@pytest.fixture(scope="module")
def run(folder):
    return sim.open(folder / "run.h5").load()


@pytest.fixture(scope="module")
def explained(folder):
    """Why a target is missed, where few causes act."""
    few = sim.load_scenario(folder / "tiny.toml", settings=tiny.FEW_CAUSES)
    run = sim.run(few, draws=4, seed=7)
    return simulated.explained(run, simulated.causes(run, "1%"), draws=8)


@pytest.fixture(scope="module")
def compared(folder, run):
    other = sim.open(folder / "more.h5")
    return simulated.compared([("run.h5", run), ("more.h5", other)])


# --- colours --------------------------------------------------------------------------

# Machado, Oliveira and Fernandes (2009), IEEE Transactions on Visualization and
# Computer Graphics 15, 1291-1298, table 1, severity 1; of linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colour):
    parts = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255.0
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    light = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


def lab(rgb):
    """CIE L*a*b* of linear RGB under D65."""
    matrix = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    xyz = matrix @ np.clip(rgb, 0.0, 1.0) / [0.95047, 1.0, 1.08883]
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16.0 / 116.0)
    return np.array(
        [116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])]
    )


def test_contrast_of_known_colours():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("colour", theme.SERIES)
def test_a_series_stands_out_from_paper(colour):
    assert contrast(colour, theme.PAPER) >= 3.0


@pytest.mark.parametrize("colour", [theme.INK, theme.SOFT])
def test_words_stand_out_from_paper(colour):
    assert contrast(colour, theme.PAPER) >= 4.5


@pytest.mark.parametrize("kind", BLINDNESS)
def test_series_are_told_apart_by_whoever_is_colour_blind(kind):
    seen = {c: lab(BLINDNESS[kind] @ linear(c)) for c in theme.SERIES[:4]}
    gaps = [
        np.linalg.norm(seen[one] - seen[other])
        for one, other in itertools.combinations(seen, 2)
    ]
    assert min(gaps) > 15.0  # a difference of 2.3 is just noticed


# --- what the charts say --------------------------------------------------------------


def test_the_curve_shows_the_chances_of_the_file(run):
    every = chance_curve.points(run)
    given = every["plans"] == GIVEN
    found = every[~given].set_index("target")
    answer = headline(run).sel(of="sector")
    for _, row in every[given].iterrows():
        second = answer.sel(beliefs=GIVEN, target=row["target"])
        assert row["chance"] == float(second["chance"])
    stored = run["sector_probability"].sel(outcome="recurrent")
    for target in run["target"].values:
        assert found.loc[target, "chance"] == float(stored.sel(target=target))
    assert list(found.index[~found["on_curve"]]) == [EVIL]
    assert found["low"].le(found["chance"]).all()


def test_the_rates_marked_lie_between_those_that_were_run(run):
    found = chance_curve.points(run)
    marks = chance_curve.allowed(run, found)
    counts = run["counts"]["sector_achieved"].sel(outcome="recurrent")
    chances = [float(counts.sel(target=f"{100 * r:g}%")) / DRAWS for r in RATES]
    for mark in (m for m in marks if m.plans == "gap"):
        enough = [r for r, c in zip(RATES, chances, strict=True) if c >= mark.chance]
        if not enough:
            assert mark.reached == "no rate"
        elif len(enough) == len(RATES):
            assert mark.reached == "every rate"
        else:
            above = RATES[len(enough)]
            assert mark.low <= enough[-1] <= mark.rate <= above <= mark.high


def test_the_title_of_a_curve_is_the_answer(run):
    figure = chance_curve.figure(run, "1%")
    assert figure.title.startswith("1%: ")
    assert f"{DRAWS} draws)" in figure.title
    row = next(row for row in figure.rows if row[0] == "1%")
    assert row[3].removesuffix(")") in figure.title
    assert row[3] in figure.alt


def test_a_fan_is_the_spread_of_the_sector(run):
    found = fan_chart.spreads(run, "1%")
    last = found[(found["series"] == "balance") & (found["year"] == "2021/22")]
    values = run["sector/balance"].sel(target="1%").isel(year=-1).values / 1000.0
    expected = np.quantile(values, fan_chart.LEVELS, method="inverted_cdf")
    names = [f"q{100 * level:02.0f}" for level in fan_chart.LEVELS]
    assert last[names].to_numpy()[0] == pytest.approx(expected)
    assert set(found["series"]) == {series.name for series in fan_chart.SERIES}


def test_savings_stand_beside_those_published_before_the_run(run):
    found = asked_delivered.savings(run, "1%").set_index("year")
    made = figures(BY_NAME["delivered"])
    assert found.loc["2017/18", "made"] == pytest.approx(100 * made[2017].value)
    assert found.loc["2018/19", "planned"] == pytest.approx(4.1)
    assert np.isnan(found.loc["2018/19", "made"])  # no outturn of that year is known
    sector = run["sector"].sel(target="1%").isel(year=0)
    planned = np.median(100.0 * sector["ask"] / sector["cost_before"])
    assert found.loc["2019/20", "planned"] == pytest.approx(planned)
    assert not (found["made"] < found["recurrent"]).any()


def test_every_trust_is_a_dot(run):
    figure = trust_dots.figure(run, "2%")
    found = trust_dots.chances(run, "2%")
    stored = run["probability"].sel(target="2%", outcome="recurrent")
    assert len(found) == run.sizes["trust"]
    for _, row in found.iterrows():
        assert row["probability"] == float(stored.sel(trust=row["trust"]))
    likely = int((stored >= 0.5).sum())
    assert f"2%: {likely} of 8 trusts are likelier than not" in figure.title
    assert sum(int(row[1]) for row in figure.rows) == 8


def test_dots_beside_each_other_stay_in_their_band():
    offsets = trust_dots._beside([0.9, 0.5, 0.5, 0.5, 0.1])
    assert offsets[0] == offsets[1] == offsets[4] == 0.0
    assert len({*offsets[1:4]}) == 3
    assert max(map(abs, trust_dots._beside([0.5] * 50))) < 0.5


def test_a_path_falls_from_what_the_first_year_misses(run):
    found = course_path.courses(run, ["1%"])
    left = 1.0 - found["first_missed"].cumsum()
    assert found["on_course"].to_numpy() == pytest.approx(left.to_numpy())
    assert course_path.chosen(run, "1%") == ["1%", "2%", "3%"]


@pytest.mark.parametrize("quantity", ["delivered", "balance", "chance"])
def test_a_waterfall_adds_up(explained, quantity):
    found = cause_waterfall.steps(explained, quantity)
    moves = found[found["kind"] != "level"]
    assert found["end"].iloc[0] + moves["change"].sum() == pytest.approx(
        found["end"].iloc[-1]
    )
    assert list(moves["start"])[1:] == list(moves["end"])[:-1]
    svg(cause_waterfall.figure(explained, quantity))


def test_a_waterfall_of_something_else_is_refused(explained):
    with pytest.raises(SimulatorError, match="quantity: 'cost' is none of"):
        sim.plots.waterfall(explained, "cost")


def test_a_tornado_shows_what_can_be_told_from_noise(run):
    found = simulated.believed(run, "1%", draws=uncertainty.LEAST_DRAWS)
    every = belief_tornado.influences(found, "1%")
    assert every["share"].dropna().is_monotonic_decreasing
    assert (every["clear"] == (every["low"] > 0.0)).all()
    if every["clear"].any():
        figure = belief_tornado.figure(found)
        assert len(figure.rows) == min(every["clear"].sum(), belief_tornado.SHOWN)
        svg(figure)
    else:
        with pytest.raises(RunFileError, match="can be told from noise"):
            belief_tornado.figure(found)


@pytest.mark.slow
def test_a_hindcast_counts_what_its_bands_hold():
    past = sim.run("hindcast-2013", draws=50, seed=7)
    scored = sim.hindcast(past)
    target = str(scored["target"].values[0])
    found = record_hindcast.scored_figures(scored, target)
    one = scored.sel(target=target)
    assert len(found) == int(one["pit"].count())
    inside = (found["inside"] == record_hindcast.INSIDE).sum()
    assert inside == int(one["inside_90"].sum())
    figure = record_hindcast.figure(scored)
    assert figure.title.startswith(f"{inside} of {len(found)} published figures")
    svg(figure)


def test_a_comparison_shows_both_chances(compared, run):
    found = run_comparison.pairs(compared).set_index(["target", "run"])
    stored = run["sector_probability"].sel(outcome="recurrent", target="1%")
    assert found.loc[("1%", "run.h5"), "chance"] == float(stored)
    assert found.loc[("1%", "run.h5"), "differs"] == ""
    assert "to" in found.loc[("1%", "more.h5"), "differs"]


def test_numbers_have_a_true_minus_and_no_minus_before_a_nought():
    assert words.number(-1234.5, 1) == "\N{MINUS SIGN}1,234.5"
    assert words.number(-0.01, 1) == "0.0"
    assert words.money(-1860.0) == "\N{MINUS SIGN}£1.9bn"
    assert words.with_draws("63% (62-64)", 10_000) == "63% (62-64, 10,000 draws)"
    assert words.with_draws("below 0.1%", 100) == "below 0.1% (100 draws)"


# --- drawn ----------------------------------------------------------------------------


def svg(figure):
    """Draw a figure, and find its words in the picture."""
    drawn = drawing.drawn(figure.titled(), "svg").decode()
    shown = " ".join(re.findall(r">([^<]+)</(?:text|tspan)>", drawn))
    assert figure.title.split()[0].replace("<", "&lt;")[:9] in shown
    assert "NaN" not in drawn
    assert "undefined" not in drawn
    return drawn


@pytest.mark.parametrize("name", ["curve", "fan", "asked_and_delivered", "trusts"])
def test_a_public_chart_is_altairs_and_is_drawn(run, name):
    chart = getattr(sim.plots, name)(run, "1%")
    assert isinstance(chart, altair.TopLevelMixin)
    found = drawing.drawn(chart, "svg").decode()
    assert found.startswith("<svg")
    assert "NaN" not in found
    assert chart.to_dict()["description"]


def test_a_comparison_and_a_path_are_drawn(compared, run):
    svg(run_comparison.figure(compared))
    svg(course_path.figure(run, "1%"))


def test_a_page_of_a_chart_asks_for_nothing_and_runs_no_name(run):
    page = drawing.drawn(sim.plots.curve(run, EVIL), "html").decode()
    assert EVIL not in page
    assert page.count("</script>") == 2
    assert "default-src 'none'" in page
    outside = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"(?:src|href)=|@import|url\(", outside)


def test_pictures_and_pages_are_what_they_are_called(run):
    chart = sim.plots.curve(run)
    assert drawing.drawn(chart, "png").startswith(b"\x89PNG")
    assert drawing.drawn(chart, "pdf").startswith(b"%PDF")


def test_the_numbers_of_every_figure_fill_their_columns(run, compared):
    for figure in (
        chance_curve.figure(run),
        fan_chart.figure(run),
        asked_delivered.figure(run),
        trust_dots.figure(run),
        course_path.figure(run),
        run_comparison.figure(compared),
    ):
        assert figure.rows
        assert all(len(row) == len(figure.columns) for row in figure.rows)
        table = pd.DataFrame(figure.rows, columns=figure.columns)
        assert not table.map(lambda cell: "nan" in cell.lower()).any(axis=None)


# --- as a command ---------------------------------------------------------------------


def invoke(*words):
    return CliRunner().invoke(main, ["plot", *map(str, words)])


def test_a_picture_is_written_once_and_replaced_on_request(folder, tmp_path):
    place = tmp_path / "curve.svg"
    done = invoke(folder / "run.h5", "curve", "-o", place)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == str(place)
    assert place.read_bytes().startswith(b"<svg")
    again = invoke(folder / "run.h5", "curve", "-o", place)
    assert again.exit_code == 1
    assert "is there already; add --force" in again.stderr
    assert invoke(folder / "run.h5", "fan", "-o", place, "--force").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("curve", "-o", "x.bmp"), "x.bmp: is not the name of a picture; give -o"),
        (("fan", "--target", "9%"), "target '9%': is not in this run"),
        (("hindcast",), "there is nothing to score"),
        (("path", "-o", "no/x.svg"), "there is no folder no"),
    ],
)
def test_what_cannot_be_drawn_is_said(folder, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    done = invoke(folder / "run.h5", *words)
    assert (done.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert said in done.stderr


@pytest.mark.parametrize(
    "words", [("comparison",), ("curve", "--with", "a.h5"), ("fan", "--draws", "9")]
)
def test_what_does_not_go_together_is_a_matter_of_usage(folder, words):
    assert invoke(folder / "run.h5", *words).exit_code == 2


def test_a_run_is_not_drawn_over(folder):
    done = invoke(folder / "run.h5", "curve", "-o", folder / "run.h5")
    assert done.exit_code == 1


def test_as_a_process_in_a_pipe(folder):
    words = "plot", "run.h5", "trusts", "-o", "trusts.svg", "--force", "--json"
    done = processes.python("-m", "simulator.cli", *words, folder=folder)
    assert processes.fault(done) == ""
    found = json.loads(done.stdout)
    assert found["place"] == "trusts.svg"
    assert len(found["numbers"]) == 5
    assert (folder / "trusts.svg").is_file()


def test_without_the_extra_the_command_says_what_to_install(folder):
    script = (
        "import sys; sys.modules['altair'] = None; sys.argv = ['simulator', 'plot', "
        "'run.h5', 'curve', '-o', 'none.svg']; from simulator.cli import main; main()"
    )
    done = processes.start(sys.executable, "-c", script, folder=folder)
    assert done.returncode == 1
    assert done.stderr == (
        "charts: needs altair, which is not installed; "
        'pip install "nhs-efficiency-simulator[report]"\n'
    )
    assert not (folder / "none.svg").exists()
