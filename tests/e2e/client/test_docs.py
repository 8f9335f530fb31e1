"""docs/client.md: what it shows works, and the figure in it is the size that was measured."""

from __future__ import annotations

import pytest

from tests.support import ROOT
from tests.support.browser import PASSWORD
from tests.support.product.documents import blocks_of

from ...support.chromium.tabs import Tab, TabbedBrowser

PAGE = ROOT / "docs" / "client.md"
BODY = """
  <form><input name="identifier"><input name="password" type="password"><button>Sign in</button></form>
  <p id="problem"></p>
  <pre id="orders"></pre>
"""


@pytest.fixture
def tab(browser: TabbedBrowser) -> Tab:
    """A page that holds every snippet of the page, one after the other."""
    blocks = [block.text for block in blocks_of(PAGE) if block.language == "js" and not block.role]
    tab = browser.tab("plain")
    tab.run("body => { document.body.innerHTML = body }", BODY)
    tab.page.add_script_tag(type="module", content="\n".join([*blocks, "self.ratchet = ratchet;"]))
    tab.until("self.ratchet !== undefined")
    return tab


def test_snippets_sign_in_and_out(tab: Tab) -> None:
    """Somebody signs in by the form, sees their orders, and signs out."""
    submit(tab, PASSWORD)
    tab.until("orders.textContent.includes('ada')")
    tab.run("ratchet.signOut()")
    assert tab.run("[orders.textContent, problem.textContent]") == ["", "Goodbye."]


def test_snippets_tell_what_is_wrong(tab: Tab) -> None:
    """A wrong password is told in the words of the server."""
    submit(tab, "not it")
    tab.until("problem.textContent.endsWith('.')")
    assert tab.user is None


def submit(tab: Tab, password: str) -> None:
    """Fill in the form and send it."""
    tab.page.locator("[name=identifier]").fill("ada")
    tab.page.locator("[name=password]").fill(password)
    tab.page.get_by_role("button").click()
