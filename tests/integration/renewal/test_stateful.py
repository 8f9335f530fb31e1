"""The whole blueprint over HTTP against the model of its contract: whatever people do, in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from flask import Flask
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.engine import make_url

from tests.support.browser import PASSWORD
from tests.support.clock import Clock
from tests.support.model.state import (
    DAY,
    EXCHANGE_BOUND,
    LEEWAY,
    MAX_SESSIONS,
    SESSION_TTL,
    Session,
    User,
    Verdict,
)
from tests.support.samples import SECRET
from tests.support.sites import MakeSite, add_user

from ...support.model.comparison import DEVICES, THIEF, TICK, Comparison, World
from ...support.model.contract import FALLBACKS, Contract
from ...support.model.lossy_browser import LossyBrowser

RUNS = {"sqlite": 60, "postgresql": 12, "mysql": 12}
THOROUGH = settings(
    stateful_step_count=30, deadline=None, derandomize=True, database=None, phases=[Phase.generate]
)
SIGNED_IN = (("laptop", "ada", True), ("phone", "ada", False), ("tool", "bob", True))
"""Who is signed in where when a run begins, remembered or not."""

MAX_SIGN_INS = 2
"""In one run: each costs a bcrypt."""

SECRETS = [f"{SECRET}, number {number}" for number in range(4)]
PASSWORDS = (PASSWORD, "another correct horse battery staple")
PEOPLE = ("ada", "bob")

owners = st.sampled_from(["laptop", "phone", "tool"])
browsers = owners | st.just(THIEF)
people = st.sampled_from(PEOPLE)
pauses = st.sampled_from([0, LEEWAY])
sides = st.sampled_from([-TICK, 0, TICK])


now_and_then = precondition(lambda self: self.steps % 4 == 0)
"""Sessions end, and new ones start, seldom enough for the rule to have its say in between."""


class Blueprint(RuleBasedStateMachine):
    """What people, their devices and a thief do; the comparison foretells and checks every answer."""

    def __init__(self, beginning: Comparison, subjects: dict[str, str]) -> None:
        super().__init__()
        self.both, self.subjects = beginning.again(), subjects
        self.clock, self.contract = self.both.clock, self.both.contract
        self.steps = self.sign_ins = 0

    @precondition(lambda self: self.sign_ins < MAX_SIGN_INS)
    @now_and_then
    @rule(name=owners, person=people, remember=st.booleans())
    def sign_in(self, name: str, person: str, remember: bool) -> None:
        """Sign in, over whatever session the browser had."""
        self.sign_ins += 1
        self.both.sign_in(self._at_rest(name), person, self.subjects[person], remember=remember)

    @rule(name=browsers, after=pauses)
    def refresh_after(self, name: str, after: float) -> None:
        """Refresh and receive the reply, at once or after a pause."""
        browser = self.both.browsers[name]
        self.clock.advance(after)
        browser.receive(self.both.refresh(browser))

    @rule(name=browsers, after=pauses)
    def refresh_and_lose_the_reply(self, name: str, after: float) -> None:
        """The site has acted, the jar does not know."""
        self.clock.advance(after)
        self.both.refresh(self.both.browsers[name])

    @rule(name=owners)
    def refresh_and_wait_for_the_reply(self, name: str) -> None:
        """The reply stays under way; one that was under way before is given up."""
        browser, sent_at = self.both.browsers[name], self.clock.now
        browser.late = self.both.refresh(browser), sent_at

    @rule(name=owners)
    def late_reply_arrives(self, name: str) -> None:
        """What was under way arrives, unless the browser has given it up."""
        browser = self.both.browsers[name]
        if browser.late and self.clock.now - browser.late[1] <= EXCHANGE_BOUND:
            browser.receive(browser.late[0])
        browser.late = None

    @rule(name=browsers, in_order=st.booleans())
    def refresh_in_two_tabs(self, name: str, in_order: bool) -> None:
        """Two tabs present the same token; whichever reply comes last, the jar is good."""
        browser = self.both.browsers[name]
        replies = [self.both.refresh(browser), self.both.refresh(browser)]
        for reply in replies if in_order else reversed(replies):
            browser.receive(reply)

    @rule(name=owners, by_body=st.booleans(), uses=st.integers(0, 3))
    def rob(self, name: str, by_body: bool, uses: int) -> None:
        """The thief copies a jar, to use it as cookies or in bodies at any time; its owner goes on."""
        self.both.browsers[THIEF].rob(self.both.browsers[name], by_body=by_body)
        for _ in range(uses):
            self.refresh_after(name, LEEWAY)

    @rule(name=owners, after=pauses)
    def thief_is_followed(self, name: str, after: float) -> None:
        """The thief uses what was copied, then an owner comes."""
        self.refresh_after(THIEF, after)
        self.refresh_after(name, after)

    @now_and_then
    @rule(name=browsers, scope=st.sampled_from(["session", "others", "all"]))
    def sign_out(self, name: str, scope: str) -> None:
        """End this session, the others, or all."""
        browser = self._at_rest(name)
        answer = self.contract.sign_out(self.both.held(browser), scope, self.clock.now)
        browser.receive(self.both.ask(browser, "POST", "/auth/logout", answer, {"scope": scope}))

    @precondition(lambda self: self.sign_ins < MAX_SIGN_INS)
    @now_and_then
    @rule(name=owners)
    def change_password(self, name: str) -> None:
        """Change the password of whoever is signed in here."""
        browser, now = self._at_rest(name), self.both.whole_second()
        access = self.both.held(browser).access
        old = self.contract.users[access.user].password if access else PASSWORD
        new = PASSWORDS[old == PASSWORDS[0]]
        answer = self.contract.change_password(access, new, now)
        self.sign_ins += answer.session is not None
        fields = {"current_password": old, "new_password": new}
        browser.receive(self.both.ask(browser, "POST", "/auth/password", answer, fields))

    @now_and_then
    @rule(name=browsers, person=people, place=st.integers(0, MAX_SESSIONS - 1))
    def end_session_from_the_list(self, name: str, person: str, place: int) -> None:
        """End a session by its id: this one, another of one's own, or a stranger's in vain."""
        browser = self._at_rest(name)
        listed = self.contract.users[self.subjects[person]].sessions
        session_id = listed[place].id if place < len(listed) else "of-nobody"
        answer = self.contract.end_session(self.both.held(browser).access, session_id, self.clock.now)
        browser.receive(self.both.ask(browser, "DELETE", f"/auth/sessions/{session_id}", answer))

    @now_and_then
    @rule(name=st.sampled_from(["laptop", "phone", "tool"]))
    def start_session_for_the_tool(self, name: str) -> None:
        """Sign the tool in from a device that is signed in."""
        browser, tool = self.both.browsers[name], self._at_rest("tool")
        now = self.both.whole_second()
        answer = self.contract.start_session(self.both.held(browser).access, "a tool", now)
        reply = self.both.ask(browser, "POST", "/auth/sessions", answer, {"label": "a tool"})
        if answer.session:
            tool.receive(reply)

    @now_and_then
    @rule(person=people, blocked=st.booleans())
    def block(self, person: str, blocked: bool) -> None:
        """Somebody sets or clears the mark on the row, and does not change its sessions."""
        subject = self.subjects[person]
        self.contract.users[subject].blocked = blocked
        self.both.write(subject, blocked=blocked)

    @precondition(lambda self: self.contract.key + 1 < len(SECRETS))
    @now_and_then
    @rule()
    def restart_with_a_new_key(self) -> None:
        """The site restarts with a new SECRET_KEY; the old one becomes the fallback."""
        self.contract.key += 1
        self.both.restart()

    @rule(seconds=st.sampled_from([1, LEEWAY / 10, EXCHANGE_BOUND, LEEWAY, DAY]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.advance(seconds)

    @rule(name=browsers, side=sides)
    def wait_for_the_leeway(self, name: str, side: float) -> None:
        """Time passes until a session's leeway is nearly, just, or certainly over."""
        self._wait_until(name, lambda session: session.served_at + LEEWAY + side)

    @now_and_then
    @rule(name=browsers, side=sides, end=st.sampled_from(["ends_at", "expires_at"]))
    def wait_for_the_end(self, name: str, side: float, end: str) -> None:
        """Time passes until a session is nearly, just, or certainly idle too long or too old."""
        self._wait_until(name, lambda session: getattr(session, end) + side)

    @rule(name=browsers, side=sides)
    def wait_for_the_access_token(self, name: str, side: float) -> None:
        """Time passes until an access token is nearly, just, or certainly expired."""
        access = self.both.held(self.both.browsers[name]).access
        if access:
            self.clock.now = max(self.clock.now, access.expires_at + side)

    @invariant()
    def rows_and_lists_are_as_the_model_says(self) -> None:
        """One chain per session, never a token on the row; each browser in its turn lists what is live."""
        self.steps += 1
        self.both.check_rows()
        self.both.check_list(list(self.both.browsers.values())[self.steps % len(DEVICES)])

    def _at_rest(self, name: str) -> LossyBrowser:
        """The browser, with whatever it was still waiting for given up."""
        browser = self.both.browsers[name]
        browser.late = None
        return browser

    def _wait_until(self, name: str, moment: Callable[[Session], float]) -> None:
        token = self.both.held(self.both.browsers[name]).refresh
        session = token and self.contract.users[token.user].find(token.session)
        if session:
            self.clock.now = max(self.clock.now, moment(session))


def test_the_blueprint_answers_as_its_contract_says(database: str, make_site: MakeSite, clock: Clock) -> None:
    """Every answer, token, cookie and row is the one foretold, and every verdict of the rule was reached."""

    def start_site(key: int) -> Flask:
        return make_site(
            SECRET_KEY=SECRETS[key],
            SECRET_KEY_FALLBACKS=SECRETS[max(0, key - FALLBACKS) : key],
            RATCHET_MAX_SESSIONS=MAX_SESSIONS,
            RATCHET_SESSION_TTL=SESSION_TTL,
        )

    subjects = {person: add_user(start_site(0), f"{person}@example.org", person) for person in PEOPLE}
    tally: Counter[Verdict] = Counter()
    users = {subject: User(PASSWORD) for subject in subjects.values()}
    beginning = Comparison(start_site, clock, World(Contract(users)), tally)
    for name, person, remember in SIGNED_IN:
        beginning.sign_in(beginning.browsers[name], person, subjects[person], remember=remember)

    class Here(Blueprint):
        def __init__(self) -> None:
            super().__init__(beginning, subjects)

    run_state_machine_as_test(Here, settings=settings(THOROUGH, max_examples=_runs(database)))
    print(", ".join(f"{verdict.value} {tally[verdict]}" for verdict in Verdict))
    assert set(tally) == set(Verdict)


def _runs(database: str) -> int:
    return RUNS[make_url(database).get_backend_name()]
