"""Which address answers to whom: the blueprint and the table of its routes."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as MethodUnknown

from . import client, jwks, navigation, replies, routes, visitor
from .errors import MethodNotAllowed, RatchetError
from .state import state

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})

Views = dict[str, Callable[..., ResponseReturnValue]]

ROUTES: dict[str, Views] = {
    "/login": {"POST": routes.login},
    "/refresh": {"POST": routes.refresh},
    "/logout": {"POST": routes.logout},
    "/me": {"GET": routes.me},
    "/password": {"POST": routes.password},
    "/sessions": {"GET": routes.list_sessions, "POST": routes.start_session},
    "/sessions/<session_id>": {"DELETE": routes.end_session},
    "/jwks.json": {"GET": jwks.jwks},
    "/ratchet.js": {"GET": client.script},
    "/continue": {"GET": navigation.continue_, "POST": navigation.continue_},
}


def _make() -> Blueprint:
    blueprint = Blueprint("ratchet", __name__, template_folder="templates")
    blueprint.before_request(visitor.check_origin)
    blueprint.after_request(replies.finish)
    blueprint.register_error_handler(RatchetError, replies.error)
    blueprint.register_error_handler(HTTPException, replies.http_error)
    blueprint.app_errorhandler(MethodUnknown)(_refuse_unknown)
    for path, views in ROUTES.items():
        endpoint = next(iter(views.values())).__name__
        blueprint.add_url_rule(
            path, endpoint, _answer(views), methods=METHODS, provide_automatic_options=False
        )
    return blueprint


def _answer(views: Views) -> Callable[..., ResponseReturnValue]:
    """The view of a path: all its methods in one place, and a refusal in our words for the others."""

    def answer(**values: str) -> ResponseReturnValue:
        method = "GET" if request.method == "HEAD" else request.method
        if method in views:
            return views[method](**values)
        if method == "OPTIONS":
            return Response(headers={"Allow": ", ".join(sorted(_declared(views)))})
        raise MethodNotAllowed(_declared(views))

    return answer


def _declared(views: Views) -> frozenset[str]:
    return frozenset(views) | {"OPTIONS"} | ({"HEAD"} if "GET" in views else frozenset())


def _refuse_unknown(problem: MethodUnknown) -> ResponseReturnValue:
    """A method that HTTP itself does not know is refused before a blueprint is looked for."""
    prefix = state().settings.url_prefix.rstrip("/")
    adapter = current_app.create_url_adapter(request)
    if adapter is None or not request.path.startswith(f"{prefix}/"):
        return problem.get_response()
    rule, _ = adapter.match(method="OPTIONS", return_rule=True)
    views = ROUTES.get(rule.rule.removeprefix(prefix))
    return (
        replies.finish(replies.error(MethodNotAllowed(_declared(views)))) if views else problem.get_response()
    )


blueprint = _make()
