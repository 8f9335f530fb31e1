"""The operations on sessions, on a row in memory: what they write and refuse, and what a lost race does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, cast

import pytest
from flask import Flask

from app.auth.errors import (
    InvalidCredentials,
    RatchetError,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionStolen,
    TokenInvalid,
    Unavailable,
    UserNotFound,
)
from app.auth.lifecycle.account import Account, EndedSession, SessionOptions, SessionRef
from app.auth.lifecycle.rotation import Session
from app.auth.sessions.issuer import NO_EVIDENCE, Evidence, IssuedTokens, TokenIssuer
from app.auth.sessions.reader import SessionReader
from app.auth.sessions.revocation import RevocationCache
from app.auth.sessions.service import SessionService
from app.auth.signals import session_ended
from app.auth.storage.accounts import AccountStore

from ...support.samples import DAY, NOW, account, load_settings, session

SETTINGS = load_settings()
TOKEN_ISSUER = TokenIssuer(SETTINGS)
PHONE, LAPTOP = session(id="phone"), session(id="laptop", served_at=NOW - 30)
TOKENS = {item.id: TOKEN_ISSUER.issue(account(), item, NOW).refresh_token for item in (PHONE, LAPTOP)}
ACCESS = TOKEN_ISSUER.issue(account(), PHONE, NOW).access_token
OLD = TOKEN_ISSUER.issue(account(), session(id="phone", current="older"), NOW).refresh_token
GONE = TOKEN_ISSUER.issue(account(), session(id="gone"), NOW).refresh_token
LATE = TOKEN_ISSUER.issue(account(), session(id="signed out"), NOW).refresh_token
GONE_ACCESS = TOKEN_ISSUER.issue(account(), session(id="gone"), NOW).access_token
HERE = SessionRef("7", "phone")


class Row:
    """A row that loses as many races as it is told, and counts how often it was asked."""

    def __init__(self, losses: int = 0, **changes: Any) -> None:
        self.account = account(**{"sessions": (PHONE, LAPTOP), **changes})
        self.losses, self.loads, self.columns = losses, 0, dict[str, Any]()
        self.clock_reads = 0
        self.asked: list[tuple[str, type[RatchetError]]] = []
        self.now, self.revocations = NOW, RevocationCache(lambda _: [], 600)

    def load(self, subject: str, *, even_hidden: bool = False) -> Account | None:  # noqa: ARG002  # the store's
        """The account as it is now."""
        self.loads += 1
        return self.account if subject == self.account.subject else None

    def on_one_connection(self) -> AbstractContextManager[None]:
        """There are no connections."""
        return nullcontext()

    def compare_and_swap(self, before: Account, sessions: tuple[Session, ...], **columns: Any) -> bool:
        """Write, unless this race is one to be lost."""
        self.losses -= 1
        if self.losses >= 0 or before is not self.account:
            return False
        self.columns = columns
        self.account = replace(before, sessions=sessions, ended=columns["ended"] or before.ended)
        return True

    @property
    def service(self) -> SessionService:
        """The operations on this row."""
        store = cast("AccountStore", self)
        return SessionService(
            SETTINGS, store, TOKEN_ISSUER, self.revocations, self.reader, self.clock, self.ask_host
        )

    def ask_host(self, subject: str, missing: type[RatchetError]) -> str:
        """The host has nothing to say; what it was asked is kept."""
        self.asked.append((subject, missing))
        return ""

    @property
    def reader(self) -> SessionReader:
        """The questions about this row."""
        store = cast("AccountStore", self)
        return SessionReader(SETTINGS, store, TOKEN_ISSUER, self.revocations, self.clock)

    def clock(self) -> float:
        """Seconds since the epoch; each answer is counted."""
        self.clock_reads += 1
        return self.now

    @property
    def left(self) -> list[str]:
        """The ids of its sessions."""
        return [item.id for item in self.account.sessions]


@pytest.mark.parametrize("losses", [0, 1, 19], ids=["no race", "one race", "all but the last"])
def test_an_operation_that_loses_is_decided_anew(losses: int) -> None:
    """Who loses loads again, and lands in the end."""
    row = Row(losses)
    row.service.end(HERE)
    assert row.left == ["laptop"]
    assert row.loads == losses + 1


def test_an_operation_that_loses_twenty_times_is_given_up() -> None:
    """It changes nothing, and the client is told to come again."""
    row = Row(20)
    with pytest.raises(Unavailable):
        row.service.end(HERE)
    assert (row.left, row.loads) == (["phone", "laptop"], 20)


def test_a_new_session_is_what_was_wished() -> None:
    """It begins now and has its absolute limit; the password was given now."""
    row = Row(sessions=())
    issued = row.service.start(row.account, SessionOptions(remember=True, delivery="body", label="Watch"))
    made = issued.session
    assert (made.remember, made.delivery, made.label) == (True, "body", "Watch")
    assert made.served_at == made.started_at == made.auth_time == NOW
    assert made.expires_at == NOW + SETTINGS.session_ttl
    assert made.parent is None
    assert len({made.id, made.current}) == 2
    assert row.left == [made.id]
    assert row.loads == 0, "the caller has just loaded the account"
    assert made.started_by == ""


def test_a_session_that_another_started_is_no_fresher_than_that() -> None:
    """It remembers which one started it, and the sign-in is that one's."""
    row = Row()
    made = row.service.start(
        row.account, SessionOptions(), started_by=session(id="phone", auth_time=5.0)
    ).session
    assert (made.started_by, made.auth_time, made.started_at) == ("phone", 5.0, NOW)


def test_a_session_that_is_replaced_ends_with_the_start() -> None:
    """A browser that signs in again holds one session, not two."""
    row = Row()
    row.service.start(row.account, SessionOptions(), replaces=HERE)
    assert "phone" not in row.left
    assert len(row.left) == 2


@pytest.mark.parametrize("presented", [[OLD, TOKENS["phone"]], [GONE, TOKENS["phone"]]], ids=["old", "gone"])
def test_an_old_cookie_beside_the_current_one_is_passed_over(presented: list[str]) -> None:
    """Each candidate is tried, and the one that holds is honoured."""
    row = Row()
    assert row.service.refresh(presented).session.id == "phone"
    assert row.left == ["phone", "laptop"]


def test_an_old_token_alone_is_a_theft() -> None:
    """The session is off the row before the refusal is heard, and remembered as stolen."""
    expired = session(id="expired", expires_at=NOW)
    tool = session(id="tool", started_by="phone")
    row = Row(sessions=(PHONE, LAPTOP, expired, tool))
    with pytest.raises(RefreshTokenReused):
        row.service.refresh([OLD])
    assert row.left == ["laptop"]
    stolen = {entry.session_id: entry.by_theft for entry in row.account.ended}
    assert stolen == {"phone": True, "tool": True, "expired": False}


@pytest.mark.parametrize("presented", [[GONE], [GONE, LATE], [LATE, GONE]])
def test_whoever_was_robbed_is_told(presented: list[str]) -> None:
    """The refusal of the one who comes after the theft says what it was, also beside another dead cookie."""
    with pytest.raises(SessionStolen):
        Row(ended=(EndedSession("gone", NOW - DAY, by_theft=True),)).service.refresh(presented)


def test_nothing_authentic_is_refused() -> None:
    """Without a token that is ours there is nobody to ask for."""
    row = Row()
    with pytest.raises(RefreshTokenInvalid):
        row.service.refresh(["no.token.atall"])
    assert row.loads == 0


@pytest.mark.parametrize(
    ("refresh", "access", "scope", "left"),
    [
        pytest.param([TOKENS["phone"]], [], "session", ["laptop"], id="one's own, by the refresh token"),
        pytest.param([], [ACCESS], "session", ["laptop"], id="one's own, by the access token"),
        pytest.param([OLD], [], "session", ["laptop"], id="one's own, by an old token"),
        pytest.param([TOKENS["phone"]], [], "others", ["phone"], id="all others"),
        pytest.param([], [ACCESS], "others", ["phone"], id="all others, by the access token"),
        pytest.param([TOKENS["phone"]], [], "all", [], id="all"),
    ],
)
def test_which_sessions_a_sign_out_ends(
    refresh: list[str], access: list[str], scope: str, left: list[str]
) -> None:
    """Each row is what is presented, how far it is to go, and what is left."""
    row = Row()
    row.service.sign_out(refresh, Evidence(tuple(access)), scope)
    assert row.left == left
    assert all(not entry.by_theft and entry.ended_at == NOW for entry in row.account.ended)
    assert {entry.session_id for entry in row.account.ended} == {"phone", "laptop"} - set(left)


@pytest.mark.parametrize(
    ("end", "gone"),
    [
        pytest.param(lambda service: service.end(HERE), ["phone"], id="one"),
        pytest.param(lambda service: service.end_others(HERE), ["laptop"], id="all others"),
        pytest.param(lambda service: service.end_all("7"), ["phone", "laptop"], id="all"),
        pytest.param(
            lambda service: service.sign_out([TOKENS["phone"]], NO_EVIDENCE, "session"),
            ["phone"],
            id="a sign-out",
        ),
        pytest.param(
            lambda service: service.sign_out([TOKENS["phone"]], NO_EVIDENCE, "others"),
            ["laptop"],
            id="of the others",
        ),
        pytest.param(
            lambda service: service.sign_out([TOKENS["phone"]], NO_EVIDENCE, "all"),
            ["phone", "laptop"],
            id="of all",
        ),
    ],
)
def test_an_end_that_is_wished_for_is_told_as_a_sign_out(
    end: Callable[[SessionService], None], gone: list[str]
) -> None:
    """Who listens hears of each session that ended, and that its user wanted it so."""
    told: list[tuple[str, str, str]] = []

    def note(_sender: Flask, *, subject: str, session: Session, reason: str) -> None:
        told.append((subject, session.id, reason))

    with session_ended.connected_to(note):
        end(Row().service)
    assert told == [("7", name, "signed_out") for name in gone]


@pytest.mark.parametrize(
    ("given", "reason"), [({}, "blocked"), ({"reason": "deleted"}, "deleted")], ids=["by itself", "deleted"]
)
def test_a_block_is_told_with_its_reason(given: dict[str, str], reason: str) -> None:
    """Every session ends, for the reason of whoever blocks."""
    told: list[str] = []

    def note(_sender: Flask, *, subject: str, session: Session, reason: str) -> None:
        assert subject == "7"
        told.append(f"{session.id}: {reason}")

    with session_ended.connected_to(note):
        Row().service.block("7", **given)  # type: ignore[arg-type]  # a text for each name
    assert told == [f"phone: {reason}", f"laptop: {reason}"]


@pytest.mark.parametrize("scope", ["others", "all"])
def test_an_old_token_ends_its_own_session_only(scope: str) -> None:
    """For more than that it has to be alive."""
    row = Row()
    with pytest.raises(RefreshTokenInvalid):
        row.service.sign_out([OLD], NO_EVIDENCE, scope)
    assert row.left == ["laptop"]


@pytest.mark.parametrize("scope", ["others", "all"])
def test_an_access_token_of_an_ended_session_speaks_for_nobody(scope: str) -> None:
    """It may be alive for minutes after its session; a thief must not end the others with it."""
    row = Row()
    with pytest.raises(RefreshTokenInvalid):
        row.service.sign_out([], Evidence((GONE_ACCESS,)), scope)
    assert row.left == ["phone", "laptop"]


def test_an_end_is_known_at_once_where_it_was_written() -> None:
    """The process that ended a session takes none of its access tokens any more."""
    row = Row()
    row.service.end(HERE)
    assert row.revocations.is_revoked(HERE, NOW)
    assert not row.revocations.is_revoked(SessionRef("7", "laptop"), NOW)


def test_an_end_that_was_not_written_is_not_known() -> None:
    """Where every race was lost the session is alive, and so are its access tokens."""
    row = Row(20)
    with pytest.raises(Unavailable):
        row.service.end(HERE)
    assert not row.revocations.is_revoked(HERE, NOW)


def test_a_rotation_writes_nothing_of_ended_sessions() -> None:
    """Where none ended with it the short statement does, and what the row remembers stays."""
    row = Row(ended=(EndedSession("gone", NOW - 1),))
    row.service.refresh([TOKENS["phone"]])
    assert row.columns == {"ended": (), "same_hash": False}


STRANGER = SessionRef("8", "phone")
OF_NOBODY = account(key=8)
NOBODYS = TOKEN_ISSUER.issue(OF_NOBODY, PHONE, NOW).refresh_token


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(lambda service: service.end_all("8"), id="signing out everywhere"),
        pytest.param(lambda service: service.block("8"), id="a block"),
        pytest.param(lambda service: service.block("8", blocked=False), id="the end of a block"),
        pytest.param(lambda service: service.reset("8", "new"), id="a password that the host sets"),
    ],
)
def test_what_is_done_to_a_user_who_is_not_there_says_so(operation: Callable[[SessionService], None]) -> None:
    """Nobody is told that a user is blocked who does not exist."""
    row = Row()
    with pytest.raises(UserNotFound, match="There is no such user") as caught:
        operation(row.service)
    assert isinstance(caught.value, LookupError)
    assert row.left == ["phone", "laptop"]


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        pytest.param(lambda service: service.refresh([NOBODYS]), RefreshTokenInvalid, id="a refresh"),
        pytest.param(
            lambda service: service.refresh([NOBODYS, GONE]),
            RefreshTokenInvalid,
            id="a refresh with two tokens",
        ),
        pytest.param(
            lambda service: service.start(OF_NOBODY, SessionOptions()), InvalidCredentials, id="a sign-in"
        ),
        pytest.param(
            lambda service: service.restart(OF_NOBODY, PHONE, "new"), InvalidCredentials, id="a new password"
        ),
        pytest.param(
            lambda service: service.sign_out([NOBODYS], NO_EVIDENCE, "all"),
            RefreshTokenInvalid,
            id="a sign-out everywhere",
        ),
    ],
)
def test_a_user_who_is_gone_is_refused_like_anybody(
    operation: Callable[[SessionService], object], error: type[Exception]
) -> None:
    """Whoever holds a token of theirs, or their password, learns no more than any other."""
    row = Row(losses=1)  # the account that a sign-in has loaded is not the row's any more
    with pytest.raises(error) as caught:
        operation(row.service)
    assert type(caught.value) is error


def test_a_session_of_nobody_can_be_ended() -> None:
    """A token is older than the deletion of its user, and a sign-out is done in any case."""
    row = Row()
    row.service.end(STRANGER)
    row.service.end_others(STRANGER)
    row.service.sign_out([NOBODYS], NO_EVIDENCE, "session")
    assert row.left == ["phone", "laptop"]


def test_a_user_who_is_deleted_during_a_sign_out_everywhere_is_signed_out() -> None:
    """The row was there when the token was looked at, and is gone a moment later."""
    row = Row()
    load = row.load

    def load_once(subject: str, *, even_hidden: bool = False) -> Account | None:
        return load(subject, even_hidden=even_hidden) if row.loads == 0 else None

    row.load = load_once  # type: ignore[method-assign]  # the row that vanishes
    row.service.sign_out([TOKENS["phone"]], NO_EVIDENCE, "all")
    assert row.loads == 1


def test_a_block_and_its_end_are_written_with_the_sessions() -> None:
    """One write keeps a user out; one lets them in again."""
    row = Row()
    row.service.block("7")
    assert (row.left, row.columns["blocked"]) == ([], True)
    row = Row(blocked=True)
    row.service.block("7", blocked=False)
    assert (row.left, row.columns["blocked"]) == (["phone", "laptop"], False)


def test_only_a_live_session_is_found() -> None:
    """Not one that is over, that is not there, or whose user may not sign in."""
    assert Row().reader.find(HERE)[1] is PHONE
    for row, ref, now in (
        (Row(), SessionRef("7", "gone"), NOW),
        (Row(), SessionRef("8", "phone"), NOW),
        (Row(blocked=True), HERE, NOW),
        (Row(), HERE, PHONE.expires_at),
    ):
        row.now = now
        with pytest.raises(TokenInvalid):
            row.reader.find(ref)


@pytest.mark.parametrize(
    ("token", "now", "honoured"),
    [
        pytest.param(TOKENS["phone"], NOW, True, id="the current token"),
        pytest.param(OLD, NOW, False, id="an old token"),
        pytest.param(GONE, NOW, False, id="a token of a session that is gone"),
        pytest.param(TOKENS["phone"], NOW + 20 * DAY, False, id="a token of a session idle too long"),
    ],
)
def test_which_tokens_would_be_honoured(token: str, now: float, *, honoured: bool) -> None:
    """Each row is a token and a moment; asking changes nothing."""
    row = Row()
    claims = TOKEN_ISSUER.valid_refresh([token], NOW)
    row.now = now
    assert row.reader.honoured([token, "no.token.atall"]) == (claims if honoured else [])
    assert row.left == ["phone", "laptop"]


def test_live_sessions_come_with_the_latest_first() -> None:
    """What ran out is left out."""
    over = session(id="over", expires_at=NOW)
    row = Row(sessions=(PHONE, over, LAPTOP))
    assert row.reader.live(row.account) == (LAPTOP, PHONE)


def test_what_changes_nothing_is_not_written() -> None:
    """A repeat within a tenth of the leeway costs a read and no write."""
    row = Row(losses=99, sessions=(session(made_at=NOW, shown_at=NOW, served_at=NOW),))
    assert row.service.refresh([TOKENS["phone"]]).session.id == "phone"
    assert row.losses == 99


def test_what_ran_out_goes_with_the_next_write() -> None:
    """No job cleans up, and an end that nobody asked for is noted like any other."""
    row = Row(sessions=(PHONE, session(id="over", expires_at=NOW)))
    row.service.refresh([TOKENS["phone"]])
    assert row.left == ["phone"]
    assert row.account.ended == (EndedSession("over", NOW),)


@pytest.mark.parametrize(
    ("operation", "same_hash"),
    [
        pytest.param(lambda row: row.service.start(row.account, SessionOptions()), True, id="a sign-in"),
        pytest.param(lambda row: row.service.restart(row.account, PHONE, "new"), True, id="a new password"),
        pytest.param(lambda row: row.service.refresh([TOKENS["phone"]]), False, id="a refresh"),
        pytest.param(lambda row: row.service.end(HERE), False, id="an end"),
        pytest.param(lambda row: row.service.end_all("7"), False, id="the end of all"),
        pytest.param(lambda row: row.service.block("7"), False, id="a block"),
        pytest.param(lambda row: row.service.reset("7", "new"), False, id="a reset by the host"),
    ],
)
def test_which_writes_hang_on_the_password(operation: Callable[[Row], object], *, same_hash: bool) -> None:
    """Those that were decided on it; the others say nothing of a column that the host may encrypt."""
    row = Row()
    operation(row)
    assert row.columns["same_hash"] is same_hash


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(lambda row: row.service.start(row.account, SessionOptions()), id="a sign-in"),
        pytest.param(lambda row: row.service.restart(row.account, PHONE, "new"), id="a new password"),
        pytest.param(lambda row: row.service.refresh([TOKENS["phone"]]), id="a refresh"),
    ],
)
def test_a_session_that_was_just_written_is_known_to_be_live(
    operation: Callable[[Row], IssuedTokens],
) -> None:
    """The first access token of a session is taken without another look at the row."""
    row = Row(losses=1)
    issued = operation(row)
    loads = row.loads
    assert row.reader.read_access(issued.access_token).session_id == issued.session.id
    assert row.loads == loads


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(lambda row: row.service.start(row.account, SessionOptions()), id="a sign-in"),
        pytest.param(lambda row: row.service.refresh([TOKENS["phone"]]), id="a refresh"),
        pytest.param(lambda row: row.service.refresh([OLD, TOKENS["phone"]]), id="a refresh with two tokens"),
        pytest.param(
            lambda row: row.service.start(row.account, SessionOptions(), replaces=SessionRef("8", "phone")),
            id="a sign-in over the session of another user",
        ),
        pytest.param(lambda row: row.service.end(HERE), id="an end"),
        pytest.param(lambda row: row.service.end_others(HERE), id="an end of the others"),
        pytest.param(lambda row: row.service.end_all("7"), id="an end of all"),
        pytest.param(
            lambda row: row.service.sign_out(list(TOKENS.values()), NO_EVIDENCE, "session"),
            id="a sign-out with two tokens",
        ),
        pytest.param(
            lambda row: row.service.sign_out([TOKENS["phone"]], NO_EVIDENCE, "others"),
            id="a sign-out of the others",
        ),
        pytest.param(
            lambda row: row.service.sign_out([TOKENS["phone"]], NO_EVIDENCE, "all"), id="a sign-out of all"
        ),
        pytest.param(lambda row: row.reader.has_just_started(PHONE), id="the age of a session"),
        pytest.param(lambda row: row.reader.read_access(ACCESS), id="the reading of an access token"),
        pytest.param(lambda row: row.reader.honoured([OLD, TOKENS["phone"]]), id="a question"),
        pytest.param(
            lambda row: row.service.acting_session([OLD], Evidence((ACCESS,))), id="whose request this is"
        ),
    ],
)
def test_an_operation_reads_the_clock_once(operation: Callable[[Row], object]) -> None:
    """However many races it loses: what is decided twice is decided for one moment."""
    row = Row(losses=2)
    operation(row)
    assert row.clock_reads == 1


def test_a_host_can_be_asked_about_a_live_session() -> None:
    """Before its next refresh is, which the host would refuse."""
    row = Row()
    row.service.check_host(HERE)
    assert row.asked == [(HERE.subject, TokenInvalid)]


@pytest.mark.parametrize(
    ("operation", "loads"),
    [
        pytest.param(lambda row: row.service.refresh([TOKENS["phone"]]), 1, id="a refresh"),
        pytest.param(lambda row: row.service.start(row.account, SessionOptions()), 0, id="a sign-in"),
        pytest.param(lambda row: row.service.restart(row.account, PHONE, "new"), 0, id="a new password"),
    ],
)
def test_an_operation_reads_the_row_no_more_often_than_it_has_to(
    operation: Callable[[Row], object], loads: int
) -> None:
    """What the caller has just read is not read again, and one token needs no comparison with others."""
    row = Row()
    operation(row)
    assert row.loads == loads
