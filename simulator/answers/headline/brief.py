"""The answer on one screen: the question, two sentences, a table, and where more is."""

from collections.abc import Iterator, Sequence

import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.headline import beside
from simulator.answers.headline.caveats import confidence_of, draws_of, missed_precision
from simulator.answers.headline.delivered import in_pairs, of_median_trust
from simulator.answers.headline.estimate import GIVEN, highest_names, in_brief
from simulator.answers.text import financial_year, whole_chance
from simulator.outcomes import OF_NAME

Pairs = Sequence[tuple[str, str | None]]


def render(run: xr.DataTree, where: str, *, together: bool = False) -> RenderableType:
    """Lay out the answer of a run that stands in the file `where`.

    With `together` the intervals of all the probabilities hold at once.
    """
    answer = in_brief(run, together=together)
    pairs = in_pairs(run.to_dataset())
    parts: list[RenderableType] = [
        Text(str(run.attrs["title"]), style="bold"),
        Text(_question(run)),
        Text(),
        *(Text(sentence, style="bold") for sentence in _sentences(answer, pairs)),
        Text(),
        _table(answer, of_median_trust(run), pairs),
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
    """Say the highest targets that can be asked, alone and with balance."""
    gap = answer.sel(target=[name for name, _ in pairs])
    alone = [name or "none of them" for name in highest_names(gap)]
    balanced = [name or "none of them" for name in highest_names(gap, "sustained")]
    meant = gap["outcome"].values
    what = "target here" if (meant == meant[0]).all() else OF_NAME[meant[0]].asks
    yield (
        f"The highest {what} that the sector has at least an 80% chance to achieve is "
        f"{alone[0]}; at least an even chance, {alone[1]}."
    )
    yield (
        f"To achieve it and end in balance too: {balanced[0]} at 80%, {balanced[1]} "
        "at 50%."
    )


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
    chances, savings = _rows(answer), _rows(found)
    given = _rows(answer.sel(of="sector", beliefs=GIVEN)) if both else {}
    for name, twin in pairs:
        row, saving = chances[name], savings[name]
        saved = saving["recurrent"] + saving["one_off"]
        cells = [
            f"{100 * saving['planned']:.1f} / {100 * saved:.1f}",
            whole_chance(row, "sector_probability"),
        ]
        if both:
            cells.append(whole_chance(given[name], "chance"))
        if tariff:
            follows = None if twin is None else chances[twin]
            cells.append(
                "" if follows is None else whole_chance(follows, "sector_probability")
            )
        cells.append(whole_chance(row, "sustained_probability"))
        grid.add_row(name, *cells)
    return grid


def _rows(answer: xr.Dataset) -> dict[str, dict[str, float]]:
    """Give the numbers of every target, by its name: a table's cell is one of them."""
    columns = {
        str(name): own.values
        for name, own in answer.data_vars.items()
        if own.dims == ("target",)
    }
    return {
        str(target): {name: float(column[k]) for name, column in columns.items()}
        for k, target in enumerate(answer["target"].values)
    }


def _small_print(run: xr.DataTree, answer: xr.Dataset) -> Iterator[str]:
    """Say what the columns are and what the brackets hold, in a line or two each."""
    outcomes = sorted({str(name) for name in answer["outcome"].values})
    meanings = "; ".join(OF_NAME[name].meaning for name in outcomes)
    yield (
        "Plan / saved: what the median trust plans and saves, % of its cost a year. "
        f"Chance: of the sector, that {meanings}. And balance: that it also ends the "
        "last year in balance."
    )
    if "beliefs" in run["provenance"].attrs:
        yield from beside.said(run)
    if beside.has_both(answer):
        yield (
            "Given record: with only such assumptions as would have given the past as "
            "published."
        )
    if "tariff" in run.to_dataset()["plan_follows"].values:
        yield "Tariff plans: if savings plans follow the tariff, not each trust's gap."
    if int(answer.attrs["family"]) == 1:
        interval = f"95% interval of {draws_of(run)}"
    else:
        interval = f"{confidence_of(answer)}, of {draws_of(run)}"
    yield (
        f"Brackets: {interval}, seed {run.attrs['seed']}. More draws narrow it; they "
        "do not make the assumptions truer."
    )
    if missed := missed_precision(run):
        yield missed
