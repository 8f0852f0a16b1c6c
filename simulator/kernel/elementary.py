"""Logarithm and exponential from exact operations only.

A libm's `log` and `exp` change their last bit with the processor's features. These
use + - * / fma and integer operations, which IEEE 754 fixes to the bit, and they
have no branch, so that a loop over draws becomes vector code.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from simulator.kernel.jit import inlined


def _fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """Multiply and add with one rounding: a * b + c."""
    signature = types.float64(types.float64, types.float64, types.float64)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fma(*args)

    return signature, generate


def _bits_of(typing: Any, value: Any) -> Any:
    """Read the 64 bits of a float as an integer."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), generate


def _float_of(typing: Any, bits: Any) -> Any:
    """Read 64 bits as a float."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), generate


fma = cast(Callable[[float, float, float], float], intrinsic(_fma))
bits_of = cast(Callable[[float], np.int64], intrinsic(_bits_of))
float_of = cast(Callable[[np.int64], float], intrinsic(_float_of))

# ln 2 in two parts, the first short enough that k * LN2_HIGH is exact.
LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
LOG2_E = 1.4426950408889634
# Adding and taking away 1.5 * 2**52 rounds to the nearest integer.
ROUND = 6755399441055744.0
ROUND_BITS = 0x4338000000000000
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
ONE_BITS = 0x3FF0000000000000


@inlined
def as_float(k: np.int64) -> float:
    """Turn an integer below 2**51 in size into a float, without AVX-512."""
    return float_of(k + ROUND_BITS) - ROUND


@inlined
def log(x: float) -> float:
    """Take the natural logarithm of a normal positive number, to about 1 ulp.

    x = 2**k * m with m in [sqrt(1/2), sqrt(2)); with s = (m - 1)/(m + 1),
    log m = 2 artanh(s), whose series in s**2 <= 0.0295 is cut where it no longer
    counts (Muller, Elementary Functions, 3rd ed., section 4.2).
    """
    bits = bits_of(x)
    k = (bits - SQRT_HALF_BITS) >> 52
    m = float_of(bits - (k << 52))
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    series = fma(z, 1.0 / 23.0, 1.0 / 21.0)
    series = fma(z, series, 1.0 / 19.0)
    series = fma(z, series, 1.0 / 17.0)
    series = fma(z, series, 1.0 / 15.0)
    series = fma(z, series, 1.0 / 13.0)
    series = fma(z, series, 1.0 / 11.0)
    series = fma(z, series, 1.0 / 9.0)
    series = fma(z, series, 1.0 / 7.0)
    series = fma(z, series, 1.0 / 5.0)
    series = fma(z, series, 1.0 / 3.0)
    # 2 artanh(s) = f - s * (f - 2 z series): keeps the leading term exact.
    tail = s * (f - 2.0 * z * series)
    power = as_float(k)
    return fma(power, LN2_HIGH, f - (tail - power * LN2_LOW))


@inlined
def exp(x: float) -> float:
    """Take the exponential of a number between -700 and 700, to about 1 ulp.

    x = k ln 2 + r with abs(r) <= ln(2)/2; exp r by its Taylor series to r**13,
    which leaves less than 1e-17; 2**k is put together from its bits.
    """
    shifted = fma(x, LOG2_E, ROUND)
    k = shifted - ROUND
    r = fma(-k, LN2_HIGH, x)
    r = fma(-k, LN2_LOW, r)
    series = fma(r, 1.0 / 6227020800.0, 1.0 / 479001600.0)
    series = fma(r, series, 1.0 / 39916800.0)
    series = fma(r, series, 1.0 / 3628800.0)
    series = fma(r, series, 1.0 / 362880.0)
    series = fma(r, series, 1.0 / 40320.0)
    series = fma(r, series, 1.0 / 5040.0)
    series = fma(r, series, 1.0 / 720.0)
    series = fma(r, series, 1.0 / 120.0)
    series = fma(r, series, 1.0 / 24.0)
    series = fma(r, series, 1.0 / 6.0)
    series = fma(r, series, 0.5)
    series = fma(r * r, series, r) + 1.0
    # The rounded k stands in the low bits of `shifted`; moved to the exponent it
    # makes 2**k without a conversion, which AVX2 does not have for 64 bits.
    return series * float_of((bits_of(shifted) << 52) + ONE_BITS)
