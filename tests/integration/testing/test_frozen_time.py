"""A host's tests that stop the time with freezegun or time-machine stop that of Ratchet too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import freezegun
import jwt
import pytest
import time_machine
from itsdangerous import SignatureExpired, URLSafeTimedSerializer

from tests.support.browser import Browser, content, refusal
from tests.support.samples import SECRET
from tests.support.sites import MakeSite, add_user

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

START = datetime(2031, 5, 1, 12, tzinfo=UTC)
Wait = Callable[[timedelta], object]


@pytest.fixture
def signed_in(make_site: MakeSite) -> Browser:
    """A browser in front of a site whose clock is the package's own, made before the time is stopped."""
    site = make_site(clock=None)
    add_user(site, "ada@example.org", "ada")
    return Browser(site)


@pytest.fixture(params=["freezegun", "time-machine"])
def wait(request: pytest.FixtureRequest, signed_in: Browser) -> Iterator[Wait]:
    """Let time pass that one of the two has stopped; ada signs in first."""
    if request.param == "freezegun":
        with freezegun.freeze_time(START) as frozen:
            signed_in.sign_in()
            yield frozen.tick
    else:
        with time_machine.travel(START, tick=False) as traveller:
            signed_in.sign_in()
            yield traveller.shift


def test_a_session_ages_with_the_stopped_time(signed_in: Browser, wait: Wait) -> None:
    """The access token runs out, the refresh renews it, and after the idle limit the session is over."""
    assert content(signed_in.me())["session"]["started_at"] == "2031-05-01T12:00:00Z"
    wait(timedelta(minutes=11))
    assert refusal(signed_in.me()) == (401, "token_invalid")
    assert signed_in.refresh().status_code == 200
    assert signed_in.me().status_code == 200
    wait(timedelta(days=15))
    assert refusal(signed_in.refresh()) == (401, "refresh_token_invalid")


def test_pyjwt_and_itsdangerous_agree_on_the_time(signed_in: Browser, wait: Wait) -> None:
    """A token of ours ends for PyJWT when it ends for us, and a link of the host's ages with both."""
    token = str(content(signed_in.refresh())["access_token"])
    link = URLSafeTimedSerializer(SECRET).dumps("ada")
    wait(timedelta(minutes=10, seconds=-1))
    jwt.decode(token, options={"verify_signature": False, "verify_exp": True})
    URLSafeTimedSerializer(SECRET).loads(link, max_age=600)
    wait(timedelta(seconds=2))
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(token, options={"verify_signature": False, "verify_exp": True})
    with pytest.raises(SignatureExpired):
        URLSafeTimedSerializer(SECRET).loads(link, max_age=600)
    assert refusal(signed_in.me(token)) == (401, "token_invalid")
