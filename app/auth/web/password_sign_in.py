"""A sign-in with a password, as the API and the sign-in page take it from a request."""

from __future__ import annotations

from ..lifecycle.account import SessionOptions
from ..sessions.issuer import IssuedTokens
from .request import client_ip, live_session_ref, presented_sessions
from .services import services


def sign_in(field: str, identifier: str, password: str, options: SessionOptions) -> tuple[IssuedTokens, bool]:
    """The tokens of the new session, and whether it takes the place of another one in this browser.

    Raises what the authenticator raises, and what SessionService.start raises.
    """
    live = live_session_ref()
    replaced = live or next(iter(presented_sessions()), None)
    account = services().authenticator.authenticate(
        field, identifier, password, client_ip=client_ip(), device=live
    )
    return services().sessions.start(account, options, replaces=replaced), replaced is not None
