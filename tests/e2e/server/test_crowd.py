"""Many sign-ins at once: they leave threads and processors to the rest of the site."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from app.auth.passwords.hash_limit import MAX_HASHES
from tests.support.browser import REFRESH_COOKIE

from ...support.peers.caller import Client, Reply
from ...support.server.stage import staged

ROUNDS = "12"
BAD, BUSY = (401, "invalid_credentials"), (503, "unavailable")


def test_sign_ins_leave_threads_for_refreshes(tmp_path: Path) -> None:
    """Of twice as many sign-ins as may hash half are refused first; a refresh overtakes most others."""
    number, rounds = 2 * MAX_HASHES, {"FLASK_RATCHET_BCRYPT_ROUNDS": ROUNDS}
    with (
        staged("sqlite", "crowd", tmp_path, workers=1, threads=number, **rounds) as stage,
        ThreadPoolExecutor(number) as crowd,
    ):
        (visitor,) = stage.people(1)
        started = [crowd.submit(guess, stage.base_url, f"nobody {one}") for one in range(number)]
        wait(started, return_when=FIRST_COMPLETED)
        assert verdicts(ended(started))[0] == BUSY
        assert refreshed(stage.base_url, visitor.cookie).status == 200
        overtaken = number - len(ended(started))
        told = verdicts(started)
    assert overtaken >= MAX_HASHES / 2
    assert set(told) == {BAD, BUSY}
    assert told.count(BAD) >= MAX_HASHES


def ended(sign_ins: list[Future[Reply]]) -> list[Future[Reply]]:
    """Those that are answered."""
    return [one for one in sign_ins if one.done()]


def guess(base_url: str, name: str) -> Reply:
    """Sign in with a name that nobody has."""
    return Client(base_url).sign_in(identifier=name)


def refreshed(base_url: str, cookie: str) -> Reply:
    """Refresh with this cookie."""
    client = Client(base_url)
    client.cookies[REFRESH_COOKIE] = cookie
    return client.refresh()


def verdicts(replies: list[Future[Reply]]) -> list[tuple[int, str | None]]:
    """Status and error code of each reply."""
    return [one.result().verdict for one in replies]
