"""Strict JSON (RFC 8259): UTF-8, unique keys, finite numbers, whole characters, limited nesting."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, NoReturn

MAX_DEPTH = 16


def loads(raw: bytes) -> Any:
    """The value of ``raw``; ValueError for everything that two parsers could read differently."""
    try:
        value = _DECODER.decode(raw.decode())
    except RecursionError as error:
        raise ValueError("nests too deep") from error
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        _check_depth(value, MAX_DEPTH)
    if b"\\u" in raw:
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no character
    return value


def dumps(value: object) -> bytes:
    """The canonical form of ``value``: sorted keys, no space, ASCII."""
    return _ENCODER.encode(value).encode()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("a key is repeated")
    return named


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not isfinite(value):
        raise ValueError("a number is out of range")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)
_ENCODER = json.JSONEncoder(separators=(",", ":"), sort_keys=True)


def _check_depth(value: object, left: int) -> None:
    if left < 0:
        raise ValueError("nests too deep")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in inner:
        _check_depth(part, left - 1)
