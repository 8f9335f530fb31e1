"""Keys of any type, and tokens from before a change of the type."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped, mapped_column

from tests.support.browser import PASSWORD, Browser, access_token, bearer, content, refusal
from tests.support.forgery import forge_for
from tests.support.hosts.key_types import Guid
from tests.support.hosts.shapes import KEYS
from tests.support.hosts.strangers import MODELS, MakeStranger
from tests.support.samples import SECRET

SUBJECTS = (
    "7",
    "99999999999",
    "99999999999999999999",
    "00000000-0000-0000-0000-000000000000",
    "00000000000000000000000000000000",
    "{00000000-0000-0000-0000-000000000000}",
    "x" * 300,
    "\u00e9",
    "\ud800",
    "-0",
    "1e3",
    "7\0",
    "u-zz",
)


@pytest.mark.parametrize("kind", [*MODELS, *KEYS])
def test_a_subject_that_no_row_can_have_is_nobody(make_stranger: MakeStranger, kind: str) -> None:
    """A refresh is 401 and no fault, whatever the database would say to such a key."""
    stranger = make_stranger(kind)
    for subject in SUBJECTS:
        reply = Browser(stranger.app).refresh(forge_for(SECRET, subject, "a session"))
        assert refusal(reply) == (401, "refresh_token_invalid"), subject


@pytest.mark.parametrize("kind", ["number", "uuid", "any guid", "binary"])
@pytest.mark.parametrize("badge", ["99999999999", "A-17 \u00e9", str(uuid.UUID(int=7)) + "\u00e9"])
def test_a_cookie_from_before_keeps_nobody_out(make_stranger: MakeStranger, kind: str, badge: str) -> None:
    """The key was text once; a browser that still has its cookies signs in, and its token is refused."""
    before, after = make_stranger("text"), make_stranger(kind)
    before.add_user(badge=badge[:20])
    after.add_user()
    old = before.signed_in()
    token = access_token(old)
    browser = Browser(after.app, old.held)
    browser.client.set_cookie("accessToken", token)
    for path in ("/private", "/live"):
        assert refusal(browser.client.get(path, headers=bearer(token))) == (401, "token_invalid")
    assert browser.sign_in("grace@example.org", PASSWORD).status_code == 200
    assert browser.client.get("/live").json == {"email": "grace@example.org"}


@pytest.mark.parametrize("kind", ["bytes", "wrapped bytes"])
def test_bytes_are_spelled_in_hexadecimal_digits(make_stranger: MakeStranger, kind: str) -> None:
    """In the sub of tokens and in replies."""
    stranger = make_stranger(kind)
    key = stranger.add_user()
    browser = stranger.signed_in()
    assert browser.refresh().status_code == 200
    assert content(browser.me())["user"]["id"] == key.hex()


def test_a_key_that_cannot_be_read_back_is_told_at_sign_in(make_stranger: MakeStranger) -> None:
    """Where the start could not find out: better no session than one that ends at its first refresh."""
    stranger = make_stranger("strict serial")
    stranger.add_user()
    with pytest.raises(
        RuntimeError, match=r"'S000001[0-9]+' in a token.* let process_bind_param of StrictSer"
    ):
        Browser(stranger.app).sign_in("grace@example.org")


def define_groups(db: SQLAlchemy) -> None:
    """The table that the key of a delegate refers to, with keys of the host's type."""

    class Group(db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "shape_groups"
        id: Mapped[Any] = mapped_column(Guid, primary_key=True)


def test_a_key_can_refer_to_a_table_that_is_defined_later(make_stranger: MakeStranger) -> None:
    """Its type is known when that table is."""
    stranger = make_stranger("of a later table", define_later=define_groups)
    groups = stranger.db.metadata.tables["shape_groups"]
    key = uuid.uuid4()
    with stranger.app.app_context():
        stranger.db.session.execute(groups.insert().values(id=key))
        stranger.db.session.commit()
    stranger.add_user(id=key)
    browser = stranger.signed_in()
    assert browser.refresh().status_code == 200
    assert content(browser.me())["user"]["id"] == str(key)
    assert browser.sign_out().status_code == 204
