"""Tokens that a JWT library might take and TokenSigner must not.

Most are signed with the right key, so that what is wrong with them is all that they can fail by.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.errors import TokenInvalid
from app.auth.tokens.jws import TokenSigner, derive_key
from tests.support.watching import openings

from ...support.forgery import (
    ACCESS,
    ACCESS_HEADER,
    ACCESS_KEY,
    BASE64URL,
    BLANK_KEY,
    OTHER_KEY,
    encode,
    forge,
    forge_access,
    segment,
)
from ...support.samples import SECRET

SEAL = TokenSigner("at+jwt", [derive_key(SECRET, "access token")], TokenInvalid)
GOOD = forge_access(ACCESS)
HEADER, PAYLOAD, SIGNATURE = GOOD.split(".")
ATTACKERS_KEY = {"kty": "oct", "k": encode(OTHER_KEY)}
characters = st.sampled_from(BASE64URL + ".=+/ \n\0\x7fé☃\u0661\ud800")
EVIL = "https://evil.example/keys.json"


def header(claim: str, *, key: bytes = ACCESS_KEY, **changes: Any) -> Any:
    """The right header with changes, signed."""
    return pytest.param(forge(ACCESS_HEADER | changes, ACCESS, key), id=claim)


def raw_header(claim: str, raw: bytes) -> Any:
    """A header as bytes, signed with the right key."""
    return pytest.param(forge(raw, ACCESS), id=claim)


def text(claim: str, token: str) -> Any:
    """A token as it is."""
    return pytest.param(token, id=claim)


ALGORITHMS = [
    *(header(f"alg is {alg!r}", alg=alg) for alg in ("none", "None", "NONE", "nOnE", "", "hs256", "HS256 ")),
    *(
        text(f"alg is {alg!r}, no signature", f"{segment(ACCESS_HEADER | {'alg': alg})}.{PAYLOAD}.")
        for alg in ("none", "None", "NONE", "nOnE")
    ),
    text("HS512 with the right key", forge(ACCESS_HEADER | {"alg": "HS512"}, ACCESS, digest="sha512")),
    text("HS384 with the right key", forge(ACCESS_HEADER | {"alg": "HS384"}, ACCESS, digest="sha384")),
    text("an HMAC-SHA512 under HS256", forge(ACCESS_HEADER, ACCESS, digest="sha512")),
    header("RS256 over an HMAC", alg="RS256"),
    header("alg is a list", alg=["HS256"]),
    header("alg is an object", alg={"HS256": 1}),
    header("alg is null", alg=None),
    header("alg is a number", alg=256),
    raw_header("alg is missing", b'{"typ":"at+jwt"}'),
]
KEYS = [
    text("a blank key", forge(ACCESS_HEADER, ACCESS, BLANK_KEY)),
    text("somebody else's key", forge(ACCESS_HEADER, ACCESS, OTHER_KEY)),
    text("the secret itself as the key", forge(ACCESS_HEADER, ACCESS, SECRET.encode())),
    header("an embedded jwk, its own signature", key=OTHER_KEY, jwk=ATTACKERS_KEY),
    header("an embedded jwk, the right signature", jwk=ATTACKERS_KEY),
    header("a jku, the attacker's signature", key=OTHER_KEY, jku=EVIL),
    header("a jku, the right signature", jku=EVIL),
    header("an x5u, the attacker's signature", key=OTHER_KEY, x5u=EVIL),
    header("an x5u, the right signature", x5u=EVIL),
    header("a kid that walks to an empty file", key=BLANK_KEY, kid="../../../../dev/null"),
    header("a kid that is SQL", key=BLANK_KEY, kid="' UNION SELECT '' --"),
    header("a kid that is a shell", key=BLANK_KEY, kid="|/bin/true"),
    header("a kid, the right signature", kid="first"),
    header("a kid that is null", kid=None),
    header("a kid that is a list", kid=["first"]),
]
HEADERS = [
    header("an unknown crit", crit=["ours"], ours=1),
    header("an empty crit", crit=[]),
    header("b64 is false", b64=False, crit=["b64"]),
    header("compressed claims", zip="DEF"),
    header("typ of a refresh token", typ="rt+jwt"),
    header("typ of any JWT", typ="JWT"),
    header("typ in another case", typ="AT+JWT"),
    header("typ in full", typ="application/at+jwt"),
    header("typ is a list", typ=["at+jwt"]),
    header("typ is null", typ=None),
    raw_header("typ is missing", b'{"alg":"HS256"}'),
    raw_header("the keys in another order", b'{"typ":"at+jwt","alg":"HS256"}'),
    raw_header("a space in the header", b'{"alg":"HS256", "typ":"at+jwt"}'),
    raw_header("alg twice, the last one right", b'{"alg":"none","alg":"HS256","typ":"at+jwt"}'),
    raw_header("alg twice, the first one right", b'{"alg":"HS256","alg":"none","typ":"at+jwt"}'),
    raw_header("a header that is a list", b"[]"),
    raw_header("a header that is no JSON", b"\xff\xfe"),
    raw_header("a header of 2,000 brackets", b"[" * 2000),
    raw_header("a header of 100 kB of brackets", b"[" * 100_000),
]
SHAPES = [
    text("nothing", ""),
    text("two dots", ".."),
    text("no signature", f"{HEADER}.{PAYLOAD}."),
    text("two parts", f"{HEADER}.{PAYLOAD}"),
    text("four parts", f"{GOOD}.{SIGNATURE}"),
    text("the five parts of an encrypted token", f"{HEADER}.{PAYLOAD}.{SIGNATURE}.{PAYLOAD}.{SIGNATURE}"),
    text("padding after the signature", f"{GOOD}="),
    text("padding after the claims", f"{HEADER}.{PAYLOAD}=.{SIGNATURE}"),
    text("padding after the header", f"{HEADER}=.{PAYLOAD}.{SIGNATURE}"),
    text("a line's end behind", f"{GOOD}\n"),
    text("a space before", f" {GOOD}"),
    text("a line's end within", f"{HEADER}.{PAYLOAD}.{SIGNATURE[:9]}\n{SIGNATURE[9:]}"),
    text("a signature cut short", GOOD[:-1]),
    text("one character of a signature", f"{HEADER}.{PAYLOAD}.A"),
    text("a longer signature", f"{GOOD}AAAA"),
    text("the other alphabet of base64", f"{HEADER}.{PAYLOAD}." + "+/" * 21),
    text("digits of another script", f"{HEADER}.{PAYLOAD}." + "\u0661" * 43),
    text("half a surrogate pair", f"{GOOD}\ud800"),
    text("a NUL", f"{GOOD}\0"),
]


@pytest.mark.parametrize("token", [*ALGORITHMS, *KEYS, *HEADERS, *SHAPES])
def test_is_refused(token: str) -> None:
    """No token but one of our own spelling, under our own key, is read."""
    with pytest.raises(TokenInvalid):
        SEAL.read(token)


def test_no_token_opens_a_file_or_a_connection() -> None:
    """A jku is not fetched, a kid is not looked for: Python itself says that nothing is opened."""
    with openings() as opened:
        for row in [*KEYS, *HEADERS]:
            with pytest.raises(TokenInvalid):
                SEAL.read(*row.values)
    assert opened == []


@pytest.mark.parametrize(
    ("event", "open_it"),
    [
        pytest.param("open", lambda: Path("/dev/null").read_bytes(), id="a file"),
        pytest.param("socket.connect", lambda: socket.create_connection(("127.0.0.1", 9)), id="a connection"),
        pytest.param("socket.getaddrinfo", lambda: socket.getaddrinfo("localhost", 9), id="a name"),
        pytest.param("subprocess.Popen", lambda: subprocess.run(["/bin/true"], check=True), id="a program"),
        pytest.param("os.system", lambda: os.system("true"), id="a shell"),  # noqa: S605  # as an attacker would
    ],
)
def test_whatever_is_opened_is_seen(event: str, open_it: Callable[[], object]) -> None:
    """The watch of the test above would have seen it."""
    with openings() as opened, suppress(OSError):
        open_it()
    assert event in opened


def test_a_signature_with_another_last_character_is_refused() -> None:
    """Its two spare bits are zero; a decoder that ignores them reads four spellings as one signature."""
    spellings = [GOOD[:-1] + last for last in BASE64URL]
    assert [token for token in spellings if _read(token) is not None] == [GOOD]


@pytest.mark.parametrize("part", [0, 1], ids=["header", "claims"])
def test_any_other_last_character_of_what_is_signed_is_refused(part: int) -> None:
    """What is signed is the text and not what it decodes to."""
    for last in BASE64URL:
        parts = GOOD.split(".")
        parts[part] = parts[part][:-1] + last
        mangled = ".".join(parts)
        assert _read(mangled) == (ACCESS if mangled == GOOD else None)


@given(st.integers(0, len(GOOD) - 1), characters)
def test_one_changed_character_never_changes_the_claims(place: int, character: str) -> None:
    """A token with any other character in any place is refused, or says the same."""
    assert _read(GOOD[:place] + character + GOOD[place + 1 :]) in (ACCESS, None)


@given(st.text(characters))
def test_no_text_makes_the_reader_fail(token: str) -> None:
    """Whatever was sent, it is refused in one way."""
    with pytest.raises(TokenInvalid):
        SEAL.read(token)


def _read(token: str) -> dict[str, Any] | None:
    """The claims of a token, or None where it is refused."""
    try:
        return SEAL.read(token)
    except TokenInvalid:
        return None
