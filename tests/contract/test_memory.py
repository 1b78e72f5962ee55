"""What jobs remember: one class a port, on the fake that other tests use and on the real server."""

from __future__ import annotations

import pytest

from bot.adapters.redis.conversations import RedisConversationMemory
from bot.adapters.redis.look_ups import RedisComparedCommits, RedisLookUps
from bot.adapters.redis.posted import RedisPosted
from bot.adapters.redis.queue.queue import JobQueue
from bot.adapters.redis.runs import RedisRunProgress, RedisRuns
from bot.adapters.redis.shown_reports import RedisRecentReports, RedisShownReports
from bot.adapters.redis.sync_memory import RedisSyncMemory, RedisUnlinkedIssues
from bot.adapters.redis.worklogs import RedisWorklogs
from bot.asker import Asker
from bot.core.commands.access import Person
from bot.core.model.decisions import IssueLink
from bot.core.model.issue_memory import Fix, Told
from bot.core.model.shown import (
    JOINS,
    BreakAlert,
    DigestFailure,
    DigestPost,
    EvidencePost,
    ReportThread,
    RequestAnswer,
    ShownMessage,
    ShownReport,
    WorklogCopy,
    WorklogVersion,
)
from bot.core.model.values import SECOND, Window
from bot.core.ports import CommitPair, Compared
from bot.job_names import JobName
from bot.runs import RunReading, Unanswered, Want
from tests.fakes.memory import (
    FakeComparedCommits,
    FakeConversationMemory,
    FakeLookUps,
    FakePosted,
    FakeRecentReports,
    FakeRunProgress,
    FakeRuns,
    FakeShownReports,
    FakeSyncMemory,
    FakeUnlinkedIssues,
    FakeWorklogs,
)


@pytest.fixture(params=["fake", pytest.param("redis", marks=pytest.mark.redis)])
def made(request):
    """Makes the fake, or the store on the server."""
    if request.param == "fake":
        return lambda fake, _: fake()
    client = request.getfixturevalue("redis_client")
    return lambda _, real: real(client)


NOW = 1_757_818_800 * SECOND
REPORT = ShownMessage("report", "C1", "1.5")
CARDS = ShownMessage("further", "C1", "1.6", 2)


class TestShownReports:
    @pytest.fixture
    def shown(self, made):
        return made(FakeShownReports, RedisShownReports)

    def test_a_report_is_found_with_its_question_and_its_messages(self, shown):
        shown.put("staging", "r-1", ShownReport("staging 2d", "r-0"))
        for place in (REPORT, CARDS, REPORT):
            shown.add("staging", "r-1", place)
        assert shown.get("staging", "r-1") == ShownReport("staging 2d", "r-0", (REPORT, CARDS))
        assert shown.key_of("staging", "C1", "1.6") == "r-1"

    def test_a_late_digest_stays_late(self, shown):
        late = ShownMessage("digest", "C1", "1.7", due=NOW)
        for place in (REPORT, late, late):
            shown.add("staging", "r-1", place)
        assert shown.get("staging", "r-1").places == (REPORT, late)

    def test_what_is_not_known_is_empty(self, shown):
        assert shown.get("staging", "r-1") == ShownReport()
        assert shown.key_of("staging", "C1", "1.5") == ""
        shown.add("staging", "r-1", REPORT)
        assert shown.get("staging", "r-1") == ShownReport(places=(REPORT,))
        assert shown.get("prod", "r-1") == ShownReport()
        assert shown.key_of("prod", "C1", "1.5") == ""

    def test_a_channel_with_a_newer_report_is_remembered_beside_the_others(self, shown):
        shown.put("staging", "r-1", ShownReport("staging 2d", places=(REPORT,)))
        shown.outdated("staging", "r-1", "C2", "https://x.example/2")
        shown.outdated("staging", "r-1", "C1", "")
        known = shown.get("staging", "r-1")
        assert dict(known.newer) == {"C1": "", "C2": "https://x.example/2"}
        assert (known.typed, known.places) == ("staging 2d", (REPORT,))

    def test_the_fixes_that_a_digest_judged(self, shown):
        assert shown.fixes("staging", "r-1") == {}
        fixes = {"c-1": Fix("00598-qss", 2.5), "c-2": Fix("", 3.0)}
        shown.put_fixes("staging", "r-1", fixes)
        assert shown.fixes("staging", "r-1") == fixes


class TestRecentReports:
    @pytest.fixture
    def recent(self, made):
        return made(FakeRecentReports, RedisRecentReports)

    def test_the_newest_stand_first_and_the_oldest_go(self, recent):
        assert list(recent.newest("staging")) == []
        for number in range(14):
            recent.add("staging", f"r-{number}", latest=True)
        assert list(recent.newest("staging")) == [f"r-{n}" for n in range(13, 1, -1)]
        assert list(recent.newest("prod")) == []

    def test_a_dropped_file_is_listed_and_not_the_latest(self, recent):
        assert recent.latest("staging") == ""
        recent.add("staging", "r-1", latest=True)
        recent.add("staging", "r-2", latest=False)
        assert recent.latest("staging") == "r-1"
        assert list(recent.newest("staging")) == ["r-2", "r-1"]

    def test_under_other_rules_of_grouping_a_question_has_another_answer(self, recent):
        recent.put_answer("staging", "staging 2d", "", "r-1", now=NOW)
        assert recent.answer("staging", "staging 2d", "", now=NOW) == "r-1"
        assert recent.answer("staging", "staging 2d", "v2", now=NOW) == ""
        recent.put_answer("staging", "staging 2d", "v2", "r-2", now=NOW)
        assert recent.answer("staging", "staging 2d", "v2", now=NOW) == "r-2"
        assert recent.answer("staging", "staging 3d", "", now=NOW) == ""

    def test_a_question_has_an_answer_for_some_seconds(self, recent):
        recent.put_answer("staging", "staging 2d", "", "r-1", now=NOW)
        assert recent.answer("staging", "staging 2d", "", now=NOW + JOINS) == "r-1"
        assert recent.answer("staging", "staging 2d", "", now=NOW + JOINS + SECOND) == ""


class TestConversationMemory:
    @pytest.fixture
    def conversations(self, made):
        return made(FakeConversationMemory, RedisConversationMemory)

    def test_each_conversation_has_its_own(self, conversations):
        assert conversations.report("staging", "C1") == conversations.environment("C1") == ""
        conversations.saw("staging", "C1", "r-1")
        conversations.saw("prod", "C1", "r-2")
        conversations.asked("C1", "prod")
        assert conversations.report("staging", "C1") == "r-1"
        assert conversations.report("prod", "C1") == "r-2"
        assert conversations.report("staging", "C2") == ""
        assert conversations.environment("C1") == "prod"
        assert conversations.environment("C2") == ""


class TestPosted:
    @pytest.fixture
    def posted(self, made):
        return made(FakePosted, RedisPosted)

    @pytest.mark.parametrize(
        ("what", "other"),
        [
            (RequestAnswer("1.2.3"), RequestAnswer("1.2.4")),
            (DigestPost("staging-C1-2025-09-16"), DigestFailure("staging-C1-2025-09-16")),
            (BreakAlert("c-1", 5, "rate", ""), BreakAlert("c-1", 5, "variant", "abc")),
            (EvidencePost("r-1", "c-1", "C1", "1.5"), EvidencePost("r-1", "c-2", "C1", "1.5")),
        ],
    )
    def test_what_was_posted_is_known_with_its_message(self, posted, what, other):
        assert posted.get("staging", what) is None
        posted.put("staging", what, "1.7")
        assert posted.get("staging", what) == "1.7"
        assert posted.get("staging", other) is None
        assert posted.get("prod", what) is None

    def test_what_has_no_message_was_posted_all_the_same(self, posted):
        for what in (RequestAnswer("1.2.3"), DigestFailure("staging-C1-2025-09-16")):
            posted.put("staging", what, "")
            assert posted.get("staging", what) == ""

    def test_the_parts_of_a_thread(self, posted):
        thread = ReportThread("r-1", "C1", "1.5")
        assert list(posted.parts("staging", thread)) == []
        posted.put_parts("staging", thread, ["further 0", "worklog"])
        assert list(posted.parts("staging", thread)) == ["further 0", "worklog"]
        assert list(posted.parts("staging", ReportThread("r-1", "C1", "1.6"))) == []


class TestWorklogs:
    @pytest.fixture
    def worklogs(self, made):
        return made(FakeWorklogs, RedisWorklogs)

    def test_a_decision_asks_for_a_version(self, worklogs):
        assert worklogs.asked("staging", "r-1") == ""
        assert worklogs.version("staging", "r-1") == WorklogVersion("", 0)
        worklogs.ask("staging", "r-1", "t-1")
        worklogs.put_version("staging", "r-1", WorklogVersion("t-1", 7))
        worklogs.ask("staging", "r-1", "t-2")
        assert worklogs.asked("staging", "r-1") == "t-2"
        assert worklogs.version("staging", "r-1") == WorklogVersion("t-1", 7)
        assert worklogs.asked("staging", "r-2") == worklogs.asked("prod", "r-1") == ""

    def test_where_it_stands(self, worklogs):
        copies = [WorklogCopy("C1", "1.5", "F1", "d"), WorklogCopy("C2", "1.5", "", "d")]
        assert list(worklogs.copies("staging", "r-1")) == []
        worklogs.put_copies("staging", "r-1", copies)
        assert list(worklogs.copies("staging", "r-1")) == copies


class TestSyncMemory:
    @pytest.fixture
    def memory(self, made):
        return made(FakeSyncMemory, RedisSyncMemory)

    def test_what_an_issue_was_told(self, memory):
        told = Told(7, 2.0, 3.5, ("svc-2", "svc-1"), ("svc",), edited=5, fix="svc-3", verdict_at=9)
        assert memory.told("staging", "c-1") is None
        memory.put_told("staging", "c-1", told)
        assert memory.told("staging", "c-1") == told
        assert memory.told("prod", "c-1") is None
        memory.forget("staging", "c-1")
        memory.forget("staging", "c-2")
        assert memory.told("staging", "c-1") is None

    def test_no_revision_is_not_the_same_as_no_report(self, memory):
        assert memory.revisions("staging") is None
        memory.put_revisions("staging", {})
        assert memory.revisions("staging") == {}
        memory.put_revisions("staging", {"svc-1": 0, "svc-2": 5})
        assert memory.revisions("staging") == {"svc-1": 0, "svc-2": 5}

    def test_the_turn_goes_on(self, memory):
        assert memory.turn("staging") == 0
        memory.put_turn("staging", 10)
        assert memory.turn("staging") == 10


LINK = IssueLink("c-1", "owner/name", 7, "https://github.com/owner/name/issues/7", "Ü", "U1", 5)


class TestUnlinkedIssues:
    def test_the_last_one_comes_back(self, made):
        unlinked = made(FakeUnlinkedIssues, RedisUnlinkedIssues)
        assert unlinked.get("staging", "c-1") is None
        unlinked.put("staging", LINK)
        assert unlinked.get("staging", "c-1") == LINK
        assert unlinked.get("prod", "c-1") is None


class TestLookUps:
    def test_answers_come_back_as_their_own_kind(self, made):
        look_ups = made(FakeLookUps, lambda client: RedisLookUps(client, "slack"))
        alice = Person("U1", "Alice", guest=False, foreign=False)
        assert look_ups.get(Person, "person U1") is None
        look_ups.put("person U1", alice, 60)
        look_ups.put("groups", {"oncall": "S1"}, 60)
        look_ups.put("group S1", ("U1", "U2"), 60)
        assert look_ups.get(Person, "person U1") == alice
        assert look_ups.get(dict[str, str], "groups") == {"oncall": "S1"}
        assert look_ups.get(tuple[str, ...], "group S1") == ("U1", "U2")
        assert look_ups.get(Person, "groups") is None


class TestComparedCommits:
    def test_an_answer_is_kept_and_so_is_that_there_was_none(self, made):
        compared = made(FakeComparedCommits, RedisComparedCommits)
        pairs = [CommitPair("owner/name", commit, "f") for commit in "abcd"]
        answers = [Compared(True), Compared(False), Compared(None)]
        for pair, answer in zip(pairs, answers, strict=False):
            compared.put("staging", pair, answer, 60)
        assert [compared.get("staging", pair) for pair in pairs] == [*answers, None]
        assert compared.get("prod", pairs[0]) is None


ALICE = Asker("U1", "1.2.3", 5, "C1", "ops", response_url="https://hooks.slack.com/x")
WANTS = [Want(ALICE, "1.5"), Want(Asker("U2", "1.2.4", 6, "C2"), "", quiet=True)]


class TestRuns:
    @pytest.fixture
    def runs(self, made):
        return made(FakeRuns, lambda client: RedisRuns(JobQueue(client)))

    def test_whoever_asks_the_same_joins_and_all_are_answered_once(self, runs):
        asked = [runs.ask("staging", "staging 2d", JobName.ANALYZE, {}, want) for want in WANTS]
        assert asked == [True, False]
        people = {want.who: want for want in WANTS}
        assert runs.waiting("staging", "staging 2d") == people
        assert runs.answer("staging", "staging 2d") == people
        assert runs.waiting("staging", "staging 2d") == {}
        assert runs.answer("staging", "staging 2d") == {}

    def test_a_run_is_cancelled_when_the_last_one_leaves(self, runs):
        for want in WANTS:
            runs.ask("staging", "staging 2d", JobName.ANALYZE, {}, want)
        assert not runs.leave("staging", "staging 2d", WANTS[0].who)
        assert not runs.cancelled("staging", "staging 2d")
        assert runs.leave("staging", "staging 2d", WANTS[1].who)
        assert runs.cancelled("staging", "staging 2d")
        runs.ask("staging", "staging 2d", JobName.ANALYZE, {}, WANTS[0])
        assert not runs.cancelled("staging", "staging 2d")


class TestRunProgress:
    @pytest.fixture
    def progress(self, made):
        return made(FakeRunProgress, RedisRunProgress)

    def test_how_far_it_has_read(self, progress):
        assert progress.reading("staging", "staging 2d") is None
        progress.put_reading("staging", "staging 2d", RunReading(Window(1, 9), 0))
        progress.put_reading("staging", "staging 2d", RunReading(Window(1, 9), 4_000))
        assert progress.reading("staging", "staging 2d") == RunReading(Window(1, 9), 4_000)
        assert progress.reading("staging", "staging 3d") is None

    def test_who_is_still_to_be_answered(self, progress):
        assert progress.unanswered("staging", "staging 2d") is None
        left = Unanswered("r-1", {want.who: want for want in WANTS})
        progress.put_unanswered("staging", "staging 2d", left)
        assert progress.unanswered("staging", "staging 2d") == left
        progress.answered("staging", "staging 2d")
        assert progress.unanswered("staging", "staging 2d") is None
