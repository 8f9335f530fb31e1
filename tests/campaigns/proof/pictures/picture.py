"""The state picture: every arrow is asked of ``rotation.decide``; only its way across the paper is drawn."""

from __future__ import annotations

from collections import defaultdict

from app.auth.lifecycle.rotation import decide
from tests.campaigns.proof.exploration.model import (
    CURRENT,
    OLD,
    PARENT,
    ROLES,
    SIGNED_IN,
    Role,
    Seen,
    Server,
    alike,
)
from tests.campaigns.proof.pictures import svg

LEEWAY = 10
SERVER = Server(decide, LEEWAY)

STATES: dict[str, tuple[Seen, ...]] = {
    "new": (SIGNED_IN, alike(parent=False, age=LEEWAY)),
    "young": tuple(alike(parent=True, age=age) for age in range(LEEWAY)),
    "settled": (alike(parent=True, age=LEEWAY),),
    "confirmed": (Seen(parent=True, extra=False, ages=(LEEWAY,) * 4),),
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
    to = _name(answer.session)
    token = "any other" if role == OLD else ROLES[role]
    return to, f"{token}: {answer.verdict.value.capitalize()}"


def _name(seen: Seen | None) -> str:
    """The state as drawn that a session is in."""
    if seen is None:
        return "ended"
    if not seen.parent:
        return "new"
    _, _, served, *confirmed = seen.ages
    if LEEWAY in confirmed:
        return "confirmed"
    return "young" if served < LEEWAY else "settled"


PLACES = {
    "new": (150.0, 150.0),
    "young": (470.0, 150.0),
    "settled": (790.0, 90.0),
    "confirmed": (790.0, 300.0),
    "ended": (470.0, 395.0),
}

WORDS = {
    "new": ("Just signed in", "current, no parent"),
    "young": ("Within the leeway", "current and parent"),
    "settled": ("After the leeway", "current not presented"),
    "confirmed": ("Confirmed", "a leeway later"),
    "ended": ("Ended", "the session is not on the row"),
}

PATHS = {
    ("new", "young"): ("M242 150 H374", (308.0, 138.0)),
    ("young", "young"): ("M430 114 C 400 48, 540 48, 510 114", (470.0, 48.0)),
    ("settled", "young"): ("M716 128 C 690 168, 640 172, 568 162", (700.0, 184.0)),
    ("confirmed", "young"): ("M694 316 C 590 316, 510 260, 496 190", (560.0, 322.0)),
    ("new", "ended"): ("M150 186 C 150 330, 240 395, 346 395", (166.0, 330.0)),
    ("young", "ended"): ("M450 186 V357", (438.0, 300.0)),
    ("settled", "ended"): ("M886 102 C 925 200, 930 425, 594 420", (878.0, 160.0)),
    ("confirmed", "ended"): ("M790 338 C 790 352, 700 366, 594 366", (690.0, 382.0)),
}
"""Where an arrow runs, and where its words stand."""

ANCHORS = dict.fromkeys((("new", "ended"), ("young", "ended"), ("settled", "ended")), "end")

NOTES = {
    "Repeat": ", current once more",
    "Recover": ", current is an orphan",
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
    quiet = svg.lines((620.0, 80.0), ("a leeway passes", "without a hand-out"), size=12, fill=svg.FAINT)
    told = svg.lines(
        (690.0, 240.0), ("current is presented at", "two thirds of a leeway"), size=12, fill=svg.FAINT
    )
    return (
        svg.arrow("M566 136 L694 98", svg.TIME, dashed=True)
        + quiet
        + svg.arrow("M540 188 C 560 240, 630 280, 692 292", svg.TIME, dashed=True)
        + told
    )


def _sign_out() -> str:
    words = (
        "From every state: sign-out, idle too long, past its end. After that every token is refused: Ended."
    )
    return svg.text((470.0, 452.0), words, size=12, fill=svg.FAINT)
