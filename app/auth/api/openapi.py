"""GET /openapi.json: every route in the words of OpenAPI 3.1, made of the tables, errors and settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import Response, jsonify, request

from ..errors import BearerRefused, MethodNotAllowed, RatchetError, ReauthenticationRequired
from ..settings.model import Settings
from ..settings.parsers import ACCESS_COOKIE
from ..web.body import JSON
from ..web.services import services
from . import schemas
from .operations import OPERATIONS, OPTIONS, Operation, ReplySpec

MAX_AGE = 300
"""Seconds for which the document may be kept."""

INTERFACE = "1"
"""Version of the interface, not of the package."""

ABOUT = """\
Signs people in to this site and keeps them signed in. A method that a route does not have is 405
`method_not_allowed`, with an `Allow` header; OPTIONS gives that header, too. A browser's request that changes
state has to come from a page of this site, or of a trusted one, else it is 403 `cross_origin`. Every reply
has `X-Content-Type-Options: nosniff`, and `Cache-Control: no-store` where nothing else is said."""

HEADERS: Mapping[str, str] = {
    "Allow": "The methods of this address.",
    "Cache-Control": "How long anybody may keep this.",
    "ETag": "The name of this content.",
    "Location": "Where to go on.",
    "Pragma": "no-cache (RFC 6749, section 5.1).",
    "Retry-After": "Seconds to wait.",
    "Set-Cookie": "The cookies of the session: set, or cleared where it is over. None with body delivery.",
    "WWW-Authenticate": "What would be let in (RFC 6750, section 3).",
}
CERTAIN = frozenset(HEADERS) - {"Set-Cookie"}

PARAMETERS: Mapping[str, tuple[str, str]] = {
    "session_id": ("path", "The id of one of the user's sessions."),
    "path": ("path", "The path of the issuer; it may have several segments."),
    "next": ("query", "Where to go on: a path of this site."),
    "v": ("query", "The version of the module that is wanted for good."),
    "If-None-Match": ("header", "The ETag that you have."),
}

VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")
"""A part of an address that differs, as Flask writes it."""

Paths = Mapping[str, Iterable[str]]
"""The methods of each address, which is written as Flask writes it."""


def describe(below_prefix: Paths, at_root: Paths) -> Response:
    """The document for these addresses."""
    reply = jsonify(document(services().settings, below_prefix, at_root, request.script_root))
    reply.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    return reply


def document(
    settings: Settings, below_prefix: Paths, at_root: Paths, script_root: str = ""
) -> dict[str, Any]:
    """The document as a value."""
    prefix = settings.url_prefix.rstrip("/")
    schemes = _security_schemes(settings)
    paths = {
        _path(address, place): _methods(address, methods, schemes)
        for place, table in ((prefix, below_prefix), ("", at_root))
        for address, methods in table.items()
    }
    codes = sorted({error.code for error in _tree(RatchetError)})
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ratchet", "version": INTERFACE, "description": ABOUT},
        "servers": [{"url": script_root or "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas.component_schemas(settings, codes),
            "headers": {name: _header(name) for name in HEADERS},
            "parameters": {name: _parameter(name) for name in PARAMETERS},
            "responses": {"MethodNotAllowed": _refusals([MethodNotAllowed])},
            "securitySchemes": schemes,
        },
    }


def _path(address: str, prefix: str) -> str:
    return prefix + VARIABLE.sub(r"{\1}", address)


def _methods(address: str, methods: Iterable[str], schemes: Iterable[str]) -> dict[str, Any]:
    """The operations of one address, with those that every address has: HEAD beside GET, and OPTIONS."""
    found: dict[str, Any] = {
        method.lower(): _operation(OPERATIONS[address, method], schemes) for method in methods
    }
    if "get" in found:
        found["head"] = _without_content(found["get"])
    found["options"] = _operation(OPTIONS, schemes)
    found["parameters"] = _parameters(VARIABLE.findall(address))
    return found


def _operation(operation: Operation, schemes: Iterable[str]) -> dict[str, Any]:
    described: dict[str, Any] = {"summary": operation.summary, "responses": _responses(operation)}
    if operation.takes:
        schema, media_type, required = operation.takes
        content = {media_type: {"schema": schemas.ref(schema)}}
        described["requestBody"] = {"required": required, "content": content}
    if operation.security:
        ways = [name for name in operation.security if not name or name in schemes]
        described["security"] = [{name: []} if name else {} for name in ways]
    if operation.parameters:
        described["parameters"] = _parameters(operation.parameters)
    return described


def _parameters(names: Iterable[str]) -> Any:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _without_content(operation: dict[str, Any]) -> dict[str, Any]:
    """HEAD: the same, without its body."""
    bare = {status: {**reply, "content": {}} for status, reply in operation["responses"].items()}
    return {**operation, "responses": bare}


def _responses(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {str(status): _reply(gives) for status, gives in operation.gives.items()}
    refused: list[type[RatchetError]] = [*operation.refuses, RatchetError]
    for status in {error.status for error in refused}:
        refusals = _refusals([error for error in refused if error.status == status])
        found[str(status)] = _merged(found.get(str(status), {}), refusals)
    return dict(sorted(found.items()))


def _reply(gives: ReplySpec) -> dict[str, Any]:
    kinds = {
        kind: {"schema": schemas.ref(name) if name else {"type": "string"}}
        for kind, name in gives.content.items()
    }
    return {"description": gives.means, "headers": _headers(gives.headers), "content": kinds}


def _refusals(refused: list[type[RatchetError]]) -> dict[str, Any]:
    """The reply to all these errors, which share a status."""
    codes = sorted({error.code for error in refused})
    schema = {"allOf": [schemas.ref("Error"), {"properties": {"error": {"enum": codes}}}]}
    return {
        "description": " ".join(f"`{error.code}`: {error.default_description}" for error in refused),
        "headers": _headers_of(refused),
        "content": {JSON: {"schema": schema}},
    }


def _merged(page: dict[str, Any], refusals: dict[str, Any]) -> dict[str, Any]:
    """A status that is a page for people and JSON for the rest."""
    both = {"description": f"{page['description']} {refusals['description']}"} if page else refusals
    return refusals | both | {name: page.get(name, {}) | refusals[name] for name in ("headers", "content")}


def _headers_of(refused: list[type[RatchetError]]) -> dict[str, Any]:
    """What comes with these errors; certain is what comes with each of them."""
    marks = {
        "Allow": [error is MethodNotAllowed for error in refused],
        "Retry-After": [error.status in (429, 503) for error in refused],
        "Set-Cookie": [error.ends_session for error in refused],
        "WWW-Authenticate": [
            issubclass(error, BearerRefused | ReauthenticationRequired) for error in refused
        ],
    }
    return {
        name: _headers([name])[name] if all(marked) else _header(name, certain=False)
        for name, marked in marks.items()
        if any(marked)
    }


def _headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _header(name: str, *, certain: bool = True) -> dict[str, Any]:
    kind = "integer" if name == "Retry-After" else "string"
    certain = certain and name in CERTAIN
    return {"description": HEADERS[name], "required": certain, "schema": {"type": kind}}


def _parameter(name: str) -> dict[str, Any]:
    place, means = PARAMETERS[name]
    needed = place == "path"
    return {"name": name, "in": place, "description": means, "required": needed, "schema": {"type": "string"}}


def _security_schemes(settings: Settings) -> dict[str, Any]:
    bearer = {"type": "http", "scheme": "bearer"}
    cookie = {"type": "apiKey", "in": "cookie"}
    access = {"accessCookie": {**cookie, "name": ACCESS_COOKIE}} if settings.access_cookie else {}
    return access | {
        "bearer": {**bearer, "bearerFormat": "JWT", "description": "An access token."},
        "service": {**bearer, "description": "One of RATCHET_SERVICE_SECRETS."},
        "refreshCookie": {**cookie, "name": settings.cookie_name},
    }


def _tree(error: type[RatchetError]) -> Iterator[type[RatchetError]]:
    yield error
    for below in error.__subclasses__():
        yield from _tree(below)
