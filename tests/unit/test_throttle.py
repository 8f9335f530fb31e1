"""Failed sign-ins: who is held up by whose failures, and for how long."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from app.auth.errors import TooManyAttempts
from app.auth.settings import SettingsError
from app.auth.throttle import ACCOUNT, ADDRESS, HERE, Attempt, Throttle, site_of

ADA = Attempt("ada", "192.0.2.1")
ELSEWHERE = replace(ADA, address="198.51.100.9")
BOB = replace(ADA, identifier="bob")
NOBODY_LISTENS = "redis://127.0.0.1:1"


@pytest.fixture
def throttle() -> Throttle:
    """A throttle that counts in memory."""
    return Throttle("memory://")


def fail(throttle: Throttle, attempt: Attempt, times: int) -> None:
    """Fail to sign in so many times."""
    for _ in range(times):
        throttle.admit(attempt, time.time())


def is_held_up(throttle: Throttle, attempt: Attempt) -> bool:
    """Whether that attempt is refused now."""
    try:
        throttle.admit(attempt, time.time())
    except TooManyAttempts:
        return True
    throttle._take_back(attempt.counters)
    return False


def test_the_last_failure_that_is_free_is_free(throttle: Throttle) -> None:
    """One failure below the limit nobody is held up; at the limit the next attempt is."""
    fail(throttle, ADA, HERE.amount - 1)
    assert not is_held_up(throttle, ADA)
    fail(throttle, ADA, 1)
    assert is_held_up(throttle, ADA)


def test_the_refusal_says_how_long_to_wait(throttle: Throttle) -> None:
    """Whole seconds, at least one and at most the length of the limit."""
    fail(throttle, ADA, HERE.amount)
    with pytest.raises(TooManyAttempts) as refusal:
        throttle.admit(ADA, time.time())
    assert HERE.get_expiry() - 5 <= (refusal.value.retry_after or 0) <= HERE.get_expiry()


def test_whoever_waits_as_told_has_waited_long_enough(throttle: Throttle) -> None:
    """A part of a second left is a second to wait."""
    fail(throttle, ADA, HERE.amount)
    ends_at = throttle._shared.get_window_stats(*ADA.counters[0]).reset_time
    with pytest.raises(TooManyAttempts) as refusal:
        throttle.admit(ADA, ends_at - 10.5)
    assert refusal.value.retry_after == 11


@pytest.mark.parametrize(("off", "wait"), [(1e6, 1), (-1e6, HERE.get_expiry())], ids=["ahead", "behind"])
def test_a_clock_that_is_wrong_keeps_nobody_out_for_ever(throttle: Throttle, off: float, wait: int) -> None:
    """The wait stays within its bounds, whatever time it is here."""
    fail(throttle, ADA, HERE.amount)
    with pytest.raises(TooManyAttempts) as refusal:
        throttle.admit(ADA, time.time() + off)
    assert refusal.value.retry_after == wait


def test_failures_hold_up_neither_another_account_nor_another_address(throttle: Throttle) -> None:
    """Ten wrong guesses for Ada from here stop Ada from here."""
    fail(throttle, ADA, HERE.amount)
    assert not is_held_up(throttle, BOB)
    assert not is_held_up(throttle, ELSEWHERE)


def test_a_success_clears_the_failures_of_that_account_there(throttle: Throttle) -> None:
    """Who mistyped and then signed in starts anew; others do not gain by it."""
    for attempt in (ADA, BOB):
        fail(throttle, attempt, HERE.amount - 1)
    throttle.succeeded(ADA)
    for attempt in (ADA, BOB):
        fail(throttle, attempt, 1)
    assert not is_held_up(throttle, ADA)
    assert is_held_up(throttle, BOB)


def test_many_accounts_from_one_address_hold_up_that_address(throttle: Throttle) -> None:
    """Trying one password on everybody is guessing too."""
    for number in range(ADDRESS.amount):
        assert not is_held_up(throttle, BOB)
        fail(throttle, replace(ADA, identifier=f"user{number}"), 1)
    assert is_held_up(throttle, BOB)
    assert not is_held_up(throttle, ELSEWHERE)


def test_many_addresses_at_one_account_hold_up_that_account(throttle: Throttle) -> None:
    """Guesses from everywhere are slow too, and Bob is not touched by them."""
    _guess_from_everywhere(throttle, ADA)
    assert is_held_up(throttle, ELSEWHERE)
    assert not is_held_up(throttle, replace(BOB, address=ELSEWHERE.address))


def test_a_stranger_cannot_lock_an_owner_out(throttle: Throttle) -> None:
    """A device that holds a session of the account is not held to guesses from elsewhere (ASVS 6.3.1)."""
    _guess_from_everywhere(throttle, ADA)
    assert not is_held_up(throttle, replace(ELSEWHERE, known_device=True))


def test_a_known_device_is_held_to_its_own_failures(throttle: Throttle) -> None:
    """Whoever picks the device up cannot guess for ever."""
    known = replace(ADA, known_device=True)
    fail(throttle, known, HERE.amount)
    assert is_held_up(throttle, known)


def test_failures_of_a_known_device_do_not_count_against_the_account(throttle: Throttle) -> None:
    """An owner who forgot the password is not a guess from everywhere."""
    for number in range(ACCOUNT.amount):
        fail(throttle, Attempt("ada", f"203.0.113.{number}", known_device=True), 1)
    assert not is_held_up(throttle, ELSEWHERE)


def _guess_from_everywhere(throttle: Throttle, attempt: Attempt) -> None:
    for number in range(ACCOUNT.amount):
        fail(throttle, replace(attempt, address=f"203.0.113.{number}"), 1)


def test_no_name_is_in_the_storage() -> None:
    """A cache does not learn who tried to sign in."""
    keys = " ".join(f"{first} {second}" for _, first, second in ADA.counters)
    assert ADA.identifier not in keys


def test_a_burst_gets_no_more_guesses_than_a_queue(throttle: Throttle) -> None:
    """Guesses count before they are checked: of forty at once ten get through, as of forty in a row."""
    line = Barrier(40)

    def guess(_: int) -> bool:
        line.wait()
        try:
            throttle.admit(ADA, time.time())
        except TooManyAttempts:
            return False
        return True

    with ThreadPoolExecutor(line.parties) as pool:
        admitted = sum(pool.map(guess, range(line.parties)))
    assert 1 <= admitted <= HERE.amount


def test_refused_guesses_from_one_address_do_not_lock_the_account(throttle: Throttle) -> None:
    """Whoever goes on after a refusal holds up neither the owner elsewhere nor the neighbours here."""
    fail(throttle, ADA, HERE.amount)
    for _ in range(ADDRESS.amount):
        assert is_held_up(throttle, ADA)
    assert not is_held_up(throttle, ELSEWHERE)
    assert not is_held_up(throttle, BOB)


def test_successes_count_towards_nothing(throttle: Throttle) -> None:
    """A whole office signs in all morning from one address, and one account from everywhere."""
    for number in range(ADDRESS.amount + ACCOUNT.amount):
        for attempt in (
            replace(ADA, identifier=f"user{number}"),
            replace(ADA, address=f"203.0.113.{number}"),
        ):
            throttle.admit(attempt, time.time())
            throttle.succeeded(attempt)
    assert not is_held_up(throttle, ADA)


def test_without_its_storage_each_process_counts_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    """A cache that is away keeps nobody out, and guessing stays slow; the log says so."""
    throttle = Throttle(NOBODY_LISTENS)
    with caplog.at_level(logging.WARNING):
        assert not is_held_up(throttle, ADA)
        fail(throttle, ADA, HERE.amount)
        assert is_held_up(throttle, ADA)
        throttle.succeeded(ADA)
        assert not is_held_up(throttle, ADA)
    assert "throttle storage is down" in caplog.text


@pytest.mark.parametrize("uri", ["pigeon://", "memory", "async+memory://", "://"])
def test_a_storage_that_is_none_is_refused_by_name(uri: str) -> None:
    """At boot, naming the key, the value and what is allowed."""
    with pytest.raises(SettingsError) as refusal:
        Throttle(uri)
    assert f"RATCHET_THROTTLE_STORAGE is {uri!r}; allowed: " in str(refusal.value)


@pytest.mark.parametrize(
    ("address", "site"),
    [
        pytest.param("192.0.2.1", "192.0.2.1", id="IPv4 by the address"),
        pytest.param("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", id="IPv6 by its first half"),
        pytest.param("2001:db8:1:2:ffff::", "2001:db8:1:2::/64", id="another address of the same site"),
        pytest.param("2001:db8:1:3::1", "2001:db8:1:3::/64", id="the site next door"),
        pytest.param("::ffff:192.0.2.1", "192.0.2.1", id="IPv4 dressed as IPv6"),
        pytest.param("::1", "::/64", id="this machine"),
        pytest.param("fe80::1%eth0", "fe80::/64", id="a link, whatever it is called"),
        pytest.param("", "unknown", id="no address"),
        pytest.param("unix:", "unknown", id="a socket in the file system"),
        pytest.param("192.0.2.1, 198.51.100.9", "unknown", id="a list"),
    ],
)
def test_failures_are_counted_by_site(address: str, site: str) -> None:
    """Who has one IPv6 address has 2^64 of them."""
    assert site_of(address) == site
