"""Hashes leave threads and processors for other requests: a bounded number at once, at low priority."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from runpy import run_path
from threading import Event, Semaphore, Thread, get_native_id

import pytest

from app.auth.errors import Unavailable
from app.auth.passwords import hash_limit
from app.auth.passwords.hash_limit import MAX_HASHES, NICENESS, RETRY_SECONDS, HashLimit
from tests.support import ROOT

LEAST_PRIORITY = 19
WAIT = 30

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")


@pytest.fixture
def limit() -> HashLimit:
    """The limit of an app in which nothing hashes."""
    return HashLimit()


@contextmanager
def hashing(limit: HashLimit, number: int) -> Iterator[None]:
    """So many hashes run or wait, and end with the block."""
    over = Event()
    with ThreadPoolExecutor(number) as requests:
        started = [requests.submit(limit.run, over.wait, WAIT) for _ in range(number)]
        try:
            while limit._places._value > MAX_HASHES - number:
                time.sleep(0.001)
            yield
        finally:
            over.set()
            assert all(one.result(WAIT) for one in started)


def priority() -> int:
    """The niceness of the thread that asks."""
    return os.getpriority(os.PRIO_PROCESS, 0)


def test_a_hash_that_is_one_too_many_is_refused_at_once(limit: HashLimit) -> None:
    """The eleventh is not done and says when to come back; as soon as one has ended, the next one is done."""
    done: list[str] = []
    with hashing(limit, MAX_HASHES), pytest.raises(Unavailable) as refused:
        limit.run(done.append, "the eleventh")
    limit.run(done.append, "a later one")
    assert done == ["a later one"]
    assert refused.value.retry_after == RETRY_SECONDS


@pytest.mark.parametrize(("usable", "at_once"), [(1, 1), (2, 2), (8, 8), (64, MAX_HASHES)])
def test_a_process_hashes_on_its_processors(
    monkeypatch: pytest.MonkeyPatch, usable: int, at_once: int
) -> None:
    """The others wait for their turn: more at once would take no less time."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(usable)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: usable)
    limit, running, most = HashLimit(), Semaphore(0), []

    def hash_a_moment() -> None:
        running.release()
        time.sleep(0.05)
        most.append(running._value)
        running.acquire()

    with ThreadPoolExecutor(MAX_HASHES) as requests:
        list(requests.map(lambda _: limit.run(hash_a_moment), range(MAX_HASHES)))
    assert max(most) == at_once


def test_a_hash_that_fails_gives_its_place_back(limit: HashLimit) -> None:
    """An error reaches the caller, however often there is one."""
    for _ in range(MAX_HASHES + 1):
        with pytest.raises(ValueError, match="invalid literal"):
            limit.run(int, "no number")
    assert limit.run(int, "7") == 7


def test_a_system_without_another_thread_is_a_fault(
    limit: HashLimit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is refused says when to come back, and leaves its place to the next one."""
    with monkeypatch.context() as full:
        full.setattr(Thread, "start", refuse_to_start)
        for _ in range(MAX_HASHES + 1):
            with pytest.raises(Unavailable) as refused:
                limit.run(priority)
            assert refused.value.retry_after == RETRY_SECONDS
    assert limit.run(str, 7) == "7"


def refuse_to_start(_thread: Thread) -> None:
    """Fail as Python does where the system gives no further thread."""
    raise RuntimeError("can't start new thread")


@linux
def test_a_hash_has_a_lower_priority_than_its_request(limit: HashLimit) -> None:
    """The thread of the hash is nicer by NICENESS; that of the request stays as it was."""
    before = priority()
    assert limit.run(priority) == min(before + NICENESS, LEAST_PRIORITY)
    assert priority() == before


@linux
def test_a_greenlet_does_not_lower_the_priority_of_its_server() -> None:
    """Where threads are greenlets of one thread, all requests share its priority."""
    kept: list[int] = []

    def lower() -> None:
        hash_limit._lower_priority(get_native_id())
        kept.append(priority())

    thread = Thread(target=lower)
    thread.start()
    thread.join()
    assert kept == [priority()]


def test_a_verifier_of_the_host_sees_the_context_of_its_request(limit: HashLimit) -> None:
    """Context variables, such as Flask's current_app, are those of the caller."""
    tenant = ContextVar[str]("tenant")
    tenant.set("north")
    assert limit.run(tenant.get) == "north"


def test_a_worker_has_threads_that_no_hash_can_take() -> None:
    """gunicorn.conf.py gives each worker more threads than hashes run at once."""
    assert run_path(str(ROOT / "gunicorn.conf.py"))["threads"] >= MAX_HASHES + 4
