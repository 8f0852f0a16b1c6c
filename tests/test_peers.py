"""The peer in C gives the kernel's own bits: what is timed is the same work."""

import pytest

from benchmarks import c_peer, case


@pytest.mark.skipif(c_peer.missing() is not None, reason=f"{c_peer.missing()}")
def test_the_peer_in_c_has_the_same_bits() -> None:
    assert c_peer.differences(case.make(), draws=130, threads=2) == []
