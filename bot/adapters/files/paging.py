"""Turns JSON values into pages of log entries, whatever format they were written in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.core.entries.envelope import entry_of
from bot.core.entries.json_rows import of_json
from bot.core.model.values import JSON
from bot.core.ports import Page

PAGE = 1_000
"""Entries per page, as in Cloud Logging."""


def pages(values: Iterable[tuple[object, float]]) -> Iterator[Page]:
    """Pages of values, each with the share of the whole that was read by then.

    A value that is no log entry counts as broken. The last page has the whole share.
    """
    entries: list[JSON] = []
    numbers: list[int] = []
    broken = 0
    share = 0.0
    for number, (value, share) in enumerate(values, 1):
        if (entry := entry_of(value)) is None:
            broken += 1
        else:
            entries.append(entry)
            numbers.append(number)
        if len(entries) + broken >= PAGE:
            yield Page(of_json(entries, numbers), broken=broken, share=min(1.0, share))
            entries, numbers, broken = [], [], 0
    yield Page(of_json(entries, numbers), broken=broken, share=1.0)
