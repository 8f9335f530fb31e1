"""Challenges and proofs of a device's key: what an honest browser does."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.tokens.claims import CLOCK_TOLERANCE
from app.auth.tokens.device_proofs import (
    REFRESH,
    REGISTER,
    ChallengeRefused,
    Challenges,
    read_proof,
    read_registration,
)

from ...support.device_bound.key import DeviceKey, rsa_key
from ...support.samples import NOW, SECRET

OLD_SECRET = "the secret before this one, of some length"
CHALLENGES = Challenges([SECRET])
CHROMIUM = (
    "eyJhbGciOiJFUzI1NiIsImp3ayI6eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6IkhXdWJCZmoyV1ZGSWNMNmxhYklrNTdibFpMYU"
    "NtelRRNTZTNXJuTGNMQkUiLCJ5IjoicHowd0M3YTNUMVpIY0h6X0thdUVSZHlqS3VnN0FkOW5RWG55aDFNVDc2USJ9LCJ0eXAiOiJkYnNj"
    "K2p3dCJ9.eyJqdGkiOiJjaGFsIn0.DezL5k1RF99yDn7rvrqi4MnnGaKciB5hBzSchH__n86A7miNineC7og6sbs4QWnyjYHZ9g-5bzu-Ud"
    "cPDNUWzA"
)
"""A registration that Chromium 156 has sent, for the challenge ``chal``."""

CHROMIUM_LATER = (
    "eyJhbGciOiJFUzI1NiIsInR5cCI6ImRic2Mrand0In0.eyJqdGkiOiJjMSJ9.eaW9P4GCgcOr-L1LnFFefSG4qbCa8299RYqJNgmLus-22"
    "MG5KAhltbS0swNFTMFWbfHhNjr8Kkc1F157525oMQ"
)
"""The refresh of the same session, for the challenge ``c1``."""


def read(
    challenge: str, now: float = NOW, use: str = REFRESH, subject: str = "7", sid: str = "phone"
) -> float:
    """When the challenge was issued."""
    return CHALLENGES.read(challenge, use, subject, sid, now=now, max_age=660)  # type: ignore[arg-type]  # any text


def test_proofs_of_chromium_are_read() -> None:
    """A registration and a refresh that a browser has really sent."""
    key, challenge = read_registration(CHROMIUM)
    assert challenge == "chal"
    assert read_proof(CHROMIUM_LATER, key) == "c1"


@pytest.mark.parametrize("device", [DeviceKey(), rsa_key(2048), rsa_key(4096)], ids=["EC", "RSA", "RSA 4096"])
def test_key_of_a_registration_reads_the_later_proofs(device: DeviceKey) -> None:
    """Both algorithms of the protocol, with and without quotation marks."""
    key, challenge = read_registration(device.proof("first", registers=True))
    assert challenge == "first"
    assert json.loads(key) == device.jwk
    assert read_proof(device.proof("second"), key) == "second"
    assert read_proof(f'"{device.proof("third")}"', key) == "third"


def test_key_is_kept_as_compact_text() -> None:
    """Only what the key needs, whatever else the browser says of it, and the same text for the same key."""
    device = DeviceKey()
    talkative = {**device.jwk, "use": "sig", "kid": "mine", "alg": "ES256"}
    plain, rich = (read_registration(device.proof("c", jwk=jwk)).key for jwk in (device.jwk, talkative))
    assert plain == rich
    assert len(plain) == 126


def test_unknown_fields_of_the_header_are_ignored() -> None:
    """A later release of a browser may say more (RFC 7515, 4)."""
    device = DeviceKey()
    assert read_registration(device.proof("c", registers=True, kid="1", later=["x"])).challenge == "c"


@given(st.floats(0, 2**39), st.sampled_from([REGISTER, REFRESH]), st.text(), st.text())
def test_a_challenge_tells_when_it_was_issued(at: float, use: str, subject: str, sid: str) -> None:
    """To the millisecond, for every subject and session."""
    challenge = CHALLENGES.sign(use, subject, sid, at)  # type: ignore[arg-type]  # one of two texts
    assert abs(read(challenge, at, use, subject, sid) - at) <= 0.0006
    assert challenge.replace(".", "").replace("-", "").replace("_", "").isalnum()


def test_challenges_of_one_session_differ_by_time_only() -> None:
    """So the session can tell that one is newer, and two of the same millisecond are one."""
    assert CHALLENGES.sign(REFRESH, "7", "phone", NOW) == CHALLENGES.sign(REFRESH, "7", "phone", NOW)
    later = CHALLENGES.sign(REFRESH, "7", "phone", NOW + 0.001)
    assert read(later, NOW + 1) > read(CHALLENGES.sign(REFRESH, "7", "phone", NOW), NOW + 1)


def test_challenge_of_the_secret_before_is_accepted() -> None:
    """And the first secret signs."""
    before, after = Challenges([OLD_SECRET]), Challenges([SECRET, OLD_SECRET])
    challenge = before.sign(REFRESH, "7", "phone", NOW)
    assert after.read(challenge, REFRESH, "7", "phone", now=NOW, max_age=1) == NOW
    assert read(after.sign(REFRESH, "7", "phone", NOW)) == NOW
    with pytest.raises(ChallengeRefused):
        read(challenge)


@pytest.mark.parametrize(
    ("age", "accepted"),
    [
        pytest.param(-CLOCK_TOLERANCE - 0.1, False, id="further ahead than the clocks of nodes may be"),
        pytest.param(-CLOCK_TOLERANCE, True, id="by a node whose clock is ahead"),
        pytest.param(0, True, id="just now"),
        pytest.param(659.9, True, id="almost too old"),
        pytest.param(660, False, id="too old"),
    ],
)
def test_age_of_a_challenge(age: float, accepted: bool) -> None:
    """Each row is when the challenge was issued, and whether it still counts."""
    challenge = CHALLENGES.sign(REFRESH, "7", "phone", NOW - age)
    if accepted:
        read(challenge)
    else:
        with pytest.raises(ChallengeRefused):
            read(challenge)


@pytest.mark.parametrize(
    "challenge",
    [
        pytest.param(CHALLENGES.sign(REGISTER, "7", "phone", NOW), id="for another use"),
        pytest.param(CHALLENGES.sign(REFRESH, "8", "phone", NOW), id="of another user"),
        pytest.param(CHALLENGES.sign(REFRESH, "7", "laptop", NOW), id="of another session"),
        pytest.param(
            CHALLENGES.sign(REFRESH, "7", "phone", NOW).replace("1", "2", 1), id="with another time"
        ),
        pytest.param(f"{CHALLENGES.sign(REFRESH, '7', 'phone', NOW)}A", id="longer"),
        pytest.param(CHALLENGES.sign(REFRESH, "7", "phone", NOW)[:-1], id="cut short"),
        pytest.param(f"0{CHALLENGES.sign(REFRESH, '7', 'phone', NOW)}"[:-1], id="shifted"),
        pytest.param("", id="empty"),
        pytest.param("1" * 4300 + "." + "A" * 43, id="a number that Python does not convert"),
        pytest.param("\u0661." + "A" * 43, id="with a digit that is not ASCII"),
    ],
)
def test_a_challenge_is_for_one_use_in_one_session(challenge: str) -> None:
    """Each row is a challenge that is not for a refresh of this session."""
    with pytest.raises(ChallengeRefused):
        read(challenge)
