"""The blueprint: every declared route, and our own 405 for every other method of its path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, cast

from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as RouterRefused
from werkzeug.routing import MapAdapter

from .. import pages
from ..errors import CrossOrigin, MethodNotAllowed, RatchetError
from ..pages import continuation, script, sign_in
from ..routing.media_types import JSON
from ..routing.routes import PUBLIC, ReplySpec, Route, Routes, View
from ..routing.schemas import EMPTY
from ..web import redirects, responses, stream
from ..web.body import read_body
from ..web.request import check_origin
from ..web.services import EXTENSION, services
from . import device_bound, metadata, oauth, openapi, subrequest, views

_routes = Routes()


@_routes.route("GET", "/openapi.json", {200: ReplySpec("OpenAPI 3.1.", {JSON: EMPTY}, PUBLIC)})
def describe() -> Response:
    """Read this document."""
    return openapi.describe(ROUTES, ROOT_ROUTES)


ROUTES: tuple[Route, ...] = (
    *views.routes,
    *device_bound.routes,
    *continuation.routes,
    *oauth.routes,
    *metadata.routes,
    *script.routes,
    *sign_in.routes,
    *subrequest.routes,
    *_routes,
)
"""Below RATCHET_URL_PREFIX."""

ROOT_ROUTES: tuple[Route, ...] = tuple(metadata.root_routes)
"""At the root of the site."""

WELL_KNOWN = "/.well-known/"
"""What the path of every root route begins with (RFC 8615)."""


def _check_origin() -> None:
    """Refuse what another site sent, except a refresh by body without any cookie.

    The check is there because a browser adds cookies to what a page of any origin sends. Where it has added
    none, the page itself holds the token, and the reply with the new one goes to that page. Signing in with
    a password and signing out stay checked without cookies: their replies change the cookies of the browser.
    """
    try:
        check_origin()
    except CrossOrigin:
        if "Cookie" in request.headers or not _is_refresh():
            raise


def _is_refresh() -> bool:
    """Whether this is a refresh by body, of which there are three ways; a body that is broken is none."""
    if request.endpoint != "ratchet.login":
        return request.endpoint in ("ratchet.refresh", "ratchet.token") and request.method == "POST"
    with suppress(RatchetError):
        return request.method == "POST" and "grant_type" in read_body()
    return False


def _refused_by_host(problem: HTTPException) -> Response:
    """The reply to what a limit or a hook of the host refuses: a page where a person would read it."""
    meant = responses.meaning(problem)
    if meant is None or not redirects.is_navigation():
        return responses.http_error(problem)
    page = continuation.busy if request.endpoint == "ratchet.continue_" else sign_in.refused
    return responses.keep_waiting(page(meant), problem)


class _Blueprint(Blueprint):
    """Has a document of its own, so APIFlask leaves these routes out of its document."""

    enable_openapi = False


def _make(name: str, routes: Iterable[Route]) -> Blueprint:
    blueprint = _Blueprint(name, pages.__name__, template_folder="templates")
    blueprint.before_request(_check_origin)
    blueprint.after_request(responses.finish)
    blueprint.after_request(stream.drain_behind)
    blueprint.register_error_handler(RatchetError, sign_in.refused)
    blueprint.register_error_handler(HTTPException, _refused_by_host)
    by_path: dict[str, list[Route]] = defaultdict(list)
    for route in routes:
        by_path[route.path].append(route)
    for path, of_path in by_path.items():
        _add(blueprint, path, of_path)
    return blueprint


def _add(blueprint: Blueprint, path: str, of_path: list[Route]) -> None:
    """Add one URL rule for all methods of a path; its endpoint has the name of the first view.

    A site whose settings leave the route out has no such rule, so the path is the host's.
    """
    by_method: dict[str, View] = {route.method: route.view for route in of_path}
    declared = frozenset(by_method) | {"OPTIONS"} | ({"HEAD"} if "GET" in by_method else frozenset())

    def answer(**values: str) -> ResponseReturnValue:
        method = "GET" if request.method == "HEAD" else request.method
        if method in by_method:
            return by_method[method](**values)
        if method == "OPTIONS":
            return Response(headers={"Allow": ", ".join(sorted(declared))})
        check_origin()
        raise MethodNotAllowed(declared)

    def register(state: BlueprintSetupState) -> None:
        if of_path[0].is_there(state.app.extensions[EXTENSION].settings):
            options = {"methods": sorted(declared), "provide_automatic_options": False}
            state.add_url_rule(path, of_path[0].name, answer, **options)

    blueprint.record(register)


def _claim(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Route a request with a wrong method for one of our paths to our own rule, which answers 405.

    Without this the router answers with Werkzeug's own page, or finds a rule of the host for every path
    (``/<path:path>``) that takes the method. A rule of ours without methods would also work, but extensions
    and ``flask routes`` expect a set of methods at every rule. The hooks of the host see the request as one
    of the blueprint.
    """
    if not _can_be_claimed():
        return
    with suppress(HTTPException):
        adapter = cast("MapAdapter", current_app.create_url_adapter(request))  # a request always has one
        rule, values = adapter.match(method="OPTIONS", return_rule=True)
        if rule.endpoint.rpartition(".")[0] in OURS:
            request.url_rule, request.view_args, request.routing_exception = rule, dict(values), None


def _can_be_claimed() -> bool:
    """Whether the router found no rule for the method, or one of the host that takes several paths.

    This runs for every request to the host, so the cheapest check comes first. A rule of the host for
    exactly one path is left to the host, also where that path is one of ours.
    """
    rule = request.url_rule
    if rule is None:
        is_open = isinstance(request.routing_exception, RouterRefused)
    else:
        is_open = bool(rule.arguments) and request.blueprint not in OURS
    return is_open and request.path.startswith((services().settings.url_prefix.rstrip("/") + "/", WELL_KNOWN))


blueprint = _make("ratchet", ROUTES)
root = _make("ratchet_root", ROOT_ROUTES)
OURS = frozenset({blueprint.name, root.name})

blueprint.app_url_value_preprocessor(_claim)
