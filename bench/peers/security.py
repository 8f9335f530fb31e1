"""Flask-Security with authentication tokens and refresh tokens; passwords are not asked for here.

https://flask-security.readthedocs.io/en/stable/features.html
"""

from __future__ import annotations

from flask_security import Security, SQLAlchemyUserDatastore, auth_required
from flask_security.models import fsqla_v4
from flask_security.tokens import new_refresh_tracker

from bench.sites import ACCESS_SECONDS
from bench.sites.place import SECRET, site, view

app, db = site(
    "security",
    SECURITY_PASSWORD_SALT=SECRET,
    SECURITY_REFRESH_TOKEN=True,
    SECURITY_TOKEN_MAX_AGE=ACCESS_SECONDS,
    WTF_CSRF_ENABLED=False,
)
fsqla_v4.FsModels.set_db_info(db)


class Role(db.Model, fsqla_v4.FsRoleMixin):
    """A role."""


class User(db.Model, fsqla_v4.FsUserMixin):
    """A user."""


class FsRefreshTracker(db.Model, fsqla_v4.FsRefreshTrackerMixin):
    """A family of refresh tokens."""


datastore = SQLAlchemyUserDatastore(db, User, Role, refresh_tracker_model=FsRefreshTracker)
security = Security(app, datastore)
app.add_url_rule("/guarded", "guarded", auth_required("token")(view))


def prepare(sessions: int, accesses: int) -> dict[str, list[str]]:
    """Users with a family of refresh tokens each, and access tokens of the first one."""
    with app.test_request_context():
        db.create_all()
        users = [datastore.create_user(email=f"ada{number}@example.org") for number in range(sessions)]
        db.session.commit()
        cookies = [new_refresh_tracker(user, name="default")[1] for user in users]
        db.session.commit()
        return {"access": [users[0].get_auth_token() for _ in range(accesses)], "cookie": cookies}
