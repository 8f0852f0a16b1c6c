"""Streams that hold one group of random numbers while all others change.

Numbers are addressed by seed, draw, who, year and what. So a group can be held by
taking its words under another seed, or those of an earlier draw.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.kernel import philox
from simulator.sampling.addresses import group_of
from simulator.sampling.stream import Stream

FUTURES: Final = 64  # of each belief in the nested design


class Swapped(Stream):
    """A stream that takes each group's words under the group's own seed."""

    def __init__(self, seeds: dict[str, int], first_draw: int, n_draw: int) -> None:
        super().__init__(seeds["beliefs"], first_draw, n_draw)
        self.seeds = seeds

    def words(self, who: int, where: int) -> NDArray[np.uint64]:
        """Give the four words of an address: (4, draw)."""
        words = np.empty((4, self.n_draw), np.uint64)
        seed = self.seeds[group_of(where)]
        philox.fill_words(seed, self.first_draw, who, where, words)
        return words


class Nested(Stream):
    """A stream in which consecutive draws share what is believed.

    The beliefs of draws 0 to `FUTURES` - 1 are those of draw 0 of a plain run, those
    of the next as many draws are those of its draw 1, and so on.
    """

    def words(self, who: int, where: int) -> NDArray[np.uint64]:
        """Give the four words of an address: (4, draw)."""
        if group_of(where) != "beliefs":
            return super().words(who, where)
        belief = np.arange(self.first_draw, self.first_draw + self.n_draw) // FUTURES
        first, last = int(belief[0]), int(belief[-1])
        words = np.empty((4, last - first + 1), np.uint64)
        philox.fill_words(self.seed, first, who, where, words)
        return words[:, belief - first]


def other_seed(seed: int) -> int:
    """Give a seed far from this one, of the same range."""
    return (seed + 2**62) % 2**63
