"""Handles messages to the bot: a mention in a channel, a direct message, a log file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot.job_names import JobName
from handlers import payload

if TYPE_CHECKING:
    from slack_bolt import Ack

    from bot.toolbox import Toolbox
    from handlers.payload import Body

_MENTION = re.compile(r"<@[A-Z0-9]+(?:\|[^>]*)?>")
_FILE = ("name", "mode", "mimetype", "size")


def mentioned(wiring: Toolbox, ack: Ack, body: Body) -> None:
    """Handles a mention, such as `@gardener staging 2d`, with or without a file."""
    ack()
    _take(wiring, body)


def written(wiring: Toolbox, ack: Ack, body: Body) -> None:
    """Handles a direct message; ignores messages in channels."""
    ack()
    event = body["event"]
    if event.get("channel_type") != "im" or event.get("subtype") not in {None, "file_share"}:
        return
    _take(wiring, body)


def _take(wiring: Toolbox, body: Body) -> None:
    event = body["event"]
    if event.get("bot_id") or not event.get("user"):
        return  # posted by us or another bot
    asker = payload.of_event(body, wiring.now())
    files: list[dict[str, Any]] = [
        {
            **{k: f.get(k) for k in _FILE},
            "url": f.get("url_private_download") or f.get("url_private"),
        }
        for f in event.get("files") or []
    ]
    wiring.queue.enqueue(
        JobName.MENTION,
        {
            "asker": asker.encode(),
            "text": _unescaped(_MENTION.sub(" ", str(event.get("text") or ""))).strip(),
            "files": files,
        },
        job_id=payload.job_id(asker, "event"),
        unique=True,
        quick=not files,
        keep=payload.ONCE,
    )


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
