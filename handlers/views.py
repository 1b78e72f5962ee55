"""Handles submitted forms: shows errors beside their fields, queues valid forms."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from blocks import acknowledgements, modals
from blocks import review as blocks_review
from blocks.buttons import Act
from bot.core.model.errors import GardenerError
from bot.job_names import JobName
from handlers import payload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_bolt import Ack

    from blocks.message import View
    from bot.toolbox import Toolbox
    from handlers.payload import Body


def file_issue(wiring: Toolbox, ack: Ack, body: Body) -> None:
    """Submits the filing form: *Create issue*, *Add comment* or *Reopen*."""
    form, errors = modals.parse_filing(body["view"])
    if form is None:
        ack(response_action="errors", errors=errors)
        return
    view = body["view"]
    _submit(
        wiring, ack, body, JobName.SUBMIT_FILING,
        {"said": asdict(form), "view": str(view["id"])}, beside=modals.NOTE,
    )  # fmt: skip


def mark_expected(wiring: Toolbox, ack: Ack, body: Body) -> None:
    """Submits *Mark as expected*. The worker checks whether they may choose *forever*."""
    form, errors = modals.parse_expected(body["view"], admin=True)
    if form is None:
        ack(response_action="errors", errors=errors)
        return
    _submit(
        wiring, ack, body, JobName.SUBMIT_EXPECTED, {"said": asdict(form)}, beside=modals.REASON
    )


def snooze(wiring: Toolbox, ack: Ack, body: Body) -> None:
    """Submits *Snooze…*: a snooze, or a manual priority."""
    form, errors = acknowledgements.parse_snooze(body["view"])
    if form is None:
        ack(response_action="errors", errors=errors)
        return
    priority = form.priority.name if form.priority is not None else ""
    _submit(
        wiring, ack, body, JobName.SUBMIT_SNOOZE,
        {"until": form.until, "priority": priority}, beside=acknowledgements.CHOICE,
    )  # fmt: skip


def review(wiring: Toolbox, ack: Ack, body: Body) -> None:
    """Submits *Review all*; the form stays open and shows the progress."""
    chosen, reason, errors = blocks_review.parse(body["view"])
    if errors:
        ack(response_action="errors", errors=errors)
        return
    if not chosen:
        ack()
        return
    act = Act.decode(body["view"].get("private_metadata"))
    _submit(
        wiring, ack, body, JobName.SUBMIT_REVIEW,
        {
            "said": {"chosen": [[c.cluster, c.what, c.number] for c in chosen], "reason": reason},
            "view": str(body["view"]["id"]),
        },
        beside=blocks_review.REASON, then=blocks_review.progress([], len(chosen), act),
    )  # fmt: skip


def _submit(
    wiring: Toolbox,
    ack: Ack,
    body: Body,
    job: str,
    more: Mapping[str, object],
    *,
    beside: str,
    then: View | None = None,
) -> None:
    """Queues the form before it closes, so that a failure does not lose the input.

    `beside`: the block that shows an error. `then`: the next view, if the form stays open.
    """
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
    if then is None:
        ack()
    else:
        ack(response_action="update", view=then)
