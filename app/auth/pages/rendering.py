"""Renders the pages of the package: a template that the host can replace, and the policy of the page."""

from __future__ import annotations

import secrets

from flask import Response, render_template

from ..routing.media_types import HTML
from ..routing.routes import Parameter
from ..web.responses import mark_language
from ..web.services import services

NEXT = Parameter("next", "query", "Where to go on: a path of this site.")


def show(reply: Response, template: str, policy: str, /, **values: object) -> Response:
    """The reply with the template ``ratchet/<template>.html`` as its content.

    ``policy`` is its Content-Security-Policy. ``{nonce}`` in it stands for a value that only this reply has,
    which the template puts at its style. In the template ``say`` translates a sentence and ``describe`` an
    error, into ``language``.
    """
    nonce, said = secrets.token_urlsafe(16), services().sentences
    values |= {"nonce": nonce, "say": said.on_page, "describe": said.describe, "language": said.language}
    reply.set_data(render_template(f"ratchet/{template}.html", **values))
    reply.mimetype = HTML
    reply.headers["Content-Security-Policy"] = policy.format(nonce=nonce)
    return mark_language(reply)
