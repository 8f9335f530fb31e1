"""Changing the secret and the keys under load: nobody is signed out, and no valid access token is refused.

Releases follow one another as behind a load balancer: the next one starts beside the one before it, takes
requests together with it, and then without it. The steps are those of docs/keys.md.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from app.auth.errors import TokenInvalid
from app.auth.tokens import keys
from app.auth.tokens.claims import AccessTokens
from app.auth.tokens.jws import derive_key
from tests.support.browser import REFRESH_COOKIE
from tests.support.samples import save_key
from tests.support.sites import add_user

from ...support.forgery import header_of
from ...support.peers.caller import Client, Reply
from ...support.peers.insistent import await_that
from ...support.server.servers import SECRET, serving, site_on
from ...support.server.stage import own_database, start_session

NEW_SECRET = "the secret after that one, forty characters"
TRAVELLERS = 4
ROUNDS = 6
OK = (200, None)
INVALID = (401, "token_invalid")

Release = dict[str, str]


@dataclass
class Traveller:
    """A browser whose requests go now to one node, now to another."""

    nodes: list[str]
    cookies: dict[str, str]
    tokens: list[str] = field(default_factory=list)
    """Every access token that it was given."""

    def refresh(self) -> Reply:
        """Refresh at any node, and keep the access token."""
        reply = self._client().refresh()
        if reply.status == 200:
            self.tokens.append(reply.json["access_token"])
        return reply

    def me(self, token: str) -> Reply:
        """Use an access token at any node."""
        return self._client().me(token)

    def travel(self, over: Event) -> None:
        """Refresh, and use the first and the last access token there is, again and again."""
        while not over.is_set():
            assert self.refresh().verdict == OK
            for token in (self.tokens[0], self.tokens[-1]):
                assert self.me(token).verdict == OK

    def _client(self) -> Client:
        client = Client(random.choice(self.nodes))  # noqa: S311  # a balancer's choice, not a secret
        client.cookies = self.cookies
        return client


@dataclass
class Fleet:
    """The nodes that take requests, and the people who send them."""

    url: str
    running: ExitStack
    nodes: list[str]
    travellers: list[Traveller]

    def start(self, release: Release) -> str:
        """A further node. The leeway is so short that the travellers rotate as well as repeat."""
        environment = {"FLASK_RATCHET_LEEWAY": "0.2s", **release}
        self.nodes.append(self.running.enter_context(serving(self.url, 1, 4, **environment)))
        return self.nodes[-1]

    def roll_out(self, first: Release, *others: Release) -> None:
        """One release after the other, each beside the one before it for a while and then without it."""
        self.start(first)
        with on_the_road(self.travellers) as a_while:
            a_while()
            for release in others:
                node = self.start(release)
                a_while()
                self.nodes[:] = [node]
                a_while()

    def switch(self, release: Release) -> None:
        """Another release from one moment to the next, while nobody travels."""
        self.nodes[:] = []
        self.start(release)


@contextmanager
def on_the_road(travellers: Sequence[Traveller]) -> Iterator[Callable[[], None]]:
    """All travel while the block runs; gives a way to wait until each has gone some rounds further."""
    over = Event()
    with ThreadPoolExecutor(len(travellers)) as pool:
        journeys = [pool.submit(traveller.travel, over) for traveller in travellers]

        def a_while() -> None:
            goals = [(traveller, len(traveller.tokens) + ROUNDS) for traveller in travellers]
            await_that(
                lambda: (
                    any(journey.done() for journey in journeys)
                    or all(len(traveller.tokens) >= goal for traveller, goal in goals)
                )
            )

        try:
            yield a_while
        finally:
            over.set()
            for journey in journeys:
                journey.result()


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """People who are signed in on a database of their own, and no node yet that they could ask."""
    nodes: list[str] = []
    with own_database("sqlite", "rotation", tmp_path) as url, ExitStack() as running:
        with site_on(url) as site:
            subjects = [add_user(site, f"{number}@example.org") for number in range(TRAVELLERS)]
            cookies = [start_session(site, subject) for subject in subjects]
        yield Fleet(url, running, nodes, [Traveller(nodes, {REFRESH_COOKIE: cookie}) for cookie in cookies])


@pytest.mark.long
def test_a_new_secret_signs_nobody_out(fleet: Fleet) -> None:
    """First it is accepted, then it signs and the old one is accepted, then it is the only one."""
    fleet.roll_out(with_secrets(SECRET), with_secrets(SECRET, NEW_SECRET), with_secrets(NEW_SECRET, SECRET))
    for traveller in fleet.travellers:
        assert is_signed_with(SECRET, traveller.tokens[0])
        assert all(is_signed_with(NEW_SECRET, token) for token in traveller.tokens[1 - ROUNDS :])
    fleet.switch(with_secrets(NEW_SECRET))
    check_renewal(fleet.travellers)


@pytest.mark.long
def test_a_new_key_signs_nobody_out(fleet: Fleet, tmp_path: Path) -> None:
    """First it is the last of two, then the first of them, then it is the only one."""
    old, new = save_key(tmp_path / "old.pem", "EdDSA"), save_key(tmp_path / "new.pem", "ES256")
    fleet.roll_out(with_keys(old), with_keys(old, new), with_keys(new, old))
    for traveller in fleet.travellers:
        assert header_of(traveller.tokens[0])["kid"] == keys.read(old).kid
        assert {header_of(token)["kid"] for token in traveller.tokens[1 - ROUNDS :]} == {keys.read(new).kid}
    fleet.switch(with_keys(new))
    check_renewal(fleet.travellers)


def check_renewal(travellers: Sequence[Traveller]) -> None:
    """An access token of old is refused, with a 401 and not a 500, and a refresh brings one that holds."""
    for traveller in travellers:
        assert traveller.me(traveller.tokens[0]).verdict == INVALID
        assert traveller.refresh().verdict == OK
        assert traveller.me(traveller.tokens[-1]).verdict == OK


def with_secrets(secret: str, *fallbacks: str) -> Release:
    """A release with these secrets; the first one signs."""
    return {"FLASK_SECRET_KEY": secret, "FLASK_SECRET_KEY_FALLBACKS": json.dumps(fallbacks)}


def is_signed_with(secret: str, token: str) -> bool:
    """Whether an access token is signed with this secret."""
    try:
        return bool(AccessTokens([derive_key(secret, "access token")], None, None).read_expired(token))
    except TokenInvalid:
        return False


def with_keys(*paths: Path) -> Release:
    """A release with these keys; the first one signs."""
    return {"FLASK_RATCHET_JWT_KEYS": json.dumps([str(path) for path in paths])}
