"""The verifiers: which functions each system uses, and how it writes their hashes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata
from typing import TYPE_CHECKING, Literal

from werkzeug import security

from ..errors import SettingsError
from .functions import (
    BASE64,
    COUNT,
    SALT,
    Function,
    Functions,
    argon2_function,
    bcrypt_function,
    chosen,
    is_cheap_pbkdf2,
    is_cheap_scrypt,
    with_missing_rounds,
)

if TYPE_CHECKING:
    from argon2 import PasswordHasher

DJANGO_ITERATIONS = 1_000_000
"""The rounds of PBKDF2 in Django 5.2."""


class Werkzeug(Functions):
    """Hashes of ``werkzeug.security``: ``scrypt:…`` and ``pbkdf2:…``.

    ``methods`` are named as there. If the table has only one of them, name that one, and a check is faster.
    If the cost in the table is not the library's own, name it, too: ``"pbkdf2:sha256:600000"``.
    """

    def __init__(self, *methods: str) -> None:
        super().__init__(map(_werkzeug, methods or ("scrypt", "pbkdf2")))


class Argon2(Functions):
    """Hashes of argon2-cffi, PHP and others: ``$argon2id$…``, ``$argon2i$…``, ``$argon2d$…``.

    ``hasher`` is an ``argon2.PasswordHasher`` with the parameters that are in the table, if these are not the
    library's own. Needs ``flask-ratchet[argon2]``.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        super().__init__([argon2_function(hasher=hasher)])


class Django(Functions):
    """Hashes of Django; ``algorithms`` are those in the table, as Django names them.

    They are ``pbkdf2_sha256`` (the default), ``pbkdf2_sha1``, ``argon2``, ``bcrypt_sha256``, ``bcrypt`` and
    ``scrypt``. ``iterations`` is the highest number of PBKDF2's rounds in the table.
    """

    def __init__(self, *algorithms: str, iterations: int = DJANGO_ITERATIONS) -> None:
        known = {
            "pbkdf2_sha256": lambda: _django_pbkdf2("sha256", iterations),
            "pbkdf2_sha1": lambda: _django_pbkdf2("sha1", iterations),
            "argon2": lambda: argon2_function("argon2", cost="m=102400,t=2,p=8"),
            "bcrypt_sha256": lambda: bcrypt_function("bcrypt_sha256$", _sha256),
            "bcrypt": lambda: bcrypt_function("bcrypt$", str),
            "scrypt": _django_scrypt,
        }
        super().__init__(chosen("Django", known, algorithms or ("pbkdf2_sha256",)))


class FlaskSecurity(Functions):
    """Hashes of Flask-Security: Argon2 or bcrypt of an HMAC-SHA-512 of the password.

    ``salt`` is ``SECURITY_PASSWORD_SALT``, the key of the HMAC. ``schemes`` are those in the table,
    ``argon2`` and ``bcrypt``; the default is both. Argon2 needs ``flask-ratchet[argon2]``. ``normal_form`` is
    ``SECURITY_PASSWORD_NORMALIZE_FORM``.
    """

    def __init__(
        self, salt: str, *schemes: str, normal_form: Literal["NFC", "NFD", "NFKC", "NFKD"] | None = "NFKD"
    ) -> None:
        if not salt:
            raise SettingsError("FlaskSecurity needs the value of SECURITY_PASSWORD_SALT")

        def key(password: str) -> str:
            text = unicodedata.normalize(normal_form, password) if normal_form else password
            return base64.b64encode(hmac.digest(salt.encode(), text.encode(), "sha512")).decode()

        known = {"argon2": lambda: argon2_function(key=key), "bcrypt": lambda: bcrypt_function("", key)}
        super().__init__(chosen("FlaskSecurity", known, schemes or tuple(known)))


def _werkzeug(method: str) -> Function:
    decoy = f"{method}$decoy$0"
    if re.fullmatch(r"scrypt(:[0-9]+:[0-9]+:[0-9]+)?", method):
        pattern = rf"scrypt:{COUNT}:{COUNT}:{COUNT}\${SALT}\$[0-9a-f]{{128}}"
        return Function(pattern, is_cheap_scrypt, _as_werkzeug, decoy)
    if usual := re.fullmatch(r"pbkdf2(?::sha(?:1|256|512)(?::([0-9]+))?)?", method):
        pattern = rf"pbkdf2:sha(?:1|256|512):{COUNT}\${SALT}\$[0-9a-f]{{40,128}}"
        rounds = int(usual[1] or security.DEFAULT_PBKDF2_ITERATIONS)
        return Function(pattern, is_cheap_pbkdf2, with_missing_rounds(rounds, _as_werkzeug), decoy)
    raise SettingsError(f"Werkzeug does not know {method!r}; it knows scrypt and pbkdf2")


def _as_werkzeug(password: str, stored: str) -> bool:
    return security.check_password_hash(stored, password)


def _django_pbkdf2(name: str, usual: int) -> Function:
    def matches(password: str, stored: str) -> bool:
        _, rounds, salt, digest = stored.split("$")
        made = hashlib.pbkdf2_hmac(name, password.encode(), salt.encode(), int(rounds))
        return _is_base64_of(made, digest)

    pattern = rf"pbkdf2_{name}\${COUNT}\${SALT}\${BASE64}{{27,43}}="
    return Function(
        pattern, is_cheap_pbkdf2, with_missing_rounds(usual, matches), f"pbkdf2_{name}${usual}$decoy$0"
    )


def _django_scrypt() -> Function:
    def matches(password: str, stored: str) -> bool:
        _, n, salt, r, p, digest = stored.split("$")
        made = hashlib.scrypt(
            password.encode(), salt=salt.encode(), n=int(n), r=int(r), p=int(p), maxmem=2**28
        )
        return _is_base64_of(made, digest)

    pattern = rf"scrypt\${COUNT}\${SALT}\${COUNT}\${COUNT}\${BASE64}{{86}}=="
    return Function(pattern, is_cheap_scrypt, matches, "scrypt$16384$decoy$8$5$0")


def _sha256(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def _is_base64_of(made: bytes, digest: str) -> bool:
    return hmac.compare_digest(base64.b64encode(made).decode(), digest)
