"""Who is let in: holders of the token, from our own page, under this machine's own name."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from fuselens.viewer.guard import Guard
from fuselens.viewer.server import Server
from tests.viewer.page_talk import tab


def asked(server: Server, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[int, Any, bytes]:
    place = urlsplit(server.url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=30)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, content


def token(server: Server) -> str:
    return parse_qs(urlsplit(server.url).query)["token"][0]


def test_the_page_needs_the_token(server: Server) -> None:
    status, headers, content = asked(server, f"/?token={token(server)}")
    assert status == 200
    assert b"<html" in content
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    for wrong in ("/", "/?token=", f"/?token={token(server)[:-1]}", "/?token=%C3%A9"):
        status, _, content = asked(server, wrong)
        assert status == 403
        assert b"<html" not in content


def test_parts_of_the_page_are_a_fixed_list(server: Server) -> None:
    status, headers, _ = asked(server, "/page/main.js")
    assert (status, headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    paths = ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "..\\app.py", "/etc/passwd", "%00", "", "main.js/", "Main.js"]
    for path in paths:
        assert asked(server, f"/page/{path}")[0] == 404, path


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::2]"])
def test_foreign_names_of_this_machine_are_refused(server: Server, host: str) -> None:
    assert asked(server, f"/?token={token(server)}", Host=host)[0] == 403


def test_other_names_of_this_machine_are_known(server: Server) -> None:
    port = urlsplit(server.url).port
    assert asked(server, f"/?token={token(server)}", Host=f"localhost:{port}")[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"])
def test_foreign_origins_are_refused(server: Server, origin: str) -> None:
    status, _, content = asked(server, f"/upload?token={token(server)}&name=a.png", "POST", b"x", Origin=origin)
    assert status == 403
    assert "error" in json.loads(content)
    with pytest.raises((InvalidStatus, ConnectionClosed)), tab(server.url, origin=origin):
        pass


def test_our_own_origin_is_let_in(server: Server) -> None:
    place = urlsplit(server.url)
    with tab(server.url, origin=f"http://{place.netloc}") as page:
        assert page.ask("ping")[-1].kind == "done"


def test_a_socket_needs_the_token(server: Server) -> None:
    with pytest.raises((InvalidStatus, ConnectionClosed)), tab(server.url[:-1]):
        pass


def test_only_notebooks_may_frame_the_page() -> None:
    assert "frame-ancestors 'none'" in Guard("127.0.0.1").headers()["Content-Security-Policy"]
    assert "frame-ancestors" not in Guard("127.0.0.1", may_be_framed=True).headers()["Content-Security-Policy"]
    assert Guard("127.0.0.1").token != Guard("127.0.0.1").token
    assert Guard("127.0.0.1").token not in repr(Guard("127.0.0.1"))
