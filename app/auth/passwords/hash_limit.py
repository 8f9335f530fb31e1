"""Limits what password hashes take from the other requests of a process: few at once, at low priority.

A hash keeps a processor busy for about a fifth of a second, and a thread of the server as well. Without a
limit, sign-ins would occupy every thread, and refreshes would wait for seconds. Without the low priority,
they would wait for a processor.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from threading import BoundedSemaphore, get_native_id
from typing import ParamSpec, TypeVar

from ..errors import Unavailable

MAX_HASHES = 10
"""Hashes of one app that run or wait in one process. A worker has more threads, see gunicorn.conf.py."""

NICENESS = 5
"""Steps by which a hash has a lower priority than requests: a third of their weight (sched(7))."""

RETRY_SECONDS = 2
"""When a refused sign-in may try again: ten hashes take about as long on one processor."""

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class HashLimit:
    """Runs the hashes of one app, each when a processor is there for it; refuses those that are too many."""

    def __init__(self) -> None:
        self._places = BoundedSemaphore(MAX_HASHES)
        self._processors = BoundedSemaphore(processors())

    def run(self, work: Callable[_Given, _Result], *values: _Given.args, **named: _Given.kwargs) -> _Result:
        """The result of ``work``; Unavailable, and nothing is hashed, if ``MAX_HASHES`` run or wait."""
        if not self._places.acquire(blocking=False):
            raise Unavailable(retry_after=RETRY_SECONDS)
        try:
            with self._processors:
                return _at_low_priority(work, *values, **named)
        finally:
            self._places.release()


def processors() -> int:
    """How many hashes one process runs at once: as many as it has processors. More would be no quicker."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _at_low_priority(
    work: Callable[_Given, _Result], *values: _Given.args, **named: _Given.kwargs
) -> _Result:
    """Run ``work`` in a thread of its own: only a privileged process can raise a priority again."""
    context = copy_context()
    with ThreadPoolExecutor(1, initializer=_lower_priority, initargs=(get_native_id(),)) as thread:
        try:
            started = thread.submit(lambda: context.run(work, *values, **named))
        except RuntimeError as error:  # the system gives this process no further thread
            raise Unavailable(retry_after=RETRY_SECONDS) from error
        return started.result()


def _lower_priority(caller: int) -> None:
    """Lower the priority of this thread. Only Linux has one for each thread, and greenlets have none."""
    if sys.platform == "linux" and get_native_id() != caller:
        with suppress(OSError):
            os.nice(NICENESS)
