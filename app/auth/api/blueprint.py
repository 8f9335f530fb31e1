"""Which address answers to whom: the blueprint and the table of its routes."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request
from flask.sansio.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from ..errors import MethodNotAllowed, RatchetError
from ..web import responses, stream
from ..web.request import check_origin
from . import continuation, jwks, oauth, openapi, script, views

Views = dict[str, Callable[..., ResponseReturnValue]]


def describe() -> Response:
    """GET /openapi.json: what all the addresses of these tables take and give."""
    return openapi.describe(ROUTES, ROOT_ROUTES)


ROUTES: dict[str, Views] = {
    "/login": {"POST": views.login},
    "/refresh": {"POST": views.refresh},
    "/logout": {"POST": views.logout},
    "/me": {"GET": views.me},
    "/password": {"POST": views.password},
    "/sessions": {"GET": views.list_sessions, "POST": views.start_session},
    "/sessions/<session_id>": {"DELETE": views.end_session},
    "/token": {"POST": oauth.token},
    "/revoke": {"POST": oauth.revoke},
    "/introspect": {"POST": oauth.introspect},
    "/jwks.json": {"GET": jwks.jwks},
    "/ratchet.js": {"GET": script.script},
    "/openapi.json": {"GET": describe},
    "/continue": {"GET": continuation.continue_, "POST": continuation.continue_},
}
"""Below RATCHET_URL_PREFIX."""

ROOT_ROUTES: dict[str, Views] = {
    "/.well-known/oauth-authorization-server": {"GET": oauth.metadata},
    "/.well-known/oauth-authorization-server/<path:path>": {"GET": oauth.metadata_of},
}
"""At the root of the site, where the whole world looks for them (RFC 8615)."""


def _make(name: str, table: dict[str, Views]) -> Blueprint:
    blueprint = Blueprint(name, __name__, template_folder="templates")
    blueprint.before_request(check_origin)
    blueprint.after_request(responses.finish)
    blueprint.after_request(stream.drain_behind)
    blueprint.register_error_handler(RatchetError, responses.error)
    blueprint.register_error_handler(HTTPException, responses.http_error)
    for path, methods in table.items():
        endpoint = next(iter(methods.values())).__name__
        blueprint.add_url_rule(path, endpoint, _answer(methods), provide_automatic_options=False)
    blueprint.record(_take_every_method)
    return blueprint


def _answer(views: Views) -> Callable[..., ResponseReturnValue]:
    """The view of a path: all its methods in one place, and a refusal in our words for the others."""
    declared = frozenset(views) | {"OPTIONS"} | ({"HEAD"} if "GET" in views else frozenset())

    def answer(**values: str) -> ResponseReturnValue:
        method = "GET" if request.method == "HEAD" else request.method
        if method in views:
            return views[method](**values)
        if method == "OPTIONS":
            return Response(headers={"Allow": ", ".join(sorted(declared))})
        raise MethodNotAllowed(declared)

    return answer


def _take_every_method(setup: BlueprintSetupState) -> None:
    """Let our views see each method, also one unknown to HTTP; else the router refuses it in its words."""
    for rule in setup.app.url_map.iter_rules():
        if rule.endpoint.startswith(f"{setup.blueprint.name}."):
            rule.methods = None


blueprint = _make("ratchet", ROUTES)
root = _make("ratchet_root", ROOT_ROUTES)
