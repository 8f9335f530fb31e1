"""What ratchet.fetch does with a request that is refused."""

from __future__ import annotations

import pytest

from ...support.chromium.shop_opening import Shop
from ...support.chromium.tabs import TabbedBrowser

PAST_ACCESS_TTL = 660
BODIES = {
    "text": "'tea and biscuits'",
    "form": "new URLSearchParams({ order: 'tea and biscuits' })",
    "blob": "new Blob(['tea ', 'and biscuits'])",
    "upload": """(() => {
      const form = new FormData();
      form.append("order", new File(["tea and biscuits ".repeat(20000)], "order.txt"));
      return form;
    })()""",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_body_is_sent_again(browser: TabbedBrowser, shop: Shop, body: str) -> None:
    """A request that is refused is made again with a new token and the very same body."""
    (tab,) = browser.signed_in()
    shop.turn_clock(PAST_ACCESS_TTL)
    sent = tab.run(
        f"""async () => {{
          const request = new Request("/api/orders", {{ method: "POST", body: {body} }});
          const copy = await request.clone().text();
          const reply = await (await ratchet.fetch(request)).json();
          return [reply.customer, reply.sent === copy, copy.length];
        }}"""
    )
    assert sent[:2] == ["ada", True]
    assert sent[2] > 10
    assert len(browser.wire.asked("POST /api/orders")) == 2
    assert browser.refreshes == 1


def test_request_is_made_again_only_once(browser: TabbedBrowser) -> None:
    """A request that is refused with a fresh token too is handed to the caller as it is."""
    (tab,) = browser.signed_in()
    assert tab.run("ratchet.fetch('/api/vault').then(response => response.status)") == 401
    assert len(browser.wire.asked("GET /api/vault")) == 2
    assert browser.refreshes == 1
    assert tab.user == "ada"


def test_refusal_of_another_kind_is_handed_on(browser: TabbedBrowser) -> None:
    """A 401 that is not about the access token refreshes nothing: a wrong password is one."""
    (tab,) = browser.signed_in()
    fields = {"current_password": "not it", "new_password": "a new and rather long one"}
    script = """fields => ratchet.fetch("/auth/password", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(fields),
    }).then(response => response.json())"""
    assert tab.run(script, fields)["error"] == "invalid_credentials"
    assert browser.refreshes == 0


def test_session_that_is_over_hands_the_refusal_on(browser: TabbedBrowser, shop: Shop) -> None:
    """A request that is refused when the session is over gets its 401, and the page is told why."""
    (tab,) = browser.signed_in()
    shop.execute("UPDATE customers SET sessions = '[]', sessions_version = sessions_version + 1")
    shop.turn_clock(PAST_ACCESS_TTL)
    assert tab.run("ratchet.fetch('/api/orders').then(response => response.status)") == 401
    assert tab.told[-1]["reason"] == "refresh_token_invalid"
    assert len(browser.wire.asked("GET /api/orders")) == 1


def test_failed_sign_in_says_why(browser: TabbedBrowser) -> None:
    """A sign-in that is refused is an error with the code of the server, and changes nothing."""
    tab = browser.tab()
    script = "fields => ratchet.signIn(fields).catch(({ code, status, message }) => [code, status, message])"
    code, status, message = tab.run(script, {"identifier": "ada", "password": "not it"})
    assert (code, status) == ("invalid_credentials", 401)
    assert message.endswith(".")
    assert tab.told == []


def test_failed_sign_out_says_so(browser: TabbedBrowser) -> None:
    """A sign-out that the server refuses is an error: the user must not believe that it is done."""
    (tab,) = browser.signed_in()
    assert tab.run("ratchet.signOut('everything').catch(({ code }) => code)") == "invalid_request"
    assert tab.user == "ada"
