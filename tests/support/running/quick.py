"""What makes thousands of small apps quick to make; no test can tell the difference."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


def remember_url_builders() -> None:
    """Let Werkzeug compile the code that builds the URLs of a rule once for equal rules.

    It takes more than half of the time in which an app is made. The code finds the converters of its own rule
    through the rule that it is called with, so equal rules of two apps can share it.
    """
    compile_builder = Rule._compile_builder
    known: dict[Any, Callable[..., tuple[str, str]]] = {}

    def remembered(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT002
        defaults = sorted((rule.defaults or {}).items())
        key = tuple(rule._trace), tuple(sorted(rule.arguments)), str(defaults), append_unknown
        if key not in known:
            known[key] = compile_builder(rule, append_unknown)
        return known[key]

    Rule._compile_builder = remembered  # type: ignore[assignment,method-assign]


def spare_the_collector() -> None:
    """Take what is there by now out of the garbage collector's sight: thousands of tests, and all modules."""
    gc.collect()
    gc.freeze()
