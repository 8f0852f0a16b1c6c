"""`simulator explore` as a process, and a plain client that says what it likes."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import tiny
from processes import PYTHON

FORM = "application/x-www-form-urlencoded"


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str
    body: bytes


class Site:
    """A server that runs, and what it said of itself."""

    def __init__(self, process: subprocess.Popen[str], said: dict[str, str]) -> None:
        self.process = process
        self.address = said["address"]
        self.host = self.address.removeprefix("http://").removesuffix("/")
        self.code, self.file = said["code"], Path(said["file"])
        self.cookie = self.key = ""

    def ask(
        self,
        method: str,
        path: str,
        pairs: Sequence[tuple[str, str]] | bytes | None = None,
        **headers: str,
    ) -> Reply:
        """Send one request; `_` in a header's name is `-`."""
        port = int(self.host.rpartition(":")[2])
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        body = pairs if isinstance(pairs, bytes | None) else urlencode(pairs).encode()
        if body is not None:
            sent.setdefault("Content-Type", FORM)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            connection.request(method, path, body, sent)
            reply = connection.getresponse()
            found = reply.read()
        finally:
            connection.close()
        names = {name.lower(): value for name, value in reply.getheaders()}
        return Reply(reply.status, names, found.decode("utf-8", "replace"), found)

    def enter(self) -> Reply:
        """Change the code for a cookie and a key."""
        reply = self.ask("POST", "/enter", [("code", self.code)])
        self.cookie = reply.headers["set-cookie"].partition(";")[0]
        self.key = reply.text.partition('name="key" value="')[2].partition('"')[0]
        return reply

    def post(self, path: str, *pairs: tuple[str, str], **headers: str) -> Reply:
        """Send a form as the page does."""
        ours = {"Cookie": self.cookie, "X_Explore_Key": self.key}
        return self.ask("POST", path, list(pairs), **(ours | headers))


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start a server of a scenario in a folder."""
    named = {**os.environ, "BROWSER": "false"}
    return subprocess.Popen(
        [PYTHON, "-m", "simulator", "explore", *words],
        cwd=folder,
        env=named,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


@contextmanager
def served(folder: Path, *words: str) -> Iterator[Site]:
    """Serve a tiny scenario, let in, and see that it stops well and in silence."""
    scenario = tiny.write(folder, tiny.tables()) if not words else Path(words[0])
    with start(folder, str(scenario), "--json", *words[1:]) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = ""
        while not said.endswith("}\n"):
            line = process.stdout.readline()
            assert line, process.stderr.read()
            said += line
        try:
            yield Site(process, json.loads(said))
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(30)
            rest = process.stdout.read(), process.stderr.read()
    assert (process.returncode, *rest) == (0, "", "")


ON_WINDOWS = sys.platform == "win32"
later = time.sleep
