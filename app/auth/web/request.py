"""What the current request presents: its tokens, its origin, the IP address and the device of its client."""

from __future__ import annotations

from contextlib import suppress

from flask import request
from werkzeug import Response

from ..errors import CrossOrigin, TokenInvalid, TokenMissing, Unavailable
from ..lifecycle.account import SessionOptions, SessionRef
from ..sessions import device
from ..sessions.issuer import Evidence
from ..tokens.claims import AccessClaims
from . import origin
from .device_binding import must_bind
from .services import services

READS_ACCESS = "ratchet.reads_access"
"""Is set in the environ of a request whose response depends on an access token or on its absence."""

SKIPPED = "Secure-Session-Skipped"

NOT_STORED = "ratchet.not_stored"
"""Stands in the environ of a request whose answer no cache may keep, whatever a hook of the host says."""


def keep_from_caches(response: Response) -> None:
    """Let no cache keep the reply (RFC 9111, 5.2.2.5)."""
    response.headers["Cache-Control"] = "no-store"
    request.environ[NOT_STORED] = True


def client_ip() -> str:
    """The IP address of the client, from the proxies that the site is configured to trust."""
    return request.remote_addr or ""


def device_label(wanted: str | None = None) -> str:
    """The label of this device: as wanted, else from its User-Agent."""
    return device.tidy(wanted or "") or device.label_of(request.user_agent.string)


def session_options(delivery: str, *, remember: bool, label: str | None = None) -> SessionOptions:
    """What a session that this request starts is to be; see ``device_label`` for its label."""
    return SessionOptions(remember, delivery, device_label(label), must_bind(delivery))


def check_origin(method: str | None = None) -> None:
    """Refuse a request that may not change state: CrossOrigin, or Unavailable to a prefetch.

    ``method`` is that of the request which a proxy asks about, if it is not this one.
    """
    sent = request.environ
    if origin.is_safe(method or sent["REQUEST_METHOD"], sent.get("HTTP_UPGRADE")):
        return
    check_purpose()
    source, trusted = sent.get("HTTP_ORIGIN"), services().settings.trusted_origins
    host = "" if source is None else request.host
    if not origin.may_change_state(sent.get("HTTP_SEC_FETCH_SITE"), source, host, trusted):
        raise CrossOrigin


def check_purpose() -> None:
    """Refuse what a browser only fetches ahead: Unavailable."""
    if origin.is_speculative(request.environ.get("HTTP_SEC_PURPOSE")):
        raise Unavailable("Nothing changes while a page is only prefetched.")


def bearer_token() -> str | None:
    """The token of ``Authorization: Bearer`` (RFC 6750, 2.1), or None if there is no such header."""
    scheme, _, token = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" else None


def evidence() -> Evidence:
    """What the request presents beside a refresh token, for a session that is bound to a device.

    A bearer does not hide the cookies: the browser keeps the access cookie of such a session by itself. It
    sends ``Secure-Session-Skipped`` when it could not (Device Bound Session Credentials, W3C).
    """
    bearer = bearer_token()
    access = (*([] if bearer is None else [bearer]), *services().cookies.read_access(request))
    return Evidence(access, SKIPPED in request.headers)


def refresh_cookies() -> list[str] | None:
    """The refresh tokens in the cookies, None where there is no such cookie; a foreign one is logged."""
    tokens = services().cookies.read_refresh(request)
    if tokens == []:
        services().cookies.foreign.log()
    return tokens


def log_if_foreign(token: str) -> None:
    """Log that this refused token of a body or a bearer was signed with another secret, if it was."""
    if services().token_issuer.is_foreign(token):
        services().cookies.foreign.log()


def presented_sessions() -> list[SessionRef]:
    """The sessions that the browser has tokens of, however old."""
    cookies = services().cookies
    return services().token_issuer.refs(cookies.read_refresh(request) or (), cookies.read_access(request))


def replaced_session() -> SessionRef | None:
    """The session that a sign-in in this browser replaces: the live one if there is one, otherwise any."""
    refs = presented_sessions()
    live = live_session_ref() if refs[1:] else None
    return live or next(iter(refs), None)


def live_session_ref() -> SessionRef | None:
    """The live session of the browser. An expired access token is not accepted as proof of it."""
    cookies = services().cookies
    return services().sessions.acting_session(cookies.read_refresh(request) or (), evidence())


def identify() -> AccessClaims:
    """The claims of the request's access token; raises TokenMissing or TokenInvalid.

    A browser sends the cookie with requests of any page. With a cookie, unsafe methods and WebSocket upgrades
    therefore have to pass the origin check.
    """
    request.environ[READS_ACCESS] = True
    token = bearer_token()
    if token is not None:
        return _read_bearer(token)
    tokens = services().cookies.read_access(request)
    if not tokens:
        raise TokenMissing
    check_origin()
    for token in tokens:
        with suppress(TokenInvalid):
            return services().reader.read_access(token)
    raise TokenInvalid


def _read_bearer(token: str) -> AccessClaims:
    try:
        return services().reader.read_access(token)
    except TokenInvalid:
        log_if_foreign(token)
        raise
