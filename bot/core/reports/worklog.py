"""Renders a Report as the worklog, a Markdown document that people used to write by hand. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from bot.core.expected.acknowledgement import holds
from bot.core.model.report import (
    Card,
    Cluster,
    Incident,
    Report,
)
from bot.core.model.values import DAY, Priority, State
from bot.core.reports import console_links
from bot.core.reports.alarms import alarms, all_outside
from bot.core.text import display
from bot.core.text.display import number
from bot.core.text.github_markdown import (
    code,
    fence,
)
from bot.core.trends import bursts, traffic

TITLE = 200
SAMPLE = 6_000
"""Maximum characters of one sample."""
TEXT = 600
SAYS = 300


def worklog(report: Report, *, searched: Collection[str] = (), now: int | None = None) -> str:
    """Renders the document; decisions are those in the clusters (`Report.with_decisions`).

    `searched`: ids of clusters whose related issues were looked up, which ticks their box. `now`
    (nanoseconds) decides which acknowledgements hold; defaults to the time of reading.
    """
    at = report.generated if now is None else now
    parts = [
        *_head(report),
        *_summary(report, at),
        *(line for i, card in enumerate(report.cards, 1) for line in _card(i, card, report, at)),
        *_chains(report),
        *_status(report, searched, at),
        *_next(report, at),
        *_notes(report),
    ]
    return "\n".join(parts).rstrip() + "\n"


# --- head ----------------------------------------------------------------------------------------


def _head(report: Report) -> Iterator[str]:
    yield "# GCP Log Gardener Worklog"
    yield f"**Generated:** {_when(report.generated, report.timezone)}  "
    yield f"**Environment:** {_text(report.environment) or 'from a file'}  "
    yield f"**Service:** {_texts(report.services) or 'all'}  "
    if report.project:
        region = f", {_text(report.region)}" if report.region else ""
        yield f"**Project:** {_text(report.project)}{region}  "
    if report.revisions:
        yield f"**Revision:** {_texts(report.revisions[:5])}  "
    yield f"**Time Range:** {_range(report)}  "
    yield f"**Entries Read:** {_coverage(report)}  "
    yield f"**Total Issues Found:** {display.many(len(report.clusters), 'cluster')}"
    yield ""


def _range(report: Report) -> str:
    start, end = report.window.start, report.window.end
    return (
        f"{_when(start, report.timezone)} to {_when(end, report.timezone)}"
        f" ({display.duration(end - start)})"
    )


def _coverage(report: Report) -> str:
    read = report.coverage
    text = f"{number(read.read)}: {number(read.clustered)} clustered"
    for n, what in (
        (read.below_severity, f"below {report.min_severity.name}"),
        (read.outside_window, "outside the window"),
        (read.duplicates, "read twice"),
        (read.broken, "broken"),
    ):
        if n:
            text += f", {number(n)} {what}"
    if read.complete:
        return f"{text}; whole window"
    return f"{text}; **not everything was read**"


def _summary(report: Report, now: int) -> Iterator[str]:
    yield "## Executive Summary"
    for alarm in alarms(report):
        yield f"**{_text(alarm, 600)}**"
        yield ""
    cards = report.cards
    if not cards:
        if (outside := all_outside(report)) is not None:
            yield f"{outside}."
            yield ""
            return
        above = f"at {report.min_severity.name} or above"
        yield f"Nothing {above} in {display.many(report.coverage.read, 'entry', 'entries')}."
        yield ""
        return
    yield (
        f"{display.many(len(report.clusters), 'cluster')} in "
        f"{display.many(len(cards), 'problem')}, the most important first:"
    )
    yield ""
    for i, card in enumerate(cards, 1):
        level = f"{card.priority.level} PRIORITY - {card.priority.name}"
        expected = ", expected" if holds(card.cluster, card.occurrences, report.window, now) else ""
        times = display.many(card.occurrences, "occurrence")
        over = _over(card, report) if card.ended else ""
        yield (
            f"{i}. **{_text(card.cluster.name)} {_text(card.cluster.title, TITLE)}** "
            f"({level}) - {times}, {card.cluster.state.value}{over}{expected}"
        )
    yield ""
    missing = report.coverage.missing
    if missing or report.coverage.notes:
        spans = ", ".join(display.span(w.start, w.end, report.timezone) for w in missing)
        notes = " ".join(_text(note) for note in report.coverage.notes)
        yield f"**Not read:** {spans or 'see the note'}. {notes}".rstrip()
        yield ""


# --- clusters ------------------------------------------------------------------------------------


def _card(index: int, card: Card, report: Report, now: int) -> Iterator[str]:
    cluster, incident = card.cluster, card.incident
    yield f"## Issue Cluster {index}: {_text(cluster.title, TITLE)}"
    yield f"**Cluster:** {_text(cluster.name)} ({code(cluster.id, 80)})  "
    yield f"**Severity:** {cluster.severity.name}  "
    yield f"**Priority:** {card.priority.name} ({card.priority.level})  "
    yield f"**Count:** {_count(card)}  "
    yield f"**State:** {cluster.state.value}{_over(card, report)}  "
    yield f"**Pattern:** {_pattern(cluster, report)}"
    yield ""
    if cluster.sample:
        yield "### Details"
        yield fence(display.pretty(cluster.sample), SAMPLE, "json")
        yield ""
    yield "### Analysis"
    yield from _analysis(cluster, report)
    yield from _why(cluster, incident)
    yield from _symptoms(card)
    yield from _decided(card, report, now)
    yield ""


def _over(card: Card, report: Report) -> str:
    """Renders `, ended 2025-09-14 03:12:00 UTC: 00613-fix served …`, else when it was last seen."""
    end, last = card.ended, card.last_seen
    if end is not None:
        return f", ended {_when(end.since, report.timezone)}: {_text(end.evidence)}"
    return "" if last is None else f", last seen {_when(last, report.timezone)}"


def _count(card: Card) -> str:
    about = "about " if card.cluster.estimated else ""
    entries = display.many(card.cluster.count, "log entry", "log entries")
    text = f"{about}{display.many(card.occurrences, 'occurrence')} ({entries})"
    instances = card.incident.instances if card.incident else card.cluster.instances
    return f"{text} on {display.many(instances, 'instance')}" if instances else text


def _pattern(cluster: Cluster, report: Report) -> str:
    if cluster.first_seen is None or cluster.last_seen is None:
        return "its entries carry no time"
    first = _when(cluster.first_seen, report.timezone)
    if cluster.first_seen == cluster.last_seen:
        return f"once, {first}"
    graph = display.sparkline(cluster.histogram, 24)
    last = _when(cluster.last_seen, report.timezone)
    apart = bursts.sentence(
        cluster.bursts,
        lambda first, last: display.span(first, last, report.timezone, report.generated),
    )
    return " ".join(filter(None, [f"first {first}, last {last}", graph, apart]))


def _analysis(cluster: Cluster, report: Report) -> Iterator[str]:
    where = "not told by the log"
    if cluster.location:
        function = cluster.location.function
        where = code(str(cluster.location), SAYS)
        where += f" in {code(function, SAYS)}" if function else ""
    days = max(1.0, (report.window.end - report.window.start) / DAY)
    rows = (
        ("Message", code(display.template(cluster.template), TEXT)),
        ("Root Cause", _text(cluster.cause) if cluster.cause else "not known"),
        ("Impact", _text(cluster.impact) if cluster.impact else "not known"),
        ("Location", where),
        ("Frequency", display.rate(cluster.occurrences / days)),
        ("Affected endpoints", _codes(cluster.routes)),
        ("Services", _codes(cluster.services)),
        ("Revisions", _codes(cluster.revisions)),
        ("Next step", _text(cluster.next) if cluster.next else ""),
    )
    for name, text in rows:
        if text:
            yield f"- **{name}**: {text}"


def _why(cluster: Cluster, incident: Incident | None) -> Iterator[str]:
    reasons = list(dict.fromkeys([*(incident.reasons if incident else ()), *cluster.reasons]))
    if reasons:
        yield f"- **Why {(incident.priority if incident else cluster.priority).name}**:"
        for reason in reasons[:30]:
            yield f"  - {_text(reason, SAYS)}"


def _symptoms(card: Card) -> Iterator[str]:
    if card.symptoms:
        yield "- **Symptoms**, filed under this root:"
    for symptom in card.symptoms[:50]:
        times = display.many(symptom.occurrences, "occurrence")
        yield f"  - {_text(symptom.name)} {code(symptom.title, TITLE)}, {times}"
    if len(card.symptoms) > 50:
        yield f"  - and {number(len(card.symptoms) - 50)} more"


def _decided(card: Card, report: Report, now: int) -> Iterator[str]:
    decided = card.cluster.decisions
    if decided.issue:
        issue = decided.issue
        yield (
            f"- **Issue**: {_text(issue.repository)} {issue.number} ({_text(issue.state)}): "
            f"{_text(issue.title, TITLE)}"
        )
    if decided.expected:
        acknowledgement = decided.expected
        if acknowledgement.until is not None:
            end = f"until {_when(acknowledgement.until, report.timezone)}"
        elif acknowledgement.until_revision:
            end = f"until a revision after {_text(acknowledgement.until_revision)}"
        else:
            end = "forever"
        kept = holds(card.cluster, card.occurrences, report.window, now)
        state = "Expected" if kept else "No longer matches the acknowledgement"
        yield f"- **{state}**: {_text(acknowledgement.reason)} ({_text(acknowledgement.by)}, {end})"
    if decided.claim:
        yield f"- **In hand**: {_text(decided.claim.by)}"
    if decided.override:
        was = decided.override.was.name
        yield f"- **Priority by hand**: {_text(decided.override.by)}, was {was}"


def _chains(report: Report) -> Iterator[str]:
    chains = [card for card in report.cards if card.symptoms]
    if not chains:
        return
    yield "## Cause Chains"
    for card in chains:
        names = " → ".join(_text(c.name) for c in (card.cluster, *card.symptoms[:12]))
        yield f"- {names}{' → …' if len(card.symptoms) > 12 else ''}"
    yield ""


# --- status --------------------------------------------------------------------------------------


def _status(report: Report, searched: Collection[str], now: int) -> Iterator[str]:
    read = report.coverage
    cards = report.cards
    open_cards = [c for c in cards if not _settled(c, report, now)]
    looked = {c.cluster.id for c in cards} & set(searched)
    looked |= {c.cluster.id for c in cards if c.cluster.decisions.issue}
    filed = sum(c.cluster.decisions.issue is not None for c in cards)
    expected = sum(holds(c.cluster, c.occurrences, report.window, now) for c in cards)
    wanted = len(cards) - expected
    yield "## Processing Status"
    yield _box(read.complete, "Logs Collected", f"{number(read.read)} entries, {_whole(report)}")
    yield _box(
        True, "Clustered", f"{display.many(len(report.clusters), 'distinct issue type')} identified"
    )
    yield _box(
        wanted == 0 or len(looked) >= wanted,
        "Related Issue Search",
        f"{number(min(len(looked), wanted))} of {number(wanted)}",
    )
    yield _box(
        not open_cards,
        "Issue Creation/Updates",
        f"{number(filed)} filed, {number(expected)} expected, {number(len(open_cards))} open",
    )
    for card in cards:
        yield "  " + _box(
            _settled(card, report, now),
            f"{_text(card.cluster.name)} {card.priority.name}",
            _outcome(card, report, now),
        )
    yield ""


def _settled(card: Card, report: Report, now: int) -> bool:
    """True if filed, or acknowledged and still so; a claim is only work in progress."""
    decided = card.cluster.decisions
    return decided.issue is not None or holds(card.cluster, card.occurrences, report.window, now)


def _outcome(card: Card, report: Report, now: int) -> str:
    decided = card.cluster.decisions
    if decided.issue:
        return f"issue {decided.issue.number}, {_text(decided.issue.state)}"
    if holds(card.cluster, card.occurrences, report.window, now):
        return "expected"
    if decided.claim:
        return f"{_text(decided.claim.by)} is on it"
    return "ended" if card.ended else "open"


def _box(done: bool, name: str, text: str) -> str:
    return f"- [{'x' if done else ' '}] **{name}**: {text}"


def _whole(report: Report) -> str:
    read = report.coverage
    if read.complete:
        return f"the whole {display.duration(report.window.end - report.window.start)}"
    return "not the whole window"


# --- what next -----------------------------------------------------------------------------------


def _next(report: Report, now: int) -> Iterator[str]:
    yield "## Next Steps"
    n = 0
    for card in report.cards:
        if _settled(card, report, now) or card.ended or card.priority > Priority.P5:
            continue
        n += 1
        what = card.cluster.next or (
            "look at it now" if card.priority <= Priority.P2 else "decide: file, expected, or claim"
        )
        yield f"{n}. **{_text(card.cluster.name)}** ({card.priority.name}): {_text(what)}"
        if n == 20:
            break
    if report.coverage.missing:
        n += 1
        yield f"{n}. **Coverage**: read again; a part of the window is missing"
    if n == 0:
        yield "Nothing waits for a decision."
    yield ""


def _notes(report: Report) -> Iterator[str]:
    yield "## Technical Notes"
    yield f"- **Service**: {_texts(report.services) or 'all'}"
    if report.revisions:
        yield f"- **Revisions seen**: {_codes(report.revisions)}"
    if report.region:
        yield f"- **Region**: {_text(report.region)}"
    if report.project:
        yield f"- **Project**: {_text(report.project)}"
    yield f"- **API calls**: {number(report.coverage.api_calls)}"
    if report.coverage.kept:
        yield f"- **From memory**: {display.many(report.coverage.kept, 'entry', 'entries')}"
    requests = traffic.summary(report.traffic, report.timezone, report.generated)
    if not report.counts_requests:
        requests += "; only those of Cloud Run services are counted"
    yield f"- **Traffic**: {_text(requests)}"
    if report.coverage.sampled < 1.0:
        yield f"- **Sampled**: {display.percent(report.coverage.sampled)} of the entries"
    severities = ", ".join(f"{_text(name)} {number(n)}" for name, n in report.severities)
    if severities:
        yield f"- **Severity distribution** of all that was read: {severities}"
    counted = Counter(card.priority for card in report.cards)
    if counted:
        listed = ", ".join(f"{p.name} {n}" for p, n in sorted(counted.items()))
        yield f"- **Priorities**: {listed}"
    states = Counter(card.cluster.state for card in report.cards)
    new = states[State.NEW]
    if new:
        yield f"- **New**: {number(new)} of {number(len(report.cards))}"
    address = console_links.logs(report)
    if address:
        yield f"- **Console**: [the same query]({address})"
    if report.query:
        yield "- **Query**:"
        yield ""
        yield fence(report.query, 4_000, "text")


# --- words ---------------------------------------------------------------------------------------


def _when(ns: int, timezone: str) -> str:
    return f"{display.moment(ns, timezone):%Y-%m-%d %H:%M:%S} {_text(timezone, 60)}"


def _text(text: str, limit: int = TEXT) -> str:
    return display.markdown(text, limit)


def _texts(values: Sequence[str]) -> str:
    return ", ".join(_text(value, 120) for value in values)


def _codes(values: Sequence[str]) -> str:
    listed = ", ".join(code(value, 120) for value in values[:8])
    return f"{listed} and {len(values) - 8} more" if len(values) > 8 else listed
