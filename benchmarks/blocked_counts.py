"""Counts and histograms of the blocked NumPy peer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.blocked_order import Order
from benchmarks.blocked_year import SUMS, TIE, Tile
from benchmarks.case import Case
from benchmarks.histograms import add_counts, of_histograms, of_numbers
from benchmarks.numpy_outcomes import Totals, judged, of_groups
from benchmarks.numpy_plain import MEANS
from benchmarks.outcome import Outcome
from simulator.kernel.workspace import BINS, GROUP_RESULTS, SPREAD
from simulator.schema import OUTCOMES, TRUST_TYPES

Floats = NDArray[np.float64]
Bins = NDArray[np.uint8]

SUM = {name: index for index, name in enumerate(SUMS)}


class Counts:
    """Everything that is counted, and the memory to count in."""

    def __init__(self, case: Case, order: Order, block: int) -> None:
        plan, ranges, kind = case.plan, case.job.ranges, case.trusts.kind[order.trust]
        n_target, n_year = plan.rate.shape
        n_kind = len(TRUST_TYPES)
        self.order, self.n_system = order, len(order.system)
        # Adding up types is a product with who belongs to what.
        self.member = (np.arange(n_kind)[:, None] == kind).astype(np.float64)
        units = {"trust": len(kind), "kind": n_kind, "system": self.n_system}
        places = {"trust": order.trust, "system": order.system, "kind": slice(None)}
        rows = {"trust": len(SPREAD), "kind": len(GROUP_RESULTS)}
        rows["system"] = rows["kind"]
        self.rate, self.own, self.n_trust = plan.rate, plan.own, len(kind)
        self.ranges = {  # (target, year, result, unit, 1)
            name: np.moveaxis(getattr(ranges, name)[:, places[name]], 3, 1)
            .swapaxes(2, 3)[..., None]
            .copy()
            for name in units
        }
        self.bins = {
            name: np.zeros((n_year, rows[name], n, block), np.uint8)
            for name, n in units.items()
        }
        self.histograms = {
            name: np.zeros((n_target, n_year, rows[name], n, BINS), np.int64)
            for name, n in units.items()
        }
        self.achieved = {
            name: np.zeros((n_target, len(OUTCOMES), n), np.int64)
            for name, n in (units | {"sector": 1}).items()
        }
        self.share = np.zeros((n_target, len(OUTCOMES), len(kind) + 1), np.int64)
        self.ready = False
        self.results: dict[str, Floats] = {}
        self.n_kind, self.n_year = n_kind, n_year
        self.ranged = ranges

    def take_year(self, k: int, y: int, tile: Tile, start: int) -> None:
        """Add up the groups of a year, and find the bins."""
        self._make_room(tile)
        sums = {
            "system": self._systems(tile.sums),
            "kind": np.matmul(self.member, tile.sums),
        }
        for name, values in sums.items():
            self._read(values, self.results[name][y])
            self._bin(name, k, y, self.results[name][y], start)
        sector = sums["kind"].sum(axis=1, keepdims=True)
        self._read(sector, self.results["sector"][y])
        self._bin("trust", k, y, tile.spread, start)

    @property
    def sector(self) -> Floats:
        """The sector's results: (year, result, draw)."""
        return self.results["sector"][:, :, 0]

    def _make_room(self, tile: Tile) -> None:
        if not self.ready:
            self.ready = True
            self.scratch = np.empty_like(tile.spread)
            for name, n in (
                ("kind", self.n_kind),
                ("system", self.n_system),
                ("sector", 1),
            ):
                shape = (self.n_year, len(GROUP_RESULTS), n, tile.width)
                self.results[name] = np.zeros(shape)

    def _systems(self, values: Floats) -> Floats:
        """Add up systems: (row, trust, draw) to (row, system, draw)."""
        begin, end = self.order.runs[0]
        sums = values[:, begin:end].copy()
        for begin, end in self.order.runs[1:]:
            sums[:, : end - begin] += values[:, begin:end]
        return sums

    @staticmethod
    def _read(sums: Floats, out: Floats) -> None:
        """Turn sums (row, group, draw) into results (result, group, draw)."""
        cost = np.maximum(sums[SUM["cost_before"]], 1e-300)
        for index, name in enumerate(GROUP_RESULTS):
            if name == "underlying":
                np.subtract(sums[SUM["income"]], sums[SUM["cost"]], out=out[index])
            elif name in MEANS:
                np.divide(sums[SUM[name]], cost, out=out[index])
            elif name == "balance":
                near = np.abs(sums[SUM[name]]) <= TIE * cost
                out[index] = np.where(near, 0.0, sums[SUM[name]])
            else:
                out[index] = sums[SUM[name]]

    def _bin(self, name: str, k: int, y: int, values: Floats, start: int) -> None:
        edges = self.ranges[name][k, y]
        place = self.scratch if name == "trust" else np.empty_like(values)
        np.subtract(values, edges[..., 0, :], out=place)
        place *= edges[..., 1, :]
        np.clip(place, 0.0, BINS - 1.0, out=place)
        room = self.bins[name][y, :, :, start : start + place.shape[-1]]
        room[...] = place[..., : room.shape[-1]]

    def judge(self, k: int, tile: Tile, width: int) -> None:
        """Count the outcomes of the tile's valid draws."""
        rate, own = self.rate[k], self.own[k]
        achieved = judged(np, Totals(*tile.totals, tile.balance), rate, own)[
            ..., :width
        ]
        self.achieved["trust"][k] += np.count_nonzero(achieved, axis=-1)
        numbers = np.count_nonzero(achieved, axis=1)
        for outcome, number in enumerate(numbers):
            self.share[k, outcome] += np.bincount(number, minlength=self.n_trust + 1)
        for name in ("kind", "system", "sector"):
            total = of_groups(np, self.results[name], rate)
            of_group = judged(np, total, rate, own)[..., :width]
            self.achieved[name][k] += np.count_nonzero(of_group, axis=-1)

    def count_bins(self, k: int, n_draw: int) -> None:
        """Count the block's bins into the histograms of a target."""
        for name, bins in self.bins.items():
            add_counts(bins[..., :n_draw], self.histograms[name][k])

    def add(self, other: "Counts") -> None:
        """Add what another thread counted."""
        self.share += other.share
        for mine, theirs in (
            (self.histograms, other.histograms),
            (self.achieved, other.achieved),
        ):
            for name, counts in mine.items():
                counts += theirs[name]

    def outcome(self, draws: int, yearly: Floats) -> Outcome:
        """Reduce the counts to probabilities and bands."""
        bands: dict[str, Any] = {}
        places = {
            "trust": np.argsort(self.order.trust),
            "system": np.argsort(self.order.system),
            "kind": np.arange(len(self.member)),
        }
        for name, place in places.items():
            counts = np.moveaxis(self.histograms[name], (3, 2, 1), (1, 2, 3))[:, place]
            bands[f"{name}_bands"] = of_histograms(counts, getattr(self.ranged, name))
        shares = {
            name: count[..., places.get(name, np.arange(1))] / draws
            for name, count in self.achieved.items()
        }
        achieving = of_numbers(self.share) / self.n_trust
        return Outcome(
            sector=shares.pop("sector")[..., 0],
            **shares,
            achieving=achieving,
            **bands,
            yearly=yearly,
        )
