"""What is stored stays readable: names and shapes as the first version wrote them."""

from __future__ import annotations

import hashlib
import json
import logging

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
from bot.core.model.values import Window
from bot.core.ports import CommitPair, Compared
from bot.job_names import JobName
from bot.runs import RunReading, Unanswered, Want

pytestmark = pytest.mark.redis

ENV = "staging"
DAY = 86_400
PAIR = CommitPair("owner/name", "abc", "def")
WANT = Want(Asker("U1", "1.2.3", 5, "C1"), "1.5")
ASKER = {
    "user": "U1", "request": "1.2.3", "at": 5, "channel": "C1", "channel_name": "", "thread": "",
    "response_url": "", "message": "", "ephemeral": False,
}  # fmt: skip
LINK = IssueLink("c-1", "owner/name", 7, "https://github.com/owner/name/issues/7", "T", "U1", 5)
LINK_TEXT = (
    '{"cluster":"c-1","repository":"owner/name","number":7,'
    '"url":"https://github.com/owner/name/issues/7","title":"T","by":"U1","at":5,'
    '"state":"open","labels":[],"locked":false,"changed":false}'
)
PLACES = (ShownMessage("report", "C1", "1.5"), ShownMessage("further", "C1", "1.6", 2))
SHOWN = ShownReport("staging 2d", "r-0", PLACES)
ALERT = BreakAlert("c-1", 5, "variant", "beef")
POST = EvidencePost("r-1", "c-1", "C1", "1.5")
THREAD = ReportThread("r-1", "C1", "1.5")
COPY = WorklogCopy("C1", "1.5", "F1", "d1")
TOLD = Told(7, 2.0, 3.5, ("svc-1",), ("svc",), 5, "svc-3", 6, 7, 8)
TOLD_DATA = {
    "number": 7, "per_day": 2.0, "usual": 3.5, "revisions": ["svc-1"], "services": ["svc"],
    "edited": 5, "fix": "svc-3", "fix_seen": 6, "closed_at": 7, "verdict_at": 8,
}  # fmt: skip
ALICE = Person("U1", "Alice", guest=False, foreign=False)
SLACK = lambda client: RedisLookUps(client, "slack")  # noqa: E731

# (store, environment, name, data, seconds, method that writes, its arguments, method that reads,
#  its arguments, value, the value where nothing is stored)
STORED = [
    (RedisShownReports, ENV, "report:r-1",
     {"typed": "staging 2d", "previous": "r-0",
      "places": [["report", "C1", "1.5", 0], ["further", "C1", "1.6", 2]]}, 90 * DAY,
     "put", (ENV, "r-1", SHOWN), "get", (ENV, "r-1"), SHOWN, ShownReport()),
    (RedisShownReports, ENV, "message:C1:1.5", "r-1", 90 * DAY,
     "add", (ENV, "r-1", PLACES[0]), "key_of", (ENV, "C1", "1.5"), "r-1", ""),
    (RedisShownReports, ENV, "fixes:r-1", {"c-1": ["svc-2", 2.5]}, 90 * DAY,
     "put_fixes", (ENV, "r-1", {"c-1": Fix("svc-2", 2.5)}),
     "fixes", (ENV, "r-1"), {"c-1": Fix("svc-2", 2.5)}, {}),
    (RedisConversationMemory, ENV, "spoken-of:C1", "r-1", 90 * DAY,
     "saw", (ENV, "C1", "r-1"), "report", (ENV, "C1"), "r-1", ""),
    (RedisConversationMemory, "", "channel:C1", "staging", 30 * DAY,
     "asked", ("C1", "staging"), "environment", ("C1",), "staging", ""),
    (RedisPosted, ENV, "posted:1.2.3", "1.5", 3_600,
     "put", (ENV, RequestAnswer("1.2.3"), "1.5"), "get", (ENV, RequestAnswer("1.2.3")),
     "1.5", None),
    (RedisPosted, ENV, "digest:o", "1.5", 3 * DAY,
     "put", (ENV, DigestPost("o"), "1.5"), "get", (ENV, DigestPost("o")), "1.5", None),
    (RedisPosted, ENV, "failed:o", 1, 3 * DAY,
     "put", (ENV, DigestFailure("o"), ""), "get", (ENV, DigestFailure("o")), "", None),
    (RedisPosted, ENV, "broke:c-1:5:variant:beef", "1.5", 7 * DAY,
     "put", (ENV, ALERT, "1.5"), "get", (ENV, ALERT), "1.5", None),
    (RedisPosted, ENV, "evidence:r-1:c-1:C1:1.5", "1.7", 90 * DAY,
     "put", (ENV, POST, "1.7"), "get", (ENV, POST), "1.7", None),
    (RedisPosted, ENV, "in-thread:r-1:C1:1.5", ["further 0", "worklog"], 90 * DAY,
     "put_parts", (ENV, THREAD, ["further 0", "worklog"]),
     "parts", (ENV, THREAD), ("further 0", "worklog"), ()),
    (RedisWorklogs, ENV, "decided:r-1", "t-1", 90 * DAY,
     "ask", (ENV, "r-1", "t-1"), "asked", (ENV, "r-1"), "t-1", ""),
    (RedisWorklogs, ENV, "written:r-1", ["t-1", 7], 90 * DAY,
     "put_version", (ENV, "r-1", WorklogVersion("t-1", 7)),
     "version", (ENV, "r-1"), WorklogVersion("t-1", 7), WorklogVersion()),
    (RedisWorklogs, ENV, "worklogs:r-1", [["C1", "1.5", "F1", "d1"]], 90 * DAY,
     "put_copies", (ENV, "r-1", [COPY]), "copies", (ENV, "r-1"), (COPY,), ()),
    (RedisSyncMemory, ENV, "told:c-1", TOLD_DATA, 400 * DAY,
     "put_told", (ENV, "c-1", TOLD), "told", (ENV, "c-1"), TOLD, None),
    (RedisSyncMemory, ENV, "revisions", {"svc-1": 0, "svc-2": 5}, 400 * DAY,
     "put_revisions", (ENV, {"svc-1": 0, "svc-2": 5}),
     "revisions", (ENV,), {"svc-1": 0, "svc-2": 5}, None),
    (RedisSyncMemory, ENV, "github-turn", 10, 400 * DAY,
     "put_turn", (ENV, 10), "turn", (ENV,), 10, 0),
    (RedisUnlinkedIssues, ENV, "unlinked:c-1", LINK_TEXT, 90 * DAY,
     "put", (ENV, LINK), "get", (ENV, "c-1"), LINK, None),
    (RedisComparedCommits, ENV, "contains:owner/name:abc:def", True, 60,
     "put", (ENV, PAIR, Compared(True), 60), "get", (ENV, PAIR), Compared(True), None),
    (RedisComparedCommits, ENV, "contains:owner/name:abc:def", "?", 60,
     "put", (ENV, PAIR, Compared(None), 60), "get", (ENV, PAIR), Compared(None), None),
    (SLACK, "", "slack person U1",
     {"id": "U1", "name": "Alice", "guest": False, "foreign": False}, 60,
     "put", ("person U1", ALICE, 60), "get", (Person, "person U1"), ALICE, None),
    (RedisRunProgress, ENV, "reading:staging 2d", [1, 9, 40], 3_600,
     "put_reading", (ENV, "staging 2d", RunReading(Window(1, 9), 40)),
     "reading", (ENV, "staging 2d"), RunReading(Window(1, 9), 40), None),
    (RedisRunProgress, ENV, "telling:staging 2d",
     {"key": "r-1", "people": {"C1/U1/1.5": {"asker": ASKER, "ts": "1.5", "quiet": False}}}, 3_600,
     "put_unanswered", (ENV, "staging 2d", Unanswered("r-1", {WANT.who: WANT})),
     "unanswered", (ENV, "staging 2d"), Unanswered("r-1", {WANT.who: WANT}), None),
]  # fmt: skip
FIELDS = [
    "make",
    "environment",
    "name",
    "data",
    "seconds",
    "write",
    "given",
    "read",
    "asked",
    "value",
    "absent",
]


def key(client, environment, name):
    """Where the first version kept it."""
    return client.key(environment, "note", hashlib.sha256(name.encode()).hexdigest()[:32])


@pytest.fixture(params=STORED, ids=[each[2] for each in STORED])
def stored(request):
    return dict(zip(FIELDS, request.param, strict=True))


def test_what_the_first_version_wrote_is_read(redis_client, stored):
    name = key(redis_client, stored["environment"], stored["name"])
    redis_client.set(name, json.dumps(stored["data"]))
    store = stored["make"](redis_client)
    assert getattr(store, stored["read"])(*stored["asked"]) == stored["value"]


def _holds(written, wanted):
    """Whether all that was wanted is there; a version ignores the fields of later ones."""
    if isinstance(wanted, dict):
        return all(name in written and _holds(written[name], wanted[name]) for name in wanted)
    if isinstance(wanted, str) and wanted.startswith("{"):  # JSON within JSON
        return _holds(json.loads(written), json.loads(wanted))
    return written == wanted


def test_it_is_written_as_the_first_version_did(redis_client, stored):
    """So that a version that is rolled back still finds it."""
    getattr(stored["make"](redis_client), stored["write"])(*stored["given"])
    name = key(redis_client, stored["environment"], stored["name"])
    assert _holds(json.loads(redis_client.get(name)), stored["data"])
    assert stored["seconds"] - 10 < redis_client.ttl(name) <= stored["seconds"]


@pytest.mark.parametrize("odd", [b"\xff no JSON", b'{"number": []}', b"[[1, 2], 3]", b"-0.5"])
def test_what_cannot_be_read_counts_as_absent(redis_client, stored, odd, caplog):
    if stored["name"].startswith("report:") and odd.startswith(b"{"):
        odd = b'{"places": [["report"]]}'  # any other object is read as far as it is understood
    redis_client.set(key(redis_client, stored["environment"], stored["name"]), odd)
    store = stored["make"](redis_client)
    with caplog.at_level(logging.WARNING):
        assert getattr(store, stored["read"])(*stored["asked"]) == stored["absent"]
    assert "absent" in caplog.text


def test_the_newest_reports_are_those_of_the_version_before(redis_client):
    redis_client.set(key(redis_client, ENV, "reports"), '["r-2", "r-1"]')
    redis_client.set(key(redis_client, ENV, "latest"), '"r-1"')
    recent = RedisRecentReports(redis_client)
    assert recent.latest(ENV) == "r-1"
    recent.add(ENV, "r-3", latest=False)
    assert list(recent.newest(ENV)) == ["r-3", "r-2", "r-1"]


def test_null_is_how_the_first_version_took_something_back(redis_client, caplog):
    redis_client.set(key(redis_client, ENV, "telling:staging 2d"), "null")
    assert RedisRunProgress(redis_client).unanswered(ENV, "staging 2d") is None
    assert not caplog.text


def test_one_who_cannot_be_read_keeps_nobody_else_from_an_answer(redis_client, caplog):
    queue = JobQueue(redis_client)
    runs = RedisRuns(queue)
    runs.ask(ENV, "staging 2d", JobName.ANALYZE, {}, WANT)
    queue.ask(ENV, "staging 2d", "analyze", {}, who="C9/U9/", want={"of": "another version"})
    assert runs.answer(ENV, "staging 2d") == {WANT.who: WANT}
    assert "not answered" in caplog.text
