"""``flask ratchet doctor``: what an operator is told of a configuration, and what a script is."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.engine import make_url
from werkzeug.middleware.proxy_fix import ProxyFix

from app.auth.storage import inspection
from app.db import db
from docs.generator import DOCS, ROOT
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger
from tests.support.samples import SECRET
from tests.support.sites import MakeSite, add_user

SOUND: dict[str, Any] = {"TESTING": False, "PROXY_HOPS": 1, "RATCHET_COOKIE_NAME": "__Secure-refreshToken"}
"""A configuration in which, with one worker, there is nothing to find."""

ERROR, WARNING = "error", "warning"
ONE_HOST = (WARNING, "SQLite serves one host.", "With several nodes use PostgreSQL or MariaDB.")


class Advice(NamedTuple):
    """What the doctor says, finding by finding, each with its remedy, and the exit status."""

    findings: list[tuple[str, str, str]]
    status: int
    last: str


def ask(site: Flask) -> Advice:
    """Run the doctor."""
    result = site.test_cli_runner().invoke(args=["ratchet", "doctor"])
    assert "Traceback" not in result.output
    lines = result.output.splitlines()
    findings = [
        (kind, what, remedy.removeprefix("    "))
        for (kind, _, what), remedy in zip(
            (line.partition(": ") for line in lines), [*lines[1:], ""], strict=True
        )
        if kind in (ERROR, WARNING)
    ]
    return Advice(findings, result.exit_code, lines[-1])


@pytest.fixture(autouse=True)
def one_worker(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    """The server runs one worker, and the clock is right."""
    monkeypatch.setenv("WEB_CONCURRENCY", "1")
    clock.now = time.time()


def test_nothing_is_found_where_all_is_well(make_site: MakeSite, database: str) -> None:
    """Exit status 0, and that is said; SQLite is for one host, which is no error."""
    advice, is_sqlite = ask(make_site(**SOUND)), "sqlite" in database
    assert advice.findings == ([ONE_HOST] if is_sqlite else [])
    assert (advice.status, advice.last) == (0, f"ok: No {'error' if is_sqlite else 'problem'} found.")


@pytest.mark.parametrize("name", ["__SECURE-x", "__secure-x", "__Secure-x"])
def test_a_prefix_counts_in_any_case_of_its_letters(make_site: MakeSite, name: str) -> None:
    """Browsers compare it so, and let no page of plain http set such a cookie."""
    findings = ask(make_site(**SOUND | {"RATCHET_COOKIE_NAME": name})).findings
    assert not [what for _, what, _ in findings if "can set a cookie" in what]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("further", "kind", "what", "remedy"),
    [
        pytest.param({"TESTING": True}, ERROR, "debug or testing", "Unset FLASK_DEBUG", id="testing mode"),
        pytest.param(
            {"SQLALCHEMY_ENGINE_OPTIONS": {"execution_options": {"schema_translate_map": {"tenant": None}}}},
            ERROR,
            "a token of one schema is valid in the others",
            "Use one table with a tenant column",
            id="a schema for each tenant",
        ),
        pytest.param(
            {"TESTING": True, "SECRET_KEY_FALLBACKS": ["abc" * 20]},
            ERROR,
            "A secret repeats itself",
            "secrets.token_hex",
            id="a secret that was typed",
        ),
        pytest.param(
            {"SECRET_KEY_FALLBACKS": [SECRET + "1", SECRET + "2", SECRET + "3"]},
            WARNING,
            "3 fallback secrets",
            "Drop from SECRET_KEY_FALLBACKS",
            id="fallbacks for ever",
        ),
        pytest.param(
            {"RATCHET_COOKIE_NAME": "x", "RATCHET_COOKIE_SECURE": False},
            ERROR,
            "sent over plain http",
            "Remove RATCHET_COOKIE_SECURE",
            id="cookies that are not Secure",
        ),
        pytest.param(
            {"RATCHET_COOKIE_DOMAIN": "example.org"},
            WARNING,
            "Every host below example.org",
            "Remove RATCHET_COOKIE_DOMAIN",
            id="cookies for a domain",
        ),
        pytest.param(
            {"RATCHET_LOGIN_URL": "site.sing_in"},
            ERROR,
            "RATCHET_LOGIN_URL is 'site.sing_in', and no route has that endpoint",
            "flask routes",
            id="an endpoint that nobody has",
        ),
        pytest.param(
            {"RATCHET_LOGIN_URL": "site.sign_out"},
            ERROR,
            "RATCHET_LOGIN_URL is 'site.sign_out', and no route of that endpoint takes GET",
            "flask routes",
            id="an endpoint that takes a form only",
        ),
        pytest.param(
            {"RATCHET_LOGIN_URL": "site.static"},
            ERROR,
            "RATCHET_LOGIN_URL is 'site.static', and its URL needs filename",
            "without <…> in its path",
            id="an endpoint with values",
        ),
        pytest.param(
            {"PROXY_HOPS": 0},
            WARNING,
            "No setting names a proxy with TLS",
            "give app.wsgi_app Werkzeug's ProxyFix",
            id="no proxy with TLS",
        ),
        pytest.param(
            {"RATCHET_COOKIE_NAME": "refreshToken"},
            WARNING,
            "can set a cookie called refreshToken",
            'RATCHET_COOKIE_NAME to "__Secure-refreshToken"',
            id="a name without a prefix",
        ),
        pytest.param(
            {"RATCHET_COOKIE_NAME": "x", "RATCHET_URL_PREFIX": "/", "RATCHET_COOKIE_DOMAIN": "example.org"},
            WARNING,
            "can set a cookie called x",
            'RATCHET_COOKIE_NAME to "__Secure-x"',
            id="a name without a prefix, for a domain",
        ),
        pytest.param(
            {"SESSION_COOKIE_NAME": "__Secure-accessToken"},
            ERROR,
            "session cookie is called __Secure-accessToken, too",
            "SESSION_COOKIE_NAME",
            id="a name that Flask uses as well",
        ),
        pytest.param(
            {"RATCHET_THROTTLE_STORAGE": "redis://127.0.0.1:1"},
            ERROR,
            "does not answer",
            "fix RATCHET_THROTTLE_STORAGE",
            id="a storage that is away",
        ),
        pytest.param(
            {"RATCHET_LEEWAY": "19s"}, WARNING, "leeway of 19 s", "RATCHET_LEEWAY to 20s", id="a short leeway"
        ),
        pytest.param({"RATCHET_STRICT": True}, WARNING, "Two tabs", "Unset RATCHET_STRICT", id="strict"),
        pytest.param(
            {"RATCHET_ACCESS_TTL": "10m", "RATCHET_SHORT_TTL": "10m"},
            ERROR,
            "over after 600 s",
            "RATCHET_ACCESS_TTL, now 600 s",
            id="sessions that are over before they are renewed",
        ),
        pytest.param(
            {"RATCHET_ACCESS_TTL": "119s"},
            WARNING,
            "renew every 119 s",
            "RATCHET_ACCESS_TTL to 120s",
            id="an access token of a few leeways",
        ),
        pytest.param(
            {"RATCHET_ACCESS_TTL": "2h"},
            WARNING,
            "good for 2 hours",
            "RATCHET_ACCESS_TTL to minutes",
            id="an access token for hours",
        ),
        pytest.param(
            {"RATCHET_DEVICE_BOUND": False},
            WARNING,
            "RATCHET_DEVICE_BOUND is off",
            "Set it to true",
            id="sessions that could be bound to their devices",
        ),
        pytest.param(
            {"RATCHET_ACCESS_TTL": "299s"},
            WARNING,
            "at most 6 times in 9 minutes",
            "RATCHET_ACCESS_TTL to 300s",
            id="more proofs than a browser makes",
        ),
    ],
)
def test_each_configuration_is_found_out(
    make_site: MakeSite, further: dict[str, Any], kind: str, what: str, remedy: str
) -> None:
    """The finding comes with its remedy, the worst first; an error is exit status 1."""
    advice = ask(make_site(**SOUND | further))
    assert [one for one in advice.findings if one[0] == kind and what in one[1] and remedy in one[2]]
    assert advice.status == (1 if kind == ERROR else 0)
    kinds = [found for found, _, _ in advice.findings]
    assert kinds == sorted(kinds)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("forbids", [{"RATCHET_STRICT": True}, {"RATCHET_COOKIE_DOMAIN": "example.org"}])
def test_nobody_is_advised_to_bind_what_cannot_be_bound(make_site: MakeSite, forbids: dict[str, Any]) -> None:
    """To follow the advice would stop the start."""
    assert "RATCHET_DEVICE_BOUND" not in str(ask(make_site(**SOUND | forbids)).findings)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_host_that_trusts_its_proxy_is_told_nothing_of_it(make_stranger: MakeStranger) -> None:
    """By the line that docs/deploying.md has for a site that is not the reference site."""
    host = make_stranger(TESTING=False).app
    assert "proxy" in str(ask(host).findings)
    (line,) = re.findall(r"`app\.wsgi_app = (ProxyFix\(.+\))`", (DOCS / "deploying.md").read_text())
    host.wsgi_app = eval(line, {"ProxyFix": ProxyFix, "app": host})  # type: ignore[method-assign]  # noqa: S307
    assert "proxy" not in str(ask(host).findings)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("further", "workers", "finding"),
    [
        pytest.param({}, "3", "The server starts 3 workers, and each", id="workers that count in memory"),
        pytest.param({}, None, "The server starts 2 workers, and each", id="as gunicorn.conf.py says"),
        pytest.param({}, "auto", "Nothing here says how many workers", id="as many as somebody else decides"),
        pytest.param({}, "1", "", id="one worker"),
        pytest.param({"RATCHET_THROTTLE_STORAGE": "redis://127.0.0.1:1"}, "2", "", id="a shared storage"),
    ],
)
def test_workers_that_count_for_themselves_are_told(
    make_site: MakeSite,
    monkeypatch: pytest.MonkeyPatch,
    further: dict[str, Any],
    workers: str | None,
    finding: str,
) -> None:
    """Several processes in need of one count of failures are a warning."""
    if workers is None:
        monkeypatch.delenv("WEB_CONCURRENCY")
    else:
        monkeypatch.setenv("WEB_CONCURRENCY", workers)
    monkeypatch.chdir(ROOT)
    told = [one for one in ask(make_site(**SOUND | further)).findings if "workers" in one[1]]
    assert [(kind, what.startswith(finding)) for kind, what, _ in told] == [(WARNING, True)] * bool(finding)
    assert all("Set RATCHET_THROTTLE_STORAGE" in remedy for _, _, remedy in told)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_debug_mode_is_told(make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command takes it from the environment, as the server would."""
    monkeypatch.setenv("FLASK_DEBUG", "1")
    advice = ask(make_site(**SOUND))
    assert advice.findings[0][1] == "The app runs in debug or testing mode."
    assert advice.status == 1


@pytest.mark.parametrize("off", [-6, 6], ids=["behind", "ahead"])
def test_a_clock_that_is_off_is_told(make_site: MakeSite, clock: Clock, off: int) -> None:
    """The database's own clock says so, in seconds, on each of them."""
    clock.advance(off)
    ((kind, what, remedy), *_) = (advice := ask(make_site(**SOUND))).findings
    assert (kind, remedy, advice.status) == (ERROR, "Run NTP on both.", 1)
    assert any(f"{off + late:+.0f} s off" in what for late in (-1, 0, 1))


def test_clocks_within_the_tolerance_are_not_told(make_site: MakeSite, clock: Clock) -> None:
    """A difference of three seconds is no error."""
    clock.advance(3)
    assert ask(make_site(**SOUND)).status == 0


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
@pytest.mark.parametrize(
    ("is_on", "waits", "found"),
    [
        pytest.param("ON", 0, True, id="no statement waits"),
        pytest.param("ON", 6, True, id="only writes wait"),
        pytest.param("ON", 1, False, id="reads wait"),
        pytest.param("ON", 7, False, id="all statements wait"),
        pytest.param("OFF", 0, False, id="no cluster"),
    ],
)
def test_a_cluster_that_reads_old_rows_is_told(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch, is_on: str, waits: int, found: bool
) -> None:
    """By the variables of the connection that the site gets; one without a cluster stands in for a node."""
    node = f"SELECT 'wsrep_on', '{is_on}' UNION SELECT 'wsrep_sync_wait', @@wsrep_sync_wait"
    monkeypatch.setattr(inspection, "_GALERA", node)
    engine = {"connect_args": {"init_command": f"SET SESSION wsrep_sync_wait = {waits}"}}
    advice = ask(make_site(**SOUND | {"SQLALCHEMY_ENGINE_OPTIONS": engine}))
    told = [remedy for kind, what, remedy in advice.findings if kind == ERROR and "Galera" in what]
    remedy = "Set wsrep_sync_wait = 1 in the configuration of every node; see docs/scaling.md."
    assert (told, advice.status) == ([remedy] * found, int(found))


@pytest.fixture
def behind(make_site: MakeSite, empty_database: str) -> Iterator[Flask]:
    """A site on a database that lacks what a migration would bring."""
    site = make_site(**SOUND | {"SQLALCHEMY_DATABASE_URI": empty_database})
    with site.app_context():
        db.create_all()
        db.session.execute(text("ALTER TABLE users DROP COLUMN sessions_version"))
        db.session.commit()
    yield site
    with site.app_context():
        db.engine.dispose()


def test_a_pending_migration_is_told(behind: Flask) -> None:
    """The missing column by name, on each database."""
    advice = ask(behind)
    remedy = "Run the pending migrations: flask db upgrade."
    assert (ERROR, "The user table lacks sessions_version.", remedy) in advice.findings
    assert advice.status == 1


def test_a_migration_that_has_not_run_is_told(behind: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its number, though no column of ours is missing; a site that keeps them elsewhere is not checked."""
    with behind.app_context():
        db.drop_all()
    behind.test_cli_runner().invoke(args=["db", "upgrade", "-d", str(ROOT / "migrations")])
    monkeypatch.chdir(ROOT)
    assert ask(behind).status == 0
    with behind.app_context():
        db.session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        db.session.commit()
    finding = "The database has not seen migration 0003."
    remedy = "Run the pending migrations: flask db upgrade."
    advice = ask(behind)
    assert ((ERROR, finding, remedy) in advice.findings, advice.status) == (True, 1)
    monkeypatch.chdir(ROOT / "docs")
    assert ask(behind).status == 0


def test_hashes_that_cost_more_than_the_setting_are_told(make_site: MakeSite) -> None:
    """Of both formats, by their number, on each database; cheaper ones and broken ones are no matter."""
    site = make_site(**SOUND)
    tail = "$N9qo8uLOickgx2ZMRZoMye$" + "a" * 31
    for number, kept in enumerate(
        [f"$bcrypt-sha256$v=2,t=2b,r={cost}{tail}" for cost in (9, 10, 11, 16)]
        + [f"$2{kind}${tail.replace('$', '')}" for kind in ("y$10", "a$12")]
        + [None, "!", "$2b$99$"]
    ):
        add_user(site, f"user{number}@example.org", password_hash=kept)
    finding = "3 password hashes cost more than RATCHET_BCRYPT_ROUNDS, now 10"
    remedy = "Set RATCHET_BCRYPT_ROUNDS to the highest cost that is stored."
    (told,) = [one for one in ask(site).findings if "RATCHET_BCRYPT_ROUNDS" in one[1]]
    assert (told[0], finding in told[1], told[2]) == (WARNING, True, remedy)


def test_a_database_that_is_away_is_told(make_site: MakeSite, database: str, tmp_path: Path) -> None:
    """With what its driver says, and no trace."""
    url = make_url(database)
    nowhere = url.set(database=str(tmp_path / "no" / "file")) if "sqlite" in database else url.set(port=1)
    advice = ask(
        make_site(**SOUND | {"SQLALCHEMY_DATABASE_URI": nowhere.render_as_string(hide_password=False)})
    )
    ((kind, what, remedy), *_) = advice.findings
    assert (kind, remedy, advice.status) == (ERROR, "Start it, or fix its URL.", 1)
    assert what.startswith("The database does not answer: ")
