"""Where a weighed sum of normals stands in a distribution.

The distribution function of the normal is not written out: the word is sought whose
normal number comes closest from below. So a normal that came from a word gives that
word again, no belief leaves the bounds that its own random number would keep, and every
machine finds the same bits.
"""

from typing import Final

import numpy as np

from simulator.kernel import normal
from simulator.types import Floats

BITS: Final = 32


def standing(weighed: Floats) -> tuple[Floats, Floats]:
    """Give standard normals as those of words: as uniforms, and as normals: (draw,)."""
    words = np.zeros(len(weighed), np.uint64)
    made = np.empty(len(weighed))
    for bit in reversed(range(BITS)):
        tried = words | np.uint64(1 << bit)
        normal.fill_normals(tried, made)
        words = np.where(made <= weighed, tried, words)
    uniforms, normals = np.empty(len(weighed)), np.empty(len(weighed))
    normal.fill_uniforms(words, uniforms)
    normal.fill_normals(words, normals)
    return uniforms, normals
