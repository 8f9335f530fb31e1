"""Every setting: its default, a good value, bad ones, and what a refusal says."""

from __future__ import annotations

import traceback
from dataclasses import FrozenInstanceError, fields
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from app.auth.errors import SettingsError
from app.auth.lifecycle.rotation import RotationPolicy
from app.auth.settings import load
from app.auth.settings.model import SETTINGS, Settings

from ...support.samples import DAY, HOUR, load_settings


class Row(NamedTuple):
    """The default as it is kept, a good value and how it is kept, and bad values."""

    default: Any
    good: Any
    kept: Any
    bad: tuple[Any, ...]


SECRET_OF_A_SERVICE = "the-secret-of-a-service-that-asks-us"
NO_SPAN = ("soon", -1, 0, True, None, "1y")
NO_FLAG = ("yes", 1, 0, None, "")
NO_TEXT = ("", "  ", 5, True)
TABLE = {
    "RATCHET_URL_PREFIX": Row("/auth", "/api/session", "/api/session", ("auth", "/auth/", "", None, "/a b")),
    "RATCHET_ACCESS_TTL": Row(600, "5m", 300, NO_SPAN),
    "RATCHET_REFRESH_TTL": Row(14 * DAY, timedelta(days=7), 7 * DAY, NO_SPAN),
    "RATCHET_SHORT_TTL": Row(DAY, "12h", 12 * HOUR, NO_SPAN),
    "RATCHET_SESSION_TTL": Row(90 * DAY, "30d", 30 * DAY, NO_SPAN),
    "RATCHET_LEEWAY": Row(30, 0, 0, ("soon", -1, "121s", True, None)),
    "RATCHET_STRICT": Row(default=False, good=True, kept=True, bad=NO_FLAG),
    "RATCHET_MAX_SESSIONS": Row(10, 1, 1, (0, 101, 1.5, "many", True, None)),
    "RATCHET_COOKIE_NAME": Row("refreshToken", "rt", "rt", ("", "a b", "accessToken", "signedIn", None)),
    "RATCHET_COOKIE_DOMAIN": Row(None, "example.org", "example.org", ("", "https://example.org", "a b", 5)),
    "RATCHET_COOKIE_SAMESITE": Row("Lax", "Strict", "Strict", ("lax", "", None, True)),
    "RATCHET_COOKIE_SECURE": Row(default=True, good=False, kept=False, bad=NO_FLAG),
    "RATCHET_COOKIE_PARTITIONED": Row(default=False, good=False, kept=False, bad=NO_FLAG),
    "RATCHET_ACCESS_COOKIE": Row(default=True, good=False, kept=False, bad=NO_FLAG),
    "RATCHET_DEVICE_BOUND": Row(
        default=True, good="required", kept="required", bad=("Required", 1, 0, None, "", "true", [True])
    ),
    "RATCHET_BODY_DELIVERY": Row(default=True, good=False, kept=False, bad=NO_FLAG),
    "RATCHET_DEFAULT_DELIVERY": Row("cookie", "body", "body", ("both", "", None, True)),
    "RATCHET_TRUSTED_ORIGINS": Row(
        frozenset(),
        ["https://app.example.org"],
        frozenset({"https://app.example.org"}),
        ("*", ["https://app.example.org/"], ["app.example.org"], (5,), 5, None),
    ),
    "RATCHET_ISSUER": Row(None, "https://example.org", "https://example.org", NO_TEXT),
    "RATCHET_AUDIENCE": Row(None, "api", "api", NO_TEXT),
    "RATCHET_JWT_KEYS": Row((), [], (), ("", 5, True, [5])),
    "RATCHET_SERVICE_SECRETS": Row((), SECRET_OF_A_SERVICE, (SECRET_OF_A_SERVICE,), ()),
    "RATCHET_BCRYPT_ROUNDS": Row(12, 13, 13, (9, 17, "12", True, None)),
    "RATCHET_PASSWORD_MIN_LENGTH": Row(15, 8, 8, (7, 65, "15", True, None)),
    "RATCHET_PASSWORD_LOGIN": Row(default=True, good=False, kept=False, bad=NO_FLAG),
    "RATCHET_THROTTLE_STORAGE": Row(
        "memory://", "redis://localhost:6379", "redis://localhost:6379", (*NO_TEXT, None)
    ),
    "RATCHET_LOGIN_URL": Row(
        None, "/sign-in", "/sign-in", ("", "sign-in", "https://example.org", "//evil", 5)
    ),
    "RATCHET_FRESH_FOR": Row(600, "5m", 300, NO_SPAN),
}


def field(key: str) -> str:
    """The name of a setting once it has been read."""
    return key.removeprefix("RATCHET_").lower()


def test_every_setting_is_in_this_table() -> None:
    """A setting cannot come or go without a row here."""
    assert TABLE.keys() == SETTINGS.keys()


def test_every_field_of_the_settings_has_its_key_except_the_secrets() -> None:
    """A field that is not written as a setting could not be set; SECRET_KEY is Flask's."""
    assert [one.name for one in fields(Settings)] == ["secrets", *map(field, SETTINGS)]


@pytest.mark.parametrize("key", TABLE)
def test_a_setting_that_nobody_set_has_its_default(key: str) -> None:
    """A site that sets nothing but its secret works."""
    assert getattr(load_settings(), field(key)) == TABLE[key].default


@pytest.mark.parametrize("key", TABLE)
def test_a_good_value_is_kept(key: str) -> None:
    """What was set counts above the default."""
    assert getattr(load_settings(**{key: TABLE[key].good}), field(key)) == TABLE[key].kept


@pytest.mark.parametrize(
    ("key", "bounds"),
    [
        ("RATCHET_LEEWAY", (0, 120)),
        ("RATCHET_MAX_SESSIONS", (1, 100)),
        ("RATCHET_BCRYPT_ROUNDS", (10, 16)),
        ("RATCHET_PASSWORD_MIN_LENGTH", (8, 64)),
    ],
)
def test_the_bounds_of_a_setting_are_allowed(key: str, bounds: tuple[int, int]) -> None:
    """What lies just beyond them is among the bad values."""
    assert tuple(getattr(load_settings(**{key: bound}), field(key)) for bound in bounds) == bounds


@pytest.mark.parametrize("rounds", [4, 9])
def test_cheap_hashes_are_for_tests_only(rounds: int) -> None:
    """With TESTING bcrypt's lowest cost is allowed; debug mode is no reason for it."""
    assert load_settings(TESTING=True, RATCHET_BCRYPT_ROUNDS=rounds).bcrypt_rounds == rounds
    with pytest.raises(SettingsError, match=f"RATCHET_BCRYPT_ROUNDS is {rounds}; .* with TESTING from 4"):
        load_settings(DEBUG=True, RATCHET_BCRYPT_ROUNDS=rounds)
    with pytest.raises(SettingsError, match="RATCHET_BCRYPT_ROUNDS is 3"):
        load_settings(TESTING=True, RATCHET_BCRYPT_ROUNDS=3)


@pytest.mark.parametrize(
    ("key", "value"),
    [pytest.param(key, value, id=f"{key} is {value!r}") for key, row in TABLE.items() for value in row.bad],
)
def test_a_bad_value_stops_the_app(key: str, value: object) -> None:
    """The message names the key, the value and what is allowed."""
    with pytest.raises(SettingsError) as refusal:
        load_settings(**{key: value})
    message = str(refusal.value)
    assert message == f"{key} is {value!r}; allowed: {SETTINGS[key].allowed}."


@pytest.mark.parametrize("key", TABLE)
def test_a_setting_says_what_is_allowed_and_what_it_does(key: str) -> None:
    """The documentation is written from these, so none is empty; the default is among what is allowed."""
    setting = SETTINGS[key]
    assert setting.allowed
    assert setting.purpose.endswith(".")
    assert setting.parse(setting.default) == TABLE[key].default


@pytest.mark.parametrize(
    "key",
    ["-----BEGIN PRIVATE KEY----- secret", {"kty": "OKP", "d": "secret"}, ['{"kty": "OKP", "d": "secret"}']],
    ids=["PEM", "a JWK", "a JWK as text, in a list"],
)
def test_a_private_key_in_the_place_of_its_path_is_not_repeated(key: object) -> None:
    """What stands in a message stands in a log."""
    with pytest.raises(SettingsError, match=r"^RATCHET_JWT_KEYS: ") as refusal:
        load_settings(RATCHET_JWT_KEYS=key)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("secret" * 5, id="31 bytes and less"),
        pytest.param(["s" * 32, "secret"], id="one of two"),
        pytest.param(["s" * 32, 5, "secret"], id="no text among them"),
        pytest.param("a secret of forty characters, with spaces", id="spaces"),
        pytest.param("secret\u00e9" * 8, id="beyond ASCII"),
        pytest.param(f"{'secret' * 8}\n", id="a line's end"),
        pytest.param(b"secret" * 8, id="bytes"),
        pytest.param({"secret": "s" * 32}, id="a mapping"),
    ],
)
def test_the_secret_of_a_service_is_not_repeated(value: object) -> None:
    """One that will not do stops the app, and the message does not say which it is."""
    with pytest.raises(
        SettingsError, match=r"^RATCHET_SERVICE_SECRETS: takes texts of at least 32"
    ) as refusal:
        load_settings(RATCHET_SERVICE_SECRETS=value)
    assert "ecret" not in str(refusal.value).partition(":")[2]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(["redis://:hunter2@host"], "a list", id="in a list"),
        pytest.param({"url": "redis://:hunter2@host"}, "a dict", id="in a mapping"),
        pytest.param(b"redis://:hunter2@host", "a bytes", id="in bytes"),
    ],
)
def test_the_password_of_a_storage_is_not_repeated(value: object, shown: str) -> None:
    """One that is no text stops the app, and the message says of what kind it is."""
    with pytest.raises(SettingsError, match=f"^RATCHET_THROTTLE_STORAGE is {shown}; allowed: ") as refusal:
        load_settings(RATCHET_THROTTLE_STORAGE=value)
    assert "hunter2" not in "".join(traceback.format_exception(refusal.value))


def test_the_rule_is_made_of_the_settings() -> None:
    """Leeway, the two idle limits and strictness: in seconds."""
    settings = load_settings(RATCHET_LEEWAY="5s", RATCHET_REFRESH_TTL="2d", RATCHET_SHORT_TTL="1h")
    assert settings.rotation_policy == RotationPolicy(
        leeway=5, idle_ttl=2 * DAY, short_ttl=HOUR, strict=False
    )


@pytest.mark.parametrize(
    ("further", "says"),
    [
        ({"RATCHET_COOKIE_SECURE": False}, "needs Secure cookies; remove RATCHET_COOKIE_SECURE"),
        ({"RATCHET_ACCESS_COOKIE": False}, "needs the access cookie; remove RATCHET_ACCESS_COOKIE"),
        ({"RATCHET_STRICT": True}, "forbids RATCHET_STRICT"),
        ({"RATCHET_COOKIE_DOMAIN": "example.org"}, "forbids RATCHET_COOKIE_DOMAIN"),
        (
            {"RATCHET_COOKIE_PARTITIONED": True, "RATCHET_COOKIE_SAMESITE": "None"},
            "forbids RATCHET_COOKIE_PARTITIONED",
        ),
    ],
)
@pytest.mark.parametrize("value", [True, "required"])
def test_where_a_session_cannot_be_bound(further: dict[str, Any], says: str, value: object) -> None:
    """The default is false there, false is allowed, and anything else stops the app with the remedy."""
    assert load_settings(**further).device_bound is False
    assert load_settings(**further, RATCHET_DEVICE_BOUND=False).device_bound is False
    with pytest.raises(SettingsError, match=f"^RATCHET_DEVICE_BOUND {value!r} {says}"):
        load_settings(**further, RATCHET_DEVICE_BOUND=value)


def test_binding_needs_the_package_that_verifies_proofs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without cryptography the default is false, and the error names the extra."""
    monkeypatch.setattr(load, "find_spec", lambda _name: None)
    assert load_settings().device_bound is False
    with pytest.raises(SettingsError, match=r"pip install 'flask-ratchet\[keys\]'"):
        load_settings(RATCHET_DEVICE_BOUND=True)


def test_settings_are_frozen() -> None:
    """What was checked at boot stays as it is."""
    name = "leeway"
    with pytest.raises(FrozenInstanceError):
        setattr(load_settings(), name, 5)
