"""Ratchet(claims=…): what the host adds to access tokens, and required(claims=…), which asks for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import jsonify
from sqlalchemy.orm import object_session

from app.auth import Ratchet, SettingsError
from app.auth.tokens.claims import MAX_FURTHER, RESERVED
from tests.support.browser import ACCESS_COOKIE, Browser, access_token, bearer, content, refusal, set_cookies
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Stranger
from tests.support.samples import save_key

GRACE = "grace@example.org"
SECRET_OF_A_SERVICE = "the-secret-of-a-service-that-asks-us"
EDITOR = {"size": 41, "roles": ["editor", "author"], "level": 1, "staff": True, "muted": False}

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def of(user: Any) -> dict[str, Any]:
    """The claims of a user of this host."""
    return EDITOR | {"size": user.shoe_size}


def host(make_stranger: MakeStranger, claims: Callable[[Any], Any] | None = of, **further: Any) -> Stranger:
    """An app whose access tokens have further claims, and a view that shows them."""
    made = make_stranger(claims=claims, PROPAGATE_EXCEPTIONS=False, **further)

    @made.app.get("/claims")
    @made.ratchet.required
    def show_claims() -> Any:
        return jsonify(made.ratchet.identity.claims)

    @made.app.post("/let-in")
    def let_in() -> Any:
        made.ratchet.start_session(made.db.session.get(made.model, 1))
        return jsonify(made.ratchet.identity.claims)

    made.add_user(id=1, shoe_size=41)
    return made


def claims_of(stranger: Stranger, token: str) -> dict[str, Any]:
    """What the view says of a bearer."""
    return content(stranger.app.test_client().get("/claims", headers=bearer(token)))


def change_size(stranger: Stranger, size: int) -> None:
    """Write the row."""
    with stranger.app.app_context():
        stranger.db.session.execute(stranger.db.update(stranger.model).values(shoe_size=size))
        stranger.db.session.commit()


def by_grant(browser: Browser) -> Any:
    """The refresh of an OAuth client, with a token that a sign-in gave it."""
    reply = browser.sign_in(GRACE, delivery="body")
    form = {"grant_type": "refresh_token", "refresh_token": content(reply)["refresh_token"]}
    return browser.client.post("/auth/token", data=form)


WAYS: dict[str, Callable[[Browser], Any]] = {
    "sign-in": lambda browser: browser.sign_in(GRACE),
    "sign-in by body": lambda browser: browser.sign_in(GRACE, delivery="body"),
    "refresh": lambda browser: browser.refresh(),
    "grant": by_grant,
    "another device": lambda browser: browser.post("/auth/sessions", {}),
    "change of the password": lambda browser: browser.change_password(),
}


@pytest.mark.parametrize("way", WAYS)
def test_claims_come_with_every_token(make_stranger: MakeStranger, way: str) -> None:
    """However it is issued, read from the row as it is then."""
    stranger = host(make_stranger)
    browser = stranger.signed_in()
    change_size(stranger, 42)
    assert claims_of(stranger, content(WAYS[way](browser))["access_token"]) == EDITOR | {"size": 42}


@only_sqlite
def test_claims_come_with_a_session_that_the_host_starts(make_stranger: MakeStranger) -> None:
    """By ``start_session``: in the same request, in the next one, and after a continue."""
    stranger = host(make_stranger, RATCHET_LOGIN_URL="/open")
    browser = Browser(stranger.app)
    assert content(browser.client.post("/let-in")) == EDITOR
    assert content(browser.client.get("/claims")) == EDITOR
    change_size(stranger, 42)
    browser.client.delete_cookie(ACCESS_COOKIE)
    page = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
    assert content(browser.client.get("/claims", headers=page, follow_redirects=True))["size"] == 42


@only_sqlite
def test_claims_are_as_old_as_the_access_token(make_stranger: MakeStranger) -> None:
    """A change is in the next token; nothing is read for a request."""
    stranger = host(make_stranger)
    browser = stranger.signed_in()
    change_size(stranger, 42)
    assert content(browser.client.get("/claims"))["size"] == 41
    browser.refresh()
    assert content(browser.client.get("/claims"))["size"] == 42


@only_sqlite
def test_a_view_cannot_change_the_claims_of_the_next_request(make_stranger: MakeStranger) -> None:
    """A process remembers verified tokens: what a view does to the value stays there."""
    stranger = host(make_stranger)

    @stranger.app.post("/promote")
    @stranger.ratchet.required
    def promote() -> Any:
        stranger.ratchet.identity.claims["roles"].append("owner")
        return "", 204

    browser = stranger.signed_in()
    browser.post("/promote")
    assert content(browser.client.get("/claims")) == EDITOR


@only_sqlite
@pytest.mark.parametrize(
    ("demand", "is_met"),
    [
        ({"size": 41}, True),
        ({"size": 42}, False),
        ({"level": 1, "staff": True, "muted": False}, True),
        ({"level": True}, False),
        ({"staff": 1}, False),
        ({"muted": 0}, False),
        ({"roles": "editor"}, True),
        ({"roles": "owner"}, False),
        ({"roles": ["editor", "author"]}, True),
        ({"size": 41, "roles": "owner"}, False),
        ({"tenant": None}, False),
        (lambda claims: claims["size"] > 40, True),
        (lambda claims: claims.get("tenant") == 7, False),
    ],
)
def test_a_view_demands_claims(make_stranger: MakeStranger, demand: Any, *, is_met: bool) -> None:
    """By values, of which a list holds one, or by a function; who lacks them gets the 403 of RFC 6750."""
    stranger = host(make_stranger)
    stranger.app.add_url_rule("/editors", view_func=stranger.ratchet.required(claims=demand)(lambda: "in"))
    reply = stranger.signed_in().client.get("/editors")
    if is_met:
        assert reply.text == "in"
    else:
        assert refusal(reply) == (403, "insufficient_scope")
        assert 'error="insufficient_scope"' in reply.headers["WWW-Authenticate"]
    assert refusal(stranger.app.test_client().get("/editors")) == (401, "token_missing")


async def asynchronous(_given: Any) -> dict[str, Any]:
    """A function of the host that nobody would await."""
    return {}


@only_sqlite
@pytest.mark.parametrize("demand", ["editor", asynchronous])
def test_a_demand_that_is_none_stops_the_start(make_stranger: MakeStranger, demand: Any) -> None:
    """A role by itself would be a mistake that nobody sees, and what has to be awaited a yes to everybody."""
    with pytest.raises(TypeError, match="takes a mapping or a plain function"):
        make_stranger().ratchet.required(claims=demand)


BAD: dict[str, tuple[Any, str]] = {
    **{name: ({name: "x"}, f"Ratchet itself writes {name}") for name in sorted(RESERVED)},
    "no mapping": (["editor"], "it returned list"),
    "nothing": (None, "it returned NoneType"),
    "a set": ({"roles": {"editor"}}, "a claim is no JSON"),
    "no number": ({"size": float("nan")}, "a claim is no JSON"),
    "half a letter": ({"name": "\ud800"}, "a claim is no JSON"),
    "too deep": ({"a": eval("[" * 20 + "]" * 20)}, "a claim is no JSON"),  # noqa: S307  # twenty lists
    "two of a name": ({1: "a", "1": "b"}, "a claim is no JSON"),
    "too large": ({"name": "x" * MAX_FURTHER}, f"{MAX_FURTHER} is the limit"),
    "too large in letters": ({"name": "\u0416" * (MAX_FURTHER // 6)}, f"{MAX_FURTHER} is the limit"),
}


@only_sqlite
@pytest.mark.parametrize("case", BAD)
def test_claims_that_no_token_can_have_are_an_error(
    make_stranger: MakeStranger, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    """The log names the hook and the cure, the reply says nothing, and no session is left behind."""
    claims, complaint = BAD[case]
    stranger = host(make_stranger, lambda _: claims)
    assert refusal(Browser(stranger.app).sign_in(GRACE)) == (500, "server_error")
    assert "Ratchet(claims=…)" in caplog.text
    assert complaint in caplog.text
    with stranger.app.app_context():
        assert stranger.db.session.scalar(stranger.db.select(stranger.model.sessions)) in (None, [])


@only_sqlite
def test_the_largest_claims_fit_into_a_cookie(make_stranger: MakeStranger, tmp_path: Path) -> None:
    """Of 4096 bytes (RFC 6265, 6.1), with the longest signature and an issuer and audience, and are read."""
    claims = {"name": "x" * (MAX_FURTHER - len('{"name":""}'))}
    named = {"RATCHET_ISSUER": "https://example.org/" + "i" * 200, "RATCHET_AUDIENCE": "a" * 200}
    keys = [str(save_key(tmp_path / "key.pem", "RS256"))]
    stranger = host(make_stranger, lambda _: claims, RATCHET_JWT_KEYS=keys, **named)
    browser = Browser(stranger.app)
    cookie = set_cookies(browser.sign_in(GRACE))[ACCESS_COOKIE]
    assert len(ACCESS_COOKIE) + len(cookie["value"]) < 4000
    assert content(browser.client.get("/claims")) == claims


def test_a_refresh_whose_claims_fail_can_be_repeated(make_stranger: MakeStranger, clock: Clock) -> None:
    """For as long as it takes: the reply is like a lost one, at once and after the leeway."""
    works = [True]

    def claims(_user: Any) -> dict[str, Any]:
        if not works[0]:
            raise LookupError("the service for roles is away")
        return {"size": 40}

    stranger = host(make_stranger, claims)
    browser = stranger.signed_in()
    works[0] = False
    for pause in (0, 0, 31, 31, 31, 5):
        clock.advance(pause)
        reply = browser.refresh()
        assert refusal(reply) == (500, "server_error")
        assert "Set-Cookie" not in reply.headers
    works[0] = True
    assert claims_of(stranger, access_token(browser)) == {"size": 40}


def test_a_database_fault_in_a_hook_is_a_503(make_stranger: MakeStranger) -> None:
    """As everywhere, and nothing is lost."""
    broken = [False]

    def claims(_user: Any) -> dict[str, Any]:
        table = "not_there" if broken[0] else "members"
        number = stranger.db.session.execute(stranger.db.text(f"SELECT COUNT(*) FROM {table}")).scalar_one()
        return {"users": number}

    stranger = host(make_stranger, claims)
    browser = stranger.signed_in()
    broken[0] = True
    assert refusal(browser.refresh()) == (503, "unavailable")
    assert refusal(Browser(stranger.app).sign_in(GRACE)) == (503, "unavailable")
    broken[0] = False
    assert claims_of(stranger, access_token(browser)) == {"users": 1}


def test_a_hook_reads_the_row_and_writes_nothing(make_stranger: MakeStranger) -> None:
    """Its object is its own: what either has pending is neither stored nor seen by the other."""

    def claims(user: Any) -> dict[str, Any]:
        size = user.shoe_size
        user.shoe_size = 13
        own = object_session(user)
        assert own is not None
        own.execute(stranger.db.select(stranger.model)).all()  # as loading a relation, this could write it
        return {"size": size}

    stranger = host(make_stranger, claims)
    with stranger.app.test_request_context():
        user: Any = stranger.db.session.get(stranger.model, 1)
        with stranger.db.session.no_autoflush:
            user.shoe_size = 50
            stranger.ratchet.start_session(user)
            assert stranger.ratchet.identity.claims == {"size": 41}
            assert user.shoe_size == 50
        stranger.db.session.rollback()
        assert user.shoe_size == 41


@only_sqlite
def test_introspection_shows_the_claims(make_stranger: MakeStranger) -> None:
    """Beside what Ratchet says, and never in its place (RFC 7662, 2.2)."""
    stranger = host(
        make_stranger, lambda _: {"roles": ["editor"], "active": False, "token_type": "x"},
        RATCHET_SERVICE_SECRETS=SECRET_OF_A_SERVICE,
    )  # fmt: skip
    token = access_token(stranger.signed_in())
    reply = stranger.app.test_client().post(
        "/auth/introspect", data={"token": token}, headers=bearer(SECRET_OF_A_SERVICE)
    )
    told = content(reply)
    assert (told["roles"], told["active"], told["token_type"]) == (["editor"], True, "Bearer")


@only_sqlite
@pytest.mark.parametrize("hook", ["claims", "may_sign_in"])
@pytest.mark.parametrize("given", ["editor", {"role": "editor"}, asynchronous])
def test_a_hook_that_cannot_be_called_stops_the_start(
    make_stranger: MakeStranger, hook: str, given: Any
) -> None:
    """The message names it."""
    made = make_stranger()
    with pytest.raises(SettingsError, match=rf"Ratchet\({hook}=…\)"):
        Ratchet(db=made.db, user_model=made.model, **{hook: given})
