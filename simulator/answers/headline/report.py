"""The answer on a screen: what is asked, how likely, and what is not in the number."""

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator import evidence
from simulator.answers.headline import beside
from simulator.answers.headline.caveats import (
    NOT_IN_THE_NUMBER,
    comparison,
    confidence_of,
    draws_of,
    missed_precision,
    notes,
)
from simulator.answers.headline.delivered import (
    Step,
    delivered,
    in_pairs,
    of_median_trust,
    steps,
)
from simulator.answers.headline.estimate import (
    LEVELS,
    headline,
    highest_names,
    in_brief,
    widest,
)
from simulator.answers.headline.groups import PLANNED
from simulator.answers.headline.ties import tied, undecided
from simulator.answers.text import band, chance, financial_year
from simulator.outcomes import OF_NAME, PRODUCTIVITIES
from simulator.runfile.tree import has_draws
from simulator.schema import CONFIDENCE

PLANNED_BEFORE = "finance.savings_rate_planned"
MADE_BEFORE = "finance.savings_rate"


def render(run: xr.DataTree, where: str, *, together: bool = False) -> RenderableType:
    """Lay out the answer of a run that stands in the file `where`.

    With `together` the intervals of all the probabilities hold at once.
    """
    answer = headline(run, together=together)
    found, pairs = delivered(run), in_pairs(run.to_dataset())
    more = steps(run, answer)
    parts: list[RenderableType] = [
        Text(str(run.attrs["title"]), style="bold"),
        Text(_asked(run, answer)),
        Text(),
        _chances(answer, pairs),
        Text(),
        *_second(answer, pairs),
        _plans(answer, found, pairs),
        Text(),
        _productivity(answer, found, pairs),
        Text(),
        *(Text(note) for note in notes(run)),
        Text(_sentence(answer), style="bold"),
        *(Text(line, style="bold") for line in _asking_more(more)),
        *(Text(line) for line in _joining_on(run, more, found)),
        *(Text(line) for line in beside.said(run)),
        *(Text(line) for line in _doubts(run, answer)),
        Text("\nNot in the number:"),
        *(Text(f"  - {line}") for line in _caveats(run)),
        *(Text(line) for line in comparison(run)),
        Text(f"Run file: {where}"),
    ]
    return Group(*parts)


def _asked(run: xr.DataTree, answer: xr.Dataset) -> str:
    years = run.to_dataset()["year"].values
    outcomes = sorted({str(name) for name in answer["outcome"].values})
    meaning = "; ".join(f"achieved: {OF_NAME[name].meaning}" for name in outcomes)
    tariff = "tariff" in run.to_dataset()["plan_follows"].values
    plans = (
        " Nobody knows how savings plans answer to a target: they start from a trust's "
        "own gap, or, in the lines marked so, from the tariff."
    )
    return (
        f"{run.sizes['trust']} trusts, {financial_year(years[0])} to "
        f"{financial_year(years[-1])}, {draws_of(run)}, seed "
        f"{run.attrs['seed']}. {meaning[0].upper()}{meaning[1:]}.{plans * tariff} "
        "Balance and deficits are those of the last year. Brackets: "
        f"{confidence_of(answer)}; of anything else the middle 80% of draws around "
        "their median, whose Monte Carlo error is behind the ±."
    )


Pairs = Sequence[tuple[str, str | None]]


def _rows(answer: xr.Dataset, pairs: Pairs) -> Iterator[tuple[str, str]]:
    """List every line of a table: its target, and what it is called."""
    for name, twin in pairs:
        rate = float(answer["rate"].sel(target=name))
        yield name, _target(name, rate)
        if twin is not None:
            yield twin, "  plans follow tariff"


def _chances(answer: xr.Dataset, pairs: Pairs) -> Table:
    """Show the chances of the sector, as each target is meant and as it is not."""
    own = {str(name) for name in answer["outcome"].values}
    others = [name for name in PRODUCTIVITIES if own != {name}]
    meant = next(iter(own)) if len(own) == 1 else ""
    titles = [_said(meant) if meant else "as it is meant", *map(_said, others)]
    table = _table(
        "chance of the sector", [*titles, "balance", "the first, and balance"]
    )
    columns = ["sector", *others, "balance", "sustained"]
    for name, words in _rows(answer, pairs):
        row = answer.sel(target=name)
        cells = (chance(row, f"{column}_probability") for column in columns)
        table.add_row(words, *cells)
    return table


def _second(answer: xr.Dataset, pairs: Pairs) -> Iterator[RenderableType]:
    """Show the second answer beside the first, where there is one."""
    if beside.has_both(answer):
        titles = {"sector": "achieved", "sustained": "and balance"}
        yield beside.table(answer, list(_rows(answer, pairs)), titles)
        yield Text()


def _said(outcome: str) -> str:
    return outcome.replace("_", "-")


def _plans(answer: xr.Dataset, found: xr.Dataset, pairs: Pairs) -> Table:
    """Show what the median trust plans and saves, and where trusts end."""
    titles = ("planned", "saved", "one-off", "chance", "achieving", "in deficit")
    table = _table("median trust, % of cost", titles)
    for name, words in _rows(answer, pairs):
        row, saving = answer.sel(target=name), found.sel(target=name)
        table.add_row(
            words,
            *(f"{100 * float(saving[part]):.1f}" for part in PLANNED),
            chance(row, "median_trust_probability"),
            band(row, "share_achieving", percent=True),
            band(row, "trusts_in_deficit"),
        )
    return table


def _productivity(answer: xr.Dataset, found: xr.Dataset, pairs: Pairs) -> Table:
    """Show both productivities of the sector, and what the measured one is made of."""
    titles = ("cash-releasing", "measured", "savings", "pressure", "volume, quality")
    table = _table("sector, % a year", titles)
    for name, words in _rows(answer, pairs):
        row = found.sel(target=name)
        parts = ("from_savings", "from_pressure", "from_volume")
        table.add_row(
            words,
            *(_spread(row[measure]) for measure in PRODUCTIVITIES),
            *(f"{round(100 * float(row[part]), 1) + 0.0:+.1f}" for part in parts),
        )
    return table


def _spread(levels: xr.DataArray) -> str:
    # No digit of a small number below zero is left but its sign: adding 0 takes it off.
    low, middle, high = (round(100 * float(value), 1) + 0.0 for value in levels)
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


def _table(first: str, titles: Sequence[str]) -> Table:
    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    table.add_column(first, no_wrap=True)
    for title in titles:
        table.add_column(title, justify="right", overflow="fold")  # cut no number
    return table


def _target(name: str, rate: float) -> str:
    return name if "%" in name else f"{name} ({rate:.2%})"


def _sentence(answer: xr.Dataset) -> str:
    alone = [name or "none" for name in highest_names(answer)]
    balanced = [name or "none" for name in highest_names(answer, "sustained")]
    return (
        "The highest target here that the sector has at least an 80% chance to "
        f"achieve: {alone[0]}; at least a 50% chance: {alone[1]}. To achieve and end "
        f"in balance: {balanced[0]} at 80%, {balanced[1]} at 50%."
    )


def _asking_more(more: Sequence[Step]) -> Iterator[str]:
    """Say how little, or how much, a higher target adds."""
    for number, found in enumerate(more):
        where = "" if number == 0 else "Where plans follow the tariff: "
        start = "From" if number == 0 else "from"
        word = "better" if found.balance > 0.0 else "worse"
        yield (
            f"{where}{start} {found.lower} to {found.higher}, measured productivity "
            f"changes by {100 * found.measured:+.2f} points a year, and the sector's "
            f"balance of the last year is {abs(found.balance) / 1000:.1f}bn {word}."
        )


def _joining_on(
    run: xr.DataTree, more: Sequence[Step], found: xr.Dataset
) -> Iterator[str]:
    """Set the savings of the first year beside the last that were published."""
    first = int(run.to_dataset()["year"][0])
    plan, made = (_last(key, first) for key in (PLANNED_BEFORE, MADE_BEFORE))
    if plan is None or made is None or not more:
        return
    name = more[0].lower
    planned, saved = (
        [f"{100 * float(rate):.1f}" for rate in found[part].sel(target=name)]
        for part in ("sector_planned", "sector_made")
    )
    year = financial_year(first)
    yield (
        f"Under {name} the sector plans {planned[1]}% of cost in {year} "
        f"({planned[0]} to {planned[2]}) and saves {saved[1]}% ({saved[0]} to "
        f"{saved[2]}). It had planned {100 * plan[1]:.1f}% for "
        f"{financial_year(plan[0])} and saved {100 * made[1]:.1f}% in "
        f"{financial_year(made[0])}."
    )


def _last(series: str, year: int) -> tuple[int, float] | None:
    """Find the last published figure of the three years before a year."""
    for before in range(year - 1, year - 4, -1):
        if f"{series}.{before}" in evidence.figures():
            return before, sum(evidence.bounds(f"{series}.{before}")) / 2
    return None


def _doubts(run: xr.DataTree, answer: xr.Dataset) -> Iterator[str]:
    """Say what these draws cannot decide."""
    for name, level in undecided(answer, LEVELS):
        yield (
            f"{name}: these draws cannot tell whether its chance is above or below "
            f"{level:.0%}."
        )
    for group in tied(run):
        names = f"{', '.join(group[:-1])} and {group[-1]}"
        yield f"Not to be ranked, as these draws cannot tell them apart: {names}."


def _caveats(run: xr.DataTree) -> Iterator[str]:
    yield str(run.attrs["population_about"])
    yield from NOT_IN_THE_NUMBER
    guarded = np.asarray(run.attrs["guarded"]).sum()
    if guarded:
        yield (
            f"{guarded:,} trust-years in which cost or income had to be kept from "
            "passing zero: look at the scenario's growth rates"
        )


def as_records(
    run: xr.DataTree, where: str, *, together: bool = False
) -> dict[str, object]:
    """Give the answer for a script: plain numbers, no rounding.

    An end that the draws are too few to bound is null. Of a run of counts only there is
    nothing that needs every draw: `asking_more` and `cannot_be_told_apart` are null.
    """
    each = has_draws(run)
    answer = (headline if each else in_brief)(run, together=together)
    found = delivered(run) if each else of_median_trust(run)
    follows = run.to_dataset()["plan_follows"]
    targets = []
    for name in answer["target"].values:
        row = answer.sel(target=name)
        record: dict[str, object] = {
            "target": str(name),
            "rate": float(row["rate"]),
            "outcome": str(row["outcome"].values),
            "plan_follows": str(follows.sel(target=name).values),
        }
        both = {**row.data_vars, **found.sel(target=name).data_vars}
        record["chances_by_beliefs"] = beside.as_records(answer, str(name))
        for variable, values in both.items():
            if "beliefs" in values.dims:
                continue
            if "quantile" in values.dims:
                levels = values["quantile"].values
                record[str(variable)] = {
                    f"{level:g}": float(value) if np.isfinite(value) else None
                    for level, value in zip(levels, values.values, strict=True)
                }
            else:
                record[str(variable)] = float(values)
        targets.append(record)
    return {
        "title": str(run.attrs["title"]),
        "draws": int(run.attrs["draws"]),
        "seed": int(run.attrs["seed"]),
        "confidence": CONFIDENCE,
        "intervals_that_hold_at_once": int(answer.attrs["family"]),
        "targets": targets,
        "asking_more": (
            [step._asdict() for step in steps(run, answer)] if each else None
        ),
        "cannot_be_told_apart": (
            [list(group) for group in tied(run)] if each else None
        ),
        "precision": _precision(run),
        "answers": list(beside.said(run)),
        "notes": notes(run),
        "not_in_the_number": list(_caveats(run)),
        "file": where,
    }


def _precision(run: xr.DataTree) -> dict[str, object]:
    """Give the half-width of the widest interval, and whether it is what was asked."""
    asked = run.attrs.get("precision")
    return {
        "asked": None if asked is None else float(asked),
        "reached": widest(run),
        "is_reached": None if asked is None else not missed_precision(run),
    }
