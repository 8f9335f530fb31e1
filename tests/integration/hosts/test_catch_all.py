"""Beside code of a host that hands back HTTP exceptions and makes a 500 of everything else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from flask import Blueprint, Flask, Response
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app.auth import RatchetError, TokenInvalid, TokenMissing, current_user
from app.auth.errors import ReauthenticationRequired
from tests.support.browser import Browser, refusal
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Stranger

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
FAULT = {"error": "internal"}, 500

View = Callable[..., Any]
Embed = Callable[[Flask, View], None]
"""Puts a guarded view at /orders, in the way of one host."""


def catch(problem: Exception) -> ResponseReturnValue | HTTPException:
    """The handler for every Exception of Flask's own documentation."""
    return problem if isinstance(problem, HTTPException) else FAULT


def in_a_blueprint(app: Flask, view: View) -> None:
    """A handler of the blueprint comes before each of the app."""
    blueprint = Blueprint("shop", __name__)
    blueprint.register_error_handler(Exception, catch)
    blueprint.add_url_rule("/orders", "orders", view, methods=["GET", "POST"])
    app.register_blueprint(blueprint)


def in_a_nested_blueprint(app: Flask, view: View) -> None:
    """The outer one has the handler."""
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    outer.register_error_handler(Exception, catch)
    inner.add_url_rule("/orders", "orders", view, methods=["GET", "POST"])
    outer.register_blueprint(inner)
    app.register_blueprint(outer)


def on_the_app(app: Flask, view: View) -> None:
    """One handler for the whole app."""
    app.register_error_handler(Exception, catch)
    app.add_url_rule("/orders", "orders", view, methods=["GET", "POST"])


def below_a_decorator(app: Flask, view: View) -> None:
    """A decorator above ``required``."""

    @wraps(view)
    def wrapper(**values: Any) -> Any:
        try:
            return view(**values)
        except HTTPException:
            raise
        except Exception:  # noqa: BLE001  # as the host has it
            return FAULT

    app.add_url_rule("/orders", "orders", wrapper, methods=["GET", "POST"])


EMBEDDINGS = [in_a_blueprint, in_a_nested_blueprint, on_the_app, below_a_decorator]


@pytest.fixture
def bare(make_stranger: MakeStranger) -> Stranger:
    """A host with one user, as in production: a fault is a 500 and no exception."""
    stranger = make_stranger(
        TESTING=False,
        PROPAGATE_EXCEPTIONS=False,
        RATCHET_LOGIN_URL="/sign-in",
        RATCHET_FRESH_FOR="5m",
    )
    stranger.add_user()
    return stranger


@pytest.fixture(params=EMBEDDINGS)
def stranger(request: pytest.FixtureRequest, bare: Stranger) -> Stranger:
    """That host, with a guarded view beside such code."""
    embed: Embed = request.param

    @bare.ratchet.required
    def orders() -> dict[str, str]:
        return {"of": current_user.email}

    embed(bare.app, orders)
    return bare


def test_a_refusal_is_no_fault_of_the_host(stranger: Stranger, clock: Clock) -> None:
    """Nobody, somebody, an expired token and another site get the answers of the contract."""
    grace = stranger.signed_in()
    assert grace.client.get("/orders").json == {"of": "grace@example.org"}
    assert refusal(Browser(stranger.app).client.get("/orders")) == (401, "token_missing")
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert refusal(grace.client.post("/orders", headers=foreign)) == (403, "cross_origin")
    clock.advance(601)
    reply = grace.client.get("/orders")
    assert refusal(reply) == (401, "token_invalid")
    assert reply.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
    assert reply.headers["Cache-Control"] == "no-store"


def test_a_page_still_finds_its_way(stranger: Stranger, clock: Clock) -> None:
    """A stranger's to the sign-in page or to continue, one of a session to continue and back."""
    reply = Browser(stranger.app).client.get("/orders", headers=NAVIGATION)
    assert (reply.status_code, reply.location) == (303, "/auth/continue?next=%2Forders")
    grace = stranger.signed_in()
    clock.advance(601)
    reply = grace.client.get("/orders", headers=NAVIGATION)
    assert (reply.status_code, reply.location) == (303, "/auth/continue?next=%2Forders")
    foreign = {**NAVIGATION, "Sec-Fetch-Site": "cross-site"}
    assert refusal(grace.client.post("/orders", headers=foreign)) == (403, "cross_origin")


def test_a_guarded_view_without_its_user_is_a_refusal(stranger: Stranger) -> None:
    """The row is gone, and the view relies on it."""
    grace = stranger.signed_in()
    with stranger.app.app_context():
        stranger.db.session.execute(stranger.db.text("DELETE FROM members"))
        stranger.db.session.commit()
    assert refusal(grace.client.get("/orders")) == (401, "token_invalid")


@pytest.mark.parametrize("kind", [TokenMissing, RatchetError])
@pytest.mark.parametrize("level", ["app", "blueprint"])
def test_the_hosts_own_handler_is_asked_first(bare: Stranger, kind: type[RatchetError], level: str) -> None:
    """It sees the error itself; the nearest handler counts, and the hooks of the host still run."""

    def explain(problem: RatchetError) -> ResponseReturnValue:
        return f"of the {level}: {problem.code}", 418

    @bare.app.after_request
    def stamp(reply: Response) -> Response:
        reply.headers["X-Stamp"] = "here"
        return reply

    bare.app.register_error_handler(RatchetError, lambda problem: (f"of the app: {problem.code}", 418))
    blueprint = Blueprint("shop", __name__)
    blueprint.register_error_handler(Exception, catch)
    blueprint.add_url_rule("/orders", "orders", bare.ratchet.required(lambda: "in"))
    (bare.app if level == "app" else blueprint).register_error_handler(kind, explain)
    bare.app.register_blueprint(blueprint)
    reply = Browser(bare.app).client.get("/orders")
    assert (reply.status_code, reply.text) == (418, f"of the {level}: token_missing")
    assert reply.headers["X-Stamp"] == "here"


def test_a_handler_that_fails_is_a_fault(bare: Stranger) -> None:
    """As with every handler of Flask."""

    def fail(_: RatchetError) -> ResponseReturnValue:
        raise ValueError

    bare.app.register_error_handler(TokenMissing, fail)
    assert Browser(bare.app).client.get("/private").status_code == 500


@pytest.mark.parametrize(
    ("path", "kind", "code"),
    [
        ("/private", TokenMissing, "token_missing"),
        ("/private", TokenInvalid, "token_invalid"),
        ("/fresh", ReauthenticationRequired, "reauthentication_required"),
    ],
)
def test_what_the_guard_raises_is_of_its_class_too(
    bare: Stranger, clock: Clock, path: str, kind: type[RatchetError], code: str
) -> None:
    """For a decorator or a test that catches it; no handler is asked then."""
    bare.app.register_error_handler(RatchetError, lambda _: pytest.fail("a handler was asked"))
    token = ""
    if kind is not TokenMissing:
        cookie = bare.signed_in().client.get_cookie("accessToken")
        assert cookie is not None
        token = f"accessToken={cookie.value}"
    clock.advance(601 if kind is TokenInvalid else 599)
    with bare.app.test_request_context(path, headers={"Cookie": token}), pytest.raises(kind) as caught:
        bare.app.view_functions[path]()
    raised: Any = caught.value
    assert isinstance(raised, HTTPException)
    assert raised.code == kind.status
    assert type(raised).__name__ == kind.__name__
    cause = raised.__cause__
    assert isinstance(cause, kind)
    assert cause.code == code
    assert str(raised) == str(cause) == f"{code}: {cause.description}"


def test_a_decorator_may_word_the_answer(bare: Stranger) -> None:
    """It finds the status and the sentence where every HTTP exception has them."""

    def worded() -> ResponseReturnValue:
        try:
            return str(bare.app.view_functions["/private"]())
        except HTTPException as problem:
            return {"message": problem.description}, problem.code or 500

    bare.app.add_url_rule("/worded", "worded", worded)
    reply = Browser(bare.app).client.get("/worded")
    assert (reply.status_code, reply.json) == (401, {"message": "Sign in to see this."})


def test_trapped_exceptions_are_answered_too(make_stranger: MakeStranger) -> None:
    """Flask then raises every HTTP exception without a handler, so the guard raises none."""
    stranger = make_stranger(TRAP_HTTP_EXCEPTIONS=True)
    assert refusal(Browser(stranger.app).client.get("/private")) == (401, "token_missing")


def test_the_redirect_of_a_page_has_a_status_of_its_own(bare: Stranger, clock: Clock) -> None:
    """Code of a host that answers with the ``code`` of an HTTP exception makes no success of it."""
    guarded = bare.ratchet.required(lambda: "in")

    def orders() -> ResponseReturnValue:
        try:
            return str(guarded())
        except HTTPException as error:
            return {"code": error.code}, error.code or 200

    bare.app.add_url_rule("/codes", "codes", orders)
    grace = bare.signed_in()
    clock.advance(601)
    reply = grace.client.get("/codes", headers=NAVIGATION)
    assert (reply.status_code, reply.json) == (303, {"code": 303})


@pytest.mark.parametrize("optional", [False, True], ids=["required", "optional"])
def test_pages_renew_where_http_exceptions_are_trapped(
    make_stranger: MakeStranger, clock: Clock, *, optional: bool
) -> None:
    """TRAP_HTTP_EXCEPTIONS hands every HTTP exception to error handlers, or raises it."""
    stranger = make_stranger(TRAP_HTTP_EXCEPTIONS=True, RATCHET_LOGIN_URL="/sign-in")
    stranger.add_user()
    stranger.app.add_url_rule("/page", "page", stranger.ratchet.required(optional=optional)(lambda: "in"))
    grace = stranger.signed_in()
    clock.advance(601)
    way = grace.client.get("/page", headers=NAVIGATION)
    assert (way.status_code, way.location.partition("?")[0]) == (303, "/auth/continue")
