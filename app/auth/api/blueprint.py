"""The blueprint: every declared route, and a refusal in our words for every other method of its path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from flask import Blueprint, Response, request
from flask.sansio.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from ..errors import MethodNotAllowed, RatchetError
from ..web import responses, stream
from ..web.body import JSON
from ..web.request import check_origin
from . import continuation, metadata, oauth, openapi, script, views
from .routes import PUBLIC, ReplySpec, Route, Routes, View
from .schemas import EMPTY

_routes = Routes()


@_routes.route("GET", "/openapi.json", {200: ReplySpec("OpenAPI 3.1.", {JSON: EMPTY}, PUBLIC)})
def describe() -> Response:
    """Read this document."""
    return openapi.describe(ROUTES, ROOT_ROUTES)


ROUTES: tuple[Route, ...] = (
    *views.routes,
    *continuation.routes,
    *oauth.routes,
    *metadata.routes,
    *script.routes,
    *_routes,
)
"""Below RATCHET_URL_PREFIX."""

ROOT_ROUTES: tuple[Route, ...] = tuple(metadata.root_routes)
"""At the root of the site."""


def _make(name: str, routes: Iterable[Route]) -> Blueprint:
    blueprint = Blueprint(name, __name__, template_folder="templates")
    blueprint.before_request(check_origin)
    blueprint.after_request(responses.finish)
    blueprint.after_request(stream.drain_behind)
    blueprint.register_error_handler(RatchetError, responses.error)
    blueprint.register_error_handler(HTTPException, responses.http_error)
    by_path: dict[str, list[Route]] = defaultdict(list)
    for route in routes:
        by_path[route.path].append(route)
    for path, of_path in by_path.items():
        _add(blueprint, path, {route.method: route.view for route in of_path}, of_path[0].name)
    blueprint.record(_take_every_method)
    return blueprint


def _add(blueprint: Blueprint, path: str, by_method: dict[str, View], endpoint: str) -> None:
    """One rule for all methods of a path; it is called after the first of its views."""
    declared = frozenset(by_method) | {"OPTIONS"} | ({"HEAD"} if "GET" in by_method else frozenset())

    def answer(**values: str) -> ResponseReturnValue:
        method = "GET" if request.method == "HEAD" else request.method
        if method in by_method:
            return by_method[method](**values)
        if method == "OPTIONS":
            return Response(headers={"Allow": ", ".join(sorted(declared))})
        raise MethodNotAllowed(declared)

    blueprint.add_url_rule(path, endpoint, answer, provide_automatic_options=False)


def _take_every_method(setup: BlueprintSetupState) -> None:
    """Let our views see each method, also one unknown to HTTP; else the router refuses it in its words."""
    for rule in setup.app.url_map.iter_rules():
        if rule.endpoint.startswith(f"{setup.blueprint.name}."):
            rule.methods = None


blueprint = _make("ratchet", ROUTES)
root = _make("ratchet_root", ROOT_ROUTES)
