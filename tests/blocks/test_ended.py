"""What has ended, and what is out of date, read as such."""

from __future__ import annotations

from dataclasses import replace

from blocks import report as draw
from blocks.buttons import Act
from blocks.message import Message
from blocks.report import Dated
from blocks.text import as_text
from bot.core.model.report import Ended, Report
from bot.core.model.values import HOUR, MINUTE, Priority, Window
from bot.core.reports.worklog import worklog
from tests.blocks.judges import judge_message
from tests.fakes.reports import LEGACY, NOW, SESSION, crash_report, report

QUERY = Act("report", "staging", query="staging 2d", report="r-1")
FIXED = Ended(NOW - 20 * MINUTE, "00613-fix served 417 requests without it", "svc-00613-fix")


def drawn(what: Report, *, now: int = NOW, dated: Dated | None = None) -> Message:
    message = draw.report(what, now=now, age=None, query=QUERY, more=False, dated=dated)
    judge_message(message)
    return message


def lines(what: Report, *, now: int = NOW) -> list[str]:
    return as_text(drawn(what, now=now), buttons=False).split("\n")


def mended() -> Report:
    """A crash that a later revision ended, beside an active warning."""
    crash = crash_report()
    incidents = tuple(replace(i, ended=FIXED) for i in crash.incidents)
    return replace(crash, incidents=incidents, clusters=(*crash.clusters, SESSION))


def test_the_worst_of_the_headline_is_an_active_one() -> None:
    found = mended()
    first = lines(found)[0]
    assert "1 problem" in first
    assert "1 ended" in first
    assert first.endswith("worst P4")
    assert [card.priority for card in found.cards] == [Priority.P4, Priority.P0]
    sentence = drawn(found).text
    assert "P4 " in sentence
    assert "P0" not in sentence, "the lock screen does not raise an alarm"


def test_what_has_ended_says_when_and_why() -> None:
    shown = lines(mended())
    at = next(i for i, line in enumerate(shown) if "P0" in line and "ended" in line)
    assert shown[at].startswith("⚪")
    assert shown[at + 1] == "→ Ended 02:52 UTC: 00613-fix served 417 requests without it"


def test_where_all_has_ended_nothing_is_active() -> None:
    only = replace(mended(), clusters=crash_report().clusters)
    assert "nothing active, 1 ended" in lines(only)[0]
    assert "nothing active, 1 ended" in drawn(only).text


def test_silence_is_said_as_it_was_measured() -> None:
    assert LEGACY.last_seen is not None
    silent = Ended(LEGACY.last_seen, "not seen for 40 min, usually every 3")
    shown = lines(report(replace(LEGACY, ended=silent)))
    assert "→ Not seen for 40 min, usually every 3" in shown


def test_a_card_says_when_it_was_last_seen() -> None:
    assert any("last seen 03:10 UTC, 1 min ago" in line for line in lines(report(LEGACY)))
    later = lines(report(LEGACY), now=NOW + 2 * HOUR)
    assert any("last seen 03:10 UTC, 1 min before it was read" in line for line in later)


def test_two_bursts_are_two_bursts() -> None:
    start = NOW - 3 * HOUR
    parts = (Window(start, start + 3 * MINUTE), Window(start + 26 * MINUTE, start + 26 * MINUTE))
    shown = lines(report(replace(LEGACY, bursts=parts)))
    assert any("two bursts, 00:12-00:15 UTC and 00:38 UTC" in line for line in shown)


def test_the_worklog_says_it_and_asks_for_nothing_more() -> None:
    text = worklog(mended(), now=NOW)
    assert "ended 2025-09-15 02:52" in text
    assert "00613-fix served 417 requests without it" in text
    steps = text[text.index("## Next Steps") :]
    assert "(P0)" not in steps


def test_the_headline_of_a_dated_report_begins_with_why() -> None:
    why = Dated("As of 03:02, 12 min ago: Google does not answer", below="Cloud Logging is away.")
    message = drawn(report(LEGACY), dated=why)
    first, below, *_ = as_text(message, buttons=False).split("\n")
    assert first.startswith("As of 03:02, 12 min ago: Google does not answer.")
    assert below == "Cloud Logging is away."
    assert message.text.startswith("As of 03:02, 12 min ago: Google does not answer. staging:")


def test_an_old_report_links_to_the_newer_one() -> None:
    link = "https://acme.slack.com/archives/C0OPS/p1"
    shown = str(drawn(report(LEGACY), dated=Dated("Out of date", link)).blocks)
    assert f"Out of date: <{link}|see the newer report>" in shown
