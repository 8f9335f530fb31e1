"""Verifiers of password hashes that other systems have stored, for ``Ratchet(password_verifiers=[…])``.

A hash that matches is replaced by one of Ratchet's own format at that sign-in. A verifier knows one or more
functions, and each check runs every one of them once: on the stored hash if it is of that function, otherwise
on a hash of the usual cost that nothing matches. A hash of PBKDF2 or bcrypt that costs less than usual takes
the missing work, too. One that costs more than a few seconds is not verified: a row must not stop a worker.
"""

from ..passwords.formats import PasswordVerifier
from .adapters import Argon2, Django, FlaskSecurity, Werkzeug

__all__ = ["Argon2", "Django", "FlaskSecurity", "PasswordVerifier", "Werkzeug"]
