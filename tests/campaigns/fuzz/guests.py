"""Who sends the requests: people who are signed in anew for each, since requests sign them out again."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Mapping
from threading import Lock
from typing import Any, NamedTuple

from flask import Flask, Response
from schemathesis import AuthContext, Case
from schemathesis.generation import GenerationMode

from app.auth.lifecycle.account import SessionOptions
from app.auth.routing.media_types import FORM
from app.auth.sessions.issuer import IssuedTokens
from app.auth.web import responses
from app.auth.web.services import services
from tests.support.browser import ACCESS_COOKIE, PASSWORD, REFRESH_COOKIE, bearer, set_cookies
from tests.support.sites import add_user

SERVICE_SECRET = "the-secret-of-a-service-that-asks-us"
PEOPLE = 20
NO_ROUTE = re.compile(r"[/\s]|%2F|%0[9A-D]", re.IGNORECASE)
"""What makes another path of a part of a path, of which the router knows nothing."""

TOKEN_FIELDS = ("refresh_token", "token")


class Session(NamedTuple):
    """A live session of somebody."""

    email: str
    issued: IssuedTokens
    cookie: str


class Guests:
    """Signs people in, straight on the database; to schemathesis this is an auth provider."""

    def __init__(self, site: Flask, seed: int) -> None:
        self._site, self._lock, self._dice = site, Lock(), random.Random(seed)  # noqa: S311  # no secret
        emails = [f"guest-{seed}-{number}@example.org" for number in range(PEOPLE)]
        self._people = itertools.cycle([(email, add_user(site, email)) for email in emails])

    def get(self, case: Case[Any], context: AuthContext) -> Session:  # noqa: ARG002  # the protocol's
        """A session that nobody has touched yet."""
        return self.signed_in()

    def set(self, case: Case[Any], data: Session, context: AuthContext) -> None:  # noqa: ARG002  # the protocol's
        """Show what the route asks for: a bearer or a cookie, where there are both either."""
        ways = {name for way in case.operation.definition.raw.get("security", ()) for name in way}
        if "service" in ways:
            case.headers.update(bearer(SERVICE_SECRET))
        elif "refreshCookie" in ways:
            case.cookies[REFRESH_COOKIE] = data.cookie
        elif "bearer" in ways and self._perhaps():
            case.headers.update(bearer(data.issued.access_token))
        elif "accessCookie" in ways:
            case.cookies[ACCESS_COOKIE] = data.issued.access_token
        if "session_id" in case.path_parameters and self._perhaps():
            case.path_parameters["session_id"] = data.issued.session.id

    def signed_in(self) -> Session:
        """A session of the next person."""
        with self._lock, self._site.test_request_context():
            email, subject = next(self._people)
            account = services().store.load(subject)
            assert account is not None
            issued = services().sessions.start(account, SessionOptions(remember=True))
            cookies = set_cookies(responses.set_cookies(Response(), issued))
            return Session(email, issued, cookies[REFRESH_COOKIE]["value"])

    def arm(self, case: Case[Any]) -> None:
        """Put live tokens and right passwords into well-formed bodies: no generator finds one.

        Each request comes from another address, or the throttle would answer all of them. A list in a form
        would be a parameter that comes twice, which no schema that client generators understand can forbid.
        """
        case.headers["X-Forwarded-For"] = ".".join(str(self._dice.randint(1, 250)) for _ in range(4))
        for name, value in case.path_parameters.items():
            case.path_parameters[name] = NO_ROUTE.sub("_", str(value))
        if isinstance(case.body, dict) and _is_well_formed(case):
            if case.media_type == FORM:
                case.body = {name: value for name, value in case.body.items() if isinstance(value, str)}
            session = self.signed_in()
            case.body |= dict.fromkeys(case.body.keys() & set(TOKEN_FIELDS), session.issued.refresh_token)
            if self._perhaps() or _is_one_character(str(case.body.get("new_password"))):
                case.body |= _right_passwords(case.body, session)

    def _perhaps(self) -> bool:
        return self._dice.random() < 0.5


def _right_passwords(body: Mapping[str, object], session: Session) -> dict[str, str]:
    right = dict.fromkeys(("identifier", "email"), session.email)
    right |= dict.fromkeys(("password", "current_password", "new_password"), PASSWORD)
    return {name: value for name, value in right.items() if name in body}


def _is_one_character(password: str) -> bool:
    """A schema can say how long a password is, and not that this one is refused as one of the most used."""
    return len(set(password.casefold())) == 1


def _is_well_formed(case: Case[Any]) -> bool:
    return case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE
