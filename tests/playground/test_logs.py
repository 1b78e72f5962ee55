from __future__ import annotations

import grpc
import pytest
from google.api_core import exceptions
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.services.logging_service_v2.transports import (
    LoggingServiceV2GrpcTransport,
)
from google.cloud.logging_v2.types import ListLogEntriesRequest

from playground.logging.entry import nanoseconds, rfc3339
from playground.logging.server import ListFault, LogServer

PROJECT = ["projects/p"]


def client(server: LogServer, *, limit: int = -1) -> LoggingServiceV2Client:
    channel = grpc.insecure_channel(
        server.endpoint.removeprefix("grpc://"),
        options=[("grpc.max_receive_message_length", limit)],
    )
    return LoggingServiceV2Client(transport=LoggingServiceV2GrpcTransport(channel=channel))


def page(server, *, limit=-1, timeout=40, names=PROJECT, **request):
    """One answer, without the client's own retries."""
    asked = ListLogEntriesRequest(resource_names=names, **request)
    pager = client(server, limit=limit).list_log_entries(asked, retry=None, timeout=timeout)
    return next(iter(pager.pages))


def read(server, **request):
    entries, token = [], ""
    while True:
        answer = page(server, page_token=token, **request)
        entries.extend(answer.entries)
        token = answer.next_page_token
        if not token:
            return entries


def entry(number, severity=None, text="hello", **more):
    built = {
        "insertId": f"id-{number:04d}",
        "logName": "projects/p/logs/run.googleapis.com%2Fstderr",
        "timestamp": f"2025-09-16T00:00:{number % 60:02d}.5Z",
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": "api"}},
        "textPayload": text,
    } | more
    return built | ({"severity": severity} if severity else {})


def ids(entries):
    return [item.insert_id for item in entries]


@pytest.fixture
def server():
    with LogServer(quota_per_minute=None) as running:
        yield running


def test_the_entries_of_a_service_come_back_whole_and_in_order_over_pages(cloud_run):
    entries = cloud_run
    with LogServer(entries) as server:
        pager = client(server).list_log_entries(
            request={"resource_names": ["projects/netra-staging"], "page_size": 100}
        )
        pages = list(pager.pages)
    assert [len(each.entries) for each in pages] == [100] * (len(entries) // 100) + [
        len(entries) % 100
    ]
    back = [item for each in pages for item in each.entries]
    wanted = sorted(entries, key=lambda item: (nanoseconds(item["timestamp"]), item["insertId"]))
    assert ids(back) == [item["insertId"] for item in wanted]
    for got, sent in zip(back, wanted, strict=True):
        raw = type(got).pb(got)
        assert raw.text_payload == sent.get("textPayload", "")
        assert raw.severity == {"INFO": 200, "NOTICE": 300, "WARNING": 400, "ERROR": 500}.get(
            sent.get("severity"), 0
        )
        assert raw.receive_timestamp.ToNanoseconds() == nanoseconds(sent["receiveTimestamp"])
        assert dict(raw.labels) == sent.get("labels", {})
        assert ("jsonPayload" in sent) == raw.HasField("json_payload")
        assert ("httpRequest" in sent) == raw.HasField("http_request")
        if "protoPayload" in sent:
            assert raw.proto_payload.TypeName() == "google.cloud.audit.AuditLog"
        if "errorGroups" in sent:  # no such field in the installed proto; it is on the wire
            assert sent["errorGroups"][0]["id"].encode() in raw.SerializeToString()


def test_a_page_holds_fifty_entries_by_default_and_a_thousand_at_most(server):
    server.add(entry(n) for n in range(120))
    assert len(page(server).entries) == 50
    assert len(page(server, page_size=1000).entries) == 120
    for size in (1001, -1):
        with pytest.raises(exceptions.InvalidArgument, match="page_size"):
            page(server, page_size=size)


def test_order_is_by_time_and_then_insert_id_either_way(server):
    server.add([entry(2), entry(1), entry(61), entry(3)])  # 61 has the second of 1
    assert ids(read(server)) == ["id-0001", "id-0061", "id-0002", "id-0003"]
    got = read(server, order_by="timestamp desc", page_size=1)
    assert ids(got) == ["id-0003", "id-0002", "id-0001", "id-0061"]
    with pytest.raises(exceptions.InvalidArgument, match="order_by"):
        page(server, order_by="severity")


def test_a_token_is_bound_to_its_request_and_lives_a_day():
    now = [1_757_980_800.0]
    with LogServer([entry(n) for n in range(9)], clock=lambda: now[0]) as server:
        token = page(server, page_size=4, filter="severity=DEFAULT").next_page_token
        again = {"page_size": 4, "page_token": token}
        with pytest.raises(exceptions.InvalidArgument, match="doesn't match arguments"):
            page(server, filter="severity>=DEFAULT", **again)
        with pytest.raises(exceptions.InvalidArgument, match="page_token"):
            page(server, page_token="nonsense")
        now[0] += 24 * 3600 + 1
        with pytest.raises(exceptions.InvalidArgument, match="expired"):
            page(server, filter="severity=DEFAULT", **again)


def test_entries_that_arrive_while_paging_neither_repeat_nor_hide_others(server):
    server.add(entry(n) for n in range(10, 20))
    first = page(server, page_size=5)
    server.add([entry(5), entry(30)])
    rest = page(server, page_size=50, page_token=first.next_page_token)
    assert ids(first.entries) + ids(rest.entries) == [f"id-{n:04d}" for n in [*range(10, 20), 30]]


SAMPLES = [
    entry(1, "ERROR", "Boom: the pool is empty"),
    entry(2, "WARNING", "slow"),
    entry(3, None, "GET /health"),
    entry(
        4,
        "INFO",
        "",
        logName="projects/p/logs/run.googleapis.com%2Frequests",
        httpRequest={"status": 503, "requestUrl": "https://x/health", "latency": "0.1s"},
    ),
    entry(
        5,
        "ERROR",
        "",
        jsonPayload={
            "message": "Failed",
            "a": {"b": 7, "ok": True},
            "list": [{"n": "x"}, {"n": "y"}],
        },
    ),
    entry(
        6,
        "CRITICAL",
        "",
        labels={"instanceId": "i1", "run.googleapis.com/x": "v"},
        resource={
            "type": "cloud_run_revision",
            "labels": {"service_name": "auth", "revision_name": "auth-00001-abc"},
        },
    ),
]
for sample in SAMPLES[3:5]:
    sample.pop("textPayload")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", [1, 2, 3, 4, 5, 6]),
        ("severity>=WARNING", [1, 2, 5, 6]),
        ("severity>=warning OR severity=DEFAULT", [1, 2, 3, 5, 6]),
        ('severity = "ERROR"', [1, 5]),
        ("severity=(INFO OR CRITICAL)", [4, 6]),
        ("severity!=DEFAULT severity<ERROR", [2, 4]),
        ('resource.type="cloud_run_revision"\nresource.labels.service_name="auth"', [6]),
        ('resource.labels.service_name=("api" OR "auth") severity>ERROR', [6]),
        # OR binds tighter than AND: (service auth OR severity ERROR) AND text Boom
        ('resource.labels.service_name="auth" OR severity=ERROR AND textPayload:"boom"', [1]),
        ('textPayload:"POOL"', [1]),
        ('textPayload="slow"', [2]),
        ('textPayload=~"^Boom.*empty$"', [1]),
        ('textPayload=~"boom"', []),
        ('NOT textPayload:"slow" severity>=WARNING', [1, 5, 6]),
        ("-severity=ERROR severity>=WARNING", [2, 6]),
        ('log_id("run.googleapis.com/requests")', [4]),
        ('NOT log_id("run.googleapis.com/requests") severity=INFO', []),
        ('logName="projects/p/logs/run.googleapis.com%2Frequests"', [4]),
        ("httpRequest.status>=500", [4]),
        ("httpRequest.status=503 OR jsonPayload.a.b=7", [4, 5]),
        ("jsonPayload.a.b>6.5", [5]),
        ("jsonPayload.a.ok=true", [5]),
        ("jsonPayload.list.n=y", [5]),
        ("jsonPayload.nothing=1", []),
        ("NOT jsonPayload.nothing=1", [1, 2, 3, 4, 5, 6]),
        ("jsonPayload:*", [5]),
        ('jsonPayload:"fail"', [5]),
        ('labels."run.googleapis.com/x"="v"', [6]),
        ("labels.instanceId:*", [6]),
        ('insertId="id-0003"', [3]),
        ('timestamp>="2025-09-16T00:00:04.5Z" timestamp<"2025-09-16T00:00:06.500000000Z"', [4, 5]),
        ('timestamp>"2025-09-16T02:00:05.499999999+02:00"', [5, 6]),
        ('"pool"', [1]),
        ("slow OR failed", [2, 5]),
        ("(severity=ERROR AND (textPayload:boom)) OR (severity=INFO)", [1, 4]),
        ("severity=ERROR -- only these\ntextPayload:boom", [1]),
        ("sample(insertId, 1)", [1, 2, 3, 4, 5, 6]),
        ("sample(insertId, 0)", []),
        ('SEARCH("pool empty")', [1]),
    ],
)
def test_filters_mean_what_google_says(server, text, wanted):
    server.add(SAMPLES)
    assert ids(read(server, filter=text)) == [f"id-{n:04d}" for n in wanted]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("severity>=", "syntax error at line 1, column 11"),
        ("severity>=ERROR\n  AND )", r"line 2, column 7, token '\)'"),
        ("timestamp>=2025-09-16T00:00:00Z", "syntax error at line 1, column 25, token ':'"),
        ('textPayload:"open', "syntax error"),
        ("(severity=ERROR", "syntax error"),
        ("severity=LOUD", "invalid severity"),
        ('timestamp>"yesterday"', "invalid timestamp"),
        ("textPayload=~boom", "regular expressions must begin and end with"),
        ('textPayload=~"("', "invalid regular expression"),
        ('textPayload=~"(?=x)"', "lookaround"),
        ("thud=1", "Field not found: 'thud'"),
        ("textPayload.thud=1", "Field not found"),
        ("httpRequest.colour=1", "Field not found"),
        ('frobnicate("x")', "unknown function"),
        ("sample(insertId, 2)", "not in"),
        ("sample(insertId)", "syntax error"),
        ("(" * 5000, "nested too deeply|syntax error"),
        ("a" * 20_001, "too long"),
    ],
)
def test_a_bad_filter_is_an_invalid_argument(server, text, complaint):
    with pytest.raises(exceptions.InvalidArgument, match=complaint):
        page(server, filter=text)


@pytest.mark.parametrize("names", [[], ["p"], ["projects/"], ["projects/p"] * 101])
def test_resource_names_are_checked(server, names):
    with pytest.raises(exceptions.InvalidArgument):
        page(server, names=names)


def test_only_the_named_projects_are_read_and_denied_ones_refused(server):
    server.add([entry(1), entry(2, logName="projects/q/logs/x")])
    assert ids(page(server).entries) == ["id-0001"]
    assert ids(page(server, names=["projects/p", "projects/q"]).entries) == ["id-0001", "id-0002"]
    server.denied.add("q")
    with pytest.raises(exceptions.PermissionDenied, match=r"logging\.logEntries\.list"):
        page(server, names=["projects/q"])


def test_sixty_calls_a_minute_a_project():
    now = [1000.0]
    with LogServer([entry(1)], clock=lambda: now[0]) as server:
        for _ in range(60):
            page(server)
        with pytest.raises(exceptions.ResourceExhausted, match="Read requests per minute"):
            page(server)
        assert page(server, names=["projects/other"]).next_page_token == ""
        now[0] += 60
        page(server)
        assert [call.status for call in server.calls].count("RESOURCE_EXHAUSTED") == 1


def test_faults_come_in_order_and_are_recorded(server):
    server.add(entry(n) for n in range(3))
    server.fail("UNAVAILABLE", times=2)
    server.fail("ABORTED")
    server.inject(ListFault("empty_page"))
    for wanted in (
        exceptions.ServiceUnavailable,
        exceptions.ServiceUnavailable,
        exceptions.Aborted,
    ):
        with pytest.raises(wanted):
            page(server)
    empty = page(server)
    assert not empty.entries
    assert empty.next_page_token
    assert len(page(server, page_token=empty.next_page_token).entries) == 3
    assert [call.status for call in server.calls] == ["UNAVAILABLE"] * 2 + ["ABORTED", "OK", "OK"]


def test_a_big_answer_needs_a_channel_without_the_usual_limit(server):
    server.add([entry(1)])
    server.inject(*[ListFault("big", size=5 << 20)] * 2)
    with pytest.raises(exceptions.ResourceExhausted, match="larger than max"):
        page(server, limit=4 << 20)
    assert ids(page(server).entries) == ["id-0001"]


def test_a_delayed_answer_ends_with_the_server(server):
    server.inject(ListFault("delay", seconds=30))
    with pytest.raises(exceptions.DeadlineExceeded):
        page(server, timeout=0.2)


def test_what_lacks_an_id_or_a_time_is_given_one(server):
    server.add([{"textPayload": "bare", "resource": {"labels": {"project_id": "p"}}}] * 2)
    got = read(server)
    assert len(set(ids(got))) == 2
    assert all(type(item).pb(item).timestamp.seconds > 1_700_000_000 for item in got)


def test_an_unknown_proto_payload_arrives_as_a_struct(server):
    sent = entry(1, protoPayload={"@type": "type.googleapis.com/x.Y", "a": 1})
    del sent["textPayload"]
    server.add([sent])
    assert type(got := read(server)[0]).pb(got).proto_payload.TypeName().endswith("Struct")


def test_times_keep_their_nanoseconds():
    assert nanoseconds("2025-09-16T00:00:00.123456789Z") % 10**9 == 123456789
    for text in (
        "2025-09-16T00:00:00Z",
        "2025-09-16T00:00:00.100Z",
        "2025-09-16T00:00:00.000000001Z",
    ):
        assert rfc3339(nanoseconds(text)) == text
