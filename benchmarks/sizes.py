"""How much is measured: for the record, or for a look of a minute."""

from typing import Final, NamedTuple


class Sizes(NamedTuple):
    """Draws and repeats of every table."""

    draws: int  # of the table of peers
    repeats: int
    plain_draws: int  # of plain NumPy, which is slow
    part: float  # of those draws, for peers whose time is linear in them
    per_draw: int  # draws of the frameworks that call once a draw
    two_threads_of_plain: bool
    targets: tuple[int, ...]
    target_years: int  # trust-years of a measurement of the table of targets
    numpy_draws: int  # of NumPy in that table
    numpy_repeats: int
    trusts: tuple[float, ...]  # multiples of the population
    process_draws: tuple[int, ...]  # whole runs of one target
    process_repeats: int
    cold: int  # repeats of a cold start


FULL: Final = Sizes(
    draws=10_000,
    repeats=5,
    plain_draws=10_000,
    part=0.4096,
    per_draw=40,
    two_threads_of_plain=True,
    targets=(1, 5, 10, 20, 50),
    target_years=40_000_000,
    numpy_draws=512,
    numpy_repeats=3,
    trusts=(0.5, 1.0, 2.0, 4.0),
    process_draws=(1_000, 10_000, 100_000, 1_000_000),
    process_repeats=5,
    cold=3,
)
QUICK: Final = Sizes(
    draws=2048,
    repeats=2,
    plain_draws=256,
    part=0.25,
    per_draw=3,
    two_threads_of_plain=False,
    targets=(1, 10),
    target_years=6_000_000,
    numpy_draws=128,
    numpy_repeats=1,
    trusts=(0.5, 1.0),
    process_draws=(1_000, 10_000),
    process_repeats=1,
    cold=1,
)
