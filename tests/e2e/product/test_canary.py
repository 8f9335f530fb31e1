"""Nothing secret is written down: what is driven through the site is in no log, no error and no row."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from unicodedata import normalize
from urllib.parse import quote

import pytest

from tests.support.browser import REFRESH_COOKIE

from ...support.product.canaries import Story, all_rows, canary, found, parts
from ...support.product.full_day import CONFIGURATION, LEEWAY, PLANTED, live
from ...support.server.stage import staged

pytestmark = pytest.mark.long


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A site that logs all it can, after a day on which everything happened."""
    folder = tmp_path_factory.mktemp("canary")
    (folder / "gunicorn.py").write_text(CONFIGURATION.replace("FOLDER", str(folder)))
    options = f"-c {folder / 'gunicorn.py'}"
    with staged(
        request.param, "canary", folder, GUNICORN_CMD_ARGS=options, FLASK_RATCHET_LEEWAY=str(LEEWAY)
    ) as stage:
        story = Story(stage, folder)
        live(story)
        yield story


def test_no_secret_is_in_a_log(story: Story) -> None:
    """Neither in what the site says at its most talkative, traces included, nor in the audit trail."""
    assert found(story.logs, [*story.secrets, *story.of_the_row]) == []


def test_no_secret_is_in_an_error(story: Story) -> None:
    """No refusal repeats what was sent, and no fault hands anything out."""
    assert found(story.errors, [*story.secrets, *story.of_the_row]) == []


def test_no_secret_is_in_the_database(story: Story) -> None:
    """No column of any table holds a password or a token, nor the signature of one."""
    assert found({"rows": all_rows(story.stage.site)}, story.secrets) == []


def test_no_password_is_in_any_reply(story: Story) -> None:
    """What was typed never comes back, and a refresh token that came in a cookie is in no body."""
    bodies = {
        f"reply {number}": bytes(reply.headers) + reply.body for number, reply in enumerate(story.replies)
    }
    assert found(bodies, [*story.passwords, *story.garbage]) == []
    for reply in story.replies:
        cookies = [
            morsel.value for name, morsel in reply.cookies.items() if name == REFRESH_COOKIE and morsel.value
        ]
        assert found({"body": reply.body}, [part for cookie in cookies for part in parts(cookie)]) == []


def test_the_day_was_full_and_the_logs_are(story: Story) -> None:
    """What is searched is there: every status and event, SQL with its values, a trace, lines of access."""
    assert {200, 201, 204, 400, 401, 403, 415, 429, 500, 503} <= {reply.status for reply in story.replies}
    output, audit = story.logs["output.log"], story.logs["audit.log"]
    for line in (
        "SELECT users.id",
        "UPDATE users SET sessions",
        "parameters hidden",
        "the database failed: ",
        "POST /auth/login HTTP",
        "Traceback",
    ):
        assert line.encode() in output
    for event in ("sign_in", "sign_in_failed", "refresh", "reuse", "session_ended", "password_changed"):
        assert f'"event": "{event}"'.encode() in audit
    assert len(story.passwords) > 10
    assert len(set(story.tokens)) > 10
    assert len(set(story.of_the_row)) > 10


def test_the_search_finds_what_is_there(story: Story) -> None:
    """A canary that was planted in the log is found there, and tokens where they belong."""
    assert found(story.logs, [PLANTED]) == [("output.log", PLANTED)]
    told = b"".join(bytes(reply.headers) + reply.body for reply in story.replies if reply.status < 300)
    missing = {token for token in story.tokens if token.encode() not in told}
    assert len(missing) == 3, "but for the three people who were let in without a request"
    assert found({"rows": all_rows(story.stage.site)}, story.hashes[-1:])
    assert len(found({"told": told}, story.tokens)) == len(story.tokens) - len(missing)


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(str.encode, id="as it is"),
        pytest.param(lambda text: normalize("NFKC", text).encode(), id="in its compatibility form"),
        pytest.param(lambda text: quote(text).encode(), id="as in an address"),
        pytest.param(lambda text: json.dumps({"password": text}).encode(), id="as JSON"),
        pytest.param(lambda text: ascii([text]).encode(), id="as Python shows it"),
        pytest.param(lambda text: b64encode(text.encode()), id="in base64"),
        pytest.param(lambda text: urlsafe_b64encode(text.encode()).rstrip(b"="), id="in base64 of addresses"),
        pytest.param(lambda text: text.encode().hex().encode(), id="in hexadecimal"),
    ],
)
@pytest.mark.parametrize("before", ["", "a", "bc", "def"])
def test_the_search_knows_every_form(write: Callable[[str], bytes], before: str) -> None:
    """Whichever way a password is written down, by itself or within other text, it is found."""
    password = canary("somebody's")
    for log in (write(before + password), write(f"{before}{password} and more")):
        assert found({"log": log}, [password, canary("somebody's")]) == [("log", password)]
