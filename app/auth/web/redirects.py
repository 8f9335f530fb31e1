"""Where a page may send its visitor afterwards: a path of this site, and nothing that only looks like one."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

HOME = "/"
DOTS = frozenset({".", ".."})
"""Segments that browsers take out before they ask."""


def safe_path(target: str | None, own_prefix: str) -> str:
    """``target`` if it is a path of this site, else ``/`` (ASVS 3.7.2; CWE-601).

    One leading slash; no ``//`` or backslash in the path, which browsers take for another host; no control
    character or dot segment; no route of ours (``own_prefix``), which would lead in a circle.
    """
    if not target or not target.startswith("/") or not target.isprintable() or " " in target:
        return HOME
    path = target.partition("?")[0].partition("#")[0]
    plain = unquote(path)
    if "//" in plain or "\\" in plain or not plain.isprintable() or DOTS.intersection(plain.split("/")):
        return HOME
    if own_prefix != "/" and (f"{plain}/").startswith(f"{own_prefix}/"):
        return HOME
    return target


def path_of(url: str | None, host: str) -> str | None:
    """Path and query of ``url`` where it is of this ``host``: what a Referer says of the page before."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    if parts.netloc != host:
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
