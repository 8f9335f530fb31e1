"""Redirect targets: only pages of this site are allowed.

URLs are those that the browser uses: with the path prefix if a proxy serves the site below one (SCRIPT_NAME).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, unquote_to_bytes, urlencode, urlsplit

from flask import current_app, redirect, request, url_for
from werkzeug import Response
from werkzeug.routing import BuildError

from ..errors import BearerRefused, RatchetError, SettingsError, TokenMissing
from ..routing.media_types import HTML
from ..settings.parsers import is_site_path
from . import origin, stream
from .cookies import CONTINUED_FOR
from .request import bearer_token, check_origin, keep_from_caches
from .services import services

HOME = "/"
ORIGINAL_URI = "X-Original-URI"
"""The header in which a proxy names the page that it asks about (nginx: ``$request_uri``)."""

STRAIGHT_AFTER = 10
"""If a page is refused within this many seconds after its renewal, it is not renewed again."""

_HOST = r"(?:[a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63}(?::[0-9]+)?"
"""A host with its port; Werkzeug raises an error for a Location with another length of a label."""

_IN_PATH = "!$&'()*+,/:;=@"
_IN_QUERY = f"%{_IN_PATH}?"
"""What Werkzeug leaves as it is in the path and the query of a Location."""


def safe_path(target: str | None, own_prefix: str, home: str = HOME) -> str:
    """``target`` if it is a path of this site, else ``home`` (ASVS 3.7.2; CWE-601).

    A route of ours (``own_prefix``) is refused too: it could redirect in a loop.
    """
    if not target or not is_site_path(target):
        return home
    path = unquote(target.partition("?")[0].partition("#")[0])
    is_ours = own_prefix != "/" and f"{path}/".startswith(f"{own_prefix}/")
    return home if is_ours else target


def path_of(url: str | None, host: str) -> str | None:
    """Path and query of ``url``, a Referer, if it is a URL of this ``host``."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    if parts.netloc != host:
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def split_origin(target: str | None) -> tuple[str, str | None]:
    """Split ``target`` into its origin and the rest.

    The origin is "" if ``target`` does not begin with one, or its host does not share the cookies.
    """
    found = re.match(rf"{re.escape(request.scheme)}://({_HOST})(?=/)", target or "")
    if target is None or found is None or not shares_cookies(found[1]):
        return "", target
    return found[0], target[found.end() :]


def shares_cookies(host: str) -> bool:
    """Whether this app serves ``host`` (with its port) beside others, and browsers send the cookies to it.

    Flask serves subdomains of SERVER_NAME where the app has ``subdomain_matching``. Without the cookies a
    page there would send its visitor to continue again and again.
    """
    site, domain = current_app.config["SERVER_NAME"], services().settings.cookie_domain
    if not current_app.subdomain_matching or not site or domain is None:
        return False
    return _is_below(host, site) and _is_below(host.partition(":")[0], domain.removeprefix("."))


def next_page() -> str:
    """Where ``next`` of this request points, within this site."""
    return _safe(request.args.get("next"))


def page_before() -> str:
    """The page that a form was sent from, within this site."""
    return _safe(path_of(request.referrer, request.host))


def page_asked_about() -> str | None:
    """The page that the proxy asks about for a page navigation, within this site; None if it names none."""
    uri = request.headers.get(ORIGINAL_URI)
    return _safe(uri) if uri and is_navigation() else None


def way_on(problem: RatchetError, page: str) -> str | None:
    """Where a browser that may not see ``page`` goes: to continue, else to the sign-in page; None without."""
    if can_continue(problem, page):
        return with_next(url_for("ratchet.continue_"), page)
    sign_in = login_url()
    return None if sign_in is None else with_next(sign_in, page)


def here() -> str:
    """The path and query of this request, percent-encoded, so that they lead to this very page again.

    WSGI hands on the path decoded, where a ``%3F`` looks like the start of the query.
    """
    path = _path_as_sent() or _root() + quote(b"/" + _bytes("PATH_INFO").lstrip(b"/"), _IN_PATH)
    query = quote(request.query_string, _IN_QUERY)
    return f"{path}?{query}" if query else path


def login_url() -> str | None:
    """The sign-in page; SettingsError where RATCHET_LOGIN_URL is an endpoint without such a URL.

    Without RATCHET_LOGIN_URL it is the package's own; None if there is no such page either.

    A route can come after Ratchet, so its URL is built only when it is needed; ``flask ratchet doctor``
    builds it too.
    """
    if services().settings.has_sign_in_page:
        return url_for("ratchet.sign_in")
    page, root = services().settings.login_url, _root()
    if page is None or page.startswith(HOME):
        is_below = page is None or f"{page.partition('?')[0]}/".startswith(f"{root}/")
        return page if is_below else f"{root}{page}"
    try:
        return url_for(page)
    except BuildError as error:
        raise SettingsError(f"RATCHET_LOGIN_URL is {page!r}: {error}") from error


def with_query(url: str, query: Mapping[str, str]) -> str:
    """``url`` with these fields added to its query, except those that it already has."""
    before, mark, fragment = url.partition("#")
    there = dict(parse_qsl(before.partition("?")[2], keep_blank_values=True))
    further = {name: value for name, value in query.items() if name not in there}
    separator = "&" if "?" in before else "?"
    return f"{before}{separator}{urlencode(further)}{mark}{fragment}" if further else url


def is_on_this_host(url: str) -> bool:
    """Whether ``url``, which the router has built, leads to the host of this request: it is then a path."""
    return url.startswith(HOME)


def with_next(url: str, target: str, reason: str | None = None) -> str:
    """``url`` with the URL to come back to in its query, and the ``reason`` where there is one.

    On another host a path would lead to a page of that host, so the target then includes its own host.
    """
    if not is_on_this_host(url) and target.startswith(HOME):
        target = request.host_url.rstrip("/") + target
    query = {"next": target} | ({"reason": reason} if reason else {})
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def _safe(target: str | None) -> str:
    """``target`` if it is a page of this site, otherwise the home page."""
    own_prefix = request.script_root + services().settings.url_prefix
    origin, path = split_origin(target)
    return origin + safe_path(path, own_prefix, _root() + HOME)


def _root() -> str:
    """The path that a proxy has hung the site below, percent-encoded."""
    return quote(_bytes("SCRIPT_NAME").rstrip(b"/"), _IN_PATH)


def _path_as_sent() -> str | None:
    """The path as the browser has sent it, where the server tells and it is that of this request.

    It begins with the path that a proxy has hung the site below, unless the proxy has taken that off.
    """
    name = "RAW_URI" if "RAW_URI" in request.environ else "REQUEST_URI"  # gunicorn's and that of others
    sent, path = _bytes(name).partition(b"?")[0], _bytes("PATH_INFO")
    if not sent.startswith(b"/") or sent.startswith(b"//"):
        return None
    if unquote_to_bytes(sent) == _bytes("SCRIPT_NAME").rstrip(b"/") + path:
        return quote(sent, f"%{_IN_PATH}")
    return _root() + quote(sent, f"%{_IN_PATH}") if unquote_to_bytes(sent) == path else None


def _bytes(name: str) -> bytes:
    """A value of the environ, whose characters stand for bytes (PEP 3333)."""
    return str(request.environ.get(name, "")).encode("latin-1", "replace")


def _is_below(host: str, domain: str) -> bool:
    return f".{host}".endswith(f".{domain}")


def is_navigation() -> bool:
    """Whether this is a page navigation: by Fetch Metadata, otherwise by the Accept header."""
    mode = request.headers.get("Sec-Fetch-Mode")
    if mode is not None:
        return mode == "navigate"
    accepted = request.accept_mimetypes
    return HTML in accepted.values() and accepted.best == HTML


def renewal(problem: RatchetError) -> Response | None:
    """The redirect to continue if a page of a session was refused, otherwise None. The body is read first.

    A request without any trace of a session is left to the error handlers, and so to the host's, if it has
    one: there is nothing to renew. Raises CrossOrigin, or InvalidRequest for a broken body.
    """
    nothing_to_renew = isinstance(problem, TokenMissing) and not services().cookies.has_trace(request)
    if nothing_to_renew or not can_continue(problem) or not is_navigation():
        return None
    stream.drain()
    return to_continue()


def can_continue(problem: RatchetError, page: str | None = None) -> bool:
    """Whether a renewal could help against this refusal of ``page``, by default that of this request.

    No, if a renewal was just tried for the same page: a second one would fail in the same way, and the
    browser would be redirected in a loop.
    """
    settings = services().settings
    if not isinstance(problem, BearerRefused) or not settings.access_cookie:
        return False
    if not is_on_this_host(url_for("ratchet.continue_")) and not shares_cookies(request.host):
        return False
    # A token that is younger than half its lifetime has not expired, so the cause is something else.
    straight_after = min(STRAIGHT_AFTER, settings.access_ttl / 2)
    return not services().cookies.was_continued(request, straight_after, here() if page is None else page)


def renewal_if_any(problem: RatchetError) -> Response | None:
    """The redirect to continue if the browser of a page that everybody may see has a session; never twice.

    A refused renewal clears no cookie. A cookie that records the attempt prevents the next one.
    """
    cookies = services().cookies
    is_asked_by_person = request.method != "HEAD" and bearer_token() is None and is_navigation()
    if not (is_asked_by_person and cookies.has_mark(request) and can_continue(problem)):
        return None
    if cookies.was_continued(request, CONTINUED_FOR):
        return None
    try:
        reply = to_continue(optional=True)
    except RatchetError:  # a form of another site renews nothing
        return None
    stream.drain()
    if not origin.is_speculative(request.headers.get("Sec-Purpose")):
        cookies.set_continued(reply)
    return reply


def to_continue(*, optional: bool = False) -> Response:
    """The redirect to continue: 303, or for a form 307, which keeps method and body. Raises CrossOrigin.

    With ``optional`` continue comes back also if the renewal fails.
    """
    check_origin()
    way, is_safe = url_for("ratchet.continue_"), request.method in origin.SAFE_METHODS
    # The origin check of another host would refuse a form, so the browser comes back to its page.
    comes_back = is_safe or is_on_this_host(way)
    target = with_next(way, here() if comes_back else page_before())
    target += "&optional=1" if optional else ""
    reply = redirect(target, 307 if comes_back and not is_safe else 303)
    keep_from_caches(reply)
    return reply
