"""What a report says of time: silence, what rose or came back, what was deleted, what is gone."""

from __future__ import annotations

import json
from dataclasses import replace

from blocks import digest as draw_digest
from blocks import report as draw
from blocks.buttons import Act
from bot.core.model.decisions import Decisions, IssueLink
from bot.core.model.issue_memory import Fix
from bot.core.model.report import Coverage, Quiet, Traffic
from bot.core.model.values import DAY, HOUR, MINUTE, State
from bot.core.reports.digest import compare
from tests.fakes.reports import LEGACY, NOW, SESSION, report, t

QUERY = Act("", "staging", query="staging 2d")


def drawn(made):
    message = draw.report(made, now=NOW, age=None, query=QUERY, more=False)
    return json.dumps(list(message.blocks), ensure_ascii=False), message.text


def digested(before, made):
    compared = compare(before, made, {}, NOW)
    message = draw_digest.digest(compared, now=NOW, query=QUERY)
    return json.dumps(list(message.blocks), ensure_ascii=False), message.text


def nothing(**more):
    return replace(report(coverage=Coverage(), **more), clusters=())


def requests(n):
    return Traffic((("api-00001-abc", NOW // HOUR, n),)) if n else Traffic()


def test_no_logs_at_all_is_told_since_the_last_entry_with_the_requests() -> None:
    last = t("2025-09-15T02:14:00")
    for traffic, said in (
        (requests(1_204), "though 1,204 requests arrived"),
        (replace(requests(5_000), sampled=True), "though at least 5,000 requests arrived"),
        (requests(0), "no request arrived"),
        (None, "traffic unknown"),
    ):
        _, text = drawn(nothing(last_entry=last, traffic=traffic))
        assert text == f"🔴 staging sends no logs since 02:14 UTC, {said}."
        _, text = digested(None, nothing(last_entry=last, traffic=traffic))
        assert text == f"🔴 staging sends no logs since 02:14 UTC, {said}."


def test_a_job_that_did_not_run_is_no_alarm() -> None:
    jobs = nothing(counts_requests=False, services=("nightly-import",))
    expected = "not one entry of nightly-import, traffic unknown."
    assert drawn(jobs)[1].endswith(expected)
    assert "🔴" not in str(drawn(jobs))
    assert "🔴" not in str(digested(None, jobs))
    assert "nothing new" in digested(None, jobs)[1]
    unnamed = replace(jobs, services=())
    assert drawn(unnamed)[1].endswith("not one entry of what the filter finds, traffic unknown.")


def test_without_a_history_the_window_is_named() -> None:
    assert drawn(nothing())[1] == (
        "🔴 staging sends no logs: not one entry in 2 d. Traffic unknown."
    )


def test_a_card_says_what_rose_and_what_came_back() -> None:
    for state, said in (
        (State.ESCALATING, "→ Escalating: 12 a day → 340 in the last hour"),
        (State.REGRESSED, "→ Regressed: 12 a day → 340 in the last hour"),
        (State.NEW, "→ Rising: 12 a day → 340 in the last hour"),
    ):
        made = replace(LEGACY, state=state, change="12 a day → 340 in the last hour")
        assert said.replace(">", "&gt;") in drawn(report(made))[0]


def test_of_a_deleted_service_no_issue_is_offered() -> None:
    text, _ = drawn(report(replace(LEGACY, state=State.RECURRING, deleted=NOW - HOUR)))
    assert "The service was deleted at <!date^" in text
    assert "|02:12 UTC>; no issue is needed" in text
    assert "Create issue" not in text
    assert "Create issue" in drawn(report(LEGACY))[0]


def test_a_deleted_service_has_nothing_new_in_the_digest() -> None:
    gone = replace(LEGACY, state=State.RECURRING, deleted=NOW - HOUR)
    first = {LEGACY.id: NOW - HOUR}
    found = compare(None, report(gone), {}, NOW, first_seen=first)
    assert (found.new, len(found.same)) == ((), 1)


def test_the_digest_says_what_was_expected_of_what_is_gone_and_what_rose() -> None:
    before = report(LEGACY, SESSION)
    before = replace(before, window=replace(before.window, end=NOW - DAY))
    quiet = Quiet(LEGACY.id, "C1", LEGACY.title, NOW - DAY, 47.6, "…")
    rose = replace(SESSION, state=State.ESCALATING, change="3 a day → 340 in the last hour")
    text, _ = digested(before, report(rose, quiet=(quiet,)))
    assert "expected 48, saw 0" in text
    assert "C2 P4, 3 a day → 340 in the last hour" in text


def test_the_digest_proposes_to_close_what_fell_silent_and_says_whether_a_fix_held() -> None:
    before = report(LEGACY, SESSION)
    before = replace(before, window=replace(before.window, end=NOW - DAY))
    link = IssueLink(LEGACY.id, "o/r", 12, "https://github.com/o/r/issues/12", "It", "U0ANA",
                     NOW - 3 * DAY)  # fmt: skip
    quiet = Quiet(LEGACY.id, "C1", LEGACY.title, NOW - DAY, 47.6, "…")

    def said(issue: IssueLink, fixes: dict[str, Fix] | None = None, **changes: object) -> str:
        known = {LEGACY.id: Decisions(issue=issue)}
        found = compare(before, report(SESSION, **changes), known, NOW, fixes=fixes)
        blocks = draw_digest.digest(found, now=NOW, query=QUERY).blocks
        return json.dumps(list(blocks), ensure_ascii=False)

    wanted = "open 3 d: expected 48, saw 0 while requests arrived. Close it?"
    assert wanted in said(link, quiet=(quiet,))
    assert "open under 1 d" in said(replace(link, at=NOW - 10 * MINUTE), quiet=(quiet,))
    # An hour without it proves nothing, nor does a symptom's silence.
    assert "Close it?" not in said(link)
    assert "Close it?" not in said(replace(link, symptom_of="c-root"), quiet=(quiet,))
    closed = replace(link, state="closed", closed_at=NOW - 2 * DAY)
    assert "Close it?" not in said(closed, quiet=(quiet,))
    held = said(closed, {LEGACY.id: Fix("00599-abc", 12.0)})
    assert "so it held" in held
