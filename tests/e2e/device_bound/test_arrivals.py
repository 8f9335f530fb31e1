"""How the owner of a bound session comes to the site, when the access cookie has run out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import expect

from app.auth.lifecycle.binding import BOUND
from tests.support.device_bound.owner import Owner
from tests.support.device_bound.served import Room


@contextmanager
def page_with_a_link(target: str) -> Iterator[str]:
    """The URL of a page of another site, which links to ``target``."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f'<title>Mail</title><a href="{target}">Go</a>'.encode())

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Page) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{site.server_port}/"
        finally:
            site.shutdown()


def test_a_link_of_another_site_leads_in(served: Room, owner: Owner, name: str) -> None:
    """Chromium proves no key for another site. A page of ours loads the same URL again, and then it does."""
    with page_with_a_link(served.address("/room")) as mail:
        owner.page.goto(mail)
        owner.run_out()
        before = owner.proofs
        owner.page.get_by_role("link", name="Go").click()
        expect(owner.page).to_have_title("Room")
    device = served.newest(name).device
    assert owner.proofs == before + 1
    assert device
    assert (device.state, device.refused_at) == (BOUND, None)


@pytest.mark.parametrize("value", ["no.token.atall", ""])
def test_an_access_cookie_that_nobody_can_read_makes_way(
    served: Room, owner: Owner, name: str, value: str
) -> None:
    """The browser proves only where there is none. The page tries again, and then it does."""
    owner.run_out()
    owner.context.add_cookies([{"name": "accessToken", "value": value, "url": served.address("/")}])
    owner.page.goto(served.address("/room"))
    expect(owner.page).to_have_title("Room")
    device = served.newest(name).device
    assert device
    assert (device.state, device.refused_at) == (BOUND, None)
