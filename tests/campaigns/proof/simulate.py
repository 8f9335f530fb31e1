"""How often an honest browser is signed out on a slow and lossy network, where exchanges outlast the bound.

The explorers promise nothing to an exchange that lives longer than the bound. This simulation says how much
that matters. One *wake-up*: a laptop is opened, ``TABS`` tabs find their access tokens expired and refresh
within ``SPREAD`` seconds of one another. Each way takes a log-normal time and loses a message now and then;
after ``PATIENCE`` seconds without a reply a tab gives up, takes no later reply, and sends again what the jar
then holds. A request that was given up may still reach the server, however late. The wake-up is over when
every tab has its reply; much later the browser refreshes once more. There is no thief: a refusal anywhere is
a false sign-out.

What travels when does not depend on the rule. So every rule and every leeway lives through the same wake-ups,
and a difference between two of them is one of rule or of leeway, never of luck.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from random import Random
from typing import NamedTuple

from app.auth.lifecycle.rotation import CONFIRMING_FRACTION, RotationPolicy, Session, decide
from tests.campaigns.proof.exploration.model import Decide, endless
from tests.campaigns.proof.faults import FAULTS
from tests.campaigns.proof.rivals import first_edition, strict, supabase, supertokens

TABS, SPREAD, PATIENCE = 3, 3.0, 10.0
LATER = 900.0
"""When the browser comes back after a wake-up, in seconds: beyond any leeway."""


@dataclass(frozen=True)
class Network:
    """Median seconds each way, the spread of their logarithm, and the part of messages lost each way."""

    name: str
    median: float
    sigma: float
    loss: float


BAD = Network("bad mobile network", median=0.150, sigma=1.4, loss=0.03)
LIGHTER = Network("lighter tail", median=0.150, sigma=1.3, loss=0.03)
GOOD = Network("good network", median=0.030, sigma=0.6, loss=0.001)
NETWORKS = {network.name: network for network in (BAD, LIGHTER, GOOD)}

SEND, SERVE, RECEIVE = range(3)


class Event(NamedTuple):
    """Something that happens to one exchange."""

    at: float
    what: int
    exchange: int


def wake_ups(network: Network, seed: str, most: int) -> Iterator[list[Event]]:
    """So many wake-ups: for each, everything that travels, in order of time."""
    chance = Random(seed)
    for _ in range(most):
        yield sorted(event for tab in range(TABS) for event in _tab(network, chance, tab))


def _tab(network: Network, chance: Random, tab: int) -> Iterator[Event]:
    """One tab's exchanges, until one of them succeeds."""
    mu, sent, exchange = log(network.median), chance.random() * SPREAD, tab
    while True:
        yield Event(sent, SEND, exchange)
        if chance.random() >= network.loss:
            served = sent + chance.lognormvariate(mu, network.sigma)
            yield Event(served, SERVE, exchange)
            received = served + chance.lognormvariate(mu, network.sigma)
            if chance.random() >= network.loss and received < sent + PATIENCE:
                yield Event(received, RECEIVE, exchange)
                return
        sent, exchange = sent + PATIENCE, exchange + TABS


def signs_out(decide: Decide, rule: RotationPolicy, events: list[Event]) -> bool:
    """Whether an honest tab is refused during a wake-up, or when the browser comes back."""
    session: Session | None = _settled(rule)
    jar, carried = "current", dict.fromkeys((event.exchange for event in events), "")
    for at, what, exchange in (*events, (LATER, SEND, -1), (LATER, SERVE, -1)):
        if what == SEND:
            carried[exchange] = jar
        elif what == RECEIVE:
            jar = carried[exchange]
        else:
            session = decide(session, carried[exchange], at, f"made for {exchange}", rule).session
            if session is None:
                return True
            carried[exchange] = session.current
    return False


def _settled(rule: RotationPolicy) -> Session:
    """A session that was last served long ago."""
    long_ago = (-LATER,) * 4
    return Session("session", "current", "parent", *long_ago, rule.idle_ttl, -LATER)


LEEWAYS = (5, 10, 20, 30, 40, 60)
"""The leeways tried, in seconds."""

CHUNK = 20_000
"""Wake-ups that share a seed. A rule that signs out often shows its rate in the first of them."""


NO_RECOVER = "no Recover: after the leeway the parent is Reuse"


class Contender(NamedTuple):
    """A rule, and whether it fails so often that one chunk of wake-ups is enough."""

    decide: Decide
    plain: bool


CONTENDERS = {
    "Ratchet": Contender(decide, plain=False),
    "Ratchet's first edition": Contender(first_edition, plain=False),
    "Ratchet without Recover": Contender(FAULTS[NO_RECOVER], plain=False),
    "Supabase's counter": Contender(supabase, plain=False),
    "SuperTokens 5.6": Contender(supertokens, plain=True),
    "strict rotation": Contender(strict, plain=True),
}
"""The rules compared."""

Counts = dict[tuple[str, int], int]
"""False sign-outs by rule and leeway."""

Order = tuple[tuple[int, int], ...]
"""What happens to which exchange, in order, without the times."""


def order_and_span(events: list[Event]) -> tuple[Order, float]:
    """The order of events, and how long after its first answer the server gives its last."""
    served = [event.at for event in events if event.what == SERVE]
    return tuple(event[1:] for event in events), served[-1] - served[0]


class Trial:
    """One rule living through wake-ups.

    Where the server answers everything within less than two thirds of a leeway, every age after the first is
    below all that a rule compares with and only the order of events decides: such an order is played once
    and then remembered.
    """

    def __init__(self, decide: Decide) -> None:
        self.decide, self.known = decide, dict[Order, bool]()

    def signs_out(self, leeway: int, events: list[Event], order: Order, span: float) -> bool:
        """Whether an honest tab is refused."""
        if span >= leeway * CONFIRMING_FRACTION:
            return signs_out(self.decide, endless(leeway), events)
        if order not in self.known:
            self.known[order] = signs_out(self.decide, endless(leeway), events)
        return self.known[order]


def count(network: Network, chunk: int, most: int = CHUNK) -> Counts:
    """Live through one chunk of wake-ups by every rule that still has something to show."""
    names = [name for name, contender in CONTENDERS.items() if chunk == 0 or not contender.plain]
    trials = {name: Trial(CONTENDERS[name].decide) for name in names}
    counts = {(name, leeway): 0 for name in names for leeway in LEEWAYS}
    for events in wake_ups(network, f"{network.name} {chunk}", most):
        order, span = order_and_span(events)
        for name, leeway in counts:
            counts[name, leeway] += trials[name].signs_out(leeway, events, order, span)
    return counts
