"""Where a page may send its visitor afterwards: a path of this site, and nothing that only looks like one."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from ..settings.parsers import is_site_path

HOME = "/"


def safe_path(target: str | None, own_prefix: str) -> str:
    """``target`` if it is a path of this site, else ``/`` (ASVS 3.7.2; CWE-601).

    A route of ours (``own_prefix``) is refused too: it would lead in a circle.
    """
    if not target or not is_site_path(target):
        return HOME
    path = unquote(target.partition("?")[0].partition("#")[0])
    is_ours = own_prefix != "/" and f"{path}/".startswith(f"{own_prefix}/")
    return HOME if is_ours else target


def path_of(url: str | None, host: str) -> str | None:
    """Path and query of ``url`` where it is of this ``host``: what a Referer says of the page before."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    if parts.netloc != host:
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
