"""Which criteria of the NHS's levels of RAP are met, and the command that shows each.

Levels of RAP, NHS RAP Community of Practice: a maturity framework of three levels for
reproducible analytical pipelines. Each level needs all of those before it.
"""

from importlib import metadata
from typing import Final

from simulator.assurance import checks
from simulator.assurance.claims import MET, NOT_MET, OPEN, Claim, Found, holds
from simulator.assurance.facts import Facts, commit
from simulator.assurance.promised import promised
from simulator.exports import tidy
from simulator.running.provenance import PACKAGE, version

BASELINE, SILVER, GOLD = "Baseline", "Silver", "Gold"
LEVELS: Final = (BASELINE, SILVER, GOLD)
NO_SOURCE: Final = "The source is not here: run this from a checkout."
LOGGED: Final = ("scenario_resolved", "population", "seed", "versions", "machine")
ONE_ROW: Final = ["level", "code", "target", "outcome"]
WORKFLOWS: Final = (".ci", ".github/workflows")


def _language(facts: Facts) -> Found:
    licence = metadata.metadata(PACKAGE)["License-Expression"] or ""
    return holds(
        bool(licence),
        f"Python, under the {licence} licence.",
        "The package names no licence.",
        "",
    )


def _version_control(facts: Facts) -> Found:
    if facts.checkout is None:
        return Found(OPEN, NO_SOURCE)
    at = commit(facts.checkout)
    return holds(bool(at), f"At commit {at}.", "Git knows no commit here.", "")


def _readme(facts: Facts) -> Found:
    if facts.checkout is None:
        return Found(OPEN, NO_SOURCE)
    steps = "make run" in (facts.checkout / "README.md").read_text(encoding="utf-8")
    return holds(
        steps,
        "README.md says how to install, run and test.",
        "README.md does not say how to run it.",
        "",
    )


def _by_code(facts: Facts) -> Found:
    return holds(
        checks.passed(facts.checks, checks.VERIFY),
        "The run file was checked: its numbers come out of its scenario again.",
        "The run file does not give its own numbers.",
        "The run file was not checked.",
    )


def _documented(facts: Facts) -> Found:
    names = promised()
    bare = [name for name, described in names.items() if not described]
    if bare:
        return Found(NOT_MET, f"Without a description: {', '.join(bare)}.")
    return holds(
        facts.has("docs/architecture.md"),
        f"All {len(names)} public names are described, and the docs folder "
        "explains use, method and structure.",
        "docs/architecture.md is missing.",
        NO_SOURCE,
    )


def _layout(facts: Facts) -> Found:
    names = ("pyproject.toml", "simulator", "tests", "docs", "notebooks")
    if facts.checkout is None:
        return Found(OPEN, NO_SOURCE)
    gone = [name for name in names if not facts.has(name)]
    return holds(
        not gone,
        f"The source has {', '.join(names)}.",
        f"Missing: {', '.join(gone)}.",
        "",
    )


def _reusable(facts: Facts) -> Found:
    count = len(promised())
    return Found(MET, f"{count} public names do what the commands do.")


def _standards(facts: Facts) -> Found:
    return holds(
        checks.passed(facts.checks, checks.LINT),
        "Ruff finds nothing.",
        "Ruff finds faults.",
        "Not looked at: add --tests, in a checkout.",
    )


def _tests(facts: Facts) -> Found:
    return holds(
        checks.passed(facts.checks, checks.TESTS),
        "The fast tests passed.",
        "The fast tests failed.",
        "Not run: add --tests, in a checkout.",
    )


def _dependencies(facts: Facts) -> Found:
    needed = [one for one in metadata.requires(PACKAGE) or () if "extra ==" not in one]
    return holds(
        bool(needed),
        f"The package declares {len(needed)}, each with its lowest version.",
        "The package declares none.",
        "",
    )


def _logged(facts: Facts) -> Found:
    made_from = facts.run["provenance"].attrs
    gone = [name for name in LOGGED if not made_from.get(name)]
    return holds(
        not gone,
        "The run file holds scenario, trusts, seed, versions and machine.",
        f"The run file does not hold {', '.join(gone)}.",
        "",
    )


def _tidy(facts: Facts) -> Found:
    twice = int(tidy.probabilities(facts.run).duplicated(ONE_ROW).sum())
    return holds(
        not twice,
        "Each table has one observation a row, and says what its columns hold.",
        f"{twice} rows of probabilities are there twice.",
        "",
    )


def _packaged(facts: Facts) -> Found:
    return Found(MET, f"Installed as {PACKAGE} {version()}.")


def _integration(facts: Facts) -> Found:
    if facts.checkout is None:
        return Found(OPEN, NO_SOURCE)
    if not any(facts.has(name) for name in WORKFLOWS):
        return Found(NOT_MET, "The source has no workflow.")
    return Found(OPEN, "The source has a workflow; whether it runs is not seen here.")


def _triggers(facts: Facts) -> Found:
    return Found(NOT_MET, "Nothing runs by itself: an analyst starts every run.")


def _changes(facts: Facts) -> Found:
    if facts.checkout is None:
        return Found(OPEN, NO_SOURCE)
    place = facts.checkout / "CHANGELOG.md"
    text = place.read_text(encoding="utf-8") if place.exists() else ""
    return holds(
        version() in text,
        f"CHANGELOG.md says what is new in {version()}, and which results moved.",
        f"CHANGELOG.md says nothing of {version()}.",
        "",
    )


CRITERIA: Final = (
    Claim(
        BASELINE,
        "Data made by code in an open-source language",
        "python --version",
        _language,
    ),
    Claim(BASELINE, "Code under version control", "git log -1", _version_control),
    Claim(BASELINE, "A README with the steps to reproduce", "make run", _readme),
    Claim(BASELINE, "Code has been peer reviewed", "", None),
    Claim(BASELINE, "Code is published in the open", "", None),
    Claim(
        SILVER,
        "Outputs made by code with little done by hand",
        "simulator verify RUN.h5",
        _by_code,
    ),
    Claim(
        SILVER,
        "Code is well documented, with guidance for users",
        "python -c 'import simulator; help(simulator.run)'",
        _documented,
    ),
    Claim(SILVER, "Code is laid out in a standard way", "ls", _layout),
    Claim(
        SILVER,
        "Functions that can be used again",
        "python -c 'import simulator; print(simulator.__all__)'",
        _reusable,
    ),
    Claim(SILVER, "Code keeps to a coding standard", "ruff check", _standards),
    Claim(SILVER, "A framework of tests", 'pytest -m "not slow"', _tests),
    Claim(
        SILVER,
        "What the code depends on is declared",
        f"pip show {PACKAGE}",
        _dependencies,
    ),
    Claim(
        SILVER, "What was done is logged by itself", "simulator show RUN.h5", _logged
    ),
    Claim(SILVER, "Data in a tidy form", "simulator export RUN.h5 --to csv", _tidy),
    Claim(GOLD, "Code is a package", "simulator --version", _packaged),
    Claim(GOLD, "Tests run by themselves on every change", "", _integration),
    Claim(GOLD, "The process is started by events or a schedule", "", _triggers),
    Claim(GOLD, "Changes are signposted", "cat CHANGELOG.md", _changes),
)


def reached(found: dict[str, list[Found]]) -> str:
    """Name the highest level of which everything is met, and of those before it."""
    level = "none"
    for name in LEVELS:
        if any(one.state != MET for one in found[name]):
            break
        level = name
    return level
