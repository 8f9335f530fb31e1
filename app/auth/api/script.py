"""The browser client, ratchet.js. Its address carries a hash of its content, so it is kept for good."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from flask import Response, request, url_for

from .routes import PUBLIC, Parameter, ReplySpec, Routes

FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


SCRIPT = "text/javascript"

routes = Routes()


@routes.route(
    "GET",
    "/ratchet.js",
    {
        200: ReplySpec("The module.", {SCRIPT: None}, (*PUBLIC, "ETag")),
        304: ReplySpec("As you have it.", headers=(*PUBLIC, "ETag")),
        412: ReplySpec("Not as you have it, and If-Match asked for that alone."),
    },
    parameters=(
        Parameter("v", "query", "The version of the module that is wanted for good."),
        Parameter("If-None-Match", "header", "The ETag that you have."),
    ),
)
def script() -> Response:
    """The browser client, an ES module.

    It is kept for good under the address of its content, and asked for again under any other.
    """
    reply = Response(_source(), mimetype=SCRIPT)
    reply.headers["Cache-Control"] = FOR_GOOD if request.args.get("v") == _version() else ASK_AGAIN
    reply.set_etag(_version())
    reply.make_conditional(request)
    return reply


def script_url() -> str:
    """The address of the client as it is now."""
    return url_for("ratchet.script", v=_version())


@cache
def _source() -> bytes:
    return resources.files(__package__).joinpath("static", "ratchet.js").read_bytes()


@cache
def _version() -> str:
    return hashlib.sha256(_source()).hexdigest()[:16]
