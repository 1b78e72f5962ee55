"""The keys of an environment that name what is read beside Cloud Run services."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bot.settings.values import FileMistake, list_of, matching, text_of

LONGEST = 10_000
"""Characters of a filter: half of what Cloud Logging takes, since the window is added to it."""
MOST_VIEWS = 100
"""Resource names that one call of entries.list takes."""

_JOB = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
_FUNCTION = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
_NAME = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?"
_WORKLOAD = re.compile(f"{_NAME}/{_NAME}/{_NAME}")
_PROJECT = r"projects/[a-z0-9](?:[a-z0-9.:-]*[a-z0-9])?"
_VIEW = re.compile(rf"{_PROJECT}(?:/locations/[\w-]+/buckets/[\w.-]+/views/[\w.-]+)?")
_FORM = '"cluster/namespace/workload"'


def _workload(at: str, value: object) -> str:
    text = text_of(at, value)
    if text.count("/") != 2:
        parts = text.count("/") + 1
        count = f"{parts} part" if parts == 1 else f"{parts} parts"
        raise FileMistake(
            f'{at}: "{text}" has {count}; write {_FORM}, such as "main/default/checkout".'
        )
    if not _WORKLOAD.fullmatch(text):
        raise FileMistake(
            f'{at}: "{text}" is not {_FORM}; each part has lower-case letters, digits, - and dots.'
        )
    return text


def _filter(at: str, value: object) -> str:
    """One line that is complete in itself, so that it can stand between parentheses.

    A window or a severity is added outside of it. An unbalanced quote or parenthesis could
    otherwise swallow them.
    """
    if not isinstance(value, str) or not value.strip():
        raise FileMistake(
            f"{at} is empty: write filter = 'resource.type=\"gce_instance\"', or remove the line."
        )
    words: list[str] = []
    depth = 0
    for found in _TOKEN.finditer(value.strip()):
        kind, text = found.lastgroup, found[0]
        if kind == "open_quote":
            raise FileMistake(
                f"{at} has a quotation mark that is never closed, at {_at(text)}: "
                'close it with ", or write \\" for one inside a text.'
            )
        depth += (text == "(") - (text == ")")
        if depth < 0:
            raise FileMistake(f"{at} closes a parenthesis that was never opened: remove one ).")
        words.append(" " if kind == "blank" else text)
    if depth:
        raise FileMistake(f"{at} has a parenthesis that is never closed: add a ).")
    text = "".join(words).strip()
    if not text:
        raise FileMistake(f"{at} is only a comment: write a filter, or remove the line.")
    if re.search(r"(?:^|\s)(?:AND|OR|NOT)$", text) or re.match(r"(?:AND|OR)\b", text):
        raise FileMistake(f"{at} begins or ends with AND, OR or NOT: complete it, or remove that.")
    if len(text) > LONGEST:
        raise FileMistake(f"{at} has {len(text):,} characters; shorten it to {LONGEST:,}.")
    return text


_TOKEN = re.compile(
    r"""(?P<blank>(?:\s|--[^\n]*)+)
      |(?P<string>"(?:[^"\\]|\\.)*")
      |(?P<open_quote>".*)
      |(?P<parenthesis>[()])
      |(?P<word>(?:(?!--)[^\s"()])+|-)""",
    re.VERBOSE | re.DOTALL,
)


def _at(text: str) -> str:
    shown = " ".join(text.split())
    return f"{shown[:30]}…" if len(shown) > 30 else shown


def _views(at: str, value: object) -> tuple[str, ...]:
    view = matching(
        _VIEW, 'a log view: write "projects/P/locations/global/buckets/B/views/V", or "projects/P"'
    )
    found = list_of(view)(at, value)
    if len(found) > MOST_VIEWS:
        raise FileMistake(f"{at} has {len(found)} views; Cloud Logging reads {MOST_VIEWS} at once.")
    return found


READERS: Mapping[str, Callable[[str, object], object]] = {
    "jobs": list_of(matching(_JOB, 'a Cloud Run job, such as "nightly-import"')),
    "functions": list_of(matching(_FUNCTION, 'a Cloud Function, such as "resize-image"')),
    "gke": list_of(_workload),
    "filter": _filter,
    "views": _views,
}
"""The fields of `Sources`."""
