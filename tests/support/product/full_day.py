"""A day on which everything happens to a site that logs all it can, and what was written down meanwhile."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import create_engine

from app.auth.passwords.hashing import hash_password
from tests.support.browser import REFRESH_COOKIE
from tests.support.rows import stored
from tests.support.sites import add_user

from .canaries import Story

Change = Mapping[str, Sequence[str]]
"""The statements of a change, by the kind of the database."""

LEEWAY = 0.3
EMAIL = "ada@example.org"
PLANTED = "planted 5f1d0c8e7b"
"""What a browser calls itself, which is logged."""

CONFIGURATION = """
import os
from pathlib import Path

exec(Path("gunicorn.conf.py").read_text())  # as in production, but for what follows
output = os.open("FOLDER/output.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.dup2(output, 1)
os.dup2(output, 2)
logconfig_dict["handlers"]["audit"] = {
    "class": "logging.FileHandler", "formatter": "plain", "filename": "FOLDER/audit.log"
}
logconfig_dict["root"]["level"] = "DEBUG"
for logger in logconfig_dict["loggers"].values():
    logger["level"] = "DEBUG"
logconfig_dict["loggers"]["sqlalchemy"] = {"level": "INFO"}  # statements; at DEBUG it would print whole rows
"""
REFUSE_WRITES = {
    "sqlite": ["CREATE TRIGGER refuse BEFORE UPDATE ON users BEGIN SELECT RAISE(ABORT, 'refused'); END"],
    "postgresql": [
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '40001'; END $$""",
        "CREATE TRIGGER refuse BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION refuse()",
    ],
}
FORBID_WRITES = REFUSE_WRITES | {
    "postgresql": [statement.replace("40001", "23514") for statement in REFUSE_WRITES["postgresql"]]
}
"""The same as a fault that no second try helps against: the reply is a 500."""

TAKE_WRITES = {
    "sqlite": ["DROP TRIGGER refuse"],
    "postgresql": ["DROP TRIGGER refuse ON users", "DROP FUNCTION refuse"],
}
AWAY, BACK = (
    dict.fromkeys(REFUSE_WRITES, (f"ALTER TABLE {one} RENAME TO {other}",))
    for one, other in (("users", "elsewhere"), ("elsewhere", "users"))
)


def live(story: Story) -> None:
    """Sign in and out, well and badly, lose a token to a thief, change the password, meet faults."""
    password = story.password("first")
    story.hashes.append(hash_password(password, 4))
    subject = add_user(story.stage.site, EMAIL, password_hash=story.hashes[0])
    for chapter in (sign_in_and_lose, change_password):
        password = chapter(story, password)
        story.hashes.append(stored(story.stage.site, subject).password_hash or "")
    send_garbage(story, password)
    with broken(story, AWAY, BACK):
        meet_fault(story, password)
    for refusal in (REFUSE_WRITES, FORBID_WRITES):
        with broken(story, refusal, TAKE_WRITES):
            meet_fault(story, password)
    guess_and_leave(story, password)


def sign_in_and_lose(story: Story, password: str) -> str:
    """A good sign-in after bad ones, refreshes, a replay within the leeway, and a theft."""
    ada, tool, thief = story.visitor(), story.visitor(), story.visitor()
    ada.post("/auth/login", {"email": EMAIL, "password": story.password("wrong")})
    ada.post("/auth/login", {"email": "nobody@example.org", "password": story.password("unknown")})
    assert ada.post("/auth/login", {"email": EMAIL, "password": password}).status == 200
    reply = tool.post("/auth/login", {"email": EMAIL, "password": password, "delivery": "body"})
    assert tool.refresh(reply.json["refresh_token"]).status == 200
    thief.cookies[REFRESH_COOKIE] = ada.cookies[REFRESH_COOKIE]
    for _ in range(2):
        assert (ada.refresh().status, ada.refresh().status) == (200, 200)
        time.sleep(LEEWAY)
    assert thief.refresh().verdict == (401, "refresh_token_reused")
    assert ada.refresh().verdict == (401, "refresh_token_invalid")
    return password


def change_password(story: Story, password: str) -> str:
    """Changes that are refused, and one that is made."""
    ada, new, short = story.visitor(), story.password("second"), secrets.token_hex(6)
    story.passwords.append(short)
    ada.post("/auth/login", {"email": EMAIL, "password": password, "remember": True})
    assert ada.post("/auth/sessions", {"label": "a tool"}).status == 201
    for current, wanted, status in (
        (story.password("wrong"), new, 401),
        (password, short, 400),
        (password, [new], 400),
        (password, new, 200),
    ):
        fields = {"current_password": current, "new_password": wanted}
        assert ada.post("/auth/password", fields).status == status
    return new


def send_garbage(story: Story, password: str) -> None:
    """Tokens that are none in every place, and bodies that are none with a password in them."""
    for _ in range(3):
        visitor = story.visitor()
        assert visitor.me(story.junk()).status == 401
        assert visitor.refresh(story.junk()).status == 401
        visitor.cookies |= {REFRESH_COOKIE: story.junk(), "accessToken": story.junk()}
        for method, path in (("GET", "/auth/me"), ("POST", "/auth/refresh"), ("GET", "/auth/continue")):
            visitor.request(method, path, headers={"Accept": "text/html"})
    for body in (f'{{"password": "{password}"', f'["{password}"]', f'{{"password": ["{password}"]}}'):
        sent = {"Content-Type": "application/json"}
        assert story.visitor().request("POST", "/auth/login", body.encode(), sent).status == 400
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (
        story.visitor().request("POST", "/auth/login", b"password=" + password.encode(), form).status == 415
    )
    typed = f"identifier={EMAIL}&password=".encode() + story.password("typed").encode()
    assert story.visitor().request("POST", "/sign-in", typed, form).status == 401
    foreign = {"Sec-Fetch-Site": "cross-site", "Content-Type": "application/json"}
    body = f'{{"email": "{EMAIL}", "password": "{password}"}}'
    assert story.visitor().request("POST", "/auth/login", body.encode(), foreign).status == 403


@contextmanager
def broken(story: Story, begin: Change, end: Change) -> Iterator[None]:
    """The database refuses something in this block; somebody is signed in when it begins."""
    (person,) = story.stage.people(1)
    story.tokens.append(person.cookie)
    engine = create_engine(story.stage.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in begin[engine.dialect.name]:
            connection.exec_driver_sql(statement)
        yield
        for statement in end[engine.dialect.name]:
            connection.exec_driver_sql(statement)
    engine.dispose()


def meet_fault(story: Story, password: str) -> None:
    """Everything that asks or changes the row, with good tokens and the right password: 5xx each time."""
    visitor = story.visitor()
    visitor.cookies[REFRESH_COOKIE] = next(token for token in reversed(story.tokens) if token.count(".") == 3)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    typed = f"identifier={EMAIL}&password=".encode() + password.encode()
    replies = [
        visitor.refresh(),
        visitor.post("/auth/login", {"email": EMAIL, "password": password}),
        visitor.request("POST", "/sign-in", typed, form),
        visitor.post("/auth/logout"),
    ]
    assert {reply.status for reply in replies} <= {500, 503}


def guess_and_leave(story: Story, password: str) -> None:
    """Sign in and out everywhere; then guess until the throttle has enough."""
    ada = story.visitor()
    assert ada.post("/auth/login", {"email": EMAIL, "password": password}).status == 200
    assert ada.refresh().status == 200
    assert ada.post("/auth/logout", {"scope": "all"}).status == 204
    guesses = (
        ada.post("/auth/login", {"email": EMAIL, "password": story.password("guess")}) for _ in range(40)
    )
    assert any(reply.status == 429 for reply in guesses)
    ada.request("GET", "/sign-in", headers={"User-Agent": PLANTED})
