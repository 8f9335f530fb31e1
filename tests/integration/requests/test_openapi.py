"""The OpenAPI document says of every route what the route does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.auth.api.blueprint import ROOT_ROUTES, ROUTES
from app.auth.api.openapi import HEADERS, MAX_AGE, VARIABLE
from app.auth.errors import RatchetError, SignInRefused
from app.auth.routing.routes import Route
from tests.support.browser import Browser, content
from tests.support.sites import MakeSite

METHODS = ("get", "head", "post", "delete", "put", "patch", "options")
UNDERSTOOD = frozenset({"head", "options"})
"""Methods that go without saying: HEAD where there is GET, OPTIONS everywhere."""

ADDRESS = "/auth/openapi.json"


def document(site: Flask, address: str = ADDRESS) -> dict[str, Any]:
    """The document of a site."""
    return content(site.test_client().get(address))


def errors_under(error: type[RatchetError]) -> Iterator[type[RatchetError]]:
    """The tree of errors, as a list."""
    yield error
    for below in error.__subclasses__():
        yield from errors_under(below)


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and description of every operation of a document."""
    for path, item in described["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


@pytest.mark.parametrize("page", [None, "/sign-in"], ids=["our page", "a page of the host"])
def test_every_route_is_described_and_nothing_else(make_bare_site: MakeSite, page: str | None) -> None:
    """The document has the methods and paths that the router takes for the blueprints, and no others.

    HEAD and OPTIONS are left out: a client generator would make a function of each.
    """
    bare_site = make_bare_site(RATCHET_LOGIN_URL=page)
    rules = [rule for rule in bare_site.url_map.iter_rules() if rule.endpoint.startswith("ratchet")]
    served = {
        (VARIABLE.sub(r"{\1}", rule.rule), method.lower()) for rule in rules for method in rule.methods or ()
    }
    described = {(path, method) for path, method, _ in operations(document(bare_site))}
    assert described == {one for one in served if one[1] not in UNDERSTOOD}


@pytest.mark.parametrize(
    "further",
    [{}, {"RATCHET_ACCESS_COOKIE": False}, {"RATCHET_LOGIN_URL": None}],
    ids=["cookie", "bearer only", "our page"],
)
def test_the_document_says_who_may_come(make_bare_site: MakeSite, further: dict[str, Any]) -> None:
    """A request without credentials is refused where the document asks for an access token or a secret.

    Nowhere else: so no guard stands in the document only, and none at a view only.
    """
    site = make_bare_site(**further)
    for path, method, described in operations(document(site)):
        reply = site.test_client().open(
            VARIABLE.sub("x", path.replace("{", "<").replace("}", ">")), method=method
        )
        closed = bool(described["security"]) and {} not in described["security"]
        assert ("WWW-Authenticate" in reply.headers) == closed, (path, method)


def test_every_operation_has_a_name_of_its_own(make_bare_site: MakeSite) -> None:
    """A client generator makes a function of each."""
    bare_site = make_bare_site(RATCHET_LOGIN_URL=None)
    names = [described.get("operationId", "") for *_, described in operations(document(bare_site))]
    assert len(set(names)) == len(names) == len(ROUTES) + len(ROOT_ROUTES)
    assert all(name.isidentifier() and name[-1] != "_" for name in names)


@pytest.mark.parametrize(
    "further",
    [
        {},
        {"RATCHET_URL_PREFIX": "/"},
        {"RATCHET_URL_PREFIX": "/api/session", "RATCHET_COOKIE_NAME": "rt", "RATCHET_BODY_DELIVERY": False},
        {"RATCHET_LOGIN_URL": None, "RATCHET_ACCESS_COOKIE": False},
    ],
    ids=["as it comes", "at the root", "other names, only cookies", "no page, no access cookie"],
)
def test_document_is_openapi(make_bare_site: MakeSite, further: dict[str, Any]) -> None:
    """It keeps to the schema of OpenAPI 3.1, whatever the settings are, and no reference leads nowhere."""
    prefix = str(further.get("RATCHET_URL_PREFIX", "/auth")).rstrip("/")
    described = document(make_bare_site(**further), f"{prefix}/openapi.json")
    OpenAPIV31SpecValidator(described).validate()
    assert f"{prefix}/login" in described["paths"]


def test_document_may_be_kept_for_a_while(bare_site: Flask) -> None:
    """It is the same for everybody."""
    reply = bare_site.test_client().get(ADDRESS)
    assert (reply.mimetype, reply.headers["Cache-Control"]) == (
        "application/json",
        f"public, max-age={MAX_AGE}",
    )


def test_document_names_what_the_site_answers(bare_site: Flask) -> None:
    """The methods of each path are those that its OPTIONS reply allows, beside HEAD and OPTIONS itself."""
    for path, item in document(bare_site)["paths"].items():
        allowed = Browser(bare_site).client.options(path.replace("{", "").replace("}", "")).allow
        described = {method for method in METHODS if method in item}
        understood = {"options", "head"} if "get" in described else {"options"}
        assert {method.upper() for method in described | understood} == set(allowed), path


def test_settings_show_in_the_document(make_bare_site: MakeSite) -> None:
    """Names, limits and deliveries are those of this site."""
    site = make_bare_site(
        RATCHET_COOKIE_NAME="rt",
        RATCHET_PASSWORD_MIN_LENGTH=20,
        RATCHET_BODY_DELIVERY=False,
        RATCHET_ACCESS_COOKIE=False,
    )
    described = document(site)
    parts = described["components"]
    assert described["paths"]["/auth/me"]["get"]["security"] == [{"bearer": []}]
    assert "accessCookie" not in parts["securitySchemes"]
    assert parts["securitySchemes"]["refreshCookie"]["name"] == "rt"
    assert parts["schemas"]["NewPassword"]["properties"]["new_password"]["minLength"] == 20
    assert parts["schemas"]["SignInByEmail"]["properties"]["delivery"]["anyOf"][0]["enum"] == ["cookie"]
    assert "RefreshGrant" not in parts["schemas"]


@pytest.mark.parametrize(
    "name",
    [
        *(f"SignInBy{name}" for name in ("Identifier", "Email", "Username")),
        *("RefreshGrant", "Refresh", "SignOut", "NewPassword", "NewSession"),
    ],
)
def test_a_field_that_may_be_absent_may_be_null(bare_site: Flask, name: str) -> None:
    """In every JSON body; a field that has to be there may not."""
    schema = document(bare_site)["components"]["schemas"][name]
    for field, described in schema["properties"].items():
        takes_null = {"type": "null"} in described.get("anyOf", ())
        assert takes_null == (field not in schema["required"]), field


def test_a_sign_in_has_a_name_for_each_form_of_its_body(bare_site: Flask) -> None:
    """So that a generated client has a type for each, and none whose name is a number."""
    bodies = document(bare_site)["components"]["schemas"]["SignIn"]["oneOf"]
    names = [one["$ref"].rpartition("/")[2] for one in bodies]
    assert names == ["SignInByIdentifier", "SignInByEmail", "SignInByUsername", "RefreshGrant"]


def test_nothing_in_the_document_bends_a_generated_client(bare_site: Flask) -> None:
    """No property in two spellings, none that has to be null, and no default, which makes it required."""
    for schema in document(bare_site)["components"]["schemas"].values():
        properties = schema.get("properties", {})
        spellings = {name.replace("_", "").lower() for name in properties}
        assert len(spellings) == len(properties)
        assert not schema.keys() & {"additionalProperties", "not"}
        assert not [name for name, one in properties.items() if one.get("type") == "null" or "default" in one]


def test_every_status_has_one_type_but_for_the_pages_of_continue(bare_site: Flask) -> None:
    """A client can read the body of a refusal without looking at its media type first."""
    for path, method, described in operations(document(bare_site)):
        for status, reply in described["responses"].items():
            assert len(reply["content"]) <= 1 or path == "/auth/continue", (path, method, status)


def test_every_error_is_named_where_it_can_come(bare_site: Flask) -> None:
    """The codes of the tree are those of the document, and each that a route can give stands there.

    A host that refuses sign-ins has codes of its own. What a view demands of claims is the host's business.
    """
    described = document(bare_site)
    codes = {error.code for error in errors_under(RatchetError)}
    known, hosts = described["components"]["schemas"]["Error"]["properties"]["error"]["anyOf"]
    assert (set(known["enum"]), hosts["pattern"]) == (codes, SignInRefused.spelling)
    named = {error.code for route in (*ROUTES, *ROOT_ROUTES) for error in route.refuses}
    assert codes - named == {"server_error", "method_not_allowed", "insufficient_scope"}


def test_nothing_in_the_tables_is_left_over(bare_site: Flask) -> None:
    """Every schema, header and parameter that is written down is used."""
    described = document(bare_site)
    parts = described["components"]
    assert parts["headers"].keys() == HEADERS.keys()
    for kind in ("schemas", "headers", "parameters"):
        assert parts[kind]
        for name in parts[kind]:
            assert f"'#/components/{kind}/{name}'" in str(described), name


def test_a_parameter_means_one_thing() -> None:
    """Routes that read a parameter of one name declare the same one: the document keeps one of each name."""
    declared = {one for route in (*ROUTES, *ROOT_ROUTES) for one in route.parameters}
    assert len({one.name for one in declared}) == len(declared)


@pytest.mark.parametrize("route", [*ROUTES, *ROOT_ROUTES], ids=lambda route: route.name)
def test_the_parts_of_a_path_are_declared(route: Route) -> None:
    """A route declares each part of its path that differs."""
    of_path = [one.name for one in route.parameters if one.location == "path"]
    assert of_path == VARIABLE.findall(route.path)


def test_a_mounted_site_says_where_it_is(bare_site: Flask) -> None:
    """Below another address the paths are relative to that."""
    reply = bare_site.test_client().get(ADDRESS, environ_overrides={"SCRIPT_NAME": "/shop"})
    assert content(reply)["servers"] == [{"url": "/shop"}]


@pytest.mark.parametrize("route", [*ROUTES, *ROOT_ROUTES], ids=lambda route: route.name)
def test_every_reply_says_what_it_means(route: Route) -> None:
    """In a sentence, as does every route."""
    replies = route.replies.values()
    assert all(words.endswith(".") for words in (route.summary, *(reply.description for reply in replies)))
