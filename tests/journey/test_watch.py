"""A watch, from the command to the end of an incident in its thread."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import jobs
from bot.core.model.errors import Refused
from bot.core.model.values import HOUR, MINUTE, SECOND, Priority
from bot.core.model.watching import Watch
from tests.fakes.logs import entry
from tests.journey.conftest import STAGING, all_text, buttons

BROKEN, FIX = "00612-abc", "00613-fix"


@pytest.fixture
def environments():
    return [replace(STAGING, mention="@oncall")]


def watched(town):
    """Turns the watch on; the log has only what is harmless."""
    town.logs.entries = [entry("steady", town.clock() - MINUTE, 1, severity="INFO")]
    watch = Watch("staging", "C0OPS", 300, Priority.P1, "U0ALICE", town.clock())
    town.wiring.watches.put(watch)


def later(town, *new, minutes=6):
    town.clock.ahead += minutes * MINUTE
    town.logs.entries = [*town.logs.entries, *(make(town.clock()) for make in new)]
    jobs.due(town.wiring, town.clock())


def crash(number):
    def make(now):
        text = "panic: no such table: carts"
        return entry(text, now - MINUTE, number, severity="CRITICAL", revision=BROKEN)

    return make


def looked(town, since):
    """Waits until a look that began after `since` is finished."""
    town.slack.wait_for(lambda: town.wiring.watches.memory("staging", "C0OPS").looked > since)


def test_a_new_problem_is_posted_with_its_buttons_and_notifies_the_group(town):
    watched(town)
    later(town, crash(10), crash(11))
    message = town.sees("no such table: carts")
    assert "staging: P1, new" in all_text(message)
    assert "Create issue" in buttons(message)
    before = town.clock()
    later(town)
    looked(town, before)
    assert len([m for m in town.slack.messages("C0OPS", "U0ALICE") if "carts" in all_text(m)]) == 1


def fixed(number):
    def make(now):
        made = entry("", now - MINUTE + number * SECOND, 500 + number, revision=FIX)
        log = "projects/netra-staging/logs/run.googleapis.com%2Frequests"
        http = {"requestMethod": "GET", "requestUrl": "https://shop.example.org/", "status": 200}
        return {**made, "logName": log, "severity": "INFO", "httpRequest": http}

    return make


def test_its_end_is_answered_once_in_its_thread_and_shown_on_its_message(town):
    watched(town)
    later(town, crash(10))
    message = town.sees("no such table: carts")
    before = town.clock()
    later(town, *map(fixed, range(40)), minutes=2 * HOUR // MINUTE)
    looked(town, before)
    town.sees("over since")
    replies = town.slack.messages("C0OPS", thread_ts=message["ts"])
    assert ["Over since" in all_text(r) for r in replies] == [True]


def test_a_look_without_news_stores_no_report(town):
    watched(town)
    before = town.clock()
    later(town)
    looked(town, before)
    assert list(town.wiring.recent.newest("staging")) == []


def test_what_is_snoozed_from_its_message_stays_quiet(town):
    watched(town)
    later(town, crash(10))
    message = town.sees("no such table: carts")
    town.chooses(message, "I'm on it")
    town.sees("is on it")
    assert "is on it" in all_text(town.sees("no such table: carts"))


def test_a_watch_that_may_not_read_says_so_once_to_who_turned_it_on(town):
    watched(town)
    town.logs.error = Refused("Google refused: this account lacks Logs Viewer.")
    later(town)
    town.sees("The watch of staging cannot look", channel=town.wiring.slack.direct("U0ALICE"))
