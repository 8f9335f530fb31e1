"""The rules for a new password: a minimum length, and no password that is commonly used or breached."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache
from importlib import resources

from ..errors import InvalidRequest
from ..settings.secrets import repeated

MAX_PASSWORD_LENGTH = 512
"""Characters. The time for NFKC grows with the square of the adjacent combining marks: 1 ms for these."""


def check_length(password: str) -> None:
    """InvalidRequest for a password beyond MAX_PASSWORD_LENGTH; it is never cut (ASVS 6.2.8, 6.2.9)."""
    if len(password) > MAX_PASSWORD_LENGTH:
        raise InvalidRequest("A password has at most {count} characters.", count=MAX_PASSWORD_LENGTH)


def check_new_password(
    password: str, min_length: int, is_breached: Callable[[str], bool] = lambda _: False
) -> None:
    """Refuse a new password that is too short, one of the most used, or known to ``is_breached``.

    The length counts as typed and in NFKC (one U+FDFA becomes 18 characters). No rule says which characters
    it must have (NIST SP 800-63B-4, 3.1.1.2; ASVS 6.2.1, 6.2.4, 6.2.12). InvalidRequest says what is wrong.
    """
    normal = normal_form(password)
    if min(len(password), len(normal)) < min_length:
        raise InvalidRequest("A password needs at least {count} characters.", count=min_length)
    if _is_tried_first(password) or _is_tried_first(normal) or is_breached(password):
        raise InvalidRequest("That password is known to attackers. Choose another one.")


def _is_tried_first(password: str) -> bool:
    """Whether it is blank, one character or one of the most used passwords, or repeats one of these.

    Repetitions belong to the list of commonly used passwords; they are computed because a list of them would
    be too long. This is no composition rule: NIST SP 800-63B names repeated characters as an entry of such a
    list.
    """
    part = repeated(password.casefold())
    return len(part) == 1 or not password.strip() or not _most_used().isdisjoint((part, password.casefold()))


@cache
def _most_used() -> frozenset[str]:
    """The most used passwords, read from the file at the first new password."""
    lines = resources.files(__package__).joinpath("data", "common_passwords.txt").read_text("utf-8")
    return frozenset(line.casefold() for line in lines.splitlines() if not line.startswith("# "))


def normal_form(password: str) -> str:
    """The same text for one password from any keyboard (NFKC)."""
    check_length(password)
    return unicodedata.normalize("NFKC", password)
