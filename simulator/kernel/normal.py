"""Uniform and normal numbers from random words.

The normal is the inverse of the distribution function by Wichura's rational
approximations (Algorithm AS 241, Applied Statistics 37, 1988, 477-484, PPND16): one
for the middle, one for the tails. Every number is made as if it lay in the middle, in
a loop without a branch, so that it vectorises; then the 15% that lie in the tails,
which take most of the work, are gathered and made anew.

A 32-bit word is folded, not subtracted from one: the top bit gives the sign and the
other 31 the tail probability, so z(w) = -z(not w) to the bit and both tails keep
their full relative precision. The largest magnitude is 6.338. The tail probability
is at least 2**-33, so the third region of AS 241 (below 1.4e-11) is never reached.
"""

import math

import numpy as np
from numpy.typing import NDArray

from simulator.kernel.elementary import as_float, fma, log
from simulator.kernel.jit import compiled, inlined

TWO_POWER_MINUS_32 = 2.0**-32
# The last word, folded, whose tail probability is below 0.075, where the middle ends.
LAST_TAIL = 322122546
VECTOR = 16  # tails are made in whole vectors; a power of two above any processor's

A = (
    3.3871328727963666080e0,
    1.3314166789178437745e2,
    1.9715909503065514427e3,
    1.3731693765509461125e4,
    4.5921953931549871457e4,
    6.7265770927008700853e4,
    3.3430575583588128105e4,
    2.5090809287301226727e3,
)
B = (
    1.0,
    4.2313330701600911252e1,
    6.8718700749205790830e2,
    5.3941960214247511077e3,
    2.1213794301586595867e4,
    3.9307895800092710610e4,
    2.8729085735721942674e4,
    5.2264952788528545610e3,
)
C = (
    1.42343711074968357734e0,
    4.63033784615654529590e0,
    5.76949722146069140550e0,
    3.64784832476320460504e0,
    1.27045825245236838258e0,
    2.41780725177450611770e-1,
    2.27238449892691845833e-2,
    7.74545014278341407640e-4,
)
D = (
    1.0,
    2.05319162663775882187e0,
    1.67638483018380384940e0,
    6.89767334985100004550e-1,
    1.48103976427480074590e-1,
    1.51986665636164571966e-2,
    5.47593808499534494600e-4,
    1.05075007164441684324e-9,
)


@inlined
def polynomial(x: float, c: tuple[float, ...]) -> float:
    """Evaluate c[0] + c[1] x + ... + c[7] x**7 by Horner's rule."""
    value = fma(x, c[7], c[6])
    value = fma(x, value, c[5])
    value = fma(x, value, c[4])
    value = fma(x, value, c[3])
    value = fma(x, value, c[2])
    value = fma(x, value, c[1])
    return fma(x, value, c[0])


@inlined
def fold(word: np.uint64) -> tuple[np.int64, np.int64]:
    """Fold a 32-bit word, held in 64 bits: the word with its sign, and without."""
    signed = np.int64(word << np.uint64(32)) >> np.int64(32)
    return signed, signed ^ (signed >> np.int64(63))


@inlined
def tail_of(word: np.uint64) -> float:
    """Give the probability of the nearer tail, below one half, with the word's sign."""
    signed, folded = fold(word)
    tail = (as_float(folded) + 0.5) * TWO_POWER_MINUS_32
    # Word 0 is the lowest probability, all ones the highest: sign from the top bit.
    return -tail if signed >= 0 else tail


@inlined
def middle(tail: float) -> float:
    """Turn a signed tail probability of at least 0.075 into a normal number."""
    q = 0.5 - abs(tail)
    inner = 0.180625 - q * q
    size = q * (polynomial(inner, A) / polynomial(inner, B))
    return size if tail > 0.0 else -size


@inlined
def outer(tail: float) -> float:
    """Turn a signed tail probability below 0.075 into a normal number."""
    far = math.sqrt(-log(abs(tail))) - 1.6
    size = polynomial(far, C) / polynomial(far, D)
    return size if tail > 0.0 else -size


@inlined
def uniform(word: np.uint64) -> float:
    """Turn a 32-bit word into a number strictly between 0 and 1."""
    return (as_float(np.int64(word)) + 0.5) * TWO_POWER_MINUS_32


@compiled
def fill_normals(words: NDArray[np.uint64], out: NDArray[np.float64]) -> None:
    """Turn a row of words, shape (draw,), into standard normals."""
    n_word, n_tail = words.shape[0], 0
    places = np.empty(n_word, np.int64)
    tails = np.empty(n_word + VECTOR)
    for d in range(n_word):
        out[d] = middle(tail_of(words[d]))
    for d in range(n_word):
        places[n_tail] = d
        n_tail += int(fold(words[d])[1] <= LAST_TAIL)
    for j in range(n_tail):
        tails[j] = tail_of(words[places[j]])
    # What is left over from whole vectors would be made one by one, in as much time.
    whole = (n_tail + VECTOR - 1) // VECTOR * VECTOR
    for j in range(n_tail, whole):
        tails[j] = 0.01
    for j in range(whole):
        tails[j] = outer(tails[j])
    for j in range(n_tail):
        out[places[j]] = tails[j]


@compiled
def fill_uniforms(words: NDArray[np.uint64], out: NDArray[np.float64]) -> None:
    """Turn a row of words, shape (draw,), into numbers in (0, 1)."""
    for d in range(words.shape[0]):
        out[d] = uniform(words[d])
