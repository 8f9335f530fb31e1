"""A table from before Ratchet keeps its column names, and a flag that means the opposite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Boolean, String, text, true
from sqlalchemy.orm import Mapped, mapped_column

from app.auth import RatchetUser
from app.auth.user import Identifier
from docs.generator import DOCS
from tests.support.browser import PASSWORD, Browser, refusal
from tests.support.clock import Clock
from tests.support.hosts.strangers import Model, Stranger, drop_tables
from tests.support.product.documents import module_of
from tests.support.samples import SECRET
from tests.support.sites import HASH

from ...support.hosts.foreign_hashes import FOREIGN_HASHES, verifier_of

PBKDF2 = FOREIGN_HASHES["werkzeug pbkdf2"]


Opposite = module_of(DOCS / "adopting.md", "opposite.py").Opposite
"""A flag that is stored as its opposite."""


def legacy(db: SQLAlchemy) -> Model:
    """Users of an old table: no column has the name that Ratchet gives it."""

    class Legacy(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "legacy_users"
        public_fields = ("username",)
        id: Mapped[int] = mapped_column("user_no", primary_key=True)
        email = None  # type: ignore[assignment]  # people sign in by user name
        username: Mapped[str] = mapped_column("login_name", Identifier, unique=True)
        password_hash: Mapped[str | None] = mapped_column("pw_hash", String(255))
        blocked: Mapped[bool] = mapped_column("is_active", Opposite, default=False, server_default=true())
        confirmed: Mapped[bool] = mapped_column("mail_ok", Boolean, default=True, server_default=true())

    return Legacy


@pytest.fixture
def host(database: str, clock: Clock) -> Iterator[Stranger]:
    """An app on such a table, with three rows that the old site wrote."""
    made = Stranger(legacy, database, clock, {"password_verifiers": [verifier_of("werkzeug pbkdf2")]})
    rows = (("ada", HASH, True), ("bob", PBKDF2, True), ("eve", HASH, False))
    with made.app.app_context():
        for name, stored, active in rows:
            made.db.session.execute(
                text("INSERT INTO legacy_users (login_name, pw_hash, is_active) VALUES (:n, :h, :a)"),
                {"n": name, "h": stored, "a": active},
            )
        made.db.session.commit()
    yield made
    made.leave()


def row(host: Stranger, name: str) -> tuple[str, bool]:
    """The hash and the flag of a user, as the table has them."""
    with host.app.app_context():
        found = host.db.session.execute(
            text("SELECT pw_hash, is_active FROM legacy_users WHERE login_name = :n"), {"n": name}
        ).one()
        return found[0], bool(found[1])


@pytest.mark.parametrize("name", ["ada", "bob"])
def test_users_of_an_old_table_sign_in(host: Stranger, name: str) -> None:
    """Also one whose hash is of another system; it is replaced in the column where it was."""
    browser = Browser(host.app)
    assert browser.sign_in(name, PASSWORD).status_code == 200
    assert browser.client.get("/auth/me").get_json()["user"]["username"] == name
    assert browser.refresh().status_code == 200
    assert row(host, name)[0].startswith("$bcrypt-sha256$")


def test_who_is_not_active_is_blocked(host: Stranger) -> None:
    """The old flag counts, and is told apart from a wrong password."""
    assert refusal(Browser(host.app).sign_in("eve", PASSWORD)) == (403, "account_blocked")
    assert refusal(Browser(host.app).sign_in("eve", "wrong")) == (401, "invalid_credentials")


def test_block_and_unblock_write_the_old_flag(host: Stranger) -> None:
    """The session of a blocked user ends, and the table says that the user is not active."""
    browser = Browser(host.app)
    browser.sign_in("ada", PASSWORD)
    run = host.app.test_cli_runner().invoke
    assert run(args=["ratchet", "block", "ada"]).exit_code == 0
    assert row(host, "ada")[1] is False
    assert browser.refresh().status_code == 401
    assert run(args=["ratchet", "unblock", "ada"]).exit_code == 0
    assert row(host, "ada")[1] is True
    assert Browser(host.app).sign_in("ada", PASSWORD).status_code == 200


def test_the_host_blocks_by_its_own_flag(host: Stranger) -> None:
    """A row that the old code makes inactive refreshes no more."""
    browser = Browser(host.app)
    browser.sign_in("ada", PASSWORD)
    with host.app.app_context():
        host.db.session.execute(
            text("UPDATE legacy_users SET is_active = :a WHERE login_name = 'ada'"), {"a": False}
        )
        host.db.session.commit()
    assert refusal(browser.refresh()) == (403, "account_blocked")


def test_the_commands_speak_of_the_same_columns(host: Stranger) -> None:
    """list, create-user and the doctor read and write the table as it is."""
    run = host.app.test_cli_runner().invoke
    assert "eve  blocked" in run(args=["ratchet", "list"]).output
    assert run(args=["ratchet", "create-user", "grace"], input=f"{PASSWORD}\n").exit_code == 0
    assert row(host, "grace")[1] is True
    told = run(args=["ratchet", "doctor"]).output
    assert "lacks" not in told
    assert "column" not in told


@pytest.fixture
def hooked(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The app of docs/adopting.md whose hook reads the flag, and a ``browser`` in which ada is signed in."""
    for name, value in (("SECRET_KEY", SECRET), ("SQLALCHEMY_DATABASE_URI", database)):
        monkeypatch.setenv(f"FLASK_{name}", value)
    monkeypatch.setenv("FLASK_RATCHET_BCRYPT_ROUNDS", "10")
    page = module_of(DOCS / "adopting.md", "hook.py")
    with page.app.app_context():
        page.db.create_all()
        page.db.session.add(page.Player(username="ada", email="ada@example.org", password_hash=HASH))
        page.db.session.commit()
    page.browser = Browser(page.app)
    assert page.browser.sign_in("ada", PASSWORD).status_code == 200
    yield page
    drop_tables(page.app, page.db)


def set_active(page: Any, *, is_active: bool) -> None:
    """Write the flag, as the old code does."""
    with page.app.app_context():
        page.db.session.execute(page.db.update(page.Player).values(is_active=is_active))
        page.db.session.commit()


def test_a_hook_reads_the_flag(hooked: Any) -> None:
    """Who is not active is refused with the host's code, and goes on when that is over."""
    set_active(hooked, is_active=False)
    assert refusal(hooked.browser.refresh()) == (403, "account_closed")
    assert refusal(Browser(hooked.app).sign_in("ada", PASSWORD)) == (403, "account_closed")
    set_active(hooked, is_active=True)
    assert hooked.browser.refresh().status_code == 200


def test_a_block_is_beside_the_flag_that_a_hook_reads(hooked: Any) -> None:
    """Each keeps the user out by itself."""
    run = hooked.app.test_cli_runner().invoke
    assert run(args=["ratchet", "block", "ada"]).exit_code == 0
    with hooked.app.app_context():
        assert hooked.db.session.scalar(hooked.db.select(hooked.Player.is_active)) is True
    assert refusal(Browser(hooked.app).sign_in("ada", PASSWORD)) == (403, "account_blocked")
    assert run(args=["ratchet", "unblock", "ada"]).exit_code == 0
    set_active(hooked, is_active=False)
    assert refusal(Browser(hooked.app).sign_in("ada", PASSWORD)) == (403, "account_closed")
