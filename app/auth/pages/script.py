"""The browser client, ratchet.js. Its URL has a hash of its content, so caches may keep it for a year."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from flask import Response, request, url_for

from ..routing.routes import PUBLIC, Parameter, ReplySpec, Routes
from ..settings.cookie_names import SIGNED_IN_COOKIE
from ..web.services import services

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"

PREFIX = b'const PREFIX = "/auth";'
OWN_PREFIX = b'const PREFIX = new URL(".", import.meta.url).pathname;'
"""The routes are beside the module, whatever RATCHET_URL_PREFIX and the path are that the site is below."""

SCRIPT = "text/javascript"

routes = Routes()


@routes.route(
    "GET",
    "/ratchet.js",
    {
        200: ReplySpec("The module.", {SCRIPT: None}, (*PUBLIC, "ETag")),
        304: ReplySpec("The client has this version already.", headers=(*PUBLIC, "ETag")),
        412: ReplySpec("If-Match names another version."),
    },
    parameters=(
        Parameter("v", "query", "The hash of the content; with it the reply may be kept for a year."),
        Parameter("If-None-Match", "header", "The ETag of the version that the client has."),
    ),
)
def script() -> Response:
    """The browser client, an ES module.

    Caches may keep it for a year under the URL with its hash. Under any other URL they ask again each time.
    """
    name = services().cookies.names.signed_in
    version = _version(name)
    reply = Response(_source(name), mimetype=SCRIPT)
    reply.headers["Cache-Control"] = IMMUTABLE if request.args.get("v") == version else REVALIDATE
    reply.set_etag(version)
    reply.make_conditional(request)
    return reply


def script_url() -> str:
    """The URL of the client with the hash of its present content."""
    return url_for("ratchet.script", v=_version(services().cookies.names.signed_in))


@cache
def _source(cookie: str) -> bytes:
    """The module, with the name of the cookie that it reads and the place of the routes."""
    source = resources.files(__package__).joinpath("static", "ratchet.js").read_bytes()
    source = source.replace(PREFIX, OWN_PREFIX)
    return source.replace(f'"{SIGNED_IN_COOKIE}"'.encode(), f'"{cookie}"'.encode())


@cache
def _version(cookie: str) -> str:
    return hashlib.sha256(_source(cookie)).hexdigest()[:16]
