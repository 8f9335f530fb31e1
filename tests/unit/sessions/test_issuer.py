"""A session to its tokens, and presented tokens back to the sessions they speak of."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from dataclasses import replace
from typing import Any

import pytest

from app.auth.errors import TokenInvalid
from app.auth.lifecycle.account import SessionRef
from app.auth.sessions.issuer import TokenIssuer
from app.auth.tokens.claims import AccessClaims, RefreshClaims

from ...support.forgery import ACCESS, REFRESH, forge_access, forge_refresh
from ...support.samples import DAY, NOW, RULE, account, load_settings, session

OLD_SECRET = "the secret before this one, of some length"
SESSION = session(served_at=NOW, expires_at=NOW + 90 * DAY)
FORGED = "no.token.atall"


def token_issuer(**config: Any) -> TokenIssuer:
    """The TokenIssuer of an app with these settings."""
    return TokenIssuer(load_settings(**config))


def test_issued_tokens_say_whose_and_which_session_it_is() -> None:
    """Both tokens can be read back, and say the same."""
    issued = token_issuer().issue(account(), SESSION, NOW)
    access, until = token_issuer().read_access(issued.access_token, NOW), int(NOW) + 600
    assert access == AccessClaims("7", "phone", int(NOW), until, int(SESSION.auth_time), access.token_id)
    assert token_issuer().valid_refresh([issued.refresh_token], NOW) == [
        RefreshClaims("7", "phone", "current", int(SESSION.expires_at))
    ]


def test_one_session_gives_the_very_same_refresh_token() -> None:
    """A repeat, a moment later and in another process, hands out what was handed out before."""
    first = token_issuer().issue(account(), SESSION, NOW)
    later = token_issuer().issue(account(), replace(SESSION, served_at=NOW + 9), NOW + 9)
    assert later.refresh_token == first.refresh_token
    assert later.access_token != first.access_token


def test_no_two_access_tokens_are_the_same() -> None:
    """Two of one session in one second differ by ids of 128 bits; the refresh token is the same."""
    first, again = (token_issuer().issue(account(), SESSION, NOW) for _ in range(2))
    assert first.refresh_token == again.refresh_token
    ids = [token_issuer().read_access(one.access_token, NOW).token_id for one in (first, again)]
    assert [len(urlsafe_b64decode(f"{one}==")) for one in ids] == [16, 16]
    assert ids[0] != ids[1]


@pytest.mark.parametrize("changes", [{"current": "fresh"}, {"id": "laptop"}], ids=["a rotation", "a session"])
def test_another_generation_has_another_refresh_token(changes: dict[str, Any]) -> None:
    """No two generations share a token."""
    first, other = (
        token_issuer().issue(account(), item, NOW) for item in (SESSION, replace(SESSION, **changes))
    )
    assert first.refresh_token != other.refresh_token


LIFETIMES: list[Any] = [
    pytest.param({}, {}, 600, 14 * DAY, id="by default"),
    pytest.param({"remember": False}, {}, 600, DAY, id="not remembered"),
    pytest.param({}, {"RATCHET_ACCESS_TTL": "5m", "RATCHET_REFRESH_TTL": "7d"}, 300, 7 * DAY, id="as set"),
    pytest.param({"expires_at": NOW + 3600}, {}, 600, 3600, id="the absolute end cuts the idle limit"),
    pytest.param({"expires_at": NOW + 60}, {}, 60, 60, id="no token outlives the session"),
    pytest.param({"expires_at": NOW + 60.9}, {}, 60, 60, id="whole seconds, none too many"),
    pytest.param({"served_at": NOW - 20}, {}, 600, 14 * DAY - 20, id="a repeat that was not written"),
]


@pytest.mark.parametrize(("changes", "config", "access", "refresh"), LIFETIMES)
def test_issued_tokens_say_how_long_its_tokens_live(
    changes: dict[str, Any], config: dict[str, Any], access: int, refresh: int
) -> None:
    """Whole seconds from now, and the access token ends exactly then."""
    issued = token_issuer(**config).issue(account(), replace(SESSION, **changes), NOW)
    assert (issued.expires_in, issued.refresh_expires_in) == (access, refresh)
    assert token_issuer().read_access(issued.access_token, NOW + access - 1).subject == "7"
    with pytest.raises(TokenInvalid):
        token_issuer().read_access(issued.access_token, NOW + access)


def test_issuer_and_audience_come_from_the_settings() -> None:
    """A token of an app without them is refused by an app with them."""
    named = token_issuer(RATCHET_ISSUER="https://example.org", RATCHET_AUDIENCE="api")
    own, other = (maker.issue(account(), SESSION, NOW).access_token for maker in (named, token_issuer()))
    assert named.valid_access([own, other], NOW) == named.valid_access([own], NOW) != []


def test_a_fallback_secret_is_accepted_and_never_signs() -> None:
    """Tokens from before a change of secret hold, and the new ones are the new secret's."""
    before = token_issuer(SECRET_KEY=OLD_SECRET).issue(account(), SESSION, NOW)
    both = token_issuer(SECRET_KEY_FALLBACKS=[OLD_SECRET])
    assert len(both.valid_refresh([before.refresh_token], NOW)) == 1
    assert len(both.valid_access([before.access_token], NOW)) == 1
    issued = both.issue(account(), SESSION, NOW)
    assert issued.refresh_token == token_issuer().issue(account(), SESSION, NOW).refresh_token
    assert token_issuer().read_access(issued.access_token, NOW).subject == "7"


def test_valid_tokens_are_told_from_the_others_and_each_once() -> None:
    """What is forged, expired, of the other kind or there twice is left out."""
    access, refresh = forge_access(ACCESS), forge_refresh(REFRESH)
    expired = [forge_access(ACCESS | {"exp": int(NOW)}), forge_refresh(REFRESH | {"exp": int(NOW)})]
    presented = [FORGED, refresh, access, refresh, access, *expired]
    assert [claims.token_id for claims in token_issuer().valid_refresh(presented, NOW)] == ["current"]
    assert [claims.session_id for claims in token_issuer().valid_access(presented, NOW)] == ["phone"]


def test_two_spellings_of_one_token_are_one_candidate() -> None:
    """A mangled copy beside the cookie is no second token: base64 has one spelling here (RFC 4648, 3.5)."""
    token = forge_refresh(REFRESH)
    copies = [token[:-1] + last for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"]
    assert len(token_issuer().valid_refresh([token, *copies], NOW)) == 1


PHONE, LAPTOP = SessionRef("7", "phone"), SessionRef("7", "laptop")
OLD_ACCESS = forge_access(ACCESS | {"exp": int(NOW) - 1, "iat": int(NOW) - 601, "sid": "laptop"})
SAME_ACCESS = forge_access(ACCESS | {"sid": "phone"})
OLD_REFRESH = forge_refresh(REFRESH | {"exp": int(NOW) - 1})


@pytest.mark.parametrize(
    ("refresh", "access", "refs"),
    [
        pytest.param([OLD_REFRESH], [], [PHONE], id="a refresh token, however old"),
        pytest.param([], [OLD_ACCESS], [LAPTOP], id="an access token, where there is no other"),
        pytest.param([FORGED], [OLD_ACCESS], [LAPTOP], id="an access token beside a forged one"),
        pytest.param([OLD_REFRESH], [OLD_ACCESS], [PHONE, LAPTOP], id="both where there are both"),
        pytest.param([OLD_REFRESH], [SAME_ACCESS], [PHONE], id="one session once"),
        pytest.param([OLD_ACCESS], [OLD_REFRESH], [], id="each kind in its own place"),
        pytest.param([FORGED], [FORGED], [], id="nothing of what is forged"),
        pytest.param([], [], [], id="nothing of nothing"),
    ],
)
def test_what_sessions_tokens_speak_of(refresh: list[str], access: list[str], refs: list[SessionRef]) -> None:
    """For a sign-out an authentic token is enough."""
    assert token_issuer().refs(refresh, access) == refs


def test_the_limits_are_those_of_the_rule() -> None:
    """The tokens and the rule never differ on when a session ends."""
    assert load_settings().rotation_policy == RULE
