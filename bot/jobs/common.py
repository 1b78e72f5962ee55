"""What all jobs share: telling one person, and turning every failure into a sentence for them."""

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
    """An answer of `access` that says no."""


def tell(tools: Toolbox, asker: Asker, message: Message) -> None:
    """Tells the asker alone, wherever they are."""
    tools.slack.tell(
        asker.user,
        message,
        channel=asker.channel,
        response_url=asker.response_url,
        thread=asker.thread or None,
    )


@contextmanager
def answering(tools: Toolbox, asker: Asker, *, again: Act | None = None) -> Iterator[None]:
    """Whatever fails inside is told to the asker. `again`: the act that [Try again] repeats."""
    try:
        yield
    except (NotAllowed, UsageError) as error:
        _tell(tools, asker, replies.note(str(error)))
    except GardenerError as error:
        _log.info("told a failure", why=str(error))
        _tell(tools, asker, replies.error(error, again=retry(again)))
    except Exception:  # noqa: BLE001 - logged with its traceback, told with a reference
        reference = new_reference()
        _log.exception("something broke", reference=reference)
        _tell(tools, asker, replies.unexpected(reference, again=retry(again)))


def retry(act: Act | None) -> Act | None:
    """The act as [Try again] carries it: its kind and note in one word."""
    if act is None:
        return None
    return act.of(act.kind, act.cluster, f"{act.kind}/{act.note}" if act.note else act.kind)


def require(answer: Answer) -> None:
    """Raises `NotAllowed` with the answer's sentence where it is no."""
    if not answer:
        raise NotAllowed(answer.sentence)


def new_reference() -> str:
    """Stands in the message and in the log."""
    return uuid.uuid4().hex[:6]


def _tell(tools: Toolbox, asker: Asker, message: Message) -> None:
    try:
        tell(tools, asker, message)
    except GardenerError as error:
        _log.warning("a failure could not be told", why=str(error))
