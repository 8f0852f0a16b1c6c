"""The answer on one screen: what it says, and that it fits."""

import io

import processes
import pytest
import tiny
import xarray as xr
from rich.console import Console
from terminals import inside

from simulator.answers.headline import brief, groups
from simulator.answers.headline.delivered import delivered, of_median_trust
from simulator.answers.headline.estimate import headline, highest_names, in_brief
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
    with store.open_run(place, groups.FULL) as run:
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
    full = inside(place.parent, "show", place.name, "--full")
    assert processes.fault(short) == full.stderr == ""
    assert "Not in the number:" not in short.stdout
    assert "Not in the number:" in full.stdout
    assert "simulator show run.h5 --full" in " ".join(short.stdout.split())


@pytest.mark.parametrize("together", [False, True])
def test_what_is_read_for_it_is_of_the_headline(place, together):
    with store.open_run(place, groups.FULL) as run:
        whole = headline(run, together=together)
        part = in_brief(run, together=together)
        assert part.attrs == whole.attrs
        saved, all_saved = of_median_trust(run), delivered(run)
        for name in part.data_vars:
            assert part[name].variable.identical(whole[name].variable), name
        for name in saved.data_vars:
            assert saved[name].variable.identical(all_saved[name].variable), name


def test_intervals_that_hold_at_once_are_said_to(place):
    with store.open_run(place, groups.BRIEF) as run:
        console = Console(width=80, record=True, file=io.StringIO())
        console.print(brief.render(run, "run.h5", together=True))
    words = " ".join(console.export_text().split())
    assert "chances, which hold at once with 95%, of 200 draws, seed 7." in words


def test_rates_of_different_things_are_not_put_in_one_order():
    rates = {"low": 0.01, "high": 0.02, "plans": 0.06}
    answer = xr.Dataset(
        {
            "rate": ("target", list(rates.values())),
            "sector_probability": ("target", [0.9, 0.6, 0.95]),
        },
        {
            "target": list(rates),
            "outcome": ("target", ["measured", "measured", "any_means"]),
        },
    )
    assert highest_names(answer) == ["low", "high"]
