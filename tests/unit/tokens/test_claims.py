"""Tokens to claims and back, the moments at which they hold, and how many are remembered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.auth.errors import RefreshTokenInvalid, TokenInvalid
from app.auth.tokens import claims
from app.auth.tokens.claims import (
    CLOCK_TOLERANCE,
    MAX_FURTHER,
    RESERVED,
    AccessClaims,
    AccessTokens,
    RefreshClaims,
    RefreshTokens,
    further_text,
)
from app.auth.tokens.jws import derive_key

from ...support.forgery import ACCESS, REFRESH, decode, forge_access, forge_refresh
from ...support.samples import NOW, SECRET, TICK

ISSUER, AUDIENCE = "https://example.org", "api"
OLD_SECRET = "the secret before this one, of some length"
ACCESS_CLAIMS = AccessClaims("7", "phone", int(NOW), int(NOW) + 600, int(NOW) - 60, "first")
REFRESH_CLAIMS = RefreshClaims("7", "phone", "current", int(NOW) + 600)


def access_tokens(*secrets: str, issuer: str | None = None, audience: str | None = None) -> AccessTokens:
    """The access tokens of an app with these secrets."""
    keys = [derive_key(secret, "access token") for secret in secrets or (SECRET,)]
    return AccessTokens(keys, issuer, audience)


def refresh_tokens(*secrets: str, issuer: str | None = None) -> RefreshTokens:
    """The refresh tokens of an app with these secrets."""
    return RefreshTokens([derive_key(secret, "refresh token") for secret in secrets or (SECRET,)], issuer)


def test_an_access_token_says_whose_it_is() -> None:
    """The claims of RFC 9068 that the contract names, and no more."""
    token = access_tokens().sign(ACCESS_CLAIMS)
    assert decode(token.split(".")[1]) == ACCESS
    assert access_tokens().read(token, NOW) == ACCESS_CLAIMS


def test_an_access_token_carries_the_claims_of_the_host() -> None:
    """Beside ours, which stay as they are, and back as a value of the reader's own."""
    given = {"roles": ["editor", "author"], "name": "\u0416", "size": 41.5, "none": None}
    of_host = replace(ACCESS_CLAIMS, further=further_text(given))
    token = access_tokens(issuer=ISSUER, audience=AUDIENCE).sign(of_host)
    assert decode(token.split(".")[1]) == ACCESS | {"iss": ISSUER, "aud": AUDIENCE} | given
    read = access_tokens(issuer=ISSUER, audience=AUDIENCE).read(token, NOW)
    assert (read, read.further_claims) == (of_host, given)
    read.further_claims["roles"].append("owner")
    assert read.further_claims == given


def test_no_claims_of_the_host_are_no_text() -> None:
    """So that a token without any is what it always was."""
    assert (further_text({}), ACCESS_CLAIMS.further_claims) == ("", {})


def test_claims_of_the_host_have_a_limit() -> None:
    """As they are in the token, to the byte."""
    name = "x" * (MAX_FURTHER - len('{"name":""}'))
    assert len(further_text({"name": name})) == MAX_FURTHER
    with pytest.raises(ValueError, match=f"have {MAX_FURTHER + 1} bytes"):
        further_text({"name": name + "x"})


def test_what_is_ours_is_what_the_standards_name() -> None:
    """RFC 7519, 4.1; RFC 9068, 2.2; RFC 7800, 3.1; and a KiB, which a cookie has room for."""
    of_jwt = {"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}
    assert of_jwt | {"sid", "auth_time", "client_id", "cnf"} == RESERVED
    assert MAX_FURTHER == 1024


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_no_claim_of_the_host_takes_the_place_of_ours(name: str) -> None:
    """Nor of one that other services give a meaning to."""
    with pytest.raises(ValueError, match=f"itself writes {name}; use another name"):
        further_text({name: "x", "role": "editor"})


def test_a_refresh_token_says_which_generation_it_is() -> None:
    """It carries the id that the user row knows it by, and no time of issue."""
    token = refresh_tokens().sign(REFRESH_CLAIMS)
    assert decode(token.split(".")[1]) == REFRESH
    assert refresh_tokens().read(token, NOW) == REFRESH_CLAIMS


def test_access_tokens_that_differ_by_their_id_alone_are_two_tokens() -> None:
    """What was issued twice in one second for one session is told apart (RFC 9068, 2.2.1)."""
    tokens = {access_tokens().sign(replace(ACCESS_CLAIMS, token_id=name)) for name in ("first", "second")}
    assert {access_tokens().read(token, NOW).token_id for token in tokens} == {"first", "second"}


def test_a_refresh_token_signed_twice_is_the_very_same_string() -> None:
    """Another process with the same secret repeats a hand-out to the byte."""
    assert refresh_tokens().sign(REFRESH_CLAIMS) == refresh_tokens().sign(replace(REFRESH_CLAIMS))


def test_an_access_token_holds_until_its_end() -> None:
    """One tick before exp it is valid, at exp it is not (RFC 7519, 4.1.4)."""
    token = access_tokens().sign(ACCESS_CLAIMS)
    assert access_tokens().read(token, ACCESS_CLAIMS.expires_at - TICK) == ACCESS_CLAIMS
    with pytest.raises(TokenInvalid):
        access_tokens().read(token, ACCESS_CLAIMS.expires_at)


def test_a_refresh_token_holds_until_its_end() -> None:
    """One tick before exp it is valid, at exp it is not (RFC 7519, 4.1.4)."""
    token = refresh_tokens().sign(REFRESH_CLAIMS)
    assert refresh_tokens().read(token, REFRESH_CLAIMS.expires_at - TICK) == REFRESH_CLAIMS
    with pytest.raises(RefreshTokenInvalid):
        refresh_tokens().read(token, REFRESH_CLAIMS.expires_at)


def test_a_token_from_a_clock_ten_seconds_ahead_is_accepted() -> None:
    """Nodes differ by seconds; a token from further in the future is refused."""
    assert CLOCK_TOLERANCE == 10
    token = access_tokens().sign(ACCESS_CLAIMS)
    assert access_tokens().read(token, NOW - CLOCK_TOLERANCE) == ACCESS_CLAIMS
    with pytest.raises(TokenInvalid):
        access_tokens().read(token, NOW - CLOCK_TOLERANCE - TICK)


def test_an_expired_token_can_still_be_told_whose_it_was() -> None:
    """Who signs out may do so with an old token."""
    access, refresh = access_tokens().sign(ACCESS_CLAIMS), refresh_tokens().sign(REFRESH_CLAIMS)
    assert access_tokens().read_expired(access) == ACCESS_CLAIMS
    assert refresh_tokens().read_expired(refresh) == REFRESH_CLAIMS


@pytest.mark.parametrize("moment", [0, 2**40 - 1], ids=["the epoch", "the last of all times"])
def test_every_moment_of_the_calendar_is_a_time(moment: int) -> None:
    """What lies before or behind is none, as test_claims_hostile.py shows."""
    assert access_tokens().read_expired(forge_access(ACCESS | {"exp": moment})).expires_at == moment


def test_one_kind_is_never_taken_for_the_other() -> None:
    """A refresh token is no bearer, and an access token refreshes nothing."""
    access, refresh = access_tokens().sign(ACCESS_CLAIMS), refresh_tokens().sign(REFRESH_CLAIMS)
    with pytest.raises(TokenInvalid):
        access_tokens().read(refresh, NOW)
    with pytest.raises(RefreshTokenInvalid):
        refresh_tokens().read(access, NOW)


def test_a_fallback_secret_is_accepted_and_never_signs() -> None:
    """Tokens of the old secret are valid; only the new secret signs new ones."""
    both_access, both_refresh = access_tokens(SECRET, OLD_SECRET), refresh_tokens(SECRET, OLD_SECRET)
    assert both_access.read(access_tokens(OLD_SECRET).sign(ACCESS_CLAIMS), NOW) == ACCESS_CLAIMS
    assert both_refresh.read(refresh_tokens(OLD_SECRET).sign(REFRESH_CLAIMS), NOW) == REFRESH_CLAIMS
    assert both_access.sign(ACCESS_CLAIMS) == access_tokens(SECRET).sign(ACCESS_CLAIMS)
    assert both_refresh.sign(REFRESH_CLAIMS) == refresh_tokens(SECRET).sign(REFRESH_CLAIMS)


def test_issuer_and_audience_are_written_where_they_are_set() -> None:
    """The access token carries both, the refresh token the issuer."""
    access = access_tokens(issuer=ISSUER, audience=AUDIENCE).sign(ACCESS_CLAIMS)
    refresh = refresh_tokens(issuer=ISSUER).sign(REFRESH_CLAIMS)
    assert decode(access.split(".")[1]) == ACCESS | {"iss": ISSUER, "aud": AUDIENCE}
    assert decode(refresh.split(".")[1]) == REFRESH | {"iss": ISSUER}


def test_a_token_with_issuer_and_audience_has_every_claim_of_its_profile() -> None:
    """What a verifier of RFC 9068 has to find (2.2)."""
    token = access_tokens(issuer=ISSUER, audience=AUDIENCE).sign(ACCESS_CLAIMS)
    required = {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"}
    assert required <= decode(token.split(".")[1]).keys()


def access_tokens_of(origin: str) -> AccessTokens:
    """The access tokens of an app that is asked at this origin, and whose settings name no issuer."""
    return AccessTokens([derive_key(SECRET, "access token")], None, None, lambda: origin)


def test_a_default_issuer_is_written_and_not_checked() -> None:
    """A site that several names lead to accepts its tokens at each, and those from before without an iss."""
    token = access_tokens_of(ISSUER).sign(ACCESS_CLAIMS)
    assert decode(token.split(".")[1]) == ACCESS | {"iss": ISSUER}
    for accepted in (token, access_tokens().sign(ACCESS_CLAIMS)):
        assert access_tokens_of("https://www.example.org").read(accepted, NOW) == ACCESS_CLAIMS


@pytest.mark.parametrize("reader", [access_tokens(), access_tokens(issuer="https://www.example.org")])
def test_a_default_issuer_is_checked_where_it_is_not_the_default(reader: AccessTokens) -> None:
    """A site that signs with its secret, or names another issuer, refuses such a token."""
    with pytest.raises(TokenInvalid):
        reader.read(access_tokens_of(ISSUER).sign(ACCESS_CLAIMS), NOW)


def test_an_audience_is_checked_beside_a_default_issuer() -> None:
    """Only the issuer may differ."""
    with pytest.raises(TokenInvalid):
        access_tokens_of(ISSUER).read(access_tokens(audience=AUDIENCE).sign(ACCESS_CLAIMS), NOW)


def test_no_default_issuer_is_written_where_the_host_is_not_known() -> None:
    """The claim is left out instead of being empty."""
    assert "iss" not in decode(access_tokens_of("").sign(ACCESS_CLAIMS).split(".")[1])


def test_setting_an_issuer_signs_nobody_out() -> None:
    """A refresh token from before is still one of ours: the key and the user row decide."""
    before = refresh_tokens().sign(REFRESH_CLAIMS)
    assert refresh_tokens(issuer=ISSUER).read(before, NOW) == REFRESH_CLAIMS


OLD_ACCESS = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJhdXRoX3RpbWUiOjE3OTk5OTk5NDAsImV4cCI6MTgwMDAwMDYwMCwiaWF0Ijox"
    "ODAwMDAwMDAwLCJzaWQiOiJwaG9uZSIsInN1YiI6IjcifQ.wNmbKawa8tuu1ziHFWoZQxRxp_JtP-dJkjPU3NMEoqM"
)
OLD_REFRESH = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6InJ0K2p3dCJ9.eyJleHAiOjE4MDAwMDA2MDAsImp0aSI6ImN1cnJlbnQiLCJzaWQiOiJwaG9uZSIs"
    "InN1YiI6IjcifQ.-KdpBD-udtdmbSCGwyoX-GFh0r9OtsgFgmtQ9yTIjmU"
)
"""What release 0.1.0 wrote for the claims of this file."""


def test_an_access_token_of_the_release_before_is_accepted() -> None:
    """It has no jti and no client_id; who holds one is asked for no refresh when a node is updated."""
    assert access_tokens().read(OLD_ACCESS, NOW) == replace(ACCESS_CLAIMS, token_id=None)


def test_a_refresh_token_is_the_same_in_both_releases() -> None:
    """A Repeat on an updated node hands out, to the byte, what the node before it handed out."""
    assert refresh_tokens().sign(REFRESH_CLAIMS) == OLD_REFRESH
    assert refresh_tokens().read(OLD_REFRESH, NOW) == REFRESH_CLAIMS


@pytest.mark.parametrize("moment", [1000, 2**39], ids=["long ago", "far in the future"])
def test_the_clock_of_the_machine_decides_nothing(moment: int) -> None:
    """What counts is the moment that is passed in: PyJWT would ask the system."""
    access = replace(ACCESS_CLAIMS, issued_at=moment, expires_at=moment + 600)
    refresh = replace(REFRESH_CLAIMS, expires_at=moment + 600)
    assert access_tokens().read(access_tokens().sign(access), moment) == access
    assert refresh_tokens().read(refresh_tokens().sign(refresh), moment) == refresh


def test_a_remembered_token_still_expires() -> None:
    """The signature is verified once, the clock is looked at each time."""
    reader, token = access_tokens(), forge_access(ACCESS)
    assert reader.read(token, NOW) == ACCESS_CLAIMS
    with pytest.raises(TokenInvalid):
        reader.read(token, ACCESS_CLAIMS.expires_at)


def test_a_signature_is_verified_once() -> None:
    """Who comes again with a token is given the very claims that were read the first time."""
    reader = access_tokens()
    presented = [reader.sign(replace(ACCESS_CLAIMS, session_id=name)) for name in ("phone", "laptop")]
    first, again = ([reader.read(token, NOW) for token in presented] for _ in range(2))
    assert all(one is other for one, other in zip(first, again, strict=True))
    assert all(reader.read_expired(token) is one for token, one in zip(presented, first, strict=True))


def test_only_so_many_tokens_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are presented, memory is bounded, and each of them is read."""
    monkeypatch.setattr(claims, "MAX_REMEMBERED", 8)
    reader = access_tokens()
    for number in range(50):
        one = replace(ACCESS_CLAIMS, session_id=str(number))
        assert reader.read(reader.sign(one), NOW) == one
        assert len(reader._verified) <= 8


def test_a_forged_token_is_not_remembered() -> None:
    """What was refused takes no memory, and is refused again."""
    reader = access_tokens()
    for _ in range(2):
        with pytest.raises(TokenInvalid):
            reader.read(forge_refresh(ACCESS), NOW)
    assert reader._verified == {}


def test_an_access_token_of_another_secret_is_foreign() -> None:
    """One of ours is not."""
    theirs = access_tokens(OLD_SECRET).sign(ACCESS_CLAIMS)
    assert access_tokens().is_foreign(theirs) is True
    assert access_tokens().is_foreign(access_tokens().sign(ACCESS_CLAIMS)) is False


def test_a_refresh_token_of_another_secret_is_foreign() -> None:
    """One of ours is not."""
    theirs = refresh_tokens(OLD_SECRET).sign(REFRESH_CLAIMS)
    assert refresh_tokens().is_foreign(theirs) is True
    assert refresh_tokens().is_foreign(refresh_tokens().sign(REFRESH_CLAIMS)) is False
