"""The rules of others, in the shape of ``rotation.decide``, so that one explorer runs them all.

Each is only the decision, as its makers describe it; everything else of their products is left out. All get
the same leeway as ours, whatever their default, so that a difference is one of rule and not of number.
"""

from __future__ import annotations

from dataclasses import replace

from app.auth.lifecycle.rotation import SLIDE_FRACTION, Decision, RotationPolicy, Session, Verdict, decide

REFUSED = Decision(Verdict.REUSE, None)


def strict(session: Session | None, token_id: str, now: float, fresh: str, rule: RotationPolicy) -> Decision:
    """Strict rotation (RFC 9700, section 4.14.2, to the letter): anything but current ends the session."""
    return decide(session, token_id, now, fresh, replace(rule, strict=True))


def supabase(
    session: Session | None, token_id: str, now: float, fresh: str, rule: RotationPolicy
) -> Decision:
    """Supabase Auth's counter (supabase/auth, pull request 2216; reuse interval 10 s by default).

    Current counts up at once. The parent, at any age, is answered with current; so is any older token within
    the reuse interval of the last refresh. Beyond that the session ends.
    """
    if session is None:
        return Decision(Verdict.ENDED, None)
    if token_id == session.current:
        return Decision(Verdict.ROTATE, replace(session, parent=token_id, current=fresh, served_at=now))
    if token_id == session.parent or now - session.served_at < rule.leeway:
        return Decision(Verdict.REPEAT, replace(session, served_at=now))
    return REFUSED


def supertokens(
    session: Session | None, token_id: str, now: float, fresh: str, rule: RotationPolicy
) -> Decision:
    """SuperTokens 5.6 (supertokens-core, issue 1301; grace period 30 s by default).

    Current rotates at once. Within the grace period its parent makes a new child, which displaces the earlier
    one; the period runs from the rotation and does not slide. Anything else ends the session.
    """
    if session is None:
        return Decision(Verdict.ENDED, None)
    if token_id == session.current:
        return Decision(Verdict.ROTATE, replace(session, parent=token_id, current=fresh, served_at=now))
    if token_id == session.parent and now - session.served_at < rule.leeway:
        return Decision(Verdict.RECOVER, replace(session, current=fresh))
    return REFUSED


def first_edition(
    session: Session | None, token_id: str, now: float, fresh: str, rule: RotationPolicy
) -> Decision:
    """Ratchet's rule before the second edition: one clock that every hand-out moves, and no confirmation."""
    if session is None:
        return Decision(Verdict.ENDED, None)
    if token_id not in (session.current, session.parent):
        return REFUSED
    age = now - session.served_at
    if session.parent is not None and age < rule.leeway:
        noted = -rule.leeway < age < rule.leeway * SLIDE_FRACTION
        return Decision(Verdict.REPEAT, session if noted else replace(session, served_at=now))
    if token_id == session.current:
        return Decision(Verdict.ROTATE, replace(session, parent=token_id, current=fresh, served_at=now))
    return Decision(Verdict.RECOVER, replace(session, current=fresh, served_at=now))


RULES = {
    "Ratchet": decide,
    "its first edition": first_edition,
    "strict rotation": strict,
    "Supabase's counter": supabase,
    "SuperTokens 5.6": supertokens,
}
"""Every rule the explorer runs, ours first."""
