"""The model by the headings of the STRESS guidelines, as a run holds it.

Monks, Currie, Onggo, Robinson, Kunc and Taylor (2019), Strengthening the reporting of
empirical simulation studies: introducing the STRESS guidelines, Journal of Simulation
13 (1): the twenty items of STRESS-DES. The model has no queues: time goes in steps of a
year, which the items on components and on run length say.
"""

import json
from collections.abc import Iterator
from typing import Final, NamedTuple

from simulator.answers.text import financial_year
from simulator.assurance.facts import Facts, commit
from simulator.outcomes import RECORDS
from simulator.page import answering, resting
from simulator.schema import TRUST_TYPES
from simulator.statistics.independence import replicates_of


class Item(NamedTuple):
    """One item: its number, its heading and what is said under it."""

    number: str
    heading: str
    text: str


SECTIONS: Final = {
    "1": "Objectives",
    "2": "Logic",
    "3": "Data",
    "4": "Experimentation",
    "5": "Implementation",
    "6": "Code access",
}


def items(facts: Facts) -> list[Item]:
    """Describe the model under each of the twenty headings."""
    parts = (_objectives, _logic, _data, _experimentation, _implementation)
    return [item for part in parts for item in part(facts)]


def _objectives(facts: Facts) -> Iterator[Item]:
    run, root = facts.run, facts.run.to_dataset()
    yield Item("1.1", "Purpose of the model", answering.question(run, facts.target))
    outcomes = "; ".join(
        f"{one.name.replace('_', ' ')}: {one.meaning}" for one in RECORDS
    )
    yield Item(
        "1.2",
        "Model outputs",
        "For the sector, each type, system and trust: the chance to achieve each "
        "target, the share of draws in which it is achieved, with a 95% Wilson "
        f"interval. What achieving can mean: {outcomes}. By draw and year: balance, "
        "cost, income, savings and productivity of the sector. docs/results-file.md "
        "names every one.",
    )
    names = "; ".join(str(name) for name in root["target"].values)  # some have commas
    yield Item(
        "1.3",
        "Experimentation aims",
        f"{root.sizes['target']} targets in the same futures: {names}.",
    )


def _logic(facts: Facts) -> Iterator[Item]:
    yield Item(
        "2.1",
        "Base model overview diagram",
        "No picture is drawn; docs/model.md gives the order of a trust's year as text.",
    )
    yield Item(
        "2.2",
        "Base model logic",
        "Each year a trust's cost grows with inflation, demand and pressure, and its "
        "income with what is funded; it plans savings, makes some of them, recurrent "
        "or one-off, and closes with a balance. The equations stand in docs/model.md; "
        f"simulator explain {facts.file} --draw 0 --trust CODE --target "
        f"'{facts.target}' writes one trust's years out with their numbers.",
    )
    yield Item(
        "2.3",
        "Scenario logic",
        "Targets differ in what is asked and in what plans start from, and in nothing "
        f"else. simulator show {facts.file} lists every value that the scenario sets.",
    )
    yield Item(
        "2.4",
        "Algorithms",
        "How savings are planned and made is the algorithm that stands for people's "
        "decisions: docs/model.md, with the source of each rule or the word judgement.",
    )
    kinds = ", ".join(kind.replace("_", " ") for kind in TRUST_TYPES)
    yield Item(
        "2.5",
        "Components",
        f"{facts.run.sizes['trust']} trusts, each of one of the types {kinds}, and in "
        "a system. No entities arrive, queue or leave; money is the only resource.",
    )


def _data(facts: Facts) -> Iterator[Item]:
    found = resting.listed(facts.run, facts.influences)
    grades = ", ".join(
        f"{count} of grade {grade}"
        for grade, count in found["grade"].value_counts().sort_index().items()
    )
    yield Item(
        "3.1",
        "Data sources",
        f"{len(found)} graded values ({grades}), each with its source in the "
        f"assumptions log. Trusts: {facts.run.attrs['population_about']}",
    )
    yield Item(
        "3.2",
        "Pre-processing",
        "Published figures are put into fractions and years by hand, with a note where "
        "that takes a choice; how opening positions are drawn: docs/model.md.",
    )
    yield Item(
        "3.3",
        "Input parameters",
        "Every value with its unit: the assumptions log, and the scenario as resolved: "
        f"simulator show {facts.file} --toml.",
    )
    yield Item(
        "3.4",
        "Assumptions",
        "The assumptions log; what the model leaves out: "
        f"{'; '.join(answering.not_in_the_number(facts.run)[1:])}.",
    )


def _experimentation(facts: Facts) -> Iterator[Item]:
    run, root = facts.run, facts.run.to_dataset()
    years = [financial_year(int(year)) for year in root["year"].values]
    yield Item(
        "4.1",
        "Initialisation",
        f"Every trust opens with its position of the year before {years[0]}; there is "
        "no warm-up.",
    )
    yield Item(
        "4.2", "Run length", f"{len(years)} years in steps of one, to {years[-1]}."
    )
    even = replicates_of(run)
    how = "independent" if even == 1 else f"in {even} evenly spread replicates"
    yield Item(
        "4.3",
        "Estimation approach",
        f"{int(run.attrs['draws']):,} draws, {how}; 95% Monte Carlo intervals.",
    )


def _implementation(facts: Facts) -> Iterator[Item]:
    made_from = facts.run["provenance"].attrs
    versions = json.loads(str(made_from["versions"]))
    said = ", ".join(f"{name} {number}" for name, number in versions.items())
    yield Item(
        "5.1",
        "Software or programming language",
        f"{facts.run.attrs['source']}, Python {made_from['python']}; {said}.",
    )
    yield Item(
        "5.2",
        "Random sampling",
        f"Philox, a counter-based generator, with seed {int(facts.run.attrs['seed'])}: "
        "each number has an address, so no result depends on threads or order. "
        f"Sampling: {facts.run.attrs['sampling']}.",
    )
    yield Item(
        "5.3",
        "Model execution",
        "Each draw carries all trusts through the years, one year after another.",
    )
    yield Item(
        "5.4",
        "System specification",
        f"{made_from['machine']}, {made_from['processors']} processors, "
        f"{made_from['threads']} threads, {float(made_from['seconds']):.0f} s.",
    )
    at = commit(facts.checkout) if facts.checkout else ""
    yield Item(
        "6.1",
        "Computer model sharing statement",
        f"MIT licence. {f'This source: commit {at}.' if at else 'Commit not known.'} "
        "Where the code can be had is for whoever shares the run to say.",
    )
