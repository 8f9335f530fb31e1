"""The access token: only in memory, and sent only to this origin."""

from __future__ import annotations

from ...support.chromium.tabs import TabbedBrowser

PLACES = """async () => [
  JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie + name + location,
  JSON.stringify(ratchet) + Object.values(ratchet).map(String) + JSON.stringify(history.state),
  JSON.stringify(await indexedDB.databases()) + (await caches.keys()),
].join()"""


def test_token_is_in_memory_only(browser: TabbedBrowser) -> None:
    """No storage, cookie or property that script can read holds the access token."""
    (tab,) = browser.signed_in()
    token = tab.run("ratchet.token()")
    assert token.count(".") == 2
    assert token not in tab.run(PLACES)


def test_fetch_presents_the_token_to_this_origin(browser: TabbedBrowser) -> None:
    """A request to this origin carries the access token."""
    (tab,) = browser.signed_in()
    sent = tab.run("ratchet.fetch('/api/prices').then(response => response.json())")
    assert sent == {"authorization": f"Bearer {tab.run('ratchet.token()')}"}


def test_fetch_presents_nothing_to_another_origin(browser: TabbedBrowser) -> None:
    """A request to another origin goes out as it is, without the token."""
    (tab,) = browser.signed_in()
    elsewhere = f"http://localhost:{browser.wire.port}/api/prices"
    tab.run("url => ratchet.fetch(url).catch(() => {})", elsewhere)  # not for this page to read
    (asked,) = browser.wire.asked("GET /api/prices")
    assert b"localhost" in asked.head
    assert b"authorization" not in asked.head.lower()


def test_fetch_leaves_an_authorization_alone(browser: TabbedBrowser) -> None:
    """A request that brings its own Authorization keeps it."""
    (tab,) = browser.signed_in()
    script = "headers => ratchet.fetch('/api/prices', { headers }).then(response => response.json())"
    assert tab.run(script, {"Authorization": "Basic YTpi"}) == {"authorization": "Basic YTpi"}


def test_nobody_signed_in_asks_for_nothing(browser: TabbedBrowser) -> None:
    """Where nobody is signed in the client says so at once, and a request goes out without a token."""
    tab = browser.tab()
    assert tab.run("ratchet.ready") is None
    assert tab.run("ratchet.fetch('/api/orders').then(response => response.status)") == 401
    assert tab.run("ratchet.token()") is None
    assert browser.refreshes == 0


def test_session_is_found_again_after_a_reload(browser: TabbedBrowser) -> None:
    """A page that is loaded anew has its user again after one refresh."""
    (tab,) = browser.signed_in()
    tab.open()
    assert tab.run("ratchet.ready.then(user => user.username)") == "ada"
    assert browser.refreshes == 1
    assert tab.told == [{"type": "signedin", "user": "ada"}]
