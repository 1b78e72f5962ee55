"""Handles clicks on buttons and menus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from blocks import (
    acknowledgements,
    buttons,
    modals,
    review,
)
from blocks.buttons import Act
from blocks.message import View
from bot.adapters.slack.messenger import Gone
from bot.core.model.errors import GardenerError, UsageError
from bot.job_names import JobName
from handlers import payload, runs

if TYPE_CHECKING:
    from slack_bolt import Ack

    from bot.asker import Asker
    from bot.toolbox import Toolbox
    from handlers.payload import Body

EXPECTED_TITLE = "Mark as expected"


def act(wiring: Toolbox, ack: Ack, body: Body) -> None:
    """Queues a button or menu entry for a worker; opens its form first if it has one."""
    ack()
    asker = payload.of_interaction(body, wiring.now())
    wanted = payload.act_of(body)
    if wanted.kind in FORMS:
        _open(wiring, asker, wanted, str(body.get("trigger_id") or ""))
        return
    if wanted.kind == buttons.CANCEL:
        runs.cancel(wiring, asker, wanted)
        return
    wiring.queue.enqueue(
        JobName.CLICK,
        {"asker": asker.encode(), "act": wanted.encode()},
        job_id=payload.job_id(asker, "click"),
        unique=True,
        quick=True,
        keep=payload.ONCE,
    )


def link(wiring: Toolbox, ack: Ack, body: Body) -> None:
    """Acknowledges a click on a link, which the browser follows."""
    del wiring, body
    ack()


def unknown(wiring: Toolbox, ack: Ack, body: Body) -> None:
    """Rejects an unknown button, drawn by another version. Raises `UsageError`."""
    del wiring, body
    ack()
    raise UsageError("I do not know this button. Run /gardener again for a fresh report.")


def cancel(wiring: Toolbox, ack: Ack, body: Body) -> None:
    """Handles [Cancel] here: the worker is busy with the run to cancel."""
    ack()
    runs.cancel(wiring, payload.of_interaction(body, wiring.now()), payload.act_of(body))


def choose(wiring: Toolbox, ack: Ack, body: Body) -> None:
    """Redraws the filing form for another choice, since the submit button is named after it."""
    ack()
    asker = payload.of_interaction(body, wiring.now())
    view = body["view"]
    wanted = Act.decode(view.get("private_metadata"))
    choice, note = modals.chosen_now(view)
    asker = replace(asker, channel=wanted.channel, message=wanted.message, thread=wanted.thread)
    wiring.queue.enqueue(
        JobName.FILL_FILING,
        {
            "asker": asker.encode(),
            "act": wanted.encode(),
            "view": str(view["id"]),
            "choice": choice,
            "note": note,
        },
        job_id=payload.job_id(asker, "choose"),
        unique=True,
        quick=True,
        keep=payload.ONCE,
    )


def _open(wiring: Toolbox, asker: Asker, wanted: Act, trigger: str) -> None:
    """Opens the form before the trigger expires; a worker fills it."""
    kept = replace(wanted, channel=asker.channel, message=asker.message, thread=asker.thread)
    title, job, loading = FORMS[wanted.kind]
    try:
        view = wiring.slack.open_view(trigger, loading(kept))
    except Gone:
        # A click sent twice, whose form is already open, or one that arrived too late.
        return
    try:
        wiring.queue.enqueue(
            job,
            {"asker": asker.encode(), "act": kept.encode(), "view": view},
            job_id=payload.job_id(asker, "fill"),
            unique=True,
            quick=True,
            keep=payload.ONCE,
        )
    except GardenerError as error:
        wiring.slack.update_view(view, modals.notice(title, str(error), kept))


FORMS: Mapping[str, tuple[str, str, Callable[[Act], View]]] = {
    buttons.CREATE_ISSUE: ("File on GitHub", JobName.FILL_FILING, modals.filing_loading),
    buttons.EXPECTED: (
        EXPECTED_TITLE,
        JobName.FILL_EXPECTED,
        lambda act: modals.notice(EXPECTED_TITLE, "Looking at it…", act),
    ),
    buttons.SNOOZE: (
        acknowledgements.TITLE,
        JobName.FILL_SNOOZE,
        lambda act: modals.notice(acknowledgements.TITLE, "Looking at it…", act),
    ),
    buttons.REVIEW_ALL: (review.TITLE, JobName.FILL_REVIEW, review.loading),
}
"""Buttons that open a form → its title, the job that fills it, its initial view."""
