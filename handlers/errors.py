"""Error messages for failures in the listeners themselves."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog
from slack_bolt import BoltResponse

from blocks import buttons, replies
from blocks.buttons import Act
from bot.core.model.errors import GardenerError, Refused, UsageError
from handlers import payload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blocks.message import Message
    from bot.asker import Asker
    from bot.toolbox import Toolbox
    from handlers.payload import Body

_log = structlog.get_logger(__name__)


@contextmanager
def answered(wiring: Toolbox, body: Body) -> Iterator[None]:
    """Reports every exception inside to the person who typed or clicked, and only to them."""
    try:
        yield
    except GardenerError as error:
        _log.warning("a request was not taken", why=str(error))
        _tell(wiring, body, replies.error(error, again=_again(body, error)))
    except Exception:  # noqa: BLE001 - logged with its traceback; the message has the reference
        reference = uuid.uuid4().hex[:6]
        _log.exception("a listener broke", reference=reference)
        _tell(wiring, body, replies.unexpected(reference, again=_again(body)))


def _again(body: Body, error: GardenerError | None = None) -> Act | None:
    """Returns the act that [Try again] repeats; None if a retry cannot help."""
    if isinstance(error, UsageError | Refused):
        return None
    if "command" in body:
        return Act(buttons.RUN, query=str(body.get("text") or ""), note=buttons.RUN)
    try:
        return payload.act_of(body).again() if body.get("actions") else None
    except GardenerError:
        return None


def unhandled(error: Exception) -> BoltResponse:
    """Handles errors in Bolt itself: logs the traceback, which the response does not contain."""
    reference = uuid.uuid4().hex[:6]
    _log.error("Bolt stumbled", reference=reference, exc_info=error)
    return BoltResponse(status=500, body=f"Something failed. Reference {reference}.")


def _tell(wiring: Toolbox, body: Body, message: Message) -> None:
    try:
        asker = _asker(body, wiring.now())
        if asker.user:
            wiring.slack.tell(
                asker.user,
                message,
                channel=asker.channel,
                response_url=asker.response_url,
                thread=asker.thread or None,
            )
    except (GardenerError, KeyError, TypeError) as error:
        _log.warning("a failure could not be told", why=type(error).__name__)


def _asker(body: Any, now: int) -> Asker:
    if "command" in body:
        return payload.of_command(body, now)
    if "event" in body:
        return payload.of_event(body, now)
    return payload.of_interaction(body, now)
