"""Failed sign-ins: who is held up by whose failures, and for how long."""

from __future__ import annotations

import ipaddress
import logging
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from app.auth.errors import SettingsError, TooManyAttempts
from app.auth.passwords.throttle import (
    ACCOUNT,
    ACCOUNT_AND_IP,
    IP,
    NETWORKS,
    SIGN_INS,
    SIGN_INS_PER_IP,
    Attempt,
    Throttle,
    account,
    name,
    networks_of,
)

ADA = Attempt("account 7", "192.0.2.1")
ELSEWHERE = replace(ADA, client_ip="198.51.100.9")
AT_PHONE = replace(ADA, session="phone")
BOB = replace(ADA, who="account 8")
NOBODY_LISTENS = "redis://127.0.0.1:1"


@pytest.fixture
def throttle() -> Throttle:
    """A throttle that counts in memory."""
    return Throttle("memory://")


def fail(throttle: Throttle, attempt: Attempt, times: int) -> None:
    """Fail to sign in so many times."""
    for _ in range(times):
        throttle.acquire(attempt, time.time())


def is_held_up(throttle: Throttle, attempt: Attempt) -> bool:
    """Whether that attempt is refused now."""
    try:
        throttle.acquire(attempt, time.time())
    except TooManyAttempts:
        return True
    throttle._take_back(attempt.counters)
    return False


def test_the_last_failure_that_is_free_is_free(throttle: Throttle) -> None:
    """One failure below the limit nobody is held up; at the limit the next attempt is."""
    fail(throttle, ADA, ACCOUNT_AND_IP.amount - 1)
    assert not is_held_up(throttle, ADA)
    fail(throttle, ADA, 1)
    assert is_held_up(throttle, ADA)


def test_the_refusal_says_how_long_to_wait(throttle: Throttle) -> None:
    """Whole seconds, at least one and at most the length of the limit."""
    fail(throttle, ADA, ACCOUNT_AND_IP.amount)
    with pytest.raises(TooManyAttempts) as refusal:
        throttle.acquire(ADA, time.time())
    assert ACCOUNT_AND_IP.get_expiry() - 5 <= (refusal.value.retry_after or 0) <= ACCOUNT_AND_IP.get_expiry()


def test_whoever_waits_as_told_has_waited_long_enough(throttle: Throttle) -> None:
    """A part of a second left is a second to wait."""
    fail(throttle, ADA, ACCOUNT_AND_IP.amount)
    limit, *words = ADA.counters[0]
    ends_at = throttle._shared.get_window_stats(limit, throttle._site, *words).reset_time
    with pytest.raises(TooManyAttempts) as refusal:
        throttle.acquire(ADA, ends_at - 10.5)
    assert refusal.value.retry_after == 11


@pytest.mark.parametrize(
    ("off", "wait"), [(1e6, 1), (-1e6, ACCOUNT_AND_IP.get_expiry())], ids=["ahead", "behind"]
)
def test_a_clock_that_is_wrong_keeps_nobody_out_for_ever(throttle: Throttle, off: float, wait: int) -> None:
    """The wait stays within its bounds, whatever time it is here."""
    fail(throttle, ADA, ACCOUNT_AND_IP.amount)
    with pytest.raises(TooManyAttempts) as refusal:
        throttle.acquire(ADA, time.time() + off)
    assert refusal.value.retry_after == wait


def test_failures_hold_up_neither_another_account_nor_another_address(throttle: Throttle) -> None:
    """Ten wrong guesses for Ada from here stop Ada from here."""
    fail(throttle, ADA, ACCOUNT_AND_IP.amount)
    assert not is_held_up(throttle, BOB)
    assert not is_held_up(throttle, ELSEWHERE)


def test_a_success_clears_the_failures_of_that_account_there(throttle: Throttle) -> None:
    """Who mistyped and then signed in starts anew; others do not gain by it."""
    for attempt in (ADA, BOB):
        fail(throttle, attempt, ACCOUNT_AND_IP.amount - 1)
    throttle.release(ADA)
    for attempt in (ADA, BOB):
        fail(throttle, attempt, 1)
    assert not is_held_up(throttle, ADA)
    assert is_held_up(throttle, BOB)


def test_many_accounts_from_one_address_hold_up_that_address(throttle: Throttle) -> None:
    """Trying one password on everybody is guessing too."""
    for number in range(IP.amount):
        assert not is_held_up(throttle, BOB)
        fail(throttle, replace(ADA, who=f"account {number}"), 1)
    assert is_held_up(throttle, BOB)
    assert not is_held_up(throttle, ELSEWHERE)


def test_many_addresses_at_one_account_hold_up_that_account(throttle: Throttle) -> None:
    """Guesses from everywhere are slow too, and Bob is not touched by them."""
    _guess_from_everywhere(throttle, ADA)
    assert is_held_up(throttle, ELSEWHERE)
    assert not is_held_up(throttle, replace(BOB, client_ip=ELSEWHERE.client_ip))


def test_a_stranger_cannot_lock_an_owner_out(throttle: Throttle) -> None:
    """A device in a session of the account is not held to guesses from elsewhere (ASVS 6.3.1)."""
    _guess_from_everywhere(throttle, ADA)
    assert not is_held_up(throttle, replace(ELSEWHERE, session="phone"))


def test_a_known_device_is_held_to_its_own_failures(throttle: Throttle) -> None:
    """Whoever picks the device up cannot guess for ever, and holds up nobody at the same address."""
    fail(throttle, AT_PHONE, ACCOUNT_AND_IP.amount)
    assert is_held_up(throttle, AT_PHONE)
    assert not is_held_up(throttle, ADA)
    assert not is_held_up(throttle, replace(AT_PHONE, session="laptop"))


def test_failures_of_a_known_device_do_not_count_against_the_account(throttle: Throttle) -> None:
    """An owner who forgot the password is not a guess from everywhere."""
    _guess_from_everywhere(throttle, AT_PHONE)
    assert not is_held_up(throttle, ELSEWHERE)


def test_a_session_does_not_open_a_way_to_guess_from_everywhere(throttle: Throttle) -> None:
    """Whoever copied the tokens of one device has as many guesses as from one session, at any address."""
    _guess_from_everywhere(throttle, AT_PHONE)
    assert is_held_up(throttle, replace(AT_PHONE, client_ip=ELSEWHERE.client_ip))


def _guess_from_everywhere(throttle: Throttle, attempt: Attempt) -> None:
    for number in range(ACCOUNT.amount):
        fail(throttle, replace(attempt, client_ip=f"203.0.113.{number}"), 1)


def test_no_name_is_in_the_storage() -> None:
    """A cache does not learn who tried to sign in, nor in which session."""
    keys = " ".join(f"{first} {second}" for _, first, second in (*ADA.counters, *AT_PHONE.counters))
    assert ADA.who not in keys
    assert AT_PHONE.session not in keys


def test_a_name_is_never_counted_as_an_account() -> None:
    """Whoever makes up a name like the key of a row is counted apart from that row."""
    assert name("7") != account("7")
    assert name("account 7") != account("7")


def test_sites_that_share_a_storage_count_for_themselves(throttle: Throttle) -> None:
    """Row 7 of one site is not row 7 of another; nodes of one site have one secret and count together."""
    other, node = Throttle("memory://", "another secret"), Throttle("memory://")
    other._shared = node._shared = throttle._shared
    fail(throttle, ADA, ACCOUNT_AND_IP.amount)
    assert not is_held_up(other, ADA)
    assert is_held_up(node, ADA)


def test_a_burst_gets_no_more_guesses_than_a_queue(throttle: Throttle) -> None:
    """Guesses count before they are checked: of forty at once ten get through, as of forty in a row."""
    line = Barrier(40)

    def guess(_: int) -> bool:
        line.wait()
        try:
            throttle.acquire(ADA, time.time())
        except TooManyAttempts:
            return False
        return True

    with ThreadPoolExecutor(line.parties) as pool:
        allowed = sum(pool.map(guess, range(line.parties)))
    assert 1 <= allowed <= ACCOUNT_AND_IP.amount


def test_refused_guesses_from_one_address_do_not_lock_the_account(throttle: Throttle) -> None:
    """Whoever goes on after a refusal holds up neither the owner elsewhere nor the neighbours here."""
    fail(throttle, ADA, ACCOUNT_AND_IP.amount)
    for _ in range(IP.amount):
        assert is_held_up(throttle, ADA)
    assert not is_held_up(throttle, ELSEWHERE)
    assert not is_held_up(throttle, BOB)


def sign_in(throttle: Throttle, attempt: Attempt, times: int) -> None:
    """Sign in so many times."""
    for _ in range(times):
        throttle.acquire(attempt, time.time())
        throttle.release(attempt)


def test_successes_count_towards_no_limit_on_failures(throttle: Throttle) -> None:
    """A whole office signs in all morning from one address, and one account from here and there."""
    for number in range(IP.amount + ACCOUNT.amount):
        sign_in(throttle, replace(ADA, who=f"account {number + 100}"), 1)
    for number in range(ACCOUNT.amount + 1):
        sign_in(throttle, replace(ADA, client_ip=f"203.0.113.{number}"), 1)
    assert not is_held_up(throttle, ADA)


@pytest.mark.parametrize("attempt", [ADA, AT_PHONE], ids=["signed out", "in a session"])
def test_who_knows_a_password_cannot_keep_the_processors_busy(throttle: Throttle, attempt: Attempt) -> None:
    """Sign-ins that succeed are counted for the account, at whatever address; others sign in meanwhile."""
    for number in range(SIGN_INS.amount):
        sign_in(throttle, replace(attempt, client_ip=f"203.0.113.{number}"), 1)
    with pytest.raises(TooManyAttempts) as refusal:
        throttle.acquire(attempt, time.time())
    assert SIGN_INS.get_expiry() - 5 <= (refusal.value.retry_after or 0) <= SIGN_INS.get_expiry()
    assert not is_held_up(throttle, BOB)


def test_who_has_many_accounts_cannot_keep_the_processors_busy(throttle: Throttle) -> None:
    """Sign-ins that succeed are counted for the address, too."""
    for number in range(SIGN_INS_PER_IP.amount):
        sign_in(throttle, replace(ADA, who=f"account {number + 100}"), 1)
    assert is_held_up(throttle, ADA)
    assert not is_held_up(throttle, ELSEWHERE)


def test_strangers_cannot_use_up_the_sign_ins_of_an_owner() -> None:
    """They run into the limit on failures first."""
    assert ACCOUNT.amount < SIGN_INS.amount
    assert IP.amount < SIGN_INS_PER_IP.amount


@pytest.mark.parametrize("bits", NETWORKS)
def test_a_network_of_ipv6_does_not_spray_past_the_limit(throttle: Throttle, bits: int) -> None:
    """A guess at another account from each /64 of it is counted; the network next door is not held up."""
    first = int(ipaddress.IPv6Address("2001:db8::"))

    def guess_at(number: int) -> Attempt:
        address = ipaddress.IPv6Address(first + (number % 2 ** (64 - bits) << 64) + number)
        return Attempt(name(f"user{number}"), str(address))

    limit = NETWORKS[bits].amount
    for number in range(limit):
        fail(throttle, guess_at(number), 1)
    assert is_held_up(throttle, guess_at(limit))
    next_door = ipaddress.IPv6Address(first + (1 << 128 - bits))
    assert not is_held_up(throttle, Attempt(name("bob"), str(next_door)))


def test_without_its_storage_each_process_counts_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    """A cache that is away keeps nobody out, and guessing stays slow; the log says so."""
    throttle = Throttle(NOBODY_LISTENS)
    with caplog.at_level(logging.WARNING):
        assert not is_held_up(throttle, ADA)
        fail(throttle, ADA, ACCOUNT_AND_IP.amount)
        assert is_held_up(throttle, ADA)
        throttle.release(ADA)
        assert not is_held_up(throttle, ADA)
    assert "throttle storage is down" in caplog.text


@pytest.mark.parametrize("uri", ["pigeon://", "memory", "async+memory://", "://"])
def test_a_storage_that_is_none_is_refused_by_name(uri: str) -> None:
    """At boot, naming the key, the value and what is allowed."""
    with pytest.raises(SettingsError) as refusal:
        Throttle(uri)
    assert f"RATCHET_THROTTLE_STORAGE is {uri!r}; allowed: " in str(refusal.value)


SECRET_URLS = [
    pytest.param("pigeon://u:hunter2@h", "pigeon://…", id="no storage"),
    pytest.param("redis://:hun/hunter2@h:1", "redis://…", id="a slash that should be %2F"),
    pytest.param("redis://:hunter2", "redis://…", id="no host"),
    pytest.param("redis://u:p@h?password=hunter2&db=x", "redis://…", id="in the query"),
    pytest.param("memcached://u:hunter2@h", "memcached://…", id="one that cannot count back"),
    pytest.param("redis:u:hunter2@h", "redis…", id="no slashes"),
]


@pytest.mark.parametrize(("uri", "shown"), SECRET_URLS)
def test_the_password_of_a_refused_storage_is_not_repeated(uri: str, shown: str) -> None:
    """What stops the app is printed and logged: neither the message nor its causes hold the password."""
    with pytest.raises(SettingsError, match=f"^RATCHET_THROTTLE_STORAGE is '{shown}'; allowed: ") as refusal:
        Throttle(uri)
    assert "hun" not in "".join(traceback.format_exception(refusal.value))


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        pytest.param("192.0.2.1", ["192.0.2.1"], id="IPv4 by the address"),
        pytest.param(
            "2001:db8:1:2:3:4:5:6",
            ["2001:db8:1:2::/64", "2001:db8:1::/56", "2001:db8:1::/48"],
            id="IPv6 by its first half, and by what a customer is given",
        ),
        pytest.param(
            "2001:db8:1:2:ffff::",
            ["2001:db8:1:2::/64", "2001:db8:1::/56", "2001:db8:1::/48"],
            id="another address of the same site",
        ),
        pytest.param(
            "2001:db8:1:1ff::1",
            ["2001:db8:1:1ff::/64", "2001:db8:1:100::/56", "2001:db8:1::/48"],
            id="another /56 of the same /48",
        ),
        pytest.param("::ffff:192.0.2.1", ["192.0.2.1"], id="IPv4 dressed as IPv6"),
        pytest.param("::1", ["::/64", "::/56", "::/48"], id="this machine"),
        pytest.param("fe80::1%eth0", ["fe80::/64", "fe80::/56", "fe80::/48"], id="a link"),
        pytest.param("", ["unknown"], id="no address"),
        pytest.param("unix:", ["unknown"], id="a socket in the file system"),
        pytest.param("192.0.2.1, 198.51.100.9", ["unknown"], id="a list"),
    ],
)
def test_failures_are_counted_by_site(address: str, networks: list[str]) -> None:
    """Who has one IPv6 address has 2^64 of them, and often 256 or 65,536 times as many."""
    assert list(networks_of(address)) == networks


def test_a_throttle_that_has_counted_nothing_runs_no_thread() -> None:
    """Workers are forked from an app that is loaded: a lock that a thread holds then stays locked in them."""
    before = threading.active_count()
    made = [Throttle("memory://") for _ in range(10)]
    assert threading.active_count() == before
    fail(made[0], ADA, 1)
    assert is_held_up(made[0], ADA) is False


def test_counts_can_be_cleared_while_others_end(throttle: Throttle) -> None:
    """The thread of the library that drops what has ended meets a count that is gone, and goes on."""
    storage = throttle._shared.storage
    end_counts = storage._MemoryStorage__expire_events  # type: ignore[attr-defined]  # what its thread runs
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor() as pool:
            ending = pool.submit(lambda: [end_counts() for _ in range(1000)])
            while not ending.done():
                for key in map(str, range(50)):
                    storage.incr(key, 60)
                for key in map(str, range(50)):
                    storage.clear(key)
        ending.result()
    finally:
        sys.setswitchinterval(interval)
