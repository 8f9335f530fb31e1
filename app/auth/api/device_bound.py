"""Device Bound Session Credentials: a browser registers the key of its device, and proves it (W3C).

Both requests are sent by the browser itself, not by a page. It forgets the key without a word if a refresh is
answered with 401, 429, a redirect, or 403 without a challenge. So a session that goes on is never answered
with one of these. A fault is a 503: then the browser keeps the key and tries again.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Response, jsonify, request

from ..errors import (
    AccountBlocked,
    AccountUnconfirmed,
    ChallengeUsed,
    DeviceProofRequired,
    DeviceRefused,
    InvalidRequest,
    RefreshTokenInvalid,
    RefreshTokenMissing,
    RefreshTokenReused,
    SignInRefused,
    TokenInvalid,
    Unavailable,
)
from ..lifecycle.account import SessionRef
from ..lifecycle.binding import REGISTRATION_TIME, Proof
from ..routing.media_types import JSON
from ..routing.routes import BY_REFRESH_TOKEN, COOKIES, Guard, Parameter, ReplySpec, Routes
from ..routing.schemas import URL, component, record, text
from ..settings.model import Settings
from ..tokens.device_proofs import (
    REFRESH,
    REGISTER,
    ChallengeRefused,
    ProofRefused,
    Use,
    read_proof,
    read_registration,
)
from ..web import device_binding, responses
from ..web.request import evidence, refresh_cookies
from ..web.services import services

PROOF = Parameter("Secure-Session-Response", "header", "The proof: a JWT that the key of the device signs.")
SESSION = Parameter("Sec-Secure-Session-Id", "header", "The id of the session.")
CHALLENGE_SPARE = 60
"""Seconds by which a challenge outlives the access token that it came with."""

OVER = (
    RefreshTokenMissing,
    RefreshTokenInvalid,
    RefreshTokenReused,
    AccountBlocked,
    AccountUnconfirmed,
    TokenInvalid,
    DeviceRefused,
)
"""What says that the session has ended, or is not bound: the browser can forget the key."""

_ID = re.compile(r'"?([A-Za-z0-9_-]{1,64})"?', re.ASCII)

INSTRUCTIONS = component(
    "DeviceBoundSession",
    record(
        "session_identifier",
        session_identifier=text("The id of the session."),
        refresh_url=URL,
        scope={"type": "object"},
        credentials={"type": "array", "items": {"type": "object"}},
        **{"continue": {"type": "boolean", "description": "false: the browser forgets the session."}},
    ),
)
_HEADERS = (*COOKIES, device_binding.CHALLENGE)

BY_ACCESS_COOKIE = Guard(("accessCookie", ""))
"""The view reads the token itself: a session that cannot be bound is another error than a missing one."""

routes = Routes()


def _is_there(settings: Settings) -> bool:
    return bool(settings.device_bound)


@routes.route(
    "POST",
    "/dbsc/register",
    {200: ReplySpec("The device is registered.", {JSON: INSTRUCTIONS}, _HEADERS)},
    guard=BY_ACCESS_COOKIE,
    refuses=(InvalidRequest, DeviceRefused),
    parameters=(PROOF,),
    is_there=_is_there,
)
def register_device() -> Response:
    """Register the key of the browser's device for the session that has just started."""
    try:
        key, challenge = read_registration(request.headers.get(PROOF.name, ""))
        ref, issued_at = _challenged(challenge)
        issued = services().sessions.register_device(ref, key, issued_at, evidence().access)
    except ProofRefused as problem:
        raise InvalidRequest("The proof is refused: {why}.", why=problem) from problem
    except TokenInvalid as problem:
        raise DeviceRefused from problem
    reply = jsonify(device_binding.instructions(issued.session))
    responses.set_bound_cookie(reply, issued)
    return device_binding.challenge(reply, ref, issued.session.device)


def _challenged(challenge: str) -> tuple[SessionRef, float]:
    """The session of the request that a challenge for a registration is for, and when it was issued."""
    refs = services().token_issuer.refs((), evidence().access)
    for ref in refs:
        try:
            return ref, _read(challenge, REGISTER, ref)
        except ChallengeRefused as problem:
            refused = problem
    raise refused if refs else DeviceRefused


@routes.route(
    "POST",
    "/dbsc/refresh",
    {
        200: ReplySpec("Refreshed, or forgotten.", {JSON: INSTRUCTIONS}, _HEADERS),
        403: ReplySpec("A proof of this challenge is needed.", headers=(device_binding.CHALLENGE,)),
    },
    guard=BY_REFRESH_TOKEN,
    refuses=(InvalidRequest, ChallengeUsed, DeviceProofRequired),
    parameters=(PROOF, SESSION),
    is_there=_is_there,
)
def refresh_device() -> Response:
    """Refresh a session that is bound to this browser's device."""
    session_id = _session_id()
    presented = refresh_cookies() or []
    try:
        return _refresh(_named(session_id, presented), presented)
    except OVER:
        return jsonify(device_binding.over(session_id))
    except SignInRefused as problem:
        raise Unavailable(problem.description) from problem


def _named(session_id: str, presented: list[str]) -> SessionRef:
    """The session of that id among those of the refresh tokens; RefreshTokenMissing if it is not there."""
    for ref in services().token_issuer.refs(presented, ()):
        if ref.session_id == session_id:
            return ref
    raise RefreshTokenMissing


def _refresh(ref: SessionRef, presented: list[str]) -> Response:
    proof = request.headers.get(PROOF.name)
    if proof is None:
        return _asked_again(ref)
    try:
        issued = services().sessions.prove(ref, presented, _verifier(proof, ref))
    except (ChallengeRefused, ChallengeUsed):
        return _asked_again(ref)
    except ProofRefused:
        return responses.error(DeviceProofRequired())
    reply = jsonify(device_binding.instructions(issued.session))
    responses.set_cookies(reply, issued)
    return device_binding.challenge(reply, ref, issued.session.device)


def _asked_again(ref: SessionRef) -> Response:
    """Ask for a proof of a new challenge.

    Raises TokenInvalid if the session is over, DeviceRefused if it has no key.
    """
    _, session = services().reader.find(ref)
    if session.device is None or not session.device.key:
        raise DeviceRefused
    return device_binding.challenge(responses.error(ChallengeUsed()), ref, session.device)


def _verifier(proof: str, ref: SessionRef) -> Callable[[str], Proof]:
    return lambda key: Proof(_read(read_proof(proof, key), REFRESH, ref))


def _read(challenge: str, use: Use, ref: SessionRef) -> float:
    """When a challenge for this use and session was issued; ChallengeRefused if it is none."""
    refresh_age = services().settings.access_ttl + CHALLENGE_SPARE
    max_age = REGISTRATION_TIME if use == REGISTER else refresh_age
    return services().challenges.read(challenge, use, *ref, now=services().clock(), max_age=max_age)


def _session_id() -> str:
    """The id that the browser names; the draft has it in quotation marks, Chromium sends none."""
    named = _ID.fullmatch(request.headers.get(SESSION.name, ""))
    if named is None:
        raise InvalidRequest("{name} is missing.", name=SESSION.name)
    return named[1]
