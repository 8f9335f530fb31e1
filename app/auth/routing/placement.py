"""Where the guard of a view stands: below a cache of whole pages it is not asked (CWE-524)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

_GUARDED = "ratchet_guarded"
_CACHED = "uncached"
"""What Flask-Caching calls the function below its own."""

REMEDY = "Put @ratchet.required directly below the route, above the cache."


def marked(guard: Callable[..., Any]) -> Callable[..., Any]:
    """The same guard, marked as one. A decorator above copies the mark, but wraps another function."""
    vars(guard)[_GUARDED] = vars(guard)["__wrapped__"]
    return guard


def check(view: Any) -> Literal[True]:
    """Raise RuntimeError if the guard of this view stands below a cache, which would answer without it.

    To be called when the guard runs for the first time, which is before the cache can keep a page.
    """
    if is_below_cache(view):
        raise RuntimeError(f"{view.__name__} is cached above its guard, for everybody. {REMEDY}")
    return True


def is_below_cache(view: Any) -> bool:
    """Whether the decorators of a view have a cache above their first guard.

    Those of a class-based view (``flask.views``) stand above those of each of its methods.
    """
    of_class = getattr(view, "view_class", None)
    methods = [getattr(of_class, name.lower(), None) for name in getattr(of_class, "methods", None) or ()]
    return any(_has_cache_on_top([*_decorators(view), *_decorators(method)]) for method in methods or [None])


def _has_cache_on_top(decorators: Iterable[tuple[Any, Any]]) -> bool:
    cached = False
    for outer, inner in decorators:
        if getattr(outer, _GUARDED, None) is inner:
            return cached
        cached = cached or getattr(outer, _CACHED, None) is inner
    return False


def _decorators(view: Any) -> Iterator[tuple[Any, Any]]:
    """Each function of the view that wraps another one, with that, from the outermost to the innermost."""
    while (inner := getattr(view, "__wrapped__", None)) is not None:
        yield view, inner
        view = inner
