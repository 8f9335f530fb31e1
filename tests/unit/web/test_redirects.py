"""Where a page may send its visitor: paths of this site, and a table of what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.urls import iri_to_uri

from app.auth.settings.parsers import page
from app.auth.web.redirects import HOME, path_of, safe_path, with_query

PLACES = [
    pytest.param("/", id="the front door"),
    pytest.param("/account", id="a page"),
    pytest.param("/account/", id="a page with a slash behind it"),
    pytest.param("/search?q=a+b&next=/x", id="a query"),
    pytest.param("/search?q=https://evil.example//", id="an address in the query"),
    pytest.param("/search?q=a\\b&r=../..", id="a backslash and dots in the query"),
    pytest.param("/orders#42", id="a fragment"),
    pytest.param("/caf%C3%A9/%20", id="escaped characters"),
    pytest.param("/a%C2%A0b%E2%80%8C", id="escaped characters that cannot be seen"),
    pytest.param("/café", id="characters of other scripts"),
    pytest.param("/@evil.example", id="an at sign in the path"),
    pytest.param("/a:b", id="a colon in the path"),
    pytest.param("/authors", id="a page whose name begins like the prefix"),
    pytest.param("/.well-known/x", id="a name with a dot in front"),
]
TRICKS = [
    pytest.param(None, id="nothing"),
    pytest.param("", id="empty text"),
    pytest.param("account", id="a relative path"),
    pytest.param("?x", id="only a query"),
    pytest.param("https://evil.example/", id="another site"),
    pytest.param("javascript:alert(1)", id="script"),
    pytest.param("//evil.example", id="two slashes"),
    pytest.param("///evil.example", id="three slashes"),
    pytest.param("/\\evil.example", id="a slash and a backslash"),
    pytest.param("\\/evil.example", id="a backslash and a slash"),
    pytest.param("\\\\evil.example", id="two backslashes"),
    pytest.param("/a//b", id="two slashes further on"),
    pytest.param("/%2Fevil.example", id="an escaped slash behind the first"),
    pytest.param("/%5cevil.example", id="an escaped backslash"),
    pytest.param("/.//evil.example", id="a dot between slashes"),
    pytest.param("/x/..//evil.example", id="two dots before two slashes"),
    pytest.param("/../evil", id="two dots"),
    pytest.param("/x/%2e%2E/auth/logout", id="two escaped dots"),
    pytest.param("/./auth/continue", id="a dot before our own route"),
    pytest.param("/%2e/auth/continue", id="an escaped dot before our own route"),
    pytest.param("/\t/evil.example", id="a tab, which browsers drop"),
    pytest.param("/\n/evil.example", id="a line feed"),
    pytest.param("/a\r\nSet-Cookie: x=y", id="a header behind a line end"),
    pytest.param("/a?b\r\n", id="a line end in the query"),
    pytest.param("/a%0d%0ab", id="an escaped line end"),
    pytest.param("/%00", id="an escaped NUL"),
    pytest.param("/%1F", id="an escaped control character"),
    pytest.param("/%7F", id="an escaped DEL"),
    pytest.param("/%C2%80", id="an escaped control character of Latin-1"),
    pytest.param("/%C2%9F", id="an escaped control character of Latin-1, the last"),
    pytest.param(" /account", id="a blank in front"),
    pytest.param("/ /evil.example", id="a blank between slashes"),
    pytest.param("/\u202egro.lpmaxe", id="a mark that turns the direction"),
    pytest.param("/\u2028x", id="a line separator"),
    pytest.param("/\ufeff/x", id="a character of no width"),
]
OUR_ROUTES = [
    pytest.param("/auth", id="our own prefix"),
    pytest.param("/auth/", id="our own prefix with a slash"),
    pytest.param("/auth?x", id="our own prefix with a query"),
    pytest.param("/auth/continue?next=/auth/continue", id="continue itself"),
    pytest.param("/%61uth/continue", id="continue, escaped"),
    pytest.param("/auth#x", id="our own prefix with a fragment"),
]


@pytest.mark.parametrize("target", PLACES)
def test_a_path_of_this_site_is_kept(target: str) -> None:
    """What is a path of this site comes back as it is."""
    assert safe_path(target, "/auth") == target


@pytest.mark.parametrize("target", [*TRICKS, *OUR_ROUTES])
def test_a_trick_leads_home(target: str | None) -> None:
    """What is no path of this site, or a route of ours, leads to the front door."""
    assert safe_path(target, "/auth") == HOME


@pytest.mark.parametrize("target", PLACES)
def test_the_page_to_sign_in_on_can_be_any_path_of_this_site(target: str) -> None:
    """RATCHET_LOGIN_URL takes what ``next`` takes, where it is ASCII."""
    if target.isascii():
        assert page(target) == target
    else:
        with pytest.raises(ValueError):  # noqa: PT011  # the settings make the sentence
            page(target)


@pytest.mark.parametrize("target", [trick for trick in TRICKS if trick.values not in ((None,), ("account",))])
def test_the_page_to_sign_in_on_is_held_to_the_same_rule(target: str) -> None:
    """RATCHET_LOGIN_URL refuses what ``next`` refuses: one rule says what a path of this site is.

    One word without a slash is not a path there either: it is the endpoint of a route.
    """
    with pytest.raises(ValueError):  # noqa: PT011  # the settings make the sentence
        page(target)


@pytest.mark.parametrize("target", [*TRICKS, *OUR_ROUTES])
def test_home_can_be_below_a_path(target: str | None) -> None:
    """Where a proxy has hung the site below a path, its front door is there."""
    assert safe_path(target, "/auth", "/shop/") == "/shop/"


def test_a_blueprint_at_the_root_keeps_no_place_from_anybody() -> None:
    """Where the prefix is the root itself, every page would begin with it, so none is refused for that."""
    assert safe_path("/account", "/") == "/account"


@given(st.text("/\\.:@%2eE5cCfF?#\t\n evil", max_size=12))
def test_whatever_is_kept_stays_on_this_host(tail: str) -> None:
    """No text is kept that a browser, which drops tabs and turns backslashes, reads as another host."""
    kept = iri_to_uri(safe_path(f"/{tail}", "/auth"))
    as_browsers_read = kept.translate({ord(dropped): None for dropped in "\t\r\n"}).replace("\\", "/")
    assert as_browsers_read.startswith("/")
    assert not as_browsers_read.startswith("//")


@pytest.mark.parametrize(
    ("referrer", "path"),
    [
        pytest.param("https://example.org/form?x=1", "/form?x=1", id="a page of this host"),
        pytest.param("https://example.org/form", "/form", id="a page without a query"),
        pytest.param("https://evil.example/form", None, id="a page of another host"),
        pytest.param("https://example.org:444/form", None, id="another port"),
        pytest.param("https://example.org@evil.example/form", None, id="our name before an at sign"),
        pytest.param("/form", None, id="only a path"),
        pytest.param("https://[", None, id="no address at all"),
        pytest.param(None, None, id="no referrer"),
    ],
)
def test_only_a_referrer_of_this_host_has_a_path(referrer: str | None, path: str | None) -> None:
    """The page before is known where it is of the same host."""
    assert path_of(referrer, "example.org") == path


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("/page", "/page?reason=a+b", id="a path"),
        pytest.param("/page?x=1", "/page?x=1&reason=a+b", id="a query"),
        pytest.param("/page#part", "/page?reason=a+b#part", id="a fragment"),
        pytest.param("/page?reason=c", "/page?reason=c", id="the field itself"),
    ],
)
def test_a_field_is_added_to_the_query(url: str, expected: str) -> None:
    """What was there stays in its place."""
    assert with_query(url, {"reason": "a b"}) == expected
    assert with_query(url, {}) == url
