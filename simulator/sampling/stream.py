"""Random numbers of consecutive draws, each read at its address."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.kernel import normal, philox
from simulator.sampling import addresses, copula
from simulator.scenario.dependence import Correlated
from simulator.scenario.distributions import Certain, Uncertain
from simulator.scenario.posterior import Recorded
from simulator.types import Floats


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

    def value(self, path: str, assumption: Uncertain | Recorded | Correlated) -> Floats:
        """Draw one assumption: (draw,)."""
        if isinstance(assumption, Certain):
            return np.full(self.n_draw, assumption.value)
        if isinstance(assumption, Recorded):
            if self.central:
                return np.full(self.n_draw, assumption.central())
            # One number a draw for all columns: they are drawn together.
            row = addresses.of_assumption(addresses.ROWS)
            return assumption.at(self.uniforms(*row)[0])
        if isinstance(assumption, Correlated) and not self.central:
            return assumption.quantile(*self._together(assumption.weights))
        where = addresses.of_assumption(path)
        return assumption.quantile(self.uniforms(*where)[0], self.normals(*where)[0])

    def _together(self, weights: Sequence[tuple[str, float]]) -> tuple[Floats, Floats]:
        """Weigh the normals of beliefs: where a draw stands, as uniform and normal."""
        weighed = np.zeros(self.n_draw)
        for path, weight in weights:
            own = self.normals(*addresses.of_assumption(path))[0]
            weighed = weighed + weight * own
        return copula.standing(weighed)
