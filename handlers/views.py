"""Submitted forms: what is missing stands beside its field, what is complete goes to the queue."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from blocks import modals
from blocks.buttons import Act
from bot.garden.errors import GardenerError
from handlers import payload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_bolt import Ack

    from bot.adapters.toolbox import Toolbox
    from handlers.payload import Body


def file_issue(wiring: Toolbox, ack: Ack, body: Body) -> None:
    """*Create issue*, *Add comment* or *Reopen*."""
    form, errors = modals.parse_filing(body["view"])
    if form is None:
        ack(response_action="errors", errors=errors)
        return
    view = body["view"]
    _submit(
        wiring, ack, body, "bot.jobs.submit_filing",
        {"said": asdict(form), "view": str(view["id"])}, beside=modals.NOTE,
    )  # fmt: skip


def mark_expected(wiring: Toolbox, ack: Ack, body: Body) -> None:
    """*Mark as expected*. Whether they may say forever is looked up by the worker."""
    form, errors = modals.parse_expected(body["view"], admin=True)
    if form is None:
        ack(response_action="errors", errors=errors)
        return
    _submit(
        wiring, ack, body, "bot.jobs.submit_expected", {"said": asdict(form)}, beside=modals.REASON
    )


def _submit(
    wiring: Toolbox, ack: Ack, body: Body, job: str, more: Mapping[str, object], *, beside: str
) -> None:
    """Queued before the form closes: where that fails, what was typed is still there."""
    wanted = Act.decode(body["view"].get("private_metadata"))
    asker = payload.of_interaction(body, wiring.now())
    asker = replace(asker, channel=wanted.channel, message=wanted.message, thread=wanted.thread)
    try:
        wiring.queue.enqueue(
            job,
            {"asker": asker.encode(), "act": wanted.encode(), **more},
            job_id=payload.job_id(asker, "submit"),
            unique=True,
            quick=True,
            keep=payload.ONCE,
        )
    except GardenerError as error:
        ack(response_action="errors", errors={beside: f"Not saved: {error}"[:300]})
        return
    ack()
