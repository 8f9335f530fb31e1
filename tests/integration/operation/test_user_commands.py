"""The commands for single users: their passwords, the list, deletion, and user models of other hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, String, event
from sqlalchemy.orm import Mapped, ORMExecuteState, mapped_column, with_loader_criteria

from app.auth import RatchetUser
from app.auth.sessions import deletion
from app.auth.user import Identifier
from tests.support.browser import PASSWORD, Browser, refusal
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Model, Stranger
from tests.support.sites import MakeSite, add_user

from ...support.rows import delete, just_before, stored, write

NEW = "a long enough new password"
OVER = (401, "refresh_token_invalid")

MakeShop = Callable[[Callable[[SQLAlchemy], Model]], Stranger]


class Terminal(BytesIO):
    """What somebody types at a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.fixture
def make_shop(database: str, clock: Clock) -> Iterator[MakeShop]:
    """Make an app with a user model of the test's own."""
    made: list[Stranger] = []

    def make(make_model: Callable[[SQLAlchemy], Model]) -> Stranger:
        made.append(Stranger(make_model, database, clock, {}))
        return made[-1]

    yield make
    for shop in made:
        shop.leave()


@pytest.fixture
def quick_deletion(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long deletions would have waited."""
    waited: list[float] = []
    monkeypatch.setattr(deletion, "sleep", waited.append)
    return waited


def ratchet(app: Flask, *arguments: str, line: Any = "") -> Result:
    """Run ``flask ratchet …`` with a line on standard input; nothing ends in a trace."""
    result = app.test_cli_runner().invoke(args=["ratchet", *arguments], input=line)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def told(app: Flask, *arguments: str, line: str = NEW) -> str:
    """What a command says that fails."""
    result = ratchet(app, *arguments, line=line)
    assert (result.exit_code, result.stdout) == (1, "")
    return " ".join(result.stderr.split())


@pytest.mark.parametrize("name", ["ada@example.org", "ADA", "{id}"])
def test_set_password_signs_out_everywhere(signed_in: Browser, site: Flask, ada: str, name: str) -> None:
    """The new password counts, the old one and every session do not."""
    result = ratchet(site, "set-password", name.format(id=ada), line=f"{NEW}\n")
    assert (result.exit_code, "is signed out everywhere" in result.output) == (0, True)
    assert NEW not in result.output
    assert refusal(signed_in.refresh()) == OVER
    assert refusal(Browser(site).sign_in()) == (401, "invalid_credentials")
    assert Browser(site).sign_in("ada", NEW).status_code == 200


@pytest.mark.parametrize(
    ("name", "line", "complaint"),
    [
        pytest.param("ada", "short", "at least 15 characters", id="too short"),
        pytest.param("ada", "passwordpassword", "known to attackers", id="a common one"),
        pytest.param("ada", "x" * 513, "at most 512 characters", id="too long"),
        pytest.param("ada", "", "at least 15 characters", id="none"),
        pytest.param("ada", b"\xff" * 20, "not text in UTF-8", id="bytes that are no text"),
        pytest.param("nobody", NEW, "There is no user 'nobody'", id="nobody of that name"),
    ],
)
def test_set_password_refused(site: Flask, ada: str, name: str, line: Any, complaint: str) -> None:
    """The rules for new passwords are those of the site; nothing is changed."""
    before = stored(site, ada)
    assert complaint in told(site, "set-password", name, line=line)
    assert stored(site, ada) == before


@pytest.mark.parametrize("command", [("create-user", "new@example.org"), ("set-password", "ada")])
def test_a_password_is_typed_twice_at_a_terminal(site: Flask, ada: str, command: tuple[str, str]) -> None:
    """It is asked for, without being shown, and never an argument."""
    before = stored(site, ada)
    differing = Terminal(f"{NEW}\nanother long password\n".encode())
    assert "do not match" in ratchet(site, *command, line=differing).output
    assert stored(site, ada) == before
    result = ratchet(site, *command, line=Terminal(f"{NEW}\n{NEW}\n".encode()))
    assert (result.exit_code, NEW in result.output) == (0, False)
    assert Browser(site).sign_in(command[1], NEW).status_code == 200
    assert ratchet(site, *command, NEW).exit_code == 2


def test_list_shows_every_user_and_no_secret(site: Flask, ada: str) -> None:
    """One line each, by id; the number is on standard error, so that the list can be piped."""
    bob = add_user(site, "bob@example.org", blocked=True, confirmed=False)
    result = ratchet(site, "list")
    assert result.stdout.splitlines() == [
        f"{ada}  ada@example.org  ada",
        f"{bob}  bob@example.org  -  blocked, unconfirmed",
    ]
    assert result.stderr == "2 users.\n"


def test_list_moves_no_cursor(site: Flask, ada: str) -> None:
    """Whoever chooses a name does not write on the terminal of the operator."""
    write(site, ada, username="\x1b[2Jroot")
    assert ratchet(site, "list").stdout == f"{ada}  ada@example.org  '\\x1b[2jroot'\n"


def test_list_of_nobody(site: Flask) -> None:
    """It is empty."""
    result = ratchet(site, "list")
    assert (result.stdout, result.stderr) == ("", "0 users.\n")


def test_delete(signed_in: Browser, site: Flask, quick_deletion: list[float]) -> None:
    """As ``ratchet.delete`` does: the row goes when every process has learnt that the sessions are over."""
    result = ratchet(site, "delete", "ada", "--yes")
    assert (result.exit_code, result.output) == (0, "Deleted ada.\n")
    assert quick_deletion == [deletion.DELETE_AFTER]
    assert refusal(signed_in.refresh()) == OVER
    assert "There is no user" in told(site, "delete", "ada", "--yes")


@pytest.mark.parametrize("line", ["", "n\n"])
def test_delete_asks_first(signed_in: Browser, site: Flask, line: str) -> None:
    """Without a yes nothing is done."""
    assert ratchet(site, "delete", "ada", line=line).exit_code == 1
    assert signed_in.refresh().status_code == 200


@pytest.mark.usefixtures("quick_deletion")
def test_delete_where_other_rows_refer_to_the_user(make_shop: MakeShop) -> None:
    """The refusal of the database is a sentence with the cure, and the user stays out."""

    def with_orders(db: SQLAlchemy) -> Model:
        class Buyer(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
            __tablename__ = "buyers"
            id: Mapped[int] = mapped_column(primary_key=True)

        class Order(db.Model):  # type: ignore[name-defined,misc]  # made at run time
            __tablename__ = "orders"
            buyer_id: Mapped[int] = mapped_column(ForeignKey(Buyer.id), primary_key=True)

        return Buyer

    shop = make_shop(with_orders)
    key = shop.add_user()
    with shop.app.app_context():
        shop.db.session.execute(shop.db.text(f"INSERT INTO orders (buyer_id) VALUES ({key})"))
        shop.db.session.commit()
    assert "delete those first" in told(shop.app, "delete", "grace@example.org", "--yes")
    assert refusal(Browser(shop.app).sign_in("grace@example.org")) == (403, "account_blocked")


@pytest.mark.usefixtures("quick_deletion")
def test_delete_of_a_row_that_the_host_hides(make_stranger: MakeStranger) -> None:
    """A listener of the host keeps the row from being deleted: that is not reported as done."""
    host = make_stranger()

    def hide(state: ORMExecuteState) -> None:
        if state.is_select:
            state.statement = state.statement.options(
                with_loader_criteria(host.model, host.model.shoe_size != 0)
            )

    event.listen(host.db.session, "do_orm_execute", hide)
    host.add_user(shoe_size=0)
    assert "the app hides the row" in told(host.app, "delete", "grace@example.org", "--yes")


@pytest.mark.parametrize("command", ["set-password", "delete"])
@pytest.mark.usefixtures("quick_deletion")
def test_a_user_who_is_deleted_meanwhile_is_no_success(site: Flask, ada: str, command: str) -> None:
    """The user is found, and gone before anything is done."""
    further = ["--yes"] if command == "delete" else []
    with just_before(site, "SELECT", lambda: delete(site, ada), nth=2):
        assert "There is no user 'ada@example.org'" in told(site, command, "ada@example.org", *further)


def needing_more(db: SQLAlchemy) -> Model:
    """Users who need a name and a shop, and have a default for the country."""

    class Buyer(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "buyers"
        id: Mapped[int] = mapped_column(primary_key=True)
        full_name: Mapped[str] = mapped_column("name", String(80))
        shop: Mapped[int]
        country: Mapped[str] = mapped_column(String(2), server_default="NL")
        city: Mapped[str] = mapped_column(String(20), default="Delft")

    return Buyer


def test_other_required_columns_are_named(make_shop: MakeShop) -> None:
    """By the attributes of the model, all at once, with what to do."""
    shop = make_shop(needing_more)
    complaint = told(shop.app, "create-user", "new@example.org")
    assert "Error: Buyer needs full_name, shop. Give the model a default" in complaint
    assert "ratchet.hash_new_password()" in complaint
    assert ratchet(shop.app, "list").stdout == ""


def test_a_model_with_a_constructor_of_its_own(make_shop: MakeShop) -> None:
    """What it wants is said."""

    def strict(db: SQLAlchemy) -> Model:
        class Buyer(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
            __tablename__ = "buyers"
            id: Mapped[int] = mapped_column(primary_key=True)

            def __init__(self, full_name: str) -> None:
                self.email = full_name

        return Buyer

    complaint = told(make_shop(strict).app, "create-user", "new@example.org")
    assert "Buyer cannot be made of name and password alone" in complaint
    assert "ratchet.hash_new_password()" in complaint


def test_two_users_of_one_address_are_refused_without_a_constraint(make_stranger: MakeStranger) -> None:
    """A host's own column may not be unique; the address is written as a sign-in asks for it."""
    host = make_stranger("plain text")
    assert ratchet(host.app, "create-user", " New@example.org", line=NEW).exit_code == 0
    assert "already exists" in told(host.app, "create-user", "new@example.org")
    assert ratchet(host.app, "list").stdout == "1  new@example.org\n"
    assert Browser(host.app).sign_in("NEW@example.org", NEW).status_code == 200


def test_two_commands_at_once_create_one_user(site: Flask) -> None:
    """The constraint of the database decides, and its refusal is the same sentence."""
    with just_before(site, "INSERT", lambda: add_user(site, "new@example.org")):
        assert "already exists" in told(site, "create-user", "new@example.org")


def by_name_only(db: SQLAlchemy) -> Model:
    """Users without addresses."""

    class Pupil(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "pupils"
        email = None  # type: ignore[assignment]  # the documented way
        id: Mapped[int] = mapped_column(primary_key=True)

    return Pupil


def by_either(db: SQLAlchemy) -> Model:
    """Users of whom not everybody has an address."""

    class Pupil(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "pupils"
        id: Mapped[int] = mapped_column(primary_key=True)
        email: Mapped[str | None] = mapped_column(Identifier, unique=True)  # type: ignore[assignment]

    return Pupil


@pytest.mark.parametrize("make_model", [by_name_only, by_either])
def test_a_user_name_is_enough_where_the_model_needs_no_address(
    make_shop: MakeShop, make_model: Callable[[SQLAlchemy], Model]
) -> None:
    """NAME is then a user name."""
    shop = make_shop(make_model)
    assert ratchet(shop.app, "create-user", "Grace", line=NEW).exit_code == 0
    assert Browser(shop.app).sign_in("grace", NEW).status_code == 200
    assert ratchet(shop.app, "create-user", "bob", "--username", "rob", line=NEW).exit_code == 2


def test_a_name_that_the_model_has_not(make_shop: MakeShop, make_stranger: MakeStranger) -> None:
    """An address, or a user name, that could not be stored."""
    by_name, by_address = make_shop(by_name_only), make_stranger("no username")
    assert "has no email" in told(by_name.app, "create-user", "a@example.org")
    assert "has no username" in told(by_address.app, "create-user", "a@example.org", "--username", "ada")


def test_a_key_that_the_host_gives(make_stranger: MakeStranger) -> None:
    """UUIDs and columns of other names work like numbers."""
    for kind in ("uuid", "renamed", "joined above"):
        host = make_stranger(kind)
        assert ratchet(host.app, "create-user", "new@example.org", line=NEW).exit_code == 0
        assert ratchet(host.app, "set-password", "new@example.org", line=PASSWORD).exit_code == 0
        assert Browser(host.app).sign_in("new@example.org").status_code == 200
        assert "  new@example.org" in ratchet(host.app, "list").stdout


@pytest.mark.parametrize("command", [("create-user", "a@b"), ("list",), ("block", "ada"), ("sessions", "1")])
def test_a_database_without_tables(
    empty_database: str, make_site: MakeSite, command: tuple[str, ...]
) -> None:
    """A sentence with the cure, and no trace."""
    site = make_site(SQLALCHEMY_DATABASE_URI=empty_database)
    complaint = told(site, *command)
    assert "The database failed" in complaint
    assert complaint.endswith("run the pending migrations (flask db upgrade).")


@pytest.mark.parametrize("command", [["block"], ["unblock"], ["set-password"], ["delete", "--yes"]])
def test_a_name_that_is_the_id_of_somebody_else_names_nobody(
    site: Flask, ada: str, command: list[str]
) -> None:
    """Anybody can choose a user name; the command would otherwise change the wrong account."""
    other = add_user(site, "eve@example.org", ada)
    before = stored(site, ada), stored(site, other)
    assert "the id of another one" in told(site, *command, ada)
    assert (stored(site, ada), stored(site, other)) == before
