"""Who is let in: this user's browser alone, and pages of this server alone.

Anybody on the machine can reach a port of it, and any web page can have a browser send
requests to one. So:

- a code that is good once lets one browser in. It stands in the terminal and in a file
  that only this user can read, never in a link or on a command line;
- it is changed for a cookie, and for a key that each tab sends with every request. A
  cookie alone opens nothing: browsers send it to every port of the machine, whoever
  listens there, and a key to this server alone;
- the name of the host must be ours, or a page elsewhere could give its own name our
  address; and a request that another page or port began is refused.
"""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qsl

from simulator.explore.settings import MOST_PAIRS

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HOST: Final = "127.0.0.1"
MOST_BYTES: Final = 65_536  # of a request: a form holds a few thousand
KEY: Final = "key"  # field of a form, where no header can be sent
KEY_HEADER: Final = "x-explore-key"
ENTER: Final = "/enter"
OPEN: Final = ("/", "/explore.css", "/explore.js")  # hold nothing of anybody's
HEADERS: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src "
    "'self'; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # Not `no-referrer`: with it a browser hides the origin of our own forms too.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Keys:
    """The secrets of one server, and who has been let in."""

    def __init__(self, port: int) -> None:
        self.host = f"{HOST}:{port}"
        self.origin = f"http://{self.host}"
        self.cookie_name = f"explore-{port}"
        self.code = secrets.token_urlsafe(24)
        self.cookie = secrets.token_urlsafe(24)
        self.key = secrets.token_urlsafe(24)

    def enter(self, code: str) -> bool:
        """Take a code; it is good once."""
        fits = bool(self.code) and _same(code, self.code)
        if fits:
            self.code = ""
        return fits

    def set_cookie(self) -> str:
        """Write the header that gives a browser its cookie."""
        return f"{self.cookie_name}={self.cookie}; Path=/; HttpOnly; SameSite=Strict"

    def knows(self, cookies: str, key: str) -> bool:
        """See whether a request has both the cookie and the key."""
        try:
            found = SimpleCookie(cookies).get(self.cookie_name)
        except CookieError:
            return False
        cookie = "" if found is None else found.value
        return _same(cookie, self.cookie) and _same(key, self.key)


def _same(given: str, known: str) -> bool:
    """Compare in a time that tells nothing of where they differ."""
    return compare_digest(given.encode(), known.encode())


class Refused(Exception):  # noqa: N818 - it is an answer
    """A request that is not answered: a status and a line."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(status, why)
        self.status, self.why = status, why


class Guard:
    """Looks at every request before anything else does.

    What passes has the fields of its form, or of its link, in `scope["pairs"]`.
    """

    def __init__(self, app: App, keys: Keys) -> None:
        self.app, self.keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                pairs = ((n.encode(), v.encode()) for n, v in HEADERS.items())
                message["headers"] = [*message.get("headers", ()), *pairs]
            await send(message)

        try:
            scope["pairs"] = await self._checked(scope, receive)
        except Refused as refused:
            await _say(refused, guarded)
            return
        await self.app(scope, receive, guarded)

    async def _checked(self, scope: Scope, receive: Receive) -> list[tuple[str, str]]:
        if scope["type"] != "http":
            raise Refused(403, "Only pages are served here.")
        headers = {
            n.decode("latin-1"): v.decode("latin-1") for n, v in scope["headers"]
        }
        names = [name for name, _ in scope["headers"]]
        path, method = scope["path"], scope["method"]
        if names.count(b"host") != 1 or headers["host"] != self.keys.host:
            raise Refused(421, f"This server is {self.keys.origin} and no other.")
        if method not in ("GET", "POST"):
            raise Refused(405, "Only pages and forms are served here.")
        self._check_origin(path, headers)
        if method == "GET":
            if path not in OPEN:
                raise Refused(405, "This is asked for by a form of the page.")
            return pairs_of(scope["query_string"])
        pairs = pairs_of(await _body(headers, receive))
        if path != ENTER:
            key = headers.get(KEY_HEADER, dict(pairs).get(KEY, ""))
            if not self.keys.knows(headers.get("cookie", ""), key):
                raise Refused(403, "This browser was not let in, or this tab was not.")
        return pairs

    def _check_origin(self, path: str, headers: dict[str, str]) -> None:
        """Refuse what a page of another server, or of another port, began.

        The file with the code has no origin, so that the code may come from nowhere.
        """
        origin = headers.get("origin")
        nowhere = path == ENTER and origin == "null"
        if origin is not None and origin != self.keys.origin and not nowhere:
            raise Refused(403, "Another page asks for this.")
        site = headers.get("sec-fetch-site", "none")
        if site not in ("none", "same-origin") and not nowhere:
            raise Refused(403, "Another page asks for this: type its address instead.")


async def _body(headers: dict[str, str], receive: Receive) -> bytes:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused(415, "Only forms are read here.")
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "The request was broken off.")
        body += bytes(message.get("body", b""))
        if len(body) > MOST_BYTES:
            raise Refused(413, "That is more than a form of this page holds.")
        if not message.get("more_body", False):
            return body


def pairs_of(text: bytes) -> list[tuple[str, str]]:
    """Read the fields of a form, or of a link."""
    try:
        return parse_qsl(
            text.decode(), keep_blank_values=True, max_num_fields=MOST_PAIRS
        )
    except ValueError:
        raise Refused(400, "These fields cannot be read.") from None


async def _say(refused: Refused, send: Send) -> None:
    body = f"{refused.why}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),  # the rest of what was sent is not read
    ]
    start = {"type": "http.response.start", "status": refused.status}
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": body})
