"""The audit trail: one line per event, and no secret in it."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest
from flask import Flask

from app.auth import audit, signals
from app.auth.audit import fingerprint, line
from app.auth.lifecycle.rotation import Session

from ..support.samples import NOW

SESSION = Session("sid", "current-token", "parent-token", 1.0, 1.0, 1.0, 1.0, 2.0, 1.0, label="a\nb")
SESSION_OF_MANY = replace(SESSION, label="x" * 1_000_000)


@pytest.mark.parametrize("typed", ["a\r\nb", "a\u2028b", "\x00", '"}', "é" * 254])
def test_whatever_is_typed_stays_on_one_line(typed: str) -> None:
    """Nobody writes a record of their own."""
    written = line("sign_in_failed", NOW, identifier=typed)
    assert len(written.splitlines()) == 1
    assert json.loads(written)["identifier"] == typed


def test_no_record_is_longer_than_its_parts_may_be() -> None:
    """A stranger who types three megabytes does not fill the disk."""
    huge = "\U0001f511" * 1_000_000
    written = line("sign_in_failed", NOW, SESSION_OF_MANY, identifier=huge, address=huge, reason=huge)
    record = json.loads(written)
    cut = {name: len(record[name]) for name in ("identifier", "address", "reason", "label")}
    assert cut == {"identifier": 254, "address": 45, "reason": 64, "label": 64}
    assert len(written) < 6000


def test_a_detail_that_is_absent_stays_so() -> None:
    """Nobody's address is not the text None."""
    assert json.loads(line("session_ended", NOW, address=None))["address"] is None


def test_a_token_id_is_written_as_its_fingerprint() -> None:
    """The same for the same, and no way back."""
    written = line("refresh", NOW, session=SESSION, subject="1")
    assert "current-token" not in written
    assert "parent-token" not in written
    assert json.loads(written)["token"] == fingerprint("current-token") != fingerprint("parent-token")


def test_a_session_id_is_written_as_its_fingerprint() -> None:
    """With the id of a live session the secret of the site makes an access token."""
    record = json.loads(line("refresh", NOW, session=replace(SESSION, id="a session's id")))
    assert record["session"] == fingerprint("a session's id")
    assert "a session's id" not in record.values()


def test_a_record_names_the_session_that_started_this_one() -> None:
    """Where there is one, by the fingerprint that its own records have."""
    started = json.loads(line("sign_in", NOW, session=replace(SESSION, started_by="other")))
    assert (
        started["started_by"]
        == json.loads(line("sign_in", NOW, session=replace(SESSION, id="other")))["session"]
    )
    assert "started_by" not in json.loads(line("sign_in", NOW, session=SESSION))


@pytest.mark.parametrize(
    ("now", "written"),
    [
        pytest.param(0.0, "1970-01-01T00:00:00.000+00:00", id="the epoch"),
        pytest.param(NOW + 0.0625, "2027-01-15T08:00:00.062+00:00", id="to the millisecond"),
    ],
)
def test_a_record_says_when_in_utc(now: float, written: str) -> None:
    """To the millisecond and with its offset, whatever the clock on the wall shows (ASVS 16.2.2)."""
    assert json.loads(line("refresh", now))["time"] == written


def test_no_record_is_made_that_no_logger_takes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A site that keeps no audit trail does not pay for one."""
    app, made = Flask(__name__), list[str]()
    monkeypatch.setattr(audit, "line", lambda event, *_, **__: made.append(event))
    audit.listen(app, lambda: NOW)
    for level, expected in ((logging.WARNING, []), (logging.INFO, ["user_blocked"])):
        caplog.set_level(level, audit.logger.name)
        with app.app_context():
            signals.emit(signals.user_blocked, subject="7")
        assert made == expected
