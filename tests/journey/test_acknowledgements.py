"""An acknowledgement that breaks and a snooze that ends: posted once, with who, and undone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import jobs
from bot.core.model.values import DAY, HOUR, MINUTE
from bot.jobs import acknowledgements
from tests.fakes.logs import CREATED, entry, some
from tests.journey.conftest import all_text, buttons
from tests.journey.test_decisions import file_it, mark

pytestmark = pytest.mark.redis

BROKEN = "No longer matches the acknowledgement: the same user 5 times"


@pytest.fixture
def signups(town):
    """Two users were created, and somebody said that this is as it should be."""
    now = town.clock()
    town.logs.entries = [
        entry(CREATED.format(n=n), now - HOUR - n * MINUTE, n, severity="WARNING") for n in (40, 41)
    ]
    town.types("staging 2d")
    assert mark(town, town.report(), reason="Sign-ups, password=hunter22x").ok
    town.sees("is expected")
    return town


def again(town, times=5):
    """One user is created over and over."""
    town.clock.ahead += HOUR
    now = town.clock()
    town.logs.entries += [
        entry(CREATED.format(n=77), now - (i + 1) * MINUTE, 500 + i, severity="WARNING")
        for i in range(times)
    ]


def told(town):
    return [
        m
        for m in town.slack.messages("C0OPS")
        if BROKEN in all_text(m) and "Expected: " in all_text(m) and "Refresh" not in all_text(m)
    ]


def test_the_same_user_again_is_told_once_and_drawn_in_full(signups):
    town = signups
    again(town)
    town.types("staging 36h")
    town.slack.wait_for(lambda: told(town))
    report = next(
        m for m in town.slack.messages("C0OPS") if "last 36 h" in all_text(m) and BROKEN in all_text(m)
    )  # fmt: skip
    assert "Create issue" in buttons(report)
    assert "1 problem" in all_text(report)
    town.types("staging 35h")
    town.sees("last 35 h: 1 problem")
    town.types("digest now")
    town.sees("1 worse")
    town.types("expected staging")
    listed = town.sees("1 marked as expected")
    assert BROKEN in all_text(listed)
    assert len(told(town)) == 1

    town.clicks(told(town)[0], "undo")
    town.sees("no longer marked as expected")
    assert not town.wiring.decisions.all("staging")


def test_while_it_holds_it_is_listed_with_its_hits(signups):
    town = signups
    town.clock.ahead += 2 * HOUR
    now = town.clock()
    town.logs.entries += [
        entry(CREATED.format(n=n), now - MINUTE, n, severity="WARNING") for n in (50, 51)
    ]
    town.types("staging 36h")
    town.sees("last 36 h: nothing but 1 expected")
    town.types("expected staging")
    listed = all_text(town.sees("1 marked as expected"))
    assert "2× since" in listed
    assert "hunter22x" not in listed
    town.types("digest now")
    digest = town.sees("1 within limits")
    assert "C1 4× USER AUTO-CREATED" in all_text(digest)
    assert "Undo" in buttons(digest)
    assert not told(town)


def test_what_is_not_to_be_told_breaks_in_silence(town):
    town.logs.entries = [
        entry(CREATED.format(n=n), town.clock() - HOUR - n, n, severity="WARNING") for n in (40, 41)
    ]
    town.types("staging 2d")
    town.clicks(town.report(), "expected")
    form = town.form("For how long")
    assert "one user repeats" in all_text(form)
    said = {
        "reason": {"value": {"value": "Sign-ups"}},
        "tell": {"value": {"selected_options": []}},
    }
    assert town.slack.submit("U0ALICE", form["id"], said).ok
    town.sees("is expected")
    again(town)
    town.types("staging 36h")
    town.sees("last 36 h: 1 problem")
    town.types("staging 35h")
    town.sees("last 35 h: 1 problem")
    assert not told(town)


def test_forever_is_refused_to_who_is_no_admin(town):
    from blocks.buttons import EXPECTED, Act
    from bot import jobs
    from bot.asker import Asker

    town.types("staging 2d")
    town.report()
    jobs.JOBS["submit_expected"](
        town.wiring,
        asker=Asker("U0ALICE", "r1", town.clock(), "C0OPS").encode(),
        act=Act(EXPECTED, "staging", cluster="c-any").encode(),
        said={"duration": "forever", "reason": "Because", "tell": True},
    )
    town.sees("Only an admin may say “forever”")
    assert not town.wiring.decisions.all("staging")


def choose(town, report, value):
    town.chooses(report, "Snooze…")
    form = town.form("What to do")
    options = next(b["element"]["options"] for b in form["blocks"] if b["block_id"] == "choice")
    option = next(o for o in options if o["value"] == value)
    answer = {"choice": {"value": {"selected_option": option}}}
    assert town.slack.submit("U0ALICE", form["id"], answer).ok


def test_a_snooze_wakes_on_a_new_revision(town):
    town.types("staging 2d")
    report = town.report()
    choose(town, report, "revision")
    town.sees("2 problems, 2 new, 1 snoozed")
    card = town.sees("Snoozed by <@U0ALICE>")
    assert "C1 · P2 · snoozed" in all_text(town.sees("C1 · P2 · snoozed"))
    assert card is not None

    town.clock.ahead += HOUR
    now = town.clock()
    old = town.logs.entries[0]["textPayload"]
    town.logs.entries = [
        *some(now - HOUR),
        *(entry(old, now - i * MINUTE, 700 + i, revision="00599-abc") for i in range(1, 4)),
    ]
    town.types("staging 36h")
    # The exhausted pool has been silent for three hours by now, while the service logs.
    town.sees("last 36 h: 2 problems, 1 ended, worst P2")


def test_a_snooze_of_a_day_is_over_after_it_and_can_be_taken_back(town):
    town.types("staging 2d")
    report = town.report()
    choose(town, report, "1d")
    card = town.sees("2 problems, 2 new, 1 snoozed")
    undo = next(
        b for b in card["blocks"] if "Snoozed by" in all_text(b) and b.get("accessory")
    )  # fmt: skip
    town.clicks(card, "undo", block_id=undo["block_id"])
    town.sees("is no longer snoozed")
    report = town.sees("3 problems, 3 new")
    snooze = town.wiring.decisions
    choose(town, report, "1d")
    town.sees("2 problems, 2 new, 1 snoozed")
    assert any(d.snooze for d in snooze.all("staging").values())
    town.clock.ahead += DAY + MINUTE
    town.types("staging 40h")
    town.sees("last 40 h: 3 problems")


def test_a_priority_by_hand_says_who_and_what_it_was(town):
    town.types("staging 2d")
    report = town.report()
    choose(town, report, "P6")
    card = town.sees("P6 set by <@U0ALICE>")
    assert "was P2" in all_text(card)
    undo = next(b for b in card["blocks"] if "P6 set by" in all_text(b))
    town.clicks(card, "undo", block_id=undo["block_id"])
    town.sees("has the priority that the rules give it")
    town.sees("C1 · P2 · new")


def test_one_that_stopped_is_told_and_stands_in_the_digest(signups):
    town = signups
    # Three days later others still write, and of these nothing came: two a day were usual.
    town.clock.ahead += 3 * DAY
    now = town.clock()
    acknowledgement = next(iter(town.wiring.decisions.all("staging").values())).expected
    town.wiring.decisions.put("staging", replace(acknowledgement, usual=10.0))
    town.logs.entries = [
        entry("Pool is full", now - i * HOUR, 900 + i, severity="WARNING") for i in range(1, 20)
    ]
    town.types("digest now")
    town.sees("it stopped: usual were 10 a day, none came in")

    def said():
        return [m for m in town.slack.messages("C0OPS") if "it stopped" in all_text(m)]

    town.slack.wait_for(lambda: any("Expected: " in all_text(m) for m in said()))
    assert any("*Expected*" in all_text(m) and "Show all" in buttons(m) for m in said())


def test_a_question_for_another_service_says_nothing_of_the_acknowledged_one(signups):
    town = signups
    town.clock.ahead += 3 * DAY
    now = town.clock()
    acknowledgement = next(iter(town.wiring.decisions.all("staging").values())).expected
    town.wiring.decisions.put("staging", replace(acknowledgement, usual=10.0))
    town.logs.entries = [entry("Pool is full", now - HOUR, 900, severity="WARNING")]
    town.types("staging 2d service=other")
    town.sees("last 2 d: 1 problem")
    town.types("expected staging")
    assert "it stopped" not in all_text(town.sees("1 marked as expected"))

    known = town.wiring.environment("staging")
    reports = [
        town.wiring.reports.get("staging", key) for key in town.wiring.recent.newest("staging")
    ]
    assert reports[0].partial
    assert reports[0].services == ("other",)
    assert acknowledgements.broke(acknowledgement, known, reports[0], now) is None


def test_one_whose_time_is_over_is_told_by_the_clock_once(signups):
    town = signups
    town.clock.ahead += 7 * DAY + MINUTE
    reads = town.logs.reads
    jobs.due(town.wiring, town.clock())
    told = town.sees("its time is over")
    assert "Sign-ups" in all_text(told)
    for _ in range(2):
        jobs.JOBS["tell_ended"](town.wiring, environment="staging")
    assert [all_text(m) for m in town.slack.messages("C0OPS")].count(all_text(told)) == 1
    assert town.logs.reads == reads
    town.clock.ahead += 8 * DAY
    assert not acknowledgements.run_out(
        town.wiring, "staging", town.wiring.decisions.all("staging").values(), town.clock()
    )


def test_a_wrong_issue_is_taken_off_and_tied_again(town):
    town.types("staging 2d")
    report = town.report()
    file_it(town, report)
    town.sees("is filed as")
    [link] = [d.issue for d in town.wiring.decisions.all("staging").values() if d.issue]
    town.chooses(town.sees(f"#{link.number} ↗"), "Evidence")
    evidence = town.sees("Its issue")
    assert "tied by <@U0ALICE> on" in all_text(evidence)
    unlink = next(b for b in evidence["blocks"] if "tied by" in all_text(b))
    town.clicks(evidence, "undo", block_id=unlink["block_id"])
    told = town.sees("no longer tied to its issue")
    assert town.slack.wait_for(
        lambda: (
            "Create issue"
            in buttons(next(m for m in town.slack.messages("C0OPS") if m["ts"] == report["ts"]))
        )
    )
    assert not any(d.issue for d in town.wiring.decisions.all("staging").values())
    assert town.github.state.repo("owner/name").issues[link.number].state == "open"

    town.clicks(told, "undo")
    town.sees("is tied again to")
    [again] = [d.issue for d in town.wiring.decisions.all("staging").values() if d.issue]
    assert again == link
    town.clicks(told, "undo")
    town.sees("Nothing is changed")
