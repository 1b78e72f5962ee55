"""From a command to its report."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from rq import Queue
from rq.serializers import JSONSerializer

from bot import jobs
from bot.adapters.chart import draw
from bot.adapters.redis.queue.queue import NAME
from bot.adapters.slack.messenger import SlackMessenger
from bot.core.model.environment import Environment
from bot.core.model.errors import Refused, Unavailable
from bot.core.model.shown import JOINS
from bot.core.model.values import HOUR, MINUTE, SECOND
from bot.wiring import Wiring
from tests.fakes.logs import FakeLogs, entry
from tests.journey.conftest import STAGING, all_text, buttons

pytestmark = pytest.mark.redis


def files(town, channel="C0OPS"):
    return [f["name"] for m in town.slack.messages(channel) for f in m.get("files", [])]


def test_a_command_gets_its_report_in_the_message_that_showed_the_progress(town):
    town.types("staging 2d")
    report = town.report()
    assert "legacy_response" in all_text(report)
    assert "last 2 d" in all_text(report)
    assert "Create issue" in buttons(report)
    posts = [c for c in town.slack.api_calls("chat.postMessage") if c.ok]
    assert [c.answer["ts"] for c in posts] == [report["ts"]]
    assert "reading starts" in posts[0].args["text"]


@pytest.mark.parametrize("chart", [draw])
def test_the_worklog_and_the_chart_stand_in_the_thread(town):
    town.types("staging 2d")
    report = town.report()
    names = town.slack.wait_for(lambda: files(town) if len(files(town)) > 1 else None)
    assert [n.rpartition(".")[2] for n in names] == ["md", "png"]
    thread = town.slack.messages("C0OPS", thread_ts=report["ts"])
    assert any(m.get("files") for m in thread)
    [alt] = [
        c.args["alt_txt"]
        for c in town.slack.api_calls("files.getUploadURLExternal")
        if c.args.get("alt_txt")
    ]
    assert "Entries per hour in staging over 2 d: C1 10" in alt


def test_a_question_that_is_asked_again_is_answered_as_of_now(town):
    town.types("staging 2d")
    first = town.sees("last 2 d: 3 problems")
    town.logs.entries = town.logs.entries[:10]
    town.clock.ahead = JOINS + SECOND
    town.types("staging 2d", user="U0BOB")
    second = town.sees("last 2 d: 1 problem")
    assert town.logs.reads == 2
    assert second["ts"] != first["ts"]
    link = town.wiring.slack.permalink("C0OPS", second["ts"])
    older = town.sees("Out of date, as of")
    assert older["ts"] == first["ts"]
    assert f": <{link}|see the newer report>" in all_text(older)
    assert "Out of date" not in all_text(town.sees("last 2 d: 1 problem"))
    # Its buttons still work, and what they redraw still says so.
    town.clicks(older, "expected")
    town.form("Why")
    town.clicks(older, "refresh")
    town.slack.wait_for(lambda: town.logs.reads == 3)
    town.slack.wait_for(
        lambda: [
            m
            for m in town.slack.messages("C0OPS")
            if m["ts"] == first["ts"] and "Out of date" not in all_text(m)
        ]
    )


def test_whoever_asks_the_same_at_its_end_joins(town):
    """Bob's question waits behind the reading, and the only worker takes it up at its end."""
    stopped = town.clock.stop()
    town.types("staging 2d")
    town.report()
    town.types("staging 2d", user="U0BOB")
    town.slack.wait_for(
        lambda: [m for m in town.slack.messages("C0OPS") if "Refresh" in all_text(m)][1:]
    )
    assert town.logs.reads == 1
    assert stopped == town.clock()


def test_where_google_does_not_answer_the_last_report_is_shown_with_its_age(town):
    town.types("staging 2d")
    town.sees("last 2 d: 3 problems")
    town.clock.ahead = 12 * MINUTE
    town.logs.error = Unavailable("Cloud Logging does not answer (ServiceUnavailable).")
    town.types("staging 2d", user="U0BOB")
    shown = town.sees("12 min ago: Google does not answer")
    assert "3 problems" in all_text(shown)
    assert "Cloud Logging does not answer (ServiceUnavailable)." in all_text(shown)
    assert "As of" in shown["text"], "the lock screen says so too"
    town.logs.error = None
    town.clicks(shown, "refresh")
    town.slack.wait_for(
        lambda: [
            m
            for m in town.slack.messages("C0OPS")
            if m["ts"] == shown["ts"] and "Google does not answer" not in all_text(m)
        ]
    )


def test_without_an_earlier_report_the_reason_stands_alone(town):
    town.logs.error = Unavailable("Cloud Logging does not answer (ServiceUnavailable).")
    town.types("staging 2d")
    shown = town.sees("Cloud Logging does not answer")
    assert buttons(shown) == ["Try again"]


def test_two_who_ask_at_once_share_one_reading(town):
    town.logs.gate, town.logs.page = threading.Event(), 5
    town.types("staging 2d")
    town.slack.wait_for(lambda: town.logs.reads)
    # The only worker reads: what Bob types waits in the queue until it is through.
    town.types("staging 2d", user="U0BOB", channel="C0OPS")
    town.logs.gate.set()
    town.report()
    town.slack.wait_for(lambda: len(town.slack.api_calls("chat.update")) >= 1)
    assert town.logs.reads == 1


def test_the_progress_is_edited_and_a_long_reading_ends_with_a_word_to_the_asker(town):
    town.logs.gate, town.logs.page = threading.Event(), 5
    town.types("staging 2d")
    progress = town.sees("(25 %), 5 entries")
    assert buttons(progress) == ["Cancel"]
    town.clock.ahead = 40 * SECOND
    town.logs.gate.set()
    report = town.report()
    assert report["ts"] == progress["ts"]
    told = town.sees("<@U0ALICE>")
    assert told["thread_ts"] == report["ts"]
    assert "3 problems" in all_text(told)


def test_a_job_that_is_done_again_after_a_kill_goes_on_in_the_same_message(town):
    town.logs.gate, town.logs.page = threading.Event(), 5
    town.types("staging 2d")
    town.slack.wait_for(lambda: town.logs.reads)
    queue = Queue(NAME, connection=town.wiring.redis_client, serializer=JSONSerializer)
    [job] = [queue.fetch_job(i) for i in queue.started_job_registry.get_job_ids()]
    jobs.JOBS["analyze"](replace_gate(town), **job.kwargs["kwargs"])
    report = town.report()
    town.logs.gate.set()
    town.types("why C1")
    town.sees("C1 is P")
    posts = [c for c in town.slack.api_calls("chat.postMessage") if c.ok]
    assert [c.answer["ts"] for c in posts] == [report["ts"]]


def test_why_is_answered_from_the_report_that_was_seen_here_last(town):
    town.types("staging 2d")
    town.sees("last 2 d: 3 problems")
    town.types("staging 65m")
    town.sees("last 65 min: 1 problem")
    town.types("why C1")
    assert "staging, last 65 min, read" in all_text(town.sees("C1 is P"))
    town.types("staging 2d", user="U0BOB")  # from the cache
    town.slack.wait_for(
        lambda: [m for m in town.slack.messages("C0OPS") if "last 2 d: 3" in all_text(m)][1:]
    )
    town.types("why C1")
    assert "10 times in the window" in all_text(town.sees("staging, last 2 d, read"))


def test_why_knows_a_card_that_a_shorter_window_lacks(town):
    town.types("staging 2d")
    town.sees("last 2 d: 3 problems")
    for asked, answer in (("10m", "nothing at WARNING"), ("2d severity=ERROR", "1 problem")):
        town.types(f"staging {asked}")
        town.sees(answer)
    town.types("why C3")
    assert "staging, last 2 d, read" in all_text(town.sees("C3 is P"))


def test_another_service_that_writes_nothing_is_no_alarm(town):
    town.logs.entries = []
    town.types("staging 2d service=other")
    town.sees("last 2 d: not one entry of other, traffic unknown.")
    town.types("staging 2d")
    town.sees("staging sends no logs")


class Killed(BaseException):
    """What a `kill -9` looks like from inside."""


@pytest.mark.parametrize("call", ["update", "upload"])
def test_one_that_is_killed_while_it_tells_is_gone_on_with(town, call):
    town.logs.gate, town.logs.page = threading.Event(), 5
    town.types("staging 2d")
    town.slack.wait_for(lambda: town.logs.reads)
    queue = Queue(NAME, connection=town.wiring.redis_client, serializer=JSONSerializer)
    [job] = [queue.fetch_job(i) for i in queue.started_job_registry.get_job_ids()]

    def dies(*_, **__):
        raise Killed

    dying = type("Dying", (SlackMessenger,), {call: dies})
    slack = dying(town.wiring.slack_client, look_ups=town.wiring.look_ups)
    with pytest.raises(Killed):
        jobs.JOBS["analyze"](replace_gate(town, slack=slack), **job.kwargs["kwargs"])
    assert files(town) == []

    again = replace_gate(town)
    jobs.JOBS["analyze"](again, **job.kwargs["kwargs"])
    assert "last 2 d: 3 problems" in all_text(town.report())
    assert [n.rpartition(".")[2] for n in files(town)] == ["md", "png"]
    assert again.logs.reads == 0
    town.logs.gate.set()


def replace_gate(town, **parts):
    """The next worker's parts: the same outside, a log that can be read."""
    logs = FakeLogs(town.logs.entries)
    parts = {"logs": logs, "activity": logs, "slack": town.wiring.slack} | parts
    return Wiring(town.wiring.settings).having(**parts)


@pytest.mark.parametrize("name", ["analyze", "bot.jobs.analyze"])
def test_a_job_that_was_given_up_is_told(town, name):
    town.logs.gate, town.logs.page = threading.Event(), 5
    town.types("staging 2d")
    town.slack.wait_for(lambda: town.logs.reads)
    queue = Queue(NAME, connection=town.wiring.redis_client, serializer=JSONSerializer)
    [job] = [queue.fetch_job(i) for i in queue.started_job_registry.get_job_ids()]
    jobs.gave_up(town.wiring, name, job.kwargs["kwargs"])
    assert buttons(town.sees("was ended three times")) == ["Try again"]


def test_a_report_that_is_stopped_says_so_and_reads_no_further(town):
    town.logs.gate, town.logs.page = threading.Event(), 5
    town.types("staging 2d")
    progress = town.sees("reading starts")
    town.slack.wait_for(lambda: town.logs.reads)
    town.clicks(progress, "cancel")
    stopped = town.sees("Stopped by")
    assert stopped["ts"] == progress["ts"]
    assert buttons(stopped) == ["Run again"]
    town.logs.gate.set()
    town.clicks(stopped, "run")
    town.report()


def test_a_failed_reading_turns_the_progress_into_its_sentence(town):
    town.logs.error = Refused("Google refused: bot@acme lacks Logs Viewer; nothing was read.")
    town.types("staging 2d")
    failed = town.sees("lacks Logs Viewer")
    assert "no report" in all_text(failed)
    town.logs.error = None
    town.clicks(failed, "run")
    town.report()


def test_a_bug_shows_a_reference_and_no_traceback(town):
    town.logs.error = ZeroDivisionError("secret of the inside")
    town.types("staging 2d")
    failed = town.sees("Something failed that should not")
    assert "Reference" in all_text(failed)
    assert "inside" not in all_text(failed)
    assert "Zero" not in all_text(failed)


def test_where_the_bot_is_no_member_the_asker_alone_gets_it(town):
    town.types("staging 2d", channel="C0QUIET")
    report = town.report(channel="C0QUIET")
    assert "/invite @gardener" in all_text(report)
    assert report["ephemeral_for"] == "U0ALICE"
    assert town.slack.messages("C0QUIET", "U0BOB") == []


def test_in_a_shared_channel_nothing_is_said_of_the_environment(town):
    town.types("staging 2d", channel="C0SHARED")
    refused = town.sees("shared with another company", channel="C0SHARED")
    assert refused["ephemeral_for"] == "U0ALICE"
    assert town.logs.reads == 0


@pytest.mark.parametrize("text", ["staging 2d", "stagin 2d", "help", "expected staging", "why C1"])
def test_a_guest_is_told_why_not_and_learns_no_name(town, text):
    town.types(text, user="U0GUEST")
    refused = town.sees("Guests may not", user="U0GUEST")
    assert refused["ephemeral_for"] == "U0GUEST"
    assert "acme/backend" not in all_text(refused)
    assert town.logs.reads == 0


def test_a_slip_gets_the_nearest_right_form_and_a_button_that_runs_it(town):
    town.types("stagin 2d")
    told = town.sees('I know no "stagin"')
    assert told["ephemeral_for"] == "U0ALICE"
    assert buttons(told) == ["Run it"]
    town.clicks(told, "run")
    assert "last 2 d" in all_text(town.report())


def test_why_tells_each_reason(town):
    town.types("staging 2d")
    town.report()
    town.types("why C1")
    told = town.sees("C1 is P")
    assert told["ephemeral_for"] == "U0ALICE"
    assert "repeats" in all_text(told)


def test_evidence_goes_into_the_thread_once(town):
    town.types("staging 2d")
    report = town.report()
    town.chooses(report, "Evidence")
    there = town.sees("The query")
    assert there["thread_ts"] == report["ts"]
    town.chooses(report, "Evidence", user="U0BOB")
    town.sees("in the thread already", user="U0BOB")


def test_many_cards_go_on_in_the_thread(town):
    now = town.wiring.now()
    nouns = ["ledger", "basket", "invoice", "cache", "tunnel", "voucher", "mailbox", "avatar"]
    verbs = ["cannot open the", "lost its", "rejects another", "timed out near a"]
    town.logs.entries = [
        entry(f"{noun.upper()}: {verb} {noun} of {noun[::-1]}", now - HOUR * (1 + i % 9), i)
        for i, (noun, verb) in enumerate((n, v) for n in nouns for v in verbs)
    ]
    town.types("staging 2d")
    report = town.report()
    further = town.sees("staging, further")
    assert further["thread_ts"] == report["ts"]
    town.clicks(further, "expected", block_id=row(further, "Expected…"))
    town.form("For how long")


def row(message, text):
    for block in message["blocks"]:
        for element in block.get("elements", []) if block["type"] == "actions" else []:
            if element.get("text", {}).get("text") == text:
                return block["block_id"]
    raise AssertionError(text)


def test_a_mention_is_the_same_as_a_command(town):
    town.slack.say("U0ALICE", "C0OPS", "<@U0GARDEN> staging 2d")
    town.report()


def test_a_dropped_log_file_is_analysed_in_its_thread(town):
    import json

    content = "\n".join(json.dumps(e) for e in town.logs.entries).encode()
    town.logs.entries = []
    town.slack.drop_file("U0ALICE", "C0OPS", "yesterday.json", content)
    report = town.sees("Review all")
    assert "legacy_response" in all_text(report)
    assert report["thread_ts"]
    assert "Refresh" not in buttons(report)  # which would show the service instead


def test_a_file_that_is_no_log_gets_a_sentence(town):
    town.slack.drop_file("U0ALICE", "C0OPS", "holiday.txt", b"not a log at all\n")
    town.sees("log entr")


class TestWithTwoEnvironments:
    @pytest.fixture
    def environments(self):
        return [STAGING, Environment(name="prod", project="p", channels=("C0SECRET",))]

    def test_one_that_may_not_be_asked_about_here_is_not_named(self, town):
        town.types("nonsense 2d")
        told = town.sees("I know no")
        assert "prod" not in all_text(told)


def test_the_home_tab_lists_environments_and_runs_a_report(town):
    town.slack.open_home("U0ALICE")
    home = town.slack.wait_for(lambda: town.slack.home("U0ALICE"))
    assert "staging" in all_text(home)
    block = next(
        b["block_id"] for b in home["blocks"] if (b.get("accessory") or {}).get("type") == "button"
    )
    assert town.slack.click("U0ALICE", "run", view_id=home["id"], block_id=block).ok
    town.report(channel="D0ALICE")


def test_a_command_that_slack_sends_again_runs_once(town):
    town.types("staging 2d")
    town.report()
    from handlers import payload
    from handlers.app import COMMANDS

    body = {
        "user_id": "U0ALICE", "channel_id": "C0OPS", "command": "/gardener",
        "text": "help", "trigger_id": "1.2.3",
    }  # fmt: skip
    acks = []
    for _ in range(3):
        COMMANDS["/gardener"](town.wiring, lambda *_, **__: acks.append(1), body)  # type: ignore[arg-type]
    town.sees("what went wrong in two days")
    town.types("why C1")
    town.sees("C1 is P")
    told = [m for m in town.slack.messages("C0OPS") if "what went wrong in two days" in all_text(m)]
    assert len(told) == 1
    assert len(acks) == 3
    assert payload.ONCE


def test_typed_times_are_in_the_askers_zone(town):
    """Alice and Bob are in Berlin; the environment's zone is UTC."""
    here = datetime.fromtimestamp(town.wiring.now() // SECOND, ZoneInfo("Europe/Berlin"))
    nine, noon = (
        (here - timedelta(days=1)).replace(hour=hour, minute=0, second=0, microsecond=0)
        for hour in (9, 12)
    )
    town.types("staging yesterday 09:00 to 12:00")
    fixed = [f"{each.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for each in (nine, noon)]
    report = town.report()
    assert f"staging {fixed[0]} to {fixed[1]}" in str(report)  # what Refresh reads again
    assert f"<!date^{int(nine.timestamp())}^" in all_text(report)
