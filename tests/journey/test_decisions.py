"""What people decide on a card, and how it is drawn and remembered."""

from __future__ import annotations

import pytest

from bot.core.model.environment import Environment
from bot.core.model.history import Past
from bot.core.model.report import Event
from bot.core.model.values import SECOND
from handlers.app import VIEWS
from tests.journey.conftest import STAGING, all_text, buttons

pytestmark = pytest.mark.redis


def issues(town):
    repo = town.github.state.snapshot()["owner/name"]
    return [i for i in repo["issues"] if "legacy_response" in i["title"]]


def file_it(town, report, user="U0ALICE", **values):
    town.clicks(report, "create_issue", user)
    form = town.form("What the log says", user)
    outcome = town.slack.submit(user, form["id"], values)
    assert outcome.ok, outcome.error
    return form


# --- issues --------------------------------------------------------------------------------------


def test_a_card_becomes_an_issue_and_links_to_it(town):
    town.types("staging 2d")
    report = town.report()
    file_it(town, report, note={"value": {"value": "Seen after the deploy"}})
    told = town.sees("is filed as")
    assert told["ephemeral_for"] == "U0ALICE"
    [issue] = issues(town)
    card = town.sees(f"#{issue['number']} ↗")
    assert card["ts"] == report["ts"]
    assert "Seen after the deploy" in issue["body"]
    assert issue["title"].startswith("GCP-new | P2 | ")
    assert "gardener" in [label["name"] for label in issue["labels"]]
    assert buttons(card).count("Create issue") == buttons(report).count("Create issue") - 1


def test_submitted_five_times_at_once_it_is_filed_once(town):
    town.types("staging 2d")
    report = town.report()
    town.clicks(report, "create_issue")
    form = town.form("What the log says")
    view = town.slack.call_in_loop(town.slack.state.views[form["id"]].api)
    acks = []
    for i in range(5):
        body = {"user": {"id": "U0ALICE"}, "trigger_id": f"t{i}", "view": view}
        VIEWS["file_issue"](town.wiring, lambda **how: acks.append(how), body)  # type: ignore[arg-type]
    assert acks == [{}] * 5
    town.slack.wait_for(
        lambda: len([m for m in town.slack.messages("C0OPS") if "is filed" in all_text(m)]) == 5
    )
    assert len(issues(town)) == 1


def deleted(town, kind="delete"):
    event = Event(kind, "netra-backend-staging", town.clock())
    town.wiring.history.record("staging", Past(events=frozenset({event})))


def test_of_a_service_that_was_deleted_meanwhile_nothing_is_filed(town):
    town.types("staging 2d")
    report = town.report()
    town.clicks(report, "create_issue")
    form = town.form("What the log says")
    deleted(town)
    assert town.slack.submit("U0ALICE", form["id"], {}).ok
    town.sees("C1 is not filed: netra-backend-staging was deleted at")
    town.clicks(report, "create_issue")
    town.form("netra-backend-staging was deleted at")
    town.clicks(report, "review_all")
    review = town.form("Why expected?")
    assert town.slack.submit("U0ALICE", review["id"], {}).ok
    town.form("not done: C1 is not filed: netra-backend-staging was deleted at")
    assert issues(town) == []
    # Deployed again, it is worth an issue again, on the old card too.
    town.clock.ahead += SECOND
    deleted(town, "deploy")
    file_it(town, report)
    town.sees("is filed as")


def test_a_form_for_what_is_filed_already_says_so(town):
    town.types("staging 2d")
    report = town.report()
    town.clicks(report, "create_issue", "U0BOB")
    late = town.form("What the log says", "U0BOB")
    file_it(town, report)
    town.sees("is filed as")
    assert town.slack.submit("U0BOB", late["id"], {}).ok
    town.sees("is filed already as", "U0BOB")
    assert len(issues(town)) == 1


def test_a_title_that_is_missing_is_told_in_the_form(town):
    town.types("staging 2d")
    town.clicks(town.report(), "create_issue")
    form = town.form("What the log says")
    town.slack.submit("U0ALICE", form["id"], {"title": {"value": {"value": " "}}})
    assert "title" in town.slack.view("U0ALICE")["errors"]
    assert issues(town) == []


def test_a_repository_that_is_unknown_is_told_in_the_form(town):
    town.types("staging 2d")
    report = town.report()
    del town.github.state.repos["owner/name"]
    town.clicks(report, "create_issue")
    town.form("owner/name")


# --- expected ------------------------------------------------------------------------------------


def mark(town, report, user="U0ALICE", duration="7d", reason="Load test every night"):
    town.clicks(report, "expected", user)
    form = town.form("For how long", user)
    durations = next(b["element"] for b in form["blocks"] if b["block_id"] == "duration")
    option = next(o for o in durations["options"] if o["value"] == duration)
    return town.slack.submit(
        user,
        form["id"],
        {
            "reason": {"value": {"value": reason}},
            "duration": {"value": {"selected_option": option}},
        },
    )


def test_expected_is_drawn_kept_for_the_next_report_and_taken_back(town):
    town.types("staging 2d")
    report = town.report()
    assert mark(town, report).ok
    saved = town.sees("is expected")
    assert saved["ephemeral_for"] == "U0ALICE"
    card = town.sees("C1 · P2 · expected")
    assert card["ts"] == report["ts"]
    assert "Load test every night" in all_text(card)

    town.types("staging 36h")
    again = town.sees("last 36 h")
    assert "1 expected" in all_text(town.sees("1 expected"))
    assert again["ts"] != report["ts"]

    town.clicks(saved, "undo")
    town.sees("no longer marked as expected")
    town.slack.wait_for(
        lambda: (
            "expected*"
            not in all_text(
                next(m for m in town.slack.messages("C0OPS") if m["ts"] == report["ts"])
            )
        )
    )
    town.types("expected staging")
    town.sees("nothing is marked as expected")


def test_the_list_of_what_is_expected_has_an_undo(town):
    town.types("staging 2d")
    mark(town, town.report())
    town.sees("is expected")
    town.types("expected staging")
    listed = town.sees("1 marked as expected")
    town.clicks(listed, "undo", user="U0ALICE")
    town.sees("no longer marked as expected")


def test_forever_is_for_admins(town):
    town.types("staging 2d")
    town.clicks(town.report(), "expected")
    form = town.form("For how long")
    assert "Forever" not in all_text(form)


class TestWhoMayAct:
    @pytest.fixture
    def environments(self):
        return [
            Environment(
                STAGING.name,
                STAGING.project,
                STAGING.services,
                "owner/name",
                act=("@oncall",),
                admin=("U0ALICE",),
            )
        ]

    def test_who_may_only_look_is_told_whom_to_ask(self, town):
        town.types("staging 2d", user="U0BOB")
        report = town.report("U0BOB")
        town.clicks(report, "create_issue", "U0BOB")
        town.form("You may look, but not file issues", "U0BOB")
        town.chooses(report, "I'm on it", "U0BOB")
        refused = town.sees("You may look, but not take it", "U0BOB")
        assert refused["ephemeral_for"] == "U0BOB"

    def test_an_admin_may_say_forever(self, town):
        town.types("staging 2d")
        assert mark(town, town.report(), duration="forever").ok
        assert "forever" in all_text(town.sees("is expected"))


def test_someone_is_on_it_and_is_not_any_more(town):
    town.types("staging 2d")
    report = town.report()
    town.chooses(report, "I'm on it", "U0BOB")
    card = town.sees("<@U0BOB> is on it")
    assert card["ts"] == report["ts"]
    town.clicks(card, "undo", "U0BOB")
    town.sees("Nobody is on C1", "U0BOB")


def test_a_click_on_a_report_that_is_forgotten_still_acts(town):
    town.types("staging 2d")
    report = town.report()
    for key in town.wiring.redis_client.scan_iter("gardener:v2:tests:staging:report:*"):
        town.wiring.redis_client.delete(key)
    town.chooses(report, "I'm on it")
    town.sees("is on It")


def test_decisions_from_a_message_that_only_one_sees(town):
    town.types("staging 2d", channel="C0QUIET")
    report = town.report(channel="C0QUIET")
    town.chooses(report, "I'm on it", channel="C0QUIET")
    town.sees("is on it since", channel="C0QUIET")


# --- digests -------------------------------------------------------------------------------------


def test_a_digest_is_switched_on_told_at_once_and_off(town):
    town.types("digest staging 09:00 Europe/Berlin")
    town.sees("a digest every day at 09:00 Europe/Berlin")
    town.types("digest now")
    digest = town.sees("3 new")
    assert "Create issue" in buttons(digest)
    town.types("digest off")
    town.sees("No more digests here of staging")
    assert town.wiring.subscriptions.all() == ()


def test_a_digests_buttons_act_and_it_is_drawn_anew(town):
    town.types("digest now")
    digest = town.sees("3 new")
    file_it(town, digest)
    town.sees("is filed as")
    town.slack.wait_for(
        lambda: (
            "In hand"
            in all_text(next(m for m in town.slack.messages("C0OPS") if m["ts"] == digest["ts"]))
        )
    )
    assert len(issues(town)) == 1


def test_a_due_digest_is_posted_once_however_often_the_clock_looks(town):
    from bot import jobs
    from bot.core.model.values import DAY
    from bot.core.ports import Subscription

    now = town.wiring.now()
    town.wiring.subscriptions.put(
        Subscription("staging", "C0OPS", "00:00", "UTC", "U0ALICE", now - 2 * DAY)
    )
    for _ in range(5):
        jobs.due(town.wiring, now)
    town.sees("3 new")
    jobs.due(town.wiring, now)
    town.types("why C1")
    town.sees("C1 is P")
    assert len([m for m in town.slack.messages("C0OPS") if "3 new" in all_text(m)]) == 1


@pytest.mark.parametrize("hours", [0, 2])
def test_a_digest_that_was_missed_is_posted_late_once_and_says_so(town, hours):
    from bot import jobs
    from bot.core.model.values import DAY, HOUR, MINUTE
    from bot.core.ports import Subscription
    from bot.core.text import display

    now = town.wiring.now()
    due = now // MINUTE * MINUTE - hours * HOUR
    at = f"{display.moment(due, 'UTC'):%H:%M}"
    town.wiring.subscriptions.put(
        Subscription("staging", "C0OPS", at, "UTC", "U0ALICE", now - 2 * DAY)
    )
    for later in range(3):
        jobs.due(town.wiring, now + later * MINUTE)
    shown = all_text(town.sees("3 new"))
    assert ("the clock was down" in shown) is bool(hours)
    if hours:
        assert f"{at} UTC>, posted" in shown
    jobs.due(town.wiring, now + 20 * MINUTE)
    town.types("why C1")
    town.sees("C1 is P")
    assert len([m for m in town.slack.messages("C0OPS") if "3 new" in all_text(m)]) == 1
