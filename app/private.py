"""Files that only the account of the site can read: its folder, its database."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

FOLDER, FILE = 0o700, 0o600
BESIDE_SQLITE = ("", "-wal", "-shm")
"""What SQLite writes for one database; a new file takes the mode of the first."""

_log = logging.getLogger(__name__)


def folder(path: Path) -> None:
    """Make a folder that nobody else can enter, whatever the umask; see ``_tighten`` for an old one."""
    path.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    _tighten(path, FOLDER)


def sqlite(path: Path) -> None:
    """Make an empty database file that nobody else can read, whatever the umask, where its folder is."""
    if not path.parent.is_dir():
        return
    path.touch(mode=FILE, exist_ok=True)
    for suffix in BESIDE_SQLITE:
        _tighten(path.with_name(path.name + suffix), FILE)


def _tighten(path: Path, mode: int) -> None:
    """Give what everybody can read, and is ours, ``mode``, and say so.

    A mode that lets in the group was chosen by somebody, so it stays; a usual umask lets in everybody.
    """
    try:
        found = path.stat()
        if not found.st_mode & stat.S_IRWXO or found.st_uid != os.geteuid():
            return
        path.chmod(mode)
    except OSError:  # gone, or on a file system without modes
        return
    _log.warning("every account of this machine could read %s; now only ours can", path)
