"""Handles the home tab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.job_names import JobName
from handlers import payload

if TYPE_CHECKING:
    from slack_bolt import Ack

    from bot.toolbox import Toolbox
    from handlers.payload import Body


def opened(wiring: Toolbox, ack: Ack, body: Body) -> None:
    """Queues a fresh home tab when a user opens it."""
    ack()
    event = body["event"]
    if event.get("tab", "home") != "home":
        return
    asker = payload.of_event(body, wiring.now())
    wiring.queue.enqueue(
        JobName.HOME,
        {"user": str(event["user"])},
        job_id=payload.job_id(asker, "home"),
        unique=True,
        quick=True,
        keep=payload.ONCE,
    )
