"""Beside Flask-Caching: no page of one user is served to another, and the wrong order is seen."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from flask.views import MethodView
from flask_caching import Cache

from app.auth import current_user
from app.auth.routing.placement import is_below_cache
from tests.support.browser import Browser, refusal
from tests.support.hosts.beside import run_snippet
from tests.support.hosts.strangers import Stranger

GRACE, ADA = "grace@example.org", "ada@example.org"
REFUSED = "report is cached above its guard, for everybody. Put @ratchet.required directly below the route"


@pytest.fixture
def cache(stranger: Stranger) -> Cache:
    """Keeps the whole pages of the host."""
    return Cache(stranger.app, config={"CACHE_TYPE": "SimpleCache"})


def report() -> str:
    """What the user sees, or nobody."""
    return f"The report of {current_user.email if current_user else 'nobody'}"


def test_a_cached_page_is_of_one_user(stranger: Stranger) -> None:
    """With the guard above the cache, and a key that names the user."""
    names = run_snippet(stranger, "caching.py")
    stranger.add_user(ADA, username="ada")
    grace, ada = stranger.signed_in(), Browser(stranger.app)
    ada.sign_in(ADA)
    for browser, email in ((grace, GRACE), (ada, ADA), (grace, GRACE)):
        assert browser.client.get("/report").text == f"The report of {email}"
    assert refusal(Browser(stranger.app).client.get("/report")) == (401, "token_missing")
    assert len(names["cache"].cache._cache) == 2  # both pages were kept


@pytest.mark.parametrize("is_signed_in", [True, False])
@pytest.mark.parametrize("options", [{}, {"optional": True}, {"live": True}])
@pytest.mark.parametrize("way", ["cached", "memoize"])
def test_a_cache_above_the_guard_is_seen(
    stranger: Stranger,
    cache: Cache,
    caplog: pytest.LogCaptureFixture,
    way: str,
    options: dict[str, Any],
    is_signed_in: bool,
) -> None:
    """Before it keeps a page: the view fails, each time and for everybody, and the log says what to do."""
    guarded = stranger.ratchet.required(**options)(report)
    stranger.app.add_url_rule("/report", "report", getattr(cache, way)()(guarded))
    browser = stranger.signed_in() if is_signed_in else Browser(stranger.app)
    caplog.set_level(logging.ERROR)
    for _ in range(2):
        assert browser.client.get("/report").status_code == 500
    assert REFUSED in caplog.text
    assert Browser(stranger.app).client.get("/report").status_code == 500


def test_a_cache_above_the_guard_of_a_method_is_seen(
    stranger: Stranger, cache: Cache, caplog: pytest.LogCaptureFixture
) -> None:
    """In a class-based view, whose methods have decorators of their own: none of them answers."""
    required = stranger.ratchet.required

    class Guarded(MethodView):
        get = staticmethod(required(cache.cached()(report)))

    class Wrong(Guarded):
        post = staticmethod(cache.cached()(required(report)))

    stranger.app.add_url_rule("/report", view_func=Wrong.as_view("report"))
    for browser in (stranger.signed_in(), Browser(stranger.app)):
        assert browser.client.get("/report").status_code == 500
    assert REFUSED in caplog.text
    assert not is_below_cache(Guarded.as_view("guarded"))
    assert is_below_cache(cache.cached()(Guarded.as_view("cached")))
    assert not is_below_cache(required(Wrong.as_view("guarded above")))


def test_what_stands_between_does_not_hide_the_cache(stranger: Stranger, cache: Cache) -> None:
    """Other decorators, above and below the cache."""

    def bold(view: Callable[..., str]) -> Callable[..., str]:
        return wraps(view)(lambda *args: f"<b>{view(*args)}</b>")

    required = stranger.ratchet.required
    assert is_below_cache(bold(cache.cached()(bold(required(report)))))
    assert not is_below_cache(bold(required(bold(cache.cached()(report)))))
    assert not is_below_cache(required(cache.cached()(required(report))))
    assert not is_below_cache(cache.cached()(report))


@pytest.mark.parametrize("way", ["cached", "memoize"])
def test_the_doctor_sees_it_too(stranger: Stranger, cache: Cache, way: str) -> None:
    """Without a request."""

    def run() -> Any:
        return stranger.app.test_cli_runner().invoke(args=["ratchet", "doctor"]).output

    required = stranger.ratchet.required
    stranger.app.add_url_rule("/right", "right", required(getattr(cache, way)()(report)))
    assert "cached above" not in run()
    stranger.app.add_url_rule("/report", "report", getattr(cache, way)()(required(report)))
    assert "error: The view report is cached above its guard, for everybody." in run()
