"""Honest browsers: several tabs around one jar, replies lost and late, laptops that sleep.

An exchange completes or is given up within the bound of the plan: that is all that is asked of a browser.
Where a reply did not come in time, nobody knows when the site will act on its request; what happens to that
session is then counted apart, as *beyond the bound*.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Condition, Event, Lock

from tests.support.browser import PASSWORD, REFRESH_COOKIE

from .exchange import CUT, GONE, SoakReply, attempts, post, receive
from .ledger import Ledger
from .plan import Plan

LOST = 0.05
LATE = 0.15
NAP = 0.01
"""How likely a reply is lost, a reply is late, a tab closes the lid afterwards."""

PATIENCE_TO_SIGN_IN = 20
MOMENT = 0.05
DOUBT = 30.0
"""Seconds for which a request that was given up too late may still come up; gunicorn's own limit."""


class SoakBrowser:
    """A browser of a user: one jar, and a gate that lets its tabs work while it is awake."""

    def __init__(self, plan: Plan, port: int, user: str, ledger: Ledger) -> None:
        self._plan, self._port, self._user, self._ledger = plan, port, user, ledger
        self.jar: dict[str, str] = {}
        self.robbed = False
        self.refusals = 0
        self.received_at = 0.0
        """When the last exchange began whose reply was received."""
        self.overdue_at = -DOUBT
        """When an exchange last went beyond the bound."""
        self._signing_in = Lock()
        self._gate = Condition()
        self._holds = self._busy = 0

    def tab(self, dice: random.Random, over: Event) -> None:
        """One tab: an exchange, a pause, until it is all over."""
        while not over.is_set():
            self._work(dice)
            if dice.random() < NAP and not self.robbed:
                self.nap(dice.uniform(0.5, 2) * self._plan.leeway)
            over.wait(dice.uniform(0.1, 1) * self._plan.pause)

    @property
    def in_doubt(self) -> bool:
        """Whether a request that was given up too late may still be acted on."""
        return time.monotonic() < self.overdue_at + DOUBT

    def rob(self) -> dict[str, str] | None:
        """A copy of the jar, taken while the tabs go on; None while the browser is signed out or robbed."""
        with self._signing_in:
            if self.robbed or REFRESH_COOKIE not in self.jar:
                return None
            self.robbed = True
            return dict(self.jar)

    def nap(self, seconds: float) -> None:
        """Sleep; all tabs wake at the same moment."""
        self._ledger.add("naps")
        with self.asleep():
            time.sleep(seconds)

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """No tab starts an exchange in this block, and none is under way."""
        with self._gate:
            self._holds += 1
            self._gate.wait_for(lambda: self._busy == 0)
        try:
            yield
        finally:
            with self._gate:
                self._holds -= 1
                self._gate.notify_all()

    def finish(self) -> None:
        """Refresh once more: whoever is honest is signed in to the last."""
        if not self.in_doubt:
            verdict = "signed in" if self._insist().status == 200 else "signed out"
            self._ledger.add(f"{verdict} at the end")

    def _insist(self) -> SoakReply:
        """Refresh, however often the connection is cut."""
        for _ in attempts():
            with suppress(*CUT):
                reply = post(self._port, "/auth/refresh", self.jar, {}, PATIENCE_TO_SIGN_IN)
                if reply.status != 503:
                    return reply
            time.sleep(MOMENT)
        raise RuntimeError(GONE)

    def sign_in(self) -> None:
        """Sign in, as often as it takes; what was stolen before is worth nothing now."""
        with self._signing_in:
            if REFRESH_COOKIE in self.jar:
                return
            for _ in attempts():
                self._try_to_sign_in()
                if REFRESH_COOKIE in self.jar:
                    break
            else:
                raise RuntimeError(GONE)
            self.robbed = False
            self._ledger.add("sign-ins")

    def _try_to_sign_in(self) -> None:
        fields = {"identifier": self._user, "password": PASSWORD}
        try:
            reply = post(self._port, "/auth/login", self.jar, fields, PATIENCE_TO_SIGN_IN)
        except CUT:
            self._ledger.add("cut connections")
            return
        receive(self.jar, reply)
        self._note(reply)
        if reply.status != 200:
            time.sleep(MOMENT)

    def _work(self, dice: random.Random) -> None:
        """One exchange while the browser is awake; with an empty jar it signs in, while no other tab does."""
        with self._gate:
            self._gate.wait_for(lambda: not self._holds)
            self._busy += 1
        try:
            if REFRESH_COOKIE in self.jar:
                self._exchange(dice)
        finally:
            with self._gate:
                self._busy -= 1
                self._gate.notify_all()
        if REFRESH_COOKIE not in self.jar:
            with self.asleep():
                self.sign_in()

    def _exchange(self, dice: random.Random) -> None:
        """Refresh, and receive the reply now, late, or never."""
        began, presented = time.monotonic(), dict(self.jar)
        try:
            reply = post(self._port, "/auth/refresh", presented, {}, self._plan.bound)
        except TimeoutError:
            self._overdue()
            return
        except CUT:
            self._ledger.add("cut connections")
            return
        took = time.monotonic() - began
        self._ledger.took(took)
        if took > self._plan.bound:
            self._overdue()
        elif dice.random() < LOST and not reply.ends_session:
            self._ledger.add("lost replies")
            self._judge(reply)
        else:
            self._delay(dice, self._plan.bound - took)
            receive(self.jar, reply)
            self.received_at = began
            if reply.ends_session and self.jar.get(REFRESH_COOKIE) == presented.get(REFRESH_COOKIE):
                self.jar.clear()  # a person signs in again; a page compares the mark in the same way
            self._judge(reply)

    def _delay(self, dice: random.Random, most: float) -> None:
        """Let another tab's reply overtake this one, now and then."""
        if dice.random() < LATE:
            self._ledger.add("late replies")
            time.sleep(dice.uniform(0, 0.9) * most)

    def _overdue(self) -> None:
        self._ledger.add("beyond the bound")
        self.overdue_at = time.monotonic()

    def _judge(self, reply: SoakReply) -> None:
        self._note(reply)
        if reply.status == 200:
            self._ledger.add("refreshes")
        if reply.ends_session:
            self.refusals += 1
            self._blame(reply)

    def _blame(self, reply: SoakReply) -> None:
        """Why is this browser signed out? There has to be a thief."""
        if self.robbed:
            return
        if self.in_doubt:
            self._ledger.add("sign-outs beyond the bound")
        else:
            self._ledger.add("false sign-outs", f"{self._user} got {reply.status} {reply.code}")

    def _note(self, reply: SoakReply) -> None:
        """Count what should not be."""
        if reply.is_fault_told_well:
            self._ledger.add("503")
        elif reply.status == 503:
            self._ledger.add("unexplained replies", "a 503 without Retry-After, or with cookies")
        elif reply.status >= 500:
            self._ledger.add("5xx other than 503", f"{reply.status} {reply.code}")
        elif reply.status not in (200, 401):
            self._ledger.add("unexplained replies", f"{reply.status} {reply.code}")
