"""The state picture: every arrow is asked of ``rotation.decide``; only its way across the paper is drawn."""

from __future__ import annotations

from collections import defaultdict

from app.auth.rotation import decide
from tests.proof import svg
from tests.proof.model import CURRENT, OLD, PARENT, ROLES, SIGNED_IN, Role, Seen, Server

LEEWAY = 10
SERVER = Server(decide, LEEWAY)

STATES: dict[str, tuple[Seen, ...]] = {
    "new": (SIGNED_IN, Seen(parent=False, extra=False, age=LEEWAY)),
    "young": tuple(Seen(parent=True, extra=False, age=age) for age in range(LEEWAY)),
    "settled": (Seen(parent=True, extra=False, age=LEEWAY),),
}
"""The states as drawn, each with every age it stands for."""

Arrows = dict[tuple[str, str], list[str]]


def arrows() -> Arrows:
    """From which state to which, on what token, with which verdict: the same for every age of a state."""
    found: Arrows = defaultdict(list)
    for name, ages in STATES.items():
        for role in (CURRENT, PARENT, OLD) if ages[0].parent else (CURRENT, OLD):
            (answer,) = {_arrow(seen, role) for seen in ages}
            found[name, answer[0]].append(answer[1])
    return found


def _arrow(seen: Seen, role: Role) -> tuple[str, str]:
    answer = SERVER.answer(seen, role)
    after = answer.session
    to = next((name for name, ages in STATES.items() if after in ages), "ended")
    token = "any other" if role == OLD else ROLES[role]
    return to, f"{token}: {answer.verdict.value.capitalize()}"


PLACES = {"new": (150.0, 150.0), "young": (470.0, 150.0), "settled": (790.0, 150.0), "ended": (470.0, 395.0)}

WORDS = {
    "new": ("Just signed in", "current, no parent"),
    "young": ("Within the leeway", "current and parent"),
    "settled": ("After the leeway", "current and parent"),
    "ended": ("Ended", "the row no longer knows the session"),
}

PATHS = {
    ("new", "young"): ("M242 150 H374", (308.0, 138.0)),
    ("young", "young"): ("M430 114 C 400 48, 540 48, 510 114", (470.0, 48.0)),
    ("settled", "young"): ("M790 186 C 790 262, 560 262, 520 188", (644.0, 286.0)),
    ("new", "ended"): ("M150 186 C 150 330, 240 395, 350 395", (166.0, 330.0)),
    ("young", "ended"): ("M450 186 V357", (438.0, 300.0)),
    ("settled", "ended"): ("M826 186 C 826 330, 720 395, 592 395", (800.0, 352.0)),
}
"""Where an arrow runs, and where its words stand."""

ANCHORS = {("new", "ended"): "end", ("young", "ended"): "end", ("settled", "ended"): "start"}

NOTES = {
    "Repeat": ", current once more, the leeway anew",
    "Recover": ", the unseen one is orphaned",
}


def states_picture() -> str:
    """The state picture as SVG."""
    drawn = [_drawn(ends, labels) for ends, labels in arrows().items()]
    title = "What becomes of a session when a refresh token is presented"
    return svg.card(940, 470, title, [*drawn, _time(), *(_state(name) for name in PLACES), _sign_out()])


def _state(name: str) -> str:
    x, y = PLACES[name]
    fill, stroke = ("#fbeeec", svg.BAD) if name == "ended" else ("#eef6f1", svg.GOOD)
    size = (244.0, 72.0) if name == "ended" else (188.0, 72.0)
    head, body = WORDS[name]
    return (
        svg.box((x, y), size, fill=fill, stroke=stroke)
        + svg.text((x, y - 5), head, size=16, weight=600)
        + svg.text((x, y + 18), body, size=12, fill=svg.FAINT)
    )


def _drawn(ends: tuple[str, str], labels: list[str]) -> str:
    path, at = PATHS[ends]
    colour = svg.BAD if ends[1] == "ended" else svg.GOOD
    words = svg.lines(at, _merged(labels), size=13, fill=colour, anchor=ANCHORS.get(ends, "middle"))
    return svg.arrow(path, colour) + words


def _merged(labels: list[str]) -> list[str]:
    """Tokens with the same verdict share a line; what the verdict's name does not say is added."""
    tokens: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        token, verdict = label.split(": ")
        tokens[verdict].append(token)
    return [" or ".join(each) + f": {verdict}" + NOTES.get(verdict, "") for verdict, each in tokens.items()]


def _time() -> str:
    words = svg.lines((630.0, 122.0), ("a leeway passes", "without a hand-out"), size=12, fill=svg.FAINT)
    return svg.arrow("M566 150 H694", svg.TIME, dashed=True) + words


def _sign_out() -> str:
    words = (
        "From every state: sign-out, idle too long, past its end. After that every token is refused: Ended."
    )
    return svg.text((470.0, 452.0), words, size=12, fill=svg.FAINT)
