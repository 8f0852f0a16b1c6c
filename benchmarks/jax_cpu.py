"""The model in JAX on the CPU: the NumPy equations, compiled by XLA in 64 bits.

Random numbers are JAX's own (threefry). XLA runs on as many threads as it likes, so
this peer stands beside two threads. Bins are found by XLA and counted by NumPy, which
is faster at it.
"""

import importlib.util
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks import numpy_nation
from benchmarks.case import Case
from benchmarks.histograms import add_counts, of_histograms, of_numbers
from benchmarks.numpy_outcomes import Totals, judged, of_groups
from benchmarks.numpy_plain import MEANS, money
from benchmarks.numpy_year import TIE, Brought, State, carry_year, terms_of
from benchmarks.outcome import Outcome
from simulator.kernel.workspace import BINS, GROUP_RESULTS
from simulator.schema import OUTCOMES, TRUST_TYPES

BLOCK: Final = 64  # draws; larger ones were slower
UNITS: Final = ("trust", "kind", "system")


def missing() -> str | None:
    """Say why the peer cannot be measured."""
    return None if importlib.util.find_spec("jax") else "jax is not installed"


class Jax:
    """The compiled functions of one case; compiling is not measured."""

    def __init__(self, case: Case) -> None:
        import jax  # noqa: PLC0415

        jax.config.update("jax_enable_x64", True)
        self.case, self.jax, self.xp = case, jax, jax.numpy
        trusts = case.trusts
        n_kind, n_system = len(TRUST_TYPES), len(trusts.first) - 1
        system = np.repeat(np.arange(n_system), np.diff(trusts.first))
        self.member = {
            "kind": np.arange(n_kind)[:, None] == trusts.kind,
            "system": np.arange(n_system)[:, None] == system,
        }
        self.plan = jax.tree.map(self.xp.asarray, case.plan)
        self.ranges = {
            unit: self.xp.asarray(getattr(case.job.ranges, unit)) for unit in UNITS
        }
        self.drivers, self.target = jax.jit(self._drivers), jax.jit(self._target)

    def _drivers(self, key: Any, nation: dict[str, Any]) -> list[Any]:
        xp, trusts = self.xp, self.case.trusts
        n_year, draws = nation["pay"].shape
        shape = len(trusts.income), draws
        demand_sd, pressure_sd, drift_sd, delivery_sd, persistent_sd, size_sd = (
            self.plan.spread
        )
        z = self.jax.random.normal(key, (3 * n_year + 3, *shape))
        drift, persistent = drift_sd * z[-1], persistent_sd * z[-2]
        share, kind = trusts.pay_share[:, None], trusts.kind
        size = xp.exp(size_sd * (z[-3] - 0.5 * size_sd))
        return [
            Brought(
                demand=nation["demand"][kind, y] + demand_sd * z[3 * y],
                inflation=share * nation["pay"][y]
                + (1.0 - share) * nation["nonpay"][y],
                pressure=nation["pressure"][kind, y]
                + drift
                + pressure_sd * z[3 * y + 1],
                delivery=xp.exp(
                    nation["delivery"][y] + persistent + delivery_sd * z[3 * y + 2]
                ),
                plan_size=size,
                growth=nation["growth"][kind, y],
                passed_on=nation["passed_on"][kind, y],
                paid_pressure=nation["paid_pressure"][kind, y],
                upfront=nation["upfront"][kind, y],
                new_opportunity=[pool[kind] for pool in nation["new_opportunity"][y]],
            )
            for y in range(n_year)
        ]

    def _opening(self, belief: dict[str, Any], draws: int) -> State:
        xp, trusts = self.xp, self.case.trusts
        shape = len(trusts.income), draws
        zeros = xp.zeros(shape)
        other = trusts.other_weight[:, None] * belief["other_income"]
        return State(
            income=trusts.income[:, None] * (1.0 + other),
            cost=trusts.cost[:, None] * (1.0 + belief["cost_error"]),
            pools=[
                p[:, None] * belief["opportunity_scale"] for p in trusts.opportunity.T
            ],
            sources=[
                belief["one_off_scale"] * stock + zeros
                for stock in self.plan.one_offs.stock
            ],
            carry_over=trusts.carry_over[:, None] + zeros,
            payback=zeros,
            unmet=zeros,
            backlog=trusts.backlog[:, None] + zeros,
        )

    def _target(self, k: Any, valid: Any, nation: dict[str, Any], drivers: Any) -> Any:
        """Carry a block through one target; reduce what XLA is good at."""
        xp, plan = self.xp, self.plan
        n_year, draws = nation["pay"].shape
        belief, total = nation["belief"], Totals()
        state = self._opening(belief, draws)
        bins, sums = [], []
        for y in range(n_year):
            terms = terms_of(self.case.trusts, plan, k, y)
            state, year = carry_year(xp, state, drivers[y], belief, terms, plan, y)
            total = total.and_of(year, terms)
            spread = (
                year.balance / xp.maximum(state.income, 1e-9),
                year.ask,
                year.recurrent,
                year.nonrecurrent,
                year.cash_releasing,
                year.measured,
            )
            bins.append(self._bins("trust", k, y, xp.stack(spread)))
            sums.append(xp.stack(money(xp, state, year)))
        inside = xp.arange(draws) < valid
        achieved = judged(xp, total, plan.rate[k], plan.own[k]) & inside
        found = {"trust": achieved.sum(axis=-1), "share": achieved.sum(axis=1)}
        return found | {"trust bins": xp.stack(bins)} | self._groups(k, sums, inside)

    def _groups(self, k: Any, sums: list[Any], inside: Any) -> dict[str, Any]:
        xp, rate, own = self.xp, self.plan.rate[k], self.plan.own[k]
        stacked, found = xp.stack(sums), {}
        everyone = np.ones((1, len(self.case.trusts.income)), bool)
        for name, member in (self.member | {"sector": everyone}).items():
            weights = xp.asarray(member, dtype=stacked.dtype)
            group = _results(xp, xp.einsum("gt,yrtd->yrgd", weights, stacked))
            achieved = judged(xp, of_groups(xp, group, rate), rate, own)
            found[name] = (achieved & inside).sum(axis=-1)
            if name == "sector":
                found["achieved"] = achieved[:, 0]
                found["yearly"] = group[:, :, 0]
            else:
                found[f"{name} bins"] = xp.stack(
                    [self._bins(name, k, y, group[y]) for y in range(len(group))]
                )
        return found

    def _bins(self, unit: str, k: Any, y: int, values: Any) -> Any:
        """Find bins of (result, unit, draw)."""
        edges = self.ranges[unit][k, :, :, y].swapaxes(0, 1)[..., None]
        place = (values - edges[:, :, 0]) * edges[:, :, 1]
        return self.xp.clip(place, 0.0, BINS - 1.0).astype("uint8")


def _results(xp: Any, total: Any) -> Any:
    """Turn sums (year, row, group, draw) into the results of `GROUP_RESULTS`."""
    row = {name: total[:, index] for index, name in enumerate(GROUP_RESULTS)}
    weight = xp.where(row["cost_before"] > 0.0, row["cost_before"], 1.0)
    near = abs(row["balance"]) <= TIE * row["cost_before"]
    row["balance"] = xp.where(near, 0.0, row["balance"])
    row |= {name: row[name] / weight for name in MEANS}
    return xp.stack(list(row.values()), axis=1)


class Counts:
    """What NumPy counts of what XLA found."""

    def __init__(self, case: Case, draws: int) -> None:
        n_target, n_year = case.plan.rate.shape
        n_kind = len(TRUST_TYPES)
        n_trust, n_system = len(case.trusts.income), len(case.trusts.first) - 1
        self.case, self.draws = case, draws
        sizes = {"trust": n_trust, "kind": n_kind, "system": n_system}
        self.bins = {
            unit: np.zeros(
                (n_target, n_year, getattr(case.job.ranges, unit).shape[2], n, BINS),
                np.int64,
            )
            for unit, n in sizes.items()
        }
        self.achieved = {
            unit: np.zeros((n_target, len(OUTCOMES), n), np.int64)
            for unit, n in (sizes | {"sector": 1}).items()
        }
        self.share = np.zeros((n_target, len(OUTCOMES), n_trust + 1), np.int64)
        self.yearly = np.empty((len(GROUP_RESULTS), n_target, n_year, draws))

    def add(self, k: int, first: int, width: int, found: dict[str, Any]) -> None:
        """Count one block of one target."""
        for unit, histograms in self.bins.items():
            add_counts(found[f"{unit} bins"][..., :width], histograms[k])
        for unit, achieved in self.achieved.items():
            achieved[k] += found[unit]
        for outcome, numbers in enumerate(found["share"][:, :width]):
            n = self.share.shape[-1]
            self.share[k, outcome] += np.bincount(numbers, minlength=n)
        seen = found["yearly"][..., :width].swapaxes(0, 1)
        self.yearly[:, k, :, first : first + width] = seen

    def outcome(self) -> Outcome:
        """Reduce to probabilities and bands."""
        bands = {
            f"{unit}_bands": of_histograms(
                counts.transpose(0, 3, 2, 1, 4), getattr(self.case.job.ranges, unit)
            )
            for unit, counts in self.bins.items()
        }
        shares = {unit: count / self.draws for unit, count in self.achieved.items()}
        return Outcome(
            sector=shares.pop("sector")[..., 0],
            **shares,
            achieving=of_numbers(self.share) / (self.share.shape[-1] - 1),
            **bands,
            yearly=self.yearly,
        )


def taken(nation: dict[str, Any], draws: NDArray[np.int64]) -> dict[str, Any]:
    """Take some draws of everything."""
    return {
        name: taken(values, draws) if isinstance(values, dict) else values[..., draws]
        for name, values in nation.items()
    }


_COMPILED: dict[int, Jax] = {}


def run(case: Case, draws: int, threads: int) -> Outcome:
    """Simulate and reduce; XLA chooses its threads."""
    if id(case) not in _COMPILED:
        _COMPILED[id(case)] = Jax(case)
    model = _COMPILED[id(case)]
    rng = np.random.default_rng(case.job.seed)
    nation = vars(numpy_nation.draw(case.scenario, rng, draws))
    counts = Counts(case, draws)
    for first in range(0, draws, BLOCK):
        # The last block is padded with its last draw: one shape, compiled once.
        part = taken(nation, np.minimum(np.arange(first, first + BLOCK), draws - 1))
        width = min(BLOCK, draws - first)
        drivers = model.drivers(model.jax.random.key(case.job.seed + first), part)
        for k in range(case.n_target):
            found = model.target(k, width, part, drivers)
            counts.add(k, first, width, model.jax.device_get(found))
    return counts.outcome()
