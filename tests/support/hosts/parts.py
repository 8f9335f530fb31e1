"""What a page of the shop loads after it is there: a part, a picture, a file, a stream and a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from simple_websocket import ConnectionClosed, Server  # type: ignore[import-untyped]  # has no types

from app.auth import Ratchet, current_user

EVENT = "retry: 200\ndata: {}\n\n"
"""What a stream says before it ends; the browser asks again after a fifth of a second."""


def add_parts(app: Flask, ratchet: Ratchet[Any]) -> None:
    """Add the guarded views to the shop."""
    views: tuple[Callable[[], ResponseReturnValue], ...] = (part, picture, export, stream)
    for view in views:
        app.add_url_rule(f"/parts/{view.__name__}", view_func=ratchet.required(view))
    app.add_url_rule("/parts/socket", view_func=ratchet.required(socket), websocket=True)
    app.add_url_rule("/parts/save", view_func=ratchet.required(save), methods=["POST"])


def part() -> str:
    """A part of a page."""
    return f"<b>{current_user.username}</b>"


def save() -> str:
    """A part that says what was sent."""
    return f"<b>{current_user.username}: {request.form['note']}</b>"


def picture() -> Response:
    """A picture."""
    return Response(
        "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", mimetype="image/svg+xml"
    )


def export() -> Response:
    """A file to save."""
    headers = {"Content-Disposition": "attachment; filename=orders.csv"}
    return Response("order,42\n", mimetype="text/csv", headers=headers)


def stream() -> Response:
    """A stream of one event, which the browser then opens again."""
    name = current_user.username

    def events() -> Iterator[str]:
        yield EVENT.format(name)

    return Response(events(), mimetype="text/event-stream")


def socket() -> Response:
    """A socket that says one word and closes; the guard is asked before the handshake."""
    with suppress(ConnectionClosed):
        server = Server.accept(request.environ)
        server.send(current_user.username)
        server.close()
    return _Used()


class _Used(Response):
    """No reply: the socket has used the connection up."""

    def __call__(self, *_: Any) -> Any:
        """Let gunicorn send nothing."""
        raise StopIteration
