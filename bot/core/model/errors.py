"""The error family. Messages are safe to show and useful: what failed, why, what to do next."""

# ruff: noqa: N818 - the names state what happened: `except Unavailable`, not UnavailableError

from __future__ import annotations


class GardenerError(Exception):
    """An error to show to a person, in one or two calm sentences.

    The message never contains a secret, a credential or a traceback: whoever raises it redacts
    text from outside first.
    """


class UsageError(GardenerError):
    """The person asked for something that does not exist or cannot be read. Exit code 2."""


class InputError(GardenerError):
    """The input is missing, unreadable or not log entries. Exit code 1."""


class Refused(GardenerError):
    """Google, GitHub or Slack refused; retrying will not help until someone fixes the cause."""


class Missing(Refused):
    """The requested item does not exist any more, but its container does."""


class Moved(Refused):
    """The requested item has moved to `url`."""

    def __init__(self, message: str, url: str) -> None:
        super().__init__(message)
        self.url = url


class Unavailable(GardenerError):
    """A system that we need did not answer; retrying later may help.

    `retry_after` is in seconds, if the system named it.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnknownOutcome(GardenerError):
    """A request was sent but no answer came, so it may have been carried out.

    Never retry it blindly: check first whether it was done.
    """


class Cancelled(GardenerError):
    """The person who started the work cancelled it."""
