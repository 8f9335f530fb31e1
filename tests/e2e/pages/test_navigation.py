"""A page whose access token has run out continues by itself, whatever kind of navigation led to it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from tests.support.chromium.visitor import MakeVisitor

from ...support.chromium.visitor import Visitor


def go_by_link(visitor: Visitor) -> None:
    """Click a link on a page of this site."""
    visitor.open("/stranger?to=/panel")
    visitor.page.click("#link")


def go_by_frame(visitor: Visitor) -> None:
    """Open a page that has the other one in a frame."""
    visitor.open("/stranger?how=frame&to=/panel")


def go_by_frame_of_another_origin(visitor: Visitor) -> None:
    """The same, where the frame has another port: another origin, and still the same site."""
    visitor.open(f"/stranger?how=frame&to=http://127.0.0.1:{visitor.house.port}/panel")


def go_from_another_site(visitor: Visitor) -> None:
    """Click a link on a page of another site."""
    visitor.open(f"/stranger?to={visitor.address('/panel')}", "localhost")
    visitor.page.click("#link")


WAYS = [
    pytest.param(lambda visitor: visitor.open("/panel"), id="a typed address"),
    pytest.param(go_by_link, id="a link"),
    pytest.param(go_from_another_site, id="a link of another site"),
    pytest.param(go_by_frame, id="a frame"),
    pytest.param(go_by_frame_of_another_origin, id="a frame of the same site with another origin"),
]


@pytest.mark.parametrize("go", WAYS)
@pytest.mark.parametrize("script", [pytest.param(True, id="script"), pytest.param(False, id="no script")])
def test_continues(
    make_visitor: MakeVisitor, name: str, go: Callable[[Visitor], None], *, script: bool
) -> None:
    """The page is shown in the end, by way of one renewal, and nobody has to do anything."""
    visitor = make_visitor(java_script_enabled=script)
    visitor.enter(name)
    token, writes = visitor.token, visitor.house.writes(name)
    visitor.wait()
    go(visitor)
    visitor.until_shown("inside")
    assert visitor.token != token
    assert visitor.house.writes(name) == writes + 1


def test_way_there_and_back(visitor: Visitor) -> None:
    """303 to continue with the place in ``next``, 303 back; the refresh cookie goes only to continue."""
    visitor.wait()
    reply = visitor.page.goto(visitor.address("/account?a=1&b=%2F"))
    assert reply is not None
    back = reply.request.redirected_from
    assert back is not None
    assert back.redirected_from is not None
    asked = [back.redirected_from, back, reply.request]
    assert [request.url for request in asked] == [
        visitor.address("/account?a=1&b=%2F"),
        visitor.address("/auth/continue?next=%2Faccount%3Fa%3D1%26b%3D%252F"),
        visitor.address("/account?a=1&b=%2F"),
    ]
    assert [status_of(request) for request in asked] == [303, 303, 200]
    carried = ["refreshToken=" in (request.all_headers().get("cookie", "")) for request in asked]
    assert carried == [False, True, False]


@pytest.mark.parametrize("script", [pytest.param(True, id="script"), pytest.param(False, id="no script")])
def test_upload_arrives(make_visitor: MakeVisitor, name: str, *, script: bool) -> None:
    """A form with a file of 600 kilobytes keeps its method and its body: 307 there, 307 back."""
    visitor = make_visitor(java_script_enabled=script)
    visitor.enter(name)
    content = bytes(range(256)) * 2400
    visitor.open("/upload")
    visitor.page.get_by_label("Note").fill("grüße & co.")
    visitor.page.get_by_label("File").set_input_files(
        {"name": "a.bin", "mimeType": "application/octet-stream", "buffer": content}
    )
    visitor.wait()
    visitor.page.get_by_role("button", name="Send").click()
    visitor.until_shown(hashlib.sha256(content).hexdigest())
    assert "grüße & co." in visitor.text
    assert visitor.asked[-3:] == ["POST /upload", "POST /auth/continue", "POST /upload"]


def test_download_continues(visitor: Visitor) -> None:
    """A link to a download saves the file, not a page."""
    visitor.open("/stranger?to=/export")
    visitor.wait()
    with visitor.page.expect_download() as download:
        visitor.page.click("#link")
    assert download.value.path().read_text() == "order,42\n"
    assert visitor.continued == 1


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param("fetch('/panel').then(reply => reply.status)", id="a fetch"),
        pytest.param(
            "fetch('/upload', {method: 'POST', body: 'x'}).then(reply => reply.status)", id="a post"
        ),
        pytest.param(
            "fetch('/panel', {headers: {Accept: 'text/html'}}).then(reply => reply.status)", id="for HTML"
        ),
        pytest.param(
            "new Promise(done => { const asked = new XMLHttpRequest(); asked.open('GET', '/panel');"
            " asked.onload = () => done(asked.status); asked.send(); })",
            id="an XMLHttpRequest",
        ),
    ],
)
def test_script_gets_a_status(visitor: Visitor, ask: str) -> None:
    """What script asks for is refused by 401 and never sent around to a page."""
    visitor.open("/stranger?to=/")
    visitor.wait()
    assert visitor.page.evaluate(ask) == 401
    assert visitor.continued == 0


def test_image_is_refused(visitor: Visitor) -> None:
    """An image is not sent around either."""
    visitor.wait()
    with visitor.page.expect_response(visitor.address("/picture")) as answered:
        visitor.open("/stranger?how=image&to=/picture")
    assert (answered.value.status, visitor.continued) == (401, 0)


@pytest.mark.parametrize("how", ["prefetch", "prerender"])
def test_speculation_changes_nothing(visitor: Visitor, how: str) -> None:
    """A page that Chromium only prefetches or prerenders renews nothing; the click that follows does."""
    before = visitor.token
    visitor.wait()
    visitor.open_until_asked(
        f"/stranger?how={how}&to=/panel", "GET /auth/continue?next=%2Fpanel", b"sec-purpose: prefetch"
    )
    assert visitor.token == before
    visitor.page.click("#link")
    visitor.until_shown("inside")
    assert visitor.token != before


def status_of(request: object) -> int | None:
    """The status that a request was answered with."""
    reply = request.response()  # type: ignore[attr-defined]
    return reply.status if reply else None
