"""A user who is deleted is out everywhere, although the row that would say so is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.auth import Ratchet, UserNotFound
from app.auth.sessions import deletion
from app.auth.sessions.revocation import MAX_GAP, POLL_SECONDS
from app.auth.signals import session_ended
from app.db import db
from app.models import User
from app.site import ratchet
from tests.support.browser import Browser, bearer, refusal
from tests.support.clock import Clock
from tests.support.hosts.shapes import SHAPES
from tests.support.hosts.strangers import MakeStranger, Stranger
from tests.support.sites import MakeSite, add_user

from ...support.rows import delete as delete_row
from ...support.rows import just_before

OPEN_VIEW = "/account/sessions/nobody/end"
"""A view of the site that wants an access token and never asks the row; nobody has a session of that name."""

NEW = "a long enough new password"
Meanwhile = Callable[[Callable[[], object]], None]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Meanwhile:
    """Say what happens in each second for which a deletion waits; the clock goes on with it."""

    def say(happens: Callable[[], object]) -> None:
        def wait(seconds: float) -> None:
            for _ in range(int(seconds)):
                clock.advance(1)
                happens()

        monkeypatch.setattr(deletion, "sleep", wait)

    say(lambda: None)
    return say


def delete(site: Flask, subject: str) -> None:
    """What a host does."""
    with site.app_context():
        ratchet.delete(db.session.get(User, int(subject)))


def access_of(browser: Browser) -> dict[str, str]:
    """The header with a fresh access token of this browser, with which no cookie is needed."""
    reply = browser.refresh()
    assert reply.json is not None
    return bearer(reply.json["access_token"])


@pytest.mark.usefixtures("meanwhile")
def test_a_deleted_user_is_gone(signed_in: Browser, site: Flask, ada: str) -> None:
    """No row, no refresh, no sign-in, and each session's end is told with its reason."""
    told: list[str] = []

    def note(_sender: Flask, *, reason: str, **_: object) -> None:
        told.append(reason)

    with session_ended.connected_to(note):
        delete(site, ada)
    with site.app_context():
        assert db.session.get(User, int(ada)) is None
    assert refusal(signed_in.refresh()) == (401, "refresh_token_invalid")
    assert refusal(Browser(site).sign_in()) == (401, "invalid_credentials")
    assert told == ["deleted"]


def test_a_node_that_was_idle_serves_a_deleted_user_no_more(
    make_site: MakeSite, signed_in: Browser, site: Flask, ada: str, clock: Clock, meanwhile: Meanwhile
) -> None:
    """It comes back after the row is gone, and looks at the row of each session again."""
    meanwhile(lambda: None)
    there = make_site().test_client()
    access = access_of(signed_in)
    assert there.post(OPEN_VIEW, headers=access).status_code == 303
    delete(site, ada)
    clock.advance(60)
    assert there.post(OPEN_VIEW, headers=access).status_code == 401


def test_another_node_serves_a_deleted_user_no_more(
    make_site: MakeSite, signed_in: Browser, site: Flask, ada: str, clock: Clock, meanwhile: Meanwhile
) -> None:
    """A node that is asked all the while learns of the end before the row that tells it is gone."""
    there = make_site().test_client()
    access = access_of(signed_in)
    assert there.post(OPEN_VIEW, headers=access).status_code == 303
    meanwhile(lambda: there.post(OPEN_VIEW, headers=access))
    delete(site, ada)
    clock.advance(1)
    assert there.post(OPEN_VIEW, headers=access).status_code == 401
    assert signed_in.client.post(OPEN_VIEW, headers=access).status_code == 401


def test_nobody_signs_in_while_a_deletion_waits(site: Flask, ada: str, meanwhile: Meanwhile) -> None:
    """From its first write on the user is blocked."""
    answers: list[Any] = []
    meanwhile(lambda: answers.append(refusal(Browser(site).sign_in())))
    delete(site, ada)
    assert answers
    assert set(answers) == {(403, "account_blocked")}


@pytest.mark.usefixtures("meanwhile")
def test_a_deletion_commits_nothing_of_the_hosts(site: Flask, ada: str) -> None:
    """What is pending in ``db.session`` stays pending."""
    other = add_user(site, "bob@example.org", "bob")
    with site.app_context():
        user, bob = db.session.get(User, int(ada)), db.session.get(User, int(other))
        assert bob is not None
        bob.username = "robert"
        ratchet.delete(user)
        db.session.rollback()
        assert bob.username == "bob"


@pytest.mark.usefixtures("meanwhile")
def test_a_user_who_was_never_saved_cannot_be_deleted(site: Flask) -> None:
    """There is no row, and the host is told so."""
    with site.app_context(), pytest.raises(UserNotFound):
        ratchet.delete(User(email="new@example.org"))


@pytest.mark.usefixtures("meanwhile")
def test_a_deletion_may_be_asked_for_again(site: Flask, ada: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose request died on the way asks once more; when the row is gone, it is told so."""

    def die(_seconds: float) -> None:
        raise KeyboardInterrupt

    with site.app_context():
        user = db.session.get(User, int(ada))
        with monkeypatch.context() as patched:
            patched.setattr(deletion, "sleep", die)
            with pytest.raises(KeyboardInterrupt):
                ratchet.delete(user)
        ratchet.delete(user)
        with pytest.raises(UserNotFound):
            ratchet.delete(user)


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(ratchet.block, id="block"),
        pytest.param(ratchet.unblock, id="unblock"),
        pytest.param(ratchet.end_sessions, id="end_sessions"),
        pytest.param(lambda user: ratchet.set_password(user, NEW), id="set_password"),
        pytest.param(ratchet.delete, id="delete"),
    ],
)
@pytest.mark.usefixtures("meanwhile")
def test_what_a_host_does_to_a_user_who_is_gone_says_so(
    site: Flask, ada: str, operation: Callable[[Any], None]
) -> None:
    """Nobody is told that a user is blocked who does not exist; any LookupError handler will do."""
    with site.app_context():
        user = db.session.get(User, int(ada))
        delete_row(site, ada)
        with pytest.raises(UserNotFound, match="There is no such user") as caught:
            operation(user)
    assert isinstance(caught.value, LookupError)


def test_a_view_that_acts_on_a_user_who_is_gone_is_not_found(make_stranger: MakeStranger) -> None:
    """The error is one of ours, and is answered like the others."""
    stranger = make_stranger()

    @stranger.app.post("/block")
    def block() -> str:
        stranger.ratchet.block(stranger.model(id=99))
        return "Blocked."

    assert refusal(stranger.app.test_client().post("/block")) == (404, "not_found")


def test_a_session_of_a_user_who_is_gone_is_over(signed_in: Browser, site: Flask, ada: str) -> None:
    """Whoever holds its tokens learns no more than of any other session, and can still sign out."""
    delete_row(site, ada)
    assert refusal(signed_in.refresh()) == (401, "refresh_token_invalid")
    assert signed_in.sign_out().status_code == 204


def test_a_user_who_is_deleted_during_a_sign_in_is_nobody(site: Flask, ada: str) -> None:
    """The password was right a moment ago; the answer is that for a user who does not exist."""
    with just_before(site, "UPDATE", lambda: delete_row(site, ada)):
        reply = Browser(site).sign_in()
    assert refusal(reply) == (401, "invalid_credentials")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.usefixtures("meanwhile")
def test_a_user_of_any_shape_is_deleted_from_every_table(make_stranger: MakeStranger, shape: str) -> None:
    """The mapping says which rows a user has; another user's stay."""
    stranger = make_stranger(shape)
    key = stranger.add_user("ada@example.org")
    stranger.add_user()
    with stranger.app.app_context():
        before = count_rows(stranger)
        stranger.ratchet.delete(stranger.db.session.get(stranger.model, key))
        assert all(rows in (2 * left, 0) for rows, left in zip(before, count_rows(stranger), strict=True))
    assert stranger.signed_in().me().status_code == 200


def count_rows(stranger: Stranger) -> list[int]:
    """How many rows each table of the app has now, in whatever isolation."""
    stranger.db.session.rollback()
    tables = stranger.db.metadata.sorted_tables
    count = stranger.db.func.count()
    return [stranger.db.session.scalar(stranger.db.select(count).select_from(table)) for table in tables]


def with_posts(stranger: Stranger, cascade: str, *, in_key: bool = False) -> Any:
    """Posts that a user of the app has written; the column is not empty, or part of their key."""

    class Post(stranger.db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "shape_posts"
        id: Mapped[int] = mapped_column(primary_key=True)
        author_id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=in_key)

    stranger.model.posts = relationship(Post, cascade=cascade)
    with stranger.app.app_context():
        stranger.db.create_all()
        key = stranger.add_user()
        stranger.db.session.add(Post(id=1, author_id=key))
        stranger.db.session.commit()
    return key


@pytest.mark.parametrize("in_key", [False, True], ids=["by a column", "by their key"])
@pytest.mark.usefixtures("meanwhile")
def test_a_row_that_others_refer_to_stays_blocked(make_stranger: MakeStranger, *, in_key: bool) -> None:
    """The host is told what is in the way; meanwhile the user is out."""
    stranger = make_stranger()
    key = with_posts(stranger, "save-update", in_key=in_key)
    browser = stranger.signed_in()
    with stranger.app.app_context():
        user: Any = stranger.db.session.get(stranger.model, key)
        with pytest.raises(RuntimeError, match=f"user {key} is signed out and blocked, but not deleted"):
            stranger.ratchet.delete(user)
        assert user.blocked
    assert refusal(browser.refresh()) == (401, "refresh_token_invalid")
    assert refusal(Browser(stranger.app).sign_in("grace@example.org")) == (403, "account_blocked")


@pytest.mark.usefixtures("meanwhile")
def test_a_deletion_takes_along_what_the_model_says(make_stranger: MakeStranger) -> None:
    """The host's cascades are kept."""
    stranger = make_stranger()
    key = with_posts(stranger, "all, delete-orphan")
    with stranger.app.app_context():
        stranger.ratchet.delete(stranger.db.session.get(stranger.model, key))
        assert sum(count_rows(stranger)) == 0


def test_a_deletion_waits_longer_than_it_takes_to_learn_of_an_end() -> None:
    """Three questions of a process that is asked all the while fit into it."""
    assert deletion.DELETE_AFTER >= MAX_GAP + POLL_SECONDS
    assert "three seconds" in (Ratchet.delete.__doc__ or "")
