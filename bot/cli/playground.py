"""`gardener playground`: the real bot against a local Slack, GitHub and Cloud Logging."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence


def playground(port: int | None, say: Sequence[str], *, exit_after: bool) -> int:
    """Runs it until Ctrl-C, or until what `say` types is answered; returns the exit code."""
    from playground.run import run

    return asyncio.run(run(port, list(say), exit_after))
