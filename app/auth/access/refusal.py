"""The refusal of a guarded view as an HTTP exception, for code of hosts that handles no others.

A decorator with ``except HTTPException: raise``, or a blueprint's handler for Exception that hands back HTTP
exceptions, makes a 500 of everything else. So what the guard raises is an HTTP exception with a reply, and
still of the class that it was: ``except TokenMissing`` finds it.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any, cast

from flask import Response, current_app, request
from werkzeug import Response as BaseResponse
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException

from ..errors import RatchetError


class _Answered(RoutingException, HTTPException):
    """What Flask answers with the reply in it, without an error handler, as all RoutingExceptions.

    The reply is that of the handler for the ``problem`` itself, made when it is asked for. The ``code`` is
    the status, as in every HTTP exception; the ``code`` of the ``problem`` is its name.
    """

    def __init__(self, problem: RatchetError) -> None:
        vars(self).update(vars(problem))
        self.args = problem.args
        self.problem = self.__cause__ = problem
        self.code = problem.status

    def __str__(self) -> str:
        return str(self.problem)

    @cached_property
    def response(self) -> Response:  # type: ignore[override]  # an attribute there
        """What the error handler of the host for this RatchetError says, else ours."""
        return current_app.make_response(current_app.ensure_sync(_handler(self.problem))(self.problem))


class Redirected(RoutingException, HTTPException):
    """A redirect in place of the view, with its status as ``code``; Flask asks no error handler."""

    def __init__(self, way: BaseResponse) -> None:
        super().__init__(response=way)
        self.code = way.status_code


def as_redirect(way: BaseResponse, problem: RatchetError) -> Exception:
    """The redirect as an exception; ``problem`` if HTTP exceptions go to error handlers: ours redirects."""
    redirected = Redirected(way)
    return problem if current_app.trap_http_exception(redirected) else redirected


def as_http(problem: RatchetError) -> Exception:
    """``problem`` as an HTTP exception, too, but where those go to error handlers (TRAP_HTTP_EXCEPTIONS)."""
    answered = _kind(cast("Any", type(problem)))(problem)
    return problem if current_app.trap_http_exception(answered) else answered


@cache
def _kind(kind: type[RatchetError]) -> type[_Answered]:
    """The class of errors of this ``kind`` that are HTTP exceptions, too; of the same name and code."""
    return type(kind.__name__, (_Answered, kind), {"__module__": __name__, "code": kind.code})


def _handler(problem: RatchetError) -> Any:
    """The handler that Flask would find, were there none for every Exception: blueprints before the app."""
    kinds = [kind for kind in type(problem).__mro__ if issubclass(kind, RatchetError)]
    for name in (*request.blueprints, None):
        handlers = cast("dict[type, Any]", current_app.error_handler_spec[name][None])
        for kind in kinds:
            if kind in handlers:
                return handlers[kind]
    raise problem  # Ratchet registers one on every app
