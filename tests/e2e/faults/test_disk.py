"""A full disk and a log that cannot be written."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from app.auth import audit, session_refreshed
from app.db import db
from tests.support.browser import Browser
from tests.support.clock import Clock
from tests.support.databases import missing
from tests.support.sites import MakeSite, add_user

from ...support.peers.faulty import Watched, check_unavailable

DISK_BYTES = 2**20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        missing("a small disk", "mounting one takes root")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def on_small_disk(make_site: MakeSite, small_disk: Path) -> Flask:
    """A site whose SQLite database is on the small disk."""
    site = make_site(SQLALCHEMY_DATABASE_URI=f"sqlite:///{small_disk / 'site.sqlite'}")
    with site.app_context():
        db.create_all()
    return site


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_full_disk_is_a_503_until_there_is_room(on_small_disk: Flask, small_disk: Path, clock: Clock) -> None:
    """What cannot be written is not handed out, and the browser goes on as soon as there is room."""
    subject = add_user(on_small_disk, "ada@example.org", "ada")
    browser = Browser(on_small_disk)
    browser.sign_in()
    watched = Watched(browser, on_small_disk, subject)
    filler = small_disk / "filler"
    fill(filler)
    for _ in range(3):
        check_unavailable(watched.refresh())
        clock.advance(31)
    filler.unlink()
    watched.check_goes_on()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_log_sink_that_raises_leaves_the_request_alone(signed_in: Browser, site: Flask, ada: str) -> None:
    """A listener that fails is logged; a log that fails too is nobody's business but the operator's."""
    watched = Watched(signed_in, site, ada)
    with session_refreshed.connected_to(broken_listener, sender=site), broken_log() as lost:
        assert watched.refresh().status_code == 200
    assert {record.name for record in lost} == {"flask_ratchet", "flask_ratchet.audit"}
    watched.check_goes_on()


def fill(filler: Path) -> None:
    """Write until the disk is full."""
    with pytest.raises(OSError, match="No space left"):
        filler.write_bytes(bytes(2 * DISK_BYTES))


def broken_listener(_app: Flask, **_details: object) -> None:
    """What a host may connect to a signal."""
    raise RuntimeError("the audit service is away")


class _BrokenSink(logging.Handler):
    """A handler that neither writes nor swallows."""

    def __init__(self, lost: list[logging.LogRecord]) -> None:
        super().__init__()
        self._lost = lost

    def emit(self, record: logging.LogRecord) -> None:
        self._lost.append(record)
        raise OSError("no space left on the log's device")


@contextmanager
def broken_log() -> Iterator[list[logging.LogRecord]]:
    """Everything that is logged, the audit trail too, meets a sink that raises; gives what it lost."""
    lost: list[logging.LogRecord] = []
    sink, root = _BrokenSink(lost), logging.getLogger()
    root.addHandler(sink)
    audit.logger.setLevel(logging.INFO)
    try:
        yield lost
    finally:
        audit.logger.setLevel(logging.NOTSET)
        root.removeHandler(sink)
