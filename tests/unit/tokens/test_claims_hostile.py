"""Claims that are wrong under a right signature: these tokens are signed with the product's own key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.auth.errors import RefreshTokenInvalid, TokenInvalid

from ...support.forgery import (
    ACCESS,
    ACCESS_HEADER,
    REFRESH,
    REFRESH_HEADER,
    REFRESH_KEY,
    forge,
    forge_access,
    forge_refresh,
)
from ...support.samples import NOW
from .test_claims import AUDIENCE, ISSUER, access_tokens, refresh_tokens

MISSING = object()
NO_TIMES: list[Any] = [
    pytest.param(MISSING, id="missing"),
    pytest.param(None, id="null"),
    pytest.param(str(int(NOW) + 600), id="numeric text"),
    pytest.param("tomorrow", id="text"),
    pytest.param(float("nan"), id="NaN"),
    pytest.param(float("inf"), id="Infinity"),
    pytest.param(float("-inf"), id="minus Infinity"),
    pytest.param(NOW + 600.5, id="a fraction"),
    pytest.param(1e300, id="a huge float"),
    pytest.param(10**400, id="400 digits"),
    pytest.param(2**40, id="beyond all calendars"),
    pytest.param(-1, id="before the epoch"),
    pytest.param(True, id="true"),
    pytest.param([int(NOW) + 600], id="a list"),
    pytest.param({"exp": int(NOW) + 600}, id="an object"),
]
NO_TEXTS: list[Any] = [
    pytest.param(MISSING, id="missing"),
    pytest.param(None, id="null"),
    pytest.param("", id="empty"),
    pytest.param(7, id="a number"),
    pytest.param(10**30, id="a number of 31 digits"),
    pytest.param(True, id="true"),
    pytest.param(["7"], id="a list"),
    pytest.param({"id": "7"}, id="an object"),
    pytest.param("\ud800", id="half a surrogate pair"),
    pytest.param("7\udfff", id="half a surrogate pair behind"),
]
RAW: list[Any] = [
    pytest.param(b"", id="nothing"),
    pytest.param(b"{", id="cut short"),
    pytest.param(b"[" * 2500, id="2,500 brackets"),
    pytest.param(b'{"a":' * 500, id="500 objects in one another"),
    pytest.param(b"\xef\xbb\xbf%s", id="a byte order mark"),
    pytest.param(b"%s%s", id="two objects"),
    pytest.param(b"%s\xff", id="broken UTF-8"),
]


def changed(claims: dict[str, Any], name: str, value: object) -> dict[str, Any]:
    """The claims with one of them changed, or missing."""
    others = {key: known for key, known in claims.items() if key != name}
    return others if value is MISSING else others | {name: value}


def refuse_access(token: str) -> None:
    """The token is refused at every reading."""
    reader = access_tokens()
    with pytest.raises(TokenInvalid):
        reader.read(token, NOW)
    with pytest.raises(TokenInvalid):
        reader.read_expired(token)


def refuse_refresh(token: str) -> None:
    """The token is refused at every reading."""
    reader = refresh_tokens()
    with pytest.raises(RefreshTokenInvalid):
        reader.read(token, NOW)
    with pytest.raises(RefreshTokenInvalid):
        reader.read_expired(token)


def test_the_forger_knows_the_keys() -> None:
    """What follows fails only by its claims: with proper ones the same function makes valid tokens."""
    assert access_tokens().read(forge_access(ACCESS), NOW).subject == "7"
    assert refresh_tokens().read(forge_refresh(REFRESH), NOW).subject == "7"


@pytest.mark.parametrize("name", ["exp", "iat", "auth_time"])
@pytest.mark.parametrize("value", NO_TIMES)
def test_an_access_token_needs_its_times(name: str, value: object) -> None:
    """Whole seconds of this age, and nothing that only looks like them."""
    refuse_access(forge_access(changed(ACCESS, name, value)))


@pytest.mark.parametrize("value", NO_TIMES)
def test_a_refresh_token_needs_its_end(value: object) -> None:
    """Whole seconds of this age, and nothing that only looks like them."""
    refuse_refresh(forge_refresh(changed(REFRESH, "exp", value)))


@pytest.mark.parametrize("name", ["sub", "sid"])
@pytest.mark.parametrize("value", NO_TEXTS)
def test_an_access_token_needs_its_names(name: str, value: object) -> None:
    """Text of whole characters that is not empty."""
    refuse_access(forge_access(changed(ACCESS, name, value)))


NO_TOKEN_IDS = [row for row in NO_TEXTS if row.id != "missing"]
"""A release before wrote none: see test_an_access_token_of_the_release_before_is_accepted."""


@pytest.mark.parametrize("value", NO_TOKEN_IDS)
def test_the_id_of_an_access_token_is_text(value: object) -> None:
    """Where there is one it is text of whole characters that is not empty."""
    refuse_access(forge_access(changed(ACCESS, "jti", value)))


@pytest.mark.parametrize("value", [*NO_TOKEN_IDS, pytest.param("another", id="another client")])
def test_an_access_token_of_another_client_is_refused(value: object) -> None:
    """The site itself is the only client: nothing else may stand there."""
    refuse_access(forge_access(changed(ACCESS, "client_id", value)))


@pytest.mark.parametrize("name", ["sub", "sid", "jti"])
@pytest.mark.parametrize("value", NO_TEXTS)
def test_a_refresh_token_needs_its_names(name: str, value: object) -> None:
    """Text of whole characters that is not empty."""
    refuse_refresh(forge_refresh(changed(REFRESH, name, value)))


@pytest.mark.parametrize("raw", RAW)
def test_claims_that_are_no_proper_json_are_refused(raw: bytes) -> None:
    """Each spelling holds the right claims, or would make a lenient parser fail."""
    refuse_access(forge_access(raw.replace(b"%s", json.dumps(ACCESS).encode())))
    refuse_refresh(forge_refresh(raw.replace(b"%s", json.dumps(REFRESH).encode())))


def test_claims_in_utf_16_are_refused() -> None:
    """One encoding, so that two readers cannot differ."""
    refuse_access(forge_access(json.dumps(ACCESS).encode("utf-16")))


@pytest.mark.parametrize("name", ACCESS)
def test_an_access_token_says_nothing_twice(name: str) -> None:
    """Of a repeated claim one reader takes the first, another the last; this one takes neither."""
    refuse_access(forge_access(_twice(ACCESS, name)))


@pytest.mark.parametrize("name", REFRESH)
def test_a_refresh_token_says_nothing_twice(name: str) -> None:
    """Of a repeated claim one reader takes the first, another the last; this one takes neither."""
    refuse_refresh(forge_refresh(_twice(REFRESH, name)))


def _twice(claims: dict[str, Any], name: str) -> bytes:
    """The claims with one of them said again, in another spelling of its name."""
    first = json.dumps(claims).removesuffix("}")
    return f'{first}, "\\u{ord(name[0]):04x}{name[1:]}": {json.dumps(claims[name])}}}'.encode()


FOREIGN: list[Any] = [
    pytest.param(MISSING, id="missing"),
    pytest.param(None, id="null"),
    pytest.param("", id="empty"),
    pytest.param("https://other.example", id="another"),
    pytest.param("https://example.or", id="a prefix"),
    pytest.param("https://example.org/", id="a slash more"),
    pytest.param("https://example.org.evil", id="a longer one"),
    pytest.param("HTTPS://EXAMPLE.ORG", id="in another case"),
    pytest.param(["https://example.org"], id="a list"),
    pytest.param(["api", "other"], id="a list of audiences"),
    pytest.param("ap", id="a prefix of the audience"),
]


@pytest.mark.parametrize("name", ["iss", "aud"])
@pytest.mark.parametrize("value", FOREIGN)
def test_an_access_token_of_another_issuer_or_audience_is_refused(name: str, value: object) -> None:
    """Where one is set it has to be exactly that one."""
    reader = access_tokens(issuer=ISSUER, audience=AUDIENCE)
    own = ACCESS | {"iss": ISSUER, "aud": AUDIENCE}
    assert reader.read(forge_access(own), NOW).subject == "7"
    with pytest.raises(TokenInvalid):
        reader.read(forge_access(changed(own, name, value)), NOW)


def test_claims_of_one_kind_do_not_make_a_token_of_the_other() -> None:
    """The right claims under the key or the typ of the other kind are refused."""
    refuse_access(forge(ACCESS_HEADER, ACCESS, REFRESH_KEY))
    refuse_access(forge(REFRESH_HEADER, ACCESS))
    refuse_refresh(forge(REFRESH_HEADER, REFRESH))
    refuse_refresh(forge(ACCESS_HEADER, REFRESH, REFRESH_KEY))


@pytest.mark.parametrize(
    "named", [{"iss": ISSUER}, {"aud": AUDIENCE}, {"iss": ISSUER, "aud": AUDIENCE}, {"aud": None}]
)
def test_a_token_that_names_whom_it_is_for_is_not_for_a_site_that_names_none(
    named: dict[str, object],
) -> None:
    """Two apps with one secret are told apart by issuer and audience, whichever of the two sets one."""
    with pytest.raises(TokenInvalid):
        access_tokens().read(forge_access(ACCESS | named), NOW)
