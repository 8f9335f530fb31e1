"""Exchange a refresh token for new tokens, in our own form and in that of OAuth (RFC 6749, section 6)."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import (
    AccountRefused,
    DeviceProofRequired,
    InvalidGrant,
    InvalidRequest,
    RefreshTokenInvalid,
    RefreshTokenMissing,
    RefreshTokenReused,
    UnsupportedGrantType,
)
from ..routing.routes import ACCOUNT, Errors
from ..routing.schemas import REFRESH, Schema, component, or_null, record
from ..sessions.issuer import IssuedTokens
from ..web.body import Body, check_delivery
from ..web.request import check_origin, evidence, log_if_foreign
from ..web.services import services

GRANT_TYPE = "refresh_token"

REFRESH_ERRORS: Errors = (
    RefreshTokenMissing,
    RefreshTokenInvalid,
    RefreshTokenReused,
    DeviceProofRequired,
    *ACCOUNT,
)
GRANT_ERRORS: Errors = (InvalidGrant, UnsupportedGrantType)

TOKEN_FIELD = {"refresh_token": or_null(REFRESH)}
"""What ``body_token`` reads. Left out is its other spelling, which many generators take for the same name."""

GRANT: Schema = {"type": "string", "enum": [GRANT_TYPE]}
REFRESH_GRANT = component(
    "RefreshGrant", record("grant_type", "refresh_token", grant_type=GRANT, refresh_token=REFRESH)
)
"""What ``refresh_grant`` reads where no cookie counts."""


def refresh(token: str | None, cookies: Sequence[str] | None) -> tuple[IssuedTokens, str]:
    """New tokens for those in ``cookies``, else for ``token``, and the delivery: the way the good one came.

    The cookies are used first. The ``token`` of the body is used if no cookie belongs to a live session:
    a cookie of another site on the same host, or of a session that is over, must not hide it. A Reuse is
    still refused. Raises RefreshTokenMissing if there is neither.
    """
    if cookies is None and token is None:
        check_origin()  # the blueprint leaves out this check for a refresh by body
        raise RefreshTokenMissing
    if cookies is not None:
        try:
            beside = [token] if token and services().settings.body_delivery else []
            return services().sessions.refresh(cookies, beside, evidence()), "cookie"
        except (RefreshTokenInvalid, DeviceProofRequired):
            if token is None or not services().settings.body_delivery:
                raise
    check_delivery("body")
    presented = [token] if token else []
    try:
        return services().sessions.refresh(presented, evidence=evidence()), "body"
    except RefreshTokenInvalid:
        for one in presented:
            log_if_foreign(one)
        raise


def refresh_grant(body: Body, cookies: Sequence[str] | None = None) -> tuple[IssuedTokens, str]:
    """The same for a body that asks for a grant by its ``grant_type``.

    The errors are those of RFC 6749, section 5.2, all with status 400: an OAuth client takes a 401 for an
    expired access token and refreshes again. Every problem with the session is InvalidGrant. A Reuse still
    ends the session.
    """
    if body.needed("grant_type") != GRANT_TYPE:
        raise UnsupportedGrantType
    token = body_token(body)
    if cookies is None and token is None:
        raise InvalidRequest("{name} is missing.", name="refresh_token")
    try:
        return refresh(token, cookies)
    except (RefreshTokenInvalid, RefreshTokenReused, DeviceProofRequired, AccountRefused) as problem:
        raise InvalidGrant(problem.description) from problem


def body_token(body: Body) -> str | None:
    """The refresh token in a body, in either spelling."""
    first, second = body.text("refresh_token"), body.text("refreshToken")
    return second if first is None else first
