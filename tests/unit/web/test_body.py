"""A request's body, JSON or a form: what is read, what is refused, and with which error."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.auth.errors import ContentTooLarge, InvalidRequest, RatchetError, UnsupportedMediaType
from app.auth.routing.media_types import FORM
from app.auth.web.body import Body, read_body, read_form
from app.auth.web.stream import MAX_BODY

APP = Flask(__name__)
JSON = "application/json"


def read(raw: bytes, media_type: str | None = JSON) -> Body:
    """The body of a request that brings these bytes."""
    with APP.test_request_context(method="POST", data=raw, content_type=media_type):
        return read_body()


def sized(size: int) -> bytes:
    """A proper body of so many bytes."""
    frame = b'{"a":""}'
    return frame[:-2] + b"x" * (size - len(frame)) + frame[-2:]


@pytest.mark.parametrize(
    ("raw", "media_type"),
    [
        pytest.param(b'{"a": "b"}', JSON, id="JSON"),
        pytest.param(b'{"a": "b"}', "application/json; charset=utf-8", id="JSON that names its encoding"),
        pytest.param(b'{"a": "b"}', "Application/JSON", id="the media type in another case"),
        pytest.param(b' {"a": "b"}\r\n', JSON, id="space around"),
        pytest.param(b'{"is_admin": true, "sessions": [], "a": "b"}', JSON, id="fields nobody asked for"),
    ],
)
def test_an_object_is_read(raw: bytes, media_type: str) -> None:
    """Fields that are not asked for are ignored."""
    assert read(raw, media_type).needed("a") == "b"


@pytest.mark.parametrize("media_type", [None, JSON, "text/plain"], ids=["none", "JSON", "text"])
def test_an_empty_body_has_no_fields(media_type: str | None) -> None:
    """A refresh by cookie needs no body, whatever its client calls it."""
    assert "a" not in read(b"", media_type)


@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json5",
        "application/problem+json",
        "application/json, text/plain",
        "",
    ],
)
def test_another_media_type_is_refused(media_type: str | None) -> None:
    """A form of another site can send text, and never JSON that calls itself so."""
    with pytest.raises(UnsupportedMediaType):
        read(b'{"a": "b"}', media_type)


NO_OBJECTS: list[Any] = [
    pytest.param(b"null", id="null"),
    pytest.param(b"[]", id="a list"),
    pytest.param(b'[{"a": "b"}]', id="a list of objects"),
    pytest.param(b'"a"', id="text"),
    pytest.param(b"5", id="a number"),
    pytest.param(b"true", id="true"),
]
NO_JSON: list[Any] = [
    pytest.param(b" ", id="a space"),
    pytest.param(b"a=b", id="a form"),
    pytest.param(b"{", id="cut short"),
    pytest.param(b'{"a": "b"}{"a": "b"}', id="two objects"),
    pytest.param(b'{"a": "b", "a": "c"}', id="a field twice"),
    pytest.param(b"[" * 1000, id="1,000 brackets"),
    pytest.param(b'{"a":' * 1000 + b"1" + b"}" * 1000, id="1,000 objects in one another"),
    pytest.param(b'{"a": ' + b"9" * 5000 + b"}", id="5,000 digits"),
    pytest.param(b'{"a": NaN}', id="NaN"),
    pytest.param(b'{"a": 1e999}', id="a number beyond all floats"),
    pytest.param(b'\xef\xbb\xbf{"a": "b"}', id="a byte order mark"),
    pytest.param('{"a": "b"}'.encode("utf-16"), id="UTF-16"),
    pytest.param(b'{"a": "\xff"}', id="broken UTF-8"),
    pytest.param(rb'{"a": "\ud800"}', id="half a surrogate pair"),
    pytest.param(b'{"a": "\x00"}', id="a bare NUL"),
]


@pytest.mark.parametrize("raw", [*NO_OBJECTS, *NO_JSON])
def test_anything_but_an_object_is_refused(raw: bytes) -> None:
    """Each of these is a 400, and nothing else."""
    with pytest.raises(InvalidRequest) as refusal:
        read(raw)
    assert refusal.value.status == 400


def test_the_largest_body_is_read() -> None:
    """16 KiB and not a byte more."""
    assert MAX_BODY == 16_384
    assert read(sized(MAX_BODY)).needed("a")
    with pytest.raises(ContentTooLarge):
        read(sized(MAX_BODY + 1))


def test_a_megabyte_is_refused_before_it_is_read() -> None:
    """Whatever it holds and whatever it is called."""
    for media_type in (JSON, "text/plain", None):
        with pytest.raises(ContentTooLarge):
            read(b"x" * 1_000_000, media_type)


BODY = Body({"text": "b", "empty": "", "yes": True, "no": False, "null": None, "number": 1, "list": ["b"]})


def test_a_text_field_is_text_or_absent() -> None:
    """Empty text is text."""
    assert (BODY.text("text"), BODY.text("empty"), BODY.text("absent")) == ("b", "", None)
    assert (BODY.needed("text"), BODY.needed("empty")) == ("b", "")


def test_a_flag_is_true_or_false_and_false_where_absent() -> None:
    """Nothing else counts as either."""
    assert (BODY.flag("yes"), BODY.flag("no"), BODY.flag("absent")) == (True, False, False)


def test_a_choice_is_one_of_those_given_and_the_first_where_absent() -> None:
    """The first one is the default."""
    assert (BODY.choice("text", "a", "b"), BODY.choice("absent", "a", "b")) == ("b", "a")


def test_a_field_that_is_null_is_there() -> None:
    """Null is a wrong value, not an absent one."""
    assert "null" in BODY
    assert "absent" not in BODY


@pytest.mark.parametrize("name", ["null", "number", "list", "yes"])
@pytest.mark.parametrize("ask", [Body.text, Body.needed, lambda body, name: body.choice(name, "a", "b")])
def test_a_field_that_is_no_text_is_refused_by_name(name: str, ask: Any) -> None:
    """The sentence says which field it is."""
    with pytest.raises(RatchetError, match=f"{name} has to be") as refusal:
        ask(BODY, name)
    assert (refusal.value.code, refusal.value.status) == ("invalid_request", 400)


@pytest.mark.parametrize("name", ["null", "number", "list", "text", "empty"])
def test_a_field_that_is_no_flag_is_refused_by_name(name: str) -> None:
    """``1`` and ``"true"`` are not true."""
    with pytest.raises(InvalidRequest, match=f"{name} has to be true or false"):
        BODY.flag(name)


def test_a_needed_field_that_is_absent_is_named() -> None:
    """So that a person sees what is missing."""
    with pytest.raises(InvalidRequest, match=r"absent is missing\."):
        BODY.needed("absent")


@pytest.mark.parametrize("name", ["text", "empty"])
def test_a_choice_that_is_not_given_names_those_that_are(name: str) -> None:
    """So that a person sees what would do."""
    with pytest.raises(InvalidRequest, match=f"{name} has to be one of: c, d"):
        BODY.choice(name, "c", "d")


def form(raw: bytes, media_type: str | None = FORM) -> Body:
    """The form of a request that brings these bytes."""
    with APP.test_request_context(method="POST", data=raw, content_type=media_type):
        return read_form()


@pytest.mark.parametrize(
    ("raw", "media_type", "value"),
    [
        pytest.param(b"a=b", FORM, "b", id="a form"),
        pytest.param(b"a=b", f"{FORM}; charset=utf-8", "b", id="a form that names its encoding"),
        pytest.param(b"a=b", FORM.title(), "b", id="the media type in another case"),
        pytest.param(b"a=b+c%20d%2B", FORM, "b c d+", id="space and plus"),
        pytest.param(b"a=b=c", FORM, "b=c", id="a second equals sign"),
        pytest.param(b"&a=b&", FORM, "b", id="parameters of nothing"),
        pytest.param("a=é".encode(), FORM, "é", id="UTF-8 as it is"),
        pytest.param(b"a=%C3%A9", FORM, "é", id="UTF-8 in percent"),
        pytest.param(b"a=%00", FORM, "\0", id="a NUL, which is a letter like others"),
        pytest.param(b"a=%zz%", FORM, "%zz%", id="percent and no digits"),
        pytest.param(b"a=", FORM, None, id="no value"),
        pytest.param(b"a", FORM, None, id="no equals sign"),
        pytest.param(b"A=b", FORM, None, id="another case"),
        pytest.param(b"", None, None, id="nothing"),
    ],
)
def test_a_form_is_read(raw: bytes, media_type: str | None, value: str | None) -> None:
    """A parameter is text; without a value it counts as absent (RFC 6749, section 3.2)."""
    assert form(raw, media_type).text("a") == value


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"a=b&a=b", id="a parameter twice"),
        pytest.param(b"a=b&a=", id="a parameter twice, once without a value"),
        pytest.param(b"a=b&%61=c", id="a parameter twice, spelt differently"),
        pytest.param(b"a=b&c=d&c=d", id="another parameter twice"),
        pytest.param(b"a=%ff", id="broken UTF-8 in percent"),
        pytest.param(b"a=\xff", id="broken UTF-8"),
        pytest.param(b"%ff=a", id="broken UTF-8 in a name"),
        pytest.param(b"a=%ED%A0%80", id="half a surrogate pair"),
    ],
)
def test_a_form_that_can_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    """Each of these is a 400, and nothing else."""
    with pytest.raises(InvalidRequest) as refusal:
        form(raw)
    assert refusal.value.status == 400


@pytest.mark.parametrize("media_type", [None, JSON, "text/plain", "multipart/form-data; boundary=x", ""])
def test_a_form_of_another_media_type_is_refused(media_type: str | None) -> None:
    """What is not called a form is none."""
    with pytest.raises(UnsupportedMediaType):
        form(b"a=b", media_type)


def test_a_large_form_is_refused() -> None:
    """The limit is that of JSON."""
    assert form(b"a=" + b"b" * (MAX_BODY - 2)).needed("a")
    with pytest.raises(ContentTooLarge):
        form(b"a" * (MAX_BODY + 1))
