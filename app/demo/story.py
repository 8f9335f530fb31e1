"""The story: who presents which token, and what the rule decides. Tokens are named in order of issue."""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """One request and the outcome that the rule promises: ``200 B`` returns the token called B."""

    who: str
    request: str
    presents: str
    outcome: str
    verdict: str = ""


class Scene(NamedTuple):
    """Steps that belong together; ``later`` is one leeway later, ``at_once`` sends them in parallel."""

    title: str
    tale: str
    steps: tuple[Step, ...]
    later: bool = False
    at_once: bool = False


STORY = (
    Scene(
        "Ada signs in",
        "Her browser keeps refresh token A in a cookie that no script can read.",
        (Step("Ada", "login", "password", "200 A"),),
    ),
    Scene(
        "A refresh",
        "A new session rotates at once: B is current, A is its parent.",
        (Step("Ada", "refresh", "A", "200 B", "Rotate"),),
    ),
    Scene(
        "Two tabs wake up at once",
        "One of them rotates B. The other is handed the very same C, so it does not matter which reply "
        "is the last to arrive.",
        (
            Step("tab 1", "refresh", "B", "200 C", "Rotate or Repeat"),
            Step("tab 2", "refresh", "B", "200 C", "Rotate or Repeat"),
        ),
        later=True,
        at_once=True,
    ),
    Scene(
        "A reply is lost",
        "The server rotates, but its reply does not arrive: Ada still holds C.",
        (Step("Ada", "refresh", "C", "200 D", "Rotate, then lost"),),
        later=True,
    ),
    Scene(
        "Ada tries again",
        "C is the parent, so Ada gets a new token. D, which no client has, is an orphan.",
        (Step("Ada", "refresh", "C", "200 E", "Recover"),),
        later=True,
    ),
    Scene(
        "A thief has copied the cookie",
        "The copy is as good as the original, for now.",
        (Step("thief", "refresh", "E", "200 F", "Rotate"),),
        later=True,
    ),
    Scene(
        "Ada and the thief hold different tokens",
        "Ada presents E, the parent. The rule assumes a lost reply, and F is an orphan. When the thief "
        "presents the orphan, two people hold this session. It ends for both, and Ada has to sign in again.",
        (
            Step("Ada", "refresh", "E", "200 G", "Recover"),
            Step("thief", "refresh", "F", "401 refresh_token_reused", "Reuse"),
            Step("Ada", "refresh", "G", "401 refresh_token_invalid", "Ended"),
        ),
        later=True,
    ),
    Scene(
        "A thief who polls",
        "Ada signs in again. This thief presents the newest token all the time, to be near her whenever she "
        "comes back.",
        (
            Step("Ada", "login", "password", "200 H"),
            Step("Ada", "refresh", "H", "200 I", "Rotate"),
            Step("thief", "refresh", "I", "200 I", "Repeat"),
        ),
    ),
    Scene(
        "The thief goes on",
        "Presenting current does not stop its rotation: after a leeway it rotates all the same.",
        (
            Step("thief", "refresh", "I", "200 J", "Rotate"),
            Step("thief", "refresh", "J", "200 J", "Repeat"),
        ),
        later=True,
    ),
    Scene(
        "Ada comes back",
        "The token that Ada holds is now older than the parent: Reuse.",
        (
            Step("thief", "refresh", "J", "200 K", "Rotate"),
            Step("Ada", "refresh", "I", "401 refresh_token_reused", "Reuse"),
            Step("thief", "refresh", "K", "401 refresh_token_invalid", "Ended"),
        ),
        later=True,
    ),
    Scene(
        "The end of a session",
        "Ada signs in once more, and out. A copy of an old token does not work.",
        (
            Step("Ada", "login", "password", "200 L"),
            Step("Ada", "logout", "L", "204"),
            Step("thief", "refresh", "L", "401 refresh_token_invalid", "Ended"),
        ),
    ),
)
