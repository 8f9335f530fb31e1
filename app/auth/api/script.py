"""GET /ratchet.js: the browser client. Its address carries a hash of its content, so it is kept for good."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from flask import Response, request, url_for

FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


def script() -> Response:
    """The module; kept for good under the address of its content, asked for again under any other."""
    reply = Response(_source(), mimetype="text/javascript")
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
