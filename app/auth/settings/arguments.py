"""Checks the functions that the host gives to Ratchet: a wrong one stops the start and is named."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction

from ..errors import SettingsError


def check_functions(**functions: object) -> None:
    """Raise SettingsError for an argument of Ratchet that is no function, or one that has to be awaited."""
    for name, function in functions.items():
        if not callable(function) or iscoroutinefunction(function):
            raise SettingsError(f"Ratchet({name}=…) takes a plain function, not {function!r}.")


def check_clock(clock: Callable[[], float]) -> None:
    """Raise SettingsError for a ``clock`` that does not give a number; it is read once.

    One that cannot be read yet, such as a clock that a test makes later, is not wrong.
    """
    check_functions(clock=clock)
    try:
        now: object = clock()
    except TypeError as error:
        raise SettingsError(f"Ratchet(clock=…) takes a function without arguments: {error}.") from error
    except Exception:  # noqa: BLE001  # a host's clock can raise anything
        return
    if isinstance(now, bool) or not isinstance(now, int | float):
        raise SettingsError(
            f"Ratchet(clock=…) takes a function that returns seconds since the epoch, as time.time does; "
            f"this one has returned {now!r}."
        )
