"""Handles `/gardener …`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.job_names import JobName
from handlers import payload

if TYPE_CHECKING:
    from slack_bolt import Ack

    from bot.toolbox import Toolbox
    from handlers.payload import Body


def gardener(wiring: Toolbox, ack: Ack, body: Body) -> None:
    """Queues the text for a worker, since permissions need Slack look-ups."""
    ack()
    asker = payload.of_command(body, wiring.now())
    wiring.queue.enqueue(
        JobName.COMMAND,
        {"asker": asker.encode(), "text": str(body.get("text") or "")},
        job_id=payload.job_id(asker, "command"),
        unique=True,
        quick=True,
        keep=payload.ONCE,
    )
