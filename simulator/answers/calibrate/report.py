"""Beliefs given the record on a screen and for a script."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text
from scipy.special import ndtri

from simulator.scenario.distributions import Uncertain
from simulator.scenario.posterior import Table
from simulator.types import Floats

BAND: Final = (0.05, 0.5, 0.95)
PAIRS: Final = 8
GRID: Final = 2_000  # points of a distribution believed beforehand
HOW_TO_READ: Final = (
    "Narrowed: by how much of its variance the record narrows a belief; 0% says that "
    "the record is silent on it.",
    "Off: the figure less what is foretold given the record, in standard deviations of "
    "belief, luck, discrepancy and measurement together. Figures marked * were fitted, "
    "so that these are no test.",
    "Log evidence: how likely the figures are under each form of plans; differences "
    "count, and those below 3 say little.",
)


def render(table: Table) -> RenderableType:
    """Lay a table out."""
    about = table.about
    parts: list[RenderableType] = [
        Text(f"Beliefs given the record: {about['name']}", style="bold"),
        Text(
            f"From {about['scenario']}: figures to {about['until']}, published by "
            f"{about['published_by']}. {about['beliefs']:,} beliefs weighed by "
            f"{about['futures']} futures each, seed {about['seed']}."
        ),
        Text(f"Model {about['fingerprint']}, record {about['record']}."),
        Text(),
    ]
    for form, rows in table.rows.items():
        said = about[form]
        parts += [
            Text(f"Plans that follow the {form}", style="bold"),
            Text(
                f"{len(rows):,} rows, worth {said['effective']:,.0f} equal beliefs; "
                f"log evidence {said['log_evidence']:.1f}."
            ),
            _beliefs(table, form),
            Text(),
            *(Text(line) for line in _pairs(table, form)),
            Text(),
            _figures(about, form),
            Text(),
        ]
    return Group(*parts, *(Text(line) for line in HOW_TO_READ))


def as_records(table: Table) -> dict[str, Any]:
    """Give the same for a script."""
    about = {key: value for key, value in table.about.items() if key != "prior"}
    return {
        "about": about,
        "digest": table.digest,
        "prior": {path: belief.written() for path, belief in table.prior.items()},
        "beliefs": {
            form: {
                path: dict(
                    zip(("low", "middle", "high"), _band(column), strict=True),
                    rows=len(rows),
                )
                for path, column in zip(table.prior, rows.T, strict=True)
            }
            for form, rows in table.rows.items()
        },
        "pairs": {
            form: [list(pair) for pair in together(table, form)] for form in table.rows
        },
    }


def together(table: Table, form: str) -> list[tuple[str, str, float]]:
    """Give the pairs of beliefs that the record ties most: rank correlations."""
    ranks = np.argsort(np.argsort(table.rows[form], axis=0), axis=0)
    correlation = np.atleast_2d(np.corrcoef(ranks.T))
    paths = tuple(table.prior)
    pairs = [
        (paths[i], paths[j], round(float(correlation[i, j]), 3))
        for i in range(len(paths))
        for j in range(i + 1, len(paths))
    ]
    return sorted(pairs, key=lambda pair: -abs(pair[2]))[:PAIRS]


def _beliefs(table: Table, form: str) -> Grid:
    grid = Grid(show_edge=False, pad_edge=False, box=None, header_style="bold")
    grid.add_column("belief")
    for heading in ("before", "given the record", "narrowed"):
        grid.add_column(heading, justify="right")
    narrowed = table.about[f"narrowed_{form}"]
    rows = zip(table.prior.items(), table.rows[form].T, strict=True)
    for (path, prior), column in sorted(rows, key=lambda r: -narrowed[r[0][0]]):
        grid.add_row(
            path,
            _said(_band(_points(prior))),
            _said(_band(column)),
            f"{max(narrowed[path], 0.0):.0%}",
        )
    return grid


def _points(prior: Uncertain) -> Floats:
    """Spread points evenly over what was believed beforehand."""
    share = (np.arange(GRID) + 0.5) / GRID
    return prior.quantile(share, np.asarray(ndtri(share)))


def _band(values: Floats) -> list[float]:
    return [float(value) for value in np.quantile(values, BAND)]


def _said(band: list[float]) -> str:
    low, middle, high = (f"{value:.3g}" for value in band)
    return f"{middle} ({low} to {high})"


def _pairs(table: Table, form: str) -> Iterator[str]:
    yield "Pairs that the record ties to each other, by rank correlation:"
    for one, other, share in together(table, form):
        yield f"  {share:+.2f}  {one} and {other}"


def _figures(about: Mapping[str, Any], form: str) -> Grid:
    grid = Grid(show_edge=False, pad_edge=False, box=None, header_style="bold")
    grid.add_column("figure")
    for heading in ("published", "given the record", "sd", "off"):
        grid.add_column(heading, justify="right")
    columns = list(about["columns_of_figures"])
    for name, row in about["figures"].items():
        said = dict(zip(columns, row, strict=True))
        mean, sd = said[f"{form} mean"], said[f"{form} sd"]
        whole = float(np.hypot(np.hypot(sd, said["error"]), said["discrepancy"]))
        grid.add_row(
            name + (" *" if said["counts"] else ""),
            f"{said['published']:.4g}",
            f"{mean:.4g}",
            f"{sd:.3g}",
            f"{(said['published'] - mean) / whole:+.2f}",
        )
    return grid
