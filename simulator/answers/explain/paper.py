"""A future on paper: each formula in names, and in numbers for a spreadsheet."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from simulator.answers.explain.parts import parts_of
from simulator.answers.explain.sheet import FUNCTIONS, WORD, Line, Part
from simulator.answers.explain.values import state_of
from simulator.answers.text import financial_year
from simulator.errors import RunFileError
from simulator.running.future import Future

DECIMALS: Final = 10  # of what is not money
FIGURES: Final = 10  # of the trust's opening cost, and as many decimals of all money
MONEY: Final = (
    "income",
    "cost",
    "cost_before",
    "cost_less_the_rate",
    "ask_money",
    "recurrent_money",
    "nonrecurrent_money",
    "saved_total",
    "recurrent_total",
    "target_total",
    "balance",
    "underlying",
    "payback",
    "backlog",
    "short",
    "support",
    "fixed_support",
    "support_before_need",
    "need_limit",
    "population.income",
    "population.cost",
)


@dataclass(frozen=True)
class Explanation:
    """One future of one trust; as text it is written out as arithmetic.

    Attributes
    ----------
    future
        The model's own values.
    year
        First calendar year of the only year to write; None for all.
    """

    future: Future
    year: int | None = None

    def __str__(self) -> str:
        """Write it out."""
        return render(self.future, self.year)


def render(future: Future, year: int | None = None) -> str:
    """Write a future as text, or one year of it.

    Each formula is written in names where it first appears, and in numbers always, as
    a spreadsheet takes it.
    """
    decimals = _money_decimals(future)
    said = [*_title(future), "", *_summary(future), "", *_key(decimals)]
    seen: set[tuple[str, str]] = set()
    shown: int | None = None
    for part in _chosen(future, year):
        if part.year != shown:
            shown = part.year
            title = financial_year(shown) if shown else "Outcomes"
            said += ["", title, "=" * len(title)]
        said += ["", part.heading]
        for line in part.lines:
            said += _written(line, decimals, seen)
    return "\n".join(said)


def _title(future: Future) -> Iterator[str]:
    job, i = future.job, future.trust
    people, target = job.population, job.scenario.targets[future.target]
    kind = people.trust_type[i].replace("_", " ")
    yield job.scenario.title
    yield f"Trust {people.code[i]}, {people.trust_name[i]} ({kind})"
    yield f"Target {target.name}, meant on the {target.basis} basis"
    yield f"Plans follow the {target.plan_follows}"
    yield f"Draw {future.draw} of seed {job.seed}: one future, not a forecast"


def _summary(future: Future) -> Iterator[str]:
    for year in future.years:
        result, cost = year.result, year.result.cost_before
        yield (
            f"{financial_year(year.year)}: planned {result.ask * cost:.1f}m "
            f"({result.ask:.1%} of cost); saved {result.recurrent * cost:.1f}m "
            f"recurrent and {result.nonrecurrent * cost:.1f}m one-off; balance "
            f"{result.balance:.1f}m, underlying {result.underlying:.1f}m"
        )
    met = [name for name, achieved in future.achieved.items() if achieved]
    yield f"Achieved: {', '.join(met) or 'nothing'}"


def _key(decimals: int) -> Iterator[str]:
    yield "Names and formulas are those of docs/model.md, sections 4 to 6. Money is"
    yield f"GBP million, ends in m and is shown to {decimals} decimals. All else is a"
    yield f"fraction, shown to {DECIMALS} decimals: 0.011 is 1.1%. Zeros at the end are"
    yield "left out. A sum made from the numbers shown agrees with the one shown to"
    yield "the last digit or two. z. marks a standard normal number that was drawn: the"
    yield "luck of the type of trust, or of the trust."


def _written(line: Line, decimals: int, seen: set[tuple[str, str]]) -> Iterator[str]:
    value = _number(line.name, line.value, decimals)
    unit = "m" if _is_money(line.name) else ""
    if not line.formula:
        remark = f"  ({line.remark})" if line.remark else ""
        yield f"  {line.name} = {value}{unit}{remark}"
        return
    yield f"  {line.name} = {in_numbers(line, decimals)} = {value}{unit}"
    if (line.name, line.formula) not in seen:
        seen.add((line.name, line.formula))
        yield f"      = {line.formula}"
    if line.remark:
        yield f"      {line.remark}"


def in_numbers(line: Line, decimals: int) -> str:
    """Put numbers for the names in a formula, money with so many decimals."""

    def put(found: re.Match[str]) -> str:
        word = found[0]
        if word in FUNCTIONS:
            return word
        return _number(word, line.inputs[word], decimals)

    sums = WORD.sub(put, line.formula)
    sums = sums.replace(" + -", " - ").replace(" - -", " + ")
    return re.sub(r"([*/]) (-[\d.]+)", r"\1 (\2)", sums)


def _number(name: str, value: float, decimals: int) -> str:
    text = f"{value:.{decimals if _is_money(name) else DECIMALS}f}"
    text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _is_money(name: str) -> bool:
    return name in MONEY or name.split(".")[0] in MONEY


def _money_decimals(future: Future) -> int:
    cost = future.years[0].before.cost
    return max(2, FIGURES - 1 - math.floor(math.log10(cost)))


def as_records(future: Future, year: int | None = None) -> dict[str, object]:
    """Give a future for a script: every line with its inputs, nothing rounded."""
    population, job = future.job.population, future.job
    return {
        "scenario": job.scenario.name,
        "seed": job.seed,
        "draw": future.draw,
        "trust": population.code[future.trust],
        "type": population.trust_type[future.trust],
        "target": job.scenario.targets[future.target].name,
        "achieved": dict(future.achieved),
        "parts": [
            {**part._asdict(), "lines": [line._asdict() for line in part.lines]}
            for part in _chosen(future, year)
        ],
    }


def _chosen(future: Future, year: int | None) -> list[Part]:
    """Give everything, or what belongs to one year."""
    parts = parts_of(future)
    if year is None:
        return parts
    found = {one.year: one for one in future.years}
    if year not in found:
        raise RunFileError(
            "year",
            f"{year} is not a year of the run",
            f"give {min(found)} to {max(found)}, by first calendar year",
        )
    brought = state_of(found[year].before).items()
    lines = tuple(Line(name, "", {}, value) for name, value in brought)
    own = [part for part in parts if part.year == year]
    return [Part("Brought into the year", year, lines), *own]
