"""The declaration of a route: once, beside its view.

The rule of the router, the guard around the view and the OpenAPI document are made from the declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import getdoc
from typing import NamedTuple

from flask.typing import ResponseReturnValue

from .. import errors
from ..settings.model import Settings
from .media_types import JSON
from .schemas import Component

View = Callable[..., ResponseReturnValue]
Errors = tuple[type[errors.RatchetError], ...]


class ReplySpec(NamedTuple):
    """A reply: what it means, its content by media type and schema (no schema: any text), and its headers."""

    description: str
    content: Mapping[str, Component | None] = {}
    headers: tuple[str, ...] = ()


class BodySpec(NamedTuple):
    """A body: its schema, its media type, and whether it has to be there."""

    schema: Component
    media_type: str = JSON
    required: bool = True


class Parameter(NamedTuple):
    """A part of the ``path``, the ``query`` or the ``header`` that a view reads, and what it means."""

    name: str
    location: str
    description: str


def _let_in(view: View) -> View:
    return view


class Guard(NamedTuple):
    """Who may enter a view.

    ``security`` lists the security schemes, each of which is enough; "" means that none is needed. ``wrap``
    puts the check around the view, ``refuses`` has the errors that the check raises.
    """

    security: tuple[str, ...] = ()
    refuses: Errors = ()
    wrap: Callable[[View], View] = _let_in


ACCESS = ("bearer", "accessCookie")
REFRESH_SCHEMES = ("refreshCookie", "")
"""The cookie, or, without a cookie, the body."""

ANYBODY = Guard()
BY_REFRESH_TOKEN = Guard(REFRESH_SCHEMES)
BY_ANY_TOKEN = Guard((*REFRESH_SCHEMES, *ACCESS))
"""With these two the view reads the token itself: its response to an invalid one also depends on the body."""

UNSAFE: Errors = (errors.CrossOrigin, errors.Unavailable)
"""The errors of the origin check, which every method but GET has."""

BODY: Errors = (errors.InvalidRequest, errors.ContentTooLarge, errors.UnsupportedMediaType)
"""The errors of reading a body."""

ACCOUNT: Errors = (errors.AccountBlocked, errors.AccountUnconfirmed, errors.SignInRefused)

COOKIES = ("Set-Cookie",)
PUBLIC = ("Cache-Control",)


def _always(_settings: Settings) -> bool:
    return True


class Route(NamedTuple):
    """One method of one path, which is written as Flask writes it. ``view`` has its guard around it.

    ``is_there`` says by the settings of a site whether the site has the route; it is the same for all
    methods of a path.
    """

    method: str
    path: str
    view: View
    replies: Mapping[int, ReplySpec]
    body: BodySpec | None
    guard: Guard
    further: Errors
    parameters: tuple[Parameter, ...]
    is_there: Callable[[Settings], bool]

    @property
    def name(self) -> str:
        """The name of the view."""
        return str(self.view.__name__)

    @property
    def summary(self) -> str:
        """The first line of the view's docstring; its name if Python runs without docstrings (``-OO``)."""
        return (getdoc(self.view) or self.name).partition("\n")[0]

    @property
    def refuses(self) -> Errors:
        """The errors of the method, the body, the guard and the view, each once."""
        for_method = () if self.method == "GET" else UNSAFE
        for_body = BODY if self.body else ()
        return tuple(dict.fromkeys((*for_method, *for_body, *self.guard.refuses, *self.further)))


class Routes(list[Route]):
    """The routes of a module, in the order of its views."""

    def route(
        self,
        method: str,
        path: str,
        replies: Mapping[int, ReplySpec],
        *,
        body: BodySpec | None = None,
        guard: Guard = ANYBODY,
        refuses: Errors = (),
        parameters: tuple[Parameter, ...] = (),
        is_there: Callable[[Settings], bool] = _always,
    ) -> Callable[[View], View]:
        """Declare the view below as one method of ``path``, and put its guard around it.

        ``replies`` are the replies by status. ``refuses`` names the errors of the view itself: those of the
        method, the body and the guard are known. The first line of the view's docstring describes the route.
        """

        def declare(view: View) -> View:
            guarded = guard.wrap(view)
            self.append(Route(method, path, guarded, replies, body, guard, refuses, parameters, is_there))
            return guarded

        return declare
