"""The libraries that draw, asked for when something is drawn: an extra."""

from typing import Any, Final

from simulator.errors import SimulatorError

EXTRA: Final = 'pip install "nhs-efficiency-simulator[report]"'


def altair() -> Any:
    """Give the library whose charts all functions here return."""
    try:
        import altair  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise missing("charts", "altair") from error
    return altair


def vl_convert() -> Any:
    """Give the library that draws them without a browser."""
    try:
        import vl_convert  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise missing("charts", "vl-convert-python") from error
    return vl_convert


def missing(what: str, name: str) -> SimulatorError:
    """Say what cannot be made without a library, and how to get it."""
    return SimulatorError(what, f"needs {name}, which is not installed", EXTRA)
