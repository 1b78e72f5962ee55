"""Links to the Google Cloud console."""

from __future__ import annotations

from urllib.parse import quote

from bot.core.model.report import Report
from bot.core.model.rfc3339 import show
from bot.core.model.values import SECOND, Window

LONGEST_QUERY = 1_500
"""Maximum characters of a query in a URL; quoting may triple it, browsers and GitHub cut near
8,000."""


def logs(report: Report) -> str | None:
    """Links to the report's query and window in the Logs Explorer.

    None if the entries came from a file, or if the query is too long for a URL.
    """
    from_file = report.query == "standard input" or report.query.startswith("file ")
    if from_file or not (report.project and report.query) or len(report.query) > LONGEST_QUERY:
        return None
    return (
        f"https://console.cloud.google.com/logs/query;query={quote(report.query, safe='')}"
        f";timeRange={_span(report.window)}?project={quote(report.project, safe='')}"
    )


def _span(window: Window) -> str:
    return quote(f"{rfc3339(window.start)}/{rfc3339(window.end)}", safe="")


def rfc3339(nanoseconds: int) -> str:
    """Renders `2025-09-14T03:10:06Z`, in whole seconds."""
    return show(nanoseconds // SECOND * SECOND)
