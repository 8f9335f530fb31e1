"""The guards of the routes that need an access token."""

from __future__ import annotations

from .. import errors
from ..access.guard import required
from ..routing.routes import ACCESS, Errors, Guard

_SIGNED_OUT: Errors = (errors.Unavailable, errors.TokenMissing, errors.TokenInvalid)
SIGNED_IN = Guard(ACCESS, _SIGNED_OUT, required)
RECENTLY_SIGNED_IN = Guard(ACCESS, (*_SIGNED_OUT, errors.ReauthenticationRequired), required(fresh=True))

BY_ACCESS_TOKEN = Guard(ACCESS, _SIGNED_OUT)
"""The view itself reads the token, so that it is no redirect for a page either."""
