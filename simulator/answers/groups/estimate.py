"""The chances of groups of trusts at every target, and of the sector beside them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import xarray as xr

from simulator.answers.headline.estimate import own_outcome
from simulator.errors import RunFileError
from simulator.messages import nearest, quote
from simulator.population.model import Population

GROUPS: Final = ("/",)  # of a run file, that it is read from
# What trusts are grouped by: dimension of a run file, and of which variable's names.
DIMENSIONS: Final = {"type": "trust_type", "system": "system", "trust": "trust"}
PREFIX: Final = {"type": "type_", "system": "system_", "trust": ""}
WORDS: Final = {"type": "type of trust", "system": "system", "trust": "trust"}
SECTOR: Final = "sector"
# Own: what the target is meant on.
OUTCOMES: Final = ("own", "balance", "sustained")
ENDS: Final = ("", "_low", "_high")


class Chosen(NamedTuple):
    """Which trusts an answer is for.

    Parameters
    ----------
    by
        `system`, `type` or `trust`.
    names
        One system or type, or codes of trusts.
    """

    by: str
    names: tuple[str, ...]


def group_chances(run: xr.DataTree, by: str) -> xr.Dataset:
    """Gather the chances of every group of a kind, and of the sector, at every target.

    Parameters
    ----------
    run
        As `open` gives it.
    by
        `type`, `system` or `trust`.

    Returns
    -------
    Dataset
        With dimensions target and member, the sector first: a `_probability` with
        `_low` and `_high`, its own 95% Monte Carlo interval, for each of `OUTCOMES`;
        `trusts`, how many there are; and by target its `rate` and `outcome`.
    """
    root, dimension = run.to_dataset(), DIMENSIONS[by]
    own = own_outcome(root)
    found = xr.Dataset(
        attrs={key: run.attrs[key] for key in ("draws", "title", "seed")}
    )
    members = [SECTOR, *map(str, root[dimension].values)]
    for name in OUTCOMES:
        for end in ENDS:
            chosen = own if name == "own" else name
            groups = root[f"{PREFIX[by]}probability{end}"].sel(outcome=chosen)
            sector = root[f"sector_probability{end}"].sel(outcome=chosen)
            values = np.column_stack(
                [sector.values, groups.transpose("target", dimension).values]
            )
            found[f"{name}_probability{end}"] = (("target", "member"), values)
    found["trusts"] = ("member", _sizes(root, by))
    found["rate"] = root["rate"].mean("year")
    found["outcome"] = ("target", own.values)
    return found.assign_coords(target=root["target"].values, member=members)


def names_of(run: xr.DataTree, by: str) -> list[str]:
    """Name the groups of a kind that a run has trusts of."""
    root = run.to_dataset()
    names = map(str, root[DIMENSIONS[by]].values)
    _, *sizes = _sizes(root, by)
    return [name for name, size in zip(names, sizes, strict=True) if size]


def names_in(population: Population, by: str) -> list[str]:
    """Name the groups of a kind that a population has trusts of."""
    names = {
        "type": population.trust_type,
        "system": population.system,
        "trust": population.code,
    }
    return sorted(set(names[by]))


def check(chosen: Chosen, known: Sequence[str], place: str) -> Chosen:
    """See that the trusts that are asked for are there; capitals do not matter.

    Raises
    ------
    RunFileError
        Naming the nearest.
    """
    plain = {name.casefold(): name for name in known}
    found = []
    for name in chosen.names:
        own = plain.get(name.strip().casefold())
        if own is None:
            problem = f"there is no {WORDS[chosen.by]} {quote(name)}"
            raise RunFileError(place, problem, nearest(name, known))
        found.append(own)
    return chosen._replace(names=tuple(dict.fromkeys(found)))


def trusts_in(run: xr.DataTree, chosen: Chosen) -> list[tuple[str, str]]:
    """List the trusts of a group: code and name."""
    root = run.to_dataset()
    holds = {"type": "type_of_trust", "system": "trust_system", "trust": "trust"}
    inside = np.isin(root[holds[chosen.by]].values.astype(str), chosen.names)
    codes = root["trust"].values[inside].astype(str).tolist()
    names = root["trust_name"].values[inside].astype(str).tolist()
    return list(zip(codes, names, strict=True))


def _sizes(root: xr.Dataset, by: str) -> list[int]:
    """Count the trusts of the sector and of each group."""
    every = root.sizes["trust"]
    if by == "trust":
        return [every, *([1] * every)]
    holds = {"type": "type_of_trust", "system": "trust_system"}[by]
    inside = root[holds].values.astype(str)
    names = root[DIMENSIONS[by]].values.astype(str)
    return [every, *(int((inside == name).sum()) for name in names)]
