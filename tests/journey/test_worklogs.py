"""The worklog in the thread says what was decided, however late that was."""

from __future__ import annotations

import pytest

from bot import jobs
from bot.adapters.slack.messenger import SlackMessenger
from bot.core.model.errors import Unavailable
from bot.core.model.values import SECOND
from tests.journey.test_decisions import mark
from tests.journey.test_github_sync import harder, review

pytestmark = pytest.mark.redis


def shown(town):
    """The files in #ops, and what is left of deleted ones."""
    return [f for m in town.slack.messages("C0OPS") for f in m.get("files", [])]


def stored(town):
    """The worklogs that stand in #ops."""
    kept = [town.slack.state.files[each["id"]] for each in shown(town)]
    return [k for k in kept if k.name.endswith(".md") and not k.deleted]


def worklogs(town):
    """Their texts."""
    return [kept.content.decode() for kept in stored(town)]


def reported(town):
    """A report whose worklog stands in the thread."""
    town.types("staging 2d")
    report = town.report()
    town.slack.wait_for(lambda: worklogs(town))
    return report


def current(town, words):
    """The one worklog, once it has these words."""
    return town.slack.wait_for(
        lambda: worklogs(town)[0] if len(worklogs(town)) == 1 and words in worklogs(town)[0] else ""
    )


def by_the_clock(town, words):
    """The same, while the clock looks now and then."""

    def look():
        jobs.due(town.wiring, town.clock())
        return any(words in text for text in worklogs(town))

    town.slack.wait_for(look)
    current(town, words)


def uploads(town):
    """Versions that were ever uploaded."""
    return sum(kept.name.endswith(".md") for kept in town.slack.state.files.values())


def test_a_decision_and_its_undo_are_written_into_the_worklog(town):
    report = reported(town)
    assert "[ ] **C1 P2**: open" in worklogs(town)[0]
    assert mark(town, report, reason="Load test").ok
    current(town, "[x] **C1 P2**: expected")
    said = town.sees("is expected")
    town.slack.wait_for(lambda: not any(f.get("deleted") for f in shown(town)))

    town.clicks(said, "undo")
    town.sees("no longer marked as expected")
    # So soon after the last version, the clock looks after it.
    town.clock.ahead += 11 * SECOND
    by_the_clock(town, "[ ] **C1 P2**: open")


def test_review_all_is_one_version(town):
    harder(town)
    report = reported(town)
    review(town, report)
    town.form("All 3 done")
    text = current(town, "3 filed, 0 expected, 0 open")
    assert text.count("  - [x] **C") == 3
    assert uploads(town) == 2


def test_where_the_old_one_cannot_be_deleted_the_new_one_stands_beside_it(town):
    report = reported(town)
    [old] = stored(town)
    old.user = "U0BOB"
    town.chooses(report, "I'm on it")
    text = town.slack.wait_for(lambda: worklogs(town)[1:])[0]
    assert "U0ALICE is on it" in text
    assert len(worklogs(town)) == 2


def test_a_worklog_that_somebody_deleted_is_posted_anew(town):
    report = reported(town)
    [old] = stored(town)
    assert town.wiring.slack_client.files_delete(file=old.id)["ok"]
    town.chooses(report, "I'm on it")
    current(town, "is on it")


class Away(SlackMessenger):
    """Slack does not take the first file."""

    tried = 0

    def upload(self, channel, thread, files):
        self.tried += 1
        if self.tried == 1:
            raise Unavailable("Slack is away.")
        return super().upload(channel, thread, files)


def test_what_slack_did_not_take_is_tried_again_by_the_clock(town):
    report = reported(town)
    town.wiring.__dict__["slack"] = away = Away(
        town.wiring.slack_client, look_ups=town.wiring.look_ups
    )
    town.chooses(report, "I'm on it")
    town.slack.wait_for(lambda: away.tried)
    by_the_clock(town, "is on it")
