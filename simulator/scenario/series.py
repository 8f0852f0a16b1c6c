"""A list of yearly values belongs to the years of the file that gives it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from simulator.messages import Fault, dotted
from simulator.scenario import keys, layers, rules
from simulator.scenario.assumptions import is_series
from simulator.scenario.layers import COMMAND_LINE, Layer, Setting
from simulator.scenario.model import Scenario

FIRST: Final = "first_year"


def faults(
    stack: Sequence[Layer], given: Sequence[Setting], tree: Mapping[str, Any]
) -> Iterator[tuple[str, Fault]]:
    """Yield where a series of other years would be taken for one of this run's.

    A series is of the years that begin with the `first_year` in force in its own
    layer: its own, or that of a layer below it.

    Parameters
    ----------
    stack
        Layers from low to high.
    given
        Settings of the command line, on top of them.
    tree
        What they come to.

    Yields
    ------
    tuple
        The layer that sets the first year, and the fault.
    """
    if tree.get(FIRST) not in rules.FIRST_YEARS:
        return  # which is a fault of its own
    first, firsts = None, {}
    for layer in stack:
        first = layer.tables.get(FIRST, first)
        firsts[layer.name] = first
    unused = rules.unused_funding(tree)
    others: dict[tuple[str, object], list[str]] = {}
    for found in keys.walk(Scenario, tree):
        if not is_series(found.value, found.metadata) or found.path[:2] in unused:
            continue
        if _is_set(found.path, given):
            continue
        layer_of = layers.setter(stack, found.path)
        year = firsts[layer_of.name] if layer_of else None
        if layer_of and year not in (None, tree.get(FIRST)):
            others.setdefault((layer_of.name, year), []).append(dotted(found.path))
    by_hand = _is_set((FIRST,), given)
    setter = layers.setter(stack, (FIRST,))
    place = COMMAND_LINE if by_hand or setter is None else setter.name
    for (name, year), paths in others.items():
        problem = f"{tree.get(FIRST)}, but {name} gives series that begin with {year}"
        remedy = f"give your own {', '.join(paths)}, or leave {FIRST} out"
        yield place, Fault((FIRST,), problem, remedy)


def _is_set(path: tuple[str, ...], given: Sequence[Setting]) -> bool:
    """Say whether a setting gives a value whole, not one item of it."""
    return any(setting.path == path[: len(setting.path)] for setting in given)
