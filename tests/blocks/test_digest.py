from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from blocks import buttons
from blocks.buttons import Act
from blocks.digest import Late
from blocks.digest import digest as draw
from blocks.message import Message
from blocks.text import as_text
from bot.core.model.decisions import Claim, Decisions
from bot.core.model.report import Coverage, Ended, Report, Silence
from bot.core.model.values import DAY, HOUR, MINUTE, Priority, Window
from bot.core.reports.digest import Digest, compare
from tests.blocks.judges import judge_message
from tests.fakes.reports import (
    JWT,
    LEGACY,
    NOW,
    SESSION,
    acknowledgement,
    crash_report,
    issue,
    report,
)

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

QUERY = Act("report", "staging", query="staging 1d")
MORNING = Window(NOW, NOW + DAY)
LATER = MORNING.end
POOL = replace(SESSION, id="c-pool", name="C8", title="Pool exhausted", occurrences=24)
GONE = replace(LEGACY, id="c-gone", name="C9", title="Database initialization timeout")


def drawn(found: Digest) -> Message:
    message = draw(found, now=LATER, query=QUERY)
    judge_message(message)
    return message


def eventful() -> Digest:
    crash = crash_report()
    before = report(LEGACY, SESSION, POOL, GONE, window=Window(NOW - DAY, NOW))
    worse = replace(POOL, occurrences=8160, priority=Priority.P2)
    now = replace(crash, clusters=(*crash.clusters, LEGACY, worse, SESSION, JWT), window=MORNING)
    known = {
        "c-legacy": Decisions(
            issue=issue(number=12), claim=Claim("c-legacy", "U0ANA", NOW - 2 * DAY)
        ),
        "c-gone": Decisions(),
        "c-jwt": Decisions(expected=acknowledgement(until=LATER + 2 * DAY)),
    }
    return compare(before, now, known, LATER)


def test_the_digest(snapshot: SnapshotAssertion) -> None:
    message = drawn(eventful())
    assert as_text(message, names={"U0ANA": "Ana"}) == snapshot
    assert message.payload() == snapshot


def test_it_is_a_sentence_on_a_lock_screen() -> None:
    assert drawn(eventful()).text == (
        "staging since Mon 03:12 UTC: worst P0 active; "
        "1 needs a decision, 1 worse, 1 in hand, 1 gone, 1 same. "
        "P0 No module named 'netra_backend.app.services.monitoring'"
    )


def test_worse_tells_both_rates_in_units_one_can_picture() -> None:
    assert "C8 P4 → P2, 24 a day → 340 an hour: Pool exhausted" in as_text(drawn(eventful()))


def test_cards_of_a_digest_have_their_buttons() -> None:
    shown = as_text(drawn(eventful()))
    for wanted in (
        "[Create issue]",
        "[Expected…]",
        "[Create issue for C8]",
        "[Extend]",
        "[Show all]",
    ):
        assert wanted in shown
    kinds = str(drawn(eventful()).blocks)
    assert buttons.CREATE_ISSUE in kinds


def test_a_quiet_morning_is_one_line() -> None:
    before = report(LEGACY, SESSION, window=Window(NOW - DAY, NOW))
    after = report(LEGACY, SESSION, window=MORNING)
    message = drawn(compare(before, after, {}, LATER))
    assert message.text == "staging: nothing new since Mon 03:12 UTC. 2 known, worst P2."
    assert len(message.blocks) == 1


def test_an_acknowledgement_that_ends_soon_is_told_even_then() -> None:
    before = report(JWT, window=Window(NOW - DAY, NOW))
    known = {"c-jwt": Decisions(expected=acknowledgement(until=LATER + DAY))}
    message = drawn(compare(before, report(JWT, window=MORNING), known, LATER))
    assert "Expected  1 within limits, 1 ends Wed" in as_text(message)
    assert "[Extend]" in as_text(message)


def ended_in_the_night() -> Report:
    crash = crash_report()
    over = Ended(NOW + 2 * HOUR, "00613-fix served 417 requests without it")
    (incident,) = crash.incidents
    ended = replace(incident, ended=over, first_seen=NOW + HOUR, last_seen=NOW + 2 * HOUR)
    clusters = (*crash.clusters, LEGACY)
    return replace(crash, clusters=clusters, incidents=(ended,), window=MORNING)


def test_last_nights_outage_is_named_first_whoever_has_it_in_hand() -> None:
    before = report(LEGACY, window=Window(NOW - DAY, NOW))
    link = issue("c-root", number=4, state="closed", closed_at=LATER - HOUR, closed_by="bob")
    known = {"c-root": Decisions(issue=replace(link, opened=NOW - 9 * DAY))}
    message = drawn(compare(before, ended_in_the_night(), known, LATER))
    headline, first, *rest = as_text(message).splitlines()
    assert headline == (
        "staging since Mon 03:12 UTC: worst P2 active, P0 ended Mon 05:12 UTC; 1 in hand, 1 same"
    )
    assert first == (
        "C4 P0 ended: No module named 'netra_backend.app.services.monitoring', 15 Sep 04:12-05:12 UTC: "
        "00613-fix served 417 requests without it"
    )
    assert any("#4 (https" in line and "closed today by bob" in line for line in rest)
    assert message.text.startswith(f"{headline}. P0 No module named")


def test_without_an_issue_it_stands_on_top_alone_and_nothing_asks_for_a_decision() -> None:
    before = report(LEGACY, window=Window(NOW - DAY, NOW))
    shown = as_text(drawn(compare(before, ended_in_the_night(), {}, LATER)))
    assert shown.count("C4 P0") == 1
    assert "decision" not in shown
    assert "1 ended" in shown


def test_what_ended_below_p0_is_listed_after_what_is_in_hand() -> None:
    before = report(LEGACY, window=Window(NOW - DAY, NOW))
    over = replace(POOL, ended=Ended(NOW + HOUR, "not seen for 40 min, usually every 3"))
    known = {"c-legacy": Decisions(issue=issue(number=12))}
    now = report(LEGACY, over, window=MORNING)
    lines = as_text(drawn(compare(before, now, known, LATER))).splitlines()
    assert lines.index("In hand") < lines.index("Ended")
    assert "not seen for 40 min" in lines[lines.index("Ended") + 1]


def test_the_age_is_the_issues_and_not_the_links() -> None:
    before = report(LEGACY, POOL, window=Window(NOW - DAY, NOW))
    link = issue(number=12, at=NOW, opened=LATER - 9 * DAY)
    known = {"c-legacy": Decisions(issue=link)}
    worse = replace(POOL, occurrences=9_000)
    shown = as_text(drawn(compare(before, report(LEGACY, worse, window=MORNING), known, LATER)))
    assert "open 9 d" in shown


def test_a_missed_digest_says_so_under_its_headline() -> None:
    late = Late(LATER - 140 * MINUTE, LATER)
    message = draw(eventful(), now=LATER, query=QUERY, late=late)
    judge_message(message)
    lines = as_text(message).splitlines()
    assert lines[1] == "due at 00:52 UTC, posted 03:12 UTC: the clock was down"
    quiet = compare(report(LEGACY, window=Window(NOW - DAY, NOW)), report(LEGACY, window=MORNING),
                    {}, LATER)  # fmt: skip
    assert "the clock was down" in as_text(draw(quiet, now=LATER, query=QUERY, late=late))


def test_a_quiet_digest_counts_what_nobody_decided_and_forgets_what_ended() -> None:
    known = replace(LEGACY, priority=Priority.P1)
    before = report(known, window=Window(NOW - DAY, NOW))
    quiet = compare(before, report(known, window=MORNING), {}, LATER)
    assert quiet.quiet
    assert "1 known, worst P1." in drawn(quiet).text
    over = replace(POOL, priority=Priority.P0, ended=Ended(NOW - 2 * DAY, "long ago"))
    before = report(LEGACY, over, window=Window(NOW - DAY, NOW))
    quiet = compare(before, report(LEGACY, over, window=MORNING), {}, LATER)
    assert quiet.quiet
    assert "worst P2." in drawn(quiet).text


def test_a_silent_service_is_told_before_all_else() -> None:
    silence = Silence("api", NOW, "api has logged nothing since {since} (14 min; …)")
    before = report(LEGACY, window=Window(NOW - DAY, NOW))
    message = drawn(compare(before, report(LEGACY, window=MORNING, silences=(silence,)), {}, LATER))
    assert message.text.startswith(
        "🔴 api has logged nothing since 03:12 UTC (14 min; …). staging since"
    )
    assert as_text(message).startswith("🔴 api has logged nothing since 03:12 UTC")


def test_a_closed_issue_says_whether_it_held() -> None:
    was = report(replace(GONE, occurrences=12), window=Window(NOW - DAY, NOW))
    known = {"c-gone": Decisions(issue=issue("c-gone", number=15, state="closed"))}
    shown = as_text(drawn(compare(was, report(LEGACY, window=MORNING), known, LATER)))
    assert "closed: expected 12, saw 0 · C9 Database initialization timeout" in shown


def test_no_logs_are_an_alarm() -> None:
    before = report(LEGACY, window=Window(NOW - DAY, NOW))
    silent = replace(report(coverage=Coverage(), window=MORNING), clusters=())
    message = drawn(compare(before, silent, {}, LATER))
    assert message.text == "🔴 staging sends no logs since Mon 03:12 UTC, traffic unknown."


def test_a_gap_says_that_nothing_is_called_gone() -> None:
    gap = Coverage(read=5, clustered=5, missing=(Window(NOW, NOW + HOUR),))
    before = report(LEGACY, GONE, window=Window(NOW - DAY, NOW))
    shown = as_text(drawn(compare(before, report(LEGACY, coverage=gap, window=MORNING), {}, LATER)))
    assert "Nothing is called gone" in shown
    assert "not the whole window" in shown


def test_forty_new_problems_fit() -> None:
    many = [replace(LEGACY, id=f"c-{i}", name=f"C{i}", title="x" * 400) for i in range(40)]
    known = {f"c-h{i}": Decisions(issue=issue(f"c-h{i}", title="y" * 300)) for i in range(40)} | {
        f"c-e{i}": Decisions(expected=acknowledgement(f"c-e{i}", until=LATER + HOUR))
        for i in range(40)
    }
    before: Report = report(
        *[replace(GONE, id=f"c-g{i}", name=f"G{i}", title="z" * 400) for i in range(40)],
        *[replace(SESSION, id=f"c-w{i}", name=f"W{i}") for i in range(40)],
        window=Window(NOW - DAY, NOW),
    )
    worse = [
        replace(SESSION, id=f"c-w{i}", name=f"W{i}", priority=Priority.P1, title="w" * 400)
        for i in range(40)
    ]
    shown = as_text(drawn(compare(before, report(*many, *worse, window=MORNING), known, LATER)))
    assert "and 34 more" in shown
