"""One answer of the server in a session with a device, on values small enough to enumerate.

As in ``exploration.model``, nothing looks inside: ``lifecycle.binding`` is handed a device and what a request
shows, and what comes out is kept. The rule answers through the ``Server`` of that module. Times are whole
ticks from now: how long something is still good. What is over for a leeway stays so, and is one value.

A challenge is *fresh* if it is newer than every one that was used. When one is used, all others that are
under way count as used, too: that costs a browser one exchange more, and never less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from app.auth.lifecycle import binding
from app.auth.lifecycle.binding import ALLOWED, PENDING, BindingPolicy, Device, Possession, Proof, Ruling
from app.auth.lifecycle.rotation import decide
from tests.campaigns.proof.exploration.model import Role, Seen, Server

KEY = "the owner's key"
USED, FRESH = 0.0, 1.0
"""The issue times of a challenge that was used, and of one that was not."""


class Bound(NamedTuple):
    """A device as the explorers see it: its state, and for how many ticks nothing is decided."""

    state: str
    pending: int = 0


class Side(NamedTuple):
    """The server's side: the session, its device, and for how many ticks a key can be registered."""

    seen: Seen
    device: Bound | None
    young: int


class Answer(NamedTuple):
    """What became of a request.

    ``side`` is None where the session has ended. ``renamed`` is what tokens have become, None where the rule
    was not asked. ``life`` is how many ticks the new access token lives, None where there is none.
    ``sets`` says whether the access cookie is set.
    """

    ruling: Ruling
    side: Side | None
    renamed: tuple[Role, Role, Role, Role] | None = None
    life: int | None = None
    sets: bool = False

    @property
    def is_served(self) -> bool:
        """Whether tokens were handed out."""
        return self.life is not None


@dataclass(frozen=True)
class Functions:
    """The functions under proof; a fault replaces one. ``rule_first`` asks the rule before the binding."""

    register: Callable[..., Device | None] = binding.register
    rule: Callable[..., Ruling] = binding.rule
    after: Callable[..., Device | None] = binding.after
    cap: Callable[..., float | None] = binding.cap
    rule_first: bool = False


@dataclass(frozen=True)
class BoundServer:
    """The functions at work. ``access``, ``first`` and ``registration`` are lives in ticks."""

    functions: Functions = field(default_factory=Functions)
    leeway: int = 3
    access: int = 6
    first: int = 2
    registration: int = 4
    known: dict[tuple[object, ...], Answer] = field(default_factory=dict, compare=False)

    @property
    def over(self) -> int:
        """The life of what is over for a leeway or was never there."""
        return -self.leeway

    @property
    def policy(self) -> BindingPolicy:
        """The numbers of binding, in ticks."""
        return BindingPolicy(self.leeway, self.registration, self.first)

    def refresh(self, side: Side, role: Role, possession: Possession) -> Answer:
        """A refresh token of that role is presented; asked once, then remembered."""
        key = (side, role, possession)
        if key not in self.known:
            self.known[key] = self._refresh(side, role, possession)
        return self.known[key]

    def shows(self, life: int, *, is_skipped: bool = False) -> Possession:
        """The possession of a request whose access token is good for that long."""
        return Possession(None if life == self.over else life, None, is_skipped)

    def register(self, side: Side, life: int, key: str = KEY) -> Answer:
        """A key is registered, by a request whose access token is good for that long."""
        device = self.functions.register(
            self._device(side.device),
            key,
            USED,
            None if life == self.over else life,
            started_at=side.young - self.registration,
            now=0,
            policy=self.policy,
        )
        if device is None:
            return Answer(Ruling.MISSING, side)
        first = int(binding.first_until(life, 0, self.policy))
        return Answer(Ruling.FREE, side._replace(device=self._bound(device)), None, first, sets=True)

    def _refresh(self, side: Side, role: Role, possession: Possession) -> Answer:
        device, started_at = self._device(side.device), side.young - self.registration
        ruling = self.functions.rule(device, possession, 0, started_at=started_at, policy=self.policy)
        answer = self._rotation.answer(side.seen, role)
        if ruling is Ruling.STOLEN or (self.functions.rule_first and answer.session is None):
            return Answer(ruling, None)
        if ruling not in ALLOWED:
            return Answer(ruling, side)
        if answer.session is None or not answer.served:
            return Answer(ruling, None)
        device = self.functions.after(device, ruling, possession, 0)
        until = self.functions.cap(device, possession)
        life = self.access if until is None else min(self.access, int(until))
        after = Side(answer.session, self._bound(device), side.young)
        return Answer(ruling, after, answer.renamed, life, sets=until is None)

    @property
    def _rotation(self) -> Server:
        return _ROTATIONS.setdefault(self.leeway, Server(decide, self.leeway))

    def _device(self, bound: Bound | None) -> Device | None:
        return bound and Device(bound.state, KEY, challenged_at=USED, pending_until=bound.pending)

    def _bound(self, device: Device | None) -> Bound | None:
        if device is None:
            return None
        return Bound(device.state, max(0, int(device.pending_until)) if device.state == PENDING else 0)


_ROTATIONS: dict[int, Server] = {}


def proof(*, fresh: bool) -> Possession:
    """The possession of a request with a proof."""
    return Possession(proof=Proof(FRESH if fresh else USED))
