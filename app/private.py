"""Files that only the site's own account can read: its folder, its database."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

FOLDER, FILE = 0o700, 0o600
BESIDE_SQLITE = ("", "-wal", "-shm")
"""The suffixes of SQLite's files for one database; SQLite gives new ones the mode of the first."""

_log = logging.getLogger(__name__)


def folder(path: Path) -> None:
    """Make a folder that no other account can enter, with any umask; see ``_tighten`` for an old one."""
    path.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    _tighten(path, FOLDER)


def sqlite(path: Path) -> None:
    """Make an empty database file that no other account can read, with any umask, if its folder exists."""
    if not path.parent.is_dir():
        return
    path.touch(mode=FILE, exist_ok=True)
    for suffix in BESIDE_SQLITE:
        _tighten(path.with_name(path.name + suffix), FILE)


def _tighten(path: Path, mode: int) -> None:
    """Set ``mode`` on our own file if every account can read it, and log that.

    A mode for the group was set on purpose, so it stays; a mode for everybody is the usual umask.
    """
    try:
        found = path.stat()
        if not found.st_mode & stat.S_IRWXO or found.st_uid != os.geteuid():
            return
        path.chmod(mode)
    except OSError:  # gone, or on a file system without modes
        return
    _log.warning("every account of this machine could read %s; now only its owner can", path)
