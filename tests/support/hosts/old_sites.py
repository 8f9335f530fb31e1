"""Small sites on other libraries, before and after their move, and the migration of their tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask import Flask, request, session
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.pool import NullPool
from werkzeug.security import check_password_hash, generate_password_hash

import app.auth.user
from app.auth import Ratchet
from tests.support.browser import PASSWORD

from .beside import import_any

flask_jwt_extended = import_any("flask_jwt_extended")
flask_login = import_any("flask_login")
flask_security = import_any("flask_security")

OLD_SECRET = "dev-secret"
"""Too short for Ratchet."""

SECURITY_SALT = "146585145368132386173505678016728509634"
NAMES = ("ada", "bob")


def _site(url: str, **config: Any) -> tuple[Flask, Any]:
    site = Flask("old")
    site.config.update({"SECRET_KEY": OLD_SECRET, "SQLALCHEMY_DATABASE_URI": url}, **config)
    site.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"poolclass": NullPool}
    return site, SQLAlchemy(site)


def on_flask_login(url: str) -> Flask:
    """A site on Flask-Login with two users: a form, a cart in the session, and a page that says who it is."""
    site, db = _site(url)
    flask_login.LoginManager(site).user_loader(lambda key: db.session.get(User, int(key)))

    class User(flask_login.UserMixin, db.Model):  # type: ignore[misc,name-defined]  # has no types
        __tablename__ = "users"
        id = db.Column(db.Integer, primary_key=True)
        email = db.Column(db.String(190), nullable=False, unique=True)
        password = db.Column(db.String(255))

    @site.post("/sign-in")
    def sign_in() -> str:
        user = db.session.scalars(db.select(User).filter_by(email=request.form["email"])).one()
        assert check_password_hash(user.password, request.form["password"])
        flask_login.login_user(user, remember="remember" in request.form)
        session["cart"] = [42]
        return "Welcome."

    site.add_url_rule("/who", view_func=flask_login.login_required(_who_is_signed_in))

    stored = generate_password_hash(PASSWORD, "scrypt:1024:8:1")
    _fill(site, db, [User(email=f"{name}@example.org", password=stored) for name in NAMES])
    return site


def on_flask_security(url: str) -> Flask:
    """A site on Flask-Security, with its own form, and two users."""
    site, db = _site(
        url,
        SECURITY_PASSWORD_SALT=SECURITY_SALT,
        SECURITY_PASSWORD_HASH="bcrypt",
        SECURITY_PASSWORD_SINGLE_HASH=[],
        WTF_CSRF_ENABLED=False,
    )
    fsqla = import_any("flask_security.models.fsqla_v3")
    fsqla.FsModels.set_db_info(db, user_table_name="users", role_table_name="roles")

    class Role(db.Model, fsqla.FsRoleMixin):  # type: ignore[misc,name-defined]  # has no types
        __tablename__ = "roles"

    class User(db.Model, fsqla.FsUserMixin):  # type: ignore[misc,name-defined]  # has no types
        __tablename__ = "users"

    datastore = flask_security.SQLAlchemyUserDatastore(db, User, Role)
    flask_security.Security(site, datastore)
    with site.app_context():
        stored = flask_security.hash_password(PASSWORD)
    site.add_url_rule("/who", view_func=flask_security.auth_required()(_who_is_signed_in))
    users = [
        User(email=f"{name}@example.org", password=stored, active=True, fs_uniquifier=f"of {name}")
        for name in NAMES
    ]
    _fill(site, db, users)
    return site


def on_flask_jwt_extended(url: str) -> Flask:
    """A site on Flask-JWT-Extended with two users, whose clients send their tokens as bearers."""
    site, db = _site(url)
    flask_jwt_extended.JWTManager(site)

    class User(db.Model):  # type: ignore[misc,name-defined]  # has no types
        __tablename__ = "users"
        id = db.Column(db.Integer, primary_key=True)
        email = db.Column(db.String(190), nullable=False, unique=True)
        password = db.Column(db.String(255))

    @site.post("/login")
    def login() -> dict[str, str]:
        user = db.session.scalars(db.select(User).filter_by(email=request.json["email"])).one()
        assert check_password_hash(user.password, request.json["password"])
        return {
            "access_token": flask_jwt_extended.create_access_token(str(user.id)),
            "refresh_token": flask_jwt_extended.create_refresh_token(str(user.id)),
        }

    stored = generate_password_hash(PASSWORD, "scrypt:1024:8:1")
    _fill(site, db, [User(email=f"{name}@example.org", password=stored) for name in NAMES])
    return site


def _who_is_signed_in() -> str:
    return str(flask_login.current_user.email)


def _fill(site: Flask, db: Any, users: list[Any]) -> None:
    with site.app_context():
        db.create_all()
        db.session.add_all(users)
        db.session.commit()
        db.engine.dispose()


def migrate(db: Any) -> None:
    """Change the tables that are there to what the models say, by a script as Flask-Migrate writes it."""

    def is_known(name: str | None, kind: str, _: Any) -> bool:
        return kind != "table" or name in db.metadata.tables

    with db.engine.begin() as connection:
        context = MigrationContext.configure(
            connection, opts={"render_as_batch": True, "include_name": is_known}
        )
        changes = produce_migrations(context, db.metadata).upgrade_ops
        assert changes is not None
        script = render_python_code(changes, render_as_batch=True, migration_context=context)
        names = {
            "op": Operations(context),
            "sa": sqlalchemy,
            "app": app,
            "mysql": mysql,
            "postgresql": postgresql,
        }
        exec(f"if True:\n    {script}", names)  # noqa: S102  # Alembic has written it


def add_moved_views(module: Any) -> None:
    """Add the pages that the site has after its move."""
    site: Flask = module.app
    ratchet: Ratchet[Any] = module.ratchet
    required: Any = getattr(module, "required", ratchet.required)

    def who() -> Any:
        return {"who": getattr(module, "current_user", ratchet.current_user).email, **module.request.form}

    site.add_url_rule("/who", view_func=required(who), methods=["GET", "POST"])

    @site.get("/cart")
    def cart() -> Any:
        return {"cart": session.get("cart")}

    @site.get("/sign-out")
    def sign_out() -> str:
        ratchet.end_session()
        return "Goodbye."
