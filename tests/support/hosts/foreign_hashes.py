"""Password hashes as other systems store them, cheap ones, and the verifiers that know them."""

from __future__ import annotations

import argon2
from werkzeug.security import generate_password_hash

from app.auth.verifiers import Argon2, Django, FlaskSecurity, PasswordVerifier, Werkzeug
from tests.support.browser import PASSWORD

FLASK_SECURITY_SALT = "146585145368132386173505678016728509634"

CHEAP_ARGON2 = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=2)
PBKDF2_ROUNDS = 1000

FOREIGN_HASHES = {
    "werkzeug scrypt": generate_password_hash(PASSWORD, "scrypt:1024:8:1"),
    "werkzeug pbkdf2": generate_password_hash(PASSWORD, f"pbkdf2:sha256:{PBKDF2_ROUNDS}"),
    "argon2-cffi": CHEAP_ARGON2.hash(PASSWORD),
    "django pbkdf2_sha256": (
        "pbkdf2_sha256$1000$7AQabY71boVHmoClfTYKoj$AtJuiMjHxLAGYz/CFFQNCX3V+cevOE7hnbAntJ+9jFc="
    ),
    "django pbkdf2_sha1": "pbkdf2_sha1$1000$7AQabY71boVHmoClfTYKoj$D47+jJTrg5uj6FbbqVdn8qTgRFY=",
    "django argon2": (
        "argon2$argon2id$v=19$m=64,t=1,p=2$N0FRYWJZNzFib1ZIbW9DbGZUWUtvag"
        "$VNqgkv+RLB/wJwKJC9+Ek52yFFyvkEx9xIR0vl4KrMM"
    ),
    "django bcrypt_sha256": "bcrypt_sha256$$2b$04$4CLWWBS9ICD/20KjXgHi0uJxMb2OO5HQDyW/kHHiXmWW7jYuWJIrS",
    "django bcrypt": "bcrypt$$2b$04$PRjCWPOVEr18q5/DMP65femMh6GjFo/CBT.x5wKTrdfjmiWIqpdEu",
    "django scrypt": (
        "scrypt$1024$7AQabY71boVHmoClfTYKoj$8$1$xSEH6AZnzncGMZN0/Xlayg11zNQLtToSAwH9inJ8JQ5uA6p9H3QZH9px"
        "+LcuW9ks5n9oAIhUVMxROQqRVVE+aQ=="
    ),
    "flask-security argon2": (
        "$argon2id$v=19$m=65536,t=3,p=4$PgegVCrlXEuJkXLufU8pJQ$c43vc/7JofF2Rcz+LeApgwfB0KZrG8aHEZkQHaMojdo"
    ),
    "flask-security bcrypt": "$2b$04$pcSPvIjiFhy5IN1WVwMWeeTPLHIGtzs/xsSjTjtxL8PiWcqdK87Pe",
}
"""Of PASSWORD. Those of Django were made by its release 5.2.19, those of Flask-Security by 5.9.2."""


def verifier_of(name: str) -> PasswordVerifier:
    """The verifier that knows this hash, for tables whose hashes are as cheap as these."""
    system, _, function = name.partition(" ")
    if system == "werkzeug":
        return Werkzeug("scrypt:1024:8:1" if function == "scrypt" else f"pbkdf2:sha256:{PBKDF2_ROUNDS}")
    if system == "django":
        return Django(function, iterations=PBKDF2_ROUNDS)
    if system == "flask-security":
        return FlaskSecurity(FLASK_SECURITY_SALT, function)
    return Argon2(CHEAP_ARGON2)
