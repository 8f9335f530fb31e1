"""Converts claims to tokens and back: access tokens (RFC 9068) and refresh tokens, with separate keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import strict_json
from ..errors import RefreshTokenInvalid, TokenInvalid
from .jws import Key, TokenSigner

ACCESS_TYPE = "at+jwt"
REFRESH_TYPE = "rt+jwt"
CLIENT_ID = "first-party"
"""The ``client_id`` of every access token (RFC 9068, 2.2). Ratchet registers no clients: the only one is the
site itself. Other sites may use the same name, because it belongs to its issuer (RFC 6749, 2.2)."""

CLOCK_TOLERANCE = 10
"""Seconds by which the clock of the node that issued a token or a challenge may be ahead of the reader's."""

MAX_TIME = 2**40
MAX_FURTHER = 1024
"""Bytes of a host's further claims, as JSON: with them the cookie stays below the 4096 bytes of browsers."""

RESERVED = frozenset(
    {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "auth_time", "client_id", "cnf"}
)
"""The claims with a meaning of their own (RFC 7519, 4.1; RFC 9068, 2.2; RFC 7800, 3.1)."""

MAX_REMEMBERED = 4096
"""Verified access tokens that a process remembers."""


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """The claims of an access token (RFC 9068): user, session, time of the sign-in. Times are whole seconds.

    ``token_id`` is different in each token; None in a token of a release that wrote no ``jti``. ``further``
    has the host's own claims as the text of a JSON object, so that nobody can change a shared value; "" is
    none.
    """

    subject: str
    session_id: str
    issued_at: int
    expires_at: int
    auth_time: int
    token_id: str | None
    further: str = ""

    @property
    def further_claims(self) -> dict[str, Any]:
        """The host's own claims, as a new value."""
        return dict(strict_json.loads(self.further.encode())) if self.further else {}


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    """The claims of a refresh token: user, session, token id. Times are whole seconds."""

    subject: str
    session_id: str
    token_id: str
    expires_at: int


class AccessTokens:
    """Signs and reads access tokens for one issuer and audience; stateless to verify (RFC 9068)."""

    def __init__(
        self,
        keys: Iterable[Key],
        issuer: str | None,
        audience: str | None,
        default_issuer: Callable[[], str] | None = None,
    ) -> None:
        """``default_issuer`` gives the ``iss`` of a new token if ``issuer`` is None.

        It can differ from token to token, so this reader does not check it: the key says whose a token is.
        """
        self._signer = TokenSigner(ACCESS_TYPE, keys, TokenInvalid)
        self._verified: dict[str, AccessClaims] = {}
        self._default_issuer = default_issuer if issuer is None else None
        self._fixed = {
            name: value for name, value in (("iss", issuer), ("aud", audience)) if value is not None
        }

    def sign(self, claims: AccessClaims) -> str:
        """The access token for ``claims``; no two are equal, because their ``token_id`` differs."""
        return self._signer.sign(
            {
                **claims.further_claims,
                **self._default(),
                **self._fixed,
                "client_id": CLIENT_ID,
                "sub": claims.subject,
                "sid": claims.session_id,
                "jti": claims.token_id,
                "iat": claims.issued_at,
                "exp": claims.expires_at,
                "auth_time": claims.auth_time,
            }
        )

    def read(self, token: str, now: float) -> AccessClaims:
        """The claims of an access token that is valid at ``now``; raises TokenInvalid.

        A signature is verified once per process; the times are checked at each call.
        """
        claims = self._verified.get(token)
        if claims is None:
            claims = self._remember(token, self._read(token))
        if now >= claims.expires_at or claims.issued_at > now + CLOCK_TOLERANCE:
            raise TokenInvalid
        return claims

    def read_expired(self, token: str) -> AccessClaims:
        """The claims of an authentic access token, however old: an expired one is enough to sign out."""
        return self._verified.get(token) or self._read(token)

    def is_foreign(self, token: str) -> bool:
        """Whether ``token`` has the form of ours, and none of our keys signed it."""
        return self._signer.is_foreign(token)

    def _read(self, token: str) -> AccessClaims:
        claims = self._signer.read(token)
        if not self._is_meant_for_us(claims):
            raise TokenInvalid
        try:
            return AccessClaims(
                _text(claims, "sub"),
                _text(claims, "sid"),
                _time(claims, "iat"),
                _time(claims, "exp"),
                _time(claims, "auth_time"),
                _text(claims, "jti") if "jti" in claims else None,
                _further(claims),
            )
        except ValueError as error:
            raise TokenInvalid from error

    def _default(self) -> dict[str, str]:
        issuer = self._default_issuer and self._default_issuer()
        return {"iss": issuer} if issuer else {}

    def _is_meant_for_us(self, claims: Mapping[str, Any]) -> bool:
        """Whether issuer, audience and client are ours.

        The previous release wrote neither ``client_id`` nor ``jti``. Its tokens are accepted, because an
        updated node must not refuse valid tokens.
        """
        # Both must be equal: a site without an audience refuses a token that names one (RFC 9068, 4).
        checked = ("iss", "aud") if self._default_issuer is None else ("aud",)
        named = {name: claims[name] for name in checked if name in claims}
        return named == self._fixed and claims.get("client_id", CLIENT_ID) == CLIENT_ID

    def _remember(self, token: str, claims: AccessClaims) -> AccessClaims:
        if len(self._verified) >= MAX_REMEMBERED:
            self._verified.clear()
        self._verified[token] = claims
        return claims


class RefreshTokens:
    """Signs and reads refresh tokens.

    The issuer is written but not checked: the key and the user row decide, and an operator who sets an issuer
    later must not sign everybody out.
    """

    def __init__(self, keys: Iterable[Key], issuer: str | None) -> None:
        self._signer = TokenSigner(REFRESH_TYPE, keys, RefreshTokenInvalid)
        self._fixed = {} if issuer is None else {"iss": issuer}

    def sign(self, claims: RefreshClaims) -> str:
        """The refresh token for ``claims``: the same claims and key always give the same token."""
        return self._signer.sign(
            {
                **self._fixed,
                "sub": claims.subject,
                "sid": claims.session_id,
                "jti": claims.token_id,
                "exp": claims.expires_at,
            }
        )

    def read(self, token: str, now: float) -> RefreshClaims:
        """The claims of an authentic refresh token that has not expired; raises RefreshTokenInvalid.

        Only the user row can say whether it may still be used.
        """
        claims = self.read_expired(token)
        if now >= claims.expires_at:
            raise RefreshTokenInvalid
        return claims

    def read_expired(self, token: str) -> RefreshClaims:
        """The claims of an authentic refresh token, however old."""
        claims = self._signer.read(token)
        try:
            return RefreshClaims(
                _text(claims, "sub"), _text(claims, "sid"), _text(claims, "jti"), _time(claims, "exp")
            )
        except ValueError as error:
            raise RefreshTokenInvalid from error

    def is_foreign(self, token: str) -> bool:
        """Whether ``token`` has the form of ours, and none of our keys signed it."""
        return self._signer.is_foreign(token)


def further_text(claims: Mapping[str, Any]) -> str:
    """The host's claims as the text that an access token can have; ValueError says what is wrong.

    It is read back by the rules for tokens, so what is signed can be read.
    """
    if not isinstance(claims, Mapping):
        raise ValueError(f"it returned {type(claims).__name__}; return a mapping of names to JSON values")
    if taken := RESERVED & claims.keys():
        raise ValueError(f"Ratchet itself writes {', '.join(sorted(taken))}; use another name")
    try:
        text = strict_json.dumps(dict(claims))
        strict_json.loads(text)
    except (TypeError, ValueError) as error:
        raise ValueError(f"a claim is no JSON ({error}); return text, numbers, lists, mappings") from error
    if len(text) > MAX_FURTHER:
        raise ValueError(
            f"the claims have {len(text)} bytes as JSON, and {MAX_FURTHER} is the limit, because a browser "
            "drops a large cookie; return names or ids, and read the rest from the database"
        )
    return text.decode() if claims else ""


def _further(claims: Mapping[str, Any]) -> str:
    """What a token says beyond what Ratchet writes."""
    further = {name: value for name, value in claims.items() if name not in RESERVED}
    return strict_json.dumps(further).decode() if further else ""


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is not text")
    return value


def _time(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if type(value) is not int or not 0 <= value < MAX_TIME:
        raise ValueError(f"{name} is not a time")
    return value
