"""The evidence behind a card, on demand: every reason, samples, causes, the exact query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks import buttons, card_times, moments, parts
from blocks.buttons import Act
from blocks.card import Setting, head, mark, place, times
from blocks.escape import fallback, link, mrkdwn, user
from blocks.message import Message, message
from bot.core.model.report import (
    Card,
    Cluster,
    Incident,
    Report,
)
from bot.core.model.values import JSON, Priority
from bot.core.reports import console_links
from bot.core.reports.rollback import rollback
from bot.core.text import display

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block, TextObject

SAMPLE = 2_500
"""Maximum characters of the sample; the worklog has more of it."""
EXAMPLES = 6
EXAMPLE = 220
QUERY = 1_500
_REASONS = 24


def why(
    cluster: Cluster,
    incident: Incident | None = None,
    *,
    report: Report | None = None,
    now: int | None = None,
) -> Message:
    """Renders `/gardener why C3`: each factor of the priority, for the person who asked.

    `report`: the source of the figures, named below them.
    """
    priority = incident.priority if incident else cluster.priority
    found: list[Block] = [
        parts.section(
            parts.titled(
                mark(priority),
                f"{cluster.name} is {priority.name} ({priority.level})",
                cluster.title,
                200,
            )
        ),
        parts.section(_reasons(cluster, incident)),
    ]
    if cluster.decisions.override:
        override = cluster.decisions.override
        by, was = user(override.by), override.was.name
        day = moments.date(override.at, override.at)
        found.append(parts.context(f"Set by {by} on {day}, was {was}."))
    where = ""
    if report is not None:
        where = f"{report.environment}: "
        read = moments.clock(report.generated, now)
        window = moments.window(report.window, report.generated)
        text = f"{display.one_line(report.environment)}, {window}, read {read}"
        found.append(parts.context(mrkdwn(text, 300)))
    text = f"{where}{cluster.name} is {priority.name}. {cluster.title}"
    return message(fallback(text), found)


def evidence(card: Card, report: Report, *, now: int, query: Act) -> Message:
    """Renders everything known about one card, for the report's thread."""
    at = Setting.of(report, now, query)
    cluster = card.cluster
    found: list[Block] = [
        parts.section(
            parts.titled(
                mark(card.priority),
                head(card, cluster.state.value, "evidence"),
                cluster.title,
                600,
            )
        ),
        parts.section(_figures(card, at)),
        _label(f"Why {card.priority.name}"),
        parts.section(_reasons(cluster, card.incident)),
        *_chain(card, at),
        *_back(card),
        *_issue(card, at),
    ]
    if cluster.sample:
        found += [_label("A sample"), parts.preformatted(display.pretty(cluster.sample), SAMPLE)]
    if cluster.examples:
        lines = "\n".join(_example(entry) for entry in cluster.examples[:EXAMPLES])
        found += [_label("First and last entries"), parts.preformatted(lines, 1_500)]
    found += _query(report, at)
    text = f"{report.environment}: evidence for {cluster.name}, {card.priority.name}. "
    return message(fallback(text + cluster.title), found)


def _back(card: Card) -> list[Block]:
    """Renders the command that routes traffic back, for a person to run; the bot never does."""
    began = card.cluster.began
    command = rollback(began) if began and card.priority <= Priority.P2 else None
    if began is None or command is None:
        return []
    before = mrkdwn(began.before, 100)
    text = f"*Back to {before}, the newest before it that was read; for you to run, I never do*"
    return [parts.context(text), parts.preformatted(command, 600)]


def _factors(cluster: Cluster) -> list[str]:
    """Lists every factor with its weight, then the reasons that no factor covers."""
    if not cluster.factors:
        return list(cluster.reasons)
    found = [
        f"{factor.name}{f', {factor.weight}' if factor.weight else ''}: {factor.said}"
        for factor in cluster.factors
    ]
    covered = " ".join(factor.said for factor in cluster.factors)
    return found + [
        reason
        for reason in cluster.reasons
        if reason not in covered
        and not reason.startswith("severity ")
        and not any(f.weight and reason == f"{f.said} ({f.weight})" for f in cluster.factors)
    ]


def _reasons(cluster: Cluster, incident: Incident | None) -> TextObject:
    given = list(dict.fromkeys([*(incident.reasons if incident else ()), *_factors(cluster)]))
    shown = [f"• {reason}" for reason in given[:_REASONS] if reason.strip()]
    if len(given) > _REASONS:
        shown.append(f"• and {len(given) - _REASONS} more, in the worklog")
    return parts.lines(shown or ["No reason was recorded."])


def _figures(card: Card, at: Setting) -> TextObject:
    cluster = card.cluster
    entries = display.many(cluster.count, "entry", "entries")
    lines = [
        f"{times(card)} from {entries}, {cluster.severity.name}"
        + (f", on {display.many(cluster.instances, 'instance')}" if cluster.instances else "")
    ]
    if cluster.first_seen is not None and cluster.last_seen is not None:
        first, last = (moments.clock(t) for t in (cluster.first_seen, cluster.last_seen))
        lines.append(f"First {first}, last {last}")
    if cluster.location:
        function = f" in {cluster.location.function}" if cluster.location.function else ""
        lines.append(f"Written at {cluster.location}{function}")
    for name, values in (
        ("Services", cluster.services),
        ("Revisions", cluster.revisions),
        ("Routes", cluster.routes),
    ):
        if values:
            more = f" and {len(values) - 5} more" if len(values) > 5 else ""
            lines.append(f"{name}: {', '.join(display.cut(v, 80) for v in values[:5])}{more}")
    if still := card_times.ended(card, at) or card_times.last_seen(card, at):
        lines.append(f"{still[0].upper()}{still[1:]}")
    return parts.lines(lines)


def _chain(card: Card, at: Setting) -> list[Block]:
    if not card.symptoms:
        return []
    rows = [_step(card.cluster, at)]
    rows += [_step(symptom, at) for symptom in card.symptoms[:8]]
    if len(card.symptoms) > 8:
        rows.append(f"… and {len(card.symptoms) - 8} more")
    return [_label("Cause, then what followed"), parts.preformatted("\n".join(rows), 1_200)]


def _step(cluster: Cluster, at: Setting) -> str:
    when = moments.clock(cluster.first_seen, at.now) if cluster.first_seen else "?"
    where = place(cluster.location)
    text = display.cut(display.one_line(cluster.title), 70)
    return " ".join(filter(None, [when, cluster.name, text, f"({where})" if where else ""]))


def _example(entry: JSON) -> str:
    when = str(entry.get("timestamp") or entry.get("receiveTimestamp") or "?")
    severity = str(entry.get("severity") or "DEFAULT")
    return display.cut(display.one_line(f"{when[:23]} {severity} {_payload(entry)}"), EXAMPLE)


def _payload(entry: JSON) -> str:
    text = entry.get("textPayload")
    if isinstance(text, str):
        return text[:2_000]
    for kind in ("jsonPayload", "protoPayload", "httpRequest"):
        body = entry.get(kind)
        if isinstance(body, dict):
            said = body.get("message")
            words = said if isinstance(said, str) else display.pretty(body, indent=None)
            return words[:2_000]
    return "(no payload)"


def _query(report: Report, at: Setting) -> list[Block]:
    if not report.query:
        return []
    found: list[Block] = [_label("The query"), parts.preformatted(report.query, QUERY)]
    url = console_links.logs(report)
    if url and len(url) <= 3000:
        link = parts.button(
            "Open in the Cloud console ↗", at.query.of(buttons.OPEN_CONSOLE), url=url
        )
        row = parts.actions(link)
        if row:
            found.append(row)
    return found


def _issue(card: Card, at: Setting) -> list[Block]:
    """Renders the linked issue, who linked it, and a button to unlink it."""
    issue = card.cluster.decisions.issue
    if issue is None:
        return []
    title = display.cut(display.one_line(issue.title), 120)
    day = moments.date(issue.at, at.now)
    text = f"{link(issue.url, f'#{issue.number} {title}')}, tied by {user(issue.by)} on {day}"
    unlink = parts.button(
        "Unlink",
        at.query.of(buttons.UNDO, card.cluster.id, buttons.UNDO_ISSUE),
        label=f"{card.cluster.name} is not issue {issue.number}",
    )
    return [_label("Its issue"), parts.section(text, unlink)]


def _label(text: str) -> Block:
    return parts.context(f"*{text}*")
