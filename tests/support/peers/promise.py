"""What has to hold after every fault: the browser goes on with its last token, and there is one branch."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask

from tests.support.forgery import claims_of
from tests.support.rows import stored


def honoured(site: Flask, subject: str) -> tuple[str, str | None]:
    """The token ids that the row of a user with one session would honour: current, and parent if any."""
    (session,) = stored(site, subject).sessions
    return session["current"], session["parent"]


def check_one_branch(site: Flask, subject: str, received: Sequence[str]) -> None:
    """What the browser received last is current, and no token is alive that it did not receive."""
    ids = [claims_of(cookie)["jti"] for cookie in received]
    current, parent = honoured(site, subject)
    assert current == ids[-1]
    assert parent is None or parent in ids
