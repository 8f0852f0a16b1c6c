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
from benchmarks.numpy_year import Brought, State, Terms, carry_year
from benchmarks.outcome import Outcome
from simulator.kernel.lanes import BINS, GROUP_RESULTS
from simulator.schema import OUTCOMES

BLOCK: Final = 64  # draws; larger ones were slower
TIE: Final = 1e-9
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
        n_kind, n_system = case.plan.funded.shape[1], len(trusts.first) - 1
        system = np.repeat(np.arange(n_system), np.diff(trusts.first))
        self.member = {
            "kind": np.arange(n_kind)[:, None] == trusts.kind,
            "system": np.arange(n_system)[:, None] == system,
        }
        self.plan = case.plan._replace(
            **{
                name: self.xp.asarray(getattr(case.plan, name))
                for name in ("rate", "deficit_addon", "price", "funded", "support")
            }
        )
        self.ranges = {
            unit: self.xp.asarray(getattr(case.job.ranges, unit)) for unit in UNITS
        }
        self.drivers, self.target = jax.jit(self._drivers), jax.jit(self._target)

    def _drivers(self, key: Any, nation: dict[str, Any]) -> list[tuple[Any, Any, Any]]:
        xp, trusts = self.xp, self.case.trusts
        n_year, draws = nation["pay"].shape
        shape = len(trusts.income), draws
        demand_sd, cost_sd, drift_sd, delivery_sd, persistent_sd = self.plan.spread
        z = self.jax.random.normal(key, (3 * n_year + 2, *shape))
        drift, persistent = drift_sd * z[-1], persistent_sd * z[-2]
        share = trusts.pay_share[:, None]
        return [
            (
                nation["demand"][trusts.kind, y] + demand_sd * z[3 * y],
                share * nation["pay"][y]
                + (1.0 - share) * nation["nonpay"][y]
                + drift
                + cost_sd * z[3 * y + 1],
                xp.exp(nation["delivery"][y] + persistent + delivery_sd * z[3 * y + 2]),
            )
            for y in range(n_year)
        ]

    def _opening(self, belief: dict[str, Any], draws: int) -> State:
        xp, trusts = self.xp, self.case.trusts
        shape = len(trusts.income), draws
        zeros = xp.zeros(shape)
        return State(
            income=trusts.income[:, None] + zeros,
            cost=trusts.cost[:, None] + zeros,
            pools=[
                p[:, None] * belief["opportunity_scale"] for p in trusts.opportunity.T
            ],
            sources=[stock + zeros for stock in self.plan.one_offs[0]],
            carry_over=trusts.carry_over[:, None] + zeros,
            payback=zeros,
            unmet=zeros,
            backlog=trusts.backlog[:, None] + zeros,
        )

    def _target(self, k: Any, valid: Any, nation: dict[str, Any], drivers: Any) -> Any:
        """Carry a block through one target; reduce what XLA is good at."""
        xp, kind, plan = self.xp, self.case.trusts.kind, self.plan
        n_year, draws = nation["pay"].shape
        state = self._opening(nation["belief"], draws)
        saved = wanted = productive = 0.0
        met = True
        bins, sums = [], []
        for y in range(n_year):
            terms = Terms(
                rate=plan.rate[k, y],
                deficit_addon=plan.deficit_addon[k, y],
                price=plan.price[k, y],
                funded=plan.funded[k, kind, y][:, None],
                support=plan.support[:, y][:, None],
            )
            new = [pool[kind] for pool in nation["new_opportunity"][y]]
            brought = Brought(*drivers[y], new)
            state, year = carry_year(
                xp, state, brought, nation["belief"], terms, plan, y
            )
            met = met & (year.recurrent + year.nonrecurrent >= 0.95 * year.ask)
            saved = saved + year.recurrent * year.cost_before
            wanted = wanted + terms.rate * year.cost_before
            productive = productive + year.productivity
            margin = year.balance / xp.maximum(state.income, 1e-9)
            spread = (margin, year.recurrent, year.nonrecurrent, year.productivity)
            bins.append(self._bins("trust", k, y, xp.stack(spread)))
            sums.append(_sums(xp, state, year))
        real = productive >= plan.rate[k].sum() * (1.0 - TIE)
        balance = year.balance >= -TIE * year.cost_before
        lasting = saved >= wanted * (1.0 - TIE)
        inside = xp.arange(draws) < valid
        achieved = xp.stack([met, lasting, real, balance, real & balance]) & inside
        found = {"trust": achieved.sum(axis=-1), "share": achieved.sum(axis=1)}
        return found | {"trust bins": xp.stack(bins)} | self._groups(k, sums, inside)

    def _groups(self, k: Any, sums: list[Any], inside: Any) -> dict[str, Any]:
        xp, rate = self.xp, self.plan.rate[k]
        stacked, found = xp.stack(sums), {}
        support = self.plan.support.T[..., None]
        everyone = np.ones((1, len(self.case.trusts.income)), bool)
        for name, member in (self.member | {"sector": everyone}).items():
            weights = xp.asarray(member, dtype=stacked.dtype)
            total = xp.einsum("gt,yrtd->yrgd", weights, stacked)
            given = xp.einsum("gt,ytd->ygd", weights, support)
            group = _results(xp, total, given)
            found[name] = (_judged(xp, group, rate) & inside).sum(axis=-1)
            if name == "sector":
                found["achieved"] = _judged(xp, group, rate)[:, 0]
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


def _sums(xp: Any, state: State, year: Any) -> Any:
    cost = year.cost_before
    return xp.stack(
        [
            state.income,
            cost,
            state.cost,
            year.ask * cost,
            year.recurrent * cost,
            year.nonrecurrent * cost,
            year.productivity * cost,
            state.unmet * cost,
            state.backlog,
            year.shortfall * cost,
            1.0 * (year.balance < -TIE * cost),
        ]
    )


def _results(xp: Any, total: Any, support: Any) -> Any:
    """Turn sums (year, row, group, draw) into the results of `GROUP_RESULTS`."""
    income, cost_before, cost, ask, recurrent, nonrecurrent = (
        total[:, row] for row in range(6)
    )
    weight = xp.where(cost_before > 0.0, cost_before, 1.0)
    underlying = income - cost
    return xp.stack(
        [
            income,
            xp.broadcast_to(support, income.shape),
            cost_before,
            cost,
            ask,
            recurrent,
            nonrecurrent,
            underlying + support + nonrecurrent,
            underlying,
            total[:, 6] / weight,
            total[:, 7] / weight,
            total[:, 8],
            total[:, 9],
            total[:, 10],
        ],
        axis=1,
    )


def _judged(xp: Any, group: Any, rate: Any) -> Any:
    row = {name: group[:, index] for index, name in enumerate(GROUP_RESULTS)}
    met = (row["recurrent"] + row["nonrecurrent"] >= 0.95 * row["ask"]).all(axis=0)
    wanted = xp.tensordot(rate, row["cost_before"], axes=1)
    lasting = row["recurrent"].sum(axis=0) >= wanted * (1.0 - TIE)
    real = row["productivity"].sum(axis=0) >= rate.sum() * (1.0 - TIE)
    balance = row["balance"][-1] >= -TIE * row["cost_before"][-1]
    return xp.stack([met, lasting, real, balance, real & balance])


class Counts:
    """What NumPy counts of what XLA found."""

    def __init__(self, case: Case, draws: int) -> None:
        n_target, n_kind, n_year = case.plan.funded.shape
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
