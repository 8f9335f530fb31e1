"""What goes in and comes out, as JSON Schema (draft 2020-12, which OpenAPI 3.1 takes as it is)."""

from __future__ import annotations

from typing import Any

from ..errors import SessionStolen
from ..passwords.policy import MAX_PASSWORD_LENGTH
from ..settings.model import Settings
from ..user import MAX_IDENTIFIER_LENGTH
from .exchange import GRANT_TYPE
from .views import DELIVERIES, SCOPES

Schema = dict[str, Any]


def record(*required: str, **fields: Schema) -> Schema:
    """An object with these fields; further ones are ignored, or may come one day."""
    return {"type": "object", "required": list(required), "properties": fields}


def text(says: str, **more: Any) -> Schema:
    """A text, and what it says."""
    return {"type": "string", "description": says, **more}


def one_of(*values: str) -> Schema:
    """One of these texts, the first where it is left out."""
    return {"type": "string", "enum": list(values), "default": values[0]}


def ref(name: str) -> Schema:
    """The schema of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


SECONDS: Schema = {"type": "integer", "minimum": 0, "description": "Seconds from now."}
EPOCH: Schema = {"type": "integer", "description": "Seconds since the epoch."}
MOMENT: Schema = {"type": "string", "format": "date-time", "description": "In UTC."}
TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
ADDRESS: Schema = {"type": "string", "format": "uri"}
LISTS = (
    "response_types_supported",
    "grant_types_supported",
    "token_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_methods_supported",
)
ACCESS = text("A JWT (RFC 9068).")
REFRESH = text("The refresh token; good for one exchange, and for a retry within the leeway.")
LABEL = text("What to call the device; else its User-Agent says.")
USER: Schema = {"type": "object", "description": "The public fields of the user."}
TOKENS = {
    "access_token": ACCESS,
    "token_type": {"const": "Bearer"},
    "expires_in": SECONDS,
    "user": USER,
}
IN_BODY = {"refresh_token": REFRESH, "refresh_expires_in": SECONDS}
BY_BODY = {"refresh_token": REFRESH, "refreshToken": text("The same, spelt another way.")}


def component_schemas(settings: Settings, codes: list[str]) -> dict[str, Schema]:
    """Every schema by its name; ``codes`` are those of the errors."""
    return {
        "Error": record(
            "error",
            "error_description",
            error={"type": "string", "enum": codes},
            error_description=text("One sentence for a person."),
            reason={
                "const": SessionStolen.reason,
                "description": "Where a theft ended the session.",
            },
        ),
        **_bodies(settings),
        **_forms(),
        **_replies(),
        **_published(),
    }


def _bodies(settings: Settings) -> dict[str, Schema]:
    deliveries = DELIVERIES if settings.body_delivery else DELIVERIES[:1]
    options: dict[str, Schema] = {
        "password": text("In full; nothing is cut off.", maxLength=MAX_PASSWORD_LENGTH),
        "remember": {"type": "boolean", "default": False},
        "delivery": one_of(*deliveries),
        "label": LABEL,
        "grant_type": {"not": {}, "description": "Not here: it makes the body a refresh."},
    }
    name = text("A user name, or an e-mail address.", maxLength=MAX_IDENTIFIER_LENGTH)
    refresh = {"grant_type": {"const": GRANT_TYPE}, **BY_BODY}
    return {
        "SignIn": {
            "anyOf": [
                record("identifier", "password", identifier=name, **options),
                record("email", "password", email=name, identifier={"not": {}}, **options),
                record(
                    "username",
                    "password",
                    username=name,
                    identifier={"not": {}},
                    email={"not": {}},
                    **options,
                ),
                *([record("grant_type", **refresh)] if settings.body_delivery else []),
            ]
        },
        "Refresh": record(**refresh),
        "SignOut": record(scope=one_of(*SCOPES), **BY_BODY),
        "NewPassword": record(
            "current_password",
            "new_password",
            current_password=text("The password until now.", maxLength=MAX_PASSWORD_LENGTH),
            new_password=text(
                "Not one of the most used.",
                minLength=settings.password_min_length,
                maxLength=MAX_PASSWORD_LENGTH,
            ),
        ),
        "NewSession": record(label=LABEL),
    }


def _forms() -> dict[str, Schema]:
    hint = text("Not needed: access_token, refresh_token, or what you like.")
    token = text("An access token or a refresh token.", minLength=1)
    grant = {"grant_type": {"const": GRANT_TYPE}, "refresh_token": REFRESH | {"minLength": 1}}
    once = {"additionalProperties": {"type": "string"}}  # no parameter may come twice (RFC 6749, section 3.2)
    return {
        "TokenForm": record(*grant, **grant) | once,
        "TokenQuestion": record("token", token=token, token_type_hint=hint) | once,
    }


def _replies() -> dict[str, Schema]:
    session = {
        "id": text("The name of the session, no secret."),
        "current": {"type": "boolean", "description": "Whether it is the one that asks."},
        "label": LABEL,
        "started_at": MOMENT,
        "last_used_at": MOMENT,
        "expires_at": MOMENT,
    }
    return {
        "Tokens": record(*TOKENS, **TOKENS, **IN_BODY),
        "TokensInBody": record(*TOKENS, *IN_BODY, **TOKENS, **IN_BODY),
        "Session": record(*session, **session),
        "Sessions": record("sessions", sessions={"type": "array", "items": ref("Session")}),
        "Me": record("user", "session", user=USER, session=ref("Session")),
        "Empty": {"type": "object"},
    }


def _published() -> dict[str, Schema]:
    key = record(
        "kty", "kid", "alg", "use", **{name: {"type": "string"} for name in ("kty", "kid", "alg", "use")}
    )
    return {
        "Introspection": record(
            "active",
            active={"type": "boolean"},
            token_type=text("Let nobody in with a refresh_token.", enum=["Bearer", "refresh_token"]),
            sub=text("Whose it is."),
            sid=text("Of which session."),
            jti=text("Which generation of a refresh token."),
            iss={"type": "string"},
            aud={"type": "string"},
            iat=EPOCH,
            exp=EPOCH,
            auth_time=EPOCH,
        ),
        "KeySet": record("keys", keys={"type": "array", "items": key}),
        "Metadata": record(
            "issuer",
            "response_types_supported",
            issuer={"type": "string"},
            jwks_uri=ADDRESS,
            **{f"{name}_endpoint": ADDRESS for name in ("token", "revocation", "introspection")},
            **dict.fromkeys(LISTS, TEXTS),
        ),
    }
