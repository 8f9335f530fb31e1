"""A shop: a stranger's Flask app that uses Ratchet through its face, and has pages for the browser tests.

Two files in the folder ``SHOP_FOLDER`` steer it while it runs. ``clock`` holds the seconds that its clock is
ahead, ``refusal`` what it answers instead of refreshing.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from flask import Flask, Response, jsonify, redirect, request, send_from_directory
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.auth import Ratchet, RatchetUser, TokenInvalid, current_user
from tests.support.clock import FileClock

from ..hosts.parts import add_parts

PAGES = Path(__file__).parent / "pages"


class Base(DeclarativeBase):
    """The base of the shop's models."""


db = SQLAlchemy(model_class=Base)


class Customer(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # db.Model is made at run time
    """Somebody who buys here."""

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)


def folder() -> Path:
    """Where the shop keeps its database and looks what it is told."""
    return Path(os.environ["SHOP_FOLDER"])


def clock() -> float:
    """Seconds since the epoch, as far ahead as the tests have turned it."""
    return FileClock(folder())()


ratchet = Ratchet(db=db, user_model=Customer, clock=clock)


def create_app() -> Flask:
    """Make the shop."""
    app = Flask(__name__, static_folder=None)
    app.config.from_prefixed_env()
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{folder() / 'shop.sqlite'}"
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"connect_args": {"timeout": 5}}
    db.init_app(app)
    ratchet.init_app(app)
    app.before_request(ask_for_basic)
    app.before_request(refuse)
    app.add_url_rule("/<any(tab, forms, plain, kept):name>", view_func=page)
    app.add_url_rule("/worker.js", view_func=worker)
    app.add_url_rule("/sign-in", view_func=sign_in, methods=["POST"])
    app.add_url_rule("/sign-out", view_func=sign_out, methods=["POST"])
    app.add_url_rule("/api/orders", view_func=orders, methods=["GET", "POST"])
    app.add_url_rule("/graphql", view_func=graph, methods=["POST"])
    app.add_url_rule("/api/vault", view_func=vault)
    app.add_url_rule("/api/prices", view_func=prices)
    add_parts(app, ratchet)
    app.after_request(note_refusal)
    return app


def ask_for_basic() -> Response | None:
    """Ask for the name and password in ``SHOP_BASIC``, if any, as the proxy of a staging site does."""
    known = os.environ.get("SHOP_BASIC")
    if known is None or request.path == "/plain" or request.headers.get("Authorization") == f"Basic {known}":
        return None
    return Response("", 401, {"WWW-Authenticate": 'Basic realm="staging"'})


def refuse() -> Response | None:
    """Answer a refresh as something in front of the shop would: busy, throttled, or not even JSON."""
    refusal = folder() / "refusal"
    if request.path != "/auth/refresh" or not refusal.exists():
        return None
    status, headers, body = json.loads(refusal.read_text())
    with (folder() / "refused").open("a") as refused:
        refused.write("x")
    return Response(body, status, headers)


def note_refusal(response: Response) -> Response:
    """Write down the path of a request that was refused for its access token."""
    if response.status_code == 401:
        with (folder() / "turned_away").open("a") as turned_away:
            turned_away.write(f"{request.path}\n")
    return response


def page(name: str) -> Response:
    """A page: with the client, with forms, or with nothing."""
    return send_from_directory(PAGES, f"{name}.html")


def worker() -> Response:
    """The service worker that a test has written."""
    return send_from_directory(folder(), "worker.js")


def sign_in() -> ResponseReturnValue:
    """Sign in by form, without script."""
    ratchet.start_session(ratchet.authenticate(request.form["identifier"], request.form["password"]))
    return redirect("/plain", 303)


def sign_out() -> ResponseReturnValue:
    """Sign out by form, without script."""
    ratchet.end_session()
    return redirect("/plain", 303)


@ratchet.required
def orders() -> Response:
    """Whose orders these are, and what was sent along."""
    return jsonify(customer=current_user.username, sent=request.get_data(as_text=True))


@ratchet.required
def graph() -> Response:
    """The answer of a GraphQL server to ``{ customer }``, whatever was asked."""
    return jsonify(data={"customer": current_user.username})


def vault() -> Response:
    """Nobody gets in, whatever token they have."""
    raise TokenInvalid


def prices() -> Response:
    """Prices, for everybody; and what the browser told of itself."""
    return jsonify(authorization=request.headers.get("Authorization"))
