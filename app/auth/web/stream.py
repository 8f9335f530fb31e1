"""The body of a request as bytes: taken within limits, or read to its end and dropped.

gunicorn closes the connection after a response that came before the end of the body. A proxy or a browser
that is still sending then finds the connection broken and does not see the response: an upload that continue
redirects would be lost. So the code that answers in place of a view reads the body first.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from time import monotonic

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from ..errors import ContentTooLarge, InvalidRequest

MAX_BODY = 16 * 1024
"""The most bytes in the body of a route of ours."""

MAX_DRAIN = 32 * 1024 * 1024
"""The most bytes that are read and dropped."""

PATIENCE = 20.0
"""Seconds in which a body has to arrive. gunicorn kills a sync worker after 30."""

PIECE = 1 << 16
_OVER = "ratchet.body_over"


def take() -> bytes:
    """The whole body; ContentTooLarge beyond MAX_BODY, InvalidRequest where it is broken or cut short."""
    environ = request.environ
    if environ.get("CONTENT_LENGTH") == "0" and "HTTP_TRANSFER_ENCODING" not in environ:
        return b""
    # One more than the limit, because Werkzeug silently cuts a chunked body at this length.
    request.max_content_length = MAX_BODY + 1
    try:
        with _deadline():
            raw = request.get_data()
    except RequestEntityTooLarge as error:
        raise ContentTooLarge from error
    except Exception as error:  # each server has its own errors for a broken body
        raise InvalidRequest from error
    if len(raw) > MAX_BODY:
        raise ContentTooLarge
    if 0 < len(raw) < (request.content_length or 0):
        raise InvalidRequest("The body is cut short.")
    environ[_OVER] = True
    return raw


def drain() -> None:
    """Read what is left of the body and drop it; InvalidRequest where it is broken.

    At most MAX_DRAIN bytes and PATIENCE seconds; the rest is left to the server. The response
    waits for this, so call it before the change that the response reports.
    """
    if request.environ.get(_OVER) or not _is_sent() or (request.content_length or 0) > MAX_DRAIN:
        return
    request.environ[_OVER] = True
    try:
        with _deadline():
            _drop()
    except Exception as error:
        raise InvalidRequest from error


def drain_behind(response: Response) -> Response:
    """Return the response unchanged after dropping the rest of the body: for after_request."""
    with suppress(InvalidRequest):
        drain()
    return response


def drain_refused(response: Response) -> Response:
    """The same for a response that is no success: for after_request of the whole app.

    The pages of the host refuse and redirect forms, too: beyond MAX_CONTENT_LENGTH, or at an unknown path.
    A view that succeeds may still be reading while its response is sent.
    """
    return drain_behind(response) if response.status_code >= 300 else response


def _drop() -> None:
    """Read the server's own stream if that has an end: Flask's stream stops at the limit of the site."""
    environ = request.environ
    stream = environ["wsgi.input"] if environ.get("wsgi.input_terminated") else request.stream
    left, until = MAX_DRAIN, monotonic() + PATIENCE
    while left > 0 and monotonic() < until and (piece := stream.read(min(PIECE, left))):
        left -= len(piece)


def _is_sent() -> bool:
    """Whether the request says that it has a body."""
    environ = request.environ
    return "HTTP_TRANSFER_ENCODING" in environ or environ.get("CONTENT_LENGTH") not in (None, "", "0")


@contextmanager
def _deadline() -> Iterator[None]:
    """After PATIENCE, make the server see an early end of the body.

    A client that sends a byte a second could occupy a thread without limit. A timeout of the socket does not
    help, because every byte restarts it. Servers other than gunicorn do not give access to their socket.
    """
    connection = request.environ.get("gunicorn.socket")
    if connection is None or not _is_sent():
        yield
        return
    alarm = Timer(PATIENCE, _stop_receiving, [connection])
    alarm.daemon = True
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


def _stop_receiving(connection: socket.socket) -> None:
    """Close one direction of a connection; also below TLS, which can still send after this."""
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RD)
