"""The tables of docs/calibration.md, as benchmarks/robustness.py makes them."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import processes
import pytest

from benchmarks import robust_fits, robustness
from benchmarks.robust_fits import Line
from benchmarks.robustness import TABLES
from simulator.answers.calibrate import space
from simulator.answers.calibrate.calibrating import Bank
from simulator.answers.calibrate.observed import Observation
from simulator.answers.calibrate.remembered import Foretold
from simulator.answers.calibrate.space import Space
from simulator.scenario.load import load_scenario
from simulator.scenario.posterior import Table

ROOT = Path(__file__).resolve().parent.parent
PAGE = robustness.PAGE.read_text(encoding="utf-8")
PATHS = ("delivery.plan_floor", "delivery.real_share", "prices.pressure")
LUCK = 0.05  # of what is foretold, which has a standard deviation near 1


def figure(measure: str, year: int, value: float) -> Observation:
    return Observation(measure, year, value, 0.3, 0.4, "2018", "made up")


@dataclass(frozen=True)
class Plain:
    """Foretells the normal number behind each belief, so that all is known exactly."""

    space: Space
    observations: tuple[Observation, ...] = (
        figure("planned", 2013, 1.0),
        figure("delivered", 2014, -1.0),
        figure("income", 2015, 0.5),
    )
    correlation: np.ndarray = field(default_factory=lambda: np.eye(3))

    def foretell(self, values, on_progress=lambda n: None) -> Foretold:
        scaled = (values - values_at(self.space, 0)) / (
            values_at(self.space, 1) - values_at(self.space, 0)
        )
        return Foretold(scaled, np.full(values.shape, LUCK))


def values_at(past: Space, normal: float) -> np.ndarray:
    return past.values(np.full((1, len(past.paths)), float(normal)))[0]


@pytest.fixture(scope="module")
def bank() -> Bank:
    scenario = load_scenario("hindcast-2013").scenario
    whole = space.of_past(scenario).assumptions
    past = Space({path: whole[path] for path in PATHS})
    plain = Plain(past)
    values = past.values(np.random.default_rng(4).standard_normal((400, len(PATHS))))
    return Bank(plain, values, plain.foretell(values), np.ones(400))


def means(bank: Bank, line: Line) -> np.ndarray:
    """Give means given the record, where 0 is the prior's middle and 1 its sd."""
    found = robust_fits.fit(bank, line, 2_000)
    assert found.effective > 1_000
    return found.weights @ bank.foreteller.foretell(found.values).mean


def test_every_line_leaves_out_what_it_says(bank: Bank) -> None:
    lines = {line.words: line for line in robust_fits.lines(bank)}
    assert list(lines) == [
        *("all, fitted anew", "half the discrepancy", "twice the discrepancy"),
        *("Student's likelihood", "without 2013/14", "without 2014/15"),
        *("without 2015/16", "without savings planned"),
        *("without savings delivered", "without income"),
    ]
    np.testing.assert_array_equal(lines["without 2014/15"].counts, [True, False, True])
    np.testing.assert_array_equal(lines["without income"].counts, [True, True, False])


def test_without_a_figure_a_belief_is_as_before(bank: Bank) -> None:
    """Each figure is of one belief: the others move as far as with all figures."""
    lines = {line.words: line for line in robust_fits.lines(bank)}
    both = means(bank, lines["all, fitted anew"])
    without = means(bank, lines["without savings planned"])
    before = bank.foretold.mean.mean(axis=0)
    assert both[0] > before[0] + 0.5
    assert without[0] == pytest.approx(before[0], abs=0.1)
    np.testing.assert_allclose(without[1:], both[1:], atol=0.1)


def test_a_larger_discrepancy_lets_beliefs_go(bank: Bank) -> None:
    """Of a figure of 1 a normal belief keeps 1 / (1 + variance of all errors)."""
    lines = {line.words: line for line in robust_fits.lines(bank)}
    moved = [
        means(bank, lines[words])[0]
        for words in (
            "half the discrepancy",
            "all, fitted anew",
            "twice the discrepancy",
        )
    ]
    assert moved[0] > moved[1] > moved[2]


def test_chances_are_those_of_the_beliefs_given(bank: Bank) -> None:
    """Where much of what is saved is kept, more is released than where little is."""
    found = robust_fits.fit(bank, next(robust_fits.lines(bank)), 200)

    def with_share(share: float) -> Table:
        values = found.values.copy()
        values[:, PATHS.index("delivery.real_share")] += share - 0.5
        return robust_fits.as_table("gap", replace(found, values=values), "made up")

    high, low = with_share(0.8), with_share(0.3)
    more, less = (robust_fits.chances("gap", given, 128)[0] for given in (high, low))
    assert more > less + 0.3
    moved = robust_fits.moved(high, low, "gap")
    assert moved["delivery.real_share"] > 1.0
    assert moved["prices.pressure"] == 0.0


def test_tables_are_put_between_their_marks() -> None:
    page = "a\n<!-- benchmarks.robustness luck -->\nold\n<!-- luck ends -->\nb\n"
    again = robustness.renewed(page, "luck", "new")
    assert again == page.replace("old", "new")
    assert robustness.renewed(again, "luck", "new") == again
    with pytest.raises(SystemExit, match="has no place for ranks"):
        robustness.renewed(page, "ranks", "new")


@pytest.mark.parametrize("name", list(TABLES))
def test_the_page_has_every_table(name: str) -> None:
    assert robustness.marked(PAGE, name)[0].startswith("|")


def test_the_page_shows_the_packaged_beliefs(tmp_path: Path) -> None:
    done = processes.python("-m", "benchmarks.robustness", "beliefs", folder=ROOT)
    assert done.returncode == 0
    assert done.stdout.strip() == robustness.marked(PAGE, "beliefs")[0].strip(), (
        "run python -m benchmarks.robustness --renew"
    )


def test_an_unknown_table_is_refused() -> None:
    done = processes.python("-m", "benchmarks.robustness", "lukc", folder=ROOT)
    assert done.returncode == 2
    assert "no table lukc; there are beliefs," in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["answer", "left-out", "early", "luck", "ranks"])
def test_a_small_table_is_of_the_shape_of_the_page(name: str) -> None:
    found = TABLES[name](robust_fits.QUICK)
    shown = robustness.marked(PAGE, name)[0].strip()
    first = [line.split("|")[1] for line in found.splitlines() if line[:1] == "|"]
    assert first == [x.split("|")[1] for x in shown.splitlines() if x[:1] == "|"]
