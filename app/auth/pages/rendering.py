"""Renders the pages of the package: a template that the host can replace, and the policy of the page."""

from __future__ import annotations

import secrets

from flask import Response, render_template

from ..routing.media_types import HTML
from ..routing.routes import Parameter

NEXT = Parameter("next", "query", "Where to go on: a path of this site.")


def show(reply: Response, template: str, policy: str, /, **values: object) -> Response:
    """The reply with the template ``ratchet/<template>.html`` as its content.

    ``policy`` is its Content-Security-Policy. ``{nonce}`` in it stands for a value that only this reply has,
    which the template puts at its style.
    """
    nonce = secrets.token_urlsafe(16)
    reply.set_data(render_template(f"ratchet/{template}.html", nonce=nonce, **values))
    reply.mimetype = HTML
    reply.headers["Content-Security-Policy"] = policy.format(nonce=nonce)
    return reply
