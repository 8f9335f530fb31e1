"""The models of the reference site: one, the user."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from .auth import RatchetUser
from .db import db


class User(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # db.Model is made at run time
    """A person with an account on this site."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
