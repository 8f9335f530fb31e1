"""The end of a session takes effect: a second later no worker of any node serves it; others go on."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from app.db import db
from app.models import User
from app.site import ratchet
from tests.support import ROOT, databases
from tests.support.browser import PASSWORD, REFRESH_COOKIE, bearer

from ...support.peers.caller import Client
from ...support.peers.insistent import await_that
from ...support.server.gunicorn import Server
from ...support.server.servers import environment_for, server
from ...support.server.stage import Person, Stage, looking_on, new_person, own_database, start_session
from ...support.server.workers import processor_time, workers_of

pytestmark = pytest.mark.long

GUARDED = "/account/sessions/nobody/end"
"""A view of the site that wants an access token and never asks the row; nobody has a session of that name."""

SERVED, REFUSED = 303, 401
PROMISED = 1.0
"""Seconds after which an end has taken effect everywhere."""

REFUSALS = 10
"""How often each node is seen to refuse each session beyond that."""

LEEWAY = 0.05
OTHERS = 2
PAUSE = 0.05
"""Seconds that a browser lets go by between two requests: the nodes stay busy and none is swamped."""


@dataclass(frozen=True)
class Asked:
    """Where one node answers, and when it was asked what: the moments of each answer, by status."""

    base_url: str
    asked: dict[int, list[float]] = field(default_factory=lambda: {SERVED: [], REFUSED: []})

    def ask_until(self, over: Event, access_token: str) -> None:
        """Ask for the guarded view again and again."""
        while not over.wait(PAUSE):
            asked_at = time.monotonic()
            status = Client(self.base_url).request("POST", GUARDED, headers=bearer(access_token)).status
            self.asked[status].append(asked_at)


class Signed:
    """A person who is signed in twice: on the browser that is watched, and on another device."""

    def __init__(self, stages: tuple[Stage, Stage], person: Person | None = None) -> None:
        here, there = stages
        self.person = person or new_person(here.site)
        self.browser = _browser(here.base_url, self.person.cookie)
        self.device = _browser(there.base_url, start_session(there.site, self.person.subject))
        self.site = here.site
        self.database, self.elsewhere = here.url, there.base_url
        self.nodes = [Asked(stage.base_url) for stage in stages]
        self.access_token = self.browser.cookies["accessToken"]
        self.ended_at = 0.0

    def flask(self, *arguments: str) -> None:
        """Run a command of the site."""
        command = [sys.executable, "-m", "flask", *arguments]
        subprocess.run(
            command, cwd=ROOT, env=environment_for(self.database), check=True, stdout=subprocess.DEVNULL
        )


def _browser(base_url: str, cookie: str) -> Client:
    """A browser that has refreshed once."""
    client = Client(base_url)
    client.cookies[REFRESH_COOKIE] = cookie
    assert client.refresh().status == 200
    return client


def sign_out(victim: Signed) -> None:
    """Sign out where one is."""
    assert victim.browser.post("/auth/logout").status == 204


def sign_out_the_others(victim: Signed) -> None:
    """Sign out everywhere but on the other device."""
    assert victim.device.post("/auth/logout", {"scope": "others"}).status == 204


def end_by_name(victim: Signed) -> None:
    """End it from the list on the other device."""
    listed = victim.device.request("GET", "/auth/sessions").json["sessions"]
    (name,) = [session["id"] for session in listed if not session["current"]]
    assert victim.device.request("DELETE", f"/auth/sessions/{name}").status == 204


def change_password(victim: Signed) -> None:
    """Change the password on the other device."""
    passwords = {"current_password": PASSWORD, "new_password": "another long enough password"}
    assert victim.device.post("/auth/password", passwords).status == 200


def steal(victim: Signed) -> None:
    """Present a copy of the first token at another node, when its successor was used."""
    time.sleep(2 * LEEWAY)
    assert victim.browser.refresh().status == 200
    thief = Client(victim.elsewhere)
    thief.cookies[REFRESH_COOKIE] = victim.person.cookie
    assert thief.refresh().verdict == (401, "refresh_token_reused")


def block(victim: Signed) -> None:
    """An operator blocks the account."""
    victim.flask("ratchet", "block", victim.person.email)


def end_by_command(victim: Signed) -> None:
    """An operator ends the user's sessions."""
    victim.flask("ratchet", "end-sessions", victim.person.email)


def delete(victim: Signed) -> None:
    """The site deletes the user: the row is gone when that returns."""
    with victim.site.app_context():
        ratchet.delete(db.session.get(User, int(victim.person.subject)))
        db.session.rollback()  # a transaction of before still sees the row on MariaDB
        assert db.session.get(User, int(victim.person.subject)) is None


Way = Callable[[Signed], None]
WAYS: Mapping[str, Way] = {
    "signing out": sign_out,
    "signing the others out": sign_out_the_others,
    "ending it by name": end_by_name,
    "a new password": change_password,
    "a theft": steal,
    "flask ratchet block": block,
    "deleting the user": delete,
    "flask ratchet end-sessions": end_by_command,
}


@dataclass(frozen=True)
class Day:
    """What was seen on one database: by way of ending, and of people whose sessions nobody ended."""

    victims: Mapping[str, Signed]
    others: list[Signed]
    worked: Mapping[int, float]


@pytest.fixture(scope="module", params=databases.SERVERS)
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """Two nodes of two workers each are asked all the time while sessions end in every way at once."""
    with two_nodes(request.param, tmp_path_factory.mktemp("revocation")) as stages:
        victims = {way: Signed(stages) for way in WAYS}
        others = [Signed(stages) for _ in range(OTHERS)]
        before = _worked(stages)
        with asking([*victims.values(), *others]), ThreadPoolExecutor(len(WAYS)) as pool:
            for ended in [pool.submit(end, WAYS[way], victim) for way, victim in victims.items()]:
                ended.result()
            await_that(lambda: all(map(seen_refused, victims.values())))
        after = _worked(stages)
        yield Day(victims, others, {worker: after[worker] - before[worker] for worker in before})


@contextmanager
def two_nodes(kind: str, folder: Path) -> Iterator[tuple[Stage, Stage]]:
    """The site on two nodes of two workers, on one database of that kind."""
    with (
        own_database(kind, "revocation", folder) as url,
        node(url) as first,
        node(url) as second,
        looking_on(url, folder) as site,
    ):
        yield Stage(url, first, site), Stage(url, second, site)


def node(url: str) -> AbstractContextManager[Server]:
    """One of them."""
    return server(url, FLASK_RATCHET_LEEWAY=str(LEEWAY))


@contextmanager
def asking(people: list[Signed]) -> Iterator[None]:
    """Everybody asks every node all the time while the block runs, which begins when all were served."""
    over = Event()
    pairs = [(node, one.access_token) for one in people for node in one.nodes]
    with ThreadPoolExecutor(len(pairs)) as pool:
        running = [pool.submit(node.ask_until, over, token) for node, token in pairs]
        try:
            await_that(lambda: all(node.asked[SERVED] for node, _ in pairs))
            yield
        finally:
            over.set()
            for one in running:
                one.result()


def end(way: Way, victim: Signed) -> None:
    """End a session, and note when that was over."""
    way(victim)
    victim.ended_at = time.monotonic()


def seen_refused(victim: Signed) -> bool:
    """Whether each node has refused the session often enough, later than it has to."""
    late = victim.ended_at + PROMISED
    return all(sum(at > late for at in node.asked[REFUSED]) >= REFUSALS for node in victim.nodes)


def _worked(stages: tuple[Stage, Stage]) -> dict[int, float]:
    running: list[Server] = [stage.running for stage in stages]
    return {worker: processor_time(worker) for one in running for worker in workers_of(one)}


@pytest.mark.parametrize("way", WAYS)
def test_no_request_is_served_a_second_after_the_end(day: Day, way: str) -> None:
    """On either node, whoever ended the session and wherever; and each was asked often enough to tell."""
    victim = day.victims[way]
    for node in victim.nodes:
        late = [asked_at - victim.ended_at for asked_at in node.asked[SERVED]]
        assert [seconds for seconds in late if seconds > PROMISED] == []
    assert seen_refused(victim)


def test_everybody_else_goes_on_being_served(day: Day) -> None:
    """The end of other people's sessions costs nobody a request."""
    for one in day.others:
        for node in one.nodes:
            assert len(node.asked[SERVED]) >= REFUSALS
            assert node.asked[REFUSED] == []


def test_every_worker_was_asked(day: Day) -> None:
    """Two workers on each node, and none was idle while that was found."""
    assert len(day.worked) == 4
    assert all(day.worked.values())
