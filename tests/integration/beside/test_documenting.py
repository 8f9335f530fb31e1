"""Beside what reads the rules of an app: Flask-DebugToolbar, flasgger, Frozen-Flask and API frameworks."""

from __future__ import annotations

from pathlib import Path

import pytest
from apiflask import APIFlask

from tests.support.browser import Browser, content, refusal
from tests.support.clock import Clock
from tests.support.hosts.beside import import_any, run_snippet
from tests.support.hosts.strangers import MakeStranger, Stranger

GRACE = "grace@example.org"
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}


def test_the_toolbar_is_on_every_page(make_stranger: MakeStranger) -> None:
    """It lists the rules of the app, ours too, on pages of the host."""
    stranger = make_stranger(DEBUG_TB_ENABLED=True)
    import_any("flask_debugtoolbar").DebugToolbarExtension(stranger.app)
    stranger.app.add_url_rule("/page", "page", lambda: "<html><body>A page</body></html>")
    page = stranger.app.test_client().get("/page")
    assert page.status_code == 200
    assert "flDebug" in page.text
    assert "ratchet.login" in page.text


def test_flasgger_reads_the_rules(stranger: Stranger) -> None:
    """Its own document is there, with the views of the host that have one."""

    def orders() -> str:
        """The orders.

        ---
        responses: {200: {description: All of them.}}
        """
        return "orders"

    stranger.app.add_url_rule("/orders", "orders", stranger.ratchet.required(orders))
    import_any("flasgger").Swagger(stranger.app)
    reply = stranger.app.test_client().get("/apispec_1.json")
    assert reply.status_code == 200
    assert list(content(reply)["paths"]) == ["/orders"]


def test_the_open_pages_can_be_frozen(stranger: Stranger, tmp_path: Path) -> None:
    """Those that are named; the rest is told of, and not asked for."""
    stranger.app.config["FREEZER_DESTINATION"] = str(tmp_path / "frozen")
    stranger.app.add_url_rule("/about.html", "about", lambda: "About us")
    freezer = run_snippet(stranger, "freezer.py")["freezer"]
    with pytest.warns(import_any("flask_frozen").MissingURLGeneratorWarning, match=r"ratchet\.me"):
        assert freezer.freeze() == {"/about.html"}
    assert (tmp_path / "frozen" / "about.html").read_text() == "About us"


def test_apiflask_describes_its_own_routes(make_stranger: MakeStranger) -> None:
    """And leaves ours to our own document."""
    stranger = make_stranger(make_app=APIFlask)
    stranger.add_user()
    client = stranger.app.test_client()
    reply = client.get("/openapi.json")
    assert reply.status_code == 200
    assert "/private" in content(reply)["paths"]
    assert not [path for path in content(reply)["paths"] if path.startswith(("/auth", "/.well-known"))]
    assert "/auth/login" in content(client.get("/auth/openapi.json"))["paths"]
    assert refusal(client.get("/private")) == (401, "token_missing")
    assert content(stranger.signed_in().client.get("/private")) == {"email": GRACE}


def test_a_smorest_view_is_guarded_and_described(stranger: Stranger, clock: Clock) -> None:
    """It has its place in the document of the API, refuses strangers, and a page renews."""
    api = run_snippet(stranger, "smorest.py")["api"]
    described = api.spec.to_dict()["paths"]["/orders/"]["get"]
    assert described["summary"] == "The orders of this user."
    assert refusal(Browser(stranger.app).client.get("/orders/")) == (401, "token_missing")
    grace = stranger.signed_in()
    assert content(grace.client.get("/orders/")) == {"of": GRACE}
    clock.advance(601)
    assert refusal(grace.client.get("/orders/")) == (401, "token_invalid")
    reply = grace.client.get("/orders/", headers=NAVIGATION)
    assert (reply.status_code, reply.location) == (303, "/auth/continue?next=%2Forders%2F")
