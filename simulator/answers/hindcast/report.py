"""A hindcast on a screen and for a script: what was published beside the model."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.hindcast.estimate import ratios
from simulator.answers.text import financial_year
from simulator.evidence.record import BY_NAME, MONEY, Measure, figures

NAIVE_WORDS: Final = {
    "persistence": "persists",
    "told": "told",
    "random_walk": "walk",
    "plan": "plan",
}
HOW_TO_READ: Final = (
    "Below: share of the draws below the figure. Bands hold the figure's own error of "
    "measurement; half of all figures should lie inside the 50% band and 90% inside "
    "the 90% band.",
    "CRPS, the usual score of a forecast with bands, over that of a forecast made "
    "without a model; below 1 the model is better. Persists: all stays as last "
    "published, with the spread of a year's change. Told: and income, cost and "
    "balances follow the support and prices announced. Walk: the spread grows with the "
    "years. Plan: what was planned for the year.",
)


class Hindcast(NamedTuple):
    """A run of past years, and how it scored."""

    run: xr.DataTree
    scored: xr.Dataset


def render(hindcasts: Sequence[Hindcast]) -> RenderableType:
    """Lay out runs of past years, each from its own origin, beside the record.

    The first target is shown figure by figure, each further one by measures.
    """
    parts: list[RenderableType] = []
    for run, scored in hindcasts:
        parts += [
            Text(str(run.attrs["title"]), style="bold"),
            Text(f"{run.attrs['draws']:,} draws, seed {run.attrs['seed']}."),
            Text(str(run.attrs["population_about"])),
            Text(),
            _figures(scored.isel(target=0)),
            *(Text(line) for line in _not_scored(scored.isel(target=0))),
            Text(),
        ]
        for target in scored["target"].values:
            one = scored.sel(target=target)
            parts += [_measures(one, str(target)), Text(), *_verdict([one]), Text()]
    if len(hindcasts) > 1:
        parts += [Text("From all origins, the first target of each", style="bold")]
        parts += [*_verdict([s.isel(target=0) for _, s in hindcasts]), Text()]
    return Group(*parts, *(Text(line) for line in HOW_TO_READ))


def _verdict(scored: Sequence[xr.Dataset]) -> Iterator[Text]:
    return (Text(line, style="bold") for line in verdict(scored))


def verdict(scored: Sequence[xr.Dataset]) -> list[str]:
    """Say how many figures the bands of a target hold, and what it beats by how much.

    Parameters
    ----------
    scored
        From each origin, by measure and year: one target of a `sim.hindcast`.
    """
    n = sum(int(s["pit"].count()) for s in scored)
    held = {w: sum(int(s[f"inside_{w}"].sum()) for s in scored) for w in (90, 50)}
    lines = [
        f"{held[90]} of {n} published figures lie inside the 90% band "
        f"({held[90] / n:.0%}), {held[50]} inside the 50% band ({held[50] / n:.0%})."
    ]
    for words, some in (
        ("CRPS", scored),
        ("One year ahead", [s.isel(year=[0]) for s in scored]),
    ):
        ratio = ratios(some)["all_ratio"]
        lines.append(
            f"{words}: {_ratio(ratio.sel(naive='told'))} times that of persistence "
            f"told of support and prices, {_ratio(ratio.sel(naive='persistence'))} "
            f"of persistence, {_ratio(ratio.sel(naive='random_walk'))} of a random "
            f"walk, {_ratio(ratio.sel(naive='plan'))} of plans."
        )
    return lines


def as_records(hindcasts: Sequence[Hindcast]) -> dict[str, object]:
    """Give hindcasts for a script: fractions, not percentages; null where nothing is.

    All of `sim.hindcast` is in it, under the same names. What stands at the top is of
    the first target of each.
    """
    first = [scored.isel(target=0) for _, scored in hindcasts]
    return {
        "hindcasts": [
            _record(run, scored.sel(target=target))
            for run, scored in hindcasts
            for target in scored["target"].values
        ],
        "verdict": verdict(first),
        "ratio": _by_name(ratios(first)["all_ratio"]),
    }


# --- on a screen ----------------------------------------------------------------------


def _figures(scored: xr.Dataset) -> Table:
    table = _table(
        "", "year", "published", "median", "50% band", "90% band", "below", "in"
    )
    for name in scored["measure"].values:
        measure, row = BY_NAME[str(name)], scored.sel(measure=name)
        title = _title(measure)
        for year in row["year"].values[row["pit"].notnull().values]:
            one = row.sel(year=year)
            low90, low50, middle, high50, high90 = (
                _number(measure, float(value)) for value in one["model"].values
            )
            table.add_row(
                title,
                financial_year(int(year)),
                _number(measure, float(one["published"])),
                middle,
                f"{low50} to {high50}",
                f"{low90} to {high90}",
                f"{float(one['pit']):.0%}",
                _where(one),
            )
            title = ""
    return table


def _measures(scored: xr.Dataset, target: str) -> Table:
    titles = "figures", "in 90%", "in 50%", *NAIVE_WORDS.values()
    table = _table(target, *titles)
    for name in scored["measure"].values:
        row = scored.sel(measure=name)
        if n := int(row["pit"].count()):
            table.add_row(
                BY_NAME[str(name)].title,
                str(n),
                str(int(row["inside_90"].sum())),
                str(int(row["inside_50"].sum())),
                *(_ratio(row["ratio"].sel(naive=naive)) for naive in NAIVE_WORDS),
            )
    return table


def _not_scored(scored: xr.Dataset) -> Iterator[str]:
    """Say what was published of these years and measures something else."""
    foretold = scored["model"].notnull().all("quantile")
    alone = scored["published"].notnull() & scored["pit"].isnull() & foretold
    for name in scored["measure"].values[alone.any("year").values]:
        measure, row = BY_NAME[str(name)], scored.sel(measure=name)
        said = [
            f"{financial_year(int(year))} {_number(measure, float(one['published']))}, "
            f"model {_number(measure, float(one['model'].sel(quantile=0.5)))}"
            for year in row["year"].values[alone.sel(measure=name).values]
            for one in [row.sel(year=year)]
        ]
        yield f"Not scored: {_title(measure)}: {'; '.join(said)}."


def _table(first: str, *titles: str) -> Table:
    table = Table(
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
        box=None,
        header_style="bold",
    )
    table.add_column(first)
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    return table


def _where(one: xr.Dataset) -> str:
    if one["inside_50"] == 1.0:
        return "50%"
    return "90%" if one["inside_90"] == 1.0 else "NEITHER"


def _ratio(value: xr.DataArray) -> str:
    return "-" if np.isnan(value) else f"{float(value):.2f}"


def _title(measure: Measure) -> str:
    return f"{measure.title}, {'GBP bn' if measure.unit == MONEY else measure.unit}"


def _number(measure: Measure, value: float) -> str:
    return f"{value / 1e3:,.2f}" if measure.unit == MONEY else f"{100.0 * value:.1f}"


# --- for a script ---------------------------------------------------------------------


def _record(run: xr.DataTree, scored: xr.Dataset) -> dict[str, object]:
    return {
        "title": str(run.attrs["title"]),
        "target": str(scored["target"].values),
        "draws": int(run.attrs["draws"]),
        "seed": int(run.attrs["seed"]),
        "verdict": verdict([scored]),
        "ratio": _by_name(scored["all_ratio"]),
        "measures": [
            {
                "measure": str(name),
                "title": BY_NAME[str(name)].title,
                "figures": int(scored["pit"].sel(measure=name).count()),
                "inside_50": int(scored["inside_50"].sel(measure=name).sum()),
                "inside_90": int(scored["inside_90"].sel(measure=name).sum()),
                "ratio": _by_name(scored["ratio"].sel(measure=name)),
            }
            for name in scored["measure"].values
        ],
        "rows": [
            _row(scored.sel(measure=name, year=year))
            for name in scored["measure"].values
            for year in scored["year"].values
        ],
    }


def _row(one: xr.Dataset) -> dict[str, object]:
    measure, year = BY_NAME[str(one["measure"].values)], int(one["year"])
    figure = figures(measure).get(year)
    levels = zip(one["quantile"].values, one["model"].values, strict=True)
    inside = {f"inside_{w}": _value(one[f"inside_{w}"]) for w in (50, 90)}
    return {
        "measure": measure.name,
        "unit": measure.unit if measure.unit == MONEY else "fraction",
        "year": year,
        "published": _value(one["published"]),
        "error": _value(one["error"]),
        "why_error": figure.why if figure else "",
        "evidence": figure.entry.key if figure else "",
        "source": {
            name: getattr(figure.entry, name)
            for name in ("title", "publisher", "date", "address", "grade", "note")
        }
        if figure
        else None,
        "model": {f"{level:g}": _finite(float(value)) for level, value in levels},
        "pit": _value(one["pit"]),
        **{name: None if v is None else v == 1.0 for name, v in inside.items()},
        "crps": _value(one["crps"]),
        "crps_naive": _by_name(one["crps_naive"]),
    }


def _by_name(values: xr.DataArray) -> dict[str, float | None]:
    pairs = zip(values["naive"].values, values.values, strict=True)
    return {str(name): _finite(float(value)) for name, value in pairs}


def _value(value: xr.DataArray) -> float | None:
    return _finite(float(value))


def _finite(value: float) -> float | None:
    return None if np.isnan(value) else value
