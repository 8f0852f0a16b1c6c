"""Variables that run files of format 2 hold and later ones do not."""

from collections.abc import Iterator
from typing import Final

from simulator.schema import (
    DRAW,
    FRACTION,
    KEPT_DRAW,
    QUANTILE,
    SYSTEM,
    TARGET,
    TRUST,
    TRUST_TYPE,
    YEAR,
    Variable,
)


def _retired() -> Iterator[Variable]:
    """Describe them: they are still read, and never written."""
    meaning = "fall of real unit cost in the year"
    dims: tuple[str, ...]
    for group, name, dims in (
        ("/sector", "productivity", (TARGET, DRAW, YEAR)),
        ("/trajectories", "productivity", (TARGET, KEPT_DRAW, TRUST, YEAR)),
        ("/bands", "trust_productivity", (TARGET, TRUST, YEAR, QUANTILE)),
        ("/bands", "type_productivity", (TARGET, TRUST_TYPE, YEAR, QUANTILE)),
        ("/bands", "system_productivity", (TARGET, SYSTEM, YEAR, QUANTILE)),
    ):
        yield Variable(group, name, dims, "f4", FRACTION, meaning)
    meaning = "growth of general prices"
    yield Variable("/drivers", "deflator", (DRAW, YEAR), "f4", FRACTION, meaning)


RETIRED: Final = {variable.path: variable for variable in _retired()}
