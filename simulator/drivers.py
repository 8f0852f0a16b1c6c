"""From a scenario, a population and random numbers to what the kernel reads.

Everything here is by draw or by plan, none of it by trust and draw: the trusts' own
shocks are made in the kernel. Only + - * / and the square root touch a random
number, so that the bits are the same everywhere.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator import posterior
from simulator.distributions import Certain, Uncertain
from simulator.errors import ScenarioError
from simulator.kernel import normal, philox, workspace
from simulator.kernel.tables import Nation, Plan, Trusts
from simulator.kernel.workspace import LANES
from simulator.outcomes import OF_BASIS, ROW
from simulator.population import Population, claim_of
from simulator.posterior import Recorded
from simulator.scenario import Scenario, SupportFund
from simulator.schema import ONE_OFFS, POOLS, TRUST_TYPES

Floats = NDArray[np.float64]

# In the order of the kernel's rows.
BELIEFS: Final = (
    "real_share",
    "sharpness",
    "one_off_fill",
    "balance_reach",
    "forgiven",
    "cost_elasticity",
    "marginal_payment",
    "treated",
)
PLANS: Final = ("plan_floor", "gap_closed", "plan_limit")  # after the lever
SCALES: Final = ("one_off_scale", "opportunity_scale")
FUNDING: Final = ("reach_scale", "growth_error", "other_growth")
PRICES: Final = (
    "premium",
    "agency_premium",
    "pressure",
    "pressure_other",
    "pressure_paid",
    "funded_drift",
    "made_good",
)
OPENING: Final = ("cost_error", "other_income")
CONDITIONS: Final = (
    "demand",
    "workforce",
    "achievable_targets",
    "clarity",
    "relationship",
    "capital",
    "social_care",
)
SERIES: Final = ("pay", "nonpay", "pressure", "demand")
# What an error of the split between types does to acute trusts and to the others: it
# adds up to nothing, as acute trusts have three quarters of all income.
ACUTE: Final = "acute"
ACUTE_SHARE: Final = 0.75
ROWS: Final = "beliefs"  # what stands for a row of beliefs given the record
PAY_SHARE: Final = 0.65  # of the nation's input costs, where prices are made good


@dataclass(frozen=True)
class Drawn:
    """What a run of draws brings to everybody; each array has draws last.

    Attributes
    ----------
    assumptions
        Value of every uncertain assumption, by key path: (draw,).
    lever
        Joint multiplier of the conditions on the capacity to save: (draw,).
    pay, nonpay
        Growth of pay (agency pressure included) and of non-pay prices: (year, draw).
    pressure
        Growth of cost beyond inflation and activity, by type, before a trust's own:
        (type, year, draw).
    growth
        1 + growth of the cash (under a settlement) or of the activity that comes to a
        type: (type, year, draw).
    passed_on
        Growth of income for cost that prices do not cover: (type, year, draw).
    paid_pressure
        The part of pressure among it: (type, year, draw).
    upfront
        Cost of the programmes that happen, fraction of opening cost: (type, year,
        draw).
    demand
        Growth of demand by type, before a trust's own shock: (type, year, draw).
    delivery
        National part of the log delivery multiplier: (year, draw).
    high_inflation
        1 in a year of the high-inflation regime: (year, draw).
    new_opportunity
        Opportunity that a year adds, fraction of cost: (type, pool, year, draw).
    belief
        The kernel's rows of what is believed: (row, draw).
    """

    assumptions: dict[str, Floats]
    lever: Floats
    pay: Floats
    nonpay: Floats
    pressure: Floats
    growth: Floats
    passed_on: Floats
    paid_pressure: Floats
    upfront: Floats
    demand: Floats
    delivery: Floats
    high_inflation: Floats
    new_opportunity: Floats
    belief: Floats


def by_year(value: float | Sequence[float], n: int) -> list[float]:
    """Spell out a value that may be one number for all years."""
    return [float(value)] * n if isinstance(value, int | float) else list(value)


def years(scenario: Scenario) -> range:
    """List the financial years, each by its first calendar year."""
    return range(scenario.first_year, scenario.first_year + scenario.years)


# --- what is decided ----------------------------------------------------------------


def trusts(population: Population, scenario: Scenario) -> Trusts:
    """Lay a population out for the kernel; its order keeps systems together."""
    shares = scenario.delivery.pool_shares
    split = np.array([getattr(shares, pool) for pool in POOLS])
    counts = np.bincount(
        population.system_index, minlength=len(population.system_names)
    )
    return Trusts(
        address=population.address,
        kind=population.type_index,
        first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        pay_share=population.pay_share,
        income=population.income,
        cost=population.cost,
        opportunity=np.ascontiguousarray(population.opportunity[:, None] * split),
        carry_over=population.carry_over,
        backlog=population.backlog,
        other_weight=np.array([other_weight(kind) for kind in population.trust_type]),
    )


def other_weight(kind: str) -> float:
    """Give what one unit more for trusts that are not acute, and paid by these, is."""
    return ACUTE_SHARE - 1.0 if kind == ACUTE else ACUTE_SHARE


def planned_growth(scenario: Scenario, reach_scale: float) -> Floats:
    """Find 1 + the growth that comes to each type as planned: (type, year).

    Under a settlement of cash: the deflator that it implies, (1 + cash)/(1 + real) -
    1, plus the part of real growth that reaches the type after ring-fences, less what
    support funds take out of it. Otherwise of funded activity, as the scenario gives
    it.
    """
    funding = scenario.funding
    if funding.basis != "settlement":
        given = [
            by_year(getattr(funding.activity_growth, kind), scenario.years)
            for kind in TRUST_TYPES
        ]
        activity: Floats = 1.0 + np.array(given)
        return activity
    _, real = _settlement(scenario)
    implied = np.array(deflator_path(scenario))
    reach = np.array([getattr(funding.reach, kind) for kind in TRUST_TYPES])
    sliced = np.array(by_year(funding.top_slice, scenario.years))
    reaching = reach_scale * reach[:, None] * np.array(real)
    cash: Floats = 1.0 + implied + reaching - sliced
    return cash


def deflator_path(scenario: Scenario) -> list[float]:
    """Find the growth of general prices that a settlement was planned on."""
    cash, real = _settlement(scenario)
    return [
        (cash[y + 1] / cash[y]) / (1.0 + real[y]) - 1.0 for y in range(scenario.years)
    ]


def _settlement(scenario: Scenario) -> tuple[Sequence[float], Sequence[float]]:
    """Give the cash, opening year first, and its real growth; both are checked."""
    funding = scenario.funding
    assert funding.cash is not None
    assert funding.real_growth is not None
    return funding.cash, by_year(funding.real_growth, scenario.years)


def per_price(scenario: Scenario, price: Floats) -> Floats:
    """Find what turns the growth that comes to a type into activity: (target, year).

    The same cash buys more activity where a higher target lowers prices; where the
    scenario gives the activity, prices do not matter.
    """
    if scenario.funding.basis == "settlement":
        return 1.0 / (1.0 + price)
    return np.ones_like(price)


def support(scenario: Scenario, population: Population) -> Floats:
    """Find the support of each trust whose share is fixed: GBP m, (trust, year).

    A trust's share of a fund is its opening income, or its opening deficit, over the
    total that the fund is shared over.
    """
    return _funds(scenario, population, ("income", "opening_deficit"))


def need_limit(scenario: Scenario, population: Population) -> Floats:
    """Find the most that funds for need pay to each trust: GBP m, (trust, year)."""
    return _funds(scenario, population, ("need",))


def need_part(scenario: Scenario) -> float:
    """Find the part of a trust's gap that the fund for need pays; 0 without one."""
    parts = [fund.part for fund in scenario.funding.support.values() if fund.enabled]
    return next((part for part in parts if part is not None), 0.0)


def _funds(scenario: Scenario, population: Population, ways: Sequence[str]) -> Floats:
    total = np.zeros((len(population.code), scenario.years))
    for name, fund in scenario.funding.support.items():
        if fund.enabled and fund.allocated_by in ways:
            share = _fund_share(f"funding.support.{name}", fund, population)
            total += share[:, None] * np.array(by_year(fund.amount, scenario.years))
    return total


def claims(fund: SupportFund, population: Population) -> tuple[Floats, float]:
    """Find what each trust's share of a fund is a part of.

    Returns
    -------
    tuple
        Opening income or deficit, 0 for types that the fund is not for: (trust,), GBP
        million; and the total that they are parts of.
    """
    claim = claim_of(population, fund.allocated_by, fund.types)
    whole = math.fsum(claim) if fund.shared_over is None else fund.shared_over
    return claim, whole


def _fund_share(place: str, fund: SupportFund, population: Population) -> Floats:
    claim, whole = claims(fund, population)
    if whole > 0.0:
        return claim / whole
    if fund.allocated_by != "opening_deficit":
        problem = f"is for types that {population.name} has no trust of"
        raise ScenarioError(place, problem, "name other types or set enabled = false")
    raise ScenarioError(
        place,
        f"no trust of {population.name} opens in deficit, so nobody can share it",
        'set allocated_by = "income" or enabled = false',
    )


def plan(scenario: Scenario, population: Population, rate: Floats) -> Plan:
    """Lay out what is decided for the kernel.

    Parameters
    ----------
    scenario, population
        What is asked, and of whom.
    rate
        The targets' rates, (target, year): see `rates`.
    """
    n = scenario.years
    prices, delivery, demand = scenario.prices, scenario.delivery, scenario.demand
    price = np.array(by_year(prices.cost_uplift, n)) - rate
    reach = delivery.access
    funded = by_year(delivery.transformation_funding, n)
    access = [
        [
            reach.cost_reduction,
            reach.productivity,
            reach.system + (reach.system_funded - reach.system) * share,
        ]
        for share in funded
    ]
    sources = [getattr(delivery.one_offs, name) for name in ONE_OFFS]
    one_offs = [
        [getattr(source, term) for source in sources]
        for term in ("stock", "renewal", "cap", "payback")
    ]
    where = [philox.place(philox.TRUST, 0, year) for year in years(scenario)]
    return Plan(
        rate=rate,
        deficit_addon=np.array([by_year(t.deficit_addon, n) for t in scenario.targets]),
        follows_tariff=np.array([t.plan_follows == "tariff" for t in scenario.targets]),
        own=np.array([ROW[OF_BASIS[t.basis].name] for t in scenario.targets]),
        price=price,
        per_price=per_price(scenario, price),
        support=support(scenario, population),
        need_limit=need_limit(scenario, population),
        access=np.array(access),
        one_offs=np.array(one_offs),
        limits=np.array(
            [
                delivery.backlog_growth,
                delivery.ask_max,
                delivery.plan_sharpness,
                demand.worked_off,
                need_part(scenario),
                scenario.funding.planned_support,
            ]
        ),
        spread=np.array(
            [
                demand.trust_sd,
                prices.trust_sd,
                prices.trust_drift_sd,
                delivery.year_sd,
                delivery.persistent_sd,
                delivery.plan_sd,
            ]
        ),
        where=np.array([*where, philox.place(philox.TRUST, 0, None)], np.int64),
    )


# --- what is drawn ------------------------------------------------------------------


def uncertain(scenario: Scenario) -> dict[str, Uncertain | Recorded]:
    """List every assumption that may be uncertain, by key path, certain or not.

    Those that the record changes, if the scenario says so, are columns of joint rows.
    """
    return {**prior(scenario), **posterior.of(scenario)}


def prior(scenario: Scenario) -> dict[str, Uncertain]:
    """List the same as it is believed before the record is read."""
    found: dict[str, Uncertain] = {}
    for name in (*BELIEFS, *PLANS, "quality", "frontier", *SCALES):
        found[f"delivery.{name}"] = getattr(scenario.delivery, name)
    for name in OPENING:
        found[f"opening.{name}"] = getattr(scenario.opening, name)
    for name in FUNDING:
        found[f"funding.{name}"] = getattr(scenario.funding, name)
    for kind in TRUST_TYPES:
        trend = getattr(scenario.demand, kind).trend
        if not isinstance(trend, tuple):
            found[f"demand.{kind}.trend"] = trend
    found["demand.bias"] = scenario.demand.bias
    for name in PRICES:
        found[f"prices.{name}"] = getattr(scenario.prices, name)
    found["prices.tail.size"] = scenario.prices.tail.size
    for name in CONDITIONS:
        found[f"conditions.{name}"] = getattr(scenario.conditions, name)
    for name, programme in scenario.programmes.items():
        found[f"programmes.{name}.realisation"] = programme.realisation
    return found


def address(path: str) -> int:
    """Name an assumption in the counter of its random number: a stable 32-bit hash."""
    return int.from_bytes(
        hashlib.blake2b(path.encode(), digest_size=4).digest(), "little"
    )


class Stream:
    """Random numbers of consecutive draws, by who, year and what.

    With `central` every uniform is one half and every normal zero: the middle of
    every distribution and a year without shocks.
    """

    def __init__(
        self, seed: int, first_draw: int, n_draw: int, central: bool = False
    ) -> None:
        self.seed = seed
        self.first_draw = first_draw
        self.n_draw = n_draw
        self.central = central

    def words(self, who: int, where: int) -> NDArray[np.uint64]:
        """Give the four words of an address: (4, draw)."""
        words = np.empty((4, self.n_draw), np.uint64)
        philox.fill_words(self.seed, self.first_draw, who, where, words)
        return words

    def normals(self, who: int, where: int) -> Floats:
        """Give four standard normals: (4, draw)."""
        out = np.zeros((4, self.n_draw))
        if not self.central:
            words = self.words(who, where)
            for row in range(4):
                normal.fill_normals(words[row], out[row])
        return out

    def uniforms(self, who: int, where: int) -> Floats:
        """Give four numbers in (0, 1): (4, draw)."""
        out = np.full((4, self.n_draw), 0.5)
        if not self.central:
            words = self.words(who, where)
            for row in range(4):
                normal.fill_uniforms(words[row], out[row])
        return out

    def value(self, path: str, assumption: Uncertain | Recorded) -> Floats:
        """Draw one assumption: (draw,)."""
        if isinstance(assumption, Certain):
            return np.full(self.n_draw, assumption.value)
        where = philox.place(philox.ASSUMPTION, 0, None)
        if isinstance(assumption, Recorded):
            if self.central:
                return np.full(self.n_draw, assumption.central())
            # One number a draw for all columns: they are drawn together.
            return assumption.at(self.uniforms(address(ROWS), where)[0])
        who = address(path)
        return assumption.quantile(
            self.uniforms(who, where)[0], self.normals(who, where)[0]
        )


def draw(
    scenario: Scenario,
    seed: int,
    first_draw: int,
    n_draw: int,
    *,
    central: bool = False,
) -> Drawn:
    """Draw what a run of consecutive draws brings to everybody."""
    return draw_from(scenario, Stream(seed, first_draw, n_draw, central))


def draw_from(scenario: Scenario, stream: Stream) -> Drawn:
    """Draw what the draws of a stream bring to everybody."""
    n_draw = stream.n_draw
    values = {
        path: stream.value(path, assumption)
        for path, assumption in uncertain(scenario).items()
    }
    shocks = national_shocks(scenario, stream)
    high = high_inflation(scenario, stream)
    tail = high * values["prices.tail.size"]
    lever = np.ones(n_draw)
    for name in CONDITIONS:
        lever = lever * values[f"conditions.{name}"]
    lever = np.clip(lever, scenario.conditions.lowest, scenario.conditions.highest)

    prices, n = scenario.prices, scenario.years
    agency = by_year(prices.agency_share, n + 1)
    change = np.array([agency[y + 1] - agency[y] for y in range(n)])[:, None]
    everywhere = values["prices.premium"] + tail
    pay = np.array(by_year(prices.pay, n))[:, None] + everywhere + shocks["pay"]
    pay = pay + values["prices.agency_premium"] * change
    nonpay = np.array(by_year(prices.nonpay, n))[:, None] + everywhere
    nonpay = nonpay + shocks["nonpay"]
    pressure = _pressure(values, shocks["pressure"])
    # Where pressure falls, nothing is given back.
    paid_pressure = values["prices.pressure_paid"] * np.maximum(pressure, 0.0)
    return Drawn(
        assumptions={
            path: values[path]
            for path, assumption in uncertain(scenario).items()
            if not isinstance(assumption, Certain)
        },
        lever=lever,
        pay=pay,
        nonpay=nonpay,
        pressure=pressure,
        growth=_growth(scenario, values, paid_pressure),
        passed_on=paid_pressure + _made_good(scenario, values, pay, nonpay),
        paid_pressure=paid_pressure,
        upfront=_upfront(scenario, stream),
        demand=_demand(scenario, stream, values, shocks["demand"]),
        delivery=_delivery(scenario, stream),
        high_inflation=high,
        new_opportunity=_new_opportunity(scenario, stream, values),
        belief=np.stack(
            [
                *(values[f"delivery.{name}"] for name in BELIEFS),
                lever,
                *(values[f"delivery.{name}"] for name in PLANS),
                values["delivery.quality"] - values["prices.funded_drift"],
                *(values[f"delivery.{name}"] for name in SCALES),
                *(values[f"opening.{name}"] for name in OPENING),
            ]
        ),
    )


def _pressure(values: dict[str, Floats], shock: Floats) -> Floats:
    """Give the nation's cost pressure by type: (type, year, draw)."""
    acute = values["prices.pressure"]
    return np.stack(
        [
            (acute if kind == ACUTE else values["prices.pressure_other"] * acute)
            + shock
            for kind in TRUST_TYPES
        ]
    )


def _growth(
    scenario: Scenario, values: dict[str, Floats], paid_pressure: Floats
) -> Floats:
    """Give 1 + the growth that comes to each type: (type, year, draw).

    Cash is cash: what pays for pressure out of a settlement buys no activity.
    """
    tilt = np.array([other_weight(kind) for kind in TRUST_TYPES])[:, None, None]
    tilted = tilt * values["funding.other_growth"]
    if scenario.funding.basis != "settlement":
        planned = planned_growth(scenario, 1.0)[..., None]
        return planned + values["funding.growth_error"] + tilted
    without, with_all = (planned_growth(scenario, scale) for scale in (0.0, 1.0))
    real = (with_all - without)[..., None] * values["funding.reach_scale"]
    cash: Floats = (without[..., None] + real + tilted) / (1.0 + paid_pressure)
    return cash


def _made_good(
    scenario: Scenario, values: dict[str, Floats], pay: Floats, nonpay: Floats
) -> Floats:
    """Give what prices make good of last year's inflation beyond the uplift."""
    uplift = np.array(by_year(scenario.prices.cost_uplift, scenario.years))[:, None]
    beyond = PAY_SHARE * pay + (1.0 - PAY_SHARE) * nonpay - uplift
    late = np.zeros_like(beyond)
    late[1:] = beyond[:-1]
    made_good: Floats = values["prices.made_good"] * late
    return made_good


def national_shocks(scenario: Scenario, stream: Stream) -> dict[str, Floats]:
    """Draw the nation's yearly departures of `SERIES`, each (year, draw).

    Each is a stationary AR(1) with the stated standard deviation; the innovations of a
    year are correlated.
    """
    prices = scenario.prices
    shocks = (
        prices.pay_shock,
        prices.nonpay_shock,
        prices.pressure_shock,
        scenario.demand.national_shock,
    )
    root = cholesky(scenario.correlations.matrix().tolist())
    paths = {name: np.empty((scenario.years, stream.n_draw)) for name in SERIES}
    for y, year in enumerate(years(scenario)):
        z = stream.normals(philox.NATION, philox.place(philox.NATIONAL, 0, year))
        for row, (name, shock) in enumerate(zip(SERIES, shocks, strict=True)):
            innovation = np.zeros(stream.n_draw)
            for column in range(row + 1):
                innovation = innovation + root[row][column] * z[column]
            if y == 0:
                paths[name][y] = shock.sd * innovation
            else:
                fresh = shock.sd * math.sqrt(1.0 - shock.persistence**2)
                before = shock.persistence * paths[name][y - 1]
                paths[name][y] = before + fresh * innovation
    return paths


def cholesky(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """Find the lower triangular root of a positive definite matrix.

    Written out, because the last bit of a library's depends on the machine.
    """
    n = len(matrix)
    root = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            left = matrix[i][j]
            for k in range(j):
                left -= root[i][k] * root[j][k]
            root[i][j] = math.sqrt(left) if i == j else left / root[j][j]
    return root


def high_inflation(scenario: Scenario, stream: Stream) -> Floats:
    """Draw which years stand in the high-inflation regime: 0 or 1, (year, draw)."""
    tail = scenario.prices.tail
    regime = np.zeros((scenario.years, stream.n_draw))
    inside = np.zeros(stream.n_draw, bool)
    for y, year in enumerate(years(scenario)):
        where = philox.place(philox.NATIONAL, 1, year)
        chance = stream.uniforms(philox.NATION, where)[1]
        inside = chance < np.where(inside, tail.stay, tail.enter)
        regime[y] = inside
    return regime


def _delivery(scenario: Scenario, stream: Stream) -> Floats:
    sd = scenario.delivery.national_sd
    return np.stack(
        [
            sd
            * stream.normals(philox.NATION, philox.place(philox.NATIONAL, 1, year))[0]
            for year in years(scenario)
        ]
    )


def _demand(
    scenario: Scenario, stream: Stream, values: dict[str, Floats], national: Floats
) -> Floats:
    demand = np.empty((len(TRUST_TYPES), scenario.years, stream.n_draw))
    for index, kind in enumerate(TRUST_TYPES):
        trend = getattr(scenario.demand, kind).trend
        for y, year in enumerate(years(scenario)):
            where = philox.place(philox.TYPE, 0, year)
            own = scenario.demand.type_sd * stream.normals(index + 1, where)[0]
            path = (
                trend[y] if isinstance(trend, tuple) else values[f"demand.{kind}.trend"]
            )
            demand[index, y] = path + values["demand.bias"] + national[y] + own
    return demand


def _new_opportunity(
    scenario: Scenario, stream: Stream, values: dict[str, Floats]
) -> Floats:
    n = scenario.years
    new = np.empty((len(TRUST_TYPES), len(POOLS), n, stream.n_draw))
    for j, pool in enumerate(POOLS):
        share = getattr(scenario.delivery.pool_shares, pool)
        new[:, j] = share * values["delivery.frontier"]
    for name, programme in scenario.programmes.items():
        if not programme.enabled:
            continue
        realised = programme.opportunity * values[f"programmes.{name}.realisation"]
        realised = realised * happens(scenario, stream, name)
        j = POOLS.index(programme.pool)
        for kind in programme.types:
            for y, part in enumerate(programme.ramp[:n]):
                new[TRUST_TYPES.index(kind), j, y] += part * realised
    return new


def happens(scenario: Scenario, stream: Stream, name: str) -> Floats:
    """Draw whether a programme happens: 0 or 1, (draw,)."""
    who = address(f"programmes.{name}")
    chance = stream.uniforms(who, philox.place(philox.PROGRAMME, 0, None))[0]
    return np.where(chance < scenario.programmes[name].probability, 1.0, 0.0)


def _upfront(scenario: Scenario, stream: Stream) -> Floats:
    """Add up what the programmes that happen cost: (type, year, draw)."""
    n = scenario.years
    cost = np.zeros((len(TRUST_TYPES), n, stream.n_draw))
    for name, programme in scenario.programmes.items():
        if programme.enabled:
            by_draw = happens(scenario, stream, name)
            yearly = np.array(by_year(programme.upfront_cost, n))[:, None] * by_draw
            for kind in programme.types:
                cost[TRUST_TYPES.index(kind)] += yearly
    return cost


def nation(drawn: Drawn) -> Nation:
    """Lay out what is drawn in the kernel's rows of `LANES` draws.

    The last row is padded with its last draw, which is computed and never counted.
    """
    n_kind, n_year, _ = drawn.demand.shape
    rows = np.stack([drawn.pay, drawn.nonpay, drawn.delivery], axis=1)
    kinds = [drawn.growth, drawn.passed_on, drawn.paid_pressure, drawn.upfront]
    kind_year = _in_lanes(np.stack(kinds, axis=2))
    belief, year = _in_lanes(drawn.belief), _in_lanes(rows)
    demand, new = _in_lanes(drawn.demand), _in_lanes(drawn.new_opportunity)
    n_batch = belief.shape[0]
    return Nation(
        belief=belief.reshape(n_batch, workspace.N_BELIEFS * LANES),
        year=year.reshape(n_batch, n_year, workspace.N_NATION * LANES),
        demand=demand,
        pressure=_in_lanes(drawn.pressure),
        kind_year=kind_year.reshape(
            n_batch, n_kind, n_year, workspace.N_KIND_YEAR * LANES
        ),
        new_opportunity=np.ascontiguousarray(new.swapaxes(2, 3)).reshape(
            n_batch, n_kind, n_year, len(POOLS) * LANES
        ),
    )


def _in_lanes(values: Floats) -> Floats:
    """Turn (..., draw) into (batch, ..., LANES)."""
    n_draw = values.shape[-1]
    n_batch = -(-n_draw // LANES)
    pad = [(0, 0)] * (values.ndim - 1) + [(0, n_batch * LANES - n_draw)]
    padded = np.pad(values, pad, mode="edge")
    split = padded.reshape(*values.shape[:-1], n_batch, LANES)
    return np.ascontiguousarray(np.moveaxis(split, -2, 0))


def central(scenario: Scenario) -> Drawn:
    """Give the one draw in which everything stands at its middle."""
    return draw(scenario, 0, 0, 1, central=True)


def without_luck(plan: Plan) -> Plan:
    """Take the trusts' own shocks out of a plan."""
    return plan._replace(spread=np.zeros_like(plan.spread))


def check_addresses(scenario: Scenario) -> None:
    """Refuse two assumptions that would share a random number."""
    seen: dict[int, str] = {}
    for path in _addressed(scenario):
        other = seen.setdefault(address(path), path)
        if other != path:
            raise ScenarioError(
                path, f"shares its random numbers with {other}", "rename it"
            )


def _addressed(scenario: Scenario) -> Iterator[str]:
    yield ROWS
    yield from prior(scenario)
    for name in scenario.programmes:
        yield f"programmes.{name}"
