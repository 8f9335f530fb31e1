"""A stranger's project of Vite, TypeScript and React: its files are those of docs/client.md."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..chromium.node import INSTALL_SECONDS, TRUSTING, demand_node
from ..peers.insistent import await_that
from ..server.nginx import free_port, listening
from .playground import with_our_python
from .recipes import recipe

FRAME = Path(__file__).parent / "vite"
"""What is of the project alone: the page, the pinned versions, and how strict the compiler is."""

FROM_THE_DOCS = ("vite.config.ts", "src/useUser.ts", "src/main.tsx")
FLASK = "http://127.0.0.1:5000"
QUIET = {"npm_config_audit": "false", "npm_config_fund": "false", "npm_config_prefer_offline": "true"}


def make_project(folder: Path, packages: Path) -> Path:
    """The project, with everything installed; ``packages`` is where Python finds flask_ratchet."""
    demand_node()
    project = Path(shutil.copytree(FRAME, folder / "project"))
    (project / "src").mkdir()
    for name in FROM_THE_DOCS:
        (project / name).write_text(recipe(name))
    environment = TRUSTING | os.environ | QUIET | {"PYTHONPATH": str(packages)}
    run_in(project, ["bash", "-euc", recipe("npm")], with_our_python(environment))
    return project


def run_in(project: Path, command: list[str], environment: dict[str, str] | None = None) -> str:
    """Run a command in the project; what it prints."""
    finished = subprocess.run(
        command,
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@contextmanager
def developing(project: Path, shop_port: int) -> Iterator[int]:
    """Serve the project as ``npx vite`` does, in front of the shop at that port; the port of Vite."""
    configuration = project / "vite.config.ts"
    configuration.write_text(recipe("vite.config.ts").replace(FLASK, f"http://127.0.0.1:{shop_port}"))
    port = free_port()
    options = ["--host", "127.0.0.1", "--port", str(port), "--strictPort"]
    with subprocess.Popen([project / "node_modules" / ".bin" / "vite", *options], cwd=project) as process:
        try:
            await_that(lambda: listening(port))
            yield port
        finally:
            process.terminate()
