"""Whatever shape the user model has, everybody signs in as themselves and nobody as anybody else."""

from __future__ import annotations

from typing import Any

import pytest

from app.auth.web.services import EXTENSION
from tests.support.browser import NEW_PASSWORD, PASSWORD, Browser, content, refusal
from tests.support.clock import Clock
from tests.support.hosts.shapes import SHAPES
from tests.support.hosts.strangers import MakeStranger, Stranger
from tests.support.sites import HASH

ADA, GRACE = "ada@example.org", "grace@example.org"


@pytest.fixture(params=SHAPES)
def stranger(request: pytest.FixtureRequest, make_stranger: MakeStranger) -> Stranger:
    """An app whose user model has one of the shapes, with two users."""
    made = make_stranger(request.param)
    add_rows_before(made)
    for email in (ADA, GRACE):
        made.add_user(email)
    return made


def add_rows_before(stranger: Stranger) -> None:
    """Fill the table at the root, so that a key there is not the place of the row in the next table."""
    root = stranger.db.inspect(stranger.model).base_mapper.class_
    if root is stranger.model:
        return
    with stranger.app.app_context():
        columns = {"email": "root@example.org"} if hasattr(root, "email") else {}
        stranger.db.session.add(root(**columns))
        stranger.db.session.commit()


def sessions_of(stranger: Stranger) -> dict[str, int]:
    """How many sessions each user's row holds."""
    model: Any = stranger.model
    with stranger.app.app_context():
        return {user.email: len(user.sessions or []) for user in stranger.db.session.query(model)}


def signed_in(stranger: Stranger, email: str) -> Browser:
    """A browser in which this user has signed in."""
    browser = Browser(stranger.app)
    assert browser.sign_in(email).status_code == 200
    return browser


@pytest.mark.parametrize("email", [ADA, GRACE])
def test_everybody_signs_in_as_themselves(stranger: Stranger, email: str) -> None:
    """One's password opens one's own row: reply, ``current_user``, ``/auth/me`` and the sessions agree."""
    browser = signed_in(stranger, email)
    assert content(browser.me())["user"]["email"] == email
    assert content(browser.client.get("/live")) == {"email": email}
    assert sessions_of(stranger) == {ADA: 0, GRACE: 0} | {email: 1}


def test_what_one_user_does_leaves_the_other_alone(stranger: Stranger, clock: Clock) -> None:
    """Refresh, password change and sign-out are written into one row, of whatever shape."""
    ada, grace = signed_in(stranger, ADA), signed_in(stranger, GRACE)
    clock.advance(60)
    assert ada.refresh().status_code == 200
    fields = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert ada.post("/auth/password", fields).status_code == 200
    assert grace.refresh().status_code == 200
    assert Browser(stranger.app).sign_in(GRACE).status_code == 200
    assert refusal(Browser(stranger.app).sign_in(ADA)) == (401, "invalid_credentials")
    assert ada.sign_out().status_code == 204
    assert sessions_of(stranger) == {ADA: 0, GRACE: 2}


def test_a_block_keeps_one_user_out(stranger: Stranger) -> None:
    """The host blocks ada by her object, and grace stays."""
    ada, grace = signed_in(stranger, ADA), signed_in(stranger, GRACE)
    model: Any = stranger.model
    with stranger.app.app_context():
        stranger.ratchet.block(stranger.db.session.query(model).filter_by(email=ADA).one())
    assert ada.refresh().status_code == 401
    assert refusal(Browser(stranger.app).sign_in(ADA)) == (403, "account_blocked")
    assert grace.refresh().status_code == 200


def test_everybody_is_signed_out_by_an_operator(stranger: Stranger) -> None:
    """``end-sessions --all`` visits each user once."""
    signed_in(stranger, ADA), signed_in(stranger, GRACE)
    result = stranger.app.test_cli_runner().invoke(args=["ratchet", "end-sessions", "--all"])
    assert "2 users are signed out" in result.output
    assert sessions_of(stranger) == {ADA: 0, GRACE: 0}


def test_the_discriminator_decides_who_may_sign_in(make_stranger: MakeStranger) -> None:
    """Where only admins of a table of admins and customers are users, a customer cannot sign in."""
    stranger = make_stranger("single")
    add_rows_before(stranger)
    customer = stranger.db.inspect(stranger.model).base_mapper.class_
    with stranger.app.app_context():
        stranger.db.session.add(customer(email=ADA, password_hash=HASH))
        stranger.db.session.commit()
    assert refusal(Browser(stranger.app).sign_in(ADA)) == (401, "invalid_credentials")


def test_an_admin_who_becomes_a_customer_is_out(make_stranger: MakeStranger) -> None:
    """The discriminator is asked at every refresh, too."""
    stranger = make_stranger("single")
    stranger.add_user()
    browser = stranger.signed_in()
    with stranger.app.app_context():
        stranger.db.session.execute(stranger.db.text("UPDATE shape_persons SET kind = 'customer'"))
        stranger.db.session.commit()
    assert refusal(browser.refresh()) == (401, "refresh_token_invalid")


def test_a_user_of_a_class_below_signs_in_too(make_stranger: MakeStranger) -> None:
    """Where the base is the user model, everybody below it is a user, and ``current_user`` of their class."""
    stranger = make_stranger("above others")
    employee = stranger.db.inspect(stranger.model).polymorphic_map["employee"].class_
    stranger.add_user(ADA)
    with stranger.app.app_context():
        stranger.db.session.add(employee(email=GRACE, password_hash=HASH, level="one"))
        stranger.db.session.commit()
    browser = signed_in(stranger, GRACE)
    assert content(browser.client.get("/live")) == {"email": GRACE}
    assert sessions_of(stranger) == {ADA: 0, GRACE: 1}


@pytest.mark.parametrize("kind", ["joined above", "single", "spanning"])
def test_a_reply_shows_ones_own_columns_of_a_subclass(make_stranger: MakeStranger, kind: str) -> None:
    """A public field that stands in another table is read from the row of the same user."""
    stranger = make_stranger(kind)
    add_rows_before(stranger)
    for email in (ADA, GRACE):
        stranger.add_user(email, level=f"level of {email}")
    for email in (ADA, GRACE):
        shown = content(Browser(stranger.app).sign_in(email))["user"]
        assert (shown["email"], shown["level"]) == (email, f"level of {email}")


def test_two_rows_of_one_key_sign_nobody_in(make_stranger: MakeStranger) -> None:
    """Where a key is not unique nobody can tell whose row it is: an error, and no session."""
    stranger = make_stranger("not unique")
    for site in (1, 2):
        stranger.add_user(id=1, site=site)
    with pytest.raises(RuntimeError, match="several rows with the same key"):
        Browser(stranger.app).sign_in(GRACE)
    assert sessions_of(stranger) == {GRACE: 0}


def test_two_rows_of_one_key_are_an_error(make_stranger: MakeStranger) -> None:
    """Neither a SELECT nor an UPDATE by key may meet two rows."""
    stranger = make_stranger("not unique")
    stranger.add_user(id=1, site=1)
    store = stranger.app.extensions[EXTENSION].store
    with stranger.app.app_context():
        account = store.load("1")
        assert account is not None
        row = stranger.db.insert(stranger.model).values(id=1, site=2, email=ADA, password_hash=HASH)
        stranger.db.session.execute(row)
        stranger.db.session.commit()
        with pytest.raises(RuntimeError, match="several rows with the same key"):
            store.load("1")
        with pytest.raises(RuntimeError, match="changed 2 rows"):
            store.compare_and_swap(account, ())


def test_a_reply_shows_synonyms_and_expressions(make_stranger: MakeStranger) -> None:
    """What SQL can read of the model can be a public field, by whatever name."""
    stranger = make_stranger("renamed")
    key = stranger.add_user()
    shown = content(Browser(stranger.app).sign_in(GRACE))["user"]
    assert shown == {"id": key, "email": GRACE, "mail": GRACE, "shout": f"!{GRACE}"}
