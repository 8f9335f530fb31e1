"""The headers and instructions of Device Bound Session Credentials, by which a browser binds a session (W3C).

A reply that starts a session offers to bind it. A browser that can do so makes a key pair in the hardware of
the device, and posts a proof with the public key; see api/device_bound.py. From then on it proves the key by
itself whenever the access cookie is missing or runs out soon. Other browsers ignore the header.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Response, request, url_for

from ..lifecycle import binding
from ..lifecycle.account import SessionRef
from ..lifecycle.binding import Device
from ..lifecycle.rotation import Session
from ..sessions.issuer import IssuedTokens
from ..tokens.device_proofs import ALGORITHMS, REFRESH, REGISTER
from .services import services

REGISTRATION = "Secure-Session-Registration"
CHALLENGE = "Secure-Session-Challenge"
REQUIRED = "required"

MIN_CHROMIUM = 145
"""The first release of Chromium that binds sessions on Windows without a flag."""

_BRAND = re.compile(r'"(?:Chromium|Google Chrome)";v="(\d{1,4})"', re.ASCII)


def offer(response: Response, issued: IssuedTokens) -> None:
    """Offer to bind the session of these tokens, if the reply starts it and the site binds sessions."""
    session = issued.session
    is_new = session.parent is None and (session.device is None or not session.device.key)
    if services().settings.device_bound and is_new and session.delivery == "cookie":
        now = services().clock()
        challenge = services().challenges.sign(REGISTER, issued.account.subject, session.id, now)
        algorithms = " ".join(ALGORITHMS.values())
        path = url_for("ratchet.register_device")
        response.headers[REGISTRATION] = f'({algorithms});path="{path}";challenge="{challenge}"'


def must_bind(delivery: str) -> bool:
    """Whether a session that this browser starts has to be bound: required by the site, and possible here.

    Chromium has shipped this on Windows first. A browser can lie here: then it gets what the others get.
    """
    if services().settings.device_bound != REQUIRED or delivery != "cookie":
        return False
    headers = request.headers
    brand = _BRAND.search(headers.get("Sec-CH-UA", ""))
    is_windows = headers.get("Sec-CH-UA-Platform") == '"Windows"'
    return brand is not None and int(brand[1]) >= MIN_CHROMIUM and is_windows


def instructions(session: Session) -> dict[str, Any]:
    """What the browser has to know of a bound session: its id, and which cookie of which pages it keeps."""
    cookies = services().cookies
    credential = {"type": "cookie", "name": cookies.names.access, "attributes": cookies.access_attributes()}
    return {
        "session_identifier": session.id,
        "refresh_url": url_for("ratchet.refresh_device"),
        "scope": {"include_site": False},
        "credentials": [credential],
    }


def over(session_id: str) -> dict[str, Any]:
    """What the browser is told of a session that is not bound any more, or has ended: to forget its key."""
    return {"session_identifier": session_id, "continue": False}


def challenge(response: Response, ref: SessionRef, device: Device | None) -> Response:
    """Give the browser the challenge for its next proof. It may keep that for later."""
    issued_at = binding.next_challenge_at(device, services().clock())
    text = services().challenges.sign(REFRESH, ref.subject, ref.session_id, issued_at)
    response.headers[CHALLENGE] = f'"{text}";id="{ref.session_id}"'
    return response
