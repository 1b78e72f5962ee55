"""`gardener playground`: the real bot against a local Slack, GitHub and Cloud Logging."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence


def playground(port: int | None, say: Sequence[str], *, exit_after: bool) -> int:
    """Runs the playground; returns the exit code.

    `say`: texts to type at the start. Ends at Ctrl-C or, with `exit_after`, after their answers.
    """
    from playground.run import run

    return asyncio.run(run(port, list(say), exit_after))
