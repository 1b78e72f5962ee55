"""Words the advice to go back to an earlier revision, or why there is none to go back to. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from bot.core.clusters.clusters import Draft
from bot.core.model.report import Began
from bot.core.model.revision_names import numbered
from bot.core.text import display
from bot.core.trends.serving import Serving


def advice(
    draft: Draft, began: Began | None, serving: Serving, failing: Collection[str]
) -> tuple[str | None, Began | None]:
    """Returns the advice for a problem that stops a revision, and `began` without its command
    where going back is no help.

    `failing`: revisions whose requests failed; they get requests although they serve none.
    """
    tally = draft.tally
    if len(tally.services) != 1 or draft.is_job or not tally.revisions:
        return None, began
    (service,) = tally.services
    order = serving.order(service)
    mine = [at for at, name in enumerate(order) if name in tally.revisions]
    if not mine:
        return None, began
    newest = order[mine[-1]]
    nowhere = began and replace(began, project="", region="")
    if later := order[mine[-1] + 1 :]:
        name = _short(later[-1], service)
        return f"{name} started after it and has not logged it so far: do not roll back yet.", (
            nowhere
        )
    if began is None:
        if (found := numbered(order[mine[0]])) is not None and int(found[1]) == 1:
            return "This is the first revision: there is nothing to roll back to.", None
        return "Roll back to the last revision without it; a longer window may name it.", None
    before = _short(began.before, service)
    if _has_no_traffic(tally.revisions, service, serving, failing):
        name = _short(newest, service)
        return f"{name} gets no requests and {before} serves: there is nothing to roll back.", (
            nowhere
        )
    return f"Roll back to {before} until it is fixed.", began


def _has_no_traffic(
    mine: Collection[str], service: str, serving: Serving, failing: Collection[str]
) -> bool:
    """True if requests were counted, none was for these revisions, and others have served since."""
    if not serving.counted or any(name in failing or serving.requests(name) for name in mine):
        return False
    began = [at for name in mine if (at := serving.began(service, name)) is not None]
    return bool(began) and any(
        serving.after(service, name, max(began))[0]
        for name in serving.order(service)
        if name not in mine
    )


def _short(name: str, service: str) -> str:
    return display.revision(name, (service,))
