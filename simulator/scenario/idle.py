"""Keys that move no result in a scenario as it stands, and why."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from simulator.messages import Fault
from simulator.scenario import dependence, rules
from simulator.scenario.layers import KeyPath, look_up
from simulator.scenario.model import Scenario
from simulator.scenario.uncertain import prior

SHOCKS: Final = (
    ("prices", "pay_shock"),
    ("prices", "nonpay_shock"),
    ("prices", "pressure_shock"),
    ("demand", "national_shock"),
)
# Beside the keys that each form of funding needs, those that only it reads.
READ_BY: Final = {
    "settlement": (("funding", "reach_scale"), ("funding", "top_slice")),
    "activity": (("funding", "growth_error"), ("funding", "growth_unpriced")),
}
SWITCHED: Final = (("programmes",), ("funding", "support"))  # tables with `enabled`


def faults(scenario: Scenario, changed: Iterable[KeyPath]) -> Iterator[Fault]:
    """Yield the values that are changed, by key path, and move no result."""
    idle = list(_idle(scenario.plain()))
    for setting in changed:
        for path, why in idle:
            if path == setting[: len(path)]:
                remedy = "change that too, or leave this out"
                yield Fault(setting, f"moves no result: {why}", remedy)


def unread(scenario: Scenario) -> set[str]:
    """Name the keys, dotted, that move no result in a scenario as it stands."""
    return {".".join(path) for path, _ in _idle(scenario.plain())}


def notes(scenario: Scenario) -> Iterator[str]:
    """Give what an analyst may not have meant, beside the numbers of a scenario."""
    yield from _clamped(scenario)
    yield from dependence.notes(scenario.belief_correlations, prior(scenario))


def _clamped(scenario: Scenario) -> Iterator[str]:
    """Say where the conditions together count for more, or less, than they come to."""
    given = scenario.conditions
    product = 1.0
    for name in type(given).model_fields:
        if name not in ("lowest", "highest"):
            product *= getattr(given, name).central()
    for name, bound, beyond in (
        ("lowest", given.lowest, product < given.lowest),
        ("highest", given.highest, product > given.highest),
    ):
        if beyond:
            yield (
                f"The conditions come to {product:.3g} at their middles and count as "
                f"{bound:g}, which is conditions.{name}."
            )


def _idle(tree: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield each key or table that moves no result."""
    basis = look_up(tree, ("funding", "basis"))
    others = [
        path for form, paths in READ_BY.items() for path in paths if form != basis
    ]
    for path in (*sorted(rules.unused_funding(tree)), *others):
        yield path, f"funding.basis = '{basis}' does not read it"
    if all(target["plan_follows"] == "tariff" for target in tree["targets"]):
        yield ("delivery", "plan_floor"), "every target has plan_follows = 'tariff'"
    for above in SWITCHED:
        for name, part in look_up(tree, above).items():
            for key in part if not part["enabled"] else ():
                if key != "enabled":
                    where = ".".join((*above, name))
                    yield (*above, name, key), f"{where}.enabled = false"
    for shock in SHOCKS:
        if look_up(tree, (*shock, "sd")) == 0:
            yield (*shock, "persistence"), f"{'.'.join(shock)}.sd = 0"
    if look_up(tree, ("prices", "tail", "enter")) == 0:
        for key in ("stay", "size"):
            yield ("prices", "tail", key), "prices.tail.enter = 0"
    agency = look_up(tree, ("prices", "agency_share"))
    if not isinstance(agency, list) or len(set(agency)) == 1:
        yield ("prices", "agency_premium"), "prices.agency_share is the same every year"
    if look_up(tree, ("delivery", "transformation_funding")) == 0:
        path = ("delivery", "access", "system_funded")
        yield path, "delivery.transformation_funding = 0"
