"""The client learns from its server what the cookie with the mark is called, and where the routes are."""

from __future__ import annotations

import pytest
from flask import Flask

from app.auth.pages import script
from tests.support.sites import MakeSite


@pytest.mark.parametrize(("name", "mark"), [("refreshToken", "signedIn"), ("shop", "shopSignedIn")])
def test_served_module_has_the_name_of_the_site(make_site: MakeSite, name: str, mark: str) -> None:
    """Two sites serve two modules, each under an address of its own."""
    site = make_site(RATCHET_COOKIE_NAME=name)
    source = site.test_client().get("/auth/ratchet.js").get_data(as_text=True)
    assert source.count(f'const COOKIE = "{mark}";') == 1


def test_address_of_the_module_follows_the_name(site: Flask, make_site: MakeSite) -> None:
    """A module that is kept for good is not taken for another site's."""
    addresses = set()
    for one in (site, make_site(RATCHET_COOKIE_NAME="shop")):
        with one.test_request_context():
            address = script.script_url()
        assert "immutable" in one.test_client().get(address).headers["Cache-Control"]
        addresses.add(address)
    assert len(addresses) == 2


@pytest.mark.parametrize("prefix", ["/auth", "/my"])
def test_served_module_finds_the_routes_beside_it(make_site: MakeSite, prefix: str) -> None:
    """Its own address says where they are; a copy of the file that somebody bundles says /auth."""
    site = make_site(RATCHET_URL_PREFIX=prefix)
    source = site.test_client().get(f"{prefix}/ratchet.js").get_data(as_text=True)
    assert source.count('const PREFIX = new URL(".", import.meta.url).href;') == 1


@pytest.mark.parametrize("name", ["refreshToken", "shop"])
def test_tag_takes_the_module_that_is_kept_for_good(make_site: MakeSite, name: str) -> None:
    """The one tag imports the client by the URL that script_url gives, and is asked for anew each time."""
    site = make_site(RATCHET_COOKIE_NAME=name)
    with site.test_request_context():
        address = script.script_url()
    browser = site.test_client()
    reply = browser.get("/auth/keep.js")
    assert address == "/auth/" + reply.text.partition('from "./')[2].partition('"')[0]
    assert reply.headers["Cache-Control"] == "no-cache"
    assert browser.get("/auth/keep.js", headers={"If-None-Match": reply.headers["ETag"]}).status_code == 304
