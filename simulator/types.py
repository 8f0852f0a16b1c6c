"""Types with a meaning that many modules share."""

from collections.abc import Callable
from os import PathLike
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
# Told how many draws, rows or runs were finished since the last call.
OnProgress: TypeAlias = Callable[[int], None]
# Told in a few words what begins.
OnStep: TypeAlias = Callable[[str], None]
# Where a file is, or is to be; or a packaged name.
Place: TypeAlias = str | PathLike[str]
