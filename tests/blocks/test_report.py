"""What design.md shows is what is drawn; the snapshots hold every block."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from blocks import buttons, evidence
from blocks import report as draw
from blocks.buttons import Act
from blocks.message import MAX_BLOCKS, Message
from blocks.text import as_text
from bot.core.model.decisions import Claim
from bot.core.model.report import (
    Cluster,
    Coverage,
    Progress,
    Report,
    Traffic,
)
from bot.core.model.values import DAY, HOUR, MINUTE, Priority, Severity, Window
from bot.core.reports.worklog import worklog
from tests.blocks.judges import judge_message
from tests.fakes.reports import (
    JWT,
    LEGACY,
    NOW,
    SESSION,
    WINDOW,
    acknowledgement,
    crash_report,
    decided,
    issue,
    report,
    t,
)

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

QUERY = Act("report", "staging", query="staging 2d", report="r-1")


def drawn(what: Report, *, age: int | None = None, more: bool = True) -> Message:
    message = draw.report(what, now=NOW, age=age, query=QUERY, more=more)
    judge_message(message)
    return message


def text_of(what: Report, **how: object) -> str:
    return as_text(drawn(what, **how))  # type: ignore[arg-type]


def act_of(message: Message, action_id: str) -> Act:
    """What the first button or menu entry of that kind carries."""
    for block in message.blocks:
        elements = block.get("elements")
        for element in [block.get("accessory"), *(elements if isinstance(elements, list) else [])]:
            if isinstance(element, dict) and element.get("action_id") == action_id:
                return Act.decode(element["value"])
    raise AssertionError(f"no {action_id}")


def test_the_report(snapshot: SnapshotAssertion) -> None:
    assert drawn(report()).payload() == snapshot


def test_the_report_in_a_terminal(snapshot: SnapshotAssertion) -> None:
    assert text_of(report()) == snapshot
    assert text_of(crash_report()) == snapshot
    assert as_text(drawn(report()), buttons=False) == snapshot


def test_the_crash(snapshot: SnapshotAssertion) -> None:
    assert drawn(crash_report()).payload() == snapshot


def test_the_summary_says_how_many_how_new_how_bad() -> None:
    assert text_of(report()).startswith("staging, last 2 d: 3 problems, 1 new, worst P2\n")
    assert drawn(report()).text.startswith("staging: 3 problems, 1 new. P2 [LEGACY MODE]")


def test_what_was_read_adds_up_where_all_can_see_it() -> None:
    shown = text_of(report())
    assert (
        "netra-backend-staging 00598-qss · read 4,812, whole window: 4,790 clustered, "
        "22 below WARNING" in shown
    )
    odd = Coverage(10, 4, 3, 1, 1, 1)
    assert (
        "read 10: 4 clustered, 3 below WARNING, 1 outside the window, 1 read twice, 1 broken"
        in (text_of(report(coverage=odd)))
    )


def test_what_was_not_read_stands_above_the_cards() -> None:
    gap = Window(t("2025-09-15T02:00:00"), t("2025-09-15T02:40:00"))
    shown = drawn(
        report(coverage=Coverage(10, 10, missing=(gap,), notes=("Refresh after 03:05.",)))
    )
    assert "⚠ Not read: 02:00-02:40 UTC. Refresh after 03:05." in as_text(shown)
    assert "Not everything was read" in shown.text
    assert "whole window" not in as_text(shown)


def test_a_complete_read_warns_of_nothing() -> None:
    assert "⚠" not in text_of(report())


def test_a_terminal_shows_times_in_its_own_zone() -> None:
    message = draw.report(report(), now=NOW, age=None, query=QUERY, more=True)
    shown = as_text(message, timezone="Europe/Berlin", now=NOW)
    assert "04:10-05:10 CEST" in shown
    assert "Read 05:12 CEST." in shown
    assert "UTC" not in shown


def test_an_unknown_service_gets_those_that_there_are() -> None:
    empty = Coverage(0, 0, 0, 0, 0, 0)
    asked = replace(
        report(), clusters=(), incidents=(), coverage=empty, services=("nope",), partial=True
    )
    known = replace(asked, known=("netra-backend-staging", "netra-auth-staging"))
    assert text_of(known).startswith(
        "staging, last 2 d: not one entry of nope, traffic unknown. "
        'No service "nope". Known: netra-backend-staging, netra-auth-staging.'
    )
    for quiet in (asked, replace(known, services=("netra-auth-staging",))):
        assert "No service" not in text_of(quiet)
    arrived = replace(known, traffic=Traffic((("nope-00001-abc", 1, 5),), NOW - DAY))
    assert "No service" not in text_of(arrived)


def test_a_cached_report_says_its_age() -> None:
    assert "Read 03:12 UTC, 4 min ago. Worklog and evidence in the thread." in text_of(
        report(), age=4 * MINUTE
    )
    assert text_of(report(), more=False).endswith("Read 03:12 UTC.")


def test_buttons_carry_what_a_handler_needs() -> None:
    message = drawn(report())
    act = act_of(message, buttons.CREATE_ISSUE)
    assert (act.environment, act.cluster, act.report) == ("staging", "c-legacy", "r-1")
    assert act_of(message, buttons.REFRESH).query == "staging 2d"


def test_every_entry_of_the_menu_is_one_that_a_handler_answers() -> None:
    from bot.jobs.clicks import CLICKS
    from handlers.actions import FORMS

    assert set(buttons.MENU_ENTRIES) <= {*CLICKS, *FORMS}
    assert len(buttons.MENU_ENTRIES) <= 5
    assert "Snooze…" in text_of(report())


def test_an_issue_takes_the_place_of_the_button() -> None:
    shown = text_of(report(decided(LEGACY, issue=issue())))
    assert "[#1432 ↗] [Expected…]" in shown
    assert "Create issue" not in shown


def test_a_closed_issue_may_be_filed_again() -> None:
    shown = text_of(report(decided(LEGACY, issue=issue(state="closed"))))
    assert "[#1432 closed ↗] [File again] [Expected…]" in shown


def test_someone_is_on_it_and_it_can_be_undone() -> None:
    message = drawn(report(decided(LEGACY, claim=Claim("c-legacy", "U0ANA", NOW - HOUR))))
    assert "@Ana is on it since today" in as_text(message, names={"U0ANA": "Ana"})
    assert act_of(message, buttons.UNDO).note == buttons.UNDO_CLAIM


def test_expected_says_who_why_until_when_with_undo() -> None:
    message = drawn(report(LEGACY, decided(JWT, expected=acknowledgement())))
    shown = as_text(message, names={"U0ANA": "Ana"})
    assert "⚪ C3 · P6 · expected  User auto-created from JWT, 2×  [Undo]" in shown
    assert "@Ana, 13 Sep, until 20 Sep, up to 5 a day: sign-ups in staging" in shown
    assert "1 problem, 1 new, 1 expected" in shown
    assert act_of(message, buttons.UNDO).note == buttons.UNDO_EXPECTED


def test_expected_comes_last_whatever_its_priority() -> None:
    shown = text_of(
        report(decided(LEGACY, expected=acknowledgement("c-legacy", per_day=None)), SESSION)
    )
    assert shown.index("C2 · P4") < shown.index("C1 · P2 · expected")


def test_an_acknowledgement_that_broke_is_a_card_again_and_says_why() -> None:
    loud = decided(replace(LEGACY, occurrences=400), expected=acknowledgement("c-legacy"))
    shown = text_of(report(loud))
    assert (
        "→ No longer matches the acknowledgement: acknowledged up to 5 a day, now 200 a day"
        in shown
    )
    assert "[Create issue]" in shown


def test_only_expected_behaviour_is_nothing_to_mend() -> None:
    message = drawn(report(decided(JWT, expected=acknowledgement())))
    assert "nothing but 1 expected" in message.text
    assert "[Undo]" in as_text(message)


def test_nothing_found() -> None:
    quiet = replace(report(coverage=Coverage(9120, 0, 9120)), clusters=())
    wanted = "staging, last 2 d: nothing at WARNING or above in 9,120 entries."
    assert drawn(quiet).text == wanted
    assert text_of(quiet).startswith(wanted)


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (
            Window(NOW - 9 * DAY, NOW - 2 * DAY - MINUTE),
            "all before 13 Sep 03:12, the newest from ",
        ),
        (Window(NOW, NOW + DAY), "all from 03:12 or later."),
        (Window(NOW - 9 * DAY, NOW + DAY), "none from 13 Sep 03:12 to 03:12."),
    ],
)
def test_entries_that_all_lie_outside_the_window_are_told_as_that(span: Window, said: str) -> None:
    coverage = Coverage(5_000, outside_window=5_000, outside_span=span)
    empty = replace(report(coverage=coverage), clusters=())
    shown = drawn(empty).text.replace(" UTC", "")
    assert shown.startswith(
        f"staging, last 2 d: nothing at WARNING or above; 5,000 entries, {said}"
    )
    assert said in worklog(empty, now=NOW)


def test_nothing_found_in_a_part_does_not_sound_like_all_is_well() -> None:
    part = replace(
        report(coverage=Coverage(9, 0, 9, missing=(Window(NOW - HOUR, NOW),))), clusters=()
    )
    assert "in the 9 entries that could be read" in drawn(part).text


def test_no_entries_at_all_is_an_alarm() -> None:
    silent = replace(report(coverage=Coverage()), clusters=())
    assert drawn(silent).text.startswith("🔴 staging sends no logs")


def test_words_that_mrkdwn_would_change_are_literal() -> None:
    odd = replace(LEGACY, title="__init__ got *args and cache:key:7 `x`", template="t")
    (text,) = [
        b["text"]
        for b in drawn(report(odd)).blocks
        if isinstance(b.get("text"), dict) and "__init__" in str(b["text"])
    ]
    assert text["type"] == "plain_text"  # type: ignore[index]
    assert odd.title in text["text"]  # type: ignore[index]


def test_log_text_is_never_marked_up() -> None:
    bad = "<!channel> & <b>"
    message = drawn(report(replace(LEGACY, title=bad, template=bad + "x", cause=bad)))
    assert "&lt;!channel&gt; &amp; &lt;b&gt;" in str(message.blocks)
    assert bad in as_text(message)


@pytest.mark.parametrize("priority", [Priority.P2, Priority.P6])
def test_the_rest_goes_into_the_thread(priority: Priority) -> None:
    many = [
        replace(LEGACY, id=f"c-{i}", name=f"C{i}", priority=priority, cause=None)
        for i in range(1, 61)
    ]
    what = report(*many)
    message = drawn(what)
    assert len(message.blocks) <= MAX_BLOCKS
    assert "52 further cards, worklog and evidence in the thread." in as_text(message)
    further = draw.further(what, now=NOW, query=QUERY)
    for each in further:
        judge_message(each)
    shown = as_text(message) + "\n".join(as_text(m) for m in further)
    assert all(f"C{i} · {priority.name}" in shown for i in range(1, 61))
    assert further[0].text.startswith("staging, further: C9")


def test_eight_long_cards_fit() -> None:
    long = [
        replace(
            LEGACY,
            id=f"c-{i}",
            name=f"C{i}",
            title="漢" * 500,
            template="語" * 500,
            cause="原" * 500,
            impact="因" * 500,
            next="次" * 500,
        )
        for i in range(1, 9)
    ]
    assert draw.further(report(*long), now=NOW, query=QUERY) == []
    drawn(report(*long))


def test_evidence(snapshot: SnapshotAssertion) -> None:
    for what in (report(), crash_report()):
        message = evidence.evidence(what.cards[0], what, now=NOW, query=QUERY)
        judge_message(message)
        assert as_text(message) == snapshot


def test_evidence_links_to_the_very_query() -> None:
    what = report()
    message = evidence.evidence(what.cards[0], what, now=NOW, query=QUERY)
    assert "console.cloud.google.com/logs/query;query=resource.type" in str(message.blocks)
    for other in ({"project": ""}, {"query": "file a.jsonl"}, {"query": "standard input"}):
        from_file = report(**other)
        without = evidence.evidence(what.cards[0], from_file, now=NOW, query=QUERY)
        assert "console.cloud" not in str(without.blocks)


def test_a_reason_is_told_once() -> None:
    crash = crash_report()
    (card,) = crash.cards
    twice = replace(card, incident=replace(crash.incidents[0], reasons=card.cluster.reasons))
    shown = as_text(evidence.why(twice.cluster, twice.incident))
    assert shown.count("the service cannot start") == 1


def test_why_lists_each_reason() -> None:
    shown = as_text(evidence.why(LEGACY, report=report(), now=NOW))
    assert "C1 is P2 (HIGH)" in shown
    assert "staging, last 2 d, read 03:12" in shown
    assert "• severity ERROR\n• 10 in 2 d: it repeats\n• on one instance" in shown


# --- before --------------------------------------------------------------------------------------


def test_progress_is_the_sentence_of_the_design() -> None:
    state = Progress(2310, t("2025-09-13T06:00:00"), 0.44, "P0 No module named 'auth_service'")
    message = draw.progress("staging", WINDOW, state, QUERY)
    judge_message(message)
    assert as_text(message) == (
        "staging, last 2 d: read back to 13 Sep 06:00 UTC (44 %), 2,310 entries. "
        "Worst so far: P0 No module named 'auth_service'  [Cancel]"
    )
    assert act_of(message, buttons.CANCEL).report == "r-1"


@pytest.mark.parametrize(("share", "shown"), [(0.0, "0 %"), (0.999, "99 %"), (1.0, "100 %")])
def test_a_hundred_per_cent_is_all(share: float, shown: str) -> None:
    state = Progress(1, NOW - DAY, share)
    assert f"({shown}), 1 entry." in draw.progress("staging", WINDOW, state, QUERY).text


def test_a_read_that_ended_early_can_be_run_again() -> None:
    stopped = draw.cancelled("staging", WINDOW, 2310, QUERY, by="U0ANA")
    assert "stopped after 2,310 entries" in stopped.text
    assert act_of(stopped, buttons.RUN).query == "staging 2d"
    broken = draw.failed("staging", WINDOW, "Google refused.", QUERY, reference="7f3a")
    assert broken.text == "staging, last 2 d: no report. Google refused. Reference 7f3a."


def test_an_older_window_is_told_by_its_times() -> None:
    old = replace(report(), window=Window(NOW - 3 * DAY, NOW - DAY))
    assert text_of(old).startswith("staging, 12 Sep 03:12 to 14 Sep 03:12 UTC: ")


def test_every_priority_has_its_mark_beside_the_word() -> None:
    marks = {}
    for priority in Priority:
        one: Cluster = replace(SESSION, priority=priority, severity=Severity.ERROR)
        line = next(x for x in text_of(report(one)).split("\n") if "C2 ·" in x)
        marks[priority.name] = line[0]
        assert priority.name in line
    assert "".join(marks.values()) == "🔴🔴🟠🟡🟡🟡⚪⚪⚪⚪"


def test_masks_that_follow_each_other_read_as_one() -> None:
    made = replace(LEGACY, template="Webhook refused: POST <*><*>/v<*>/notify <*> <*> again")
    assert "Webhook refused: POST <*>/v<*>/notify <*> again" in as_text(drawn(report(made)))
