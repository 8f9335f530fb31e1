"""The rule: what becomes of a session when a refresh token is presented. All of it lives here.

A session hands out one refresh token at a time. The *current* token is the one it will rotate next, the
*parent* the one that current replaced. Browsers are clumsy: two tabs present the same token, a reply is
lost on the way, replies overtake one another. Thieves are patient: they present a copy weeks later. The
rule tells the two apart without a lock, a table of old tokens or a guess:

====  =====================================================  =========  ===============================
step  when token ``t`` is presented at ``now``               verdict    next value
====  =====================================================  =========  ===============================
1     no session, past its absolute end, or idle too long    ENDED      dropped
2     ``t`` is neither current nor parent                    REUSE      dropped
3     a parent exists and ``now - served_at < leeway``       REPEAT     ``served_at := now``
4     ``t`` is current                                       ROTATE     ``parent, current := t, fresh``
5     ``t`` is parent                                        RECOVER    ``current := fresh``
====  =====================================================  =========  ===============================

Why an honest browser is never signed out. By step 3 a token stays current for at least one leeway after
it was last handed out, so no reply still under way can carry a token older than the parent. An exchange
that completes, or is given up, within half of (leeway - leeway/10) cannot look like a theft, for any
number of tabs, losses and reorderings. ``served_at`` slides on *every* hand-out, also when current itself
is presented: without that, two tabs produce a false sign-out.

Why a thief cannot ride along. Step 5 orphans what the other party holds. Whoever of thief and victim
moves second presents a token that is neither current nor parent, and step 2 ends the session: it changes
hands at most twice (RFC 9700, section 4.14.2, keeps only this half).

Everything here is a value in, a value out. Time, randomness and state are arguments: nothing in this file
reads a clock, a row, a request or a setting. Times are seconds since the epoch.

Token ids are compared with ``==``: they reach this file out of a verified signature, so the time that a
comparison takes tells an attacker nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

SLIDE_FRACTION = 0.1
"""A hand-out younger than this part of the leeway is not written again (step 3)."""


class Verdict(Enum):
    """What the rule says of a presented refresh token."""

    ENDED = "ended"
    REUSE = "reuse"
    REPEAT = "repeat"
    ROTATE = "rotate"
    RECOVER = "recover"


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in on one device.

    ``current`` and ``parent`` are token ids; ``served_at`` is when current was last handed out,
    ``started_at`` when the session began, ``expires_at`` its absolute end, ``auth_time`` when the person
    last proved who they are. ``remember`` chooses the idle limit and the life of the cookie, ``delivery``
    says where its refresh token travels (``cookie`` or ``body``), ``label`` is what the person calls it.
    ``started_by`` is the id of the session that started this one for another device, if one did.
    """

    id: str
    current: str
    parent: str | None
    served_at: float
    started_at: float
    expires_at: float
    auth_time: float
    remember: bool = False
    delivery: str = "cookie"
    label: str = ""
    started_by: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """The numbers of the rule, in seconds: leeway, and the idle limits with and without *remember*."""

    leeway: float
    idle_ttl: float
    short_ttl: float
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and the next value: None drops the session, the same object needs no write."""

    verdict: Verdict
    session: Session | None


def decide(session: Session | None, token_id: str, now: float, fresh: str, rule: Rule) -> Decision:
    """Decide what becomes of ``session`` when ``token_id`` is presented at ``now``.

    ``fresh`` is a token id that was never used.
    """
    if session is None or is_over(session, now, rule):
        return Decision(Verdict.ENDED, None)
    if token_id != session.current and (rule.strict or token_id != session.parent):
        return Decision(Verdict.REUSE, None)
    age = now - session.served_at
    if session.parent is not None and age < rule.leeway and not rule.strict:
        return Decision(Verdict.REPEAT, _slide(session, age, now, rule))
    if token_id == session.current:
        return Decision(
            Verdict.ROTATE, replace(session, parent=session.current, current=fresh, served_at=now)
        )
    return Decision(Verdict.RECOVER, replace(session, current=fresh, served_at=now))


def _slide(session: Session, age: float, now: float, rule: Rule) -> Session:
    """Note that current was handed out again, unless that was noted a moment ago.

    A negative age is a clock behind the one that wrote. Up to one leeway it is the difference between two
    nodes and the later time stands. Beyond that a clock was wrong and has been set back: ``served_at``
    comes back with it, so that a clock an hour ahead costs two leeways of repeats at most.
    """
    if -rule.leeway < age < rule.leeway * SLIDE_FRACTION:
        return session
    return replace(session, served_at=now)


def ends_at(session: Session, rule: Rule) -> float:
    """When the session ends if nothing more happens: idle or absolute limit, whichever is first."""
    idle_ttl = rule.idle_ttl if session.remember else rule.short_ttl
    return min(session.served_at + idle_ttl, session.expires_at)


def is_over(session: Session, now: float, rule: Rule) -> bool:
    """Whether ``now`` is at or past the session's end."""
    return now >= ends_at(session, rule)


Sessions = tuple[Session, ...]
"""All live sessions of one user."""


def find(sessions: Sessions, session_id: str) -> Session | None:
    """The session of that id."""
    return next((session for session in sessions if session.id == session_id), None)


def live(sessions: Iterable[Session], now: float, rule: Rule) -> Sessions:
    """The sessions that are not over at ``now``."""
    return tuple(session for session in sessions if not is_over(session, now, rule))


def without(sessions: Iterable[Session], *session_ids: str) -> Sessions:
    """All but the named sessions."""
    return tuple(session for session in sessions if session.id not in session_ids)


def family(sessions: Sessions, session_id: str) -> Sessions:
    """The session of that id and those it started; these start none themselves."""
    return tuple(session for session in sessions if session_id in (session.id, session.started_by))


def put(sessions: Sessions, session_id: str, value: Session | None) -> Sessions:
    """The sessions with the one of that id replaced by ``value``, or dropped where that is None."""
    swapped = (value if session.id == session_id else session for session in sessions)
    return tuple(session for session in swapped if session is not None)


def admit(sessions: Sessions, newcomer: Session, most: int) -> tuple[Sessions, Sessions]:
    """Add ``newcomer``; beyond ``most`` sessions the least recently served make way.

    Returns the sessions kept and the sessions that made way.
    """
    by_use = sorted(sessions, key=lambda session: session.served_at)
    surplus = max(0, len(by_use) + 1 - most)
    return (*by_use[surplus:], newcomer), tuple(by_use[:surplus])
