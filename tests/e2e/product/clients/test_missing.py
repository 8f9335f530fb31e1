"""On a machine without Node or a browser, the tests that need it are skipped, and say what to install."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ....support.chromium.chromium import chromium
from ....support.chromium.node import tool
from ....support.engines.engines import ENGINES
from ....support.product.vite_project import make_project


def enter(context: Any) -> None:
    """Start what would be stopped again."""
    with context:
        pass


@pytest.mark.parametrize(
    ("package", "start"),
    [
        pytest.param("nodejs npm", lambda _: tool("esbuild"), id="Node, for a tool that is there already"),
        pytest.param("nodejs npm", lambda folder: make_project(folder, folder), id="Node, for a project"),
        pytest.param("chromium", lambda folder: enter(chromium(folder)), id="Chromium"),
        pytest.param("firefox-esr", lambda folder: enter(ENGINES["Firefox"](folder)), id="Firefox"),
        pytest.param("webkit2gtk-driver", lambda folder: enter(ENGINES["WebKitGTK"](folder)), id="WebKit"),
    ],
)
def test_what_is_missing_is_named(
    package: str, start: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With what to install; where every service is required, it is a failure."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for required, outcome in (("0", pytest.skip.Exception), ("1", pytest.fail.Exception)):
        monkeypatch.setenv("REQUIRE_SERVICES", required)
        with pytest.raises(outcome, match=f"is not there: install it with apt-get install {package}"):
            start(tmp_path)
