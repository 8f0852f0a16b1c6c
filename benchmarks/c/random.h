/* Random words by address, logarithm, exponential and normals: + - * / sqrt, fma and
   integer operations only, so that the bits are those of simulator/kernel. */
#ifndef RANDOM_H
#define RANDOM_H

#include "rows.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

#define FMA __builtin_fma
#define LOW UINT64_C(0xFFFFFFFF)

static inline int64_t bits_of(double x) { int64_t b; memcpy(&b, &x, 8); return b; }
static inline double float_of(int64_t b) { double x; memcpy(&x, &b, 8); return x; }

/* Adding and taking away 1.5 * 2**52 makes a small integer a float and back. */
#define ROUND 6755399441055744.0
#define ROUND_BITS INT64_C(0x4338000000000000)

static inline double as_float(int64_t k) { return float_of(k + ROUND_BITS) - ROUND; }

/* Philox4x32-10 of LANES consecutive draws. */
static inline void fill_words(uint64_t seed, uint64_t first_draw, uint64_t who,
                              uint64_t where, uint64_t (*restrict words)[LANES])
{
    for (int d = 0; d < LANES; d++) {
        uint64_t draw = first_draw + (uint64_t)d;
        uint64_t c0 = draw & LOW, c1 = who, c2 = where, c3 = draw >> 32;
        uint64_t k0 = seed & LOW, k1 = seed >> 32;
        for (int round = 0; round < 10; round++) {
            uint64_t p0 = UINT64_C(0xD2511F53) * (c0 & LOW);
            uint64_t p1 = UINT64_C(0xCD9E8D57) * (c2 & LOW);
            c0 = (p1 >> 32) ^ c1 ^ k0;
            c2 = (p0 >> 32) ^ c3 ^ k1;
            c1 = p1;
            c3 = p0;
            k0 = (k0 + UINT64_C(0x9E3779B9)) & LOW;
            k1 = (k1 + UINT64_C(0xBB67AE85)) & LOW;
        }
        words[0][d] = c0 & LOW;
        words[1][d] = c1 & LOW;
        words[2][d] = c2 & LOW;
        words[3][d] = c3 & LOW;
    }
}

/* x = 2**k m, log m = 2 artanh((m - 1)/(m + 1)) by its series. */
static inline double log_of(double x)
{
    int64_t bits = bits_of(x);
    int64_t k = (bits - INT64_C(0x3FE6A09E667F3BCD)) >> 52;
    double m = float_of(bits - (int64_t)((uint64_t)k << 52));
    double f = m - 1.0;
    double s = f / (2.0 + f);
    double z = s * s;
    double series = FMA(z, 1.0 / 23.0, 1.0 / 21.0);
    series = FMA(z, series, 1.0 / 19.0);
    series = FMA(z, series, 1.0 / 17.0);
    series = FMA(z, series, 1.0 / 15.0);
    series = FMA(z, series, 1.0 / 13.0);
    series = FMA(z, series, 1.0 / 11.0);
    series = FMA(z, series, 1.0 / 9.0);
    series = FMA(z, series, 1.0 / 7.0);
    series = FMA(z, series, 1.0 / 5.0);
    series = FMA(z, series, 1.0 / 3.0);
    double tail = s * (f - 2.0 * z * series);
    double power = as_float(k);
    return FMA(power, 6.93147180369123816490e-01,
               f - (tail - power * 1.90821492927058770002e-10));
}

/* x = k ln 2 + r; exp r by its Taylor series, 2**k from its bits. */
static inline double exp_of(double x)
{
    double shifted = FMA(x, 1.4426950408889634, ROUND);
    double k = shifted - ROUND;
    double r = FMA(-k, 6.93147180369123816490e-01, x);
    r = FMA(-k, 1.90821492927058770002e-10, r);
    double series = FMA(r, 1.0 / 6227020800.0, 1.0 / 479001600.0);
    series = FMA(r, series, 1.0 / 39916800.0);
    series = FMA(r, series, 1.0 / 3628800.0);
    series = FMA(r, series, 1.0 / 362880.0);
    series = FMA(r, series, 1.0 / 40320.0);
    series = FMA(r, series, 1.0 / 5040.0);
    series = FMA(r, series, 1.0 / 720.0);
    series = FMA(r, series, 1.0 / 120.0);
    series = FMA(r, series, 1.0 / 24.0);
    series = FMA(r, series, 1.0 / 6.0);
    series = FMA(r, series, 0.5);
    series = FMA(r * r, series, r) + 1.0;
    return series * float_of((int64_t)((uint64_t)bits_of(shifted) << 52)
                             + INT64_C(0x3FF0000000000000));
}

#define HORNER(x, c7, c6, c5, c4, c3, c2, c1, c0)                                      \
    FMA(x, FMA(x, FMA(x, FMA(x, FMA(x, FMA(x, FMA(x, c7, c6), c5), c4), c3), c2), c1), \
        c0)

/* A word held in 64 bits, without its sign; the sign of the word is that of the tail. */
static inline int64_t fold(uint64_t word)
{
    int64_t signed_word = (int64_t)(word << 32) >> 32;
    return signed_word ^ (signed_word >> 63);
}

static inline double tail_of(uint64_t word)
{
    double tail = (as_float(fold(word)) + 0.5) * 0x1p-32;
    return (int64_t)(word << 32) >= 0 ? -tail : tail;
}

/* Wichura's AS 241 on a folded 32-bit word: the middle, and the tails. */
static inline double middle(double tail)
{
    double q = 0.5 - fabs(tail);
    double x = 0.180625 - q * q;
    double top = HORNER(
        x, 2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
        4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
        1.3314166789178437745e2, 3.3871328727963666080e0);
    double bottom = HORNER(
        x, 5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4,
        2.1213794301586595867e4, 5.3941960214247511077e3, 6.8718700749205790830e2,
        4.2313330701600911252e1, 1.0);
    double size = q * (top / bottom);
    return tail > 0.0 ? size : -size;
}

static inline double outer(double tail)
{
    double x = sqrt(-log_of(fabs(tail))) - 1.6;
    double top = HORNER(
        x, 7.74545014278341407640e-4, 2.27238449892691845833e-2,
        2.41780725177450611770e-1, 1.27045825245236838258e0, 3.64784832476320460504e0,
        5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0);
    double bottom = HORNER(
        x, 1.05075007164441684324e-9, 5.47593808499534494600e-4,
        1.51986665636164571966e-2, 1.48103976427480074590e-1, 6.89767334985100004550e-1,
        1.67638483018380384940e0, 2.05319162663775882187e0, 1.0);
    double size = top / bottom;
    return tail > 0.0 ? size : -size;
}

#define LAST_TAIL 322122546
#define VECTOR 16

/* Every word as if it lay in the middle, then those of the tails anew. */
static inline void fill_normals(int n_word, const uint64_t *restrict words,
                                double *restrict z, int32_t *restrict places,
                                double *restrict tails)
{
    int n_tail = 0;
    for (int d = 0; d < n_word; d++)
        z[d] = middle(tail_of(words[d]));
    for (int d = 0; d < n_word; d++) {
        places[n_tail] = d;
        n_tail += fold(words[d]) <= LAST_TAIL;
    }
    for (int j = 0; j < n_tail; j++)
        tails[j] = tail_of(words[places[j]]);
    int whole = (n_tail + VECTOR - 1) / VECTOR * VECTOR;
    for (int j = n_tail; j < whole; j++)
        tails[j] = 0.01;
    for (int j = 0; j < whole; j++)
        tails[j] = outer(tails[j]);
    for (int j = 0; j < n_tail; j++)
        z[places[j]] = tails[j];
}

#endif
