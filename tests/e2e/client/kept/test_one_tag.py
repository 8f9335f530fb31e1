"""One script tag: what a page loads later never meets an access cookie that has run out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.chromium.node import installed
from tests.support.chromium.shop import PAGES
from tests.support.chromium.shop_opening import Shop, open_shop
from tests.support.chromium.tabs import Tab, TabbedBrowser, eventually
from tests.support.chromium.wire import Wire, wire_to
from tests.support.product.recipes import recipe

ACCESS_SECONDS = 8
HTMX = {"htmx.org": "2.0.11"}
LOADING = """() => {
  self.loaded = { picture: 0, event: 0, word: 0, part: 0 };
  const again = (load) => load().finally(() => setTimeout(again, 400, load));
  again(async () => {
    const picture = new Image();
    picture.src = `/parts/picture?${Math.random()}`;
    await picture.decode().then(() => loaded.picture++, () => {});
  });
  again(() => new Promise((done) => {
    const socket = new WebSocket(`ws://${location.host}/parts/socket`);
    socket.onmessage = () => loaded.word++;
    socket.onclose = done;
  }));
  new EventSource("/parts/stream").onmessage = () => loaded.event++;
  document.addEventListener("htmx:afterSwap", () => loaded.part++);
  const part = document.querySelector("#part");
  part.setAttribute("hx-get", "/parts/part");
  part.setAttribute("hx-trigger", "every 400ms");
  htmx.process(part);
}"""


@pytest.fixture(scope="module")
def hasty_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose access tokens run out after eight seconds."""
    settings = {"FLASK_RATCHET_ACCESS_TTL": str(ACCESS_SECONDS), "FLASK_RATCHET_LEEWAY": "2"}
    with open_shop(tmp_path_factory.mktemp("hasty"), **settings) as opened:
        yield opened


@pytest.fixture
def wire(hasty_shop: Shop) -> Iterator[Wire]:
    """A wire to that shop."""
    with wire_to(hasty_shop.port) as wire:
        yield wire


def loading(browser: TabbedBrowser, page: str) -> Tab:
    """A tab where ada is signed in, which loads parts of every kind again and again."""
    tab = browser.tab("forms")
    tab.sign_in_by_form("ada")
    tab.until("location.pathname === '/plain'")
    tab.open(page).page.add_script_tag(path=installed(HTMX) / "htmx.org" / "dist" / "htmx.min.js")
    tab.run(LOADING)
    return tab


@pytest.mark.parametrize("hidden", [False, True], ids=["in sight", "hidden"])
def test_nothing_meets_an_expired_cookie(browser: TabbedBrowser, hasty_shop: Shop, *, hidden: bool) -> None:
    """htmx, pictures, a stream and sockets are never refused, over two lives of an access token."""
    before = hasty_shop.turned_away
    tab = loading(browser, "kept")
    if hidden:
        browser.tab_in_front_of(tab)
    tab.page.wait_for_timeout(2 * ACCESS_SECONDS * 1000)  # a token has to run out by itself
    loaded: dict[str, int] = tab.run("loaded")
    assert hasty_shop.turned_away == before
    assert min(loaded.values()) >= ACCESS_SECONDS, loaded
    assert browser.refreshes >= 2


def test_without_the_tag_they_are_refused(browser: TabbedBrowser, hasty_shop: Shop) -> None:
    """Each kind of part is refused on a page without the tag, so the test above would notice."""
    before = len(hasty_shop.turned_away)
    loading(browser, "plain")
    parts = {"/parts/part", "/parts/picture", "/parts/stream", "/parts/socket"}
    eventually(lambda: set(hasty_shop.turned_away[before:]) == parts)
    assert browser.refreshes == 0


def test_page_of_this_test_has_the_tag_of_the_docs() -> None:
    """What keeps it is the one line that docs/client.md shows."""
    assert (PAGES / "kept.html").read_text().count(recipe("kept").strip()) == 1
