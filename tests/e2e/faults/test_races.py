"""Many processes and one user row: everybody refreshes at once, or refreshes while sessions end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.db import db
from tests.support import databases
from tests.support.browser import Browser
from tests.support.rows import stored, write
from tests.support.samples import NOW
from tests.support.sites import settings

from ...campaigns.counts import count
from ...support.peers.promise import check_one_branch
from ...support.peers.racers import RaceReply, Racers, refresh_with
from ...support.server.servers import SECRET
from ...support.server.stage import Person, looking_on, new_person, own_database, start_session

CLIENTS = 100
SESSIONS = 20
ROUNDS = count(15, 50)
"""Rounds in which five clients of four processes share each session: whole, a thousand races a database."""

FULL_ROUNDS = count(5, 10)
"""Rounds in which all hundred clients present one token."""

PAST_THE_LEEWAY = 31.0
DEVICES = 4
TIMES = count(2, 4)
"""How often each way to end a session is raced, on each database."""

LATEST = 0.03
"""Seconds of refreshing before the end comes, at most."""


Ending = Callable[[Flask, Person], TestResponse]


def sign_out_everywhere(site: Flask, person: Person) -> TestResponse:
    """The person signs out everywhere, from a browser of their own."""
    return insist(lambda: Browser(site, person.cookie).sign_out("all"))


def change_password(site: Flask, person: Person) -> TestResponse:
    """The person changes their password, in a browser of their own."""
    browser = Browser(site)
    insist(lambda: browser.sign_in(person.email))
    return insist(browser.change_password)


def block(site: Flask, person: Person) -> TestResponse:
    """An operator blocks the account in its row; the next page says so."""
    write(site, person.subject, blocked=True)
    return Browser(site).client.get("/sign-in")


@pytest.fixture(scope="module", params=databases.KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database of this module's own."""
    with own_database(request.param, "races", tmp_path_factory.mktemp("races")) as made:
        yield made


@pytest.fixture(scope="module")
def site(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The site in the test's own process, its clock standing still."""
    with looking_on(url, tmp_path_factory.mktemp("site"), clock=lambda: NOW) as made:
        with made.app_context():
            db.create_all()
        yield made


@pytest.fixture(scope="module")
def racers(site: Flask) -> Iterator[Racers]:
    """Four processes with the default leeway."""
    yield from started(site)


@pytest.fixture(scope="module")
def restless(site: Flask) -> Iterator[Racers]:
    """Four processes without a leeway: every refresh rotates, and is a write."""
    yield from started(site, RATCHET_LEEWAY=0)


def test_every_race_makes_one_generation(site: Flask, racers: Racers) -> None:
    """A hundred clients on twenty sessions: one write and one successor a round, and everybody gets it."""
    people = [new_person(site) for _ in range(SESSIONS)]
    shared = [people[client * SESSIONS // CLIENTS] for client in range(CLIENTS)]
    before = [stored(site, person.subject).version for person in people]
    told = racers.race([person.cookie for person in shared], ROUNDS, PAST_THE_LEEWAY)
    for person, version in zip(people, before, strict=True):
        mine = [answers for owner, answers in zip(shared, told, strict=True) if owner is person]
        check_race(site, person, mine, ROUNDS)
        assert stored(site, person.subject).version == version + ROUNDS


def test_a_hundred_at_once_get_one_successor(site: Flask, racers: Racers) -> None:
    """All clients present one token at one moment, and afterwards all of them are still signed in."""
    person = new_person(site)
    told = racers.race([person.cookie] * CLIENTS, FULL_ROUNDS, PAST_THE_LEEWAY)
    check_race(site, person, told, FULL_ROUNDS)
    again = racers.race([answers[-1].refresh for answers in told], 1, 0)
    assert [answers[-1].refresh for answers in again] == [answers[-1].refresh for answers in told]


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param(sign_out_everywhere, id="signing out everywhere"),
        pytest.param(change_password, id="changing the password"),
        pytest.param(block, id="blocking the account"),
    ],
)
def test_no_token_works_after_the_reply_that_ends_every_session(
    site: Flask, restless: Racers, ending: Ending
) -> None:
    """Devices refresh without pause when that reply comes; whatever they hold then is worth nothing."""
    for _ in range(TIMES):
        person = new_person(site)
        devices = [start_session(site, person.subject) for _ in range(DEVICES)]
        held = race_against(lambda: ending(site, person), restless, devices)  # noqa: B023  # called at once
        assert {fate(site, answer) for answer in held} == {"dead"}


def test_signing_one_device_out_leaves_the_others(site: Flask, restless: Racers) -> None:
    """The device that is signed out while it refreshes holds nothing then; all others go on."""
    for _ in range(TIMES):
        person = new_person(site)
        devices = [start_session(site, person.subject) for _ in range(DEVICES)]
        copy = Browser(site, devices[0])
        held = race_against(lambda: insist(copy.sign_out), restless, devices)  # noqa: B023  # called at once
        assert [fate(site, answer) for answer in held] == ["dead"] + ["alive"] * (DEVICES - 1)


def started(site: Flask, **further: object) -> Iterator[Racers]:
    """Racers on the database of ``site``."""
    url = site.config["SQLALCHEMY_DATABASE_URI"]
    racers = Racers(settings(url, Path(site.instance_path)) | {"SECRET_KEY": SECRET} | further)
    yield racers
    racers.close()


def check_race(site: Flask, person: Person, told: Sequence[Sequence[RaceReply]], rounds: int) -> None:
    """In every round all clients were told 200 and one successor, and the last one is current."""
    line = [person.cookie]
    for answers in zip(*told, strict=True):
        assert {answer.status for answer in answers} == {200}
        (successor,) = {answer.refresh for answer in answers}
        assert successor not in line
        line.append(successor)
    assert len(line) == rounds + 1
    check_one_branch(site, person.subject, line)


def race_against(end: Callable[[], TestResponse], racers: Racers, devices: Sequence[str]) -> list[RaceReply]:
    """End sessions while the devices refresh; what each of them was handed last."""
    with racers.refreshing(devices) as told:
        time.sleep(random.uniform(0, LATEST))  # noqa: S311  # luck, not a secret
        assert end().status_code in (200, 204)
    assert {answer.status for answers in told for answer in answers} <= {200, 401, 403, 503}
    assert sum(answer.status == 200 for answers in told for answer in answers) > len(devices)
    return [next(answer for answer in reversed(answers) if answer.status == 200) for answers in told]


def fate(site: Flask, held: RaceReply) -> str:
    """Whether what a device holds still opens a view that asks the row, and refreshes."""
    opened = Browser(site).me(held.access).status_code
    refreshed = refresh_with(site, held.refresh).status
    if refreshed in (401, 403) and opened == 401:
        return "dead"
    return "alive" if (opened, refreshed) == (200, 200) else f"{opened} {refreshed}"


def insist(ask: Callable[[], TestResponse]) -> TestResponse:
    """Ask again as long as the row is too busy."""
    reply = ask()
    return insist(ask) if reply.status_code == 503 else reply
