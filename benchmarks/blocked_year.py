"""One tile of draws through one year, in NumPy that allocates nothing."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.numpy_nation import Nation
from simulator.drivers import BELIEFS
from simulator.kernel.tables import Plan, Trusts

Floats = NDArray[np.float64]

LEAST_COST: Final = 1e-9
TIE: Final = 1e-9
# What groups add up, in the order of `Tile.sums`; the rest of a group's results follow.
SUMS: Final = (
    "income",
    "cost",
    "backlog",
    "cost_before",
    "ask",
    "recurrent",
    "nonrecurrent",
    "productivity",
    "unmet",
    "shortfall",
    "trusts_in_deficit",
)


class Tile:
    """Memory for all trusts and a few draws: arrays (trust, draw)."""

    def __init__(self, trusts: Trusts, plan: Plan, width: int) -> None:
        n_trust = len(trusts.income)
        shape = n_trust, width
        self.trusts, self.plan, self.width = trusts, plan, width
        self.kind = trusts.kind
        self.sums = np.empty((len(SUMS), *shape))
        by_name = dict(zip(SUMS, self.sums, strict=True))
        self.income, self.cost = by_name["income"], by_name["cost"]
        self.backlog, self.cost_before = by_name["backlog"], by_name["cost_before"]
        self.money = by_name
        self.pools, self.sources = np.empty((3, *shape)), np.empty((4, *shape))
        self.taken = np.empty((4, *shape))
        self.carry_over, self.payback = np.empty(shape), np.empty(shape)
        self.unmet = np.empty(shape)
        self.spread = np.empty((4, *shape))  # margin, recurrent, one-off, productivity
        self.met = np.empty(shape, bool)
        self.saved, self.wanted = np.empty(shape), np.empty(shape)
        self.real_total, self.balance = np.empty(shape), np.empty(shape)
        self.scratch = np.empty((6, *shape))
        self.flags = np.empty((2, *shape), bool)
        self.belief: dict[str, Floats] = {}
        self.new_opportunity = np.empty((plan.rate.shape[1], 3, n_trust, width))

    def drivers(
        self,
        nation: Nation,
        rng: np.random.Generator,
        tiles: list[slice],
    ) -> Floats:
        """Draw demand, inflation and delivery: (tile, year, driver, trust, draw)."""
        n_year, draws = nation.pay.shape
        out = np.empty((len(tiles), n_year, 3, len(self.kind), self.width))
        demand_sd, cost_sd, drift_sd, delivery_sd, persistent_sd = self.plan.spread
        share = self.trusts.pay_share[:, None]
        drift, persistent = self.scratch[0], self.scratch[1]
        for number, place in enumerate(tiles):
            # Beyond the last draw the last is repeated, and never counted.
            taken = np.minimum(np.arange(place.start, place.stop), draws - 1)
            rng.standard_normal(out=drift)
            rng.standard_normal(out=persistent)
            drift *= drift_sd
            persistent *= persistent_sd
            for y in range(n_year):
                demand, inflation, delivery = out[number, y]
                rng.standard_normal(out=out[number, y])
                demand *= demand_sd
                demand += nation.demand[:, y, taken][self.kind]
                inflation *= cost_sd
                inflation += drift
                inflation += nation.nonpay[y, taken]
                wedge = nation.pay[y, taken] - nation.nonpay[y, taken]
                np.multiply(share, wedge, out=self.scratch[2])
                inflation += self.scratch[2]
                delivery *= delivery_sd
                delivery += persistent
                delivery += nation.delivery[y, taken]
                np.exp(delivery, out=delivery)
        return out

    def open(self, nation: Nation, place: slice) -> None:
        """Set the opening position, and what the tile's draws believe."""
        trusts, draws = self.trusts, nation.pay.shape[1]
        taken = np.minimum(np.arange(place.start, place.stop), draws - 1)
        self.belief = {name: nation.belief[name][taken] for name in BELIEFS}
        self.belief["lever"] = nation.belief["lever"][taken]
        scale = nation.belief["opportunity_scale"][taken]
        self.income[:] = trusts.income[:, None]
        self.cost[:] = trusts.cost[:, None]
        self.backlog[:] = trusts.backlog[:, None]
        self.carry_over[:] = trusts.carry_over[:, None]
        np.multiply(trusts.opportunity.T[:, :, None], scale, out=self.pools)
        self.sources[:] = self.plan.one_offs[0][:, None, None]
        self.payback[:] = self.unmet[:] = 0.0
        self.saved[:] = self.wanted[:] = self.real_total[:] = 0.0
        self.met[:] = True
        new = nation.new_opportunity[..., taken]
        np.take(new, self.kind, axis=2, out=self.new_opportunity, mode="clip")

    def carry_year(self, k: int, y: int, drivers: Floats) -> None:
        """Carry the tile through one year of one target."""
        activity = self._activity(k, y, drivers[0])
        ask = self._ask(k, y, activity, drivers[1])
        real, reach = self._save_for_good(y, ask, drivers[2], activity)
        self._one_offs(y, ask, real)
        self._use_up(y, real, reach)
        self._judge(k, y, ask)

    def _activity(self, k: int, y: int, demand: Floats) -> Floats:
        activity = self.scratch[0]
        funded = self.plan.funded[k, self.kind, y][:, None]
        unfunded = self.scratch[1]
        np.subtract(demand, funded, out=unfunded)
        # Part of what is not funded is treated; a demand below it counts in full.
        np.multiply(unfunded, self.belief["treated"], out=activity)
        np.minimum(activity, unfunded, out=activity)
        unfunded -= activity
        self.unmet += unfunded
        np.multiply(activity, self.belief["marginal_payment"], out=unfunded)
        unfunded += 1.0 + funded
        self.income *= 1.0 + self.plan.price[k, y]
        self.income *= unfunded
        np.maximum(self.income, 0.0, out=self.income)
        activity += funded
        return activity

    def _ask(self, k: int, y: int, activity: Floats, inflation: Floats) -> Floats:
        cost, ask, work = self.cost_before, self.scratch[1], self.scratch[2]
        rate, addon = self.plan.rate[k, y], self.plan.deficit_addon[k, y]
        np.multiply(activity, self.belief["cost_elasticity"], out=cost)
        cost += 1.0
        np.add(inflation, 1.0, out=work)
        cost *= work
        cost *= self.cost
        cost += self.payback
        np.maximum(cost, LEAST_COST, out=cost)
        np.add(self.carry_over, rate, out=ask)
        if addon:
            np.multiply(cost, 1.0 - rate, out=work)
            np.greater(work, self.income, out=self.flags[0])
            np.multiply(self.flags[0], addon, out=work)
            ask += work
        np.clip(ask, 0.0, self.plan.limits[1], out=ask)
        return ask

    def _save_for_good(
        self, y: int, ask: Floats, delivery: Floats, activity: Floats
    ) -> tuple[Floats, Floats]:
        capacity, reach, product, work = self.scratch[2:6]
        recurrent, productivity = self.spread[1], self.spread[3]
        sharpness = self.belief["sharpness"]
        access = self.plan.access[y]
        np.multiply(self.pools[0], access[0], out=reach)
        for j in (1, 2):
            np.multiply(self.pools[j], access[j], out=work)
            reach += work
        np.multiply(delivery, self.belief["lever"], out=capacity)
        capacity *= reach
        np.multiply(ask, capacity, out=product)
        np.subtract(ask, capacity, out=work)
        work *= work
        capacity += ask
        np.multiply(product, 4.0 * (1.0 - sharpness), out=recurrent)
        work += recurrent
        np.sqrt(work, out=work)
        work += capacity
        np.maximum(work, 1e-300, out=work)
        np.multiply(product, 2.0 * sharpness, out=recurrent)
        recurrent /= work
        real = capacity
        np.multiply(recurrent, self.belief["real_share"], out=real)
        np.multiply(activity, 1.0 - self.belief["cost_elasticity"], out=productivity)
        productivity += real
        self.real_total += productivity
        # The cost that stays.
        np.subtract(1.0, real, out=self.cost)
        self.cost *= self.cost_before
        return real, reach

    def _one_offs(self, y: int, ask: Floats, real: Floats) -> None:
        activity_is_done, available, gap = (
            self.scratch[0],
            self.scratch[4],
            self.scratch[5],
        )
        margin, recurrent, filled, _ = self.spread
        support = self.plan.support[:, y][:, None]
        np.add(self.sources[0], self.sources[1], out=available)
        available += self.sources[2]
        available += self.sources[3]
        np.subtract(ask, recurrent, out=filled)
        filled *= self.belief["one_off_fill"]
        np.minimum(filled, available, out=filled)
        np.add(self.income, support, out=self.balance)
        self.balance -= self.cost
        np.divide(self.balance, self.cost_before, out=gap)
        gap += filled
        np.negative(gap, out=gap)
        left = activity_is_done
        np.subtract(available, filled, out=left)
        left *= self.belief["balance_reach"]
        np.greater(gap, 0.0, out=self.flags[0])
        np.less_equal(gap, left, out=self.flags[1])
        self.flags[0] &= self.flags[1]
        gap *= self.flags[0]
        filled += gap
        np.multiply(filled, self.cost_before, out=self.money["nonrecurrent"])
        self.balance += self.money["nonrecurrent"]
        np.maximum(self.income, LEAST_COST, out=margin)
        np.divide(self.balance, margin, out=margin)
        shortfall = self.carry_over
        np.subtract(ask, recurrent, out=shortfall)
        shortfall -= filled
        np.maximum(shortfall, 0.0, out=shortfall)
        np.multiply(shortfall, self.cost_before, out=self.money["shortfall"])
        shortfall *= 1.0 - self.belief["forgiven"]
        shortfall += filled
        drawn = available
        np.maximum(available, 1e-300, out=available)
        np.divide(filled, available, out=drawn)

    def _use_up(self, y: int, real: Floats, reach: Floats) -> None:
        drawn, work = self.scratch[4], self.scratch[5]
        _, renewal, cap, payback = self.plan.one_offs
        np.maximum(reach, 1e-300, out=reach)
        used = real
        np.divide(real, reach, out=used)
        for j, pool in enumerate(self.pools):
            np.multiply(used, -self.plan.access[y, j], out=work)
            work += 1.0
            np.maximum(work, 0.0, out=work)
            pool *= work
        self.pools += self.new_opportunity[y]
        np.multiply(self.sources, drawn, out=self.taken)
        self.sources -= self.taken
        np.maximum(self.sources, 0.0, out=self.sources)
        self.sources += renewal[:, None, None]
        np.minimum(self.sources, cap[:, None, None], out=self.sources)
        self.payback[:] = 0.0
        for k, share in enumerate(payback):
            if share:
                np.multiply(self.taken[k], share, out=work)
                self.payback += work
        self.payback *= self.cost_before
        self.backlog *= 1.0 + self.plan.limits[0]
        np.multiply(self.taken[3], self.cost_before, out=work)
        self.backlog += work

    def _judge(self, k: int, y: int, ask: Floats) -> None:
        _, recurrent, nonrecurrent, productivity = self.spread
        work, flag = self.scratch[5], self.flags[0]
        np.multiply(recurrent, self.cost_before, out=self.money["recurrent"])
        self.saved += self.money["recurrent"]
        np.multiply(self.cost_before, self.plan.rate[k, y], out=work)
        self.wanted += work
        np.multiply(ask, self.cost_before, out=self.money["ask"])
        np.multiply(productivity, self.cost_before, out=self.money["productivity"])
        np.multiply(self.unmet, self.cost_before, out=self.money["unmet"])
        np.multiply(self.cost_before, -TIE, out=work)
        np.less(self.balance, work, out=flag)
        self.money["trusts_in_deficit"][:] = flag
        ask *= 0.95
        np.add(recurrent, nonrecurrent, out=work)
        np.greater_equal(work, ask, out=flag)
        self.met &= flag
