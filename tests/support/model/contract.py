"""The routes of the contract, each as what it must answer and what it leaves on the user rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import floor

from .state import ACCESS_TTL, FRESH_FOR, Session, User, Verdict

FALLBACKS = 1
"""How many former keys the site still accepts."""


@dataclass(frozen=True)
class Refresh:
    """A refresh token: whose, of which session, which id, until when, signed with which key."""

    user: str
    session: str
    id: str
    expires_at: float
    key: int


@dataclass(frozen=True)
class Access:
    """An access token."""

    user: str
    session: str
    expires_at: float
    auth_time: float
    key: int


@dataclass(frozen=True)
class Held:
    """The tokens that a browser presents."""

    refresh: Refresh | None = None
    access: Access | None = None


@dataclass(frozen=True)
class Expected:
    """What the site must answer; ``session`` is the one it hands out tokens of."""

    status: int
    code: str | None = None
    session: Session | None = None
    clears: bool = False
    verdict: Verdict | None = None


REFUSED = Expected(401, "refresh_token_invalid")
REUSED = Expected(401, "refresh_token_reused", verdict=Verdict.REUSE)
TOKEN_INVALID = Expected(401, "token_invalid")
NO_CONTENT = Expected(204)


class Contract:
    """All users, and the number of the key that signs now."""

    def __init__(self, users: dict[str, User]) -> None:
        self.users = users
        self.key = 0

    def sign_in(self, user: str, held: Held, label: str, now: float, *, remember: bool) -> Expected:
        """POST /auth/login with the right password; the session that the browser held ends."""
        row = self.users[user]
        if row.blocked:
            return Expected(403, "account_blocked")
        if place := self._place(held):
            self.users[place.user].end(place.session, now)
        return Expected(200, session=row.add_session(Session(user, now, now, now, remember, label), now))

    def refresh(self, token: Refresh | None, now: float) -> Expected:
        """POST /auth/refresh."""
        if token is None:
            return Expected(401, "refresh_token_missing")
        if not self._authentic(token) or now >= token.expires_at:
            return REFUSED
        row = self.users[token.user]
        session = row.find(token.session)
        return self._heard(row, session, token, now) if session else replace(REFUSED, verdict=Verdict.ENDED)

    def sign_out(self, held: Held, scope: str, now: float) -> Expected:
        """POST /auth/logout: any authentic token ends its session, for more it has to be alive."""
        acting_session = None if scope == "session" else self._acting_session(held, now)
        if acting_session:
            row = self.users[acting_session.user]
            row.keep([acting_session] if scope == "others" else [], now)
            return replace(NO_CONTENT, clears=scope == "all")
        if place := self._place(held):
            self.users[place.user].end(place.session, now)
        return replace(NO_CONTENT, clears=True) if scope == "session" else REFUSED

    def change_password(self, access: Access | None, password: str, now: float) -> Expected:
        """POST /auth/password: every session ends, a new one takes the place of this one."""
        session = self.identify(access, now)
        if isinstance(session, Expected):
            return session
        row = self.users[session.user]
        new_session = Session(session.user, now, now, now, session.remember, session.label)
        row.password, row.sessions = password, [new_session]
        return Expected(200, session=new_session)

    def end_session(self, access: Access | None, session_id: str, now: float) -> Expected:
        """DELETE /auth/sessions/<id>: a live session of the same user, or 404."""
        session = self.identify(access, now)
        if isinstance(session, Expected):
            return session
        row = self.users[session.user]
        if session_id not in {live.id for live in row.live(now)}:
            return Expected(404, "not_found")
        row.end(session_id, now)
        return replace(NO_CONTENT, clears=session_id == session.id)

    def start_session(self, access: Access | None, label: str, now: float) -> Expected:
        """POST /auth/sessions: for another device, from one where somebody signed in a short while ago."""
        claims = self._valid(access, now)
        if isinstance(claims, Expected):
            return claims
        if self.users[claims.user].find(claims.session) is None:
            return TOKEN_INVALID
        if now - claims.auth_time > FRESH_FOR:
            return Expected(403, "reauthentication_required")
        session = self.identify(claims, now)
        if isinstance(session, Expected):
            return session
        if session.started_by:
            return Expected(403, "reauthentication_required")
        new_session = Session(session.user, now, claims.auth_time, now, True, label, session.id)
        return Expected(201, session=self.users[session.user].add_session(new_session, now))

    def identify(self, access: Access | None, now: float) -> Session | Expected:
        """The live session of an access token, or the refusal of every route that asks the row."""
        claims = self._valid(access, now)
        if isinstance(claims, Expected):
            return claims
        session = self.users[claims.user].find(claims.session)
        if self.users[claims.user].blocked or session is None or now >= session.ends_at:
            return TOKEN_INVALID
        return session

    def access_token(self, session: Session, now: float) -> Access:
        """The access token that is handed out with a session now; it counts in whole seconds."""
        expires_at = floor(min(now + ACCESS_TTL, session.expires_at))
        return Access(session.user, session.id, expires_at, floor(session.auth_time), self.key)

    def refresh_token(self, session: Session) -> Refresh:
        """The refresh token that is handed out with a session now."""
        return Refresh(session.user, session.id, session.current, floor(session.expires_at), self.key)

    def _heard(self, row: User, session: Session, token: Refresh, now: float) -> Expected:
        before = replace(session)
        verdict = session.hear(token.id, now)
        if verdict is Verdict.REUSE:
            row.end_stolen(session.id, now)
        elif verdict is Verdict.ENDED or row.blocked:
            row.end(session.id, now)
        elif session != before:
            row.tidy(now)
        refusals = {Verdict.ENDED: replace(REFUSED, verdict=verdict), Verdict.REUSE: REUSED}
        blocked = Expected(403, "account_blocked", verdict=verdict)
        granted = blocked if row.blocked else Expected(200, session=session, verdict=verdict)
        return refusals.get(verdict, granted)

    def _acting_session(self, held: Held, now: float) -> Session | None:
        """The live session that a sign-out of more than one session speaks for."""
        token = held.refresh
        if token and self._authentic(token) and now < token.expires_at:
            row = self.users[token.user]
            session = row.find(token.session)
            known = session and session.knows(token.id, now)
            if session and known and not row.blocked and now < session.ends_at:
                return session
        by_access = self.identify(held.access, now)
        return None if isinstance(by_access, Expected) else by_access

    def _place(self, held: Held) -> Refresh | Access | None:
        """The authentic token, however old, that says which session the browser was in."""
        return next(
            (token for token in (held.refresh, held.access) if token and self._authentic(token)), None
        )

    def _valid(self, access: Access | None, now: float) -> Access | Expected:
        if access is None:
            return Expected(401, "token_missing")
        return access if self._authentic(access) and now < access.expires_at else TOKEN_INVALID

    def _authentic(self, token: Refresh | Access) -> bool:
        return self.key - FALLBACKS <= token.key <= self.key
