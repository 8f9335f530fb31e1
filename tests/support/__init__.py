"""What the tests share: each helper once, by what it stands for."""

from __future__ import annotations

from docs.generator import DOCS, ROOT

__all__ = ["DOCS", "ROOT"]
