"""The tree of errors is the table of the contract: code, status, and what becomes of the session."""

from __future__ import annotations

from typing import Any

import pytest

from app.auth import errors
from app.auth.errors import RatchetError

CONTRACT: list[tuple[type[RatchetError], str, int, bool]] = [
    (errors.InvalidRequest, "invalid_request", 400, False),
    (errors.ContentTooLarge, "invalid_request", 413, False),
    (errors.UnsupportedMediaType, "invalid_request", 415, False),
    (errors.InvalidCredentials, "invalid_credentials", 401, False),
    (errors.AccountBlocked, "account_blocked", 403, False),
    (errors.AccountUnconfirmed, "account_unconfirmed", 403, False),
    (errors.TokenMissing, "token_missing", 401, False),
    (errors.TokenInvalid, "token_invalid", 401, False),
    (errors.RefreshTokenMissing, "refresh_token_missing", 401, False),
    (errors.RefreshTokenInvalid, "refresh_token_invalid", 401, True),
    (errors.SessionStolen, "refresh_token_invalid", 401, True),
    (errors.RefreshTokenReused, "refresh_token_reused", 401, True),
    (errors.DeviceProofRequired, "device_proof_required", 401, False),
    (errors.DeviceRefused, "device_refused", 400, False),
    (errors.ChallengeUsed, "challenge_used", 403, False),
    (errors.ProofPending, "unavailable", 503, False),
    (errors.ReauthenticationRequired, "reauthentication_required", 403, False),
    (errors.InsufficientScope, "insufficient_scope", 403, False),
    (errors.CrossOrigin, "cross_origin", 403, False),
    (errors.TooManyAttempts, "too_many_attempts", 429, False),
    (errors.Unavailable, "unavailable", 503, False),
    (errors.NotFound, "not_found", 404, False),
    (errors.UserNotFound, "not_found", 404, False),
    (errors.InvalidGrant, "invalid_grant", 400, False),
    (errors.UnsupportedGrantType, "unsupported_grant_type", 400, False),
    (errors.InvalidClient, "invalid_client", 401, False),
]
IDS = [kind.__name__ for kind, *_ in CONTRACT]


@pytest.mark.parametrize(("kind", "code", "status", "ends_session"), CONTRACT, ids=IDS)
def test_an_error_is_what_the_contract_says(
    kind: type[RatchetError], code: str, status: int, *, ends_session: bool
) -> None:
    """The table is incomplete only for a refused account: on refresh that ends the session."""
    error = kind()
    assert (error.code, error.status, error.ends_session) == (code, status, ends_session)


@pytest.mark.parametrize("kind", [kind for kind, *_ in CONTRACT], ids=IDS)
def test_an_error_has_one_sentence_for_a_person(kind: type[RatchetError]) -> None:
    """Of its own, unless a better one is given, and nothing of its inside."""
    assert kind().description.endswith(".")
    assert kind("A better one.").description == "A better one."
    assert kind().description != RatchetError().description
    assert str(kind("A better one.")) == f"{kind.code}: A better one."


@pytest.mark.parametrize(
    ("error", "challenge"),
    [
        pytest.param(errors.TokenMissing(), 'Bearer error="invalid_token"', id="no token"),
        pytest.param(errors.TokenInvalid(), 'Bearer error="invalid_token"', id="a bad token"),
        pytest.param(
            errors.ReauthenticationRequired(),
            'Bearer error="insufficient_user_authentication"',
            id="a sign-in too long ago",
        ),
        pytest.param(
            errors.InsufficientScope(), 'Bearer error="insufficient_scope"', id="claims that are missing"
        ),
    ],
)
def test_a_bearer_is_told_what_would_do(error: RatchetError, challenge: str) -> None:
    """The challenge of RFC 6750, section 3, and of RFC 9470, section 3."""
    assert error.challenge == f'{challenge}, error_description="{error.default_description}"'


@pytest.mark.parametrize(
    "error",
    [errors.InvalidCredentials(), errors.RefreshTokenInvalid(), errors.CrossOrigin(), errors.Unavailable()],
    ids=lambda error: error.code,
)
def test_nobody_else_is_challenged(error: RatchetError) -> None:
    """An access token would not help."""
    assert error.challenge is None


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        pytest.param(errors.Unavailable(), 1, id="a fault passes soon"),
        pytest.param(errors.Unavailable(retry_after=5), 5, id="or later"),
        pytest.param(errors.TooManyAttempts(retry_after=60), 60, id="a throttle says when"),
        pytest.param(errors.InvalidCredentials(), None, id="waiting makes no password right"),
    ],
)
def test_where_waiting_helps_the_error_says_how_long(error: RatchetError, seconds: int | None) -> None:
    """In seconds."""
    assert error.retry_after == seconds


def test_an_unknown_fault_says_nothing_of_itself() -> None:
    """The root of the tree is a 500 that gives nothing away."""
    error = RatchetError()
    assert (error.code, error.status, error.ends_session) == ("server_error", 500, False)


def test_a_refused_account_ends_the_session_where_that_is_said() -> None:
    """On refresh it does, at a sign-in it does not: the one error that is raised says which."""
    assert errors.AccountBlocked(ends_session=True).ends_session
    assert not errors.AccountBlocked().ends_session


def test_a_refused_method_knows_the_allowed_ones() -> None:
    """So that the reply can name them (RFC 9110, 15.5.6)."""
    error = errors.MethodNotAllowed(frozenset({"GET"}))
    assert (error.code, error.status, set(error.allowed)) == ("method_not_allowed", 405, {"GET"})


def test_a_host_refuses_with_a_code_of_its_own() -> None:
    """Its sentence too; a sign-in that is refused later ends no session."""
    error = errors.SignInRefused("terms_not_accepted", "Accept the terms first.")
    assert (error.code, error.status, error.ends_session) == ("terms_not_accepted", 403, False)
    assert (error.description, str(error)) == (
        "Accept the terms first.",
        f"{error.code}: {error.description}",
    )
    assert errors.SignInRefused("closed").description.endswith(".")


@pytest.mark.parametrize("code", ["", "Terms", "a b", "a\nb", "1st", "terms-not-accepted", "x" * 65])
def test_a_code_that_no_client_could_switch_on_is_refused(code: str) -> None:
    """It goes into replies, URLs and logs."""
    with pytest.raises(ValueError, match="is no code"):
        errors.SignInRefused(code)


def leaves(kind: type[Any]) -> set[type[Any]]:
    """The errors of a tree that have no further kinds, and those that have and are raised themselves."""
    return {kind} | {leaf for child in kind.__subclasses__() for leaf in leaves(child)}


def test_every_error_is_in_this_table() -> None:
    """An error cannot come or go without a row here."""
    own = {kind for kind in leaves(RatchetError) if kind.__module__ == errors.__name__}
    groups = {RatchetError, errors.AccountRefused, errors.BearerRefused}
    with_arguments = {errors.MethodNotAllowed, errors.SignInRefused}
    assert own - groups - with_arguments == {kind for kind, *_ in CONTRACT}
