"""Where settings come from, which contradict each other, and what a secret has to be."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any

import pytest

from app.auth.errors import SettingsError
from app.auth.settings.secrets import MIN_SECRET_BYTES

from ...support.samples import DAY, HOUR, SECRET, load_settings

SHORT = "one byte less than it has to be"
assert len(SHORT) == MIN_SECRET_BYTES - 1
OF_FEW_LETTERS = "\u00e0\u00e8\u00ec\u00f2\u00f9\u00e1\u00e9\u00ed\u00f3\u00fa and a few more"
OLD, OLDER = "the secret before this one, of some length", b"the secret before that one, of some length"


@dataclass(frozen=True)
class Clash:
    """Settings that are each allowed and contradict each other, and what the message says."""

    config: dict[str, Any]
    says: str


SECURE = "RATCHET_COOKIE_SECURE"
CLASHES = {
    "an access token as short as the leeway": Clash(
        {"RATCHET_ACCESS_TTL": 30, "RATCHET_LEEWAY": 30}, "RATCHET_ACCESS_TTL must exceed RATCHET_LEEWAY"
    ),
    "an access token shorter than the leeway": Clash(
        {"RATCHET_ACCESS_TTL": 10}, "RATCHET_ACCESS_TTL must exceed RATCHET_LEEWAY"
    ),
    "an idle limit beyond the absolute one": Clash(
        {"RATCHET_REFRESH_TTL": "91d"}, "RATCHET_REFRESH_TTL must not exceed RATCHET_SESSION_TTL"
    ),
    "a short limit beyond the idle one": Clash(
        {"RATCHET_SHORT_TTL": "15d"}, "RATCHET_SHORT_TTL must not exceed RATCHET_REFRESH_TTL"
    ),
    "SameSite None without Secure": Clash(
        {"RATCHET_COOKIE_SAMESITE": "None", SECURE: False}, f'RATCHET_COOKIE_SAMESITE "None" needs {SECURE}'
    ),
    "a default delivery that is switched off": Clash(
        {"RATCHET_DEFAULT_DELIVERY": "body", "RATCHET_BODY_DELIVERY": False},
        'RATCHET_DEFAULT_DELIVERY "body" needs RATCHET_BODY_DELIVERY',
    ),
    "Partitioned without SameSite None": Clash(
        {"RATCHET_COOKIE_PARTITIONED": True},
        'RATCHET_COOKIE_PARTITIONED needs RATCHET_COOKIE_SAMESITE "None"',
    ),
    "Partitioned without Secure": Clash(
        {"RATCHET_COOKIE_PARTITIONED": True, "RATCHET_COOKIE_SAMESITE": "None", SECURE: False},
        f'RATCHET_COOKIE_SAMESITE "None" needs {SECURE}',
    ),
    "__Secure- without Secure": Clash(
        {"RATCHET_COOKIE_NAME": "__Secure-rt", SECURE: False},
        f"RATCHET_COOKIE_NAME '__Secure-rt' needs {SECURE}",
    ),
    "__Host- without Secure": Clash(
        {"RATCHET_COOKIE_NAME": "__Host-rt", "RATCHET_URL_PREFIX": "/", SECURE: False},
        f"RATCHET_COOKIE_NAME '__Host-rt' needs {SECURE}",
    ),
    "__SECURE- without Secure": Clash(
        {"RATCHET_COOKIE_NAME": "__SECURE-rt", SECURE: False},
        f"RATCHET_COOKIE_NAME '__SECURE-rt' needs {SECURE}",
    ),
    "__HOST- below a path": Clash(
        {"RATCHET_COOKIE_NAME": "__HOST-rt"}, "RATCHET_COOKIE_NAME '__HOST-rt' needs RATCHET_URL_PREFIX"
    ),
    "__host- with a domain": Clash(
        {
            "RATCHET_COOKIE_NAME": "__host-rt",
            "RATCHET_URL_PREFIX": "/",
            "RATCHET_COOKIE_DOMAIN": "example.org",
        },
        "RATCHET_COOKIE_NAME '__host-rt' forbids RATCHET_COOKIE_DOMAIN",
    ),
    "__Host- with a domain": Clash(
        {
            "RATCHET_COOKIE_NAME": "__Host-rt",
            "RATCHET_URL_PREFIX": "/",
            "RATCHET_COOKIE_DOMAIN": "example.org",
        },
        "RATCHET_COOKIE_NAME '__Host-rt' forbids RATCHET_COOKIE_DOMAIN",
    ),
    "__Host- below a path": Clash(
        {"RATCHET_COOKIE_NAME": "__Host-rt"}, "RATCHET_COOKIE_NAME '__Host-rt' needs RATCHET_URL_PREFIX"
    ),
}


@pytest.mark.parametrize("clash", CLASHES.values(), ids=CLASHES)
def test_a_contradiction_stops_the_app(clash: Clash) -> None:
    """The message names both keys."""
    with pytest.raises(SettingsError) as refusal:
        load_settings(**clash.config)
    assert clash.says in str(refusal.value)


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"RATCHET_ACCESS_TTL": 31}, id="an access token a second longer than the leeway"),
        pytest.param({"RATCHET_REFRESH_TTL": "90d"}, id="an idle limit as long as the absolute one"),
        pytest.param({"RATCHET_SHORT_TTL": "14d"}, id="a short limit as long as the idle one"),
        pytest.param({"RATCHET_COOKIE_SAMESITE": "None"}, id="SameSite None with Secure"),
        pytest.param(
            {"RATCHET_COOKIE_SAMESITE": "None", "RATCHET_COOKIE_PARTITIONED": True},
            id="Partitioned with SameSite None and Secure",
        ),
        pytest.param({"RATCHET_COOKIE_NAME": "__Secure-rt"}, id="__Secure- below a path"),
        pytest.param(
            {"RATCHET_COOKIE_NAME": "__Host-rt", "RATCHET_URL_PREFIX": "/"}, id="__Host- at the root"
        ),
    ],
)
def test_what_is_just_no_contradiction_is_taken(config: dict[str, Any]) -> None:
    """Each of these is the nearest neighbour of one that is refused."""
    settings = load_settings(**config)
    assert settings.access_ttl > settings.leeway
    assert settings.short_ttl <= settings.refresh_ttl <= settings.session_ttl


def test_a_limit_that_nobody_set_yields_to_a_shorter_one() -> None:
    """Who sets an hour for the whole session need not set the idle limits too."""
    settings = load_settings(RATCHET_SESSION_TTL="1h")
    assert (settings.refresh_ttl, settings.short_ttl) == (HOUR, HOUR)
    assert load_settings(RATCHET_REFRESH_TTL="2h").short_ttl == 2 * HOUR


def test_the_environment_fills_what_the_configuration_leaves_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flask's own prefix, and JSON where it is JSON; what the code says counts."""
    monkeypatch.setenv("FLASK_RATCHET_LEEWAY", "5")
    monkeypatch.setenv("FLASK_RATCHET_SESSION_TTL", "30d")
    monkeypatch.setenv("FLASK_RATCHET_STRICT", "true")
    monkeypatch.setenv("FLASK_RATCHET_TRUSTED_ORIGINS", '["https://app.example.org"]')
    monkeypatch.setenv("FLASK_RATCHET_ISSUER", "https://example.org")
    monkeypatch.setenv("FLASK_RATCHET_MAX_SESSIONS", "3")
    settings = load_settings(RATCHET_MAX_SESSIONS=7)
    assert (settings.leeway, settings.session_ttl, settings.strict) == (5, 30 * DAY, True)
    assert settings.max_sessions == 7
    assert settings.trusted_origins == {"https://app.example.org"}
    assert settings.issuer == "https://example.org"


def test_a_bad_value_in_the_environment_is_named_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is given as the contract spells it."""
    monkeypatch.setenv("FLASK_RATCHET_LEEWAY", "soon")
    with pytest.raises(SettingsError, match=r"^RATCHET_LEEWAY is 'soon'; allowed: .*2 minutes\.$"):
        load_settings()


@pytest.mark.parametrize(
    ("key", "says"),
    [
        pytest.param("RATCHET_LEWAY", "is it RATCHET_LEEWAY?", id="a letter too few"),
        pytest.param("RATCHET_COOKIE_SAME_SITE", "is it RATCHET_COOKIE_SAMESITE?", id="a line too many"),
        pytest.param("RATCHET_XYZZY", "RATCHET_XYZZY is not a setting", id="nothing like it"),
    ],
)
@pytest.mark.parametrize("source", ["config", "environment"])
def test_a_misspelt_key_is_no_silent_default(
    key: str, says: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app stops, and says which key may have been meant."""
    if source == "environment":
        monkeypatch.setenv(f"FLASK_{key}", "5")
    with pytest.raises(SettingsError) as refusal:
        load_settings(**({key: 5} if source == "config" else {}))
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    ("variable", "says"),
    [
        pytest.param("COOKIE__NAME", "RATCHET_COOKIE is not a setting of Ratchet; is it ", id="in two parts"),
        pytest.param(
            "LEEWAY__SECONDS", "RATCHET_LEEWAY is {'SECONDS': 5}; allowed: ", id="a key of a setting"
        ),
        pytest.param(
            "_LEEWAY", "RATCHET__LEEWAY is not a setting of Ratchet; is it RATCHET_LEEWAY?", id="in front"
        ),
    ],
)
def test_two_underscores_in_a_name_are_no_silent_default(
    variable: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flask reads such a name as the key of a mapping, and no setting of ours is one."""
    monkeypatch.setenv(f"FLASK_RATCHET_{variable}", "5")
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert str(refusal.value).startswith(says)


def test_a_setting_that_is_a_value_and_a_mapping_at_once_stops_the_app(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Flask cannot read both; the message says what is wrong with the name, and repeats no value."""
    monkeypatch.setenv("FLASK_RATCHET_THROTTLE_STORAGE", "redis://:hunter2@host")
    monkeypatch.setenv("FLASK_RATCHET_THROTTLE_STORAGE__PASSWORD", "hunter2")
    with pytest.raises(SettingsError, match=r"^A variable FLASK_RATCHET_… has two underscores") as refusal:
        load_settings()
    assert "hunter2" not in "".join(traceback.format_exception(refusal.value))


def test_a_text_that_is_json_is_quoted_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number where text is needed is refused, whatever it looked like in the environment."""
    monkeypatch.setenv("FLASK_RATCHET_ISSUER", '"2026"')
    assert load_settings().issuer == "2026"
    monkeypatch.setenv("FLASK_RATCHET_ISSUER", "2026")
    with pytest.raises(SettingsError, match=r"^RATCHET_ISSUER is 2026; allowed: text\.$"):
        load_settings()


def test_variables_of_the_host_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flask stops with a TypeError where one name is a value and a mapping at once; Ratchet starts."""
    monkeypatch.setenv("FLASK_COLOUR", "green")
    monkeypatch.setenv("FLASK_COLOUR__OF_LINKS", "blue")
    monkeypatch.setenv("FLASK_RATCHET_LEEWAY", "5")
    assert load_settings().leeway == 5


def test_the_first_secret_signs_and_the_others_are_accepted() -> None:
    """Text and bytes are taken, in the order given; of a text the bytes count."""
    assert load_settings(SECRET_KEY_FALLBACKS=[OLD, OLDER]).secrets == (SECRET, OLD, OLDER)
    assert load_settings(SECRET_KEY_FALLBACKS=None).secrets == (SECRET,)
    assert load_settings(SECRET_KEY=OF_FEW_LETTERS).secrets


BAD_SECRETS: list[Any] = [
    pytest.param({"SECRET_KEY": None}, "SECRET_KEY is missing or empty", id="none"),
    pytest.param({"SECRET_KEY": ""}, "SECRET_KEY is missing or empty", id="empty"),
    pytest.param({"SECRET_KEY": 12345}, "SECRET_KEY is missing or empty", id="a number"),
    pytest.param(
        {"SECRET_KEY_FALLBACKS": [""]}, "SECRET_KEY_FALLBACKS is missing or empty", id="an empty fallback"
    ),
    pytest.param(
        {"SECRET_KEY_FALLBACKS": [None]}, "SECRET_KEY_FALLBACKS is missing or empty", id="no fallback"
    ),
    pytest.param({"SECRET_KEY_FALLBACKS": SECRET}, "SECRET_KEY_FALLBACKS has to be a list", id="one text"),
    pytest.param({"SECRET_KEY_FALLBACKS": SECRET.encode()}, "SECRET_KEY_FALLBACKS has to be", id="one bytes"),
]
WEAK_SECRETS: list[Any] = [
    pytest.param({"SECRET_KEY": SHORT}, "SECRET_KEY is shorter than 32 bytes", id="a short secret"),
    pytest.param({"SECRET_KEY": SHORT.encode()}, "SECRET_KEY is shorter", id="a short secret in bytes"),
    pytest.param(
        {"SECRET_KEY_FALLBACKS": [SECRET, SHORT]}, "SECRET_KEY_FALLBACKS is shorter", id="a fallback"
    ),
    pytest.param({"SECRET_KEY": "change-me-" * 5}, "SECRET_KEY repeats itself", id="a template, again"),
    pytest.param({"SECRET_KEY_FALLBACKS": ["abc" * 20]}, "SECRET_KEY_FALLBACKS repeats", id="in a fallback"),
    pytest.param(
        {"RATCHET_SERVICE_SECRETS": "st" * 16}, "RATCHET_SERVICE_SECRETS repeats", id="of a service"
    ),
]
TYPED_SECRETS: list[Any] = [
    pytest.param({"SECRET_KEY": b"a" * 64}, "SECRET_KEY repeats itself", id="one byte, 64 times"),
    pytest.param({"RATCHET_SERVICE_SECRETS": "s" * 32}, "RATCHET_SERVICE_SECRETS repeats", id="of a service"),
    pytest.param({"SECRET_KEY": bytes(range(64))}, "SECRET_KEY has so few", id="bytes that count up"),
]


@pytest.mark.parametrize(("config", "says"), TYPED_SECRETS)
def test_a_typed_secret_is_a_line_in_the_log(
    config: dict[str, Any], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Examples and tests of hosts have such secrets; the line names the setting and tells how to make one."""
    assert load_settings(**config).secrets
    (line,) = caplog.messages
    assert line.startswith(says)
    assert "secrets.token_hex" in line


@pytest.mark.parametrize(("config", "says"), [*BAD_SECRETS, *WEAK_SECRETS])
def test_a_bad_secret_stops_the_app(config: dict[str, Any], says: str) -> None:
    """The message names the key, tells how to make a secret, and does not show the one that is there."""
    with pytest.raises(SettingsError) as refusal:
        load_settings(**config)
    assert says in str(refusal.value)
    assert "secrets.token_hex" in str(refusal.value) or "has to be" in says
    assert SHORT not in str(refusal.value)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("mode", ["DEBUG", "TESTING"])
@pytest.mark.parametrize(("config", "says"), BAD_SECRETS)
def test_no_mode_lets_a_secret_be_missing(mode: str, config: dict[str, Any], says: str) -> None:
    """A secret that is none is refused while developing too."""
    with pytest.raises(SettingsError, match=says):
        load_settings(**config | {mode: True})


@pytest.mark.parametrize("mode", ["DEBUG", "TESTING"])
@pytest.mark.parametrize(("config", "_says"), WEAK_SECRETS)
def test_a_weak_secret_will_do_while_developing(mode: str, config: dict[str, Any], _says: str) -> None:
    """In debug and testing a secret can be typed."""
    assert load_settings(**config | {mode: True}).secrets
