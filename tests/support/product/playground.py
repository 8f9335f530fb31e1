"""Where the blocks of a page are run: a stranger's folder with the wheel, and a served site to talk to.

The role of a block, the word after its language, says what becomes of it:

===================  =================================================================================
``python NAME``      a file of the stranger's app; blocks of the same name continue it
``bash app``         commands in the stranger's folder
``bash start``       commands from nothing to a served app; tests/e2e/product/test_package.py runs them
``bash site``        commands in a checkout of the site, which is served at the same time
``bash serve``       a command there that serves the site until it is stopped
``bash make``        a target of the Makefile; only its recipe is read, see ``run_make``
``nginx site``       a server block that nginx serves with TLS in front of the site
``nginx locations``  what such a block gets before its ``location /``; the tests of nginx serve it
``text output``      what the commands before print; ``…`` stands for anything (also ``json output``)
===================  =================================================================================
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Self
from urllib.request import urlopen

from sqlalchemy.engine import make_url

from tests.support import ROOT
from tests.support.browser import PASSWORD
from tests.support.sites import add_user

from ..peers.insistent import await_that
from ..server.nginx import free_port, is_closed_to, listening, nginx, sign_in_over_tls
from ..server.servers import SECRET, environment_for, serving, site_on
from .documents import Block

SERVICE_SECRET = "the secret of a service that asks us".replace(" ", "-")
LOCALHOST = "http://localhost:8000"
SITE = ("app", "migrations", "wsgi.py", "gunicorn.conf.py", "Makefile")


class Playground:
    """Runs blocks in order; one that fails raises with what it printed."""

    def __init__(self, folder: Path, packages: Path, database_url: str = "sqlite:///stranger.sqlite") -> None:
        """``database_url`` names the database of the stranger's app."""
        self._folder, self._packages, self._database_url = folder, packages, database_url
        self._printed = ""
        self._open = ExitStack()
        self.stranger, self.checkout = folder / "stranger", folder / "checkout"
        self.stranger.mkdir()
        (self.checkout / "instance").mkdir(parents=True)
        (self.checkout / "instance" / "demo_password").write_text(PASSWORD)
        for name in SITE:
            (self.checkout / name).symlink_to(ROOT / name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def run(self, block: Block) -> None:
        """Do what the role of the block says."""
        if block.language == "python":
            self._write(block)
        else:
            getattr(self, f"_run_{block.language}_{block.role}")(block.text)

    @cached_property
    def environment(self) -> dict[str, str]:
        """Of the site: a migrated database with a demo user, as ``make run`` makes one."""
        url = f"sqlite:///{self._folder}/site.sqlite"
        with site_on(url) as site:
            add_user(site, "demo@example.org", "demo")
        return environment_for(url, FLASK_RATCHET_SERVICE_SECRETS=SERVICE_SECRET)

    @cached_property
    def base_url(self) -> str:
        """Where the site is served."""
        return self._open.enter_context(
            serving(
                self.environment["DATABASE_URL"],
                FLASK_PROXY_HOPS="1",
                FLASK_RATCHET_SERVICE_SECRETS=SERVICE_SECRET,
            )
        )

    def _write(self, block: Block) -> None:
        with (self.stranger / block.role).open("a") as file:
            file.write(block.text)
        compile((self.stranger / block.role).read_text(), block.role, "exec")

    def _run_bash_app(self, commands: str) -> None:
        own = {
            "PYTHONPATH": str(self._packages),
            "FLASK_SECRET_KEY": SECRET,
            "FLASK_SQLALCHEMY_DATABASE_URI": self._database_url,
        }
        self._bash(commands, self.stranger, {**os.environ, **own})

    def _run_bash_start(self, _commands: str) -> None:
        """Takes half a minute and a browser: it has a test of its own."""

    def _run_bash_site(self, commands: str) -> None:
        if LOCALHOST in commands:
            commands = commands.replace(LOCALHOST, self.base_url)
        self._bash(commands, self.checkout, self.environment)

    def _run_bash_serve(self, command: str) -> None:
        """Start the server, wait until it answers, and stop it again."""
        port = free_port()
        environment = {**self.environment, "PORT": str(port)}
        with subprocess.Popen(
            ["bash", "-euc", f"exec {command}"], cwd=self.checkout, env=with_our_python(environment)
        ) as process:
            try:
                await_that(lambda: listening(port))
                urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=30).close()
            finally:
                process.terminate()

    def _run_bash_make(self, commands: str) -> None:
        """``make`` installs packages and serves for ever: here its recipes are only looked up."""
        self._bash(commands.replace("make ", "make --dry-run "), ROOT, dict(os.environ))

    def _run_nginx_site(self, configuration: str) -> None:
        """A browser signs in over https: the site knows its name and scheme, and nginx no other name."""
        upstream = self.base_url.removeprefix("http://")
        with nginx(configuration, ("127.0.0.1:8000", upstream), self._folder) as port:
            reply = sign_in_over_tls(port, "example.org", "demo@example.org", PASSWORD)
            assert is_closed_to(port, "example.org", "evil.example")
            assert is_closed_to(port, "evil.example", "example.org")
            assert not is_closed_to(port, "example.org", "example.org")
        assert reply.status == 200

    def _run_nginx_nodes(self, configuration: str) -> None:
        """A browser signs in. Every node is this one site; ``make nodes`` has several, and breaks them."""
        upstream = self.base_url.removeprefix("http://")
        here = re.sub(r"10\.0\.0\.\d:8000", "127.0.0.1:8000", configuration)
        with nginx(here, ("127.0.0.1:8000", upstream), self._folder) as port:
            reply = sign_in_over_tls(port, "example.org", "demo@example.org", PASSWORD)
        assert reply.status == 200

    def _run_text_failover(self, setting: str) -> None:
        """The driver is given both servers, and is to take the one that accepts writes."""
        url = make_url(setting.partition("=")[2].strip().strip("'"))
        _, given = url.get_dialect()().create_connect_args(url)
        assert (given["host"], given["port"]) == ("10.0.1.1,10.0.1.2", "5432,5432")
        assert given["target_session_attrs"] == "read-write"

    def _run_ini_primary(self, settings: str) -> None:
        """They are those of the primary in ``make nodes``."""
        used = (ROOT / "tests" / "campaigns" / "nodes" / "cluster.py").read_text()
        names, _ = settings.splitlines()
        assert names.partition(" ")[0] in used

    def _run_nginx_locations(self, locations: str) -> None:
        """tests/e2e/server/proxy/test_auth_request.py asks for what they guard."""
        assert "auth_request" in locations

    def _run_text_output(self, expected: str) -> None:
        pattern = re.escape(expected.strip()).replace("…", ".*?")
        matches = re.fullmatch(pattern, self._printed.strip(), re.DOTALL)
        assert matches, f"the page says {expected!r}, what came is {self._printed!r}"

    def _run_json_output(self, expected: str) -> None:
        self._printed = json.dumps(json.loads(self._printed), indent=2)
        self._run_text_output(expected)

    def _bash(self, commands: str, folder: Path, environment: dict[str, str]) -> None:
        finished = subprocess.run(
            ["bash", "-euc", commands],
            cwd=folder,
            env=with_our_python(environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, f"exit {finished.returncode}: {finished.stdout}{finished.stderr}"
        self._printed = finished.stdout


def with_our_python(environment: dict[str, str]) -> dict[str, str]:
    """The environment with this Python's programs first."""
    return {**environment, "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}"}
