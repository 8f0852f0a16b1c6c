"""One tile of draws through one year, in NumPy that allocates nothing."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.numpy_nation import Nation
from simulator.kernel.tables import Plan, Trusts
from simulator.kernel.workspace import GROUP_RESULTS, SPREAD

Floats = NDArray[np.float64]

LEAST_COST: Final = 1e-9
TIE: Final = 1e-9
MET_PLAN: Final = 0.95
# What groups add up, in the order of `Tile.sums`; the rest of a group's results follow.
SUMS: Final = tuple(name for name in GROUP_RESULTS if name != "underlying")
OF_KIND: Final = ("growth", "passed_on", "paid_pressure", "upfront")


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
        self.support, self.balance = by_name["support"], by_name["balance"]
        self.money = by_name
        self.pools, self.sources = np.empty((3, *shape)), np.empty((4, *shape))
        self.taken = np.empty((4, *shape))
        self.carry_over, self.payback = np.empty(shape), np.empty(shape)
        self.unmet = np.empty(shape)
        self.spread = np.empty((len(SPREAD), *shape))  # in the order of `SPREAD`
        # Over the years: savings, the recurrent among them, and what was wanted, in
        # money; cash-releasing and measured productivity.
        self.totals = np.empty((5, *shape))
        self.scratch = np.empty((6, *shape))
        self.flags = np.empty((2, *shape), bool)
        self.belief: dict[str, Floats] = {}
        n_year = plan.rate.shape[1]
        self.new_opportunity = np.empty((n_year, 3, n_trust, width))
        self.of_kind = np.empty((n_year, len(OF_KIND), n_trust, width))

    def drivers(
        self,
        nation: Nation,
        rng: np.random.Generator,
        tiles: list[slice],
    ) -> tuple[Floats, Floats]:
        """Draw demand, inflation, pressure and delivery, and the size of plans.

        Shapes: (tile, year, driver, trust, draw) and (tile, trust, draw).
        """
        n_year, draws = nation.pay.shape
        out = np.empty((len(tiles), n_year, 4, len(self.kind), self.width))
        size = np.empty((len(tiles), len(self.kind), self.width))
        demand_sd, pressure_sd, drift_sd, delivery_sd, persistent_sd, size_sd = (
            self.plan.spread
        )
        share = self.trusts.pay_share[:, None]
        drift, persistent = self.scratch[0], self.scratch[1]
        for number, place in enumerate(tiles):
            # Beyond the last draw the last is repeated, and never counted.
            taken = np.minimum(np.arange(place.start, place.stop), draws - 1)
            rng.standard_normal(out=drift)
            rng.standard_normal(out=persistent)
            drift *= drift_sd
            persistent *= persistent_sd
            rng.standard_normal(out=size[number])
            size[number] -= 0.5 * size_sd
            size[number] *= size_sd
            np.exp(size[number], out=size[number])
            for y in range(n_year):
                demand, inflation, pressure, delivery = out[number, y]
                rng.standard_normal(out=demand)
                rng.standard_normal(out=out[number, y, 2:])
                demand *= demand_sd
                demand += nation.demand[:, y, taken][self.kind]
                wedge = nation.pay[y, taken] - nation.nonpay[y, taken]
                np.multiply(share, wedge, out=inflation)
                inflation += nation.nonpay[y, taken]
                pressure *= pressure_sd
                pressure += drift
                pressure += nation.pressure[:, y, taken][self.kind]
                delivery *= delivery_sd
                delivery += persistent
                delivery += nation.delivery[y, taken]
                np.exp(delivery, out=delivery)
        return out, size

    def open(self, nation: Nation, place: slice) -> None:
        """Set the opening position, and what the tile's draws believe."""
        trusts, draws = self.trusts, nation.pay.shape[1]
        taken = np.minimum(np.arange(place.start, place.stop), draws - 1)
        self.belief = {name: values[taken] for name, values in nation.belief.items()}
        scale = self.belief["opportunity_scale"]
        other = self.belief["other_income"]
        np.multiply(trusts.other_weight[:, None], other, out=self.income)
        self.income += 1.0
        self.income *= trusts.income[:, None]
        np.multiply(
            trusts.cost[:, None], 1.0 + self.belief["cost_error"], out=self.cost
        )
        self.backlog[:] = trusts.backlog[:, None]
        self.carry_over[:] = trusts.carry_over[:, None]
        np.multiply(trusts.opportunity.T[:, :, None], scale, out=self.pools)
        stocks = self.plan.one_offs.stock[:, None, None]
        self.sources[:] = stocks * self.belief["one_off_scale"]
        self.payback[:] = self.unmet[:] = 0.0
        self.totals[:] = 0.0
        new = nation.new_opportunity[..., taken]
        np.take(new, self.kind, axis=2, out=self.new_opportunity, mode="clip")
        for row, name in enumerate(OF_KIND):
            values = getattr(nation, name)[..., taken]
            for y, out in enumerate(self.of_kind[:, row]):
                np.take(values[:, y], self.kind, axis=0, out=out, mode="clip")

    def carry_year(self, k: int, y: int, drivers: Floats, size: Floats) -> None:
        """Carry the tile through one year of one target."""
        demand, inflation, pressure, delivery = drivers
        growth, passed_on, paid_pressure, upfront = self.of_kind[y]
        activity = self._activity(k, y, demand, growth, passed_on)
        self._cost(activity, inflation, pressure)
        self._ask(k, y, size, upfront)
        real, reach = self._save_for_good(y, delivery)
        self._productivity(activity, real, pressure, paid_pressure)
        self._one_offs(y)
        self._use_up(y, real, reach)
        self._judge(k, y)

    def _activity(
        self, k: int, y: int, demand: Floats, growth: Floats, passed_on: Floats
    ) -> Floats:
        activity, unfunded, funded, work = self.scratch[:4]
        national = self.belief["national_share"]
        uplift = self.plan.cost_uplift[y]
        prices = 1.0 + uplift + national * (self.plan.price[k, y] - uplift)
        np.multiply(growth, 1.0 / prices if self.plan.settled else 1.0, out=funded)
        funded -= 1.0
        np.subtract(demand, funded, out=unfunded)
        # Where more is funded than is wanted, it treats those who waited.
        np.negative(unfunded, out=work)
        np.minimum(work, self.unmet, out=work)
        np.maximum(work, 0.0, out=work)
        work *= self.plan.limits[3]
        # Part of what is not funded is treated; a demand below it counts in full.
        np.multiply(unfunded, self.belief["treated"], out=activity)
        np.minimum(activity, unfunded, out=activity)
        activity += work
        unfunded -= activity
        self.unmet += unfunded
        paid = unfunded
        np.multiply(activity, self.belief["marginal_payment"], out=paid)
        paid += funded
        paid += 1.0
        np.add(passed_on, 1.0, out=work)
        self.income *= prices
        self.income *= work
        self.income *= paid
        np.maximum(self.income, 0.0, out=self.income)
        activity += funded
        return activity

    def _cost(self, activity: Floats, inflation: Floats, pressure: Floats) -> None:
        cost, work = self.cost_before, self.scratch[1]
        np.multiply(activity, self.belief["cost_elasticity"], out=cost)
        cost += 1.0
        np.add(inflation, pressure, out=work)
        work += 1.0
        cost *= work
        cost *= self.cost
        cost += self.payback
        np.maximum(cost, LEAST_COST, out=cost)

    def _ask(self, k: int, y: int, size: Floats, upfront: Floats) -> None:
        cost, ask, limit, need, work = (
            self.cost_before,
            self.spread[1],
            *self.scratch[1:4],
        )
        rate, addon = self.plan.rate[k, y], self.plan.deficit_addon[k, y]
        np.multiply(upfront, -self.trusts.cost[:, None], out=self.support)
        self.support += self.plan.support[:, y][:, None]
        if self.plan.follows_tariff[k]:
            np.multiply(cost, 1.0 - rate, out=work)
            np.greater(work, self.income, out=self.flags[0])
            np.multiply(self.flags[0], addon, out=ask)
            ask += rate
        else:
            np.multiply(size, self.belief["plan_floor"], out=ask)
        np.multiply(self.support, self.plan.limits[5], out=need)
        need += self.income
        need /= cost
        need += ask
        np.subtract(1.0, need, out=need)
        np.maximum(need, 0.0, out=need)
        need *= self.belief["gap_closed"]
        self.carry_over *= 1.0 - self.belief["gap_closed"]
        ask += need
        ask += self.carry_over
        np.multiply(size, self.belief["plan_limit"], out=limit)
        blend(ask, limit, self.plan.limits[2], ask, need, work)
        np.minimum(ask, self.plan.limits[1], out=ask)

    def _save_for_good(self, y: int, delivery: Floats) -> tuple[Floats, Floats]:
        capacity, reach, product, work = self.scratch[2:6]
        ask, recurrent = self.spread[1], self.spread[2]
        access = self.plan.access[y]
        np.multiply(self.pools[0], access[0], out=reach)
        for j in (1, 2):
            np.multiply(self.pools[j], access[j], out=work)
            reach += work
        np.multiply(delivery, self.belief["lever"], out=capacity)
        capacity *= reach
        blend(ask, capacity, self.belief["sharpness"], recurrent, product, work)
        real = capacity
        np.multiply(recurrent, self.belief["real_share"], out=real)
        # The cost that stays.
        np.subtract(1.0, real, out=self.cost)
        self.cost *= self.cost_before
        self.cost -= self.payback
        return real, reach

    def _productivity(
        self, activity: Floats, real: Floats, pressure: Floats, paid_pressure: Floats
    ) -> None:
        cash_releasing, measured = self.spread[4], self.spread[5]
        np.multiply(activity, 1.0 - self.belief["cost_elasticity"], out=measured)
        measured += real
        measured -= pressure
        np.add(measured, paid_pressure, out=cash_releasing)
        measured += self.belief["quality"]
        np.multiply(pressure, self.cost_before, out=self.money["pressure"])

    def _one_offs(self, y: int) -> None:
        left, available, gap = self.scratch[0], self.scratch[4], self.scratch[5]
        margin, ask, recurrent, filled = self.spread[:4]
        np.add(self.sources[0], self.sources[1], out=available)
        available += self.sources[2]
        available += self.sources[3]
        np.subtract(ask, recurrent, out=filled)
        filled *= self.belief["one_off_fill"]
        np.minimum(filled, available, out=filled)
        np.multiply(filled, self.cost_before, out=self.balance)
        self.balance -= self.cost
        self.balance -= self.payback
        self.balance += self.income
        self.balance += self.support
        if self.plan.limits[4]:
            needed = gap
            np.negative(self.balance, out=needed)
            np.maximum(needed, 0.0, out=needed)
            needed *= self.plan.limits[4]
            np.minimum(needed, self.plan.need_limit[:, y][:, None], out=needed)
            self.support += needed
            self.balance += needed
        np.divide(self.balance, self.cost_before, out=gap)
        np.negative(gap, out=gap)
        np.subtract(available, filled, out=left)
        left *= self.belief["balance_reach"]
        np.greater(gap, 0.0, out=self.flags[0])
        np.less_equal(gap, left, out=self.flags[1])
        self.flags[0] &= self.flags[1]
        gap *= self.flags[0]
        filled += gap
        np.multiply(filled, self.cost_before, out=self.money["nonrecurrent"])
        gap *= self.cost_before
        self.balance += gap
        settle(self.balance, self.cost_before, gap, left, self.flags[0])
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
        scale = self.belief["one_off_scale"]
        self.sources += renewal[:, None, None] * scale
        np.minimum(self.sources, cap[:, None, None] * scale, out=self.sources)
        self.payback[:] = 0.0
        for k, share in enumerate(payback):
            if share:
                np.multiply(self.taken[k], share, out=work)
                self.payback += work
        self.payback *= self.cost_before
        self.backlog *= 1.0 + self.plan.limits[0]
        np.multiply(self.taken[3], self.cost_before, out=work)
        self.backlog += work

    def _judge(self, k: int, y: int) -> None:
        _, ask, recurrent, nonrecurrent, cash_releasing, measured = self.spread
        money, work, flag = self.money, self.scratch[5], self.flags[0]
        for name, rate in (
            ("ask", ask),
            ("recurrent", recurrent),
            ("cash_releasing", cash_releasing),
            ("measured", measured),
            ("unmet", self.unmet),
        ):
            np.multiply(rate, self.cost_before, out=money[name])
        self.totals[0] += money["recurrent"]
        self.totals[0] += money["nonrecurrent"]
        self.totals[1] += money["recurrent"]
        np.multiply(self.cost_before, self.plan.rate[k, y], out=work)
        self.totals[2] += work
        self.totals[3] += cash_releasing
        self.totals[4] += measured
        np.negative(self.balance, out=money["gross_deficit"])
        np.maximum(money["gross_deficit"], 0.0, out=money["gross_deficit"])
        np.less(self.balance, 0.0, out=flag)
        money["trusts_in_deficit"][:] = flag
        np.add(recurrent, nonrecurrent, out=work)
        np.multiply(ask, MET_PLAN, out=money["trusts_meeting_plan"])
        np.greater_equal(work, money["trusts_meeting_plan"], out=flag)
        money["trusts_meeting_plan"][:] = flag


def blend(
    a: Floats,
    b: Floats,
    sharpness: float | Floats,
    out: Floats,
    product: Floats,
    work: Floats,
) -> None:
    """Blend towards the smaller of two arrays; spoils `b` and what follows `out`."""
    np.multiply(a, b, out=product)
    np.subtract(a, b, out=work)
    work *= work
    b += a
    np.multiply(product, 4.0 * (1.0 - sharpness), out=out)
    work += out
    np.sqrt(work, out=work)
    work += b
    np.maximum(work, 1e-300, out=work)
    np.multiply(product, 2.0 * sharpness, out=out)
    out /= work


def settle(
    balance: Floats,
    cost: Floats,
    work: Floats,
    size: Floats,
    flag: NDArray[np.bool_],
) -> None:
    """Make zero of the balances that are judged as zero; spoils what follows `cost`."""
    np.multiply(cost, TIE, out=work)
    np.abs(balance, out=size)
    np.greater(size, work, out=flag)
    balance *= flag
