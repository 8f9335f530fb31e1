"""The browser client, ratchet.js, and keep.js, the one tag that renews for a page of the server."""

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
OWN_PREFIX = b'const PREFIX = new URL(".", import.meta.url).href;'
"""The routes are beside the module, whatever RATCHET_URL_PREFIX and the path are that the site is below."""

SCRIPT = "text/javascript"

MODULE_REPLIES = {
    200: ReplySpec("The module.", {SCRIPT: None}, (*PUBLIC, "ETag")),
    304: ReplySpec("The client has this version already.", headers=(*PUBLIC, "ETag")),
    412: ReplySpec("If-Match names another version."),
}
VERSION = Parameter("v", "query", "The hash of the content; with it the reply may be kept for a year.")
KNOWN = Parameter("If-None-Match", "header", "The ETag of the version that the client has.")

routes = Routes()


@routes.route("GET", "/ratchet.js", MODULE_REPLIES, parameters=(VERSION, KNOWN))
def script() -> Response:
    """The browser client, an ES module.

    Caches may keep it for a year under the URL with its hash. Under any other URL they ask again each time.
    """
    cookie = services().cookies.names.signed_in
    return _reply(_client(cookie), IMMUTABLE if request.args.get("v") == _version(cookie) else REVALIDATE)


@routes.route("GET", "/keep.js", MODULE_REPLIES, parameters=(KNOWN,))
def keep() -> Response:
    """The module of one script tag: it makes a client, which keeps a page of the server renewed."""
    return _reply(_keep(services().cookies.names.signed_in), REVALIDATE)


def script_url() -> str:
    """The URL of the client with the hash of its present content."""
    return url_for("ratchet.script", v=_version(services().cookies.names.signed_in))


def _reply(source: bytes, cache_control: str) -> Response:
    reply = Response(source, mimetype=SCRIPT)
    reply.headers["Cache-Control"] = cache_control
    reply.set_etag(_hash(source))
    reply.make_conditional(request)
    return reply


@cache
def _client(cookie: str) -> bytes:
    """The client, with the name of the cookie that it reads and the place of the routes."""
    source = _file("ratchet.js").replace(PREFIX, OWN_PREFIX)
    return source.replace(f'"{SIGNED_IN_COOKIE}"'.encode(), f'"{cookie}"'.encode())


@cache
def _keep(cookie: str) -> bytes:
    """The module that keeps a page, with the hash in the URL of the client: one that a cache may keep."""
    return _file("keep.js").replace(b'"./ratchet.js"', f'"./ratchet.js?v={_version(cookie)}"'.encode())


@cache
def _version(cookie: str) -> str:
    return _hash(_client(cookie))


def _file(name: str) -> bytes:
    return resources.files(__package__).joinpath("static", name).read_bytes()


def _hash(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()[:16]
