"""The module as it is shipped: its size, its types, and what it does without."""

from __future__ import annotations

import gzip
import re
import subprocess
from pathlib import Path

import pytest

from docs.generator import PRODUCT, ROOT

from ...support.chromium.node import tool
from ...support.chromium.shop import PAGES

LARGEST = 3072
NOISE = 16
"""Bytes by which two releases of zlib differ."""

MODULE = PRODUCT / "pages" / "static" / "ratchet.js"
STRICTLY = ["--noEmit", "--strict", "--noUncheckedIndexedAccess", "--target", "es2022", "--module", "esnext"]


def test_size(capsys: pytest.CaptureFixture[str]) -> None:
    """Minified and compressed the module fits into three kilobytes, and docs/client.md knows the figure."""
    command = [str(tool("esbuild")), "--minify", "--format=esm", str(MODULE)]
    minified = subprocess.run(command, check=True, capture_output=True).stdout
    size = len(gzip.compress(minified, mtime=0))
    with capsys.disabled():
        print(f"\nratchet.js: {MODULE.stat().st_size} bytes, minified {len(minified)}, gzipped {size}")
    (said,) = re.findall(r"([\d,]+) bytes when minified", (ROOT / "docs" / "client.md").read_text())
    assert abs(size - int(said.replace(",", ""))) <= NOISE
    assert size <= LARGEST


def test_it_depends_on_nothing() -> None:
    """The module imports nothing, and exports one function."""
    source = MODULE.read_text()
    assert re.findall(r"^(?:import|.*\bimport\()", source, re.MULTILINE) == []
    assert re.findall(r"^export .*", source, re.MULTILINE) == ["export function createRatchet(options) {"]


def test_types(tmp_path: Path) -> None:
    """Right use of the module compiles, and every wrong use in the sample is an error."""
    sample = tmp_path / "usage.ts"
    sample.write_text((PAGES / "usage.ts").read_text().replace("RATCHET", str(MODULE)))
    command = [str(tool("tsc")), *STRICTLY, "--moduleResolution", "bundler", "--types", "", str(sample)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.stdout == ""
    assert checked.returncode == 0
