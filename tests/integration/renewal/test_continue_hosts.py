"""Continue where hosts hang their sites: below a path prefix, on subdomains, signing in by an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from flask import Flask, redirect
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import TestResponse

from app.auth import Ratchet, SettingsError
from tests.support.browser import Browser, set_cookies
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Stranger, drop_tables
from tests.support.samples import SECRET
from tests.support.sites import HASH, MakeSite

from ...support.hosts.strangers import numbered

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "document"}
APEX, TENANT = "http://example.test", "http://acme.example.test"
SHARED = {"RATCHET_COOKIE_DOMAIN": "example.test"}


class Tenants:
    """A host that serves each tenant on a subdomain, by a route of its app."""

    def __init__(self, url: str, clock: Clock, **further: Any) -> None:
        self.db = SQLAlchemy()
        self.model = numbered(self.db)
        self.app = app = Flask(__name__, subdomain_matching=True)
        app.config.from_mapping(
            TESTING=True,
            SECRET_KEY=SECRET,
            SQLALCHEMY_DATABASE_URI=url,
            SERVER_NAME="example.test",
            RATCHET_COOKIE_SECURE=False,
            RATCHET_LOGIN_URL="/sign-in",
        )
        app.config.from_mapping(further)
        self.db.init_app(app)
        self.ratchet = ratchet = Ratchet(app, db=self.db, user_model=self.model, clock=clock)

        @app.route("/account", subdomain="<tenant>", methods=["GET", "POST"])
        @ratchet.required
        def account(tenant: str) -> str:
            return tenant

        @app.get("/account")
        @ratchet.required
        def apex_account() -> str:
            return "apex"

        @app.post("/sign-in")
        @app.post("/sign-in", subdomain="<tenant>")
        def sign_in(tenant: str = "") -> ResponseReturnValue:  # noqa: ARG001  # the route gives it
            ratchet.start_session(self.db.session.scalars(self.db.select(self.model)).one())
            return redirect(ratchet.next_page(), 303)

        @app.get("/door", subdomain="accounts")
        def door() -> str:
            return "sign in"

        with app.app_context():
            self.db.create_all()
            self.db.session.add(self.model(email="grace@example.org", password_hash=HASH))
            self.db.session.commit()

    def open(self, url: str, cookies: Mapping[str, str], method: str = "GET", **headers: str) -> TestResponse:
        """A navigation to this address."""
        parts = urlsplit(url)
        return self.app.test_client(use_cookies=False).open(
            f"{parts.path}?{parts.query}",
            method=method,
            base_url=f"{parts.scheme}://{parts.netloc}",
            headers=NAVIGATION | {"Cookie": "; ".join(map("=".join, cookies.items()))} | headers,
        )

    def signed_in(self) -> dict[str, str]:
        """The cookies of a visitor who has signed in on the apex."""
        return values(self.open(f"{APEX}/sign-in", {}, "POST"))

    def leave(self) -> None:
        """Take the tables away."""
        drop_tables(self.app, self.db)


def values(reply: TestResponse) -> dict[str, str]:
    """The cookies that a reply sets, name to value."""
    return {name: cookie["value"] for name, cookie in set_cookies(reply).items()}


@pytest.fixture
def make_tenants(database: str, clock: Clock, request: pytest.FixtureRequest) -> Any:
    """Make a host with tenants; further settings by keyword."""

    def make(**further: Any) -> Tenants:
        tenants = Tenants(database, clock, **further)
        request.addfinalizer(tenants.leave)
        return tenants

    return make


@pytest.fixture
def below(make_stranger: MakeStranger) -> Stranger:
    """A stranger's app that a proxy has hung below a path, and says so."""
    stranger = make_stranger(RATCHET_LOGIN_URL="door")
    stranger.add_user()
    ratchet = stranger.ratchet

    @stranger.app.route("/sign-in", endpoint="door", methods=["GET", "POST"])
    def sign_in() -> ResponseReturnValue:
        ratchet.start_session(stranger.db.session.scalars(stranger.db.select(stranger.model)).one())
        return redirect(ratchet.next_page(), 303)

    stranger.app.wsgi_app = ProxyFix(stranger.app.wsgi_app, x_prefix=1)  # type: ignore[method-assign]
    return stranger


@pytest.mark.parametrize(
    ("prefix", "home"),
    [
        pytest.param("", "/", id="no prefix"),
        pytest.param("/shop", "/shop/", id="a prefix"),
        pytest.param("/shop/", "/shop/", id="a prefix with a slash at its end"),
        pytest.param("/a/b", "/a/b/", id="a longer prefix"),
    ],
)
def test_the_front_door_is_below_the_prefix(below: Stranger, prefix: str, home: str) -> None:
    """Who signs in without ``next``, or with one that leads elsewhere, comes to the root of this site."""
    root = home.removesuffix("/")
    for query in ("", "?next=", "?next=//evil.example", f"?next={root}/auth/continue", "?next=account"):
        reply = below.app.test_client().post(f"/sign-in{query}", headers={"X-Forwarded-Prefix": prefix})
        assert reply.location == home
    reply = below.app.test_client().post(
        f"/sign-in?next={root}/account", headers={"X-Forwarded-Prefix": prefix}
    )
    assert reply.location == f"{root}/account"


@pytest.mark.parametrize("root", ["", "/shop"])
def test_sign_in_page_can_be_an_endpoint(below: Stranger, root: str) -> None:
    """Its route may come after Ratchet; the address is below the prefix."""
    reply = below.app.test_client().get(
        "/auth/continue?next=/private", headers=NAVIGATION | {"X-Forwarded-Prefix": root}
    )
    assert (reply.status_code, reply.location) == (303, f"{root}/sign-in?next=%2Fprivate")


def test_sign_in_page_can_be_an_endpoint_of_a_blueprint(make_site: MakeSite) -> None:
    """As Flask writes it: with the name of the blueprint in front."""
    site = make_site(RATCHET_LOGIN_URL="site.sign_in")
    reply = Browser(site).client.get("/auth/continue?next=/account", headers=NAVIGATION)
    assert reply.location == "/sign-in?next=%2Faccount"


def test_an_endpoint_that_nobody_has_is_named(make_site: MakeSite) -> None:
    """The first page that needs it fails, and the error names the key and the value."""
    site = make_site(RATCHET_LOGIN_URL="site.sing_in")
    with pytest.raises(SettingsError, match=r"^RATCHET_LOGIN_URL is 'site.sing_in': .* mean 'site.sign_in'"):
        Browser(site).client.get("/auth/continue", headers=NAVIGATION)


def test_an_endpoint_with_values_takes_them_from_the_url_defaults(make_stranger: MakeStranger) -> None:
    """A site in several languages has its language in every path; without defaults the error names it."""

    def prepare(app: Flask) -> None:
        app.add_url_rule("/<language>/sign-in", "door", lambda language: language)

    stranger = make_stranger(RATCHET_LOGIN_URL="door", prepare=prepare)
    with pytest.raises(SettingsError, match=r"^RATCHET_LOGIN_URL is 'door': .*\['language'\]"):
        Browser(stranger.app).client.get("/auth/continue", headers=NAVIGATION)

    def prepare_both(app: Flask) -> None:
        prepare(app)
        app.url_defaults(lambda _endpoint, values: values.setdefault("language", "de"))

    stranger = make_stranger(RATCHET_LOGIN_URL="door", prepare=prepare_both)
    reply = Browser(stranger.app).client.get("/auth/continue?next=/open", headers=NAVIGATION)
    assert reply.location.partition("?")[0] == "/de/sign-in"


def test_continue_comes_back_to_the_subdomain(make_tenants: Any, clock: Clock) -> None:
    """A page of a tenant is sent to continue on the apex, renewed there, and comes back to that tenant."""
    tenants = make_tenants(**SHARED)
    cookies = tenants.signed_in()
    clock.advance(601)
    away = tenants.open(f"{TENANT}/account?a=b", cookies)
    assert (away.status_code, away.location) == (
        303,
        f"{APEX}/auth/continue?next={quote(f'{TENANT}/account?a=b', safe='')}",
    )
    back = tenants.open(away.location, cookies)
    assert (back.status_code, back.location) == (303, f"{TENANT}/account?a=b")
    assert tenants.open(back.location, values(back)).text == "acme"


def test_continue_within_the_apex_tells_a_path(make_tenants: Any, clock: Clock) -> None:
    """A page of the host that continue is on needs no more."""
    tenants = make_tenants(**SHARED)
    cookies = tenants.signed_in()
    clock.advance(601)
    away = tenants.open(f"{APEX}/account", cookies)
    assert away.location == "/auth/continue?next=%2Faccount"
    assert tenants.open(f"{APEX}{away.location}", cookies).location == "/account"


def test_signing_in_comes_back_to_the_subdomain(make_tenants: Any) -> None:
    """Where the session is over, the sign-in page of the apex gets the whole address, and keeps it."""
    tenants = make_tenants(**SHARED)
    away = tenants.open(tenants.open(f"{TENANT}/account", {}).location, {})
    assert away.location == f"/sign-in?next={quote(f'{TENANT}/account', safe='')}"
    assert tenants.open(f"{APEX}{away.location}", {}, "POST").location == f"{TENANT}/account"


@pytest.mark.parametrize("origin", [APEX, TENANT])
def test_sign_in_page_can_be_on_another_subdomain(make_tenants: Any, origin: str) -> None:
    """An endpoint leads to the host that its route is on, with the whole address to come back to."""
    tenants = make_tenants(RATCHET_LOGIN_URL="door", **SHARED)
    away = tenants.open(f"{origin}/account", {}).location
    away = tenants.open(away if away.startswith("http") else f"{APEX}{away}", {}).location
    assert away.partition("?")[0] == "http://accounts.example.test/door"
    assert parse_qs(urlsplit(away).query)["next"] == [f"{origin}/account"]


def test_form_of_a_subdomain_comes_back_to_its_page(make_tenants: Any, clock: Clock) -> None:
    """The apex would refuse a form of another origin; the visitor finds the form again, and is renewed."""
    tenants = make_tenants(**SHARED)
    cookies = tenants.signed_in()
    clock.advance(601)
    away = tenants.open(f"{TENANT}/account", cookies, "POST", Referer=f"{TENANT}/form")
    assert away.status_code == 303
    assert tenants.open(away.location, cookies).location == f"{TENANT}/form"


def test_subdomain_without_the_cookies_signs_in_itself(make_tenants: Any) -> None:
    """Continue on the apex cannot renew the cookies of a host that shares none: it would go in a circle."""
    tenants = make_tenants()
    assert tenants.open(f"{TENANT}/account", {}).location == "/sign-in?next=%2Faccount"


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("http://evil.example/account", id="another domain"),
        pytest.param("http://example.test.evil.example/", id="our domain in front of another one"),
        pytest.param("http://evilexample.test/", id="a name that ends like ours"),
        pytest.param("https://acme.example.test/", id="another scheme"),
        pytest.param("http://acme.example.test:81/", id="another port"),
        pytest.param("http://acme.example.test", id="no path"),
        pytest.param("http://acme.example.test@evil.example/", id="our domain as a user"),
        pytest.param("http://evil.example\\.example.test/", id="a backslash"),
        pytest.param("http://evil.example#.example.test/", id="a fragment"),
        pytest.param("http://evil.example?.example.test/", id="a query"),
        pytest.param("http:///acme.example.test/", id="three slashes"),
        pytest.param("http://.example.test/", id="an empty label"),
        pytest.param("http://acme..example.test/", id="an empty label within"),
        pytest.param(f"http://{'a' * 64}.example.test/", id="a label that is too long"),
        pytest.param("http:acme.example.test/", id="no slashes"),
        pytest.param("//acme.example.test/", id="no scheme"),
        pytest.param(" http://acme.example.test/", id="a blank in front"),
        pytest.param("http://acme.exam\tple.test/", id="a tab"),
        pytest.param("javascript://acme.example.test/%0aalert(1)", id="script"),
    ],
)
@pytest.mark.parametrize("path", ["/auth/continue", "/sign-in"])
def test_next_stays_on_hosts_that_share_the_cookies(make_tenants: Any, target: str, path: str) -> None:
    """What only looks like a subdomain leads to the front door."""
    tenants = make_tenants(**SHARED)
    method = "POST" if path == "/sign-in" else "GET"
    reply = tenants.open(f"{APEX}{path}?next={quote(target, safe='')}", tenants.signed_in(), method)
    assert (reply.status_code, reply.location) == (303, "/")


@pytest.mark.parametrize("rest", ["//evil.example", "/../x", "/auth/continue", "/\\evil.example"])
def test_path_on_a_subdomain_is_held_to_the_same_rule(make_tenants: Any, rest: str) -> None:
    """What is refused on one host is refused on the others."""
    tenants = make_tenants(**SHARED)
    reply = tenants.open(f"{APEX}/auth/continue?next={quote(TENANT + rest, safe='')}", tenants.signed_in())
    assert reply.location == f"{TENANT}/"


@pytest.mark.parametrize(
    "further",
    [
        pytest.param({}, id="cookies of one host"),
        pytest.param({"RATCHET_COOKIE_DOMAIN": "other.test"}, id="cookies of another domain"),
        pytest.param({"RATCHET_COOKIE_DOMAIN": ".eu.example.test"}, id="cookies of some subdomains"),
    ],
)
def test_host_without_the_cookies_is_no_place_to_go(make_tenants: Any, further: dict[str, str]) -> None:
    """Only a host that the browser sends the cookies to is as good as this one."""
    tenants = make_tenants(**further)
    reply = tenants.open(f"{APEX}/auth/continue?next={quote(f'{TENANT}/account')}", tenants.signed_in())
    assert reply.location == "/"


def test_site_on_one_host_keeps_to_paths(make_site: MakeSite) -> None:
    """SERVER_NAME and a domain for the cookies make no subdomains; Flask's ``subdomain_matching`` does."""
    site = make_site(SERVER_NAME="example.test", **SHARED)
    reply = site.test_client().get(
        f"/auth/continue?next={quote(f'{TENANT}/account')}", headers=NAVIGATION, base_url=APEX
    )
    assert reply.location == "/sign-in?next=%2F"
