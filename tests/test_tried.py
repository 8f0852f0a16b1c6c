"""What people try that cannot be what they mean, each as they would: a process."""

import subprocess
import sys

import pytest
import tiny


@pytest.fixture
def here(tmp_path):
    """A folder of its own with the tiny scenario in it."""
    tiny.write(tmp_path)
    return tmp_path


def tried(folder, *arguments):
    """Run the command line in a folder: its exit code, and what it says."""
    return subprocess.run(
        [sys.executable, "-m", "simulator.cli", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )


def refused(folder, *arguments):
    """Run a command that must fail: what it says; it leaves nothing behind."""
    before = sorted(folder.iterdir())
    found = tried(folder, *arguments)
    assert (found.returncode, found.stdout) == (1, ""), found.stderr
    assert "Traceback" not in found.stderr
    assert sorted(folder.iterdir()) == before
    return found.stderr


@pytest.mark.parametrize("command", ["check", "run"])
def test_what_could_be_drawn_out_of_range_is_refused(here, command):
    wide = "delivery.real_share={interval=[0.5, 0.95]}"
    said = refused(here, command, "tiny.toml", "--set", wide)
    assert said == (
        "command line: delivery.real_share: 0.5 to 0.95 in eight cases of ten: draws "
        "reach from -0.388 to 1.84; give 0 to 1: write {interval = [low, high], within "
        "= [least, most]}, a triangular or a uniform\n"
    )


def test_an_interval_within_bounds_runs(here):
    bounded = "delivery.real_share={interval=[0.5, 0.95], within=[0, 1]}"
    found = tried(here, "run", "tiny.toml", "--draws", 50, "--set", bounded)
    assert (found.returncode, found.stderr) == (0, "")


# --- years ----------------------------------------------------------------------------

SERIES = (
    "funding.cash, funding.real_growth, "
    "funding.support.financial_recovery_fund.amount, prices.cost_uplift, prices.pay, "
    "prices.nonpay"
)


@pytest.mark.parametrize("command", ["check", "run"])
def test_series_of_other_years_are_refused(here, command):
    later = 'name = "later"\nextends = "long-term-plan"\nfirst_year = 2025\n'
    (here / "later.toml").write_text(later, encoding="utf-8")
    said = refused(here, command, "later.toml").splitlines()[-1]
    assert said == (
        "later.toml: first_year: 2025, but long-term-plan.toml gives series that begin "
        f"with 2019; give your own {SERIES}, or leave first_year out"
    )
    by_hand = refused(here, command, "long-term-plan", "--set", "first_year=2025")
    assert by_hand.splitlines()[-1] == said.replace("later.toml", "command line")


def test_a_population_of_another_year_is_refused(here):
    later = (here / "tiny.toml").read_text(encoding="utf-8")
    later = later.replace("first_year = 2019", "first_year = 2025")
    (here / "later.toml").write_text(later, encoding="utf-8")
    packaged = "population=providers-2018"
    assert refused(here, "check", "later.toml", "--set", packaged) == (
        "later.toml: first_year: 2025, but providers-2018 opens in 2018, the year "
        "before 2019; give 2019, or a list of trusts that opens in 2024\n"
    )
    assert refused(here, "check", "hindcast-2013", "--set", packaged) == (
        "hindcast-2013.toml: first_year: 2013, but providers-2018 opens in 2018, the "
        "year before 2019; give 2019, or population = providers-2012 that opens in "
        "2012\n"
    )


def test_a_year_before_there_were_trusts_is_refused(here):
    said = refused(here, "check", "tiny.toml", "--set", "first_year=1948")
    assert said == (
        "command line: first_year: 1948 is out of range; give 1991 to 2100\n"
    )
