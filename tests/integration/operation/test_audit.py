"""The audit trail of a site: what people and thieves do there, a line each."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.clock import Clock

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # a line is one on each


def trail(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The records so far."""
    return [json.loads(record.getMessage()) for record in caplog.records if record.name.endswith(".audit")]


def test_whatever_happens_to_a_session_is_on_record(
    browser: Browser, site: Flask, ada: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Who, what, when and from where, in the order in which it happened (ASVS 16.2.1, 16.3.1)."""
    caplog.set_level(logging.INFO, "flask_ratchet.audit")
    browser.sign_in(password="wrong")
    browser.sign_in()
    thief = Browser(site, browser.held)
    for _ in range(2):
        browser.refresh()
        clock.advance(30)
    thief.refresh()
    browser.sign_in()
    browser.change_password()
    browser.sign_out()
    records = trail(caplog)
    assert [record["event"] for record in records] == [
        "sign_in_failed", "sign_in", "refresh", "refresh", "reuse", "session_ended",
        "sign_in", "session_ended", "password_changed", "session_ended",
    ]  # fmt: skip
    assert {record["address"] for record in records} == {"127.0.0.1"}
    assert {record["subject"] for record in records[1:]} == {ada}
    assert records[0]["identifier"] == "ada"
    assert [record.get("reason") for record in records if record["event"] == "session_ended"] == [
        "reuse", "password_changed", "signed_out",
    ]  # fmt: skip
    assert all("time" in record for record in records)


def test_a_line_break_in_a_name_makes_no_second_line(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever types a record of their own finds it inside the one about them."""
    caplog.set_level(logging.INFO, "flask_ratchet.audit")
    browser.sign_in('eve\r\n{"event": "sign_in", "identifier": "ada"}', "wrong")
    (record,) = trail(caplog)
    assert record["event"] == "sign_in_failed"
    assert len(caplog.records) == len(caplog.text.splitlines()) == 1


def test_a_refused_sign_in_is_on_record_with_its_reason(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """Guessing is seen: ten wrong passwords, then the throttle (ASVS 16.3.3)."""
    caplog.set_level(logging.INFO, "flask_ratchet.audit")
    for _ in range(11):
        browser.sign_in(password="wrong")
    assert [record["reason"] for record in trail(caplog)] == ["invalid_credentials"] * 10 + [
        "too_many_attempts"
    ]
