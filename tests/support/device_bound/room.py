"""The house with a page on which everything goes on that a page of a site does."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response

from app.site import ratchet

from ..chromium import house
from ..hosts.parts import stream

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PAGE = """<!doctype html><title>Room</title><a href="/room">again</a> <img src="/picture" alt="" id="picture">
<form method="post" action="/upload" enctype="multipart/form-data"><input name="note" value="hello">
<button>Send</button></form>
<script>
const listen = () => new Promise((heard, failed) => {
  const source = new EventSource("/stream")
  source.onmessage = () => { source.close(); heard(true) }
  source.onerror = () => { source.close(); failed(new Error("refused")) }
})
const look = () => new Promise((seen, failed) => {
  picture.onload = () => seen(true)
  picture.onerror = () => failed(new Error("refused"))
  picture.src = `/picture?${Math.random()}`
})
</script>"""


def create_app() -> WSGIApplication:
    """The site, which each worker makes at its first request: gunicorn loads an application only once."""
    return lambda environ, start_response: _made()(environ, start_response)  # noqa: PLW0108  # made late


@cache
def _made() -> Flask:
    """Make the site. A file ``secrets`` in its folder has the variables that replace those of its start."""
    changed = Path(os.environ["HOUSE_FOLDER"]) / "secrets"
    if changed.exists():
        os.environ.update(json.loads(changed.read_text()))
    site = house.create_app()
    site.add_url_rule("/room", view_func=ratchet.required(room))
    site.add_url_rule("/stream", view_func=ratchet.required(stream))
    return site


def room() -> Response:
    """A guarded page with a link, a picture and a form. Its script listens and looks when a test says so."""
    return Response(PAGE, mimetype="text/html")
