"""Thieves who copied a jar, keep every token they ever held, and present any of them.

Thief and victim take turns, more than a leeway apart: while one uses the site the other sleeps. Some thieves
poll: they present their newest token again and again, for more than two leeways, until the victim wakes. A
*hand-over* is one of them served where the other was served before, counted from the thief's first use. After
two the session has to end: the next use is refused, and from then on nothing that either holds is worth
anything.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from threading import Event

from .browsers import DOUBT, SoakBrowser
from .exchange import CUT, GONE, SoakReply, attempts, post, receive
from .ledger import Ledger, Theft
from .plan import Plan

MAX_HAND_OVERS = 2
PATIENCE = 20
"""Seconds to wait for a victim that should wake up and use the site."""

MOMENT = 0.02


class Thief:
    """Robs one browser after the other."""

    def __init__(self, plan: Plan, port: int, ledger: Ledger, dice: random.Random) -> None:
        self.plan, self.ledger, self.dice = plan, ledger, dice
        self._port = port
        self.slow = False

    def work(self, victims: Sequence[SoakBrowser], over: Event) -> None:
        """Steal until it is all over; the last theft is seen to its end."""
        while not over.wait(self.dice.uniform(0.1, 1) * self.plan.leeway):
            victim = self.dice.choice(victims)
            jar = victim.rob()
            if jar:
                self.slow = False
                Robbery(self, victim, jar).run()

    def insist(self, path: str, jar: dict[str, str]) -> SoakReply:
        """POST until there is an answer."""
        for _ in attempts():
            try:
                reply = post(self._port, path, jar, {}, self.plan.bound)
            except TimeoutError:
                self.slow = True
            except CUT:
                self.ledger.add("cut connections")
            else:
                if reply.status != 503:
                    return reply
            time.sleep(MOMENT)
        raise RuntimeError(GONE)


class Robbery:
    """One theft, from the copy of the jar to the end of the session."""

    def __init__(self, thief: Thief, victim: SoakBrowser, jar: dict[str, str]) -> None:
        self._thief, self._victim = thief, victim
        self._jars = [jar]
        self._copied_at = time.monotonic()
        self._refusals = victim.refusals
        self._first_use = self._over_at = 0.0
        self._story: list[str] = []

    def run(self) -> None:
        """Take turns until the session is over, and note how it went."""
        plan, dice, ledger = self._thief.plan, self._thief.dice, self._thief.ledger
        if dice.random() < 0.5:
            time.sleep(dice.uniform(0, 1.5) * plan.leeway)  # the victim goes on meanwhile
        hand_overs = self._take_turns()
        found = hand_overs <= MAX_HAND_OVERS and self._is_worthless()
        if found or not self._is_in_doubt:
            ledger.close(Theft(found, hand_overs, self._over_at - self._first_use))
        else:
            ledger.add("thefts called off")
        if not found:
            ledger.add("thefts that went on", ", ".join(self._story))
        self._let_victim_return()

    @property
    def _is_in_doubt(self) -> bool:
        """Whether a request of somebody who had given it up may have been acted on meanwhile."""
        return self._thief.slow or self._victim.overdue_at > self._copied_at - DOUBT

    def _take_turns(self) -> int:
        """How often the session changed hands before it was over; stops at one too many."""
        for served in range(MAX_HAND_OVERS + 2):
            if self._victim_is_refused() if served % 2 else self._thief_is_refused():
                return max(0, served - 1)
        return MAX_HAND_OVERS + 1

    def _thief_is_refused(self) -> bool:
        """The thief refreshes one to three times, a good while from the victim, or polls until it wakes."""
        polls = self._thief.dice.random() < 0.5
        with self._victim.asleep():
            time.sleep(self._thief.plan.apart)
            self._first_use = self._first_use or time.monotonic()
            few = range(self._thief.dice.randint(1, 3))
            refused = self._poll() if polls else any(self._is_refused(self._any_jar) for _ in few)
            self._over_at = time.monotonic()
            if not refused and not polls:
                time.sleep(self._thief.plan.apart)
        return refused

    @property
    def _any_jar(self) -> dict[str, str]:
        """A token that the thief holds or held."""
        return self._thief.dice.choice(self._jars)

    def _poll(self) -> bool:
        """Present the newest token every few moments, never far from the last use; whether it was refused."""
        leeway = self._thief.plan.leeway
        until = time.monotonic() + 2.2 * leeway
        while time.monotonic() < until:
            if self._is_refused(self._jars[-1]):
                return True
            time.sleep(self._thief.dice.uniform(0.1, 0.5) * leeway)
        return False

    def _is_refused(self, held: dict[str, str]) -> bool:
        """Present a token; whether it was refused."""
        jar = dict(held)
        reply = self._thief.insist("/auth/refresh", jar)
        self._tell(f"thief {reply.status} {reply.code}")
        receive(jar, reply)
        self._jars += [jar] if reply.status == 200 else []
        return reply.ends_session

    def _victim_is_refused(self) -> bool:
        """The victim is awake until it has received a reply; whether that was a refusal."""
        woke_at = time.monotonic()
        while self._victim.refusals == self._refusals:
            if self._victim.received_at > woke_at:
                self._tell("victim 200")
                return False
            if time.monotonic() > woke_at + PATIENCE:
                self._thief.slow = True
                return False
            time.sleep(MOMENT)
        self._over_at = time.monotonic()
        self._tell("victim refused")
        return True

    def _is_worthless(self) -> bool:
        """Whether everything that the thief holds or held is refused."""
        refused = [self._thief.insist("/auth/refresh", jar).ends_session for jar in self._jars]
        self._tell(f"afterwards refused: {refused}")
        return all(refused)

    def _let_victim_return(self) -> None:
        """The victim signs in again; a session that did not end is ended first."""
        self._thief.insist("/auth/logout", self._jars[0])
        deadline = time.monotonic() + PATIENCE
        while self._victim.robbed and time.monotonic() < deadline:
            time.sleep(MOMENT)

    def _tell(self, what: str) -> None:
        self._story.append(f"{time.monotonic() - self._copied_at:.1f} s {what}")
