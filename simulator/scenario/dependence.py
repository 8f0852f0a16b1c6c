"""Beliefs that go together: rank correlations that a scenario states between them.

Beliefs are joined by a normal copula: each keeps its own distribution, and standard
normals with the stated rank correlations say where in it a draw stands. Pairs of which
nothing is stated have none.

References
----------
Iman and Conover (1982), Communications in Statistics - Simulation and Computation 11,
311-334, for rank correlations as the way to state dependence; Nelsen (2006), An
Introduction to Copulas, 2nd ed., sections 2.3 and 5.1.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import numpy as np

from simulator.messages import Fault, nearest, quote
from simulator.scenario import correlation
from simulator.scenario.assumptions import Number
from simulator.scenario.correlation import Matrix
from simulator.scenario.distributions import Uncertain
from simulator.scenario.keys import Section
from simulator.scenario.kinds import LONGEST_PATH, Text
from simulator.scenario.values import FILLED, PRIOR
from simulator.types import Floats

TABLE: Final = "belief_correlations"
FORM: Final = 'write beliefs = ["prices.pressure", "delivery.cost_elasticity"]'
RANK: Final = Number(low=-1, high=1, above=True, below=True, unit="correlation")


class BeliefCorrelation(Section):
    """Two beliefs that go together, by name."""

    beliefs: Annotated[tuple[Annotated[str, Text(longest=LONGEST_PATH)], ...], *FILLED]
    """Key paths of the two."""
    value: Annotated[float, RANK]
    """Their rank correlation (Spearman's rho): above 0 where both tend to be high
    together, 0 for none."""


@dataclass(frozen=True)
class Correlated:
    """What is believed of an assumption that goes with others.

    Attributes
    ----------
    own
        Its own distribution, which it keeps.
    weights
        What independent standard normals, each of a key path, are multiplied by: their
        sum is the standard normal that says where in it a draw stands.
    """

    own: Uncertain
    weights: tuple[tuple[str, float], ...]

    @property
    def is_certain(self) -> bool:
        """Say whether one number is certain."""
        return False

    def quantile(self, uniform: Floats, normal: Floats) -> Floats:
        """Map a place in the distribution, as uniform and as normal, to values."""
        return self.own.quantile(uniform, normal)

    def central(self) -> float:
        """Give the median."""
        return self.own.central()

    def bounds(self) -> tuple[float, float]:
        """Give the lowest and highest value."""
        return self.own.bounds()

    def describe(self) -> str:
        """Say it in words."""
        return self.own.describe()


Pairs = Mapping[str, BeliefCorrelation]


def correlated(
    pairs: Pairs | None, beliefs: Mapping[str, Uncertain], first: str | None = None
) -> dict[str, Correlated]:
    """Give the uncertain beliefs that go with others, by key path.

    A belief that is certain is not drawn. The others are drawn as if it were: setting a
    belief says nothing of the others.

    Parameters
    ----------
    pairs
        What a scenario states; None for nothing.
    beliefs
        What is believed of each assumption by itself, by key path.
    first
        The belief whose own normal says where it stands; by default the first of
        `beliefs` that is stated. The joint distribution is the same whichever it is.
    """
    if not pairs:
        return {}
    paths = _paths(pairs, beliefs)
    if first in paths:
        paths = [first, *(path for path in paths if path != first)]
    root = correlation.cholesky(matrix(pairs, paths).tolist())
    weights = {
        path: tuple((other, w) for other, w in zip(paths, row, strict=True) if w)
        for path, row in zip(paths, root, strict=True)
    }
    return {
        path: Correlated(beliefs[path], weights[path])
        for path in paths
        if path in beliefs and not beliefs[path].is_certain
    }


def matrix(pairs: Pairs, paths: Sequence[str]) -> Matrix:
    """Give the correlations of the normals behind beliefs: (belief, belief)."""
    return _matrix({one.beliefs: one.value for one in pairs.values()}, paths)


def notes(pairs: Pairs | None, beliefs: Mapping[str, Uncertain]) -> Iterator[str]:
    """Say which beliefs are drawn together, and which of those stated are not drawn."""
    drawn = correlated(pairs, beliefs)
    for one in (pairs or {}).values():
        sure = [path for path in one.beliefs if path not in drawn]
        both = " and ".join(one.beliefs)
        if sure:
            yield (
                f"The rank correlation of {both} counts for nothing: "
                f"{' and '.join(sure)} {'is' if len(sure) == 1 else 'are'} set. What "
                "is set says nothing of what is not."
            )
        else:
            rank = f"{one.value:g}"
            yield f"{both} are drawn together, with a rank correlation of {rank}."


# --- what is wrong with them ----------------------------------------------------------


def faults(tree: Mapping[str, Any], beliefs: Iterable[str]) -> Iterator[Fault]:
    """Yield what is wrong between the pairs of a scenario's tables.

    Parameters
    ----------
    tree
        Plain tables, as in a file, valid or not.
    beliefs
        Key paths of every assumption that may be uncertain.
    """
    given = tree.get(TABLE)
    if not isinstance(given, Mapping) or not given:
        return
    if tree.get("beliefs", PRIOR) != PRIOR:
        problem = (
            "stands beside beliefs given the record, which go together as it has them"
        )
        yield Fault((TABLE,), problem, f'set beliefs = "{PRIOR}", or take it out')
    known = tuple(beliefs)
    stated: dict[tuple[str, ...], float] = {}
    named: dict[frozenset[str], str] = {}
    wrong = False
    for name, pair in given.items():
        fault = _of_pair(pair, known, named)
        if fault:
            yield fault._replace(path=(TABLE, name, "beliefs"))
        wrong = wrong or fault is not None or not _readable(pair)
        if not wrong:
            both = tuple(pair["beliefs"])
            named[frozenset(both)] = name
            stated[both] = float(pair["value"])
    if not wrong:
        yield from _not_definite(stated, dict(zip(stated, given, strict=True)))


def _of_pair(
    pair: Any, known: Sequence[str], named: Mapping[frozenset[str], str]
) -> Fault | None:
    """Say what is wrong with the two beliefs of a pair."""
    both = pair.get("beliefs") if isinstance(pair, Mapping) else None
    if not isinstance(both, list) or not all(isinstance(path, str) for path in both):
        return None  # said where it is read
    if len(both) != 2:
        return Fault((), f"takes 2 beliefs, got {len(both)}", FORM)
    for path in both:
        if path not in known:
            problem = f"{quote(path)} is nothing that may be uncertain"
            return Fault((), problem, nearest(path, known))
    if both[0] == both[1]:
        return Fault((), f"names {both[0]} twice", "name two beliefs")
    if frozenset(both) in named:
        problem = f"{named[frozenset(both)]} correlates these two already"
        return Fault((), problem, "keep one")
    return None


def _readable(pair: Any) -> bool:
    if not isinstance(pair, Mapping) or not isinstance(pair.get("beliefs"), list):
        return False
    value = pair.get("value")
    return isinstance(value, int | float) and -1 < value < 1


def _not_definite(
    stated: Mapping[tuple[str, ...], float], names: Mapping[tuple[str, ...], str]
) -> Iterator[Fault]:
    paths = list(dict.fromkeys(path for both in stated for path in both))
    wanted = _matrix(stated, paths)
    if correlation.is_valid(wanted):
        return

    def rounded(normals: Matrix) -> Matrix:
        ranks = np.round(correlation.of_ranks(normals), 3)
        return _matrix({(a, b): ranks[at(a), at(b)] for a, b in stated}, paths)

    at = paths.index
    valid = correlation.nearest_valid(wanted, wanted != 0.0, rounded)
    ranks = correlation.of_ranks(valid)
    said = ", ".join(
        f"{names[both]} = {ranks[at(both[0]), at(both[1])] + 0.0:.3g}"
        for both in stated
    )
    problem = f"no {len(paths)} beliefs can go together so (not positive definite)"
    yield Fault((TABLE,), problem, f"the nearest valid: {said}")


def _matrix(stated: Mapping[tuple[str, ...], float], paths: Sequence[str]) -> Matrix:
    """Give correlations of normals, those between `paths` only."""
    made = np.eye(len(paths))
    at = {path: k for k, path in enumerate(paths)}
    for (one, other), rank in stated.items():
        if one in at and other in at:
            i, j = at[one], at[other]
            made[i, j] = made[j, i] = correlation.of_normals(float(rank))
    return made


def _paths(pairs: Pairs, beliefs: Mapping[str, Uncertain]) -> list[str]:
    """List the beliefs that are stated, in the order of `beliefs`, lists by year last.

    Sorted, so that the order in a file moves no draw.
    """
    named = {path for one in pairs.values() for path in one.beliefs}
    return [path for path in beliefs if path in named] + sorted(named - set(beliefs))
