"""Addresses of the Google Cloud console."""

from __future__ import annotations

from urllib.parse import quote

from bot.core.model.report import Report
from bot.core.model.rfc3339 import show
from bot.core.model.values import SECOND, Window

LONGEST_QUERY = 1_500
"""Of a query in an address; quoting may triple it, and browsers and GitHub cut near 8,000."""


def logs(report: Report) -> str | None:
    """The report's own query and window in the Logs Explorer.

    None where the entries came from a file or the query is too long for an address.
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
    """`2025-09-14T03:10:06Z`: whole seconds, which is all that a person reads."""
    return show(nanoseconds // SECOND * SECOND)
