"""Levers that have a low and a high of their own, and those that have none.

What somebody decides has no distribution, so its ends are positions that it can take:

1. what can be switched, a programme or a support fund, stands off and on;
2. what is a choice of two, what plans follow, stands at either;
3. what is a part of something stands at none of it and at all of it;
4. a condition that is certain stands at 1, neutral, and at the middle of what is
   believed where it is met, in the packaged scenario of the right conditions;
5. what is asked on top of trusts in deficit, where plans follow the tariff, stands at
   nothing and at what was asked of them in 2019/20;
6. funding stands as it is and as each packaged variant of the scenario has it.

Any other lever could stand anywhere: it is named, and left where it is.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from simulator import evidence
from simulator.scenario import idle, keys
from simulator.scenario import toml as toml_text
from simulator.scenario.assumptions import Number, Years
from simulator.scenario.keys import EXTENDS
from simulator.scenario.load import Loaded, load_scenario
from simulator.scenario.model import Scenario
from simulator.scenario.packaged import packaged
from simulator.scenario.uncertain import CONDITIONS

Values = Mapping[str, Any]  # what is set, by key path

PLANS: Final = "plan_follows"
PARTS: Final = (
    "delivery.transformation_funding",
    "demand.worked_off",
    "funding.planned_support",
)
MET: Final = "long-term-plan-right-conditions"
ADDON: Final = "tariff.deficit_addon.2019"
FIRST_ADDON: Final = 2019
DEFINED: Final = "its two positions"
SIZES: Final = "sizes of what is switched off and on"
ASKED: Final = "what is asked"
ANYWHERE: Final = "nothing published says where else they would stand"


class Lever(NamedTuple):
    """A lever, and what is set where it stands low and where it stands high."""

    name: str
    ends: tuple[str, str]
    values: tuple[Values, Values]
    meaning: str
    source: str  # of the two positions
    grade: str = ""  # of the belief in what a position brings, where it is one


def levers(loaded: Loaded, scenario: Scenario) -> list[Lever]:
    """List the levers of a scenario that are moved; it has one target."""
    found = [
        _plans(),
        *_switches(scenario),
        *_parts(scenario),
        *_conditions(scenario, loaded),
        *_addon(scenario),
        *_variants(loaded, scenario),
    ]
    unread = idle.unread(scenario)
    return [one for one in found if one.name not in unread]


def with_values(scenario: Scenario, values: Values) -> Scenario:
    """Set values of a scenario."""
    tree = scenario.plain()
    for path, value in values.items():
        *above, last = path.split(".")
        node: Any = tree
        for part in above:
            node = node[int(part)] if isinstance(node, list) else node[part]
        node[last] = value
    return Scenario.model_validate(tree)


def left_out(scenario: Scenario, moved: list[Lever]) -> dict[str, str]:
    """Name the levers that are not moved, each with the reason, by key path."""
    set_by = {path for one in moved for values in one.values for path in values}
    switched = tuple(
        one.name + "." for one in moved if one.ends == ("off", "on") and "." in one.name
    )
    unread = idle.unread(scenario)
    found = {}
    for value in keys.walk(Scenario, scenario.plain()):
        path = ".".join(value.path)
        is_lever = any(_is_lever(kind) for kind in value.metadata)
        if not is_lever or path in set_by or path in unread:
            continue
        if path.startswith("targets."):
            found[path.replace("targets.0", "target")] = ASKED
        else:
            found[path] = SIZES if path.startswith(switched) else ANYWHERE
    return found


def _is_lever(kind: object) -> bool:
    number = kind.number if isinstance(kind, Years) else kind
    return isinstance(number, Number) and number.lever


# --- each rule ------------------------------------------------------------------------


def _plans() -> Lever:
    path = "targets.0.plan_follows"
    return Lever(
        PLANS,
        ("gap", "tariff"),
        ({path: "gap"}, {path: "tariff"}),
        "What savings plans start from: a trust's own gap, or the tariff.",
        DEFINED,
    )


def _switches(scenario: Scenario) -> Iterator[Lever]:
    paying = [name for name, fund in scenario.funding.support.items() if _pays(fund)]
    for table, names in (
        ("programmes", list(scenario.programmes)),
        ("funding.support", paying),
    ):
        for name in names:
            path = f"{table}.{name}"
            ends = {f"{path}.enabled": False}, {f"{path}.enabled": True}
            yield Lever(path, ("off", "on"), ends, _meaning(path), DEFINED)


def _pays(fund: Any) -> bool:
    amounts = fund.amount if isinstance(fund.amount, tuple) else (fund.amount,)
    return any(amount > 0.0 for amount in amounts)


def _parts(scenario: Scenario) -> Iterator[Lever]:
    for path in PARTS:
        if path == "funding.planned_support" and not _plans_count_on(scenario):
            continue
        ends = {path: 0.0}, {path: 1.0}
        yield Lever(path, ("none", "all"), ends, _meaning(path), DEFINED)


def _plans_count_on(scenario: Scenario) -> bool:
    """Say whether there is support whose shares are fixed."""
    funds = scenario.funding.support.values()
    return any(fund.enabled and fund.allocated_by != "need" for fund in funds)


def _conditions(scenario: Scenario, loaded: Loaded) -> Iterator[Lever]:
    met = load_scenario(MET)
    for name in CONDITIONS:
        path = f"conditions.{name}"
        own, there = (getattr(of.conditions, name) for of in (scenario, met.scenario))
        if own.is_certain and not there.is_certain:
            high = round(there.central(), 3)
            yield Lever(
                path,
                ("1", f"{high:g}"),
                ({path: 1.0}, {path: high}),
                _meaning(path),
                f"{MET}: {met.origins[path].source}",
                loaded.origins[path].grade,
            )


def _addon(scenario: Scenario) -> Iterator[Lever]:
    follows = scenario.targets[0].plan_follows
    if follows != "tariff" or scenario.first_year < FIRST_ADDON:
        return
    path = "targets.0.deficit_addon"
    entry = evidence.figures()[ADDON]
    yield Lever(
        "deficit_addon",
        ("0", f"{entry.value:g}"),
        ({path: 0.0}, {path: entry.value}),
        "Rate asked on top of trusts in deficit.",
        f"{entry.publisher}, {entry.title}, {entry.date}",
    )


def _variants(loaded: Loaded, scenario: Scenario) -> Iterator[Lever]:
    """Yield the packaged scenarios that differ from this one in what is paid."""
    own = dict(_funding(scenario))
    for name, path in packaged().items():
        tables = toml_text.read(path.read_text(encoding="utf-8"), path.name)
        if tables.get(EXTENDS) != loaded.scenario.name or "funding" not in tables:
            continue
        there = load_scenario(name).scenario
        if (there.first_year, there.years) != (scenario.first_year, scenario.years):
            continue
        changed = {
            key: value
            for key, value in _funding(there)
            if key in own and own[key] != value
        }
        if changed:
            yield Lever(
                f"funding: {name}",
                ("off", "on"),
                ({}, changed),
                there.about,
                f"the packaged scenario {name}",
            )


def _funding(scenario: Scenario) -> Iterator[tuple[str, Any]]:
    """Yield what is decided of funding, by key path."""
    for value in keys.walk(Scenario, scenario.plain()):
        if value.path[0] == "funding" and any(map(_is_lever, value.metadata)):
            yield ".".join(value.path), value.value


def _meaning(path: str) -> str:
    entry = evidence.default_entry(path)
    return "" if entry is None else entry.meaning
