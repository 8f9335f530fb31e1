"""Reads the body of a request, JSON or a form, strictly. Every problem is InvalidRequest, never a 500."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from flask import request

from .. import strict_json
from ..errors import InvalidRequest, UnsupportedMediaType
from ..routing.media_types import FORM, JSON
from . import stream
from .services import services

MAX_PARAMETERS = 64
"""The most parameters in a form. A body has room for thousands; parsing them would take some milliseconds."""


class Body:
    """The fields of a body. Unknown ones are ignored, known ones have the right type or are refused."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def text(self, name: str) -> str | None:
        """A text field, or None where it is absent."""
        value = self._fields.get(name)
        if name in self._fields and not isinstance(value, str):
            raise InvalidRequest("{name} has to be text.", name=name)
        return value

    def needed(self, name: str) -> str:
        """A text field that has to be there."""
        value = self.text(name)
        if value is None:
            raise InvalidRequest("{name} is missing.", name=name)
        return value

    def flag(self, name: str) -> bool:
        """A true or false field, false where it is absent."""
        value = self._fields.get(name, False)
        if not isinstance(value, bool):
            raise InvalidRequest("{name} has to be true or false.", name=name)
        return value

    def choice(self, name: str, *choices: str) -> str:
        """A field with one of these values, the first where it is absent."""
        value = self._fields.get(name, choices[0])
        if not isinstance(value, str) or value not in choices:
            raise InvalidRequest("{name} has to be one of: {choices}.", name=name, choices=", ".join(choices))
        return value


def read_body() -> Body:
    """The body of the current request.

    An empty body has no fields. A field that is ``null`` counts as absent.
    """
    raw = stream.take()
    if not raw:
        return Body({})
    _check_media_type(JSON)
    try:
        fields = strict_json.loads(raw)
    except ValueError as error:
        raise InvalidRequest("The body is not proper JSON.") from error
    if not isinstance(fields, dict):
        raise InvalidRequest("The body has to be a JSON object.")
    return Body({name: value for name, value in fields.items() if value is not None})


def read_form() -> Body:
    """The form in the body of the current request; an empty one has no fields (RFC 6749, section 3.2).

    A parameter without a value counts as absent, and none may come twice: two programs that read
    one request must not see two different tokens.
    """
    pairs = _pairs(stream.take())
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise InvalidRequest("A parameter comes twice.")
    return Body({name: value for name, value in fields.items() if value})


def check_delivery(delivery: str) -> str:
    """The delivery of refresh tokens; InvalidRequest for the body if the site allows only cookies.

    Raises ValueError if it is none.
    """
    if delivery not in ("cookie", "body"):
        raise ValueError(f"delivery is 'cookie' or 'body', not {delivery!r}")
    if delivery == "body" and not services().settings.body_delivery:
        raise InvalidRequest("This site keeps refresh tokens only in cookies.")
    return delivery


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    """The parameters of a form; from Flask if a hook of the host has already read the body."""
    if not raw:
        return list(request.form.items(multi=True))
    _check_media_type(FORM)
    try:
        return parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError as error:
        raise InvalidRequest("The form is not proper UTF-8, or has too many parameters.") from error


def _check_media_type(wanted: str) -> None:
    if request.mimetype != wanted:
        raise UnsupportedMediaType("This URL accepts only {media_type}.", media_type=wanted)
