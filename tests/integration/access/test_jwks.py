"""Access tokens signed with key pairs: what is published, and how keys change without signing anybody out."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest

from app.auth.tokens import keys
from app.auth.tokens.claims import AccessClaims, AccessTokens
from app.auth.tokens.jws import JWKS_MAX_AGE, derive_key
from tests.support.browser import ACCESS_COOKIE, Browser, access_token, content, refusal, set_cookies
from tests.support.forgery import claims_of, header_of
from tests.support.samples import NOW, SECRET, save_key
from tests.support.sites import MakeSite

INVALID = (401, "token_invalid")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a key."""
    return save_key(tmp_path_factory.mktemp("old") / "old.pem", "ES256")


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the key that is to follow it."""
    return save_key(tmp_path_factory.mktemp("new") / "new.pem", "EdDSA")


def name_of(path: Path) -> str | None:
    """What the key in a file is called."""
    return keys.read(path).kid


def test_a_site_without_keys_publishes_an_empty_set(make_bare_site: MakeSite) -> None:
    """There is nothing that another service could verify with."""
    reply = make_bare_site().test_client().get("/auth/jwks.json")
    assert (reply.status_code, reply.get_json()) == (200, {"keys": []})


def test_the_set_shows_the_public_halves_in_order(make_bare_site: MakeSite, old: Path, new: Path) -> None:
    """The one that signs comes first, and no member of any is private (RFC 7517, 5)."""
    reply = make_bare_site(RATCHET_JWT_KEYS=[new, old]).test_client().get("/auth/jwks.json")
    first, second = content(reply)["keys"]
    assert (first["kid"], second["kid"]) == (name_of(new), name_of(old))
    assert set(first) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert set(second) == {"kty", "crv", "x", "y", "kid", "alg", "use"}


def test_the_set_can_be_kept_for_a_while_by_everybody(make_bare_site: MakeSite, new: Path) -> None:
    """It is the one reply that is the same for everybody; what the others say is nobody else's business."""
    client = make_bare_site(RATCHET_JWT_KEYS=new).test_client()
    headers = client.get("/auth/jwks.json").headers
    assert headers["Cache-Control"] == f"public, max-age={JWKS_MAX_AGE}"
    assert "Vary" not in headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/auth/me").headers["Cache-Control"] == "no-store"
    assert client.post("/auth/jwks.json").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("POST", 405), ("DELETE", 405)])
def test_the_set_can_only_be_read(make_bare_site: MakeSite, method: str, status: int) -> None:
    """GET and HEAD, and no other method."""
    assert make_bare_site().test_client().open("/auth/jwks.json", method=method).status_code == status


def test_another_service_verifies_with_the_set_alone(
    make_site: MakeSite, signed_in: Browser, new: Path
) -> None:
    """It needs the address of the set and no secret (RFC 9068, 4)."""
    site = make_site(RATCHET_JWT_KEYS=new, RATCHET_ISSUER="https://example.org", RATCHET_AUDIENCE="api")
    token = access_token(Browser(site, signed_in.held))
    published = jwt.PyJWKSet.from_dict(content(site.test_client().get("/auth/jwks.json")))
    claims = jwt.decode(
        token,
        published[header_of(token)["kid"]],
        algorithms=["EdDSA"],
        audience="api",
        issuer="https://example.org",
        options={"verify_iat": False},  # the clock of the tests is ahead of the library's
    )
    assert (header_of(token)["typ"], claims["exp"]) == ("at+jwt", int(NOW) + 600)


def test_a_token_names_the_issuer_of_the_metadata(make_site: MakeSite, signed_in: Browser, new: Path) -> None:
    """Also where RATCHET_ISSUER is not set: both are the URL of the site (RFC 9068, 4)."""
    site = make_site(RATCHET_JWT_KEYS=new)
    token = access_token(Browser(site, signed_in.held))
    told = content(site.test_client().get("/.well-known/oauth-authorization-server"))
    assert claims_of(token)["iss"] == told["issuer"] == "http://localhost"


def test_a_set_issuer_is_that_of_the_tokens(make_site: MakeSite, signed_in: Browser, new: Path) -> None:
    """The address that the client used does not count then."""
    site = make_site(RATCHET_JWT_KEYS=new, RATCHET_ISSUER="https://example.org")
    assert claims_of(access_token(Browser(site, signed_in.held)))["iss"] == "https://example.org"


def test_nodes_with_reversed_keys_take_each_others_tokens(
    make_site: MakeSite, signed_in: Browser, old: Path, new: Path
) -> None:
    """While a new order is rolled out, each node signs with its first key and accepts both."""
    nodes = [make_site(RATCHET_JWT_KEYS=order) for order in ([old, new], [new, old])]
    browsers = [Browser(node, signed_in.held) for node in nodes]
    tokens = [access_token(browser) for browser in browsers]
    assert [header_of(token)["kid"] for token in tokens] == [name_of(old), name_of(new)]
    assert {browser.me(token).status_code for browser in browsers for token in tokens} == {200}


def test_an_order_of_keys_does_not_touch_the_refresh_token(
    make_site: MakeSite, signed_in: Browser, old: Path, new: Path
) -> None:
    """It is signed with the secret, whatever signs the access token: a Repeat is the same to the byte."""
    signed_in.refresh()
    held = {signed_in.held}
    for order in ([], [old], [old, new], [new]):
        browser = Browser(make_site(RATCHET_JWT_KEYS=order), signed_in.held)
        browser.refresh()
        held.add(browser.held)
    assert held == {signed_in.held}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([], ["new"], id="from the secret to a key"),
        pytest.param(["old"], ["new"], id="from a key to another, in one step"),
        pytest.param(["old", "new"], ["new"], id="without the old key"),
        pytest.param(["old"], [], id="from a key back to the secret"),
    ],
)
def test_a_token_that_turns_invalid_is_renewed(
    before: list[str], after: list[str], make_site: MakeSite, signed_in: Browser, old: Path, new: Path
) -> None:
    """Its bearer gets a 401 and refreshes: nobody is signed out, and what comes is signed anew."""
    files = {"old": old, "new": new}
    browser = Browser(make_site(RATCHET_JWT_KEYS=[files[name] for name in before]), signed_in.held)
    token = access_token(browser)
    changed = Browser(make_site(RATCHET_JWT_KEYS=[files[name] for name in after]), browser.held)
    assert refusal(changed.me(token)) == INVALID
    assert changed.me(access_token(changed)).status_code == 200


def test_a_page_goes_on_when_its_token_turns_invalid(
    make_site: MakeSite, signed_in: Browser, old: Path, new: Path
) -> None:
    """A navigation with the cookie of an old key is sent through continue and comes back signed in."""
    before = Browser(make_site(RATCHET_JWT_KEYS=old), signed_in.held)
    cookie = set_cookies(before.refresh())[ACCESS_COOKIE]["value"]
    after = Browser(make_site(RATCHET_JWT_KEYS=new), before.held)
    after.client.set_cookie(ACCESS_COOKIE, cookie)
    page = after.client.get("/account", headers={"Sec-Fetch-Mode": "navigate"}, follow_redirects=True)
    assert (page.status_code, page.request.path) == (200, "/account")
    assert [reply.request.path for reply in page.history] == ["/account", "/auth/continue"]


def test_a_stolen_secret_makes_no_access_token(make_bare_site: MakeSite, new: Path) -> None:
    """With keys, an HMAC by the secret is no signature; without them it is."""
    claims = AccessClaims("1", "any", int(NOW), int(NOW) + 600, int(NOW), "first")
    token = AccessTokens([derive_key(SECRET, "access token")], None, None).sign(claims)
    issuers = [
        make_bare_site(RATCHET_JWT_KEYS=value).extensions["ratchet"].token_issuer for value in (None, new)
    ]
    assert [len(token_issuer.valid_access([token], NOW)) for token_issuer in issuers] == [1, 0]
