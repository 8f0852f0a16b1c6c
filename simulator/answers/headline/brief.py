"""The answer on one screen: the question, two sentences, a table, and where more is."""

from collections.abc import Iterator, Sequence
from typing import Final

import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.headline import beside
from simulator.answers.headline.caveats import missed_precision
from simulator.answers.headline.delivered import delivered, in_pairs
from simulator.answers.headline.estimate import GIVEN, headline, highest
from simulator.answers.text import financial_year, whole_chance
from simulator.outcomes import OF_NAME
from simulator.statistics.independence import replicates_of

LEVELS: Final = (0.8, 0.5)  # chances that the sentences are about
Pairs = Sequence[tuple[str, str | None]]


def render(run: xr.DataTree, where: str, *, together: bool = False) -> RenderableType:
    """Lay out the answer of a run that stands in the file `where`.

    With `together` the intervals of all the probabilities hold at once.
    """
    answer = headline(run, together=together)
    pairs = in_pairs(run.to_dataset())
    parts: list[RenderableType] = [
        Text(str(run.attrs["title"]), style="bold"),
        Text(_question(run)),
        Text(),
        *(Text(sentence, style="bold") for sentence in _sentences(answer, pairs)),
        Text(),
        _table(answer, delivered(run), pairs),
        Text(),
        *(Text(line) for line in _small_print(run, answer)),
        Text(
            f"Run file: {where}. All tables, and what is not in the number: "
            f"simulator show {where} --full"
        ),
    ]
    return Group(*parts)


def _question(run: xr.DataTree) -> str:
    years = run.to_dataset()["year"].values
    return (
        f"How likely are {run.sizes['trust']} trusts to achieve each savings target, "
        f"{financial_year(years[0])} to {financial_year(years[-1])}?"
    )


def _sentences(answer: xr.Dataset, pairs: Pairs) -> Iterator[str]:
    """Say the highest targets that can be asked, alone and with balance.

    Of targets that mean the same as the first: rates of savings and of productivity
    are not put in one order.
    """
    first = str(answer["outcome"].sel(target=pairs[0][0]).values)
    gap = answer.sel(target=[name for name, _ in pairs])
    alike = gap.isel(target=(gap["outcome"] == first).values)
    alone = [_highest(alike, "sector", level) for level in LEVELS]
    balanced = [_highest(alike, "sustained", level) for level in LEVELS]
    what = "target here" if alike.sizes == gap.sizes else OF_NAME[first].asks
    yield (
        f"The highest {what} that the sector has at least an 80% chance to achieve is "
        f"{alone[0]}; at least an even chance, {alone[1]}."
    )
    yield (
        f"To achieve it and end in balance too: {balanced[0]} at 80%, {balanced[1]} "
        "at 50%."
    )


def _highest(answer: xr.Dataset, of: str, probability: float) -> str:
    best = highest(answer, probability, of)
    return "none of them" if best is None else str(best["target"].values)


def _table(answer: xr.Dataset, found: xr.Dataset, pairs: Pairs) -> Table:
    """Show a line a target: what is asked and delivered, and how likely it is."""
    both = beside.has_both(answer)
    tariff = any(twin is not None for _, twin in pairs)
    grid = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    grid.add_column("target", no_wrap=True)
    titles = ["plan / saved", "chance"]
    titles += ["given record"] * both + ["tariff plans"] * tariff + ["and balance"]
    for title in titles:
        grid.add_column(title, justify="right", overflow="fold")
    for name, twin in pairs:
        row, saving = answer.sel(target=name), found.sel(target=name)
        saved = float(saving["recurrent"]) + float(saving["one_off"])
        cells = [
            f"{100 * float(saving['planned']):.1f} / {100 * saved:.1f}",
            whole_chance(row, "sector_probability"),
        ]
        if both:
            given = row.sel(of="sector", beliefs=GIVEN)
            cells.append(whole_chance(given, "chance"))
        if tariff:
            follows = answer.sel(target=twin) if twin is not None else None
            cells.append(
                "" if follows is None else whole_chance(follows, "sector_probability")
            )
        cells.append(whole_chance(row, "sustained_probability"))
        grid.add_row(name, *cells)
    return grid


def _small_print(run: xr.DataTree, answer: xr.Dataset) -> Iterator[str]:
    """Say what the columns are and what the brackets hold, in a line or two each."""
    outcomes = sorted({str(name) for name in answer["outcome"].values})
    meanings = "; ".join(OF_NAME[name].meaning for name in outcomes)
    yield (
        "Plan / saved: what the median trust plans and saves, % of its cost a year. "
        f"Chance: of the sector, that {meanings}. And balance: that it also ends the "
        "last year in balance."
    )
    if beside.has_both(answer):
        yield (
            "Given record: with only such assumptions as would have given the past as "
            "published."
        )
    if "tariff" in run.to_dataset()["plan_follows"].values:
        yield "Tariff plans: if savings plans follow the tariff, not each trust's gap."
    draws, replicates = f"{run.attrs['draws']:,} draws", replicates_of(run)
    even = f" in {replicates} even replicates" if replicates > 1 else ""
    yield (
        f"Brackets: 95% interval of {draws}{even}, seed {run.attrs['seed']}. More "
        "draws narrow it; they do not make the assumptions truer."
    )
    if missed := missed_precision(run):
        yield missed
