"""The OpenAPI 3.1 document, made from the declared routes, the errors and the settings.

This is our own code. apispec only collects the parts of a document; everything in this file would still be
needed. msgspec and pydantic describe a body by its type, but they parse it by their own rules: they take the
last of two equal keys, which this site refuses, and they cost every worker 5 to 12 MB.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask import Response, jsonify, request

from ..errors import (
    BearerRefused,
    RatchetError,
    ReauthenticationRequired,
    SessionStolen,
    SignInRefused,
)
from ..routing.media_types import JSON
from ..routing.routes import Errors, Parameter, ReplySpec, Route
from ..routing.schemas import Component, Schema, record, text
from ..settings.cookie_names import cookie_names
from ..settings.model import Settings
from ..web.services import services

MAX_AGE = 300
"""Seconds for which the document may be kept."""

INTERFACE = "1"
"""Version of the interface, not of the package."""

ABOUT = """\
Signs people in to this site and keeps them signed in. A method that a route does not have is 405
`method_not_allowed`, with an `Allow` header; OPTIONS gives that header, too, and HEAD is GET without its
content. A browser's request that changes
state has to come from a page of this site, or of a trusted one, else it is 403 `cross_origin`. Every reply
has `X-Content-Type-Options: nosniff`, and `Cache-Control: no-store` unless the route says otherwise."""

HEADERS: Mapping[str, str] = {
    "Cache-Control": "How long a cache may keep this.",
    "ETag": "The version of this content.",
    "Location": "The URL to go to.",
    "Pragma": "no-cache (RFC 6749, section 5.1).",
    "Ratchet-Subject": "The ``sub`` of the user, percent-encoded (RFC 3986, section 2.1).",
    "Retry-After": "Seconds to wait.",
    "Secure-Session-Challenge": "What the browser signs for its next proof of the key of its device.",
    "Set-Cookie": "The cookies of the session: set, or cleared by a sign-out. None with body delivery.",
    "WWW-Authenticate": "What the client has to present (RFC 6750, section 3).",
}
REQUIRED_HEADERS = frozenset(HEADERS) - {"Set-Cookie", "Secure-Session-Challenge"}

VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")
"""A variable part of a path, as Flask writes it."""


def describe(below_prefix: Sequence[Route], at_root: Sequence[Route]) -> Response:
    """The document for these routes."""
    reply = jsonify(document(services().settings, below_prefix, at_root, request.script_root))
    reply.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    return reply


def document(
    settings: Settings, below_prefix: Sequence[Route], at_root: Sequence[Route], script_root: str = ""
) -> dict[str, Any]:
    """The document as a value."""
    prefix, schemes = settings.url_prefix.rstrip("/"), _security_schemes(settings)
    below_prefix = [route for route in below_prefix if route.is_there(settings)]
    paths = _paths(below_prefix, prefix, schemes) | _paths(at_root, "", schemes)
    schemas: dict[str, Schema] = {}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ratchet", "version": INTERFACE, "description": ABOUT},
        "servers": [{"url": script_root or "/"}],
        "paths": _with_references(paths, settings, schemas),
        "components": {
            "schemas": schemas,
            "headers": {name: _header(name) for name in HEADERS},
            "parameters": {
                one.name: _parameter(one) for route in (*below_prefix, *at_root) for one in route.parameters
            },
            "securitySchemes": schemes,
        },
    }


def _with_references(part: Any, settings: Settings, schemas: dict[str, Schema]) -> Any:
    """The part of the document with a reference in place of each component, which goes into ``schemas``."""
    if isinstance(part, Component):
        if part.name not in schemas:
            schemas[part.name] = _with_references(part.make(settings), settings, schemas)
        return {"$ref": f"#/components/schemas/{part.name}"}
    if isinstance(part, dict):
        return {name: _with_references(value, settings, schemas) for name, value in part.items()}
    if isinstance(part, list):
        return [_with_references(value, settings, schemas) for value in part]
    return part


def _paths(routes: Iterable[Route], prefix: str, schemes: Iterable[str]) -> dict[str, Any]:
    by_path: dict[str, list[Route]] = defaultdict(list)
    for route in routes:
        by_path[prefix + VARIABLE.sub(r"{\1}", route.path)].append(route)
    return {path: _methods(methods, schemes) for path, methods in by_path.items()}


def _methods(routes: list[Route], schemes: Iterable[str]) -> dict[str, Any]:
    """The operations of one path. HEAD beside GET, and OPTIONS, go without saying."""
    of_path = {one for route in routes for one in route.parameters if one.location == "path"}
    found: dict[str, Any] = {route.method.lower(): _operation(route, schemes) for route in routes}
    return found | ({"parameters": _parameters(of_path)} if of_path else {})


def _operation(route: Route, schemes: Iterable[str]) -> dict[str, Any]:
    ways = [name for name in route.guard.security if not name or name in schemes]
    described: dict[str, Any] = {
        "operationId": route.name.rstrip("_"),
        "summary": route.summary,
        "security": [{name: []} if name else {} for name in ways],
        "responses": _responses(route.replies, route.refuses),
    }
    if route.body:
        schema, media_type, required = route.body
        described["requestBody"] = {"required": required, "content": {media_type: {"schema": schema}}}
    if of_method := [one for one in route.parameters if one.location != "path"]:
        described["parameters"] = _parameters(of_method)
    return described


def _parameters(parameters: Iterable[Parameter]) -> list[Any]:
    return [{"$ref": f"#/components/parameters/{one.name}"} for one in parameters]


def _responses(replies: Mapping[int, ReplySpec], refuses: Errors) -> dict[str, Any]:
    found: dict[str, Any] = {str(status): _reply(reply) for status, reply in replies.items()}
    refused: list[type[RatchetError]] = [*refuses, RatchetError]
    for status in {error.status for error in refused}:
        errors = _errors([error for error in refused if error.status == status])
        found[str(status)] = _merged(found.get(str(status), {}), errors)
    return dict(sorted(found.items()))


def _reply(reply: ReplySpec) -> dict[str, Any]:
    kinds = {kind: {"schema": schema or {"type": "string"}} for kind, schema in reply.content.items()}
    return {"description": reply.description, "headers": _headers(reply.headers), "content": kinds}


def _errors(refused: list[type[RatchetError]]) -> dict[str, Any]:
    """The reply to all these errors, which share a status."""
    codes = _codes(refused)
    schema = {"allOf": [ERROR, {"properties": {"error": codes}}]}
    return {
        "description": " ".join(f"`{error.code}`: {error.default_description}" for error in refused),
        "headers": _headers_of(refused),
        "content": {JSON: {"schema": schema}},
    }


def _merged(page: dict[str, Any], errors: dict[str, Any]) -> dict[str, Any]:
    """The reply of a status that is a page for browsers and JSON for other clients."""
    both = {"description": f"{page['description']} {errors['description']}"} if page else errors
    return errors | both | {name: page.get(name, {}) | errors[name] for name in ("headers", "content")}


def _headers_of(refused: list[type[RatchetError]]) -> dict[str, Any]:
    """The headers of these errors; a header that each of them has is required."""
    marks = {
        "Retry-After": [error.status in (429, 503) for error in refused],
        "WWW-Authenticate": [
            issubclass(error, BearerRefused | ReauthenticationRequired) for error in refused
        ],
    }
    return {
        name: _headers([name])[name] if all(marked) else _header(name, required=False)
        for name, marked in marks.items()
        if any(marked)
    }


def _headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _header(name: str, *, required: bool = True) -> dict[str, Any]:
    kind = "integer" if name == "Retry-After" else "string"
    required = required and name in REQUIRED_HEADERS
    return {"description": HEADERS[name], "required": required, "schema": {"type": kind}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    name, location, description = parameter
    needed = location == "path"
    return {
        "name": name,
        "in": location,
        "description": description,
        "required": needed,
        "schema": {"type": "string"},
    }


def _security_schemes(settings: Settings) -> dict[str, Any]:
    bearer = {"type": "http", "scheme": "bearer"}
    cookie = {"type": "apiKey", "in": "cookie"}
    names = cookie_names(settings.cookie_name)
    access = {"accessCookie": {**cookie, "name": names.access}} if settings.access_cookie else {}
    return access | {
        "bearer": {**bearer, "bearerFormat": "JWT", "description": "An access token."},
        "service": {**bearer, "description": "One of RATCHET_SERVICE_SECRETS."},
        "serviceBasic": {"type": "http", "scheme": "basic", "description": "The same, as the password."},
        "refreshCookie": {**cookie, "name": names.refresh},
    }


def _codes(refused: Iterable[type[RatchetError]]) -> Schema:
    """The codes of these errors; a host that refuses a sign-in has codes of its own."""
    codes: Schema = {"enum": sorted({error.code for error in refused})}
    hosts = {"pattern": SignInRefused.spelling, "description": "A code of this site's own ``may_sign_in``."}
    return {"anyOf": [codes, hosts]} if SignInRefused in refused else codes


def _tree(error: type[RatchetError]) -> Iterator[type[RatchetError]]:
    yield error
    for below in error.__subclasses__():
        yield from _tree(below)


def _error(_settings: Settings) -> Schema:
    theft = {"const": SessionStolen.reason, "description": "Present if a theft ended the session."}
    return record(
        "error",
        "error_description",
        error={"type": "string"} | _codes(list(_tree(RatchetError))),
        error_description=text("One sentence for a person."),
        reason=theft,
    )


ERROR = Component("Error", _error)
