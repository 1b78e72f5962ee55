"""Builds the command that routes traffic back. It is text for a person; the bot never runs it."""

from __future__ import annotations

import re

from bot.core.model.report import Began

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def rollback(began: Began) -> str | None:
    """Returns the command that routes all traffic to the revision before.

    None if a part is unknown, or contains anything a shell could interpret: names come from the
    log, which others write.
    """
    names = (began.service, began.project, began.region, began.before)
    if not all(_PLAIN.fullmatch(name) for name in names):
        return None
    return (
        f"gcloud run services update-traffic {began.service} --project {began.project} "
        f"--region {began.region} --to-revisions={began.before}=100"
    )
