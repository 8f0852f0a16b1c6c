"""The axis of all that may achieve: trusts, then types, then systems."""

from typing import NamedTuple

from simulator.kernel.tables import Trusts
from simulator.schema import TRUST_TYPES


class Units(NamedTuple):
    """How many there are of each, and where each stands; the kernel keeps to it."""

    n_trust: int
    n_kind: int
    n_system: int

    @property
    def n(self) -> int:
        """Give the length of the axis."""
        return self.n_trust + self.n_kind + self.n_system

    @property
    def trusts(self) -> slice:
        """Say where trusts stand."""
        return slice(0, self.n_trust)

    @property
    def kinds(self) -> slice:
        """Say where types stand."""
        return slice(self.n_trust, self.n_trust + self.n_kind)

    @property
    def systems(self) -> slice:
        """Say where systems stand."""
        return slice(self.n_trust + self.n_kind, self.n)


def of(trusts: Trusts) -> Units:
    """Count them."""
    return Units(len(trusts.income), len(TRUST_TYPES), len(trusts.first) - 1)
