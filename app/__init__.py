"""The reference site: a Flask application that uses only the public face of Ratchet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from . import config
from .cli import add_commands
from .db import db, migrate
from .site import ratchet
from .site.views import blueprint


def create_app(
    overrides: Mapping[str, Any] | None = None, *, clock: Callable[[], float] | None = None
) -> Flask:
    """Make the application; ``overrides`` take precedence over the environment and the defaults.

    ``clock`` gives seconds since the epoch, in place of the system's; a test passes one that it can set.
    """
    app = Flask(__name__, instance_relative_config=True, static_folder=None)
    config.load(app, overrides or {})
    db.init_app(app)
    migrate.init_app(app, db)
    ratchet.init_app(app, clock=clock)
    app.register_blueprint(blueprint)
    add_commands(app)
    if hops := app.config["PROXY_HOPS"]:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # the documented way to add middleware
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    return app
