"""The recipes of docs/client.md: a page that wakes with a cookie that has run out renews it first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Dialog, expect

from tests.support.chromium.node import installed
from tests.support.chromium.shop_opening import Shop
from tests.support.chromium.tabs import Tab, TabbedBrowser, eventually
from tests.support.chromium.wire import Wire
from tests.support.product.recipes import recipe
from tests.support.server.tcp_proxy import Fate

AN_HOUR = 3600
SOCKET = "GET /parts/socket"
HTMX = {"htmx2": "2.0.11", "htmx4": "4.0.1"}
VERSIONS = pytest.mark.parametrize("version", HTMX)
PARTS = """
  <button hx-get="/parts/part" hx-target="#part" hx-confirm="Really?">Show</button>
  <form hx-post="/parts/save" hx-target="#part"><input name="note" value="tea"><button>Save</button></form>
"""


@pytest.fixture
def saving(window: BrowserContext, wire: Wire) -> Iterator[Tab]:
    """A tab of a browser that saves files."""
    assert window.browser is not None
    context = window.browser.new_context(accept_downloads=True)
    yield Tab(context.new_page(), f"http://127.0.0.1:{wire.port}")
    context.close()


def page_with(browser: TabbedBrowser, *scripts: str) -> Tab:
    """A page with the tag, ada signed in, and these modules; they have found out who is signed in."""
    tab = browser.tab("forms")
    tab.sign_in_by_form("ada")
    tab.until("location.pathname === '/plain'")
    tab.open("kept")
    tab.page.add_script_tag(
        type="module",
        content='import { ratchet } from "/auth/keep.js"; await ratchet.token(); self.ratchet = ratchet;',
    )
    tab.until("self.ratchet")
    for script in scripts:
        tab.page.add_script_tag(type="module", content=script)
    return tab


def with_htmx(browser: TabbedBrowser, version: str, *scripts: str) -> Tab:
    """Such a page with two parts for htmx, of that version."""
    tab = page_with(browser, *scripts)
    tab.run("parts => document.body.insertAdjacentHTML('beforeend', parts)", PARTS)
    tab.page.add_script_tag(path=htmx(version))
    tab.until("self.htmx")
    tab.run("htmx.process(document.body)")
    return tab


def htmx(version: str) -> Path:
    """The file of htmx itself."""
    return installed({"htmx.org": HTMX[version]}) / "htmx.org" / "dist" / "htmx.min.js"


def sleep(tab: Tab, shop: Shop) -> None:
    """Close the lid for an hour: the cookie has run out, and the page wakes before any timer."""
    shop.turn_clock(AN_HOUR)
    tab.turn_clocks(wall=AN_HOUR)


@VERSIONS
def test_htmx_waits_for_the_renewal(browser: TabbedBrowser, shop: Shop, version: str) -> None:
    """A button and a form renew first and are sent once; hx-confirm still asks its question."""
    tab = with_htmx(browser, version, recipe(version))
    questions: list[str] = []

    def agree(dialog: Dialog) -> None:
        questions.append(dialog.message)
        dialog.accept()

    tab.page.on("dialog", agree)
    before = shop.turned_away
    sleep(tab, shop)
    tab.page.get_by_role("button", name="Show").click()
    expect(tab.page.locator("#part")).to_have_text("ada")
    sleep(tab, shop)
    tab.page.get_by_role("button", name="Save").click()
    expect(tab.page.locator("#part")).to_have_text("ada: tea")
    assert questions == ["Really?"]
    assert shop.turned_away == before
    assert len(browser.wire.asked("POST /parts/save")) == 1


@VERSIONS
def test_htmx_without_the_recipe_is_refused(browser: TabbedBrowser, shop: Shop, version: str) -> None:
    """The same form without the recipe meets the expired cookie, so the test above would notice."""
    tab = with_htmx(browser, version)
    before = len(shop.turned_away)
    sleep(tab, shop)
    with tab.page.expect_response("**/parts/save") as reply:
        tab.page.get_by_role("button", name="Save").click()
    assert reply.value.status == 401
    assert shop.turned_away[before:] == ["/parts/save"]


@pytest.mark.parametrize(("kind", "place"), [("stream", "#prices"), ("socket", "#words")])
def test_stream_and_socket_wait_for_the_renewal(
    browser: TabbedBrowser, shop: Shop, kind: str, place: str
) -> None:
    """A page that wakes opens them with a good cookie."""
    tab = page_with(browser)
    before = shop.turned_away
    sleep(tab, shop)
    tab.page.add_script_tag(type="module", content=over_http(kind))
    expect(tab.page.locator(place)).to_have_text("ada")
    assert shop.turned_away == before


def test_stream_begins_anew(browser: TabbedBrowser) -> None:
    """A stream that is refused while the server is busy is opened again."""
    tab = page_with(browser)
    tab.page.route("**/parts/stream", lambda route: route.fulfill(status=503))
    with tab.page.expect_response("**/parts/stream"):
        tab.page.add_script_tag(type="module", content=over_http("stream"))
    tab.page.unroute_all()
    expect(tab.page.locator("#prices")).to_have_text("ada")


def test_socket_begins_anew(browser: TabbedBrowser) -> None:
    """A socket whose connection is cut is opened again."""
    tab = page_with(browser)
    with browser.wire.losing(SOCKET, Fate.CUT):
        tab.page.add_script_tag(type="module", content=over_http("socket"))
        eventually(lambda: browser.wire.asked(SOCKET))
    expect(tab.page.locator("#words")).to_have_text("ada")


def test_picture_waits_for_the_renewal(browser: TabbedBrowser, shop: Shop) -> None:
    """A picture that is added after token() is there."""
    tab = page_with(browser)
    before = shop.turned_away
    sleep(tab, shop)
    script = """async () => {
      await ratchet.token();
      const picture = new Image();
      picture.src = "/parts/picture";
      await picture.decode();
      return picture.width;
    }"""
    assert tab.run(script) == 9
    assert shop.turned_away == before


@pytest.mark.parametrize("attribute", ["", "download"])
def test_download_continues(saving: Tab, shop: Shop, attribute: str) -> None:
    """A link to a file renews by continuing and saves the file, without the tag."""
    saving.open("forms").sign_in_by_form("ada")
    saving.until("location.pathname === '/plain'")
    shop.turn_clock(AN_HOUR)
    link = f"<a href='/parts/export' {attribute}>Save the orders</a>"
    saving.run("link => document.body.insertAdjacentHTML('beforeend', link)", link)
    with saving.page.expect_download() as saved:
        saving.page.get_by_role("link").click()
    assert saved.value.suggested_filename == "orders.csv"
    assert Path(saved.value.path()).read_text() == "order,42\n"


def test_end_of_the_session_loads_the_page_anew(browser: TabbedBrowser) -> None:
    """A sign-out in another tab reaches the page, which is loaded anew, once."""
    tab = page_with(browser)
    loads = len(browser.wire.asked("GET /kept"))
    browser.tab("forms").sign_out_by_form()
    tab.until("!self.ratchet && document.readyState === 'complete'")
    tab.page.wait_for_timeout(500)  # for a second time, which must not come
    assert len(browser.wire.asked("GET /kept")) == loads + 1


def over_http(kind: str) -> str:
    """That recipe, for a shop that is served over plain http and a test that does not wait five seconds."""
    return recipe(kind).replace("wss://", "ws://").replace("5000", "500")
