"""Attacks on the page of `simulator explore`, each as a plain client would try it."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import exploring
import pytest
from exploring import ON_WINDOWS

for needed in ("starlette", "uvicorn", "jinja2"):
    pytest.importorskip(needed)

QUESTION = ("set.prices.pressure", "1%")
PATHS = ("/page", "/answer", "/sources", "/scenario.toml", "/run.h5", "/stop")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with exploring.served(tmp_path_factory.mktemp("site")) as site:
        site.first = site.enter()
        yield site


def test_whoever_has_the_code_is_let_in_once(site):
    assert site.first.status == 200
    assert "a year is" in site.first.text
    again = site.ask("POST", "/enter", [("code", site.code)])
    assert again.status == 403
    assert "set-cookie" not in again.headers
    assert site.key not in again.text


@pytest.mark.parametrize("code", ["", "guess", "\N{SNOWMAN}" * 40])
def test_a_wrong_code_opens_nothing(site, code):
    reply = site.ask("POST", "/enter", [("code", code)])
    assert reply.status == 403
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_answered_to_whoever_was_not_let_in(site, path):
    """Another user of the machine reaches the port, and has neither secret."""
    assert site.ask("POST", path, [QUESTION]).status == 403


@pytest.mark.parametrize("path", PATHS)
def test_a_cookie_alone_opens_nothing(site, path):
    """A browser sends it to every port of the machine, whoever listens there."""
    assert site.ask("POST", path, [QUESTION], Cookie=site.cookie).status == 403


@pytest.mark.parametrize("path", PATHS)
def test_a_key_alone_opens_nothing(site, path):
    assert site.ask("POST", path, [QUESTION], X_Explore_Key=site.key).status == 403


def test_with_both_it_answers(site):
    """Without this the tests above could pass whatever was sent."""
    assert site.post("/answer", QUESTION).status == 200
    by_form = [QUESTION, ("key", site.key)]
    assert site.ask("POST", "/page", by_form, Cookie=site.cookie).status == 200


def test_a_cookie_of_another_name_is_none(site):
    value = site.cookie.partition("=")[2]
    cookie = f"explore-1={value}"
    assert site.post("/answer", QUESTION, Cookie=cookie).status == 403


@pytest.mark.parametrize("path", ["/", "/explore.js", "/explore.css"])
def test_what_is_open_to_all_holds_no_secret(site, path):
    for cookie in ("", site.cookie):
        reply = site.ask("GET", path, Cookie=cookie)
        assert reply.status == 200
        for secret in (site.key, site.code, site.cookie.partition("=")[2]):
            assert secret not in reply.text


@pytest.mark.parametrize("path", PATHS)
def test_an_address_alone_does_nothing(site, path):
    """An image or a link of another page asks with GET, and sends the cookie."""
    reply = site.ask("GET", path, Cookie=site.cookie, X_Explore_Key=site.key)
    assert reply.status == 405


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "HEAD"])
def test_no_other_method_is_answered(site, method):
    assert site.post("/answer").status == 200
    assert site.ask(method, "/answer", Cookie=site.cookie).status == 405


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost:{port}", "127.0.0.1", "127.0.0.1:1", ""]
)
def test_a_name_that_is_not_ours_is_refused(site, host):
    """A page elsewhere can have its own name lead to this machine."""
    given = host.format(port=site.host.rpartition(":")[2])
    for method, path in (("GET", "/"), ("POST", "/answer")):
        form = [QUESTION] if method == "POST" else None
        ours = {"Cookie": site.cookie, "X_Explore_Key": site.key}
        reply = site.ask(method, path, form, Host=given, **ours)
        assert reply.status == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://{host}"]
)
def test_a_form_of_another_page_is_refused(site, origin):
    given = origin.format(host=site.host)
    assert site.post("/answer", QUESTION, Origin=given).status == 403


def test_a_form_of_ours_is_not(site):
    ours = site.address.removesuffix("/")
    how = {"Origin": ours, "Sec_Fetch_Site": "same-origin"}
    assert site.post("/answer", QUESTION, **how).status == 200


@pytest.mark.parametrize("where", ["cross-site", "same-site"])
def test_what_another_page_or_port_began_is_refused(site, where):
    assert site.post("/answer", QUESTION, Sec_Fetch_Site=where).status == 403
    assert site.ask("GET", "/", Sec_Fetch_Site=where).status == 403


def test_a_code_from_another_page_is_refused(site):
    how = {"Origin": "http://evil.example", "Sec_Fetch_Site": "cross-site"}
    assert site.ask("POST", "/enter", [("code", "x")], **how).status == 403


def test_every_answer_keeps_other_pages_out(site):
    replies = [
        site.ask("GET", "/"),
        site.post("/answer", QUESTION),
        site.ask("POST", "/answer", [QUESTION]),
        site.ask("GET", "/nothing"),
    ]
    for reply in replies:
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert reply.headers["x-frame-options"] == "DENY"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in reply.headers
        assert "server" not in reply.headers


def test_the_cookie_stays_with_this_page(site):
    given = site.first.headers["set-cookie"]
    assert given.endswith("; Path=/; HttpOnly; SameSite=Strict")


@pytest.mark.parametrize(
    "key", ["population", "beliefs", "beliefs.file", "population.name"]
)
@pytest.mark.parametrize("path", ["/answer", "/run.h5", "/sources", "/scenario.toml"])
def test_no_key_that_names_a_file_is_taken(site, key, path, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("code,secret\nA,1234567\n")
    reply = site.post(path, (f"set.{key}", str(secret)), ("name", "mine"))
    assert reply.status == 422
    assert "is not taken from a page or a link" in reply.text
    assert "1234567" not in reply.text


def test_a_pinned_setting_is_looked_at_too(site):
    pinned = urlencode([("set.population", "/etc/passwd")])
    assert site.post("/answer", ("pinned", pinned)).status == 422
    many = "&".join(["a=1"] * 400)
    assert site.post("/answer", ("pinned", many)).status == 422


def test_what_is_typed_is_text_whatever_it_looks_like(site):
    evil = '"><script>alert(1)</script>'
    for name in ("set.prices.pressure", "rates", "group", "about", "pinned", "target"):
        reply = site.post("/page", (name, evil))
        assert "<script>alert" not in reply.text
    reply = site.ask("GET", f"/?{urlencode([('about', evil)])}")
    assert "<script>alert" not in reply.text


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"a=" + b"x" * 70_000, exploring.FORM, 413),
        (b"&".join([b"a=1"] * 400), exploring.FORM, 400),
        (b"\xff\xfe", exploring.FORM, 400),
        (b'{"set.prices.pressure": 1}', "application/json", 415),
        (b"set.prices.pressure=1", "text/plain", 415),
    ],
)
def test_what_no_form_sends_is_refused(site, body, kind, status):
    ours = {"Cookie": site.cookie, "X_Explore_Key": site.key, "Content_Type": kind}
    assert site.ask("POST", "/answer", body, **ours).status == status


def test_no_path_leads_to_a_file_of_the_machine(site):
    for path in ("/../pages.py", "/%2e%2e/pages.py", "//etc/passwd", "/page.html"):
        assert site.ask("GET", path).status == 405


def test_it_listens_to_this_machine_alone(site):
    port = int(site.host.rpartition(":")[2])
    with socket.socket(socket.AF_INET6) as other:
        other.settimeout(2)
        assert other.connect_ex(("::1", port)) != 0
    if sys.platform == "linux":
        seen = [
            line.split()[1]
            for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
            if line.split()[1].endswith(f":{port:04X}")
        ]
        assert set(seen) == {f"0100007F:{port:04X}"}


@pytest.mark.skipif(ON_WINDOWS, reason="files have no modes")
def test_the_file_with_the_code_is_for_this_user_and_goes_when_it_is_used(tmp_path):
    with exploring.served(tmp_path) as site:
        assert stat.S_IMODE(site.file.stat().st_mode) == 0o600
        assert stat.S_IMODE(site.file.parent.stat().st_mode) == 0o700
        assert site.code in site.file.read_text()
        own = subprocess.run(
            ["ps", "-o", "args=", "-p", str(site.process.pid)],
            capture_output=True,
            text=True,
        )
        assert site.code not in own.stdout
        site.enter()
        assert not site.file.exists()
        folder = site.file.parent
    assert not folder.exists()


@pytest.mark.skipif(ON_WINDOWS, reason="needs a terminal of Unix")
def test_the_code_is_on_no_command_line_of_the_browser(tmp_path):
    """In a terminal it starts a browser; here one that writes its own command line."""
    pty = pytest.importorskip("pty")
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\necho "$@" > "$(dirname "$0")/words"\n')
    browser.chmod(0o700)
    scenario = exploring.tiny.write(tmp_path, exploring.tiny.tables())
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [exploring.PYTHON, "-m", "simulator", "explore", str(scenario)],
        cwd=tmp_path,
        env={**os.environ, "BROWSER": str(browser)},
        stdout=theirs,
    ) as process:
        os.close(theirs)
        said = b""
        while said.count(b"\n") < 2:
            said += os.read(ours, 4096)
        code = re.search(rb"code, good once: (\S+)", said)[1].decode()
        words = tmp_path / "words"
        for _ in range(100):
            if words.exists() and words.read_text():
                break
            exploring.later(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        os.close(ours)
    assert words.read_text().startswith("file://")
    assert code not in words.read_text()


def test_a_port_that_is_taken_is_said_in_a_line(site, tmp_path):
    scenario = exploring.tiny.write(tmp_path, exploring.tiny.tables())
    port = site.host.rpartition(":")[2]
    with exploring.start(tmp_path, str(scenario), "--port", port) as process:
        out, said = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, "")
    assert said.startswith(f"port {port}: cannot be used (")
    assert said.endswith("; give another with --port, or leave it out\n")


def test_it_stops_while_it_simulates(tmp_path):
    """A run that is on its way is given up, and nothing of it stays."""
    with exploring.served(tmp_path) as site:
        site.enter()
        body = f"key={site.key}&set.prices.pressure=1.3%25".encode()
        with socket.create_connection(("127.0.0.1", int(site.host[10:]))) as asking:
            head = (
                f"POST /run.h5 HTTP/1.1\r\nHost: {site.host}\r\nCookie: {site.cookie}"
                f"\r\nContent-Type: {exploring.FORM}\r\nContent-Length: {len(body)}"
            )
            asking.sendall(head.encode() + b"\r\n\r\n" + body)
            exploring.later(0.2)
            site.process.send_signal(signal.SIGINT)
            assert site.process.wait(20) == 0
        folder = site.file.parent
    assert not folder.exists()


def test_the_page_stops_it(tmp_path):
    with exploring.served(tmp_path) as site:
        site.enter()
        reply = site.post("/stop")
        assert (reply.status, "Stopped" in reply.text) == (200, True)
        assert site.process.wait(20) == 0


@pytest.mark.skipif(ON_WINDOWS, reason="Windows has no such signal")
def test_a_signal_to_end_leaves_nothing(tmp_path):
    scenario = exploring.tiny.write(tmp_path, exploring.tiny.tables())
    with exploring.start(tmp_path, str(scenario)) as process:
        said = process.stdout.readline() + process.stdout.readline()
        folder = re.search(r"open (\S+)/open\.html", said)[1]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM
    assert not Path(folder).exists()
