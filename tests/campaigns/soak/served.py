"""How gunicorn serves a soak: the settings of the site, and each worker says when it can take requests."""

from __future__ import annotations

import os
from pathlib import Path
from runpy import run_path
from typing import Any

globals().update(run_path("gunicorn.conf.py"))


def post_worker_init(worker: Any) -> None:
    """The application is loaded."""
    Path(os.environ["SOAK_READY"], str(worker.pid)).touch()
