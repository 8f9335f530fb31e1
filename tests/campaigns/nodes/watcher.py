"""People who sign in and out: once the sign-out is answered, no node serves them for longer than a second."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from threading import Event, Lock

from tests.campaigns.soak.exchange import CUT, GONE, SoakReply, attempts, post, receive
from tests.support.browser import PASSWORD

from .ledger import NodesLedger, Outages
from .site import Node

PROMISED = 1.0
"""Seconds after which the end of a session has taken effect everywhere."""

GUARDED = "/account/sessions/nobody/end"
"""A view of the site that wants an access token and never asks the row; nobody has a session of that name."""

SERVED = 303
PATIENCE = 5.0
MOMENT = 0.1
TIMES = 4
"""How often each node is asked after a sign-out: its workers take turns."""


class Watcher:
    """Signs in and out again and again, by way of nginx, and asks every node directly."""

    def __init__(
        self, port: int, nodes: Sequence[Node], user: str, ledger: NodesLedger, outages: Outages
    ) -> None:
        self._port, self._nodes, self._user = port, nodes, user
        self._ledger, self._outages = ledger, outages
        self._ended: list[dict[str, str]] = []
        self._lock = Lock()

    def work(self, over: Event) -> None:
        """One round after the other until it is all over."""
        while not over.wait(MOMENT):
            self._round()

    def confirm(self) -> None:
        """Whatever broke since: no session that was signed out is back."""
        for jar in self._ended:
            if self._insist("/auth/refresh", dict(jar), {}, 200, 401).status == 200:
                self._ledger.add("sign-outs undone", f"{self._user} is signed in again")

    def _round(self) -> None:
        jar: dict[str, str] = {}
        fields = {"identifier": self._user, "password": PASSWORD}
        receive(jar, self._insist("/auth/login", jar, fields, 200))
        self._ask_all(jar)
        self._insist("/auth/logout", jar, {}, 204)
        signed_out_at = time.monotonic()
        time.sleep(PROMISED)
        served = [name for _ in range(TIMES) for name in self._ask_all(jar)]
        self._ended.append(jar)
        self._ledger.add("sign-outs")
        if self._outages.touch(signed_out_at, time.monotonic()):
            self._ledger.add("sign-outs while the database was away")
        elif served:
            self._ledger.add("late sign-outs", f"{self._user} was still served by {', '.join(served)}")

    def _ask_all(self, jar: dict[str, str]) -> list[str]:
        """The nodes that serve the access token of a jar."""
        return [node.name for node in self._nodes if self._is_served(node, jar["accessToken"])]

    def _is_served(self, node: Node, token: str) -> bool:
        with suppress(*CUT):  # this node is down
            reply = post(node.port, GUARDED, {"accessToken": token}, {}, PATIENCE)
            return reply.status == SERVED
        return False

    def _insist(self, path: str, jar: dict[str, str], fields: dict[str, str], *expected: int) -> SoakReply:
        """POST by way of nginx until there is an answer that is no fault."""
        for _ in attempts():
            with suppress(*CUT):
                reply = post(self._port, path, jar, fields, PATIENCE)
                if reply.status in expected:
                    return reply
                if not reply.is_fault_told_well:
                    self._ledger.add("unexplained replies", f"{path}: {reply.status} {reply.code}")
            time.sleep(MOMENT)
        raise RuntimeError(GONE)
