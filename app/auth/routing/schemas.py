"""Schemas that several routes use (JSON Schema draft 2020-12, as in OpenAPI 3.1), and what builds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..settings.model import Settings

Schema = dict[str, Any]


class Component(NamedTuple):
    """A schema that the document keeps under ``name``; ``make`` builds it for the settings of a site.

    A component can stand inside another schema. The document puts a reference there.
    """

    name: str
    make: Callable[[Settings], Schema]


def component(name: str, schema: Schema) -> Component:
    """A component that is the same on every site."""
    return Component(name, lambda _: schema)


def record(*required: str, **fields: Schema | Component) -> Schema:
    """An object with these fields. Other fields are allowed: a later release may add some."""
    return {"type": "object", "required": list(required), "properties": fields}


def text(says: str, **more: Any) -> Schema:
    """A string, with its description."""
    return {"type": "string", "description": says, **more}


def one_of(*values: str) -> Schema:
    """One of these strings; the first counts if there is none.

    The document says so in words: of a field with a ``default`` a generator makes one that has to be there.
    """
    return text(f"{values[0]} if it is absent.", enum=list(values))


def or_null(schema: Schema) -> Schema:
    """The same, or null: a field of a JSON body that is null counts as absent."""
    return {"anyOf": [schema, {"type": "null"}]}


SECONDS: Schema = {"type": "integer", "minimum": 0, "description": "Seconds from now."}
EPOCH: Schema = {"type": "integer", "description": "Seconds since the epoch."}
MOMENT: Schema = {"type": "string", "format": "date-time", "description": "In UTC."}
TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
URL: Schema = {"type": "string", "format": "uri"}

REFRESH = text("The refresh token; valid for one exchange, and for retries within the leeway.")
LABEL = text("A name for the device; the default comes from its User-Agent.")
USER: Schema = {"type": "object", "description": "The public fields of the user."}
EMPTY = component("Empty", {"type": "object"})

_TOKENS = {
    "access_token": text("A JWT (RFC 9068)."),
    "token_type": {"type": "string", "enum": ["Bearer"]},
    "expires_in": SECONDS,
    "user": USER,
}
_IN_BODY = {"refresh_token": REFRESH, "refresh_expires_in": SECONDS}
TOKENS = component("Tokens", record(*_TOKENS, **_TOKENS, **_IN_BODY))
TOKENS_IN_BODY = component("TokensInBody", record(*_TOKENS, *_IN_BODY, **_TOKENS, **_IN_BODY))

_SESSION = {
    "id": text("The id of the session, which is no secret."),
    "current": {"type": "boolean", "description": "Whether this request belongs to it."},
    "label": LABEL,
    "started_at": MOMENT,
    "last_used_at": MOMENT | {"description": "Of this session now, of others by the hour."},
    "expires_at": MOMENT,
    "device_bound": {
        "type": "boolean",
        "description": "Whether it works only on its device, so that a copied cookie is useless.",
    },
    "copy_refused_at": or_null(MOMENT)
    | {"description": "When a refresh without the key of its device was refused, by the hour; or null."},
}
SESSION = component("Session", record(*_SESSION, **_SESSION))
SESSIONS = component("Sessions", record("sessions", sessions={"type": "array", "items": SESSION}))
ME = component("Me", record("user", "session", user=USER, session=SESSION))
