"""Error handling for forms that the handler opens and a job fills."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from blocks import modals
from blocks.buttons import Act
from bot.adapters.slack.messenger import Gone
from bot.core.model.errors import GardenerError
from bot.jobs.common import new_reference
from bot.toolbox import Toolbox

_log = structlog.get_logger(__name__)


@contextmanager
def in_form(tools: Toolbox, view: str, title: str, act: Act) -> Iterator[None]:
    """Shows every exception inside in the form (`view` is its id), unless it was closed."""
    try:
        yield
    except Gone:
        return
    except GardenerError as error:
        sentence = str(error)
    except Exception:  # noqa: BLE001 - logged with its traceback; the form has the reference
        reference = new_reference()
        _log.exception("a form was not filled", reference=reference)
        sentence = f"Something failed that should not. It is in my log. Reference {reference}."
    else:
        return
    try:
        tools.slack.update_view(view, modals.notice(title, sentence, act))
    except GardenerError as error:
        _log.info("a form could not say why it is empty", why=str(error))
