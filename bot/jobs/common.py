"""Shared by all jobs: messages to one person, and error handling that reports to them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from blocks import replies
from blocks.buttons import Act
from blocks.message import Message
from bot.asker import Asker
from bot.core.commands.access import Answer
from bot.core.model.errors import GardenerError, UsageError
from bot.toolbox import Toolbox

_log = structlog.get_logger(__name__)


class NotAllowed(UsageError):  # noqa: N818 - as the whole family
    """A refusal from `access`."""


def tell(tools: Toolbox, asker: Asker, message: Message) -> None:
    """Sends a message that only the asker sees, in the conversation where they asked."""
    tools.slack.tell(
        asker.user,
        message,
        channel=asker.channel,
        response_url=asker.response_url,
        thread=asker.thread or None,
    )


@contextmanager
def answering(tools: Toolbox, asker: Asker, *, again: Act | None = None) -> Iterator[None]:
    """Reports every exception inside to the asker. [Try again] repeats the act `again`."""
    try:
        yield
    except (NotAllowed, UsageError) as error:
        _tell(tools, asker, replies.note(str(error)))
    except GardenerError as error:
        _log.info("told a failure", why=str(error))
        _tell(tools, asker, replies.error(error, again=again and again.again()))
    except Exception:  # noqa: BLE001 - logged with its traceback; the message has the reference
        reference = new_reference()
        _log.exception("something broke", reference=reference)
        _tell(tools, asker, replies.unexpected(reference, again=again and again.again()))


def require(answer: Answer) -> None:
    """Raises `NotAllowed` with the answer's sentence if it is a refusal."""
    if not answer:
        raise NotAllowed(answer.sentence)


def new_reference() -> str:
    """Returns a random id that links a message to the log."""
    return uuid.uuid4().hex[:6]


def _tell(tools: Toolbox, asker: Asker, message: Message) -> None:
    try:
        tell(tools, asker, message)
    except GardenerError as error:
        _log.warning("a failure could not be told", why=str(error))
