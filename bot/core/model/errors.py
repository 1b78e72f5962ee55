"""The one error family. Its message is safe to show and useful: what, why, what to do next."""

# ruff: noqa: N818 - these read as what happened: `except Unavailable`, not UnavailableError

from __future__ import annotations


class GardenerError(Exception):
    """Something a person should be told, in one or two calm sentences.

    The message never holds a secret, a credential or a traceback: whoever raises it has
    redacted what came from outside.
    """


class UsageError(GardenerError):
    """The person asked for something that does not exist or cannot be read. Exit code 2."""


class InputError(GardenerError):
    """What was to be read is not there, not readable or not log entries. Exit code 1."""


class Refused(GardenerError):
    """Google, GitHub or Slack said no, and asking again will not help until someone mends it."""


class Missing(Refused):
    """The one thing that was asked for is not there any more; what it stood in is."""


class Moved(Refused):
    """The one thing that was asked for stands elsewhere now, at `url`."""

    def __init__(self, message: str, url: str) -> None:
        super().__init__(message)
        self.url = url


class Unavailable(GardenerError):
    """Something that we need did not answer. Asking again later may help.

    `retry_after` is in seconds, where the other side named it.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnknownOutcome(GardenerError):
    """A request was sent and no answer came: it may have been carried out.

    Never retried blindly: the caller looks first whether it was done.
    """


class Cancelled(GardenerError):
    """The person who asked said stop."""
