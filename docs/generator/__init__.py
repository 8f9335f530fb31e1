"""What the documentation says of the code is written from the code: ``python -m docs.generator``."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "app" / "auth"
DOCS = ROOT / "docs"
