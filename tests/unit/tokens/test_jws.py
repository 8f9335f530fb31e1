"""Signed tokens: one header, one spelling, the first key signs and every key is accepted."""

from __future__ import annotations

import hmac
from typing import Any

import pytest

from app.auth.errors import TokenInvalid
from app.auth.tokens.jws import MAX_TOKEN_LENGTH, Key, TokenSigner, derive_key

from ...support.forgery import ACCESS_HEADER, OTHER_KEY, decode, forge
from ...support.samples import SECRET

CLAIMS = {"sub": "7", "exp": 5}
KEY = derive_key(SECRET, "access token")
OLD = derive_key("the secret before this one, of some length", "access token")


def signer(*keys: Key, typ: str = "at+jwt") -> TokenSigner:
    """A signer with these keys, or with KEY."""
    return TokenSigner(typ, keys or (KEY,), TokenInvalid)


def test_what_was_signed_can_be_read() -> None:
    """The claims come back as they were."""
    assert signer().read(signer().sign(CLAIMS)) == CLAIMS


def test_a_token_is_a_jws_in_compact_form() -> None:
    """Three parts: the header with algorithm and type, the claims, and an HMAC-SHA256 (RFC 7515, 7.1)."""
    header, payload, _ = signer().sign(CLAIMS).split(".")
    assert (decode(header), decode(payload)) == (ACCESS_HEADER, CLAIMS)
    assert signer().sign(CLAIMS) == forge(ACCESS_HEADER, CLAIMS, KEY.material)


def test_the_same_claims_give_the_very_same_token() -> None:
    """A token is a function of claims and key, in whatever order the claims were put together."""
    assert signer().sign(CLAIMS) == signer().sign(dict(reversed(CLAIMS.items())))


def test_text_and_bytes_of_a_secret_are_one_key() -> None:
    """A secret can be given either way."""
    assert derive_key(SECRET.encode(), "access token") == KEY


def test_no_key_serves_two_purposes() -> None:
    """Keys are derived from the secret with a label, and none of them is the secret."""
    refresh = derive_key(SECRET, "refresh token")
    assert len({KEY.material, refresh.material, SECRET.encode()}) == 3
    assert KEY.material == hmac.digest(SECRET.encode(), b"ratchet access token", "sha256")


def test_a_signature_for_another_purpose_is_refused() -> None:
    """The same type and claims under the key of another purpose are nobody's token."""
    foreign = signer(derive_key(SECRET, "refresh token")).sign(CLAIMS)
    with pytest.raises(TokenInvalid):
        signer().read(foreign)


def test_a_token_of_another_type_is_refused() -> None:
    """The same key, another typ: one kind of token is never taken for another (RFC 8725, 3.11)."""
    with pytest.raises(TokenInvalid):
        signer().read(signer(typ="rt+jwt").sign(CLAIMS))


def test_a_fallback_is_accepted_and_never_signs() -> None:
    """After a change of secret old tokens hold, and new ones carry the new signature."""
    both = signer(KEY, OLD)
    assert both.read(signer(OLD).sign(CLAIMS)) == CLAIMS
    assert both.sign(CLAIMS) == signer(KEY).sign(CLAIMS)


def test_a_secret_that_was_dropped_is_refused() -> None:
    """Once the fallback is gone, so are its tokens."""
    with pytest.raises(TokenInvalid):
        signer(KEY).read(signer(OLD).sign(CLAIMS))


def test_a_token_of_another_secret_is_foreign() -> None:
    """One of ours, of another type or of another form is not, whoever has made it."""
    theirs = signer(OLD).sign(CLAIMS)
    assert signer(KEY).is_foreign(theirs)
    assert not signer(KEY, OLD).is_foreign(theirs)
    assert not signer(KEY).is_foreign(signer(KEY).sign(CLAIMS))
    for other in (signer(OLD, typ="rt+jwt").sign(CLAIMS), "garbage", "a.b.c", "", "x" * 5000):
        assert not signer(KEY).is_foreign(other)


def test_a_kid_names_its_own_key() -> None:
    """Where keys have names, a token holds under the key that it names and under no other."""
    first, second = Key("HS256", KEY.material, "first"), Key("HS256", OLD.material, "second")
    both, named = signer(first, second), ACCESS_HEADER | {"kid": "second"}
    assert both.read(forge(named, CLAIMS, OLD.material)) == CLAIMS
    with pytest.raises(TokenInvalid):
        both.read(forge(named, CLAIMS, KEY.material))


def test_an_algorithm_belongs_to_its_key() -> None:
    """Two keys of two algorithms stay apart: neither serves the algorithm of the other (RFC 8725, 3.1)."""
    short, long = Key("HS256", KEY.material), Key("HS512", OTHER_KEY * 2)
    both, header = signer(short, long), {"alg": "HS512", "typ": "at+jwt"}
    assert both.read(forge(header, CLAIMS, OTHER_KEY * 2, "sha512")) == CLAIMS
    with pytest.raises(TokenInvalid):
        both.read(forge(header, CLAIMS, KEY.material, "sha512"))


def test_no_token_is_longer_than_the_limit() -> None:
    """A token of 4,096 characters is read, and a longer one is not even looked at."""
    longest, longer = (signer().sign({"sub": "x" * size}) for size in (2998, 2999))
    assert (len(longest), len(longer)) == (MAX_TOKEN_LENGTH, MAX_TOKEN_LENGTH + 1) == (4096, 4097)
    assert signer().read(longest) == {"sub": "x" * 2998}
    with pytest.raises(TokenInvalid):
        signer().read(longer)


def test_a_key_does_not_show_itself() -> None:
    """What is shown of a key in a log or a trace signs nothing."""
    assert repr(KEY.material) not in repr(KEY)


@pytest.mark.parametrize("claims", [[], [["sub", "7"]], None, "sub", 7, True])
def test_claims_are_an_object(claims: Any) -> None:
    """Claims that are anything else are refused under the right signature too."""
    with pytest.raises(TokenInvalid):
        signer().read(forge(ACCESS_HEADER, claims, KEY.material))
