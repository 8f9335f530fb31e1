"""What is not declared is 405, looking changes nothing, and no reply is kept."""

from __future__ import annotations

import pytest
from flask import Flask, Response, g, request
from flask.cli import routes_command

from tests.support.browser import Browser, content, refusal
from tests.support.clock import Clock
from tests.support.sites import MakeSite

from ...support.rows import stored

ALLOWED = {
    "/auth/login": {"POST", "OPTIONS"},
    "/auth/refresh": {"POST", "OPTIONS"},
    "/auth/logout": {"POST", "OPTIONS"},
    "/auth/me": {"GET", "HEAD", "OPTIONS"},
    "/auth/password": {"POST", "OPTIONS"},
    "/auth/sessions": {"GET", "HEAD", "POST", "OPTIONS"},
    "/auth/sessions/some-id": {"DELETE", "OPTIONS"},
    "/auth/token": {"POST", "OPTIONS"},
    "/auth/revoke": {"POST", "OPTIONS"},
    "/auth/introspect": {"POST", "OPTIONS"},
    "/.well-known/oauth-authorization-server": {"GET", "HEAD", "OPTIONS"},
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE")


@pytest.mark.parametrize(("path", "allowed"), ALLOWED.items())
def test_undeclared_methods(bare_site: Flask, path: str, allowed: set[str]) -> None:
    """A method that a route does not declare is 405, in JSON, with those that it does."""
    for method in METHODS:
        if method in allowed:
            continue
        reply = Browser(bare_site).client.open(path, method=method)
        assert reply.status_code == 405, method
        assert {word.strip() for word in reply.headers["Allow"].split(",")} == allowed
        assert method == "HEAD" or refusal(reply) == (405, "method_not_allowed")
        assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["PROPFIND", "LOGIN"])
def test_invented_methods(bare_site: Flask, method: str) -> None:
    """A method that HTTP does not know is answered alike: in JSON, with those that the route declares."""
    for path, allowed in ALLOWED.items():
        reply = Browser(bare_site).client.open(path, method=method)
        assert refusal(reply) == (405, "method_not_allowed")
        assert {word.strip() for word in reply.headers["Allow"].split(",")} == allowed


@pytest.mark.parametrize("prefix", ["/auth", "/"])
@pytest.mark.parametrize("method", ["PROPFIND", "OPTIONS", "DELETE"])
def test_paths_of_the_host_are_its_own(make_bare_site: MakeSite, prefix: str, method: str) -> None:
    """A page of the site below the prefix refuses in the site's words, also where it has no OPTIONS."""
    site = make_bare_site(RATCHET_URL_PREFIX=prefix, RATCHET_LOGIN_URL=None)
    path = f"{prefix.rstrip('/')}/own"
    site.add_url_rule(path, "own", lambda: "own", methods=["POST"], provide_automatic_options=False)
    reply = site.test_client().open(path, method=method)
    assert (reply.status_code, reply.mimetype, set(reply.allow)) == (405, "text/html", {"POST"})


@pytest.mark.parametrize("prefix", ["/auth", "/"])
@pytest.mark.parametrize("method", ["GET", "PUT", "PROPFIND"])
def test_a_host_that_answers_every_path_leaves_ours_alone(
    make_bare_site: MakeSite, prefix: str, method: str
) -> None:
    """A page of the site for every path, as a single-page app has it, does not answer for a path of ours."""
    site = make_bare_site(RATCHET_URL_PREFIX=prefix, RATCHET_LOGIN_URL=None)
    site.add_url_rule("/<path:path>", "page", lambda path: path, methods=["GET", "PUT", "PROPFIND"])
    reply = site.test_client().open(f"{prefix.rstrip('/')}/login", method=method)
    assert (refusal(reply), set(reply.allow)) == ((405, "method_not_allowed"), {"POST", "OPTIONS"})
    reply = site.test_client().open(f"{prefix.rstrip('/')}/other", method=method)
    assert (reply.status_code, reply.mimetype) == (200, "text/html")
    assert set(site.test_client().options(f"{prefix.rstrip('/')}/login").allow) == {"POST", "OPTIONS"}


def test_a_method_that_the_host_adds_to_a_path_is_its_own(bare_site: Flask) -> None:
    """A host that declares a further method at exactly our path answers it; ours stay ours."""
    bare_site.add_url_rule("/auth/login", "form", lambda: "a form", methods=["GET"])
    client = bare_site.test_client()
    assert client.get("/auth/login").data == b"a form"
    assert refusal(client.post("/auth/login", json={})) == (400, "invalid_request")
    assert refusal(client.put("/auth/login")) == (405, "method_not_allowed")


@pytest.mark.parametrize("method", ["POST", "PUT", "PROPFIND"])
def test_the_hooks_of_the_host_run_as_ever(make_bare_site: MakeSite, method: str) -> None:
    """What a host begins before each request is there after it, and it sees ours as the blueprint's."""
    site, seen = make_bare_site(), []

    @site.before_request
    def begin() -> None:
        g.began = request.blueprint

    @site.after_request
    def end(response: Response) -> Response:
        seen.append((g.began, request.endpoint))
        return response

    site.test_client().open("/auth/me", method=method)
    assert seen == [("ratchet", "ratchet.me")]


@pytest.mark.parametrize("path", ["/auth/me", "/auth/sessions/some-id"])
def test_another_site_is_told_nothing_of_methods(bare_site: Flask, path: str) -> None:
    """A method that changes state is refused to a page of another site, also where it is not declared."""
    reply = bare_site.test_client().put(path, headers={"Sec-Fetch-Site": "cross-site"})
    assert refusal(reply) == (403, "cross_origin")


def test_every_rule_has_its_methods(bare_site: Flask) -> None:
    """Extensions read them from the map of the app: they are the declared ones, at every rule."""
    found = {rule.rule: rule.methods for rule in bare_site.url_map.iter_rules()}
    assert {path: found[path] for path in ALLOWED if path in found} == {
        path: allowed for path, allowed in ALLOWED.items() if path in found
    }
    assert not [path for path, methods in found.items() if not isinstance(methods, set)]
    assert found["/auth/sessions/<session_id>"] == {"DELETE", "OPTIONS"}


def test_flask_routes_lists_ours(bare_site: Flask) -> None:
    """Flask's own command works in a site that has the blueprint, and names methods and paths."""
    listed = bare_site.test_cli_runner().invoke(routes_command)
    assert listed.exit_code == 0, listed.output
    rows = [line.split() for line in listed.output.splitlines()]
    assert ["ratchet.login", "POST", "/auth/login"] in rows
    assert ["ratchet.list_sessions", "GET,", "POST", "/auth/sessions"] in rows


@pytest.mark.parametrize(("path", "allowed"), ALLOWED.items())
def test_options_names_the_methods(bare_site: Flask, path: str, allowed: set[str]) -> None:
    """OPTIONS says what can be asked, of anybody."""
    reply = Browser(bare_site).client.options(path)
    assert (reply.status_code, set(reply.allow)) == (200, allowed)


def test_looking_changes_nothing(signed_in: Browser, site: Flask, ada: str, clock: Clock) -> None:
    """GET, HEAD and OPTIONS on any route neither write the row nor set a cookie."""
    clock.advance(300)
    before = stored(site, ada)
    for path in ALLOWED:
        for method in ("GET", "HEAD", "OPTIONS"):
            reply = signed_in.client.open(path, method=method)
            assert "Set-Cookie" not in reply.headers
    assert stored(site, ada) == before


def test_head_is_get_without_a_body(signed_in: Browser) -> None:
    """HEAD answers with the headers of GET."""
    got, headed = signed_in.client.get("/auth/me"), signed_in.client.head("/auth/me")
    assert (headed.status_code, headed.data) == (200, b"")
    assert headed.headers["Content-Length"] == got.headers["Content-Length"]


def test_no_reply_is_stored_or_sniffed(browser: Browser) -> None:
    """Every reply forbids caches to keep it and browsers to guess its type."""
    replies = [
        browser.sign_in(),
        browser.refresh(),
        browser.me(),
        browser.client.get("/auth/sessions"),
        browser.post("/auth/sessions"),
        browser.client.options("/auth/me"),
        browser.sign_out(),
    ]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 200, 201, 200, 204]
    for reply in replies:
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert {"Cookie", "Authorization"} <= set(reply.vary)
    assert {reply.mimetype for reply in replies[:5]} == {"application/json"}


def test_labels_come_in_every_script(browser: Browser) -> None:
    """A label comes back as it was sent, from every database."""
    label = "T\u00e9l\u00e9phone \U0001f4f1 \u96fb\u8a71"
    browser.sign_in(label=label)
    assert content(browser.me())["session"]["label"] == label
