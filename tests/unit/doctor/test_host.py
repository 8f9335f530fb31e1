"""The doctor speaks of the host's own commands and server."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pytest
from flask import Flask
from flask.cli import AppGroup, FlaskGroup, ScriptInfo

from app.auth.doctor import host


def called(program: str, app: str | None, command: click.Command | None = None) -> click.Context:
    """The context of a command that was called by this program, with ``--app`` where there is one."""
    root = click.Context(command or FlaskGroup(), info_name=program, obj=ScriptInfo(app))
    return click.Context(click.Command("doctor"), parent=root)


@pytest.mark.parametrize(
    ("context", "line"),
    [
        pytest.param(called("flask", "shop"), "flask --app shop routes", id="with --app"),
        pytest.param(
            called("python -m flask", "shop:make('x y')"),
            """python -m flask --app 'shop:make('"'"'x y'"'"')' routes""",
            id="as a module, with a factory",
        ),
        pytest.param(called("flask", None), "flask routes", id="an app that Flask finds by itself"),
        pytest.param(called("flask", "from_environment"), "flask routes", id="an app that FLASK_APP names"),
        pytest.param(called("shop", None), "shop routes", id="a program of the host's own"),
        pytest.param(called("app", None, AppGroup("app")), "flask routes", id="by a test runner"),
    ],
)
def test_a_command_is_called_as_the_doctor_was(
    context: click.Context, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it can be copied."""
    monkeypatch.setenv("FLASK_APP", "from_environment")
    with context:
        assert host.flask("routes") == line


def test_outside_a_command_it_is_flask() -> None:
    """Nobody has said how it is called."""
    assert host.flask("routes") == "flask routes"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An app in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Flask("shop")


def test_the_migration_tool_of_the_host_is_found(app: Flask) -> None:
    """Flask-Migrate, a group of the host's with ``upgrade``, plain Alembic, or none."""
    assert "see docs/adopting.md" in host.migrate(app)
    Path("alembic.ini").touch()
    assert host.migrate(app) == "Run the pending migrations: alembic upgrade head."
    schema = AppGroup("schema")
    schema.add_command(click.Command("upgrade"))
    app.cli.add_command(schema)
    app.cli.add_command(AppGroup("users"))
    with called("flask", "shop"):
        assert host.migrate(app) == "Run the pending migrations: flask --app shop schema upgrade."
    app.extensions["migrate"] = object()
    assert host.migrate(app) == "Run the pending migrations: flask db upgrade."


@pytest.mark.parametrize(
    ("environment", "configuration", "number"),
    [
        pytest.param({}, None, None, id="nothing is said"),
        pytest.param({}, "bind = '127.0.0.1:1'", None, id="a configuration that says nothing of workers"),
        pytest.param({}, "workers = 3", 3, id="gunicorn.conf.py"),
        pytest.param({}, "workers = 1", 1, id="one worker, as was said"),
        pytest.param({"WEB_CONCURRENCY": "4"}, None, 4, id="the environment"),
        pytest.param({"WEB_CONCURRENCY": "4"}, "workers = 3", 3, id="gunicorn.conf.py goes first"),
        pytest.param({"GUNICORN_CMD_ARGS": "-w 5"}, "workers = 3", 5, id="its arguments go before that"),
        pytest.param({"GUNICORN_CMD_ARGS": "-c other.py"}, "workers = 3", 6, id="another configuration"),
        pytest.param({}, "print('hello')\nworkers = 3", 3, id="a configuration that prints"),
        pytest.param({}, "raise SystemExit(3)", None, id="a configuration that fails"),
        pytest.param({"WEB_CONCURRENCY": "auto"}, None, None, id="what gunicorn does not take"),
    ],
)
def test_gunicorn_is_asked_for_its_workers(
    environment: dict[str, str],
    configuration: str | None,
    number: int | None,
    app: Flask,  # noqa: ARG001  # in an empty folder
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By its own rules; None is what only the command line of the server can say."""
    for name in ("WEB_CONCURRENCY", "GUNICORN_CMD_ARGS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    Path("other.py").write_text("workers = 6")
    if configuration is not None:
        Path("gunicorn.conf.py").write_text(configuration)
    assert host.workers() == number


@pytest.mark.parametrize(("told", "number"), [("4", 4), ("", None), ("auto", None)])
def test_without_gunicorn_the_environment_counts(
    told: str, number: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other servers read it, too."""
    monkeypatch.setenv("WEB_CONCURRENCY", told)
    monkeypatch.setattr(sys, "executable", "false")
    assert host.workers() == number
