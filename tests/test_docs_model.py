"""docs/model.md against the program: no name, number or built-in value may drift.

Where a table of the page is wrong, the message holds the rows that would be right.
"""

import io
import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from simulator import drivers, evidence
from simulator.answers.hindcast import report as past
from simulator.answers.hindcast import simulate as hindcasting
from simulator.engine import few
from simulator.evidence import Entry
from simulator.kernel import workspace
from simulator.kernel.records import Belief, Drivers, Result, Rules, State, Terms
from simulator.kernel.trust_year import trust_year
from simulator.kernel.workspace import GROUP_RESULTS, LANES
from simulator.population.load import load_population
from simulator.running import prepare, runs
from simulator.scenario.assumptions import parse
from simulator.scenario.load import load_scenario
from simulator.schema import ONE_OFFS, POOLS, TRUST_TYPES

TEXT = (Path(__file__).parents[1] / "docs" / "model.md").read_text(encoding="utf-8")
RECORDS = (State, Drivers, Belief, Terms, Rules)

# The worked trust-year by the slow reference, to more figures than the page prints.
WORKED = {
    "activity": 0.0265225080074,
    "unmet": 0.00347749199262,
    "cost_before": 109.933803773,
    "income": 104.695105906,
    "support": 2.396,
    "ask * cost_before": 3.38252310924,
    "recurrent * cost_before": 2.59744018301,
    "nonrecurrent * cost_before": 1.2842337576,
    "capacity": 0.029,
    "cost": 108.175339663,
    "balance": 0,
    "underlying": -3.4802337576,
    "cash_releasing": 0.0122981873053,
    "measured": 0.00629818730525,
    "shortfall": 0,
    "payback": 0.0924648305476,
    "carry_over": 0.0116818823103,
    "backlog": 0.462324152738,
}

RATES = (0.0, 0.005, 0.011, 0.014, 0.02, 0.03, 0.04)
TRIED = (
    (),
    ("delivery.gap_closed=1.0",),
    ("delivery.plan_limit=0.08",),
    ("delivery.real_share=0.8",),
    ("delivery.opportunity_scale=2",),
    ("delivery.marginal_payment=0.0",),
    ("prices.pressure=0.0",),
    ("prices.made_good=0.8",),
    ("prices.premium=0.0025",),
    ("funding.reach_scale=1.0",),
    ("demand.bias=-0.01",),
)


def section(name: str) -> str:
    """Give what stands between `<!-- name -->` and `<!-- end -->`."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", TEXT, re.DOTALL)
    assert found, f"docs/model.md has no part called {name}"
    return found[1]


def compare(name: str, expected: list[str]) -> None:
    """Hold the body of a table against the rows that it should have."""
    rows = [line for line in section(name).splitlines() if line.startswith("|")][2:]
    missing = [row for row in expected if row not in rows]
    stale = [row for row in rows if row not in expected]
    said = "\n".join(["missing:", *missing, "not true any more:", *stale])
    assert rows == expected, said


# --- the built-in values --------------------------------------------------------------


def paths(tree: dict[str, Any], above: str = "") -> Iterator[str]:
    for name, part in tree.items():
        path = f"{above}{name}"
        if evidence.default_entry(path) is None:
            yield from paths(part, f"{path}.")
        else:
            yield path


def described(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case list() | tuple():
            return ", ".join(described(part) for part in value)
        case _:
            return parse(value).describe()


def default_row(entry: Entry) -> str:
    note = " (recalled in part)" if "recalled" in entry.note else ""
    cells = (f"`{entry.key}`", described(entry.value), entry.unit, entry.grade)
    return f"| {' | '.join(cells)} | {entry.title}{note} |"


def default_rows() -> list[str]:
    entries = [evidence.default_entry(path) for path in paths(evidence.defaults())]
    return [default_row(entry) for entry in entries if entry is not None]


def test_every_built_in_value_stands_in_the_table() -> None:
    compare("defaults", default_rows())


# --- the terms of the kernel ----------------------------------------------------------


def test_every_term_of_the_kernel_is_named() -> None:
    code = "\n".join(re.findall(r"```text\n.*?```|`[^`\n]+`", TEXT, re.DOTALL))
    terms = {name for record in (*RECORDS, Result) for name in record._fields}
    lacking = [name for name in sorted(terms) if not re.search(rf"\b{name}\b", code)]
    assert not lacking


@pytest.mark.parametrize(
    "record", [*RECORDS, Result], ids=lambda record: record.__name__
)
def test_every_record_is_listed_whole(record: type) -> None:
    listed = re.search(rf"`{record.__name__}`(?!,? \|)(.*?)[.;]\n", TEXT, re.DOTALL)
    if record is Belief:
        listed = re.search(r"\| `Belief` \|(.*?)\n\n", TEXT, re.DOTALL)
    assert listed
    lacking = [name for name in record._fields if f"`{name}`" not in listed[1]]
    assert not lacking


# --- the trust-year by hand -----------------------------------------------------------


@cache
def worked() -> dict[str, Any]:
    """Compute the worked trust-year from the inputs that the page prints."""
    given = {}
    for record in RECORDS:
        row = re.search(rf"\| `{record.__name__}` \|(.*)\|", section("inputs"))
        assert row
        cells = re.findall(r"`(\w+)` ([-\d. ]+)", row[1])
        values = {name: tuple(map(float, text.split())) for name, text in cells}
        given[record] = record(
            **{name: v[0] if len(v) == 1 else v for name, v in values.items()}
        )
    terms = given[Terms]
    yes = {name: bool(getattr(terms, name)) for name in ("follows_tariff", "settled")}
    given[Terms] = terms._replace(**yes)
    state, result = trust_year(*(given[record] for record in RECORDS))
    known = {**state._asdict(), **result._asdict()}
    for name, parts, whole in (
        ("opportunity", POOLS, state.opportunity),
        ("one_offs", ONE_OFFS, state.one_offs),
    ):
        known |= {f"{name}.{p}": value for p, value in zip(parts, whole, strict=True)}
    for name in ("ask", "recurrent", "nonrecurrent"):
        known[f"{name} * cost_before"] = known[name] * result.cost_before
    return known


def hand_lines() -> list[list[str]]:
    """List the lines of the calculation: what, the sum, its value."""
    block = re.search(r"With a calculator.*?```text\n(.*?)```", TEXT, re.DOTALL)
    assert block
    lines = [line for line in block[1].splitlines() if " = " in line]
    return [re.split(r" += ", line) for line in lines]


def half_unit(text: str) -> float:
    """Give half of the last digit printed."""
    return 0.5 * 10.0 ** -len(text.partition(".")[2])


def test_the_kernel_gives_the_worked_trust_year() -> None:
    for name, value in WORKED.items():
        assert worked()[name] == pytest.approx(value, rel=1e-11, abs=1e-13), name


def test_every_result_and_state_of_the_worked_trust_year_is_printed() -> None:
    printed = {name.strip().partition(".")[0] for name, _, _ in hand_lines()}
    assert {*State._fields, *Result._fields} - {"guarded"} <= printed


def test_every_line_of_the_worked_trust_year_holds() -> None:
    for name, expression, value in hand_lines():
        arithmetic = expression.replace("^", "**")
        assert re.fullmatch(r"(sqrt|min|max|[-+*/(),.\d\s])+", arithmetic), expression
        by_hand = eval(arithmetic, {"sqrt": math.sqrt, "min": min, "max": max})
        # What stands in a line was rounded before, so its last digit may move by one.
        slack = 3.0 * half_unit(value)
        assert by_hand == pytest.approx(float(value), abs=slack), name
        if name in worked():
            exact = 1.000001 * half_unit(value) + 1e-12
            assert worked()[name] == pytest.approx(float(value), abs=exact), name


# --- the balancing item ---------------------------------------------------------------


def at_the_centre(
    rates: tuple[float, ...], follows: str, *changes: str
) -> dict[str, Any]:
    """Simulate rates without luck: the sector's results, and what acute money buys."""
    loaded = load_scenario("long-term-plan", changes)
    population = load_population(loaded.scenario.population, loaded.folder)
    target = loaded.scenario.targets[0].model_copy(update={"plan_follows": follows})
    scenario = loaded.scenario.model_copy(update={"targets": (target,) * len(rates)})
    by_year = np.repeat(np.array(rates)[:, None], scenario.years, axis=1)
    plan = drivers.without_luck(drivers.plan(scenario, population, by_year))
    drawn = drivers.central(scenario)
    trusts = drivers.trusts(population, scenario)
    seen = few.everything(trusts, plan, drivers.nation(drawn), 0, 1)
    sector = dict(zip(GROUP_RESULTS, seen.sector[..., 0], strict=True))
    acute = drawn.growth[TRUST_TYPES.index("acute"), :, 0]
    national = drawn.belief[workspace.NATIONAL_SHARE // LANES]
    prices = 1.0 + plan.cost_uplift + national * (plan.price - plan.cost_uplift)
    return sector | {"funded": acute / prices - 1.0}


def central_rows() -> list[str]:
    sides = [at_the_centre(RATES, follows) for follows in ("gap", "tariff")]
    rows = []
    for k, rate in enumerate(RATES):
        one = sides[0]  # money and care do not know about plans
        cells = [
            f"{rate:.1%}",
            f"{one['funded'][k].mean():.1%}",
            f"{one['unmet'][k, -1]:.1%}",
            f"{one['income'][k, -1] / 1000:.1f}",
        ]
        for sector in sides:
            asked = sector["ask"][k].sum() / sector["cost_before"][k].sum()
            cells += [
                f"{asked:.1%}",
                f"{sector['cash_releasing'][k].mean():.2%}",
                f"{sector['measured'][k].mean():.2%}",
                f"{sector['underlying'][k, -1] / 1000:.1f}",
            ]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def balancing_row(changes: tuple[str, ...]) -> str:
    loaded = load_scenario("long-term-plan", changes)
    population = load_population(loaded.scenario.population, loaded.folder)
    (target,) = (t for t in loaded.scenario.targets if t.balancing_item is not None)
    alone = loaded.scenario.model_copy(update={"targets": (target,)})
    (note,) = prepare.prepare(alone, population, 2019).notes
    rate = re.search(r"[\d.]+%", note)
    assert rate
    closest = re.search(r"with (-[\d,]+)m", note)
    if closest:
        level = f"{closest[1]}m, the closest"
    else:
        assert "reaches an underlying balance of 0m" in note
        level = "0m or more"
    said = " and ".join(f"`{change}`" for change in changes) or "nothing: as shipped"
    return f"| {said} | {rate[0]} | {level} |"


def test_the_central_table_of_the_balancing_item_holds() -> None:
    compare("central", central_rows())


def test_a_target_left_in_prices_would_do_as_said() -> None:
    raised = "prices.cost_uplift=[0.049,0.044,0.044,0.044,0.044]"
    levels = []
    for follows in ("gap", "tariff"):
        sector = at_the_centre((0.02,), follows, raised)
        levels.append(f"{sector['underlying'][0, -1] / 1000:.1f}bn")
    unmet = f"{sector['unmet'][0, -1]:.1%}"
    said = f"`underlying` would reach {levels[0]} or {levels[1]}, and {unmet} of demand"
    assert said in " ".join(TEXT.split())


@pytest.mark.slow
def test_the_settings_tried_on_the_balancing_item_give_what_is_said() -> None:
    rows = [balancing_row(changes) for changes in TRIED]
    compare("balancing", rows)
    rate, level = re.findall(r"[\d.]+%|-[\d,]+m", rows[0])
    assert f"The nearest is {rate} a year" in TEXT
    assert f"at {level}." in TEXT


# --- the hindcast ---------------------------------------------------------------------


@pytest.mark.slow
def test_the_hindcast_of_the_page_is_what_the_program_prints() -> None:
    with runs.run("hindcast-2013") as run:
        shown = past.render([past.Hindcast(run, hindcasting.hindcast(run))])
    text = io.StringIO()
    Console(width=100, highlight=False, file=text).print(shown)
    printed = [line.rstrip() for line in text.getvalue().splitlines()]
    block = re.search(r"\$ simulator hindcast hindcast-2013\n(.*?)\n```", TEXT, re.S)
    assert block, "docs/model.md does not show the hindcast"
    assert block[1].splitlines() == printed, "run `make pages`"
