"""The libraries that serve the page, asked for when it is served: an extra."""

from types import SimpleNamespace
from typing import Any, Final

from simulator.errors import SimulatorError

EXTRA: Final = 'pip install "nhs-efficiency-simulator[explore]"'


def check() -> None:
    """Refuse to begin without what serves, before any work is done."""
    starlette()
    uvicorn()
    jinja2()


def starlette() -> Any:
    """Give the parts of Starlette that are used."""
    try:
        from starlette import (  # noqa: PLC0415 - an extra
            applications,
            background,
            responses,
            routing,
        )
    except ImportError as error:
        raise _missing("starlette") from error
    return SimpleNamespace(
        Starlette=applications.Starlette,
        BackgroundTask=background.BackgroundTask,
        Response=responses.Response,
        HTMLResponse=responses.HTMLResponse,
        FileResponse=responses.FileResponse,
        Route=routing.Route,
    )


def uvicorn() -> Any:
    """Give the server."""
    try:
        import uvicorn  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise _missing("uvicorn") from error
    return uvicorn


def jinja2() -> Any:
    """Give the library that lays out pages."""
    try:
        import jinja2  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise _missing("jinja2") from error
    return jinja2


def _missing(name: str) -> SimulatorError:
    return SimulatorError("explore", f"needs {name}, which is not installed", EXTRA)
