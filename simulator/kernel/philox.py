"""Random words by address: Philox4x32-10, and the table of who stands where.

A counter-based generator is a function from an address to random bits (Salmon,
Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11). Here
the address is *draw, who, year, what* and the key is the seed, so a number never
depends on how many others were drawn, in which order, or on which thread.

Layout, version 2. Any change to this table is a new version and moves results.

=======  ==========================================================================
counter  holds
=======  ==========================================================================
word 0   draw, low 32 bits
word 1   who: 0 for the nation; the type's index + 1; a trust's 32-bit hash of its
         code; an assumption's 32-bit hash of its key path
word 2   year - 2000 modulo 256 (255 where there is no year) | block << 8
         | purpose << 16 | layout version << 24
word 3   draw, high 32 bits
key      seed, low word then high word
=======  ==========================================================================

============  =======  =====  =====================================================
purpose       year     block  words 0 to 3
============  =======  =====  =====================================================
1 assumption  none     0      value of an uncertain assumption; spare; spare; spare
2 national    yes      0      pay; non-pay; cost pressure; demand
2 national    yes      1      delivery; high-inflation regime; spare; spare
3 type        yes      0      demand; spare; spare; spare
4 trust       yes      0      demand; cost pressure; delivery; spare
4 trust       none     0      drift of pressure; persistent delivery; plans; spare
5 programme   none     0      whether it happens; spare; spare; spare
============  =======  =====  =====================================================
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.kernel.jit import compiled, inlined

LAYOUT_VERSION: Final = 2
ASSUMPTION, NATIONAL, TYPE, TRUST, PROGRAMME = 1, 2, 3, 4, 5
NO_YEAR: Final = 255
NATION: Final = 0

Word: TypeAlias = np.uint64  # of which the low 32 bits count

LOW = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(32)
MULTIPLIER_0 = np.uint64(0xD2511F53)
MULTIPLIER_1 = np.uint64(0xCD9E8D57)
WEYL_0 = np.uint64(0x9E3779B9)
WEYL_1 = np.uint64(0xBB67AE85)


def place(purpose: int, block: int, year: int | None) -> int:
    """Put purpose, block and year into word 2 of the counter."""
    when = NO_YEAR if year is None else (year - 2000) % 256
    if when == NO_YEAR and year is not None:
        raise ValueError(f"year {year} shares its place with 'no year'")
    return when | block << 8 | purpose << 16 | LAYOUT_VERSION << 24


@inlined
def philox(
    c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word
) -> tuple[Word, Word, Word, Word]:
    """Turn a counter and a key into four random 32-bit words.

    Each word travels in a 64-bit lane whose upper half may hold rubbish: narrowing
    after every multiplication, as the textbook form does, costs twice the time.
    """
    for _ in range(10):
        p0 = MULTIPLIER_0 * (c0 & LOW)
        p1 = MULTIPLIER_1 * (c2 & LOW)
        c0 = (p1 >> SHIFT) ^ c1 ^ k0
        c2 = (p0 >> SHIFT) ^ c3 ^ k1
        c1 = p1
        c3 = p0
        k0 = (k0 + WEYL_0) & LOW
        k1 = (k1 + WEYL_1) & LOW
    return c0 & LOW, c1 & LOW, c2 & LOW, c3 & LOW


@compiled
def fill_words(
    seed: int, first_draw: int, who: int, where: int, words: NDArray[np.uint64]
) -> None:
    """Fill `words`, shape (4, draw), with the words of consecutive draws."""
    k0 = np.uint64(seed) & LOW
    k1 = np.uint64(seed) >> SHIFT
    w0, w1, w2, w3 = words[0], words[1], words[2], words[3]
    for d in range(words.shape[1]):
        draw = np.uint64(first_draw) + np.uint64(d)
        a, b, c, e = philox(
            draw & LOW, np.uint64(who), np.uint64(where), draw >> SHIFT, k0, k1
        )
        w0[d] = a
        w1[d] = b
        w2[d] = c
        w3[d] = e
