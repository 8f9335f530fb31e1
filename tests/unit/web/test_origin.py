"""Which requests may change state: a row for every sentence of the contract, and for every trick."""

from __future__ import annotations

from typing import Any

import pytest

from app.auth.web.origin import SAFE_METHODS, is_safe, is_speculative, may_change_state

HOST = "example.org"
TRUSTED = frozenset(
    {"https://app.example.org", "https://partner.example:8443", "capacitor://localhost", "app://."}
)


def row(
    claim: str, *, allowed: bool, site: str | None = None, origin: str | None = None, host: str = HOST
) -> Any:
    """A claim, Sec-Fetch-Site, Origin, the request's own host, and whether it may change state."""
    return pytest.param(site, origin, host, allowed, id=claim)


FETCH_SITE = [
    row("same-origin passes", site="same-origin", allowed=True),
    row("typed by the user passes", site="none", allowed=True),
    row("same-origin passes with an Origin", site="same-origin", origin="https://example.org", allowed=True),
    row("a proxy that renamed the host is no matter", site="same-origin", origin="https://x", allowed=True),
    row("none passes with a null Origin", site="none", origin="null", allowed=True),
    row("same-site does not pass", site="same-site", allowed=False),
    row(
        "same-site does not pass from a sub-domain",
        site="same-site",
        origin="https://a.example.org",
        allowed=False,
    ),
    row("cross-site does not pass", site="cross-site", allowed=False),
    row("cross-site counts above an Origin", site="cross-site", origin="https://example.org", allowed=False),
    row("upper case does not pass", site="Same-Origin", allowed=False),
    row("all upper case does not pass", site="SAME-ORIGIN", allowed=False),
    row("an unknown value does not pass", site="same-planet", allowed=False),
    row("an empty value does not pass", site="", allowed=False),
    row("a list of values does not pass", site="same-origin, none", allowed=False),
    row("a space around does not pass", site=" same-origin", allowed=False),
]
TRUST = [
    row("a trusted origin passes", origin="https://app.example.org", allowed=True),
    row(
        "a trusted origin passes same-site", site="same-site", origin="https://app.example.org", allowed=True
    ),
    row(
        "a trusted origin passes cross-site",
        site="cross-site",
        origin="https://partner.example:8443",
        allowed=True,
    ),
    row("a trusted origin passes whatever else", site="odd", origin="https://app.example.org", allowed=True),
    row("trust has a port", origin="https://partner.example", allowed=False),
    row("trust has a scheme", origin="http://app.example.org", allowed=False),
    row("trust has no case", origin="https://APP.example.org", allowed=False),
    row("trust has no path", origin="https://app.example.org/", allowed=False),
    row("trust ends where it ends", origin="https://app.example.org.evil", allowed=False),
    row("trust begins where it begins", origin="https://myapp.example.org", allowed=False),
    row("a part of a trusted origin", origin="https://app", allowed=False),
    row("a trusted web view passes", site="cross-site", origin="capacitor://localhost", allowed=True),
    row("a trusted web view without Fetch Metadata passes", origin="app://.", allowed=True),
    row("a web view of another scheme", origin="ionic://localhost", host="localhost", allowed=False),
    row("a web view that nobody named", origin="tauri://example.org", allowed=False),
]
OWN_ORIGIN = [
    row("no header at all is not a browser", allowed=True),
    row("an Origin of this host passes", origin="https://example.org", allowed=True),
    row("over http too, as TLS may end before us", origin="http://example.org", allowed=True),
    row("the host's case is no matter", origin="https://example.org", host="Example.ORG", allowed=True),
    row("the same port passes", origin="http://localhost:8000", host="localhost:8000", allowed=True),
    row("the default port can be told", origin="https://example.org", host="example.org:443", allowed=True),
    row("the default port of http too", origin="http://example.org", host="example.org:80", allowed=True),
    row("the Origin may tell it", origin="https://example.org:443", allowed=True),
    row("IPv6 passes", origin="http://[::1]:8000", host="[::1]:8000", allowed=True),
    row(
        "IPv6 on the default port passes", origin="https://[2001:db8::1]", host="[2001:db8::1]", allowed=True
    ),
    row("an address passes", origin="http://192.0.2.1", host="192.0.2.1", allowed=True),
]
OTHER_ORIGIN = [
    row("another host", origin="https://evil.example", allowed=False),
    row("null", origin="null", allowed=False),
    row("null in another case", origin="NULL", allowed=False),
    row("empty", origin="", allowed=False),
    row("only the host", origin="example.org", allowed=False),
    row("the host without a scheme", origin="//example.org", allowed=False),
    row("another port", origin="https://example.org:8443", allowed=False),
    row("port 0", origin="https://example.org:0", allowed=False),
    row("no port where there is one", origin="http://localhost", host="localhost:8000", allowed=False),
    row("a port where there is none", origin="http://localhost:8000", host="localhost", allowed=False),
    row(
        "the default port of the other scheme",
        origin="https://example.org",
        host="example.org:80",
        allowed=False,
    ),
    row("a port that is no number", origin="https://example.org:https", allowed=False),
    row("a port beyond all ports", origin="https://example.org:65979", allowed=False),
    row("the host with a suffix", origin="https://example.org.evil", allowed=False),
    row("the host with a prefix", origin="https://evilexample.org", allowed=False),
    row("a sub-domain", origin="https://a.example.org", allowed=False),
    row("the parent domain", origin="https://org", allowed=False),
    row("a dot at the end", origin="https://example.org.", allowed=False),
    row("the host as a user", origin="https://example.org@evil.example", allowed=False),
    row("a user at the host", origin="https://evil@example.org", allowed=False),
    row("a user and a password", origin="https://a:b@example.org", allowed=False),
    row("a slash at the end", origin="https://example.org/", allowed=False),
    row("a path", origin="https://example.org/auth", allowed=False),
    row("a query", origin="https://example.org?x", allowed=False),
    row("a fragment", origin="https://example.org#x", allowed=False),
    row("a backslash", origin="https://example.org\\.evil", allowed=False),
    row("two origins", origin="https://example.org https://evil.example", allowed=False),
    row("a line's end", origin="https://example.org\n", allowed=False),
    row("a tab within", origin="https://exam\tple.org", allowed=False),
    row("a scheme of another kind", origin="ftp://example.org", allowed=False),
    row("an extension of the browser", origin="chrome-extension://example.org", allowed=False),
    row("a file", origin="file://", allowed=False),
    row("a letter that only looks alike", origin="https://ex\u0430mple.org", allowed=False),
    row("broken IPv6", origin="http://[::1", host="[::1]", allowed=False),
    row("another IPv6 address", origin="http://[::2]", host="[::1]", allowed=False),
    row("no host to compare with", origin="https://example.org", host="", allowed=False),
    row("a broken host to compare with", origin="https://example.org", host="[::1", allowed=False),
    row("a broken port to compare with", origin="https://example.org", host="example.org:x", allowed=False),
]


@pytest.mark.parametrize(
    ("site", "origin", "host", "allowed"), [*FETCH_SITE, *TRUST, *OWN_ORIGIN, *OTHER_ORIGIN]
)
def test_which_requests_may_change_state(
    site: str | None, origin: str | None, host: str, *, allowed: bool
) -> None:
    """The browser says where a request comes from; each row is a claim."""
    assert may_change_state(site, origin, host, TRUSTED) is allowed


def test_nobody_is_trusted_by_default() -> None:
    """Without trusted origins there is no way in from another one."""
    assert not may_change_state("same-site", "https://app.example.org", HOST, ())


@pytest.mark.parametrize(
    ("purpose", "speculative"),
    [
        pytest.param("prefetch", True, id="a prefetch"),
        pytest.param("prefetch;prerender", True, id="a prerender"),
        pytest.param("prefetch;anonymous-client-ip", True, id="a prefetch by way of a proxy"),
        pytest.param(" Prefetch ", True, id="a prefetch in another spelling"),
        pytest.param(None, False, id="no header"),
        pytest.param("", False, id="an empty header"),
        pytest.param("navigate", False, id="another purpose"),
    ],
)
def test_what_is_only_fetched_ahead(purpose: str | None, *, speculative: bool) -> None:
    """Nothing may change for a page that nobody has asked to see yet."""
    assert is_speculative(purpose) is speculative


def test_safe_methods_are_those_that_change_nothing() -> None:
    """GET, HEAD and OPTIONS need no origin (RFC 9110, 9.2.1); TRACE is not among them as no route has it."""
    assert frozenset({"GET", "HEAD", "OPTIONS"}) == SAFE_METHODS


@pytest.mark.parametrize(
    ("method", "upgrade", "safe"),
    [
        pytest.param("GET", None, True, id="GET only looks"),
        pytest.param("HEAD", None, True, id="so does HEAD"),
        pytest.param("OPTIONS", None, True, id="so does OPTIONS"),
        pytest.param("POST", None, False, id="POST does not"),
        pytest.param("CONNECT", None, False, id="nor does CONNECT, which opens a socket in HTTP/2"),
        pytest.param("get", None, False, id="nor a method that is unknown"),
        pytest.param("GET", "websocket", False, id="a socket is opened by GET"),
        pytest.param("GET", "WebSocket", False, id="in any case of the letters"),
        pytest.param("GET", "h2c, websocket", False, id="among other protocols"),
        pytest.param("GET", "h2c", True, id="another protocol is no socket"),
        pytest.param("GET", "", True, id="nor is none"),
    ],
)
def test_what_only_looks(method: str, upgrade: str | None, *, safe: bool) -> None:
    """The methods that RFC 9110 calls safe, unless they open a socket."""
    assert is_safe(method, upgrade) is safe
