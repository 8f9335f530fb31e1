"""Behind an nginx that asks /auth/check before it serves, configured as docs/deploying.md says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.support.server.nginx import connected, nginx
from tests.support.server.protected import REPORT, protected_files
from tests.support.server.stage import Stage, staged

NAME = "example.org"
FILE = "/reports/may.html"
PAGE = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
SCRIPT = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
FOREIGN = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"}


class Tool(BaseHTTPRequestHandler):
    """A program that knows nothing of Ratchet: it says what it was asked, by whom, and repeats the body."""

    def do_GET(self) -> None:
        """Say it."""
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        said = f"{self.command} {self.path} by {self.headers['Remote-User']}: {body}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_POST = do_GET  # noqa: N815  # the name is that of the library

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Visitor:
    """A browser in front of nginx: it keeps cookies, and takes one step at a time."""

    def __init__(self, port: int, refresh_token: str = "") -> None:
        self.port, self.host = port, f"{NAME}:{port}"
        self.jar = {"refreshToken": refresh_token} if refresh_token else {}

    def ask(
        self, target: str, method: str = "GET", body: str | None = None, **headers: str
    ) -> tuple[int, str, str]:
        """The status, the Location and the text."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        with closing(connected(self.port, NAME)) as connection:
            connection.request(method, target, body, {"Host": self.host, "Cookie": cookies} | headers)
            reply = connection.getresponse()
            for line in reply.headers.get_all("Set-Cookie") or ():
                self.jar |= {name: cookie.value for name, cookie in SimpleCookie(line).items()}
            return reply.status, reply.headers["Location"] or "", reply.read().decode()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The site under gunicorn, believing one proxy."""
    with staged("sqlite", "asked", tmp_path_factory.mktemp("asked"), FLASK_PROXY_HOPS="1") as started:
        yield started


@pytest.fixture(scope="module")
def tool() -> Iterator[str]:
    """Where the other program listens."""
    with HTTPServer(("127.0.0.1", 0), Tool) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def configured(stage: Stage, tool: str, folder: Path, **changes: str) -> Iterator[int]:
    """The nginx of the page, but for the ports, the folder of the files and these ``changes``."""
    servers = protected_files(folder, **changes | {"127.0.0.1:3000": tool})
    with nginx(servers, ("127.0.0.1:8000", stage.base_url.removeprefix("http://")), folder) as port:
        yield port


@pytest.fixture(scope="module")
def port(stage: Stage, tool: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where nginx listens, configured as the page says."""
    with configured(stage, tool, tmp_path_factory.mktemp("nginx")) as port:
        yield port


@pytest.fixture
def visitor(stage: Stage, port: int) -> Visitor:
    """A browser whose access token has run out."""
    (person,) = stage.people(1)
    return Visitor(port, person.cookie)


def test_file_is_served_to_who_is_signed_in(visitor: Visitor) -> None:
    """The page renews by way of continue and comes back with its whole query; then the file is there."""
    page = f"{FILE}?month=5&year=2026&q=a%26b%20c"
    status, way, _ = visitor.ask(page, **PAGE)
    assert (status, way) == (
        307,
        "/auth/continue?next=%2Freports%2Fmay.html%3Fmonth%3D5%26year%3D2026%26q%3Da%2526b%2520c",
    )
    assert visitor.ask(way, **PAGE)[:2] == (303, page)
    assert visitor.ask(page, **PAGE) == (200, "", REPORT)
    assert visitor.ask(FILE, **SCRIPT) == (200, "", REPORT)


def test_stranger_comes_to_the_sign_in_page_and_back(port: int) -> None:
    """By way of continue, which finds no session."""
    stranger = Visitor(port)
    status, way, text = stranger.ask(f"{FILE}?month=5", **PAGE)
    assert status == 307
    assert REPORT not in text
    assert stranger.ask(way, **PAGE)[:2] == (303, "/sign-in?next=%2Freports%2Fmay.html%3Fmonth%3D5")


def test_script_without_a_token_is_401(port: int) -> None:
    """A picture, a download or a script is not redirected."""
    assert Visitor(port).ask(FILE, **SCRIPT)[:2] == (401, "")


def test_another_program_is_told_the_user(stage: Stage, port: int) -> None:
    """And not by the client: nginx sets the header."""
    (person,) = stage.people(1)
    visitor = Visitor(port, person.cookie)
    headers = {"Remote-User": "root"}
    assert visitor.ask("/auth/refresh", "POST")[0] == 200
    assert visitor.ask("/tool/a?b=c", **headers | SCRIPT)[2] == f"GET /tool/a?b=c by {person.subject}: "


def test_form_to_another_program_is_not_lost(visitor: Visitor) -> None:
    """It renews with its method and body."""
    form = PAGE | {"Content-Type": "application/x-www-form-urlencoded"}
    status, way, _ = visitor.ask("/tool/form?a=b", "POST", "text=typed", **form)
    assert status == 307
    status, back, _ = visitor.ask(way, "POST", "text=typed", **form)
    assert (status, back) == (307, "/tool/form?a=b")
    assert visitor.ask(back, "POST", "text=typed", **form)[2].endswith(": text=typed")


@pytest.mark.parametrize(
    ("method", "further", "status"),
    [
        pytest.param("POST", FOREIGN, 403, id="a form of another site"),
        pytest.param("GET", FOREIGN, 200, id="a link on another site"),
        pytest.param("GET", FOREIGN | {"Upgrade": "websocket"}, 403, id="a socket of another site"),
        pytest.param("POST", PAGE, 200, id="a form of this site"),
    ],
)
def test_other_sites_change_nothing(
    visitor: Visitor, method: str, further: dict[str, str], status: int
) -> None:
    """The check sees the method of the request that it is asked about."""
    assert visitor.ask("/auth/refresh", "POST")[0] == 200
    assert visitor.ask("/tool/form", method, "" if method == "POST" else None, **further)[0] == status


def test_the_check_itself_cannot_be_led_astray(visitor: Visitor) -> None:
    """Its location is internal, and the page that it names is the one that was asked for."""
    assert visitor.ask("/signed-in")[0] == 404
    _, way, _ = visitor.ask(FILE, **PAGE | {"X-Original-URI": "/elsewhere"})
    assert way == "/auth/continue?next=%2Freports%2Fmay.html"


def test_guarded_view_can_be_asked(stage: Stage, tool: str, tmp_path: Path) -> None:
    """With the header that the page names; a stranger is 401, and not 500."""
    changes = {"/auth/check;": "/account;\n        proxy_set_header Sec-Fetch-Mode cors;"}
    (person,) = stage.people(1)
    with configured(stage, tool, tmp_path, **changes) as port:
        assert Visitor(port).ask(FILE, **PAGE)[0] == 401
        visitor = Visitor(port, person.cookie)
        assert visitor.ask("/auth/refresh", "POST")[0] == 200
        assert visitor.ask(FILE, **PAGE) == (200, "", REPORT)
