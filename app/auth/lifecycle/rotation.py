"""The rule: what happens to a session when a refresh token is presented. All of it is in this file.

A session hands out one refresh token at a time. The *current* token is the one it will rotate next, the
*parent* the one that current replaced. An honest browser can present the parent, too: two tabs present the
same token, a reply is lost on the way, replies overtake one another. A thief may present a copy weeks later,
or every few seconds. The rule tells them apart without a lock and without a table of old tokens. It keeps
four times:
``made_at``, when current was made; ``shown_at``, when it was made or the parent was last presented;
``served_at``, when current was last handed out; ``confirmed_at``, when current was first presented at an age
of two thirds of the leeway or more.

====  =====================================================  =========  ===============================
step  when token ``t`` is presented at ``now``               verdict    next value
====  =====================================================  =========  ===============================
1     no session, past its absolute end, or idle too long    ENDED      dropped
2     ``t`` is neither current nor parent                    REUSE      dropped
3     ``t`` is parent, and ``now - confirmed_at >= leeway``  REUSE      dropped
4     ``t`` is current, a parent exists,                     REPEAT     ``served_at := now``, and
      and ``now - shown_at < leeway``                                   ``confirmed_at``, if it is time
5     ``t`` is current                                       ROTATE     ``parent, current := t, new_token_id``
6     ``t`` is parent, and ``now - served_at < leeway``      REPEAT     ``served_at, shown_at := now``
7     ``t`` is parent                                        RECOVER    ``current := new_token_id``
====  =====================================================  =========  ===============================

Why an honest browser is never signed out, as long as every exchange completes, or is given up, within a third
of the leeway. Call that time e; current is made at m. A reply with the parent arrives by m + e. A request
that was sent before that with current may still put current back into the cookie jar until m + 2e, and a
request with the parent may leave the browser until then; it is answered before m + 3e, one leeway after m. By
step 4 current does not rotate before that, nor within a leeway of a parent that is still presented. So no
request under way carries anything older than the parent. By step 7 current is replaced only if it was not
handed out for a leeway: no cookie jar has it or will have it. By m + 2e nothing can bring the parent back
into the jar. A browser that presents current from then on will never present the parent again: that is the
confirmation. A request that left with the parent before is answered within e, long before step 3 applies.

Why a thief cannot stay in the session. A thief who presents current rotates it every leeway, and the owner's
token is soon old. A thief who presents the parent again and again is found after the confirmation (step 3).
A thief who uses a token once in a while orphans the owner's token, or the owner orphans his (step 7), and the
orphan ends the session (step 2): the session passes between thief and owner at most twice (RFC 9700, section
4.14.2, asks only for this part). To stay, a thief has to see the owner's renewals and present his token
shortly after each, or to know the shortest and the longest pause between two of them to within three leeways.

Every function takes values and returns values. Time, random ids and state are arguments: nothing in this
file reads a clock, a row, a request or a setting. Times are seconds since the epoch.

Token ids are compared with ``==``: they come from a token whose signature was verified, so the time
that a comparison takes tells an attacker nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from .binding import Device

SLIDE_FRACTION = 0.1
"""A time younger than this part of the leeway is not written again (steps 4 and 6)."""

CONFIRMING_FRACTION = 2 / 3
"""At this part of the leeway two exchanges are over, so a browser that presents current will keep it."""

MAX_LABEL_LENGTH = 64
"""Characters of a session's label."""


class Verdict(Enum):
    """What the rule decides about a presented refresh token."""

    ENDED = "ended"
    REUSE = "reuse"
    REPEAT = "repeat"
    ROTATE = "rotate"
    RECOVER = "recover"


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in on one device.

    ``current`` and ``parent`` are token ids; ``made_at`` is when current was made, ``shown_at`` when it was
    made or the parent was last presented, ``served_at`` when it was last handed out, ``confirmed_at`` when
    the browser confirmed that it has current, None before that. ``started_at`` is when the
    session began, ``expires_at`` its absolute end, ``auth_time`` when the user last signed in.
    ``remember`` chooses the idle limit and the life of the cookie, ``delivery``
    says where its refresh token travels (``cookie`` or ``body``), ``label`` is its name for the user.
    ``started_by`` is the id of the session that started this one for another device, if one did.
    ``device`` is the device that the session is bound to, see binding.py; None if it is not, or not yet.
    """

    id: str
    current: str
    parent: str | None
    made_at: float
    shown_at: float
    served_at: float
    started_at: float
    expires_at: float
    auth_time: float
    remember: bool = False
    delivery: str = "cookie"
    label: str = ""
    started_by: str = ""
    confirmed_at: float | None = None
    device: Device | None = None


@dataclass(frozen=True, slots=True)
class RotationPolicy:
    """The numbers of the rule, in seconds: leeway, and the idle limits with and without *remember*."""

    leeway: float
    idle_ttl: float
    short_ttl: float
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and the next value of the session: None drops it; the same object needs no write."""

    verdict: Verdict
    session: Session | None


def decide(
    session: Session | None, token_id: str, now: float, new_token_id: str, policy: RotationPolicy
) -> Decision:
    """Decide what becomes of ``session`` when ``token_id`` is presented at ``now``.

    ``new_token_id`` is a token id that was never used.
    """
    if session is None or is_over(session, now, policy):
        return Decision(Verdict.ENDED, None)
    if token_id != session.current and not _may_be_late(session, token_id, now, policy):
        return Decision(Verdict.REUSE, None)
    if _stays(session, token_id, now, policy):
        return Decision(Verdict.REPEAT, _noted(session, token_id, now, policy))
    is_current = token_id == session.current
    after = replace(
        session,
        current=new_token_id,
        parent=session.current if is_current else session.parent,
        made_at=now,
        shown_at=now,
        served_at=now,
        confirmed_at=None,
    )
    return Decision(Verdict.ROTATE if is_current else Verdict.RECOVER, after)


def _may_be_late(session: Session, token_id: str, now: float, policy: RotationPolicy) -> bool:
    """Whether this is the parent and an honest browser may still present it.

    After the confirmation it may for one leeway. One exchange would be enough; the rest is for slow networks.
    """
    if policy.strict or token_id != session.parent:
        return False
    return session.confirmed_at is None or now - session.confirmed_at < policy.leeway


def _stays(session: Session, token_id: str, now: float, policy: RotationPolicy) -> bool:
    """Whether current is handed out once more.

    Where current is presented, only its own age and the parent count: a thief who presents it again and
    again does not keep it from rotating.
    """
    since = session.shown_at if token_id == session.current else session.served_at
    return session.parent is not None and not policy.strict and now - since < policy.leeway


def _noted(session: Session, token_id: str, now: float, policy: RotationPolicy) -> Session:
    """The session with the times that a Repeat changes; the same object if it changes none."""
    is_parent = token_id == session.parent
    noted = replace(
        session,
        made_at=_time(session.made_at, now, policy),
        shown_at=_time(session.shown_at, now, policy, anew=is_parent),
        served_at=_time(session.served_at, now, policy, anew=True),
        confirmed_at=_confirmed_at(session, now, policy, presented=not is_parent),
    )
    return session if noted == session else noted


def _confirmed_at(session: Session, now: float, policy: RotationPolicy, *, presented: bool) -> float | None:
    if session.confirmed_at is not None:
        return _time(session.confirmed_at, now, policy)
    is_time = now - session.made_at >= policy.leeway * CONFIRMING_FRACTION
    return now if presented and is_time else None


def _time(noted: float, now: float, policy: RotationPolicy, *, anew: bool = False) -> float:
    """The value to write for a time of the session; ``anew`` if the event happens again now.

    A time in the future was written by a clock ahead of this one. Up to one leeway, that is the difference
    between two nodes, and the later time stays. Beyond that, a clock was wrong and has been set back: then
    the time becomes ``now``, so that a clock an hour ahead costs two leeways of repeats at most.
    """
    age = now - noted
    is_wrong = age <= -policy.leeway
    return now if is_wrong or (anew and age >= policy.leeway * SLIDE_FRACTION) else noted


def ends_at(session: Session, policy: RotationPolicy) -> float:
    """When the session ends if nothing more happens: at the idle or the absolute limit, the earlier one."""
    idle_ttl = policy.idle_ttl if session.remember else policy.short_ttl
    return min(session.served_at + idle_ttl, session.expires_at)


def is_over(session: Session, now: float, policy: RotationPolicy) -> bool:
    """Whether ``now`` is at or past the session's end."""
    return now >= ends_at(session, policy)
