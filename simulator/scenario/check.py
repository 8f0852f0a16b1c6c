"""From tables to a scenario, or to all that is wrong with them, in file order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from simulator.errors import ScenarioError
from simulator.messages import (
    MISPLACED,
    MISSING,
    UNKNOWN,
    Fault,
    dotted,
    meant,
    translate,
)
from simulator.scenario import keys, layers, sources
from simulator.scenario import toml as toml_text
from simulator.scenario.keys import EXTENDS, SOURCE
from simulator.scenario.layers import COMMAND_LINE, KeyPath, Layer, Setting
from simulator.scenario.model import Scenario


def build(tree: Mapping[str, Any]) -> tuple[Scenario | None, list[Fault]]:
    """Make the value, or list all that is wrong with the tables."""
    try:
        return Scenario.model_validate(tree), []
    except ValidationError as refused:
        found = [
            _fault(error, tree)
            for error in refused.errors(include_url=False, include_context=True)
        ]
    seen = {fault.path for fault in found}
    found += [fault for fault in Scenario.faults(tree) if fault.path not in seen]
    intended = {
        (*fault.path[:-1], fault.meant)
        for fault in found
        if fault.kind == UNKNOWN and fault.meant
    }
    return None, [
        fault
        for fault in found
        if not (fault.kind == MISSING and {fault.path, (EXTENDS,)} & intended)
    ]


def _fault(error: ErrorDetails, tree: Mapping[str, Any]) -> Fault:
    """Put one of pydantic's errors in the words of the file."""
    *above, _ = path = [str(part) for part in error["loc"]]
    known = [*(keys.known(Scenario, above) or ()), SOURCE]
    fault = translate(error, known if above else [*known, EXTENDS])
    named = len(path) > 1 and keys.known(Scenario, path[:-2]) is keys.OPEN
    if fault.kind == MISSING and named:
        others = set(layers.look_up(tree, tuple(path[:-2]))) - {path[-2]}
        if asked := meant(path[-2], sorted(others)):
            return fault._replace(remedy=f"{fault.remedy}, or {asked}")
    return fault


def unsourced(
    stack: Sequence[Layer], misfits: Iterable[Fault]
) -> Iterator[tuple[str, Fault]]:
    """Yield the numbers without a source, but for those that should not be there."""
    unknown = [f.path for f in misfits if f.kind in (UNKNOWN, MISPLACED)]
    for layer in stack:
        if layer.name == layers.BUILT_IN:
            continue
        for fault in sources.faults(layer.tables):
            if not any(fault.path[: len(path)] == path for path in unknown):
                yield layer.name, fault


def place_of(stack: Sequence[Layer], given: Sequence[Setting], path: KeyPath) -> str:
    """Name the layer that a problem is in."""
    if any(layers.overlap(setting.path, path) for setting in given):
        return COMMAND_LINE
    layer = layers.setter(stack, path)
    return layer.name if layer else stack[-1].name


def in_file_order(
    stack: Sequence[Layer], placed: Iterable[tuple[str, Fault]]
) -> list[ScenarioError]:
    """Sort problems by layer and line, and make errors of them."""
    order = {layer.name: index for index, layer in enumerate(stack)}
    lines = {
        layer.name: {path: number for number, path in toml_text.key_lines(layer.text)}
        for layer in stack
    }

    def position(item: tuple[str, Fault]) -> tuple[int, float]:
        name, fault = item
        known = lines.get(name, {})
        line = next((known[p] for p in layers.upwards(fault.path) if p in known), 0)
        return order.get(name, len(stack)), line

    return [
        ScenarioError(f"{name}: {dotted(fault.path)}", fault.problem, fault.remedy)
        for name, fault in sorted(placed, key=position)
    ]
