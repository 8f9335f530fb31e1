"""What each route is for, takes, gives and refuses, as OpenAPI is told it: a table, and nothing else.

Addresses and methods are those of blueprint.py; codes, statuses and sentences are those of errors.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .. import errors
from ..web.body import FORM, JSON

HTML = "text/html"
SCRIPT = "text/javascript"

Refusals = tuple[type[errors.RatchetError], ...]


class ReplySpec(NamedTuple):
    """A reply: what it means, its headers, and its content by media type and schema (none: any text)."""

    means: str
    content: Mapping[str, str | None] = {}
    headers: tuple[str, ...] = ()


class BodySpec(NamedTuple):
    """A body: its schema, its media type, and whether it has to be there."""

    schema: str
    media_type: str = JSON
    required: bool = True


class Operation(NamedTuple):
    """One method of one route. ``security`` lists ways in of which each will do; "" is to come without."""

    summary: str
    gives: Mapping[int, ReplySpec]
    refuses: Refusals = ()
    takes: BodySpec | None = None
    security: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


FAULT: Refusals = (errors.Unavailable,)
POST: Refusals = (errors.CrossOrigin, *FAULT)
BODY: Refusals = (*POST, errors.InvalidRequest, errors.ContentTooLarge, errors.UnsupportedMediaType)
GUARDED: Refusals = (errors.TokenMissing, errors.TokenInvalid)
ACCOUNT: Refusals = (errors.AccountBlocked, errors.AccountUnconfirmed)
REFRESH: Refusals = (
    errors.RefreshTokenMissing,
    errors.RefreshTokenInvalid,
    errors.RefreshTokenReused,
    *ACCOUNT,
)
GRANT: Refusals = (errors.InvalidGrant, errors.UnsupportedGrantType)
"""Where the body has a ``grant_type``."""

ACCESS = ("bearer", "accessCookie")
ASIDE = ("refreshCookie", "")
"""The cookie counts; without it the body will do."""

COOKIES = ("Set-Cookie",)
PUBLIC = ("Cache-Control",)
SIGNED_OUT = ReplySpec("Signed out.", headers=COOKIES)
PAGES: Mapping[int, ReplySpec] = {
    200: ReplySpec("A page that leads on, where SameSite=Strict kept the cookie back.", {HTML: None}),
    204: ReplySpec("Nothing: HEAD renews nothing."),
    401: ReplySpec("The session is over, and the site has no sign-in page.", {HTML: None}, COOKIES),
    403: ReplySpec("Shown in a frame of another site, or this user may not sign in.", {HTML: None}, COOKIES),
    503: ReplySpec("A page that tries again.", {HTML: None}, ("Retry-After",)),
}
NO_ROUTE: Mapping[int, ReplySpec] = {
    404: ReplySpec("No such address: the answer is the site's own.", {HTML: None})
}
TO_SIGN_IN = "to the sign-in page where the session is over"

OPTIONS = Operation(
    "Which methods there are.", {200: ReplySpec("In a header.", headers=("Allow",)), **NO_ROUTE}
)
"""Of every route."""

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("/login", "POST"): Operation(
        "Sign in with a password, or refresh by body.",
        {200: ReplySpec("Signed in.", {JSON: "Tokens"}, COOKIES)},
        (*BODY, errors.InvalidCredentials, errors.TooManyAttempts, *ACCOUNT, *GRANT),
        BodySpec("SignIn"),
    ),
    ("/refresh", "POST"): Operation(
        "Exchange a refresh token for new tokens, delivered the way it came.",
        {200: ReplySpec("Refreshed.", {JSON: "Tokens"}, COOKIES)},
        (*BODY, *REFRESH, *GRANT),
        BodySpec("Refresh", required=False),
        ASIDE,
    ),
    ("/logout", "POST"): Operation(
        "Sign out here, on the other devices, or everywhere.",
        {204: SIGNED_OUT},
        (*BODY, errors.RefreshTokenInvalid),
        BodySpec("SignOut", required=False),
        (*ASIDE, *ACCESS),
    ),
    ("/me", "GET"): Operation(
        "Who is signed in, and in which session.",
        {200: ReplySpec("The user and the session.", {JSON: "Me"})},
        (*FAULT, *GUARDED),
        security=ACCESS,
    ),
    ("/password", "POST"): Operation(
        "Change the password; every other session ends.",
        {200: ReplySpec("Changed.", {JSON: "Tokens"}, COOKIES)},
        (*BODY, *GUARDED, errors.InvalidCredentials, errors.TooManyAttempts),
        BodySpec("NewPassword"),
        ACCESS,
    ),
    ("/sessions", "GET"): Operation(
        "The devices that are signed in.",
        {200: ReplySpec("The most recently used first.", {JSON: "Sessions"})},
        (*FAULT, *GUARDED),
        security=ACCESS,
    ),
    ("/sessions", "POST"): Operation(
        "Start a session for another device or tool of the same user.",
        {201: ReplySpec("Started.", {JSON: "TokensInBody"})},
        (*BODY, *GUARDED, *ACCOUNT, errors.InvalidCredentials, errors.ReauthenticationRequired),
        BodySpec("NewSession", required=False),
        ACCESS,
    ),
    ("/sessions/<session_id>", "DELETE"): Operation(
        "Sign one device out.",
        {204: SIGNED_OUT, **NO_ROUTE},
        (*POST, *GUARDED, errors.NotFound),
        security=ACCESS,
    ),
    ("/token", "POST"): Operation(
        "Exchange a refresh token for new tokens (RFC 6749, section 6).",
        {200: ReplySpec("Refreshed.", {JSON: "TokensInBody"}, ("Pragma",))},
        (*BODY, *GRANT),
        BodySpec("TokenForm", FORM),
    ),
    ("/revoke", "POST"): Operation(
        "End the session of a token (RFC 7009).",
        {200: ReplySpec("No session goes with the token any more.", {JSON: "Empty"})},
        BODY,
        BodySpec("TokenQuestion", FORM),
    ),
    ("/introspect", "POST"): Operation(
        "Ask what a token says and whether it is good (RFC 7662).",
        {200: ReplySpec("What is known of it.", {JSON: "Introspection"})},
        (*BODY, errors.InvalidClient),
        BodySpec("TokenQuestion", FORM),
        ("service",),
    ),
    ("/continue", "GET"): Operation(
        "Renew during a page navigation and go on to the page.",
        {303: ReplySpec(f"To the page, or {TO_SIGN_IN}.", headers=("Location", *COOKIES)), **PAGES},
        FAULT,
        security=ASIDE,
        parameters=("next",),
    ),
    ("/continue", "POST"): Operation(
        "Renew during a form post and go on with it.",
        {
            303: ReplySpec(f"Only {TO_SIGN_IN}.", headers=("Location", *COOKIES)),
            307: ReplySpec("To the page, with the same body.", headers=("Location", *COOKIES)),
            **{status: page for status, page in PAGES.items() if status >= 400},
        },
        POST,
        security=ASIDE,
        parameters=("next",),
    ),
    ("/jwks.json", "GET"): Operation(
        "The public keys of the access tokens (RFC 7517).",
        {200: ReplySpec("None where the site signs with its secret.", {JSON: "KeySet"}, PUBLIC)},
    ),
    ("/ratchet.js", "GET"): Operation(
        "The browser client, an ES module.",
        {
            200: ReplySpec("The module.", {SCRIPT: None}, (*PUBLIC, "ETag")),
            304: ReplySpec("As you have it.", headers=(*PUBLIC, "ETag")),
            412: ReplySpec("Not as you have it, and If-Match asked for that alone."),
        },
        parameters=("v", "If-None-Match"),
    ),
    ("/openapi.json", "GET"): Operation(
        "This document.", {200: ReplySpec("OpenAPI 3.1.", {JSON: "Empty"}, PUBLIC)}
    ),
    ("/.well-known/oauth-authorization-server", "GET"): Operation(
        "What this server can do, and where (RFC 8414).",
        {200: ReplySpec("The metadata.", {JSON: "Metadata"}, PUBLIC)},
        (errors.InvalidRequest,),
    ),
    ("/.well-known/oauth-authorization-server/<path:path>", "GET"): Operation(
        "The same, for an issuer with a path.",
        {200: ReplySpec("The metadata.", {JSON: "Metadata"}, PUBLIC), **NO_ROUTE},
        (errors.NotFound, errors.InvalidRequest),
    ),
}
