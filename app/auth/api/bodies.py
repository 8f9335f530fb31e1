"""The JSON bodies of a sign-in and of a new password, as schemas."""

from __future__ import annotations

from collections.abc import Callable

from ..passwords.policy import MAX_PASSWORD_LENGTH
from ..routing.schemas import LABEL, Component, Schema, one_of, or_null, record, text
from ..settings.model import Settings
from ..user import MAX_IDENTIFIER_LENGTH
from . import exchange

NAMES = ("identifier", "email", "username")
SCOPES = ("session", "others", "all")
NOTHING: Schema = {"type": "object", "minProperties": 1, "maxProperties": 0}
"""The schema of a body that is never accepted."""


def _sign_in(settings: Settings) -> Schema:
    """A name under one of three keys and a password, or a refresh token: what the site accepts of these."""
    by_name = [Component(f"SignInBy{name.title()}", _by(name)) for name in NAMES]
    accepted = [
        *(by_name if settings.password_login else ()),
        *([exchange.REFRESH_GRANT] if settings.body_delivery else ()),
    ]
    return {"oneOf": accepted} if accepted else NOTHING


def _by(name: str) -> Callable[[Settings], Schema]:
    """The schema of a sign-in with the name of the user under this key."""

    def make(settings: Settings) -> Schema:
        fields: dict[str, Schema] = {
            name: text("A user name, or an e-mail address.", maxLength=MAX_IDENTIFIER_LENGTH),
            "password": text("The whole password; it is never shortened.", maxLength=MAX_PASSWORD_LENGTH),
            "remember": or_null({"type": "boolean", "description": "false if it is absent."}),
            "delivery": or_null(one_of(*settings.deliveries)),
            "label": or_null(LABEL),
        }
        return record(name, "password", **fields)

    return make


def _new_password(settings: Settings) -> Schema:
    return record(
        "current_password",
        "new_password",
        current_password=text("The present password.", maxLength=MAX_PASSWORD_LENGTH),
        new_password=text(
            "It must not be one of the most used passwords.",
            minLength=settings.password_min_length,
            maxLength=MAX_PASSWORD_LENGTH,
        ),
    )


SIGN_IN = Component("SignIn", _sign_in)
NEW_PASSWORD = Component("NewPassword", _new_password)
