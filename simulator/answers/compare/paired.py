"""Two runs that may be compared: the same futures of the same trusts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.errors import RunFileError
from simulator.runfile.tree import of_draws
from simulator.running.replay import Replay, of_run
from simulator.scenario.model import Target
from simulator.schema import DRAW, TARGET, YEAR
from simulator.statistics.independence import need_independent

GROUPS: Final = ("/", "/sector", "/provenance")  # of a run file, that are read
RESULTS: Final = (
    "balance",
    "cash_releasing",
    "measured",
    "shortfall",
    "trusts_in_deficit",
)


@dataclass(frozen=True)
class PairedRun:
    """A run, and what to call it.

    `units` says who achieves, if that is known: (target, outcome, unit, draw), eight
    draws to a byte as `numpy.packbits` packs them.
    """

    name: str
    tree: xr.DataTree
    replay: Replay
    draws: int
    units: NDArray[np.uint8] | None = None

    @property
    def targets(self) -> list[str]:
        """List the targets."""
        return [str(name) for name in self.root[TARGET].values]

    @property
    def root(self) -> xr.Dataset:
        """Give what stands at the top of the run."""
        return self.tree.to_dataset()

    @property
    def made_from(self) -> dict[Any, Any]:
        """Give the provenance."""
        return dict(self.tree["provenance"].attrs)

    def target(self, name: str) -> Target:
        """Give a target as the scenario asks it."""
        return next(t for t in self.replay.scenario.targets if t.name == name)

    def rates(self, name: str) -> NDArray[np.float64]:
        """Give the rates that the run asked of a target: (year,)."""
        found = self.root["rate"].sel({TARGET: name}).values
        return np.asarray(found, np.float64)


def of_tree(name: str, tree: xr.DataTree) -> PairedRun:
    """Take a run as one of those that are compared; `tree` has at least `GROUPS`."""
    need_independent(tree, name)
    return PairedRun(name, tree, of_run(tree), int(tree.attrs["draws"]))


def check_comparable(first: PairedRun, other: PairedRun) -> None:
    """Refuse runs whose draws are not the same futures of the same trusts.

    Both have this version's layout of random numbers, or they would not be here.
    """
    place = f"{first.name} and {other.name}"
    for name, what, remedy in (
        ("seed", "seeds", "run one again under the other's --seed"),
        ("population_digest", "opening positions", "give both one population"),
    ):
        made = [s.made_from[name] for s in (first, other)]
        if made[0] != made[1]:
            short = [str(value)[:12] for value in made]
            raise RunFileError(
                place, f"have different {what}: {short[0]} and {short[1]}", remedy
            )
    years = [s.root[YEAR].values for s in (first, other)]
    if not np.array_equal(years[0], years[1]):
        said = " and ".join(f"{found[0]} to {found[-1]}" for found in years)
        raise RunFileError(
            place, f"run over different years: {said}", "compare runs of the same years"
        )
    if not paired(first, other):
        raise RunFileError(
            place, "have no target in common", "give one the same name in both"
        )
    if min(first.draws, other.draws) < 2:
        raise RunFileError(place, "share one draw", "run both with more --draws")


def paired(first: PairedRun, other: PairedRun) -> list[str]:
    """List the targets that both runs have, by name."""
    return [name for name in first.targets if name in other.targets]


def sector(of: PairedRun, targets: list[str], draws: int) -> xr.Dataset:
    """Read what the file holds of some targets and the first draws."""
    found = of_draws(of.tree, "sector")[[*RESULTS, "achieved"]]
    return found.sel({TARGET: targets}).isel({DRAW: slice(draws)})


def identical(
    first: PairedRun,
    other: PairedRun,
    targets: list[str],
    sectors: Sequence[xr.Dataset],
) -> xr.DataArray:
    """Find the targets that ask the same of the same world, and gave the same."""
    one, two = (_world(s) for s in (first, other))
    same = [
        one == two
        and first.target(at[TARGET]) == other.target(at[TARGET])
        and all(
            sectors[0][result].sel(at).equals(sectors[1][result].sel(at))
            for result in (*RESULTS, "achieved")
        )
        for at in ({TARGET: name} for name in targets)
    ]
    return xr.DataArray(same, dims=TARGET, coords={TARGET: targets})


def _world(of: PairedRun) -> dict[str, Any]:
    tables = of.replay.scenario.plain()
    for name in ("name", "title", "about", "population", "targets"):
        tables.pop(name, None)
    return tables


def different_rates(
    first: PairedRun, other: PairedRun, targets: list[str]
) -> dict[str, tuple[float, float]]:
    """Give the mean rates in both of the targets that ask different rates."""
    return {
        name: (float(first.rates(name).mean()), float(other.rates(name).mean()))
        for name in targets
        if not np.array_equal(first.rates(name), other.rates(name))
    }


def notes(
    first: PairedRun, other: PairedRun, targets: list[str], draws: int
) -> Iterator[str]:
    """Say what is to be known beside the numbers."""
    if first.draws != other.draws:
        yield (
            f"{first.name} has {first.draws:,} draws and {other.name} {other.draws:,}: "
            f"the first {draws:,} of both are paired."
        )
    versions = [
        s.made_from[name]
        for name in ("kernel_digest", "simulator_version")
        for s in (first, other)
    ]
    if versions[0] != versions[1]:
        yield (
            f"Different versions computed them ({versions[2]} and {versions[3]}): part "
            "of a difference may come from that."
        )
    for name, rates in different_rates(first, other, targets).items():
        yield (
            f"{name} asks {rates[0]:.2%} a year in {first.name} and {rates[1]:.2%} in "
            f"{other.name}."
        )
    for name in targets:
        bases = [
            str(s.root["basis"].sel({TARGET: name}).values) for s in (first, other)
        ]
        if bases[0] != bases[1]:
            yield (
                f"{name} is meant on the {bases[0]} basis in {first.name} and on the "
                f"{bases[1]} basis in {other.name}; both are judged on the first."
            )
