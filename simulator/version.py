"""The version that is installed."""

from importlib.metadata import version
from typing import Final

__version__: Final = version("nhs-efficiency-simulator")
