"""Random numbers by address: the generator, its layout, and what words become."""

from collections.abc import Callable, Iterable

import mpmath
import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from randomgen import Philox
from scipy.special import ndtri

from simulator.kernel import elementary, philox
from simulator.kernel.normal import LAST_TAIL, fill_normals, fill_uniforms

Words = NDArray[np.uint64]
Floats = NDArray[np.float64]

ONES = 0xFFFFFFFF
CENTRE = 2**31
REGION = int(0.075 * 2**32)  # where the normal changes its rational approximation

words32 = st.integers(0, ONES)
words64 = st.integers(0, 2**64 - 1)


def kernel_words(counter: Iterable[int], key: Iterable[int]) -> list[int]:
    """The kernel's four words of a counter (four words) and a key (two)."""
    address = [np.uint64(word) for word in (*counter, *key)]
    return [int(word) for word in philox.philox(*address)]


def joined(words: Iterable[int]) -> int:
    """One integer from 32-bit words, low word first."""
    return sum(int(word) << (32 * place) for place, word in enumerate(words))


def independent_words(counter: int, key: int, n: int = 1) -> NDArray[np.int64]:
    """The words of `n` consecutive counters by randomgen: shape (n, 4).

    Its generator adds one to the counter before each block.
    """
    generator = Philox(counter=(counter - 1) % 2**128, key=key, number=4, width=32)
    return np.asarray(generator.random_raw(4 * n), np.int64).reshape(n, 4)


def filled(seed: int, first_draw: int, who: int, where: int, n: int) -> Words:
    """The kernel's words of `n` consecutive draws: shape (4, n)."""
    words = np.empty((4, n), np.uint64)
    # A Python integer enters compiled code with 63 bits only.
    philox.fill_words(np.uint64(seed), first_draw, who, where, words)
    return words


def normals(words: Iterable[int] | Words) -> Floats:
    given_words = np.asarray(words, np.uint64)
    out = np.empty(len(given_words))
    fill_normals(given_words, out)
    return out


def uniforms(words: Iterable[int] | Words) -> Floats:
    given_words = np.asarray(words, np.uint64)
    out = np.empty(len(given_words))
    fill_uniforms(given_words, out)
    return out


def around(place: int, reach: int = 200) -> NDArray[np.int64]:
    """Consecutive words about a place, those that exist."""
    return np.arange(max(place - reach, 0), min(place + reach, ONES) + 1)


def telling_words() -> Words:
    """Both tails, both changes of region, the centre, and words of all sizes."""
    rng = np.random.default_rng(20190401)
    small = (2.0 ** rng.uniform(0.0, 31.0, 1000)).astype(np.int64)
    places = (0, REGION, CENTRE, ONES - REGION, ONES)
    chosen = [*map(around, places), small, ONES - small, rng.integers(0, 2**32, 2000)]
    return np.unique(np.concatenate(chosen)).astype(np.uint64)


# The generator.


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        # Random123, tests/kat_vectors (commit 9545ff64), philox4x32 10.
        (
            (0x00000000, 0x00000000, 0x00000000, 0x00000000),
            (0x00000000, 0x00000000),
            [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8],
        ),
        (
            (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
            (0xFFFFFFFF, 0xFFFFFFFF),
            [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD],
        ),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_philox_gives_the_published_known_answers(
    counter: tuple[int, ...], key: tuple[int, ...], words: list[int]
) -> None:
    assert kernel_words(counter, key) == words


def test_philox_equals_an_independent_generator_at_thousands_of_addresses() -> None:
    rng = np.random.default_rng(123)
    addresses = rng.integers(0, 2**32, (4000, 6))
    # Whole words of zeros and ones too, in every place.
    addresses[rng.random(addresses.shape) < 0.1] = 0
    addresses[rng.random(addresses.shape) < 0.1] = ONES
    for address in addresses:
        counter, key = address[:4], address[4:]
        expected = independent_words(joined(counter), joined(key))
        assert kernel_words(counter, key) == expected[0].tolist()


@given(counter=st.tuples(*[words32] * 4), key=st.tuples(*[words32] * 2))
def test_rubbish_above_the_low_half_of_a_word_changes_nothing(
    counter: tuple[int, ...], key: tuple[int, ...]
) -> None:
    # Words travel in 64-bit lanes between rounds; only their low half may count.
    c0, c1, c2, c3 = counter
    garbage = (c0 | 0xDEADBEEF << 32, c1, c2 | 0xFACADE << 32, c3)
    assert kernel_words(garbage, key) == kernel_words(counter, key)


# The layout of an address.


@given(
    seed=words64,
    first_draw=st.integers(0, 2**62),
    who=words32,
    where=words32,
    n=st.integers(1, 40),
)
def test_words_stand_at_the_documented_address(
    seed: int, first_draw: int, who: int, where: int, n: int
) -> None:
    words = filled(seed, first_draw, who, where, n)
    for d in range(n):
        low, high = (first_draw + d) & ONES, (first_draw + d) >> 32
        expected = independent_words(joined((low, who, where, high)), seed)
        assert words[:, d].tolist() == expected[0].tolist()


@given(seed=st.integers(0, 2**63 - 1))
def test_a_seed_is_its_number_whatever_its_type(seed: int) -> None:
    words = np.empty((4, 3), np.uint64)
    philox.fill_words(seed, 0, 1, 2, words)
    assert np.array_equal(words, filled(seed, 0, 1, 2, 3))


def test_draws_go_on_beyond_two_to_the_thirty_two() -> None:
    words = filled(7, 2**32 - 3, 11, 13, 6)
    for d, (low, high) in enumerate(
        [(ONES - 2, 0), (ONES - 1, 0), (ONES, 0), (0, 1), (1, 1), (2, 1)]
    ):
        expected = independent_words(joined((low, 11, 13, high)), 7)
        assert words[:, d].tolist() == expected[0].tolist()
    assert not np.isin(words, filled(7, 0, 11, 13, 6)).any()


@given(
    purpose=st.integers(1, 5),
    block=st.integers(0, 255),
    year=st.integers(2000, 2254) | st.none(),
)
def test_place_puts_each_part_into_its_own_byte(
    purpose: int, block: int, year: int | None
) -> None:
    where = philox.place(purpose, block, year)
    version = philox.LAYOUT_VERSION
    expected = (255 if year is None else year - 2000, block, purpose, version)
    assert tuple(where.to_bytes(4, "little")) == expected


def test_the_second_version_of_the_layout_does_not_move() -> None:
    assert philox.LAYOUT_VERSION == 2
    assert philox.NATION == 0
    assert philox.place(philox.ASSUMPTION, 0, None) == 0x020100FF
    assert philox.place(philox.NATIONAL, 1, 2019) == 0x02020113
    assert philox.place(philox.TYPE, 0, 2019) == 0x02030013
    assert philox.place(philox.TRUST, 0, 2019) == 0x02040013
    assert philox.place(philox.TRUST, 0, None) == 0x020400FF
    assert philox.place(philox.PROGRAMME, 0, None) == 0x020500FF


@pytest.mark.parametrize("year", [1999, 2255, 2511])
def test_a_year_in_the_place_of_no_year_is_refused(year: int) -> None:
    with pytest.raises(ValueError, match=str(year)):
        philox.place(philox.TRUST, 0, year)


@given(
    seed=words64,
    first_draw=st.integers(0, 2**40),
    who=words32,
    where=words32,
    n=st.integers(1, 50),
)
def test_more_draws_leave_the_first_ones_as_they_were(
    seed: int, first_draw: int, who: int, where: int, n: int
) -> None:
    few = filled(seed, first_draw, who, where, n)
    many = filled(seed, first_draw, who, where, 4 * n)
    assert np.array_equal(many[:, :n], few)
    later = filled(seed, first_draw + n, who, where, 3 * n)
    assert np.array_equal(many[:, n:], later)
    assert np.array_equal(normals(many[0])[:n], normals(few[0]))


@given(
    address=st.tuples(words64, st.integers(0, 2**40), words32, words32),
    other=st.tuples(words64, st.integers(0, 2**40), words32, words32),
    part=st.integers(0, 3),
)
def test_every_part_of_an_address_counts(
    address: tuple[int, ...], other: tuple[int, ...], part: int
) -> None:
    moved = list(address)
    moved[part] = other[part]
    same = np.array_equal(filled(*address, 1), filled(*moved, 1))
    assert same == (moved == list(address))


# Normal and uniform numbers.


def normal_error(word: int, z: float) -> float:
    """How far a normal is from the exact one: a Newton step at 40 digits."""
    with mpmath.workdps(40):
        below = (mpmath.mpf(word) + mpmath.mpf(1) / 2) / 2**32
        found = mpmath.mpf(z)
        excess = mpmath.erfc(-found / mpmath.sqrt(2)) / 2 - below
        density = mpmath.exp(-found * found / 2) / mpmath.sqrt(2 * mpmath.pi)
        return float(excess / density)


def test_normals_are_exact_to_the_last_digits_in_the_centre_and_both_tails() -> None:
    words = telling_words()
    errors = [
        abs(normal_error(int(word), float(z)))
        for word, z in zip(words, normals(words), strict=True)
    ]
    assert max(errors) < 4e-15


def test_the_measure_of_that_error_would_notice_a_wrong_normal() -> None:
    for word in (0, 5, REGION, CENTRE, ONES):
        z = float(normals([word])[0])
        assert abs(normal_error(word, z + 1e-14)) > 9e-15
        assert abs(normal_error(word, -z)) > 1e-10


def test_the_middle_ends_where_the_algorithm_says() -> None:
    last, next_one = ((word + 0.5) / 2**32 for word in (LAST_TAIL, LAST_TAIL + 1))
    assert 0.5 - last > 0.425 >= 0.5 - next_one


@given(st.lists(st.sampled_from([0, 7, LAST_TAIL, LAST_TAIL + 1, CENTRE, ONES])))
def test_a_normal_does_not_depend_on_its_neighbours(given_words: list[int]) -> None:
    alone = [normals([word])[0] for word in given_words]
    assert normals(given_words).tolist() == alone


def test_normals_are_symmetric_to_the_bit() -> None:
    rng = np.random.default_rng(5)
    words = np.concatenate([telling_words(), rng.integers(0, 2**32, 10**6).view("u8")])
    mirrored = ~words & np.uint64(ONES)
    assert np.array_equal(normals(words), -normals(mirrored))


def test_normals_reach_no_further_than_stated() -> None:
    lowest, highest = normals([0, ONES])
    assert lowest == -highest
    assert 6.337 < highest < 6.339
    assert normals([CENTRE - 1])[0] < 0.0 < normals([CENTRE])[0]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(np.arange(0, 2**32, 4099), id="dense grid"),
        pytest.param(np.arange(200_000), id="lower tail"),
        pytest.param(around(REGION, 100_000), id="lower change of region"),
        pytest.param(around(CENTRE, 100_000), id="centre"),
        pytest.param(around(ONES - REGION, 100_000), id="upper change of region"),
        pytest.param(around(ONES, 200_000), id="upper tail"),
    ],
)
def test_a_higher_word_gives_a_higher_normal(words: NDArray[np.int64]) -> None:
    assert (np.diff(normals(words)) > 0.0).all()


@pytest.mark.slow
def test_every_word_gives_a_higher_normal_than_the_one_before() -> None:
    # The other half mirrors this one.
    step = 2**24
    for first in range(0, CENTRE, step):
        assert (np.diff(normals(np.arange(first, first + step + 1))) > 0.0).all()


def test_uniforms_stand_in_the_middle_of_their_cell_and_inside_zero_and_one() -> None:
    words = telling_words()
    found = uniforms(words)
    # Exact: 33 bits are enough.
    assert np.array_equal(found, (words + 0.5) / 2.0**32)
    assert found.min() == 2.0**-33
    assert found.max() == 1.0 - 2.0**-33


def test_the_normal_of_a_word_is_that_of_its_uniform() -> None:
    words = telling_words()
    below = uniforms(words)
    # The distance from the nearer end, which is exact, keeps the upper tail's digits.
    nearer = np.minimum(below, 1.0 - below)
    expected = np.copysign(ndtri(nearer), below - 0.5)
    assert np.abs(normals(words) - expected).max() < 4e-15


def test_a_row_is_filled_whatever_stands_beside_it() -> None:
    words = filled(3, 0, 1, 2, 77)
    whole = normals(words[1])
    assert all(normals(words[1, d : d + 1])[0] == whole[d] for d in range(77))


# Logarithm and exponential.


def each(function: Callable[[float], float], values: Floats) -> Floats:
    """A compiled function of one number at each of many."""

    @numba.njit(error_model="numpy")
    def fill(values: Floats, out: Floats) -> None:
        for d in range(values.shape[0]):
            out[d] = function(values[d])

    out = np.empty(len(values))
    fill(values, out)
    return out


def ulps(found: Floats, exact: Callable[[mpmath.mpf], mpmath.mpf], at: Floats) -> float:
    """The largest distance from the exact values, in units of their last place."""
    worst = 0.0
    with mpmath.workdps(60):
        for value, x in zip(found, at, strict=True):
            truth = exact(mpmath.mpf(float(x)))
            unit = float(np.spacing(abs(float(truth)))) or float(np.spacing(0.0))
            worst = max(worst, float(abs(mpmath.mpf(float(value)) - truth)) / unit)
    return worst


def test_logarithm_is_exact_within_two_units_of_the_last_place() -> None:
    rng = np.random.default_rng(8)
    one = np.float64(1.0).view(np.int64)
    near_one = (one + np.arange(-300, 301)).view(np.float64)
    at = np.concatenate(
        [
            (rng.random(1500) + 1.0) * 2.0 ** rng.integers(-1022, 1023, 1500),
            near_one,
            1.0 + rng.normal(0.0, 1e-3, 500),
            rng.uniform(0.5, 2.0, 1500),
            # All that the normal asks for: tail probabilities.
            (np.arange(500) + 0.5) * 2.0**-32,
            rng.random(1500) / 2.0,
            np.sqrt(0.5) * (1.0 + np.arange(-20, 21) * 2.0**-53),
            [2.0**-1022, np.finfo(np.float64).max, 0.5, 2.0, 4.0, np.e],
        ]
    )
    assert ulps(each(elementary.log, at), mpmath.log, at) < 2.0
    assert elementary.log(1.0) == 0.0


def test_exponential_is_exact_within_two_units_of_the_last_place() -> None:
    rng = np.random.default_rng(9)
    half_turns = (np.arange(-1000, 1000) + 0.5) * np.log(2.0)  # where 2**k changes
    at = np.concatenate(
        [
            rng.uniform(-700.0, 700.0, 2000),
            rng.normal(0.0, 0.3, 2000),  # all that delivery multipliers ask for
            rng.normal(0.0, 1.0, 500) * 10.0 ** rng.uniform(-300.0, 0.0, 500),
            half_turns,
            half_turns * (1.0 + 2.0**-52),
            [-700.0, 700.0, 0.0, -0.0, 1.0, -1.0],
        ]
    )
    assert ulps(each(elementary.exp, at), mpmath.exp, at) < 2.0
    assert elementary.exp(0.0) == 1.0


def test_exponential_undoes_the_logarithm() -> None:
    values = np.random.default_rng(10).uniform(0.2, 5.0, 10_000)
    back = each(elementary.exp, each(elementary.log, values))
    assert np.abs(back / values - 1.0).max() < 1e-15
