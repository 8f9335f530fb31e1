"""For the tests of a host: a browser that is signed in, a clock, and tests that roll back."""

from .browser import Browser, ReplyLost
from .clock import Clock
from .rollback import rollback

__all__ = ["Browser", "Clock", "ReplyLost", "rollback"]
