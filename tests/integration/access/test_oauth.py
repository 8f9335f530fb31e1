"""OAuth clients: the refresh grant, revocation, introspection and metadata, on real databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask, request
from werkzeug.datastructures import Authorization
from werkzeug.http import parse_list_header
from werkzeug.test import TestResponse

from app.auth import reuse_detected
from app.auth.api.metadata import MAX_AGE
from app.auth.tokens.jws import JWKS_MAX_AGE
from tests.support.browser import Browser, bearer, content, refusal
from tests.support.clock import Clock
from tests.support.forgery import claims_of, forge_access, forge_for
from tests.support.samples import SECRET
from tests.support.sites import MakeSite

from ...support.clients.quick import SERVICE_SECRET
from ...support.rows import stored, write
from ...support.samples import save_key

SERVICE = "the-secret-of-a-service-that-asks-us"
OTHER_SERVICE = "the-secret-of-another-service-beside"
GONE = (400, "invalid_grant")
UNREADABLE = (400, "invalid_request")
FORMS = ("/auth/token", "/auth/revoke", "/auth/introspect")
WELL_KNOWN = "/.well-known/oauth-authorization-server"


def basic(secret: str) -> dict[str, str]:
    """The header of a client that presents this secret by Basic."""
    return {"Authorization": Authorization("basic", {"username": "api", "password": secret}).to_header()}


class Client:
    """An OAuth client or a service: no cookies, only forms."""

    def __init__(self, site: Flask) -> None:
        self._client = site.test_client(use_cookies=False)

    def send(self, path: str, raw: str | bytes, **headers: str) -> TestResponse:
        """POST these very bytes as a form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._client.post(path, data=raw, headers=kind | headers)

    def refresh(self, token: str) -> TestResponse:
        """POST /auth/token."""
        return self.send("/auth/token", f"grant_type=refresh_token&refresh_token={token}")

    def revoke(self, token: str, **headers: str) -> TestResponse:
        """POST /auth/revoke."""
        return self.send("/auth/revoke", f"token={token}", **headers)

    def introspect(self, token: str, secret: str = SERVICE) -> TestResponse:
        """POST /auth/introspect, as a service."""
        return self.send("/auth/introspect", f"token={token}", **bearer(secret))

    def knows(self, token: str) -> dict[str, Any]:
        """What a service is told of a token."""
        reply = self.introspect(token)
        assert reply.status_code == 200
        return content(reply)


@pytest.fixture
def site(make_site: MakeSite) -> Flask:
    """A site that two services may ask about tokens."""
    return make_site(RATCHET_SERVICE_SECRETS=[OTHER_SERVICE, SERVICE])


@pytest.fixture
def client(site: Flask) -> Client:
    """A client in front of the site."""
    return Client(site)


@pytest.fixture
def tokens(signed_in: Browser) -> dict[str, Any]:
    """The tokens of a session of ada that a client was given."""
    return content(signed_in.post("/auth/sessions", {}))


@pytest.fixture
def old(client: Client, tokens: dict[str, Any], clock: Clock) -> str:
    """A refresh token whose successor was used, so that only a thief still has it."""
    first, token = tokens["refresh_token"], tokens["refresh_token"]
    for _ in range(2):
        token = content(client.refresh(token))["refresh_token"]
        clock.advance(30)
    return str(first)


@contextmanager
def thefts(site: Flask) -> Iterator[list[str]]:
    """The subjects that this block finds to be robbed."""
    found: list[str] = []

    def note(_sender: object, subject: str, **_: object) -> None:
        found.append(subject)

    with reuse_detected.connected_to(note, sender=site):
        yield found


def test_a_refresh_token_gives_new_tokens(client: Client, tokens: dict[str, Any]) -> None:
    """The reply is that of RFC 6749, section 5.1: never kept, never with a cookie."""
    reply = client.refresh(tokens["refresh_token"])
    fields = content(reply)
    assert reply.status_code == 200
    assert (fields["token_type"], fields["expires_in"]) == ("Bearer", 600)
    assert fields["refresh_token"] != tokens["refresh_token"]
    assert (reply.headers["Cache-Control"], reply.headers["Pragma"]) == ("no-store", "no-cache")
    assert "Set-Cookie" not in reply.headers
    assert client.refresh(fields["refresh_token"]).status_code == 200


def test_a_retry_gets_the_same_token(client: Client, tokens: dict[str, Any]) -> None:
    """The rule is that of every refresh: within the leeway the parent is handed the very same successor."""
    replies = [content(client.refresh(tokens["refresh_token"])) for _ in range(2)]
    assert len({reply["refresh_token"] for reply in replies}) == 1


def test_an_old_token_ends_the_session(
    site: Flask, client: Client, ada: str, old: str, signed_in: Browser
) -> None:
    """Reuse is invalid_grant here, its signal is sent, and the browser's own session lives on."""
    with thefts(site) as robbed:
        reply = client.refresh(old)
    assert refusal(reply) == GONE
    assert robbed == [ada]
    assert len(stored(site, ada).sessions) == 1
    assert signed_in.refresh().status_code == 200
    assert refusal(client.refresh(old)) == GONE


def test_no_cookie_is_read_or_cleared(signed_in: Browser, site: Flask, ada: str) -> None:
    """A token that came in a cookie never leaves in a body, and a refused form touches no cookie."""
    before, held = stored(site, ada), signed_in.held
    for form in (
        {"grant_type": "refresh_token"},
        {"grant_type": "refresh_token", "refresh_token": "garbage"},
    ):
        reply = signed_in.client.post("/auth/token", data=form)
        assert reply.status_code == 400
        assert "Set-Cookie" not in reply.headers
    assert refusal(signed_in.client.post("/auth/revoke", data={})) == UNREADABLE
    assert (stored(site, ada), signed_in.held) == (before, held)


@pytest.mark.parametrize(
    ("what", "refused"),
    [
        pytest.param("an access token", GONE, id="an access token"),
        pytest.param("the value of a cookie", GONE, id="a refresh cookie with its signature"),
        pytest.param("garbage", GONE, id="garbage"),
        pytest.param("%00", GONE, id="a NUL"),
        pytest.param("x" * 5000, GONE, id="five thousand letters"),
        pytest.param("a.b.%F0%9F%98%80", GONE, id="a face"),
        pytest.param("", UNREADABLE, id="no value, which counts as absent"),
    ],
)
def test_no_refresh_token(
    client: Client,
    site: Flask,
    ada: str,
    signed_in: Browser,
    tokens: dict[str, Any],
    what: str,
    refused: tuple[int, str],
) -> None:
    """It is refused, and nothing is written."""
    before = stored(site, ada)
    presented = {"an access token": tokens["access_token"], "the value of a cookie": signed_in.held}
    assert refusal(client.refresh(presented.get(what, what))) == refused
    assert stored(site, ada) == before


def test_a_forged_token_names_nobody(client: Client, site: Flask, ada: str, tokens: dict[str, Any]) -> None:
    """A token signed with another secret touches no session, whatever it says."""
    before = stored(site, ada)
    for session in before.sessions:
        forged = forge_for("another secret of forty characters....", ada, session["id"], session["current"])
        assert refusal(client.refresh(forged)) == GONE
        assert content(client.revoke(forged)) == {}
        assert client.knows(forged) == {"active": False}
    assert stored(site, ada) == before
    assert client.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("columns", [{"blocked": True}, {"confirmed": False}], ids=["blocked", "unconfirmed"])
def test_a_user_who_may_not_sign_in(
    client: Client, site: Flask, ada: str, tokens: dict[str, Any], columns: dict[str, bool]
) -> None:
    """Their session ends at the next refresh, and introspection knows before that."""
    write(site, ada, **columns)
    assert client.knows(tokens["refresh_token"]) == {"active": False}
    assert refusal(client.refresh(tokens["refresh_token"])) == GONE
    assert len(stored(site, ada).sessions) == 1


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("", "invalid_request"),
        ("refresh_token=x", "invalid_request"),
        ("grant_type=&refresh_token=x", "invalid_request"),
        ("grant_type=password&username=ada&password=x", "unsupported_grant_type"),
        ("grant_type=authorization_code&code=x", "unsupported_grant_type"),
        ("grant_type=REFRESH_TOKEN&refresh_token=x", "unsupported_grant_type"),
        ("grant_type=refresh_token", "invalid_request"),
    ],
)
def test_other_grants(client: Client, form: str, code: str) -> None:
    """There is one grant, and it is named (RFC 6749, section 5.2)."""
    assert refusal(client.send("/auth/token", form)) == (400, code)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param("grant_type=refresh_token&refresh_token={0}&refresh_token={0}&token={0}", id="twice"),
        pytest.param(
            "grant_type=refresh_token&refresh_token={0}&token={0}&x=1&x=2", id="an unknown one twice"
        ),
        pytest.param(
            "grant_type=refresh_token&refresh_token={0}&token={0}&token=", id="once without a value"
        ),
        pytest.param("grant_type=refresh_token&refresh_token={0}&token={0}&x=%ff", id="broken UTF-8"),
        pytest.param(
            "grant_type=refresh_token&refresh_token={0}&token={0}&x=\xff", id="bytes that are no UTF-8"
        ),
    ],
)
def test_a_form_that_can_be_read_in_two_ways(
    client: Client, site: Flask, ada: str, tokens: dict[str, Any], form: str
) -> None:
    """It is refused by every route, and no session is touched (RFC 6749, section 3.2)."""
    before = stored(site, ada)
    raw = form.format(tokens["refresh_token"]).encode("latin-1")
    for path in FORMS:
        assert refusal(client.send(path, raw, **bearer(SERVICE))) == UNREADABLE, path
    assert stored(site, ada) == before


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_other_media_types(client: Client, tokens: dict[str, Any], kind: str) -> None:
    """A body that does not say it is a form is not read as one."""
    raw = f"grant_type=refresh_token&refresh_token={tokens['refresh_token']}&token=x"
    for path in FORMS:
        reply = client.send(path, raw, **bearer(SERVICE), **{"Content-Type": kind})
        assert refusal(reply) == (415, "invalid_request"), path


def test_a_large_form_is_not_read(client: Client) -> None:
    """A byte beyond sixteen KiB is too much."""
    for path in FORMS:
        reply = client.send(path, b"x" * (16 * 1024 + 1), **bearer(SERVICE))
        assert refusal(reply) == (413, "invalid_request"), path


@pytest.mark.parametrize("path", [*FORMS, WELL_KNOWN])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_methods(site: Flask, path: str, method: str) -> None:
    """Forms are posted and metadata is read; anything else is 405, in JSON."""
    if (path, method) == (WELL_KNOWN, "GET"):
        method = "POST"
    reply = site.test_client().open(path, method=method)
    assert refusal(reply) == (405, "method_not_allowed")
    assert ("POST" in reply.headers["Allow"]) == (path != WELL_KNOWN)


@pytest.mark.parametrize("path", FORMS)
def test_another_site_and_a_prefetch_cannot_post(
    client: Client, site: Flask, ada: str, tokens: dict[str, Any], path: str
) -> None:
    """The origin check is that of every route: without a cookie, a refresh is the page's own affair."""
    before = stored(site, ada)
    form = f"grant_type=refresh_token&refresh_token={tokens['refresh_token']}&token={tokens['refresh_token']}"
    foreign = client.send(path, form, **bearer(SERVICE), **{"Sec-Fetch-Site": "cross-site", "Cookie": "a=b"})
    assert refusal(foreign) == (403, "cross_origin")
    early = client.send(path, form, **bearer(SERVICE), **{"Sec-Purpose": "prefetch"})
    assert (refusal(early), early.headers["Retry-After"]) == ((503, "unavailable"), "1")
    assert stored(site, ada) == before


def test_a_site_without_body_delivery_gives_no_tokens(make_site: MakeSite, tokens: dict[str, Any]) -> None:
    """It says so as elsewhere, its metadata names no grant, and what is out there can be revoked."""
    site = make_site(RATCHET_BODY_DELIVERY=False)
    client = Client(site)
    assert refusal(client.refresh(tokens["refresh_token"])) == UNREADABLE
    assert content(site.test_client().get(WELL_KNOWN))["grant_types_supported"] == []
    assert client.revoke(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
@pytest.mark.parametrize(
    "hint", ["", "&token_type_hint=refresh_token", "&token_type_hint=access_token", "&token_type_hint=x"]
)
def test_a_revoked_session_is_over(
    client: Client, tokens: dict[str, Any], signed_in: Browser, which: str, hint: str
) -> None:
    """Either token ends its session, whatever the hint says, and no other session (RFC 7009)."""
    assert client.send("/auth/revoke", f"token={tokens[which]}{hint}").status_code == 200
    assert refusal(client.refresh(tokens["refresh_token"])) == GONE
    assert refusal(signed_in.me(tokens["access_token"])) == (401, "token_invalid")
    assert client.knows(tokens["access_token"]) == {"active": False}
    assert signed_in.refresh().status_code == 200


def test_a_stolen_old_token_can_be_revoked(client: Client, site: Flask, ada: str, old: str) -> None:
    """Whoever finds one out there ends its session, long after it was replaced; that is no theft."""
    with thefts(site) as robbed:
        assert client.revoke(old).status_code == 200
    assert robbed == []
    assert len(stored(site, ada).sessions) == 1


@pytest.mark.parametrize("token", ["garbage", "%00", "a.b.c", "x" * 5000])
def test_an_unknown_token_is_revoked_already(client: Client, site: Flask, ada: str, token: str) -> None:
    """The reply is 200, and the row is not touched (RFC 7009, section 2.2)."""
    before = stored(site, ada)
    reply = client.revoke(token)
    assert (reply.status_code, content(reply)) == (200, {})
    assert stored(site, ada) == before


def test_a_service_is_told_what_a_token_says(
    client: Client, tokens: dict[str, Any], ada: str, clock: Clock
) -> None:
    """Each claim that stands in a token, and the kind of the token (RFC 7662)."""
    access, refresh = claims_of(tokens["access_token"]), claims_of(tokens["refresh_token"])
    assert access.keys() == {"sub", "sid", "jti", "client_id", "iat", "exp", "auth_time"}
    assert refresh.keys() == {"sub", "sid", "jti", "exp"}
    assert client.knows(tokens["access_token"]) == {"active": True, "token_type": "Bearer"} | access
    assert client.knows(tokens["refresh_token"]) == {"active": True, "token_type": "refresh_token"} | refresh
    assert (access["sub"], access["sid"], access["exp"]) == (ada, refresh["sid"], clock.now + 600)


def test_a_service_is_told_of_a_token_of_the_release_before(client: Client, tokens: dict[str, Any]) -> None:
    """It has no jti and no client_id, so neither is told."""
    claims = claims_of(tokens["access_token"])
    del claims["jti"], claims["client_id"]
    assert client.knows(forge_access(claims)) == {"active": True, "token_type": "Bearer"} | claims


def test_a_service_is_told_issuer_and_audience(make_site: MakeSite, signed_in: Browser) -> None:
    """Where the settings name them, they stand in the token."""
    named = {"RATCHET_ISSUER": "https://example.org", "RATCHET_AUDIENCE": "api"}
    site = make_site(RATCHET_SERVICE_SECRETS=SERVICE, **named)
    token = content(Browser(site, signed_in.held).refresh())["access_token"]
    known = Client(site).knows(token)
    assert (known["iss"], known["aud"]) == ("https://example.org", "api")
    assert known == {"active": True, "token_type": "Bearer"} | claims_of(token)


def test_what_is_not_good_any_more_is_inactive(client: Client, tokens: dict[str, Any], clock: Clock) -> None:
    """Current and parent are active; an older token and an expired one are not, and asking writes nothing."""
    first = tokens["refresh_token"]
    second = content(client.refresh(first))["refresh_token"]
    assert [client.knows(token)["active"] for token in (first, second)] == [True, True]
    clock.advance(600)
    third = content(client.refresh(second))["refresh_token"]
    assert [client.knows(token)["active"] for token in (first, second, third)] == [False, True, True]
    assert client.knows(tokens["access_token"]) == {"active": False}
    assert client.refresh(third).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="nobody"),
        pytest.param(bearer("x"), id="a wrong secret"),
        pytest.param(bearer(""), id="no secret"),
        pytest.param(bearer(SERVICE[:-1]), id="most of a secret"),
        pytest.param(bearer(f"{SERVICE}, {OTHER_SERVICE}"), id="two at once"),
        pytest.param(bearer("\xe9" * 40), id="letters beyond ASCII"),
        pytest.param({"Authorization": f"Basic {SERVICE}"}, id="another scheme"),
        pytest.param({"X-Authorization": f"Bearer {SERVICE}"}, id="another header"),
        pytest.param(basic("x"), id="a wrong secret by Basic"),
        pytest.param(basic(""), id="no secret by Basic"),
        pytest.param(basic(f"{SERVICE}:{OTHER_SERVICE}"), id="two at once by Basic"),
        pytest.param({"Authorization": f"Digest password={SERVICE}"}, id="a password in another scheme"),
    ],
)
def test_nobody_else_is_told_anything(
    client: Client, tokens: dict[str, Any], headers: dict[str, str]
) -> None:
    """Without a secret the answer to a good token, a bad one and a broken form is one and the same."""
    good, bad = (f"token={token}" for token in (tokens["access_token"], "garbage"))
    replies = [client.send("/auth/introspect", form, **headers) for form in (good, bad, "", "a=1&a=2")]
    assert {refusal(reply) for reply in replies} == {(401, "invalid_client")}
    assert len({reply.data for reply in replies}) == 1
    challenges = parse_list_header(replies[0].headers["WWW-Authenticate"])
    assert (challenges[0], challenges[-1]) == ('Bearer error="invalid_token"', 'Basic realm="services"')


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        pytest.param(basic(SERVICE_SECRET), "", id="client_secret_basic as curl sends it"),
        pytest.param(basic(quote(SERVICE_SECRET, safe="")), "", id="client_secret_basic as OAuth has it"),
        pytest.param({}, f"&client_id=api&client_secret={quote(SERVICE_SECRET)}", id="client_secret_post"),
        pytest.param(bearer(SERVICE_SECRET), "&client_secret=x", id="a bearer, which counts before the form"),
    ],
)
def test_a_service_presents_its_secret(
    make_site: MakeSite, tokens: dict[str, Any], headers: dict[str, str], fields: str
) -> None:
    """In each of the ways that the metadata name, under any name of a client (RFC 6749, section 2.3.1)."""
    client = Client(make_site(RATCHET_SERVICE_SECRETS=SERVICE_SECRET))
    reply = client.send("/auth/introspect", f"token={tokens['access_token']}{fields}", **headers)
    assert (reply.status_code, content(reply)["active"]) == (200, True)


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        pytest.param({}, "client_secret=x", id="a wrong one"),
        pytest.param({}, "client_secret=", id="an empty one"),
        pytest.param({}, f"client_secret={SERVICE}&client_secret=x", id="two"),
        pytest.param(bearer("x"), f"client_secret={SERVICE}", id="beside a wrong bearer"),
    ],
)
def test_a_secret_in_the_form_has_to_be_the_right_one(
    client: Client, tokens: dict[str, Any], headers: dict[str, str], fields: str
) -> None:
    """A header that is there counts, and a wrong secret gets the answer that none gets."""
    reply = client.send("/auth/introspect", f"token={tokens['access_token']}&{fields}", **headers)
    assert refusal(reply) == (401, "invalid_client")


def test_an_access_token_is_no_secret_of_a_service(client: Client, tokens: dict[str, Any]) -> None:
    """A user's token does not let its bearer ask about others."""
    assert refusal(client.introspect("x", tokens["access_token"])) == (401, "invalid_client")


def test_without_secrets_nobody_is_told_anything(make_site: MakeSite, tokens: dict[str, Any]) -> None:
    """A site that names no service refuses them all, the one that shows nothing, too."""
    client = Client(make_site())
    for secret in (SERVICE, ""):
        assert refusal(client.introspect(tokens["access_token"], secret)) == (401, "invalid_client")


def test_every_secret_of_the_list_will_do(client: Client, tokens: dict[str, Any]) -> None:
    """So that one can be replaced by another without a gap."""
    for secret in (SERVICE, OTHER_SERVICE):
        assert content(client.introspect(tokens["access_token"], secret))["active"] is True


@pytest.mark.parametrize("path", FORMS)
def test_a_fault_can_be_tried_again(make_site: MakeSite, tmp_path: Path, path: str) -> None:
    """While the database is away the answer is 503, never that a token is bad."""
    lost = f"sqlite:///{tmp_path / 'no such folder' / 'file'}"
    site = make_site(RATCHET_SERVICE_SECRETS=SERVICE, SQLALCHEMY_DATABASE_URI=lost)
    token = forge_for(SECRET, "1", "any")
    form = f"grant_type=refresh_token&refresh_token={token}&token={token}"
    reply = Client(site).send(path, form, **bearer(SERVICE))
    assert (refusal(reply), reply.headers["Retry-After"]) == ((503, "unavailable"), "1")


def test_a_host_that_reads_the_form_first(make_site: MakeSite, tokens: dict[str, Any]) -> None:
    """A hook that looks into every form leaves ours as it was, and a parameter still comes once."""
    site = make_site()
    site.before_request(lambda: request.form.get("csrf") and None)
    twice = f"grant_type=refresh_token&grant_type=refresh_token&refresh_token={tokens['refresh_token']}"
    assert refusal(Client(site).send("/auth/token", twice)) == UNREADABLE
    assert Client(site).refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("columns", [{"blocked": True}, {"confirmed": False}, {"sessions": []}])
def test_a_service_is_told_what_the_row_says(
    client: Client, site: Flask, ada: str, tokens: dict[str, Any], columns: dict[str, Any]
) -> None:
    """A token that is good by itself is inactive where its user may not sign in, or its session is gone."""
    write(site, ada, **columns)
    assert client.knows(tokens["access_token"]) == {"active": False}


def test_metadata_of_a_mounted_site_names_where_it_is(make_bare_site: MakeSite) -> None:
    """The issuer and every address are of one place, by the word of the site and not of the request."""
    site = make_bare_site(SERVER_NAME="api.example.org")
    told = content(site.test_client().get(WELL_KNOWN, base_url="http://api.example.org/two"))
    assert (told["issuer"], told["token_endpoint"]) == (
        "http://api.example.org/two",
        "http://api.example.org/two/auth/token",
    )
    assert content(site.test_client().get(WELL_KNOWN, headers={"Host": "evil.example"}))["issuer"] == (
        "http://api.example.org"
    )


def test_metadata_names_what_there_is(bare_site: Flask) -> None:
    """Every address in it is of this site, and whoever asked may keep it (RFC 8414)."""
    reply = bare_site.test_client().get(WELL_KNOWN, base_url="https://example.org")
    assert content(reply) == {
        "issuer": "https://example.org",
        "token_endpoint": "https://example.org/auth/token",
        "revocation_endpoint": "https://example.org/auth/revoke",
        "introspection_endpoint": "https://example.org/auth/introspect",
        "response_types_supported": [],
        "grant_types_supported": ["refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "introspection_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "Bearer",
        ],
    }
    assert reply.headers["Cache-Control"] == f"private, max-age={MAX_AGE}"
    assert (reply.headers["X-Content-Type-Options"], "Vary" in reply.headers) == ("nosniff", False)


@pytest.mark.parametrize(
    ("further", "origin", "kept_by"),
    [
        pytest.param({}, "http://evil.example", "private", id="nothing says where the site is"),
        pytest.param({"RATCHET_ISSUER": "x"}, "http://evil.example", "private", id="a mere name does not"),
        pytest.param({"RATCHET_ISSUER": "https://a.org/b"}, "https://a.org", "public", id="an issuer does"),
        pytest.param({"SERVER_NAME": "a.org"}, "http://a.org", "public", id="SERVER_NAME does"),
        pytest.param(
            {"SERVER_NAME": "a.org", "RATCHET_ISSUER": "https://b.org"},
            "http://a.org",
            "public",
            id="SERVER_NAME does, beside an issuer elsewhere",
        ),
        pytest.param(
            {"TRUSTED_HOSTS": ["evil.example"]}, "http://evil.example", "public", id="TRUSTED_HOSTS does"
        ),
        pytest.param({"TRUSTED_HOSTS": ["a.org"]}, None, "", id="and refuses every other host"),
    ],
)
def test_a_wrong_host_is_kept_by_no_shared_cache(
    make_bare_site: MakeSite, further: dict[str, Any], origin: str | None, kept_by: str
) -> None:
    """Whoever sends a wrong Host does not choose the addresses that others are given."""
    reply = make_bare_site(**further).test_client().get(WELL_KNOWN, headers={"Host": "evil.example"})
    if origin is None:
        assert reply.status_code == 400
        return
    assert content(reply)["token_endpoint"] == f"{origin}/auth/token"
    assert reply.headers["Cache-Control"] == f"{kept_by}, max-age={MAX_AGE}"


def test_metadata_names_the_keys_where_there_are_any(make_bare_site: MakeSite, tmp_path: Path) -> None:
    """Another service finds the public keys from here; it may keep both for a while."""
    site = make_bare_site(RATCHET_JWT_KEYS=save_key(tmp_path / "key.pem", "ES256"), RATCHET_URL_PREFIX="/")
    assert content(site.test_client().get(WELL_KNOWN))["jwks_uri"] == "http://localhost/jwks.json"
    assert JWKS_MAX_AGE < MAX_AGE


@pytest.mark.parametrize(
    ("issuer", "path", "named"),
    [
        pytest.param("https://id.example.org", "", "https://id.example.org", id="an address"),
        pytest.param("https://a.org/b/c", "/b/c", "https://a.org/b/c", id="an address with a path"),
        pytest.param("https://a.org/b", "", "https://a.org/b", id="the same, asked for plainly"),
        pytest.param("https://a.org/b", "/c", None, id="the path of another issuer"),
        pytest.param("https://a.org", "/b", None, id="a path where there is none"),
        pytest.param("ratchet", "", "http://localhost", id="a mere name"),
        pytest.param("ratchet", "/ratchet", None, id="a name as a path"),
        pytest.param("https://a.org?b", "", "http://localhost", id="an address with a query"),
        pytest.param("https://[", "/x", None, id="an address that is broken"),
    ],
)
def test_the_issuer(make_bare_site: MakeSite, issuer: str, path: str, named: str | None) -> None:
    """It is the setting where that is an address, and is found by its path (RFC 8414, section 3.1)."""
    reply = make_bare_site(RATCHET_ISSUER=issuer).test_client().get(f"{WELL_KNOWN}{path}")
    if named is None:
        assert refusal(reply) == (404, "not_found")
    else:
        assert content(reply)["issuer"] == named


@pytest.mark.parametrize("host", ["", "a b", "[", "a:b", "localhost:99999", "\xff"])
def test_metadata_of_nowhere_is_not_given(bare_site: Flask, host: str) -> None:
    """Where Host names no host there are no addresses to give, and nothing that a cache should keep."""
    reply = bare_site.test_client().get(WELL_KNOWN, environ_overrides={"HTTP_HOST": host})
    assert refusal(reply) == UNREADABLE
    assert reply.headers["Cache-Control"] == "no-store"
