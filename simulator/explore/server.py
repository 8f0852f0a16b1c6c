"""The page served: which request gets which answer, and how it begins and stops."""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from simulator.errors import SimulatorError
from simulator.explore import safety, settings
from simulator.explore.explorer import FINE, QUICK, Explorer, Superseded
from simulator.explore.library import starlette, uvicorn
from simulator.explore.pages import Pages
from simulator.explore.safety import ENTER, HOST, KEY_HEADER, Guard, Keys
from simulator.schema import RUN_FILE

WAIT: Final = 3  # seconds, at the end, for answers that are on their way
OF_THE_PAGE: Final = {"explore.css": "text/css", "explore.js": "text/javascript"}


class Served:
    """A server that has its port, and is not open yet.

    Parameters
    ----------
    explorer
        What answers.
    port
        To listen at; 0 for one that is free.
    """

    def __init__(self, explorer: Explorer, port: int = 0) -> None:
        self.explorer = explorer
        self.socket = _listening(port)
        self.keys = Keys(self.socket.getsockname()[1])
        self.folder = Path(tempfile.mkdtemp(prefix="simulator-explore-"))
        self.pages = Pages(explorer, self.keys)
        self.door = self._write_door()
        self._server: Any = None

    def _write_door(self) -> Path:
        """Write the file that takes the code to the server: for this user alone.

        A browser is started with the name of the file, which anybody may see; an
        address with the code in it would stand on the browser's command line.
        """
        place = self.folder / "open.html"
        how = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(how, "w", encoding="utf-8") as file:
            file.write(self.pages.door())
        return place

    def run(self, opened: Callable[[], None] = lambda: None) -> None:
        """Serve until told to stop; `opened` is called when it listens."""
        config = uvicorn().Config(
            self._app(opened),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=WAIT,
        )
        explorer = self.explorer

        class Server(uvicorn().Server):  # type: ignore[misc]
            """One that lets simulations end when it is told to stop."""

            def handle_exit(self, sig: int, frame: Any) -> None:
                explorer.stopped.set()
                super().handle_exit(sig, frame)

        self._server = Server(config)
        try:
            self._server.run(sockets=[self.socket])
        except KeyboardInterrupt:
            return  # the way to stop it
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the port and of what was written."""
        self.socket.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _app(self, opened: Callable[[], None]) -> Guard:
        made = starlette()

        @asynccontextmanager
        async def lifespan(app: Any) -> AsyncIterator[None]:
            asyncio.get_running_loop().call_soon(opened)
            yield
            self.close()  # a signal may end the process before `run` does

        routes = [
            made.Route("/", self._shell),
            *(
                made.Route(f"/{name}", partial(self._file, name))
                for name in OF_THE_PAGE
            ),
            made.Route(ENTER, self._enter, methods=["POST"]),
            made.Route("/page", self._page, methods=["POST"]),
            made.Route("/answer", self._answer, methods=["POST"]),
            made.Route("/sources", self._sources, methods=["POST"]),
            made.Route("/scenario.toml", self._scenario, methods=["POST"]),
            made.Route("/run.h5", self._run_file, methods=["POST"]),
            made.Route("/stop", self._stop, methods=["POST"]),
        ]
        app = made.Starlette(
            routes=routes,
            lifespan=lifespan,
            exception_handlers={Superseded: _given_up},
        )
        return Guard(app, self.keys)

    # --- what is answered; functions that are not async run in threads ----------------

    def _shell(self, request: Any) -> Any:
        return _html(self.pages.shell(request.scope["pairs"]))

    def _file(self, name: str, request: Any) -> Any:
        return starlette().Response(self.pages.file(name), media_type=OF_THE_PAGE[name])

    def _enter(self, request: Any) -> Any:
        pairs = request.scope["pairs"]
        if not self.keys.enter(dict(pairs).get("code", "").strip()):
            return _html(
                self.pages.shell(pairs, "This code is not good any more."), 403
            )
        self.door.unlink(missing_ok=True)
        linked = dict(pairs).get("link", "")
        body, status = self.pages.page(safety.pairs_of(linked.encode()), QUICK)
        page = _html(body, status)
        page.headers["set-cookie"] = self.keys.set_cookie()
        return page

    def _page(self, request: Any) -> Any:
        whole = KEY_HEADER not in request.headers
        return _html(*self.pages.page(request.scope["pairs"], QUICK, whole=whole))

    def _answer(self, request: Any) -> Any:
        pairs = request.scope["pairs"]
        draws = FINE if dict(pairs).get("draws") == str(FINE) else QUICK
        return _html(*self.pages.answer(pairs, draws))

    def _sources(self, request: Any) -> Any:
        return _html(*self.pages.sources(request.scope["pairs"]))

    def _scenario(self, request: Any) -> Any:
        try:
            name, text = self.pages.scenario(request.scope["pairs"])
        except SimulatorError as error:
            return _html(*self.pages.sources(request.scope["pairs"], str(error)))
        return starlette().Response(
            text, media_type="application/toml", headers=_saved(f"{name}.toml")
        )

    def _run_file(self, request: Any) -> Any:
        place = Path(tempfile.mkdtemp(dir=self.folder)) / f"run{RUN_FILE}"
        try:
            asked = self.explorer.complete(settings.read(request.scope["pairs"]))
            name = self.explorer.save(asked, place)
        except SimulatorError as error:
            return _html(self.pages.shell([], str(error)), 422)
        return starlette().FileResponse(
            place,
            media_type="application/x-hdf5",
            headers=_saved(f"{name}-explored{RUN_FILE}"),
            background=starlette().BackgroundTask(shutil.rmtree, place.parent),
        )

    def _stop(self, request: Any) -> Any:
        self.explorer.stopped.set()
        self._server.should_exit = True
        return _html(self.pages.stopped())


def _html(text: str, status: int = 200) -> Any:
    return starlette().HTMLResponse(text, status)


def _given_up(request: Any, error: Exception) -> Any:
    """Answer a question that nobody waits for."""
    return starlette().Response(status_code=204)


def _saved(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}


def _listening(port: int) -> socket.socket:
    """Take a port of this machine's own address, which no other machine reaches."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
    if exclusive is not None:  # or another program of Windows could share it
        made.setsockopt(socket.SOL_SOCKET, exclusive, 1)
    try:
        made.bind((HOST, port))
        made.listen()  # before anybody is told of it
    except (OSError, OverflowError) as error:
        made.close()
        reason = getattr(error, "strerror", None) or str(error)
        remedy = "give another with --port, or leave it out"
        raise SimulatorError(
            f"port {port}", f"cannot be used ({reason})", remedy
        ) from error
    return made
