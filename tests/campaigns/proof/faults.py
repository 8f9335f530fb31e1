"""Seeded faults: the function that ships, bent in one place each.

A proof that would also hold for a broken rule proves nothing. So each fault asks the real ``decide``, changes
one thing about the answer, and must be caught by a promise that the change breaks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.auth.lifecycle.rotation import (
    CONFIRMING_FRACTION,
    SLIDE_FRACTION,
    Decision,
    RotationPolicy,
    Session,
    Verdict,
    decide,
)
from tests.campaigns.proof.exploration.model import Decide

REFUSED = Decision(Verdict.REUSE, None)


@dataclass(frozen=True)
class Asked:
    """A question put to the rule about a live session, and the right answer."""

    session: Session
    token: str
    now: float
    fresh: str
    rule: RotationPolicy
    right: Decision

    @property
    def age(self) -> float:
        """How long ago current was last handed out."""
        return self.now - self.session.served_at

    @property
    def is_parent(self) -> bool:
        """Whether the parent is presented."""
        return self.token == self.session.parent

    @property
    def after(self) -> Session:
        """The session that the right answer leaves."""
        return self.right.session or self.session

    def leaving(self, session: Session) -> Decision:
        """The right verdict, another session."""
        return replace(self.right, session=session)

    def by(self, token: str | None, leeway: float) -> Decision:
        """What the right rule says of another token, or with another leeway."""
        rule = replace(self.rule, leeway=leeway)
        return decide(self.session, token or self.token, self.now, self.fresh, rule)


Bend = Callable[[Asked], Decision]


def stamped(session: Session, current: str, now: float) -> Session:
    """The session with another current token, made now."""
    return replace(session, current=current, made_at=now, shown_at=now, served_at=now, confirmed_at=None)


FAULTS: dict[str, Decide] = {}
"""Every seeded fault, by what is wrong with it."""


def fault(name: str, *verdicts: Verdict) -> Callable[[Bend], Bend]:
    """Seed a fault that shows only where the right verdict is one of ``verdicts``."""

    def seed(bend: Bend) -> Bend:
        def faulty(
            session: Session | None, token_id: str, now: float, fresh: str, rule: RotationPolicy
        ) -> Decision:
            right = decide(session, token_id, now, fresh, rule)
            if session is None or right.verdict not in verdicts:
                return right
            return bend(Asked(session, token_id, now, fresh, rule, right))

        FAULTS[name] = faulty
        return bend

    return seed


def _confirmed(asked: Asked, at: float | None) -> Decision:
    """The right answer, but confirmed now, or not, unless that was so before."""
    before = asked.session.confirmed_at
    return asked.leaving(replace(asked.after, confirmed_at=at if before is None else before))


def _as_if_unconfirmed(asked: Asked) -> Decision:
    session = replace(asked.session, confirmed_at=None)
    return decide(session, asked.token, asked.now, asked.fresh, asked.rule)


def _with_times_of(session: Session, after: Session) -> Session:
    return replace(after, made_at=session.made_at, shown_at=session.shown_at, served_at=session.served_at)


@fault("no slide: a hand-out is never noted", Verdict.REPEAT)
def _no_slide(asked: Asked) -> Decision:
    return asked.leaving(asked.session)


@fault("a hand-out is noted only when the parent is presented", Verdict.REPEAT)
def _parent_slides(asked: Asked) -> Decision:
    return asked.right if asked.is_parent else asked.leaving(asked.session)


@fault("a hand-out is noted only when current is presented", Verdict.REPEAT)
def _current_slides(asked: Asked) -> Decision:
    return asked.leaving(asked.session) if asked.is_parent else asked.right


@fault("presenting current keeps it from rotating", Verdict.REPEAT)
def _current_stays(asked: Asked) -> Decision:
    return asked.right if asked.is_parent else asked.leaving(replace(asked.after, shown_at=asked.now))


@fault("presenting the parent does not keep current from rotating", Verdict.REPEAT)
def _parent_is_nothing(asked: Asked) -> Decision:
    return asked.leaving(replace(asked.after, shown_at=asked.session.shown_at))


@fault("nothing is ever confirmed", Verdict.REPEAT)
def _unconfirmed(asked: Asked) -> Decision:
    return asked.leaving(replace(asked.after, confirmed_at=None))


@fault("confirmed at any age", Verdict.REPEAT)
def _confirmed_at_once(asked: Asked) -> Decision:
    return _confirmed(asked, asked.now)


@fault("confirmed at a third of the leeway, not two", Verdict.REPEAT)
def _confirmed_early(asked: Asked) -> Decision:
    is_time = asked.now - asked.session.made_at >= asked.rule.leeway / 3
    return _confirmed(asked, asked.now) if is_time else asked.right


@fault("confirmed two thirds of a leeway after the parent", Verdict.REPEAT)
def _confirmed_late(asked: Asked) -> Decision:
    is_time = asked.now - asked.session.shown_at >= asked.rule.leeway * CONFIRMING_FRACTION
    return asked.right if is_time else _confirmed(asked, None)


@fault("the parent confirms, too", Verdict.REPEAT)
def _confirmed_by_parent(asked: Asked) -> Decision:
    is_time = asked.now - asked.session.made_at >= asked.rule.leeway * CONFIRMING_FRACTION
    return _confirmed(asked, asked.now) if is_time else asked.right


@fault("the confirmation starts anew each time", Verdict.REPEAT)
def _confirmed_anew(asked: Asked) -> Decision:
    return asked.leaving(replace(asked.after, confirmed_at=asked.after.confirmed_at and asked.now))


@fault("once confirmed, the parent is Reuse at once", Verdict.REPEAT)
def _hasty_reuse(asked: Asked) -> Decision:
    return REFUSED if asked.is_parent and asked.session.confirmed_at is not None else asked.right


@fault("once confirmed, the parent is still answered", Verdict.REUSE)
def _forgiving(asked: Asked) -> Decision:
    return _as_if_unconfirmed(asked) if asked.is_parent else asked.right


@fault("Rotate keeps the confirmation", Verdict.ROTATE)
def _confirmed_for_good(asked: Asked) -> Decision:
    return asked.leaving(replace(asked.after, confirmed_at=asked.session.confirmed_at))


@fault("slide skipped within half a leeway, not a tenth", Verdict.REPEAT)
def _lazy_slide(asked: Asked) -> Decision:
    return asked.leaving(asked.session) if asked.age < asked.rule.leeway / 2 else asked.right


@fault("slide skipped at `<=` a tenth of the leeway", Verdict.REPEAT)
def _slide_edge(asked: Asked) -> Decision:
    edge = asked.rule.leeway * SLIDE_FRACTION
    return asked.leaving(asked.session) if asked.age <= edge else asked.right


@fault("Repeat at `<=` the leeway", Verdict.ROTATE, Verdict.RECOVER)
def _leeway_edge(asked: Asked) -> Decision:
    since = asked.session.served_at if asked.is_parent else asked.session.shown_at
    if asked.session.parent is None or asked.now - since != asked.rule.leeway:
        return asked.right
    shown_at = asked.now if asked.is_parent else asked.session.shown_at
    return Decision(Verdict.REPEAT, replace(asked.session, shown_at=shown_at, served_at=asked.now))


@fault("half the leeway: not three exchanges", Verdict.REPEAT)
def _short_leeway(asked: Asked) -> Decision:
    return asked.by(asked.token, asked.rule.leeway / 2)


@fault("Repeat makes a new token", Verdict.REPEAT)
def _new_token_on_repeat(asked: Asked) -> Decision:
    return asked.leaving(replace(asked.after, current=asked.fresh))


@fault("Repeat forgets the parent", Verdict.REPEAT)
def _forget_on_repeat(asked: Asked) -> Decision:
    return asked.leaving(replace(asked.after, parent=None))


@fault("current rotates within the leeway too", Verdict.REPEAT)
def _hasty(asked: Asked) -> Decision:
    if asked.token != asked.session.current:
        return asked.right
    after = stamped(asked.session, asked.fresh, asked.now)
    return Decision(Verdict.ROTATE, replace(after, parent=asked.token))


@fault("a clock that is behind winds the times back", Verdict.REPEAT)
def _wind_back(asked: Asked) -> Decision:
    shown_at, served_at = (min(asked.now, at) for at in (asked.after.shown_at, asked.after.served_at))
    return asked.leaving(replace(asked.after, shown_at=shown_at, served_at=served_at))


@fault("a clock an hour ahead is believed for an hour", Verdict.REPEAT)
def _believe(asked: Asked) -> Decision:
    return asked.leaving(asked.session) if asked.age < 0 else asked.right


@fault("Rotate keeps the parent", Verdict.ROTATE)
def _keep_parent(asked: Asked) -> Decision:
    return asked.leaving(replace(asked.after, parent=asked.session.parent))


@fault("Rotate is not stamped", Verdict.ROTATE)
def _unstamped_rotate(asked: Asked) -> Decision:
    return asked.leaving(_with_times_of(asked.session, asked.after))


@fault("no Recover: after the leeway the parent is Reuse", Verdict.RECOVER)
def _no_recover(_: Asked) -> Decision:
    return REFUSED


@fault("Recover hands out current, not a fresh token", Verdict.RECOVER)
def _stale_recover(asked: Asked) -> Decision:
    return asked.leaving(replace(asked.after, current=asked.session.current))


@fault("Recover is not stamped", Verdict.RECOVER)
def _unstamped_recover(asked: Asked) -> Decision:
    return asked.leaving(_with_times_of(asked.session, asked.after))


@fault("Recover forgets the parent", Verdict.RECOVER)
def _forget_on_recover(asked: Asked) -> Decision:
    return asked.leaving(replace(asked.after, parent=None))


@fault("Recover makes the orphan the parent", Verdict.RECOVER)
def _adopt(asked: Asked) -> Decision:
    return asked.leaving(replace(asked.after, parent=asked.session.current))


@fault("the orphan is accepted like the parent", Verdict.RECOVER, Verdict.REUSE)
def _remember_orphan(asked: Asked) -> Decision:
    if asked.right.verdict is Verdict.RECOVER:
        return asked.leaving(replace(asked.after, label=asked.session.current))
    is_orphan = asked.token == asked.session.label
    return asked.by(asked.session.parent, asked.rule.leeway) if is_orphan else asked.right


@fault("the grandparent is accepted like the parent", Verdict.ROTATE, Verdict.REUSE)
def _remember_grandparent(asked: Asked) -> Decision:
    if asked.right.verdict is Verdict.ROTATE:
        return asked.leaving(replace(asked.after, label=asked.session.parent or ""))
    is_grandparent = asked.token == asked.session.label
    return asked.by(asked.session.parent, asked.rule.leeway) if is_grandparent else asked.right


@fault("any older token is answered within the leeway", Verdict.REUSE)
def _lenient(asked: Asked) -> Decision:
    return asked.right if asked.age >= asked.rule.leeway else Decision(Verdict.REPEAT, asked.session)


@fault("Reuse refuses, but the session lives on", Verdict.REUSE)
def _spare(asked: Asked) -> Decision:
    return asked.leaving(asked.session)
