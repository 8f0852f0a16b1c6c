"""Published files that are not in this repository, for tests that can do without.

`SIMULATOR_EVIDENCE` names the folder where they lie. What happens to lie beside a
checkout is not looked at: a test must not pass in one place and fail in another.
"""

import os
from pathlib import Path

import pytest

FOLDER = os.environ.get("SIMULATOR_EVIDENCE")
needs_evidence = pytest.mark.skipif(
    not FOLDER, reason="SIMULATOR_EVIDENCE names no folder of published files"
)


def evidence(*parts: str) -> Path:
    """Name a published file by its path in that folder."""
    return Path(FOLDER or ".", *parts)
