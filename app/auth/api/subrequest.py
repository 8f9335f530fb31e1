"""GET /check: tells a proxy, for each request that it asks about, who is signed in (nginx: auth_request)."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, request

from ..access.visitor import identity
from ..errors import BearerRefused, CrossOrigin
from ..routing.routes import Parameter, ReplySpec, Routes
from ..web import redirects, responses
from ..web.request import bearer_token, check_origin
from .guards import BY_ACCESS_TOKEN

SUBJECT = "Ratchet-Subject"
CONTINUE = "Ratchet-Continue"

PAGE = Parameter(redirects.ORIGINAL_URI, "header", "The path and query that the proxy asks about.")
METHOD = Parameter("X-Forwarded-Method", "header", "The method that the proxy asks about; GET by default.")

routes = Routes()


@routes.route(
    "GET",
    "/check",
    {204: ReplySpec("Signed in.", headers=(SUBJECT,))},
    guard=BY_ACCESS_TOKEN,
    refuses=(CrossOrigin,),
    parameters=(PAGE, METHOD),
)
def check() -> Response:
    """Tell a proxy who is signed in.

    It is never a redirect: nginx makes a 500 of one. Where a page was refused, a header of the 401 says where
    its browser can renew. The view reads no row of its own.
    """
    try:
        claims = identity()
    except BearerRefused as problem:
        return _refused(problem)
    if bearer_token() is None:
        check_origin(request.headers.get(METHOD.name))
    return Response(status=204, headers={SUBJECT: quote(claims.subject, safe="")})


def _refused(problem: BearerRefused) -> Response:
    reply, page = responses.error(problem), redirects.page_asked_about()
    way = redirects.way_on(problem, page) if page else None
    if way:
        reply.headers[CONTINUE] = way
    return reply
