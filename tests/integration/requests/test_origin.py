"""May this request change state? Every answer of the browser's headers, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.support.browser import NEW_PASSWORD, PASSWORD, Browser, bearer, content, refusal
from tests.support.clock import Clock
from tests.support.sites import MakeSite, let_in

from ...support.rows import statements, stored

CROSS_ORIGIN = (403, "cross_origin")
OTHER_SITE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
FRIEND = "https://app.example.org"
WEB_VIEW = {"Sec-Fetch-Site": "cross-site", "Origin": "capacitor://localhost"}
GRANT = {"grant_type": "refresh_token"}


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        pytest.param({}, True, id="no header at all is no browser"),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, True, id="our own page"),
        pytest.param({"Sec-Fetch-Site": "none"}, True, id="typed into the address bar"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, False, id="a page of a sibling domain"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, False, id="a page of another site"),
        pytest.param({"Sec-Fetch-Site": "SAME-ORIGIN"}, False, id="capitals that no browser sends"),
        pytest.param({"Sec-Fetch-Site": "Same-Origin"}, False, id="a capital that no browser sends"),
        pytest.param({"Sec-Fetch-Site": ""}, False, id="an empty header"),
        pytest.param({"Sec-Fetch-Site": "same-planet"}, False, id="a word that no browser knows"),
        pytest.param({"Sec-Fetch-Site": "same-origin, none"}, False, id="two words at once"),
        pytest.param({"Origin": "http://localhost"}, True, id="an old browser on our own page"),
        pytest.param({"Origin": "null"}, False, id="an origin that hides itself"),
        pytest.param({"Origin": ""}, False, id="an empty origin"),
        pytest.param({"Origin": "http://localhost:8080"}, False, id="another port"),
        pytest.param({"Origin": "https://localhost.evil"}, False, id="our name as a prefix"),
        pytest.param({"Origin": "https://evil-localhost"}, False, id="our name as a suffix"),
        pytest.param({"Origin": "https://evil.localhost"}, False, id="a domain below ours"),
        pytest.param({"Origin": "https://localhost@evil.example"}, False, id="our name as a user"),
        pytest.param({"Origin": "https://evil.example@localhost"}, False, id="a user of ours"),
        pytest.param({"Origin": "https://evil.example/localhost"}, False, id="our name as a path"),
        pytest.param({"Origin": "http://localhost/"}, False, id="an origin with a slash"),
        pytest.param({"Origin": "ftp://localhost"}, False, id="a scheme that is not the web's"),
        pytest.param({"Origin": "http://localhost http://localhost"}, False, id="two origins at once"),
        pytest.param(
            {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
            False,
            id="a foreign page with our origin",
        ),
        pytest.param(
            {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
            True,
            id="our own page behind a proxy that renames us",
        ),
        pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": FRIEND}, False, id="a friend nobody named"),
        pytest.param({"Referer": "https://evil.example/"}, True, id="a referrer by itself says nothing"),
    ],
)
def test_headers_of_a_browser(bare_site: Flask, headers: dict[str, str], *, passes: bool) -> None:
    """A sign-out shows it: 204 where the request may change state, else 403."""
    reply = Browser(bare_site).post("/auth/logout", headers=headers)
    assert reply.status_code == (204 if passes else 403)
    assert passes or refusal(reply) == CROSS_ORIGIN


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": FRIEND}, True, id="a trusted origin"),
        pytest.param({"Sec-Fetch-Site": "same-site", "Origin": FRIEND}, True, id="of a sibling domain too"),
        pytest.param({"Origin": FRIEND}, True, id="from an old browser too"),
        pytest.param({"Origin": f"{FRIEND}:443"}, False, id="spelt with its port"),
        pytest.param({"Origin": f"{FRIEND}.evil"}, False, id="with a suffix"),
        pytest.param({"Origin": "http://app.example.org"}, False, id="without encryption"),
        pytest.param({"Origin": "https://APP.example.org"}, False, id="in capitals"),
        pytest.param({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, False, id="hidden"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, False, id="unnamed"),
    ],
)
def test_trusted_origins(make_bare_site: MakeSite, headers: dict[str, str], *, passes: bool) -> None:
    """RATCHET_TRUSTED_ORIGINS names other origins exactly."""
    site = make_bare_site(RATCHET_TRUSTED_ORIGINS=(FRIEND,))
    reply = Browser(site).post("/auth/logout", headers=headers)
    assert reply.status_code == (204 if passes else 403)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/auth/login"),
        ("POST", "/auth/refresh"),
        ("POST", "/auth/logout"),
        ("POST", "/auth/password"),
        ("POST", "/auth/sessions"),
        ("DELETE", "/auth/sessions/{id}"),
    ],
)
@pytest.mark.parametrize("way", ["cookie", "bearer"])
def test_another_site_changes_nothing(
    signed_in: Browser, site: Flask, ada: str, method: str, path: str, way: str
) -> None:
    """Every route that changes state refuses, by cookie and by bearer, and changes no cookie."""
    access = content(signed_in.refresh())["access_token"]
    before = stored(site, ada)
    browser = signed_in if way == "cookie" else Browser(site)
    headers = OTHER_SITE | (bearer(access) if way == "bearer" else {})
    fields = {
        "identifier": "ada",
        "password": PASSWORD,
        "current_password": PASSWORD,
        "new_password": NEW_PASSWORD,
    }
    address = path.format(id=before.sessions[0]["id"])
    with statements(site) as sent:
        reply = browser.client.open(address, method=method, json=fields, headers=headers)
    assert refusal(reply) == CROSS_ORIGIN
    assert "Set-Cookie" not in reply.headers
    assert sent == []
    assert stored(site, ada) == before


def test_looking_is_no_change(signed_in: Browser) -> None:
    """A link from another site opens a page of ours as the user: GET and HEAD are not held to the origin."""
    for path in ("/auth/me", "/auth/sessions"):
        assert signed_in.client.get(path, headers=OTHER_SITE).status_code == 200
        assert signed_in.client.head(path, headers=OTHER_SITE).status_code == 200


def test_no_script_of_another_origin_reads_a_reply(make_site: MakeSite, ada: str) -> None:
    """There is no CORS here: a trusted origin may send a request, and a browser shows no page its answer."""
    browser = let_in(make_site(RATCHET_TRUSTED_ORIGINS=(FRIEND,)), ada)
    ways = {"Origin": FRIEND, "Sec-Fetch-Site": "cross-site", "Access-Control-Request-Method": "POST"}
    for method, path in (("POST", "/auth/refresh"), ("GET", "/auth/me"), ("OPTIONS", "/auth/refresh")):
        reply = browser.client.open(path, method=method, headers=ways)
        assert reply.status_code == 200
        assert not [name for name, _ in reply.headers if name.startswith("Access-Control-")]


@pytest.mark.parametrize(
    ("further", "passes"),
    [
        pytest.param({}, True, id="no cookie at all"),
        pytest.param({"Cookie": "theme=dark"}, False, id="a cookie of the host"),
        pytest.param({"Cookie": "accessToken=x"}, False, id="an access cookie"),
        pytest.param({"Cookie": "refreshToken=x"}, False, id="a refresh cookie"),
        pytest.param({"Cookie": ""}, False, id="a cookie header without a cookie"),
    ],
)
@pytest.mark.parametrize(
    ("path", "kind", "fields"),
    [
        pytest.param("/auth/refresh", "json", {}, id="refresh"),
        pytest.param("/auth/refresh", "json", GRANT, id="grant at refresh"),
        pytest.param("/auth/login", "json", GRANT, id="grant at login"),
        pytest.param("/auth/token", "data", GRANT, id="grant of OAuth"),
    ],
)
def test_refresh_by_body_without_a_cookie_can_come_from_anywhere(
    site: Flask,
    ada: str,
    path: str,
    kind: str,
    fields: dict[str, str],
    further: dict[str, str],
    *,
    passes: bool,
) -> None:
    """A web view that holds its token itself is refreshed, whatever its origin is called."""
    body: Any = {kind: fields | {"refresh_token": let_in(site, ada).token}}
    reply = site.test_client(use_cookies=False).post(path, **body, headers=WEB_VIEW | further)
    assert "Set-Cookie" not in reply.headers
    if passes:
        assert content(reply)["refresh_token"]
    else:
        assert refusal(reply) == CROSS_ORIGIN


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"json": {"identifier": "ada", "password": PASSWORD}}, id="a password"),
        pytest.param({"json": {"grant_type": None, "password": PASSWORD}}, id="no grant"),
        pytest.param({"data": GRANT}, id="a form"),
        pytest.param({"json": [GRANT]}, id="no object"),
        pytest.param({"data": "{", "content_type": "application/json"}, id="a broken body"),
        pytest.param({"json": GRANT | {"x": "x" * 20_000}}, id="a large body"),
    ],
)
def test_no_sign_in_can_come_from_anywhere(bare_site: Flask, body: dict[str, Any]) -> None:
    """Another site would sign its visitors in as somebody of its choice."""
    reply = bare_site.test_client(use_cookies=False).post("/auth/login", **body, headers=WEB_VIEW)
    assert refusal(reply) == CROSS_ORIGIN


@pytest.mark.parametrize("path", ["/auth/refresh", "/auth/login", "/auth/logout", "/auth/revoke"])
def test_nothing_else_can_come_from_anywhere(bare_site: Flask, path: str) -> None:
    """Also without a cookie: the replies to signing in and out change the cookies of the browser."""
    reply = bare_site.test_client(use_cookies=False).post(path, headers=OTHER_SITE)
    assert refusal(reply) == CROSS_ORIGIN


@pytest.mark.parametrize("path", ["/auth/refresh", "/auth/login"])
def test_refresh_by_body_is_put_off_while_prefetched(site: Flask, ada: str, path: str) -> None:
    """The origin is no matter there; that nobody has asked for the page yet is."""
    fields = GRANT | {"refresh_token": let_in(site, ada).token}
    before = stored(site, ada)
    reply = site.test_client(use_cookies=False).post(
        path, json=fields, headers=WEB_VIEW | {"Sec-Purpose": "prefetch"}
    )
    assert refusal(reply) == (503, "unavailable")
    assert stored(site, ada) == before


@pytest.mark.parametrize("origin", ["capacitor://localhost", "chrome-extension://abcdefghijklmnop"])
def test_a_program_can_be_trusted(make_bare_site: MakeSite, origin: str) -> None:
    """A web view or an extension that RATCHET_TRUSTED_ORIGINS names may change state by cookie."""
    site = make_bare_site(RATCHET_TRUSTED_ORIGINS=(origin,))
    for sender, status in ((origin, 204), (f"{origin}x", 403)):
        headers = {"Sec-Fetch-Site": "cross-site", "Origin": sender}
        assert Browser(site).post("/auth/logout", headers=headers).status_code == status


@pytest.mark.parametrize("purpose", ["prefetch", "prefetch;prerender", "Prefetch"])
def test_prefetch_changes_nothing(
    signed_in: Browser, site: Flask, ada: str, clock: Clock, purpose: str
) -> None:
    """A page that is only prefetched neither rotates nor signs out."""
    clock.advance(60)
    before = stored(site, ada)
    for path in ("/auth/refresh", "/auth/logout"):
        reply = signed_in.post(path, headers={"Sec-Purpose": purpose, "Sec-Fetch-Site": "same-origin"})
        assert refusal(reply) == (503, "unavailable")
        assert "Retry-After" in reply.headers
        assert "Set-Cookie" not in reply.headers
    assert stored(site, ada) == before
    assert signed_in.refresh().status_code == 200
