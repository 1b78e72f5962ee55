"""Writes what goes to GitHub: an issue's title, labels and body, and later comments.

Values are already redacted. Here they are shortened, then made inert (`github_markdown`). A public
repository gets no sample, and values that vary between entries appear as `<*>`, since they may
belong to a customer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.core.issues.disclosure import Shown, shown
from bot.core.issues.markers import marker
from bot.core.issues.related import Related
from bot.core.model.report import Card, Cluster, Report
from bot.core.model.values import Priority, Severity, State
from bot.core.reports import console_links
from bot.core.source import module_names
from bot.core.text import display
from bot.core.text.github_markdown import (
    code,
    fence,
    one_line,
    prose,
    shorten,
    title,
)

TITLE_LIMIT = 256
"""GitHub's limit for an issue's title."""
BODY_LIMIT = 65_535
"""GitHub accepts bodies below 65,536 characters."""
LABEL_LIMIT = 50
"""GitHub's limit for a label's name."""
LABELS = 4
STATUS = "status"
"""The nonce of the status comment's marker; one per cluster and issue."""

_SAMPLE_BUDGETS = (12_000, 6_000, 3_000, 1_000)
# The playground's Slack runs on loopback.
_SLACK = re.compile(r"(?:https://[\w.-]+|http://127\.0\.0\.1(?::\d+)?)/[\w./?=&%-]*", re.ASCII)
_SOURCE = re.compile(r"https?://[\w.:-]+/[\w./%@+-]+(?:#L\d+)?", re.ASCII)
BARS = 48
"""An issue shows a day by half hours, a month by days: as wide as a comment on a phone."""
_KIND = {
    State.NEW: "new",
    State.REGRESSED: "regression",
    State.ESCALATING: "escalating",
    State.RECURRING: "recurring",
    State.QUIET: "recurring",
}


@dataclass(frozen=True, slots=True)
class IssueDraft:
    """An issue ready to be filed."""

    title: str
    labels: tuple[str, ...]
    body: str
    lines: int
    """Lines of the body, without the hidden marker."""

    def preview(self, limit: int = 2_500) -> tuple[str, int]:
        """Returns the body's first lines within `limit` characters, and how many lines remain."""
        return preview(self.body, limit)


def preview(body: str, limit: int = 2_500) -> tuple[str, int]:
    """Previews any text of ours that ends in a marker."""
    visible = body.rpartition("\n\n<!--")[0]
    if len(visible) <= limit:
        return visible, 0
    head = visible[: limit + 1].rpartition("\n")[0] or visible[:limit]
    return head, visible.count("\n") - head.count("\n")


def draft(
    card: Card,
    report: Report,
    *,
    public: bool,
    related: Sequence[Related] = (),
    secret: bytes,
    slack_url: str | None = None,
    source_url: str | None = None,
    note: str | None = None,
) -> IssueDraft:
    """Drafts the issue for a lone cluster or a whole incident, with the root's marker.

    `source_url`: the line that logs it, at the deployed commit.
    """
    what = shown(card, public=public)
    mark = marker(card.cluster.id, secret)

    def sections(budget: int) -> Iterator[str]:
        yield _headline(card, report)
        yield from _note(note)
        yield f"## What the log says\n\n{fence(what.message, 4_000, 'text')}"
        yield from _meaning(what)
        yield _evidence(card, report, what, source_url)
        yield from _symptoms(card, what)
        yield from _sample(card.cluster, public=public, budget=budget)
        yield from _related(related)
        yield from _links(report, slack_url)

    body = _fit(sections, mark)
    return IssueDraft(
        title=issue_title(card, public=public),
        labels=labels(card),
        body=body,
        lines=body.rpartition("\n\n<!--")[0].count("\n") + 1,
    )


def comment(
    card: Card,
    report: Report,
    *,
    public: bool,
    secret: bytes,
    nonce: str,
    slack_url: str | None = None,
    source_url: str | None = None,
    note: str | None = None,
    regression: bool = False,
    why: str = "",
) -> str:
    """Drafts a comment with the newest evidence; `regression` explains why the issue is reopened.

    `why`: our sentence about what is new, if nobody asked for the comment.

    `nonce` identifies this comment (the view's id, for example), so that it is written only once.
    """
    what = shown(card, public=public)

    def sections(budget: int) -> Iterator[str]:
        if regression:
            newest = f" in {code(card.cluster.revisions[0], 100)}" if card.cluster.revisions else ""
            yield f"**Reopened as a regression:** it was written again{newest}."
        if why:
            yield f"**{prose(why, 300)}**"
        yield _headline(card, report)
        yield from _note(note)
        yield fence(what.message, 2_000, "text")
        yield from _meaning(what)
        yield _evidence(card, report, what, source_url)
        yield from _symptoms(card, what)
        yield from _sample(card.cluster, public=public, budget=min(budget, 6_000))
        yield from _links(report, slack_url)

    return _fit(sections, marker(card.cluster.id, secret, nonce))


def status(card: Card, report: Report, *, secret: bytes, public: bool, at: int) -> str:
    """Drafts the status comment, which every report edits. Short, without a sample.

    `at`: when it is written, nanoseconds.
    """
    cluster = card.cluster
    seen = cluster.last_seen
    rows = [
        ("Now", f"{_times(card.occurrences)} in {_span(report)}, {card.priority.name}"),
        ("State", _KIND[cluster.state] if cluster.state is not State.QUIET else "quiet"),
        ("Last seen", f"{_when(seen, seconds=True)} UTC" if seen is not None else ""),
        ("Revisions", _codes(cluster.revisions)),
        ("By hour", code(display.sparkline(cluster.histogram, BARS), 100)),
        ("Symptoms", f"{len(card.symptoms):,}" if card.symptoms else ""),
        ("Read", f"{report.coverage.read:,} entries, {_coverage(report)}"),
    ]
    lines = [f"- **{name}:** {text}" for name, text in rows if text]
    what = shown(card, public=public)
    head = f"**Status** of {code(what.message, 200)}, edited {_when(at)} UTC"
    return "\n\n".join([head, "\n".join(lines), marker(cluster.id, secret, STATUS)])


def issue_title(card: Card, *, public: bool) -> str:
    """Returns `GCP-new | P2 | what fails, where`, at most 256 characters."""
    cluster = card.cluster
    start = f"GCP-{_KIND[cluster.state]} | {card.priority.name} | "
    where = title(_where(cluster), 60)
    end = f", {where}" if where else ""
    what = shown(card, public=public).message.split("\n", 1)[0]
    return start + title(what, TITLE_LIMIT - len(start) - len(end)) + end


def labels(card: Card) -> tuple[str, ...]:
    """Returns priority, type, area and `gardener`: at most four, within GitHub's 50 characters."""
    cluster = card.cluster
    if cluster.state is State.REGRESSED:
        kind = "regression"
    elif card.priority <= Priority.P3 or cluster.severity >= Severity.ERROR:
        kind = "bug"
    else:
        kind = "warning"
    area = one_line(re.sub(r"[^\w ./-]", "", _area(cluster)[:500]), LABEL_LIMIT - len("area: "))
    wanted = [card.priority.name, kind, f"area: {area}" if area else "", "gardener"]
    return tuple(label for label in wanted if label)[:LABELS]


# --- sections ------------------------------------------------------------------------------------


def _fit(sections: Callable[[int], Iterator[str]], mark: str) -> str:
    body = ""
    for budget in _SAMPLE_BUDGETS:
        body = "\n\n".join([*sections(budget), mark])
        if len(body) <= BODY_LIMIT:
            return body
    # Every part is bounded, so this body consists of special characters. Put everything that fits
    # into one fenced block, which is safe.
    rest = BODY_LIMIT - len(mark) - 100
    return f"{fence(shorten(body, rest // 4), rest // 4)}\n\n{mark}"


def _headline(card: Card, report: Report) -> str:
    cluster = card.cluster
    parts = [
        f"**{card.priority.name} ({card.priority.level})**",
        _KIND[cluster.state],
        cluster.severity.name,
        f"{_times(card.occurrences)} in {_span(report)}",
        code(report.environment, 100),
    ]
    return " · ".join(parts)


def _note(note: str | None) -> Iterator[str]:
    lines = [prose(line, 1_000) for line in (note or "")[:3_000].splitlines()]
    if any(lines):
        yield "\n".join(f"> {line}" for line in lines)


def _meaning(what: Shown) -> Iterator[str]:
    known = [("Cause", what.cause), ("Impact", what.impact), ("Next", what.next)]
    lines = [f"- **{name}:** {prose(text, 1_000)}" for name, text in known if text]
    if lines:
        yield "\n".join(lines)


def _evidence(card: Card, report: Report, what: Shown, source_url: str | None = None) -> str:
    cluster, coverage = card.cluster, report.coverage
    window = f"{_when(report.window.start)} to {_when(report.window.end)} UTC"
    about = " (estimated)" if cluster.estimated else ""
    rows = [
        ("Window", window),
        ("Count", f"{_times(card.occurrences)}, {cluster.count:,} log entries{about}"),
        ("First and last", _first_and_last(cluster)),
        ("By hour", code(display.sparkline(cluster.histogram, BARS), 100)),
        ("Location", _location(cluster, source_url)),
        ("Services", _codes(cluster.services or report.services)),
        ("Revisions", _codes(cluster.revisions)),
        ("Instances", f"{cluster.instances:,}" if cluster.instances else ""),
        ("Routes", _codes(what.routes)),
        ("Project", " in ".join(filter(None, map(_code, (report.project, report.region))))),
        ("Read", f"{coverage.read:,} entries, {_coverage(report)}"),
    ]
    lines = [f"- **{name}:** {text}" for name, text in rows if text]
    unique = list(dict.fromkeys(what.reasons))  # a root's reasons include its incident's
    reasons = [f"  - {prose(reason, 300)}" for reason in unique[:20]]
    if reasons:
        lines += [f"- **Why {card.priority.name}:**", *reasons]
    return "## Evidence\n\n" + "\n".join(lines)


def _symptoms(card: Card, what: Shown) -> Iterator[str]:
    if not card.symptoms:
        return
    lines = [
        f"- {_times(cluster.occurrences)} {cluster.severity.name} {code(text, 200)}"
        for cluster, text in zip(card.symptoms[:20], what.symptoms, strict=False)
    ]
    more = len(card.symptoms) - len(lines)
    if more > 0:
        lines.append(f"- and {more} more")
    yield "## Symptoms\n\nThey follow from it and are filed with it.\n\n" + "\n".join(lines)


def _sample(cluster: Cluster, *, public: bool, budget: int) -> Iterator[str]:
    if public:
        yield "_This repository is public: the sample is left out, and what varies shows as_ `<*>`."
    elif cluster.sample:
        yield f"## Sample\n\n{fence(display.pretty(cluster.sample), budget, 'json')}"


def _related(related: Sequence[Related]) -> Iterator[str]:
    # These references are intended: GitHub shows each issue's title and state beside them.
    lines = [f"- #{r.issue.number} {prose(', '.join(r.reasons), 200)}" for r in related[:5]]
    if lines:
        yield "## Related\n\n" + "\n".join(lines)


def _links(report: Report, slack_url: str | None) -> Iterator[str]:
    address = console_links.logs(report)
    links = [f"[logs in the Cloud console]({address})"] if address else []
    if slack_url and _SLACK.fullmatch(slack_url):
        links.append(f"[the report in Slack]({slack_url})")
    query = fence(report.query, 2_000, "text") if report.query else ""
    text = "\n\n".join(part for part in (query, " · ".join(links)) if part)
    if text:
        yield f"## Query\n\n{text}"


# --- words ---------------------------------------------------------------------------------------


def _where(cluster: Cluster) -> str:
    if cluster.location:
        return module_names.short(cluster.location)
    return cluster.services[0] if len(cluster.services) == 1 else ""


def _area(cluster: Cluster) -> str:
    room = module_names.room(cluster.location) if cluster.location else ""
    return room or (cluster.services[0] if cluster.services else "")


def _location(cluster: Cluster, source_url: str | None = None) -> str:
    if not cluster.location:
        return ""
    where = code(str(cluster.location), 300)
    if source_url and _SOURCE.fullmatch(source_url):
        where = f"[{where}]({source_url})"
    function = cluster.location.function
    return f"{where} in {code(function, 200)}" if function else where


def _first_and_last(cluster: Cluster) -> str:
    if cluster.first_seen is None or cluster.last_seen is None:
        return ""
    if cluster.first_seen == cluster.last_seen:
        return f"{_when(cluster.first_seen, seconds=True)} UTC"
    first, last = (_when(t, seconds=True) for t in (cluster.first_seen, cluster.last_seen))
    return f"{first} to {last} UTC"


def _coverage(report: Report) -> str:
    coverage = report.coverage
    parts = [f"not read: {_when(w.start)} to {_when(w.end)}" for w in coverage.missing[:5]]
    if len(coverage.missing) > 5:
        parts.append(f"and {len(coverage.missing) - 5} more gaps")
    if coverage.broken:
        parts.append(f"{coverage.broken:,} could not be understood")
    if coverage.sampled < 1:
        parts.append(f"a sample of {coverage.sampled:.0%}")
    return ", ".join(parts) or "the whole window"


def _codes(values: Sequence[str]) -> str:
    listed = ", ".join(code(value, 120) for value in values[:8])
    return f"{listed} and {len(values) - 8} more" if len(values) > 8 else listed


def _code(value: str) -> str:
    return code(value, 120)


def _times(count: int) -> str:
    return f"{count:,}×"


def _when(nanoseconds: int, *, seconds: bool = False) -> str:
    text = console_links.rfc3339(nanoseconds)
    return text.replace("T", " ")[: 19 if seconds else 16]


def _span(report: Report) -> str:
    return display.duration(report.window.end - report.window.start)
