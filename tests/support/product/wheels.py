"""The product as a stranger gets it: a wheel, built from what setup.cfg names and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from tests.support import ROOT

SOURCES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE")
BUILD = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]


def copy_sources(folder: Path) -> Path:
    """A checkout with only the product: what is built there leaves nothing in this one."""
    checkout = folder / "checkout"
    checkout.mkdir(parents=True)
    for name in SOURCES:
        shutil.copy(ROOT / name, checkout)
    shutil.copytree(
        ROOT / "app" / "auth", checkout / "app" / "auth", ignore=shutil.ignore_patterns("__pycache__")
    )
    return checkout


def build_wheel(folder: Path) -> Path:
    """Build the wheel in ``folder``."""
    finished = subprocess.run(
        [*BUILD, "--wheel-dir", folder, copy_sources(folder)], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def unpack(wheel: Path, folder: Path) -> Path:
    """Where the wheel lies unpacked, as pip would have left it."""
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder
