"""A route is declared once, on its view: what it refuses, its guard and its words follow from that."""

from __future__ import annotations

import pytest
from flask import Flask

from app.auth import errors
from app.auth.routing.routes import (
    ANYBODY,
    BODY,
    UNSAFE,
    BodySpec,
    Errors,
    Guard,
    Route,
    Routes,
    View,
)
from app.auth.routing.schemas import component

ANY_BODY = BodySpec(component("Any", {}))
MISSING = (errors.TokenMissing,)


def declare(
    method: str = "GET",
    body: BodySpec | None = None,
    guard: Guard = ANYBODY,
    refuses: Errors = (),
) -> Route:
    """A route that is declared so."""
    routes = Routes()

    @routes.route(method, "/here", {}, body=body, guard=guard, refuses=refuses)
    def view() -> str:
        """Do something.

        And more about it.
        """
        return "entered"

    (declared,) = routes
    assert declared.view is view
    return declared


@pytest.mark.parametrize(
    ("route", "refuses"),
    [
        pytest.param(declare(), (), id="nothing, where nothing speaks against a request"),
        pytest.param(declare("POST"), UNSAFE, id="another origin, where state changes"),
        pytest.param(declare("DELETE"), UNSAFE, id="another origin, where something goes"),
        pytest.param(declare(body=ANY_BODY), BODY, id="a body that cannot be read"),
        pytest.param(declare(guard=Guard((), MISSING)), MISSING, id="who may not come in"),
        pytest.param(declare(refuses=(errors.NotFound,)), (errors.NotFound,), id="what the view refuses"),
    ],
)
def test_what_a_route_refuses(route: Route, refuses: Errors) -> None:
    """Its method, its body, its guard and its view each add their errors."""
    assert route.refuses == refuses


def test_every_refusal_is_named_once() -> None:
    """An error that two parts of a declaration refuse with stands there once."""
    guard = Guard((), (errors.Unavailable, *MISSING))
    route = declare("POST", ANY_BODY, guard, (errors.Unavailable, errors.NotFound))
    assert route.refuses == (*UNSAFE, *BODY, *MISSING, errors.NotFound)


def test_declaring_puts_the_guard_around_the_view() -> None:
    """What is served asks the guard before it enters the view; a declaration cannot name a guard in vain."""

    def refuse(_view: View) -> View:
        def guarded() -> str:
            return "refused"

        return guarded

    assert declare(guard=Guard((), MISSING, refuse)).view() == "refused"
    assert declare().view() == "entered"


def test_a_route_is_described_by_its_docstring(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the first line; by the name of the view where Python was started with -OO."""
    route = declare()
    assert (route.name, route.summary) == ("view", "Do something.")
    monkeypatch.setattr(route.view, "__doc__", None)
    assert route.summary == "view"


def test_routes_keep_their_order() -> None:
    """The first view of a path gives its rule the name, so the order is that of the module."""
    routes = Routes()
    for method in ("GET", "POST"):
        routes.route(method, "/here", {})(Flask(__name__).make_default_options_response)
    assert [route.method for route in routes] == ["GET", "POST"]
