"""The command that routes traffic back. It is text for a person; this program never runs it."""

from __future__ import annotations

import re

from bot.core.model.report import Began

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def rollback(began: Began) -> str | None:
    """The command that routes all traffic to the revision before.

    None where a part of it is not known, or holds what a shell might read as more than a name:
    names come from the log, which others write.
    """
    names = (began.service, began.project, began.region, began.before)
    if not all(_PLAIN.fullmatch(name) for name in names):
        return None
    return (
        f"gcloud run services update-traffic {began.service} --project {began.project} "
        f"--region {began.region} --to-revisions={began.before}=100"
    )
