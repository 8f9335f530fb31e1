"""Faults of the binding: each leaves one guard out, and the explorer has to see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from app.auth.lifecycle import binding
from app.auth.lifecycle.binding import BOUND, PENDING, BindingPolicy, Device, Possession, Ruling
from tests.campaigns.proof.bound.model import Functions

Rule = Callable[..., Ruling]


def _instead(wrong: Mapping[Ruling, Ruling], *, skipped: bool | None = None) -> Rule:
    """The rule with some rulings replaced; ``skipped`` limits that to what says so, or does not."""

    def rule(device: Device | None, possession: Possession, now: float, **known: Any) -> Ruling:
        ruling = binding.rule(device, possession, now, **known)
        return wrong.get(ruling, ruling) if skipped in (None, possession.is_skipped) else ruling

    return rule


def _without_expiry(device: Device | None, possession: Possession, now: float, **known: Any) -> Ruling:
    """Any access token of the session is accepted."""
    if possession.access_until is not None:
        possession = possession._replace(access_until=max(possession.access_until, now + 1))
    return binding.rule(device, possession, now, **known)


def _register(change: Callable[[Device, BindingPolicy], Device]) -> Callable[..., Device | None]:
    def register(*given: Any, policy: BindingPolicy, **known: Any) -> Device | None:
        device = binding.register(*given, policy=policy, **known)
        return device and change(device, policy)

    return register


def _any_key(_device: Device | None, *given: Any, **known: Any) -> Device | None:
    """A key is taken although there is one."""
    return binding.register(None, *given, **known)


def _after(ruling: Ruling, state: str | None) -> Callable[..., Device | None]:
    """After ``ruling`` the device is in another state, or forgotten."""

    def after(device: Device | None, decided: Ruling, *given: Any) -> Device | None:
        value = binding.after(device, decided, *given)
        if value is None or decided is not ruling:
            return value
        return replace(value, state=state) if state else None

    return after


BINDING_FAULTS: Mapping[str, Functions] = {
    "a refresh without a proof gives a token of full life": Functions(cap=lambda *_: None),
    "an access token that has run out is accepted": Functions(rule=_without_expiry),
    "one way to refresh asks for no proof": Functions(rule=_instead({Ruling.MISSING: Ruling.FREE})),
    "a request that says the proof was skipped is served": Functions(
        rule=_instead({Ruling.LATER: Ruling.FREE}, skipped=True)
    ),
    "a challenge is accepted twice": Functions(rule=_instead({Ruling.USED: Ruling.PROVED})),
    "another key can be registered": Functions(register=_any_key),
    "a proof does not bind": Functions(after=_after(Ruling.PROVED, PENDING)),
    "the first refresh decides at once": Functions(
        register=_register(lambda device, _: replace(device, pending_until=0.0))
    ),
    "it decides when the first access token has run out": Functions(
        register=_register(lambda device, by: replace(device, pending_until=device.pending_until - by.leeway))
    ),
    "it never decides": Functions(rule=_instead({Ruling.OVERRIDDEN: Ruling.MISSING})),
    "a proof after it has decided binds": Functions(rule=_instead({Ruling.STOLEN: Ruling.PROVED})),
    "the key is forgotten when it has decided": Functions(after=_after(Ruling.OVERRIDDEN, None)),
    "a token that ran out on the way is refused": Functions(
        rule=_instead({Ruling.LATER: Ruling.MISSING}, skipped=False)
    ),
    "a browser that cannot prove just now is refused": Functions(
        rule=_instead({Ruling.LATER: Ruling.MISSING}, skipped=True)
    ),
    "a registered key counts as bound": Functions(
        register=_register(lambda device, _: replace(device, state=BOUND))
    ),
    "the rule is asked before the binding": Functions(rule_first=True),
}
"""By name, what is left out."""
