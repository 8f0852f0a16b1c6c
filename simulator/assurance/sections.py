"""The documents of a pack, in the parts that pages are made of."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from simulator.assurance import contested, questions, rap, stress
from simulator.assurance.claims import MET, NOT_MET, OPEN, Claim, Found
from simulator.assurance.facts import Facts, commit
from simulator.page import resting
from simulator.page.parts import Commands, Part, Section, Table, Words
from simulator.running.provenance import version
from simulator.scenario.assumptions_log import GRADES

NOT_SIMULATED: Final = "not simulated"


def documents(facts: Facts) -> dict[str, list[Section]]:
    """Give the sections of each document by the name of its file."""
    return {
        "assumptions": [_assumptions(facts)],
        "verification": [_verification(facts)],
        "model": _model(facts),
        "questions": [_questions(facts)],
        "rap": [_rap(facts)],
    }


def assumptions(facts: Facts) -> list[dict[str, str]]:
    """List the assumptions with source, grade, influence and who would contest them."""
    return [
        {
            "assumption": str(one["name"]),
            "key": str(one["key"]),
            "value": str(one["value"]),
            "unit": str(one["unit"]),
            "grade": str(one["grade"]),
            "source": str(one["source"] or ""),
            "influence": _influence(facts, one),
            "contested by": contested.who(str(one["key"])),
        }
        for _, one in resting.listed(facts.run, facts.influences).iterrows()
    ]


def _influence(facts: Facts, one: pd.Series) -> str:
    if facts.influences is None:
        return NOT_SIMULATED
    if one["key"] not in set(facts.influences["assumption"]):
        return "certain"
    return resting.share_of(one) or "lost in noise"


def _assumptions(facts: Facts) -> Section:
    rows = assumptions(facts)
    columns = ("assumption", "value", "grade", "source", "influence", "contested by")
    cells = tuple(
        (
            row["assumption"],
            f"{row['value']} ({row['unit']})" if row["unit"] else row["value"],
            *(row[name] for name in columns[2:]),
        )
        for row in rows
    )
    words = (
        "Influence: the share of the spread of the chance to achieve "
        f"{facts.target} that goes with the assumption alone, with its 95% Monte Carlo "
        f"interval; the greatest come first, then the weakest evidence. {GRADES} Who "
        "would contest a value is our judgement."
    )
    table = Table(
        "assumptions-log",
        f"{len(rows)} graded assumptions",
        columns,
        cells,
        words=len(columns),
        keys=tuple(row["key"] for row in rows),
        searched=True,
    )
    return Section("assumptions", "Assumptions log", (Words(words), table))


def _verification(facts: Facts) -> Section:
    source = "not here: only the package is installed"
    if facts.checkout is not None:
        source = commit(facts.checkout) or "here, but Git knows no commit of it"
    about = (
        f"Simulator {version()}; the run was made by {facts.run.attrs['source']}. "
        f"Source: {source}. Only what is listed was run, at the time beside it (UTC)."
    )
    rows = tuple(
        (
            one.question,
            "passed" if one.passed else "FAILED",
            one.found,
            one.command,
            one.at,
            f"{one.seconds:.1f} s",
        )
        for one in facts.checks
    )
    columns = ("check", "result", "found", "command", "at", "took")
    parts: list[Part] = [Words(about)]
    if rows:
        parts.append(Table("checks", "What was run", columns, rows, words=len(columns)))
    else:
        parts.append(Words("Nothing was run."))
    return Section("verification", "Verification log", tuple(parts))


def _model(facts: Facts) -> list[Section]:
    found = stress.items(facts)
    return [
        Section(
            f"stress-{number}",
            f"Model: {heading}",
            tuple(
                Words(f"{item.number} {item.heading}. {item.text}")
                for item in found
                if item.number.startswith(f"{number}.")
            ),
        )
        for number, heading in stress.SECTIONS.items()
    ]


def _questions(facts: Facts) -> Section:
    words = {MET: "answered", NOT_MET: "no", OPEN: "open"}
    said = (
        "What the AQuA Book (HM Government, June 2025) expects at each stage, as "
        "questions in our words. Open: no file answers it, or it was not looked at."
    )
    table, found = _table("questions-table", questions.QUESTIONS, facts, words, "stage")
    count = sum(one.state == OPEN for one in found)
    first = f"{count} of {len(found)} questions are open."
    return Section(
        "questions", "The AQuA Book's questions", (Words(first), Words(said), table)
    )


def _rap(facts: Facts) -> Section:
    words = {state: state for state in (MET, NOT_MET, OPEN)}
    table, found = _table("rap-table", rap.CRITERIA, facts, words, "level")
    by_level: dict[str, list[Found]] = {level: [] for level in rap.LEVELS}
    for claim, one in zip(rap.CRITERIA, found, strict=True):
        by_level[claim.group].append(one)
    met = ", ".join(
        f"{level} {sum(one.state == MET for one in own)} of {len(own)}"
        for level, own in by_level.items()
    )
    first = f"Highest level of which everything is met: {rap.reached(by_level)}. {met}."
    return Section(
        "rap",
        "Levels of RAP",
        (
            Words(first),
            table,
            Words("To see for yourself, with RUN.h5 for the run file:"),
            Commands(
                tuple(dict.fromkeys(c.command for c in rap.CRITERIA if c.command))
            ),
        ),
    )


def _table(
    name: str,
    claims: Sequence[Claim],
    facts: Facts,
    words: dict[str, str],
    group: str,
) -> tuple[Table, list[Found]]:
    found = [claim.found(facts) for claim in claims]
    rows = tuple(
        (claim.asked, words[one.state], one.said, claim.group, claim.command)
        for claim, one in zip(claims, found, strict=True)
    )
    columns = ("asked", "state", "what shows it, or what is missing", group, "command")
    return Table(name, f"By {group}", columns, rows, words=len(columns)), found
