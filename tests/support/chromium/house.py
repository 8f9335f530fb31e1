"""The reference site with a few guarded pages more, and a clock that a file turns.

The file ``clock`` in the folder ``HOUSE_FOLDER`` holds the seconds that the clock of the server is ahead.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from flask import Flask, Response, render_template, request

from app import create_app as create_site
from app.db import db
from app.models import User
from app.site import ratchet
from tests.support.clock import FileClock

from ..hosts.parts import export, picture

PAGES = Path(__file__).parent / "templates"


def create_app() -> Flask:
    """Make the site."""
    site = create_site({"MAX_CONTENT_LENGTH": 32 * 1024 * 1024}, clock=clock)
    site.template_folder = str(PAGES)
    site.add_url_rule("/stranger", view_func=stranger)
    site.add_url_rule("/let-in", view_func=sign_in_by_name)
    site.add_url_rule("/panel", view_func=ratchet.required(panel))
    site.add_url_rule("/export", view_func=ratchet.required(export))
    site.add_url_rule("/picture", view_func=ratchet.required(picture))
    site.add_url_rule("/upload", view_func=ratchet.required(upload), methods=["GET", "POST"])
    site.add_url_rule("/safe", "safe", ratchet.required(fresh=True)(panel))
    return site


def clock() -> float:
    """Seconds since the epoch, as far ahead as the tests have turned it."""
    return FileClock(Path(os.environ["HOUSE_FOLDER"]))()


def stranger() -> str:
    """A page for everybody, with links and frames to the address ``to``."""
    return render_template("stranger.html", to=request.args["to"], how=request.args.get("how", ""))


def sign_in_by_name() -> Response:
    """Sign in whoever is called ``name``, without a password, on a page that may stand in a frame."""
    named = db.select(User).where(User.username == request.args["name"])
    ratchet.start_session(db.session.scalars(named).one())
    return Response("<!doctype html><title>Let in</title><p>let in</p>", mimetype="text/html")


def panel() -> Response:
    """A guarded page that may stand in a frame."""
    return Response("<!doctype html><title>Panel</title><p>inside</p>", mimetype="text/html")


def upload() -> str:
    """A guarded form, and what arrived of it."""
    file = request.files.get("file")
    arrived = hashlib.sha256(file.read()).hexdigest() if file else ""
    return render_template("upload.html", arrived=arrived, note=request.form.get("note", ""))
