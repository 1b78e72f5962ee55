"""Whatever a log says, Slack takes what we draw of it."""

from __future__ import annotations

import json
import re

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from blocks import digest as draw_digest
from blocks import evidence, home, modals, replies
from blocks import report as draw
from blocks.buttons import Act
from blocks.card import Setting, is_expected
from blocks.escape import unescape
from blocks.message import Message
from blocks.text import as_text
from bot.core.issues.issue_text import IssueDraft
from bot.core.issues.related import Related
from bot.core.model.environment import Environment
from bot.core.model.errors import Unavailable
from bot.core.model.report import Progress, Report
from bot.core.model.values import DAY
from bot.core.ports import Issue, Repository, Subscription
from bot.core.reports.digest import compare
from bot.core.reports.worklog import worklog
from bot.core.text.display import one_line
from tests.blocks.judges import judge_message, judge_view
from tests.blocks.strategies import counts, hostile, reports, short, times, users
from tests.fakes.reports import NOW, WINDOW

QUERY = Act("report", "staging", query="staging 2d", report="k" * 40)
calm = settings(
    max_examples=10,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@calm
@given(reports(), st.none() | st.integers(0, DAY), st.booleans())
def test_reports_and_all_in_their_threads(report: Report, age: int | None, more: bool) -> None:
    message = draw.report(report, now=NOW, age=age, query=QUERY, more=more)
    further = draw.further(report, now=NOW, query=QUERY)
    for each in (message, *further):
        judge_message(each)
        assert "\x1b" not in as_text(each)
    shown = _names(message) + [n for each in further for n in _names(each)]
    assert sorted(shown) == sorted(c.cluster.name for c in report.cards)
    for card in report.cards[:3]:
        judge_message(evidence.evidence(card, report, now=NOW, query=QUERY))
        judge_message(evidence.why(card.cluster, card.incident, report=report, now=NOW))
    worklog(report).encode()


@calm
@given(reports(most=8))
def test_a_card_keeps_the_messages_own_first_hundred_characters(report: Report) -> None:
    at = Setting.of(report, NOW, QUERY)
    message = draw.report(report, now=NOW, age=None, query=QUERY, more=True)
    messages = [message, *draw.further(report, now=NOW, query=QUERY)]
    texts = [_literal(block) for each in messages for block in each.blocks]
    for card in report.cards:
        title = one_line(card.cluster.title)
        if title and len(title) <= 100 and not is_expected(card, at):
            assert any(title in text for text in texts)


@calm
@given(reports(most=12), st.none() | reports(most=12))
def test_digests(current: Report, previous: Report | None) -> None:
    known = {c.id: c.decisions for c in (*current.clusters, *(previous or current).clusters)}
    made = compare(previous, current, known, NOW)
    judge_message(draw_digest.digest(made, now=NOW, query=QUERY))


@calm
@given(hostile, counts, st.none() | times, st.floats(0, 1), st.none() | hostile)
def test_progress_and_its_ends(
    text: str, read: int, back: int | None, share: float, worst: str | None
) -> None:
    state = Progress(read, back, share, worst)
    judge_message(draw.progress("staging", WINDOW, state, QUERY))
    judge_message(draw.cancelled("staging", WINDOW, read, QUERY, by=text))
    judge_message(draw.failed(text, WINDOW, text, QUERY, reference="7f3a"))


@calm
@given(hostile, st.lists(users, max_size=12), reports(most=3), short)
def test_replies(text: str, people: list[str], report: Report, name: str) -> None:
    again = QUERY.of("evidence", "c-1")
    environments = [Environment(name, "p", tuple(people), text) for _ in people]
    subscription = Subscription(name, "C0OPS", "09:00", "Europe/Berlin", "U0ANA", NOW)
    decisions = [
        d
        for c in report.clusters
        for d in (c.decisions.expected, c.decisions.issue, c.decisions.claim, c.decisions.override)
        if d
    ]
    acknowledgement = [c.decisions.expected for c in report.clusters if c.decisions.expected]
    where = {"now": NOW, "query": QUERY}
    for message in (
        replies.wrong(text, text, QUERY),
        replies.wrong(text, None, QUERY),
        replies.error(Unavailable(text), reference=text, again=again),
        replies.unexpected("7f3a"),
        replies.note(text),
        replies.not_in_channel(),
        replies.help_(environments, QUERY),
        replies.subscribed(subscription, NOW + DAY, now=NOW),
        replies.unsubscribed([subscription] * len(people)),
        replies.expected_list(text, acknowledgement * 12, now=NOW, names={}, query=QUERY),
        *(replies.saved(d, text, **where) for d in decisions),  # type: ignore[arg-type]
        replies.undone("claim", text),
        replies.nothing_to_undo(text),
        replies.reconciling(),
        replies.joined(text),
        replies.finished(text, report, draw.summary(report, NOW, QUERY)),
    ):
        judge_message(message)
    view = home.home(environments, [subscription] * len(people), now=NOW, latest={name: report})
    judge_view(view)


@calm
@given(hostile, reports(most=3), st.booleans(), st.integers(0, 9), counts)
def test_modals(text: str, report: Report, private: bool, n: int, count: int) -> None:
    act = Act("create_issue", "staging", "c-1", channel="C0OPS", message="1.2", query=text[:500])
    judge_view(modals.filing_loading(act, text))
    judge_view(modals.notice("Not filed", text, act))
    related = [
        Related(
            Issue(i + 1, text, text, "open" if i % 2 else "closed", "https://x.example/1"),
            90.0,
            (text,) if i % 3 else (),
            "add" if i % 2 else "reopen",
            "open, 2 d ago" if i % 2 else "closed 3 d ago",
        )
        for i in range(n)
    ]
    draft = IssueDraft(text[:256], (text[:50], "bug"), text, 41)
    repository = Repository("acme/backend", private, "https://github.com/acme/backend")
    for card in report.cards:
        for choice in (None, "new", "add:2", "reopen:1", "rubbish"):
            judge_view(modals.filing(draft, related, repository, card, act, choice=choice))
        judge_view(
            modals.expected(
                card,
                act,
                counts=[(count, "2 d")],
                per_day=float(count),
                admin=private,
                revision=text or None,
                watch=[text],
                covered=text,
            )
        )


def _names(message: Message) -> list[str]:
    """The cards in a message, by the head that each has."""
    found = []
    for block in message.blocks:
        text = block.get("text")
        if isinstance(text, dict):
            head = re.match(r"[🔴🟠🟡⚪] \*?(C[0-9]+) · P[0-9]", str(text["text"]))
            if head:
                found.append(head[1])
    return found


def _literal(block: dict[str, object]) -> str:
    text = block.get("text")
    if not isinstance(text, dict):
        return json.dumps(block)
    return unescape(text["text"]) if text["type"] == "mrkdwn" else str(text["text"])
