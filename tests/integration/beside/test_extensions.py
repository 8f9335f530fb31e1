"""Beside other extensions: Flask-RESTful, Flask-RESTX, Flask-SocketIO, Flask-WTF."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from flask import stream_with_context
from flask.typing import ResponseReturnValue

from app.auth import RatchetError, SettingsError, current_user
from app.auth.extension import Ratchet
from tests.support.browser import Browser, content, refusal
from tests.support.clock import Clock
from tests.support.hosts.beside import import_any, run_snippet
from tests.support.hosts.strangers import Stranger

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
GRACE = "grace@example.org"


@pytest.fixture(params=["flask_restful", "flask_restx"])
def with_api(request: pytest.FixtureRequest, stranger: Stranger) -> Stranger:
    """A host whose resources handle errors in their framework's way."""
    framework = import_any(request.param)

    resource: Any = framework.Resource

    class Orders(resource):  # type: ignore[misc]  # a package without types
        method_decorators = (stranger.ratchet.required,)

        def get(self) -> dict[str, Any]:
            return {"of": current_user.email}

    class SignIn(resource):  # type: ignore[misc]  # a package without types
        def post(self) -> dict[str, Any]:
            return {"is": stranger.ratchet.authenticate(GRACE, "wrong").email}

    api = framework.Api(stranger.app)
    api.add_resource(Orders, "/orders")
    api.add_resource(SignIn, "/sign-in")
    return stranger


def test_a_resource_is_guarded_like_a_view(with_api: Stranger, clock: Clock) -> None:
    """Nobody, somebody and an expired token get the answers of the contract, and a page renews."""
    grace = with_api.signed_in()
    assert refusal(Browser(with_api.app).client.get("/orders")) == (401, "token_missing")
    assert content(grace.client.get("/orders")) == {"of": GRACE}
    clock.advance(601)
    reply = grace.client.get("/orders")
    assert refusal(reply) == (401, "token_invalid")
    assert reply.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
    reply = grace.client.get("/orders", headers=NAVIGATION)
    assert (reply.status_code, reply.location) == (303, "/auth/continue?next=%2Forders")


def test_any_refusal_of_a_resource_is_one(with_api: Stranger) -> None:
    """Also where the resource itself signs people in."""
    assert refusal(Browser(with_api.app).post("/sign-in")) == (401, "invalid_credentials")


def test_the_hosts_own_handler_is_asked_for_resources_too(with_api: Stranger) -> None:
    """As for its views."""
    with_api.app.register_error_handler(RatchetError, lambda problem: (f"of the host: {problem.code}", 418))
    assert Browser(with_api.app).client.get("/orders").text == "of the host: token_missing"


def test_a_handler_that_is_refused_itself_is_a_fault(stranger: Stranger) -> None:
    """Flask's own signal is not in the way of its last answer."""

    @stranger.app.errorhandler(ValueError)
    def refuse(_: ValueError) -> ResponseReturnValue:
        raise RatchetError

    stranger.app.add_url_rule("/broken", "broken", lambda: str(int("x")))
    assert Browser(stranger.app).client.get("/broken").status_code == 500


class Socket:
    """A Socket.IO connection of a browser, and what three events of it are answered."""

    def __init__(self, stranger: Stranger, browser: Browser) -> None:
        package = import_any("flask_socketio")
        self.server = package.SocketIO(stranger.app, async_mode="threading")
        ways: dict[str, Callable[..., Any]] = {
            "open": lambda view: view,
            "guarded": stranger.ratchet.required,
            "live": stranger.ratchet.required(live=True),
        }
        for name, guard in ways.items():
            self.server.on_event(name, guard(self.answer))
        self.server.on_event("rename", lambda: rename(stranger))
        self.server.default_exception_handler = lambda problem: self.answers.append(type(problem).__name__)
        self.answers: list[str] = []
        self.client = self.server.test_client(stranger.app, flask_test_client=browser.client)

    def answer(self) -> None:
        """Say who is there."""
        self.answers.append(str(current_user.shoe_size) if current_user else "nobody")

    def ask(self) -> list[str]:
        """What the events are answered now."""
        self.answers = []
        for name in ("open", "guarded", "live"):
            self.client.emit(name)
        return self.answers


def rename(stranger: Stranger) -> None:
    """Write something to the user of the socket."""
    current_user.shoe_size = 43
    stranger.db.session.commit()


@pytest.fixture
def ended(request: pytest.FixtureRequest, stranger: Stranger, clock: Clock) -> Callable[[Browser], None]:
    """A way in which a session ends under an open socket."""

    def sign_out(browser: Browser) -> None:
        assert browser.sign_out("all").status_code == 204
        clock.advance(2)

    def delete(browser: Browser) -> None:
        del browser
        with stranger.app.app_context():
            stranger.db.session.execute(stranger.db.text("DELETE FROM members"))
            stranger.db.session.commit()
        clock.advance(5)

    def expire(browser: Browser) -> None:
        del browser
        clock.advance(601)

    ways: dict[str, Callable[[Browser], None]] = {"sign-out": sign_out, "deletion": delete, "expiry": expire}
    return ways[request.param]


@pytest.mark.parametrize("ended", ["sign-out", "deletion", "expiry"], indirect=True)
def test_a_socket_does_not_outlive_its_session(stranger: Stranger, ended: Callable[[Browser], None]) -> None:
    """The handshake proves nothing for later events."""
    grace = stranger.signed_in()
    socket = Socket(stranger, grace)
    assert socket.ask() == ["None", "None", "None"]
    ended(grace)
    assert socket.ask() == ["nobody", "TokenInvalid", "TokenInvalid"]


def test_an_event_writes_to_the_user_it_sees(stranger: Stranger) -> None:
    """Each event has a database session of its own, and so an object of the user."""
    socket = Socket(stranger, stranger.signed_in())
    assert socket.ask() == ["None", "None", "None"]
    socket.client.emit("rename")
    assert socket.ask() == ["43", "43", "43"]


def test_one_request_that_is_a_whole_socket_is_looked_at_on_every_call(
    stranger: Stranger, clock: Clock
) -> None:
    """Where an extension keeps one request open for a WebSocket, as Flask-Sock does."""
    grace = stranger.signed_in()
    token = grace.client.get_cookie("accessToken")
    assert token is not None
    headers = {"Cookie": f"accessToken={token.value}", "Upgrade": "websocket", "Origin": "http://localhost"}
    with stranger.app.test_request_context("/socket", headers=headers):
        assert current_user.email == GRACE
        clock.advance(601)
        assert not current_user


def test_a_request_knows_to_its_end_whose_it_was(stranger: Stranger, clock: Clock) -> None:
    """A view that ends the session can still say goodbye by name, and a stream is whose it was."""

    @stranger.app.post("/leave")
    @stranger.ratchet.required
    def leave() -> ResponseReturnValue:
        stranger.ratchet.end_session()
        clock.advance(601)
        return f"Goodbye, {current_user.email}"

    assert stranger.signed_in().post("/leave").text == f"Goodbye, {GRACE}"


def test_a_stream_goes_on_to_its_end(stranger: Stranger, clock: Clock) -> None:
    """After its token has run out and its session has ended; the next request is refused."""

    @stranger.app.get("/stream")
    @stranger.ratchet.required
    def stream() -> ResponseReturnValue:
        def lines() -> Iterator[str]:
            while True:
                yield f"for {current_user.email} and {stranger.ratchet.required(lambda: 'nobody else')()}"

        return stream_with_context(lines()), {"Content-Type": "text/plain"}

    grace = stranger.signed_in()
    line = f"for {GRACE} and nobody else".encode()
    reply = grace.client.get("/stream", buffered=False)
    assert reply.is_streamed
    with closing(reply):
        lines = reply.iter_encoded()
        assert next(lines) == line
        clock.advance(601)
        assert next(lines) == line
        assert grace.sign_out("all").status_code == 204
        clock.advance(5)
        assert next(lines) == line
    assert refusal(grace.client.get("/stream")) == (401, "token_missing")


def test_csrf_protection_leaves_the_routes_to_ratchet(stranger: Stranger) -> None:
    """Flask-WTF refuses them until they are exempt; they have an origin check of their own."""
    csrf = run_snippet(stranger, "csrf.py")["csrf"]
    browser, exempt = Browser(stranger.app), set(csrf._exempt_blueprints)
    csrf._exempt_blueprints.clear()
    assert browser.sign_in(GRACE).status_code == 400
    csrf._exempt_blueprints |= exempt
    assert browser.sign_in(GRACE).status_code == 200
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert refusal(browser.post("/auth/refresh", headers=foreign)) == (403, "cross_origin")
    assert browser.refresh().status_code == 200
    assert browser.post("/private").status_code == 400


def test_a_preflight_has_a_view_of_its_own(stranger: Stranger) -> None:
    """A browser sends it without cookies, so the guard of the other methods would refuse it."""

    @stranger.app.route("/data", methods=["OPTIONS"], provide_automatic_options=False)
    def preflight() -> ResponseReturnValue:
        return "", 204, {"Access-Control-Allow-Origin": "https://shop.example"}

    @stranger.app.route("/data", provide_automatic_options=False)
    @stranger.ratchet.required
    def data() -> ResponseReturnValue:
        return "data"

    client = Browser(stranger.app).client
    reply = client.options("/data", headers={"Access-Control-Request-Method": "GET"})
    assert (reply.status_code, reply.headers["Access-Control-Allow-Origin"]) == (204, "https://shop.example")
    assert refusal(client.get("/data")) == (401, "token_missing")


def test_a_second_user_model_is_refused(stranger: Stranger) -> None:
    """With the cure: one app has one user model."""
    with pytest.raises(SettingsError, match=r"already has a Ratchet, and an app has one user model\. Give"):
        Ratchet(stranger.app, db=stranger.db, user_model=stranger.model)
