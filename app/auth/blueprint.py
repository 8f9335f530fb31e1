"""Which address answers to whom: the blueprint and the table of its routes."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from . import jwks, navigation, replies, routes, visitor
from .errors import MethodNotAllowed, RatchetError

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})

ROUTES: dict[str, dict[str, Callable[..., ResponseReturnValue]]] = {
    "/login": {"POST": routes.login},
    "/refresh": {"POST": routes.refresh},
    "/logout": {"POST": routes.logout},
    "/me": {"GET": routes.me},
    "/password": {"POST": routes.password},
    "/sessions": {"GET": routes.list_sessions, "POST": routes.start_session},
    "/sessions/<session_id>": {"DELETE": routes.end_session},
    "/jwks.json": {"GET": jwks.jwks},
    "/continue": {"GET": navigation.continue_, "POST": navigation.continue_},
}


def _make() -> Blueprint:
    blueprint = Blueprint("ratchet", __name__, template_folder="templates")
    blueprint.before_request(visitor.check_origin)
    blueprint.after_request(replies.finish)
    blueprint.register_error_handler(RatchetError, replies.error)
    blueprint.register_error_handler(HTTPException, replies.http_error)
    for path, views in ROUTES.items():
        _add(blueprint, path, views)
    return blueprint


def _add(blueprint: Blueprint, path: str, views: dict[str, Callable[..., ResponseReturnValue]]) -> None:
    """Route a path; whatever it does not declare is refused in the words of the contract, not Flask's."""
    for method, view in views.items():
        blueprint.add_url_rule(path, view.__name__, view, methods=[method])
    declared = frozenset(views) | {"OPTIONS"} | ({"HEAD"} if "GET" in views else frozenset())

    def refuse(**_: str) -> Response:
        raise MethodNotAllowed(declared)

    endpoint = "refuse_" + "".join(letter if letter.isalnum() else "_" for letter in path)
    undeclared = METHODS - declared
    blueprint.add_url_rule(path, endpoint, refuse, methods=undeclared, provide_automatic_options=False)


blueprint = _make()
