"""Remembers what was posted."""

from __future__ import annotations

from collections.abc import Sequence

from bot.adapters.redis.client import Store
from bot.adapters.redis.notes import Notes
from bot.core.model.shown import (
    KEPT,
    BreakAlert,
    DigestFailure,
    DigestPost,
    DigestQueued,
    EvidencePost,
    Posting,
    ReportThread,
    RequestAnswer,
    WatchFailure,
)


class RedisPosted:
    """`ports.Posted`."""

    def __init__(self, client: Store) -> None:
        self._notes = Notes(client)

    def get(self, environment: str, what: Posting) -> str | None:
        """Returns the message's `ts` (empty if it cannot be edited); None if not posted."""
        if isinstance(what, DigestFailure):  # 1: nobody edits that message
            return None if self._notes.read(int, environment, _name(what)) is None else ""
        return self._notes.read(str, environment, _name(what))

    def put(self, environment: str, what: Posting, ts: str) -> None:
        """Records a posting for the `SECONDS` of its kind."""
        value = 1 if isinstance(what, DigestFailure) else ts
        self._notes.write(environment, _name(what), value, what.SECONDS)

    def parts(self, environment: str, thread: ReportThread) -> Sequence[str]:
        """Returns the names of the parts posted to a report's thread."""
        return self._notes.read(tuple[str, ...], environment, _in(thread)) or ()

    def put_parts(self, environment: str, thread: ReportThread, parts: Sequence[str]) -> None:
        """Replaces the names of the parts posted to a thread."""
        self._notes.write(environment, _in(thread), parts, KEPT)


def _name(what: Posting) -> str:
    match what:
        case RequestAnswer():
            return f"posted:{what.request}"
        case DigestPost():
            return f"digest:{what.occasion}"
        case DigestQueued():
            return f"digest-queued:{what.occasion}"
        case DigestFailure():
            return f"failed:{what.occasion}"
        case BreakAlert():
            return f"broke:{what.cluster}:{what.at}:{what.kind}:{what.which}"
        case WatchFailure():
            return f"watch-failed:{what.channel}:{what.day}"
        case EvidencePost():
            return f"evidence:{what.report}:{what.cluster}:{what.channel}:{what.root}"


def _in(thread: ReportThread) -> str:
    return f"in-thread:{thread.report}:{thread.channel}:{thread.ts}"
