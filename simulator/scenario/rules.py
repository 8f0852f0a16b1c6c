"""What must hold between the values of a scenario.

The functions read a plain tree, which may be wrong elsewhere: they say what they can
see and pass over what is not there, so that one reading finds every problem.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.messages import Fault, Path
from simulator.scenario import correlation
from simulator.schema import POOLS

FIRST_YEARS: Final = range(1991, 2101)  # the first NHS trusts began in April 1991
YEARS: Final = range(1, 31)
WHOLE: Final = 1e-9  # shares may miss 1 by this much

SHOCKS: Final = ("pay", "nonpay", "pressure", "demand")  # order of the matrix
PAIRS: Final = tuple((row, column) for row in range(4) for column in range(row + 1, 4))
NEEDED: Final = {
    "settlement": ("cash", "real_growth", "reach"),
    "activity": ("activity_growth",),
}
FORMS: Final = ("rate", "path", "balancing_item")


class YearList(NamedTuple):
    """A list with one number a year, and whether the opening year stands first."""

    path: Path
    length: int
    opening: bool


def faults(tree: Mapping[str, Any], lists: Iterable[YearList]) -> Iterator[Fault]:
    """Yield what does not fit together in a scenario's tables.

    Parameters
    ----------
    tree
        Plain tables, as in a file.
    lists
        Every list of one number a year that the tables hold.
    """
    yield from _lengths(tree, lists)
    yield from _funding(tree)
    yield from _funds(tree)
    yield from _pool_shares(tree)
    yield from _correlations(tree)
    yield from _programmes(tree)
    yield from _targets(tree)


def correlation_matrix(pairs: Mapping[str, float]) -> NDArray[np.float64]:
    """Fill the matrix of `SHOCKS`, shape (4, 4), from its six correlations."""
    matrix = np.eye(len(SHOCKS))
    for row, column in PAIRS:
        matrix[row, column] = matrix[column, row] = pairs[_pair(row, column)]
    return matrix


def _lengths(tree: Mapping[str, Any], lists: Iterable[YearList]) -> Iterator[Fault]:
    horizon = _horizon(tree)
    if horizon is None:
        return
    unused = unused_funding(tree)
    for path, length, opening in lists:
        if path[:2] in unused:
            continue
        wanted = len(horizon) + opening
        if length != wanted:
            also = " and the opening year" if opening else ""
            years = _count(len(horizon), "year") + also
            problem = f"{_count(length, 'number')} for {years}"
            said = f"{horizon[0] - opening} to {horizon[-1]}"
            yield Fault(path, problem, f"give {wanted}, for {said}")


def _funding(tree: Mapping[str, Any]) -> Iterator[Fault]:
    funding = _table(tree, "funding")
    basis = funding.get("basis")
    if not _is_text(basis) or basis not in NEEDED:
        return
    for key in NEEDED[basis]:
        if key not in funding:
            yield Fault(("funding", key), f"missing with basis = '{basis}'", "add it")


def _funds(tree: Mapping[str, Any]) -> Iterator[Fault]:
    """See that a fund for need says what part it pays, no other does, and one is on."""
    funds = _table(tree, "funding", "support")
    needy = []
    for name in funds:
        fund = _table(tree, "funding", "support", name)
        path = ("funding", "support", name, "part")
        if fund.get("allocated_by") == "need":
            if fund.get("enabled", True):
                needy.append(name)
            if fund.get("part") is None:
                yield Fault(path, "missing in a fund for need", "add it, such as 0.5")
        elif fund.get("part") is not None:
            yield Fault(path, "belongs to a fund for need", 'set allocated_by = "need"')
    for name in needy[1:]:
        path = ("funding", "support", name, "allocated_by")
        problem = f"{needy[0]} is a fund for need already, and there can be one"
        yield Fault(path, problem, "add the amounts, or set enabled = false")


def _pool_shares(tree: Mapping[str, Any]) -> Iterator[Fault]:
    shares = _table(tree, "delivery", "pool_shares")
    numbers = [_number(shares.get(pool)) for pool in POOLS]
    total = sum(number for number in numbers if number is not None)
    if None not in numbers and abs(total - 1) > WHOLE:
        problem = f"the shares sum to {total:.10g}"
        yield Fault(("delivery", "pool_shares"), problem, "make them sum to 1")


def _correlations(tree: Mapping[str, Any]) -> Iterator[Fault]:
    given = _table(tree, "correlations")
    names = [_pair(row, column) for row, column in PAIRS]
    numbers = {name: _number(given.get(name)) for name in names}
    pairs = {name: number for name, number in numbers.items() if number is not None}
    if len(pairs) < len(names) or any(abs(number) > 1 for number in pairs.values()):
        return
    matrix = correlation_matrix(pairs)
    if not correlation.is_valid(matrix):
        every = np.ones_like(matrix, bool)
        valid = correlation.nearest_valid(matrix, every, lambda m: np.round(m, 3))
        said = ", ".join(
            f"{_pair(row, column)} = {valid[row, column] + 0.0:g}"
            for row, column in PAIRS
        )
        problem = "no four shocks can be so correlated (not positive definite)"
        yield Fault(("correlations",), problem, f"the nearest valid: {said}")


def _programmes(tree: Mapping[str, Any]) -> Iterator[Fault]:
    for name, programme in _table(tree, "programmes").items():
        if not isinstance(programme, Mapping):
            continue
        path = ("programmes", name)
        ramp = [_number(share) for share in _list(programme.get("ramp"))]
        total = sum(share for share in ramp if share is not None)
        if None not in ramp and total > 1 + WHOLE:
            problem = f"the shares sum to {total:.10g}"
            yield Fault((*path, "ramp"), problem, "make them sum to 1 at most")
        if "ramp" in programme and programme["ramp"] == []:
            yield Fault((*path, "ramp"), "is empty", "give a share for each year")
        types = [word for word in _list(programme.get("types")) if _is_text(word)]
        for word in _repeated(types):
            yield Fault((*path, "types"), f"'{word}' stands twice", "keep one")


def _targets(tree: Mapping[str, Any]) -> Iterator[Fault]:
    targets = [item for item in _list(tree.get("targets")) if isinstance(item, Mapping)]
    names = [target.get("name") for target in targets]
    for index, target in enumerate(targets):
        path = ("targets", str(index))
        if _is_text(names[index]) and names[index] in names[:index]:
            problem = f"'{names[index]}' names another target too"
            yield Fault((*path, "name"), problem, "give each a name of its own")
        given = [form for form in FORMS if form in target]
        if len(given) != 1:
            problem = f"{' and '.join(given) or 'no rate'} in one target"
            yield Fault(path, problem, f"give exactly one of {', '.join(FORMS)}")
        yield from _balancing_year(tree, target, path)


def _balancing_year(
    tree: Mapping[str, Any], target: Mapping[str, Any], path: Path
) -> Iterator[Fault]:
    year, horizon = _table(target, "balancing_item").get("year"), _horizon(tree)
    if horizon is not None and isinstance(year, int) and year not in horizon:
        problem = f"{year} is outside the run"
        remedy = f"give {horizon[0]} to {horizon[-1]}"
        yield Fault((*path, "balancing_item", "year"), problem, remedy)


def unused_funding(tree: Mapping[str, Any]) -> set[Path]:
    """Give the keys of the form of funding that does not count."""
    basis = _table(tree, "funding").get("basis")
    others = [form for form in NEEDED if basis in tuple(NEEDED) and form != basis]
    return {("funding", key) for form in others for key in NEEDED[form]}


def _pair(row: int, column: int) -> str:
    return f"{SHOCKS[row]}_{SHOCKS[column]}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _repeated(words: Sequence[str]) -> list[str]:
    return sorted({word for word in words if words.count(word) > 1})


def _table(tree: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """Give the table at a path, an empty one where there is none."""
    node: Any = tree
    for part in path:
        node = node.get(part) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 else None


def _horizon(tree: Mapping[str, Any]) -> range | None:
    """Give the years of the run, where they can be told."""
    first, years = tree.get("first_year"), tree.get("years")
    if not (isinstance(first, int) and isinstance(years, int)):
        return None
    known = first in FIRST_YEARS and years in YEARS
    return range(first, first + years) if known else None


def _is_text(value: object) -> bool:
    return isinstance(value, str)
