"""Flask-JWT-Extended with the documented blocklist in a database; with BENCH_STATELESS=1 without it.

A refresh rotates: the token that was presented goes on the blocklist, and a new one is made.
https://flask-jwt-extended.readthedocs.io/en/stable/blocklist_and_token_revoking.html
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)

from bench.sites import ACCESS_SECONDS
from bench.sites.place import site, view

app, db = site("jwt_extended", JWT_ACCESS_TOKEN_EXPIRES=ACCESS_SECONDS)
manager = JWTManager(app)


class TokenBlocklist(db.Model):
    """A token that is no longer accepted."""

    id = db.Column(db.Integer, primary_key=True)
    jti = db.Column(db.String(36), nullable=False, index=True)
    created_at = db.Column(db.DateTime, nullable=False)


if not os.environ.get("BENCH_STATELESS"):

    @manager.token_in_blocklist_loader
    def is_revoked(_header: dict[str, Any], payload: dict[str, Any]) -> bool:
        """Whether the token is on the blocklist."""
        found = db.session.query(TokenBlocklist.id).filter_by(jti=payload["jti"]).scalar()
        return found is not None


app.add_url_rule("/guarded", "guarded", jwt_required()(view))


@app.post("/refresh")
@jwt_required(refresh=True)
def refresh() -> Response:
    """New tokens, and the one that was presented on the blocklist."""
    db.session.add(TokenBlocklist(jti=get_jwt()["jti"], created_at=datetime.now(UTC).replace(tzinfo=None)))
    db.session.commit()
    user = get_jwt_identity()
    return jsonify(access_token=create_access_token(user), refresh_token=create_refresh_token(user))


def prepare(sessions: int, accesses: int) -> dict[str, list[str]]:
    """The blocklist, and tokens."""
    with app.app_context():
        db.create_all()
        return {
            "access": [create_access_token("1") for _ in range(accesses)],
            "body": [create_refresh_token(str(number)) for number in range(1, sessions + 1)],
        }
