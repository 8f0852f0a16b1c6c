"""Tables of a run, one observation a row: for notebooks, and for `export`.

Each function gives one table as a DataFrame; `definitions` says what its columns hold.
What stands in the run file draw by draw can be large: there, ask for one target.
`tables` goes through any of them chunk by chunk.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from simulator.answers.headline import caveats
from simulator.answers.headline.estimate import own_outcome
from simulator.answers.text import financial_year
from simulator.errors import RunFileError
from simulator.exports import columns, formulas
from simulator.exports.columns import ENDS, LEVELS, NAMES
from simulator.exports.grids import GRIDS, KEPT, bands_of, frame_of
from simulator.messages import nearest
from simulator.runfile.tree import of_draws
from simulator.scenario import layers
from simulator.scenario import toml as toml_text
from simulator.schema import (
    CONFIDENCE,
    DRAW,
    OUTCOME,
    QUANTILE,
    RESULTS,
    SYSTEM,
    TARGET,
    TRUST,
    TRUST_TYPE,
    VARIABLES,
    YEAR,
)
from simulator.statistics.independence import replicates_of

UNITS: Final = {"type": TRUST_TYPE, "system": SYSTEM, "trust": TRUST}  # a level's dim
NONE_KEPT: Final = "the run kept none"
# What /provenance holds as whole texts: too long for a table, or given by another one.
TEXTS: Final = (
    "scenario_as_written",
    "scenario_resolved",
    "origins",
    "population",
    "payload_digests",
)


def names(run: xr.DataTree) -> tuple[str, ...]:
    """Name the tables that a run has."""
    return tuple(name for name in NAMES if name != KEPT or KEPT in run.children)


# --- as it stands in the file ---------------------------------------------------------


def sector(run: xr.DataTree, target: str | None = None) -> pd.DataFrame:
    """Give the sector's yearly results in every draw, of one target or of all."""
    return _whole("sector", run, target)


def sector_achieved(run: xr.DataTree, target: str | None = None) -> pd.DataFrame:
    """Tell whether the sector achieves in every draw, a column for each outcome."""
    return _whole("sector_achieved", run, target)


def drivers(run: xr.DataTree) -> pd.DataFrame:
    """Give the uncertain assumptions of every draw."""
    return _whole("drivers", run)


def drivers_by_year(run: xr.DataTree) -> pd.DataFrame:
    """Give the national series of every draw."""
    return _whole("drivers_by_year", run)


def trajectories(run: xr.DataTree, target: str | None = None) -> pd.DataFrame:
    """Give every trust's yearly results in the draws that were kept."""
    if KEPT not in run.children:
        raise RunFileError(KEPT, NONE_KEPT, "run again with --keep sample")
    return _whole(KEPT, run, target)


def trust_bands(run: xr.DataTree, target: str | None = None) -> pd.DataFrame:
    """Give the spread over draws of every trust's yearly results."""
    return _whole("trust_bands", run, target)


def _whole(name: str, run: xr.DataTree, target: str | None = None) -> pd.DataFrame:
    dataset, dims = GRIDS[name](run)
    if target is not None:
        known = [str(each) for each in dataset[TARGET].values]
        if target not in known:
            problem = f"there is no '{target}'"
            raise RunFileError("target", problem, nearest(target, known))
        dataset = dataset.sel({TARGET: [target]})
    return frame_of(dataset, dims)


# --- for all draws together -----------------------------------------------------------


def targets(run: xr.DataTree) -> pd.DataFrame:
    """Give the rate of every target by year, its basis and its outcome."""
    root = run.to_dataset()
    frame = frame_of(root[["basis", "rate"]], (TARGET, YEAR))
    return _ordered("targets", run, frame.assign(outcome=_own(run, frame)))


def trusts(run: xr.DataTree) -> pd.DataFrame:
    """Give the opening position of every trust, and what of it is drawn."""
    names = ["trust_name", "type_of_trust", "trust_system", "opening_income"]
    frame = frame_of(run.to_dataset()[[*names, "opening_cost"]], (TRUST,))
    given = csv.DictReader(io.StringIO(run["provenance"].attrs["population"]))
    rows = {row["code"]: row for row in given}
    for name in (*_POSITION, "synthetic"):
        read = float if name in _POSITION else lambda text: text or None
        frame[name] = [read(rows[code][name]) for code in frame[TRUST]]
    renamed = {"type_of_trust": "trust_type", "trust_system": "system"}
    return _ordered("trusts", run, frame.rename(columns=renamed))


_POSITION: Final = [
    "opportunity",
    "carry_over",
    "backlog",
    "pay_share",
    "reported_balance",
]


def probabilities(run: xr.DataTree) -> pd.DataFrame:
    """Give how likely the sector, each type, system and trust are to achieve."""
    root, counts = run.to_dataset(), run["counts"].to_dataset()
    frames = []
    for level in LEVELS:
        prefix = "" if level == "trust" else f"{level}_"
        found = {f"probability{end}": root[f"{prefix}probability{end}"] for end in ENDS}
        achieved = (counts if prefix else root)[f"{prefix}achieved"]
        frame = _of_level(level, xr.Dataset({"achieved": achieved, **found}), OUTCOME)
        frames.append(frame)
    frame = pd.concat(frames, ignore_index=True)
    frame = frame.assign(
        own_outcome=_own(run, frame) == frame[OUTCOME], draws=int(run.attrs["draws"])
    )
    return _ordered("probabilities", run, frame)


def shares(run: xr.DataTree) -> pd.DataFrame:
    """Give the share of trusts that achieve: its mean and quantiles over draws."""
    root = run.to_dataset()
    found = {}
    for name in (f"share_achieving{end}" for end in ENDS):
        mean = root[f"mean_{name}"].expand_dims({QUANTILE: [np.nan]}, axis=-1)
        found[name] = xr.concat([mean, root[name]], dim=QUANTILE)
    frame = frame_of(xr.Dataset(found), (TARGET, OUTCOME, QUANTILE))
    kinds = np.where(frame[QUANTILE].isna(), "mean", "quantile")
    own = _own(run, frame) == frame[OUTCOME]
    return _ordered("shares", run, frame.assign(statistic=kinds, own_outcome=own))


def bands(run: xr.DataTree) -> pd.DataFrame:
    """Give the spread over draws of the yearly results: sector, types and systems.

    Those of the sector are taken from its draws, those of types and systems from the
    histograms of the run, so these are rounded to the width of a bin.
    """
    of = {"sector": _sector_quantiles(run)}
    of |= {level: bands_of(run, level, RESULTS) for level in ("type", "system")}
    frames = [_of_level(level, found, YEAR, QUANTILE) for level, found in of.items()]
    return _ordered("bands", run, pd.concat(frames, ignore_index=True))


def _sector_quantiles(run: xr.DataTree) -> xr.Dataset:
    by_draw = of_draws(run, "sector")
    levels = run.to_dataset()[QUANTILE].values
    found = {}
    for name in RESULTS:
        # One target and result at a time: all draws of all may not fit into memory.
        taken = [
            np.quantile(
                by_draw[name].isel({TARGET: k}).transpose(DRAW, YEAR).values,
                levels,
                axis=0,
                method="inverted_cdf",
            )
            for k in range(by_draw.sizes[TARGET])
        ]
        found[name] = ((TARGET, QUANTILE, YEAR), np.array(taken, np.float32))
    kept = {dim: by_draw[dim] for dim in (TARGET, YEAR)}
    return xr.Dataset(found, coords={**kept, QUANTILE: levels})


def _of_level(level: str, dataset: xr.Dataset, *dims: str) -> pd.DataFrame:
    """Give the rows of a level, under its name and the codes of who is in it."""
    dim = UNITS.get(level)
    if dim is None:
        frame = frame_of(dataset, (TARGET, *dims)).assign(code=level)
    else:
        frame = frame_of(dataset, (TARGET, dim, *dims)).rename(columns={dim: "code"})
    return frame.assign(level=level)


def _own(run: xr.DataTree, frame: pd.DataFrame) -> Any:
    """Name the outcome that the target of each row is judged on."""
    own = own_outcome(run.to_dataset())
    return frame[TARGET].map(dict(zip(own[TARGET].values, own.values, strict=True)))


def _ordered(name: str, run: xr.DataTree, frame: pd.DataFrame) -> pd.DataFrame:
    return frame[[column.name for column in columns.of_table(name, run)]]


# --- what the others mean and rest on -------------------------------------------------


def definitions(run: xr.DataTree) -> pd.DataFrame:
    """Give the unit and the meaning of every column of every table."""
    rows = [
        (name, *column) for name in names(run) for column in columns.of_table(name, run)
    ]
    return _texts("definitions", run, rows)


def assumptions(run: xr.DataTree) -> pd.DataFrame:
    """Give every value of the scenario: what set it, its source and its grade."""
    made_from = run["provenance"].attrs
    resolved = toml_text.read(made_from["scenario_resolved"], "scenario_resolved")
    leaves = layers.leaves(layers.merge({}, resolved))
    values = {".".join(path): value for path, value in leaves}
    rows = []
    for key, (layer, source, grade) in json.loads(made_from["origins"]).items():
        value = values[key]
        written = value if isinstance(value, str) else toml_text.value(value)
        rows.append((key, written, layer, grade, source))
    return _texts("assumptions", run, rows)


def about(run: xr.DataTree) -> pd.DataFrame:
    """Say what the run is, what made it, and what is not in its numbers."""
    return _texts("about", run, _about(run))


def _about(run: xr.DataTree) -> Iterator[tuple[str, str]]:
    root = run.to_dataset()
    for name in ("title", "scenario", "draws", "seed", "source"):
        yield name, str(run.attrs[name])
    if replicates_of(run) > 1:
        yield (
            "replicates",
            f"{replicates_of(run)}: draws within one are not independent",
        )
    first, last = (financial_year(root[YEAR].values[end]) for end in (0, -1))
    yield "years", f"{first} to {last}"
    yield "trusts", str(root.sizes[TRUST])
    yield "population", str(run.attrs["population"])
    yield "population_about", str(run.attrs["population_about"])
    yield "confidence of the intervals of probabilities", f"{CONFIDENCE:g}"
    yield from (("note", line) for line in caveats.notes(run))
    yield VARIABLES["/counts/guarded"].meaning, str(np.sum(run.attrs["guarded"]))
    yield from (("not in the number", line) for line in caveats.NOT_IN_THE_NUMBER)
    yield from (("comparison", line) for line in caveats.comparison(run))
    yield "formulas", formulas.RULE
    made_from = run["provenance"].attrs
    known = {*TEXTS, *run.attrs}
    yield from (
        (str(key), str(text)) for key, text in made_from.items() if key not in known
    )


def _texts(
    name: str, run: xr.DataTree, rows: Iterable[tuple[str, ...]]
) -> pd.DataFrame:
    """Make a table of texts; an empty one is missing."""
    found = [[text or None for text in row] for row in rows]
    titles = [column.name for column in columns.of_table(name, run)]
    return pd.DataFrame(found, columns=titles)


SMALL: Final[dict[str, Callable[[xr.DataTree], pd.DataFrame]]] = {
    "targets": targets,
    "trusts": trusts,
    "probabilities": probabilities,
    "shares": shares,
    "bands": bands,
    "definitions": definitions,
    "assumptions": assumptions,
    "about": about,
}
