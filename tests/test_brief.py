"""The answer on one screen: what it says, and that it fits."""

import io

import processes
import pytest
import tiny
import xarray as xr
from rich.console import Console

from simulator.answers.headline import brief
from simulator.answers.headline.delivered import GROUPS
from simulator.answers.headline.estimate import headline
from simulator.answers.text import whole_chance
from simulator.runfile import store
from simulator.running import runs
from simulator.scenario.load import load_scenario


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brief")
    runs.write(load_scenario(tiny.write(folder)), folder / "run.h5", draws=200, seed=7)
    return folder / "run.h5"


def said(place, width=80):
    console = Console(width=width, record=True, file=io.StringIO())
    with store.open_run(place, GROUPS) as run:
        console.print(brief.render(run, str(place)))
        return console.export_text(), headline(run)


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((0.004, 0.002, 0.009), "under 1%"),
        ((0.995, 0.991, 0.999), "over 99%"),
        ((0.612, 0.597, 0.634), "61% (60-63)"),
        ((0.02, 0.004, 0.03), "2.0% (0.4-3.0)"),  # no end is rounded to nothing
        ((0.98, 0.97, 0.996), "98.0% (97.0-99.6)"),
        ((0.0, 0.0, 0.019), "under 2%"),  # no draw showed it: rare, not impossible
        ((1.0, 0.972, 1.0), "over 97%"),
    ],
)
def test_a_summary_writes_whole_percent(ends, words):
    names = ("p", "p_low", "p_high")
    row = xr.Dataset(dict(zip(names, ends, strict=True)))
    assert whole_chance(row, "p") == words


def test_it_fits_one_screen(place):
    text, _ = said(place)
    lines = text.splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 80


def test_it_shows_every_target_with_the_chance_of_the_headline(place):
    text, answer = said(place)
    for name in answer["target"].values:
        line = next(line for line in text.splitlines() if line.startswith(f"{name} "))
        assert whole_chance(answer.sel(target=name), "sector_probability") in line


def test_it_says_the_highest_target_of_the_headline(place):
    text, answer = said(place)
    likely = [
        str(name)
        for name in answer["target"].values
        if answer["sector_probability"].sel(target=name) >= 0.8
    ]
    rate = {name: float(answer["rate"].sel(target=name)) for name in likely}
    words = " ".join(text.split())
    best = max(likely, key=lambda name: rate[name], default="none of them")
    assert f"at least an 80% chance to achieve is {best};" in words


def test_show_prints_it_and_with_full_every_table(place):
    short = processes.simulator("show", place.name, folder=place.parent)
    full = processes.simulator("show", place.name, "--full", folder=place.parent)
    assert processes.fault(short) == processes.fault(full) == ""
    assert "Not in the number:" not in short.stdout
    assert "Not in the number:" in full.stdout
    assert "simulator show run.h5 --full" in " ".join(short.stdout.split())
