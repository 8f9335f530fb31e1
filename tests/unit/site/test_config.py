"""Settings of the reference site: where they come from, which driver is used."""

from __future__ import annotations

import sqlite3
import traceback
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import config

from ...support.samples import SECRET

Config = dict[str, Any]


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """An app whose instance folder is empty."""
    return Flask(__name__, instance_path=str(tmp_path / "instance"))


def load(app: Flask, **overrides: Any) -> Config:
    """The configuration of the app, with a proper secret and these overrides."""
    config.load(app, {"SECRET_KEY": SECRET} | overrides)
    return app.config


def put_key_file(app: Flask, secret: str) -> None:
    """Put a secret where ``make run`` puts one."""
    folder = Path(app.instance_path)
    folder.mkdir()
    (folder / config.KEY_FILE).write_text(secret)


def test_a_site_that_sets_nothing_keeps_sqlite_in_its_instance_folder(app: Flask) -> None:
    """The folder is made where it is missing."""
    url = load(app)["SQLALCHEMY_DATABASE_URI"]
    assert url == f"sqlite:///{app.instance_path}/ratchet.sqlite"
    assert Path(app.instance_path).is_dir()


def test_the_defaults_are_careful(app: Flask) -> None:
    """No proxy is believed and no body is endless unless somebody says so."""
    loaded = load(app)
    assert loaded["PROXY_HOPS"] == 0
    assert loaded["MAX_CONTENT_LENGTH"] == 16 * 1024


def test_the_environment_counts_above_the_defaults(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Flask's prefix."""
    monkeypatch.setenv("FLASK_PROXY_HOPS", "1")
    assert load(app)["PROXY_HOPS"] == 1


def test_overrides_count_above_the_environment(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes the app in code has the last word."""
    monkeypatch.setenv("FLASK_PROXY_HOPS", "1")
    assert load(app, PROXY_HOPS=2)["PROXY_HOPS"] == 2


def test_the_database_can_be_told_in_three_ways(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """DATABASE_URL is honoured, Flask's own variable counts above it, and an override above both."""
    seen = []
    monkeypatch.setenv("DATABASE_URL", "sqlite:///first")
    seen.append(load(app)["SQLALCHEMY_DATABASE_URI"])
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", "sqlite:///second")
    seen.append(load(app)["SQLALCHEMY_DATABASE_URI"])
    seen.append(load(app, SQLALCHEMY_DATABASE_URI="sqlite:///third")["SQLALCHEMY_DATABASE_URI"])
    assert seen == ["sqlite:///first", "sqlite:///second", "sqlite:///third"]


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        pytest.param("postgres://u@h/d", "postgresql+psycopg://u@h/d", id="the old name of PostgreSQL"),
        pytest.param("postgresql://u@h/d", "postgresql+psycopg://u@h/d", id="PostgreSQL"),
        pytest.param("mysql://u@h/d", "mysql+pymysql://u@h/d", id="MySQL"),
        pytest.param("mariadb://u@h/d", "mysql+pymysql://u@h/d", id="MariaDB"),
        pytest.param(
            "postgresql+psycopg2://u@h/d", "postgresql+psycopg2://u@h/d", id="a driver that is named"
        ),
        pytest.param("sqlite:////tmp/x", "sqlite:////tmp/x", id="SQLite"),
        pytest.param(
            "postgres://u:a%40://b@h/d", "postgresql+psycopg://u:a%40://b@h/d", id="a strange password"
        ),
    ],
)
def test_a_url_gets_the_driver_that_is_installed(app: Flask, url: str, driver: str) -> None:
    """Unless it names one."""
    assert load(app, SQLALCHEMY_DATABASE_URI=url)["SQLALCHEMY_DATABASE_URI"] == driver


MARIADB_LIMITS = {"connect_timeout", "read_timeout", "write_timeout", "init_command"}


@pytest.mark.parametrize(
    ("url", "limits"),
    [
        pytest.param("sqlite:////tmp/x", {"timeout"}, id="SQLite"),
        pytest.param("postgres://u@h/d", {"connect_timeout", "tcp_user_timeout", "options"}, id="PostgreSQL"),
        pytest.param("mysql://u@h/d", MARIADB_LIMITS, id="MySQL"),
        pytest.param("mariadb://u@h/d", MARIADB_LIMITS, id="MariaDB"),
        pytest.param("mariadb+pymysql://u@h/d", MARIADB_LIMITS, id="MariaDB with its driver named"),
    ],
)
def test_no_database_is_waited_for_without_end(app: Flask, url: str, limits: set[str]) -> None:
    """A connection, a lock or a pool that is not to be had is a fault after seconds, not a hang."""
    options = load(app, SQLALCHEMY_DATABASE_URI=url)["SQLALCHEMY_ENGINE_OPTIONS"]
    assert options["connect_args"].keys() >= limits
    assert options["poolclass"] is config.ImpatientPool


def test_behind_a_pooler_nothing_is_prepared(app: Flask) -> None:
    """PgBouncer refuses ``options``, and does not know which connection has which prepared statement."""
    options = load(app, SQLALCHEMY_DATABASE_URI="postgres://u@h/d", DATABASE_POOLER=True)
    limits = options["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]
    assert limits == {"connect_timeout": 3, "tcp_user_timeout": 10_000, "prepare_threshold": None}


def test_a_pooler_is_a_matter_of_postgresql(app: Flask) -> None:
    """The drivers of the others know no such option."""
    options = load(app, SQLALCHEMY_DATABASE_URI="mysql://u@h/d", DATABASE_POOLER=True)
    assert "prepare_threshold" not in options["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]


def test_an_exhausted_pool_is_noticed_in_half_a_second() -> None:
    """Unless somebody says otherwise."""
    assert config.ImpatientPool(lambda: sqlite3.connect(":memory:")).timeout() == 0.5
    assert config.ImpatientPool(lambda: sqlite3.connect(":memory:"), timeout=2.0).timeout() == 2.0


def test_a_database_in_memory_keeps_its_own_pool(app: Flask) -> None:
    """It lives in one connection, so there is nothing to wait for."""
    options = load(app, SQLALCHEMY_DATABASE_URI="sqlite://")["SQLALCHEMY_ENGINE_OPTIONS"]
    assert "poolclass" not in options


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:////tmp/x", "postgres://u@h/d", "mysql://u@h/d", "odd://h/d"]
)
def test_no_database_writes_values_of_a_row_into_the_log(app: Flask, url: str) -> None:
    """An error that nobody foresaw would take hashes and ids along, in its trace."""
    assert load(app, SQLALCHEMY_DATABASE_URI=url)["SQLALCHEMY_ENGINE_OPTIONS"]["hide_parameters"] is True


def test_engine_options_of_ones_own_are_kept(app: Flask) -> None:
    """Who sets them knows better."""
    own = {"pool_size": 1}
    assert load(app, SQLALCHEMY_ENGINE_OPTIONS=own)["SQLALCHEMY_ENGINE_OPTIONS"] == own


def test_the_secret_is_read_from_the_instance_folder(app: Flask) -> None:
    """Where none is set; the line's end behind it is not part of it."""
    put_key_file(app, f"{SECRET}\n")
    assert load(app, SECRET_KEY=None)["SECRET_KEY"] == SECRET


def test_a_secret_that_is_set_counts_above_the_file(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's too."""
    put_key_file(app, "a secret in a file, of some length")
    assert load(app)["SECRET_KEY"] == SECRET
    monkeypatch.setenv("FLASK_SECRET_KEY", "a secret in the environment, of some length")
    config.load(app, {})
    assert app.config["SECRET_KEY"] == "a secret in the environment, of some length"


@pytest.mark.parametrize("url", ["hunter2", "postgresql://ada:hunter2/d", "postgresql://u@h:hunter2/d"])
def test_a_url_that_is_none_stops_the_site_and_is_not_repeated(app: Flask, url: str) -> None:
    """What the parser says of it can hold a piece of the password."""
    with pytest.raises(ValueError, match=r"SQLALCHEMY_DATABASE_URI .*is no URL of a database") as refusal:
        load(app, SQLALCHEMY_DATABASE_URI=url)
    assert "hunter2" not in "".join(traceback.format_exception(refusal.value))


WEAK: list[Any] = [
    pytest.param("dev", id="the one of every tutorial"),
    pytest.param("your-secret-key", id="one from a template"),
    pytest.param("change-me-change-me-change-me-change-me", id="a request, again and again"),
    pytest.param("a" * 64, id="one letter, 64 times"),
    pytest.param(b"a" * 64, id="one byte, 64 times"),
]


@pytest.mark.parametrize("secret", WEAK)
def test_a_secret_that_can_be_guessed_stops_the_site(app: Flask, secret: str | bytes) -> None:
    """The message names the key and tells how to make a good one."""
    with pytest.raises(ValueError, match=r"SECRET_KEY .*secrets\.token_hex"):
        load(app, SECRET_KEY=secret)


@pytest.mark.parametrize("mode", ["DEBUG", "TESTING"])
def test_a_weak_secret_will_do_while_developing(app: Flask, mode: str) -> None:
    """In debug and testing nobody is at risk."""
    assert load(app, **{"SECRET_KEY": "dev", mode: True})["SECRET_KEY"] == "dev"
