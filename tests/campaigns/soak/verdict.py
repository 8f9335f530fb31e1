"""How a run under load ends: what it says of its promises, and its exit status."""

from __future__ import annotations

from collections.abc import Sequence

from .ledger import Ledger

TOO_SLOW = "Too many exchanges went beyond the bound: this machine is too busy for the run to say much."


def verdict(ledger: Ledger, broken: Sequence[str], kept: str) -> int:
    """Print what was odd in a run and which promises are ``broken``; if none is, the sentence ``kept``.

    The exit status: 1 where a promise is broken, 2 where the machine is too slow to tell.
    """
    for oddity in ledger.oddities[:20]:
        print(oddity)
    for promise in broken:
        print(f"BROKEN: {promise}")
    if broken:
        return 1
    print(TOO_SLOW if ledger.too_slow else kept)
    return 2 if ledger.too_slow else 0
