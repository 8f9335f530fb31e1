"""What a type checker knows of a host: its own model, wherever Ratchet hands out a user."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

HOST = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from typing import Any, Mapping, assert_type

from app.auth import Ratchet, RatchetUser


class Base(DeclarativeBase):
    pass


class User(RatchetUser, Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str]


def claims(user: User) -> Mapping[str, Any]:
    return {"role": user.role}


ratchet = Ratchet(Flask(__name__), db=SQLAlchemy(model_class=Base), user_model=User, claims=claims)
assert_type(ratchet, Ratchet[User])
assert_type(ratchet.current_user, User)
assert_type(ratchet.authenticate("ada", "password"), User)
assert_type(ratchet.identity.auth_time, int)


@ratchet.required(claims={"role": "editor"})
def view(number: int) -> str:
    return ratchet.current_user.role


assert_type(view(7), str)
"""
MISTAKES = """
ratchet.current_user.rolle
Ratchet(db=SQLAlchemy(), user_model=Base)
Ratchet(db=SQLAlchemy(), user_model=User, claims=lambda user: user.rolle)
"""


@pytest.mark.long
@pytest.mark.parametrize(("mistakes", "errors"), [("", 0), (MISTAKES, 3)], ids=["right", "wrong"])
def test_a_host_is_checked_against_its_own_model(tmp_path: Path, mistakes: str, errors: int) -> None:
    """With mypy's strict mode: what is right passes, and each mistake is found."""
    (tmp_path / "host.py").write_text(HOST + mistakes)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "host.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line for line in checked.stdout.splitlines() if line.startswith("host.py") and "error:" in line]
    assert len(found) == errors, checked.stdout + checked.stderr
