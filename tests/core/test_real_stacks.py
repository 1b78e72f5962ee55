"""Excerpts of what real frameworks wrote while they were broken on purpose.

FastAPI, Flask, Django, Celery, a job in Python, Express, pino, Koa, Fastify, Nest: a line an entry,
as Cloud Run makes them, and what an engineer on call wants to read of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.core.model.report import Cluster, Report
from bot.core.model.values import Priority
from tests.core.logs import Entry, entry, report, request, shuffled

NOT_STARTED = (
    'Default STARTUP TCP probe failed 1 time consecutively for container "x-1" on port 8080.'
)


def lines(text: str, at: float = 0.0, **more: str) -> list[Entry]:
    """One entry a line, microseconds apart."""
    return [entry(line, None, at + i * 7e-6, **more) for i, line in enumerate(text.split("\n"))]


def died(text: str, at: float = 0.0, code: int = 1) -> list[Entry]:
    """The lines, and what Cloud Run logs after them."""
    end = entry(f"Container called exit({code}).", "WARNING", at + 0.2, log="varlog%2Fsystem")
    probe = entry(NOT_STARTED, "ERROR", at + 0.3, log="varlog%2Fsystem")
    return [*lines(text, at), end, probe]


def served(text: str, path: str, times: int = 3, late: float = 0.06) -> list[Entry]:
    """Failing requests, a second apart, each with the lines `late` seconds after its end."""
    found: list[Entry] = []
    for i in range(times):
        latency = {"latency": "0.020s"}
        found += [request(500, path.format(i), i + 0.0, http=latency)]
        found += lines(text.replace("{0}", str(i)), i + 0.02 + late * (1 if i == 0 else 0.1))
    return found


def roots(found: Report) -> list[Cluster]:
    """The root of each card."""
    symptoms = {name for each in found.incidents for name in each.symptoms}
    return [cluster for cluster in found.clusters if cluster.id not in symptoms]


def only(entries: Sequence[Entry]) -> Cluster:
    """The root of the only card, whatever the order of the entries."""
    first, other = roots(report(entries)), roots(report(shuffled(entries)))
    assert [c.title for c in first] == [c.title for c in other]
    assert len(first) == 1, [c.title for c in first]
    return first[0]


EXPRESS_UNCAUGHT = """/app/index.js:1
if (!process.env.DATABASE_URL) { throw new Error("Missing required variable DATABASE_URL"); }
                                 ^

Error: Missing required environment variable DATABASE_URL
    at Object.<anonymous> (/app/index.js:1:40)
    at Module._compile (node:internal/modules/cjs/loader:1521:14)"""

ZOD = """/app/node_modules/zod/v4/core/parse.cjs:44
            throw e;
            ^

ZodError: [
  {
    "code": "invalid_type",
    "path": [
      "DATABASE_URL"
    ],
    "message": "Invalid input: expected string, received undefined"
  }
]
    at Object.<anonymous> (/app/index.js:19:93)"""

BIND = (
    "ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8080): address"
    " already in use"
)

CELERY = """Usage: celery [OPTIONS] COMMAND [ARGS]...
Try 'celery --help' for help.

Error:
Unable to load celery application.
While trying to load the module tasks the following error occurred:
Traceback (most recent call last):
  File "/usr/lib/python3.11/site-packages/celery/bin/celery.py", line 137, in celery
    app = find_app(app)
  File "/app/tasks.py", line 1, in <module>
    import billing_sdk
ModuleNotFoundError: No module named 'billing_sdk'"""


@pytest.mark.parametrize(
    ("text", "title", "names", "place"),
    [
        (EXPRESS_UNCAUGHT, "Error: Missing required environment variable DATABASE_URL",
         "DATABASE_URL", "index.js"),
        (ZOD, "ZodError: [ { ", "DATABASE_URL", "index.js"),
        ("DATABASE_URL is not set", "DATABASE_URL is not set", "DATABASE_URL", None),
        (CELERY, "While trying to load the module tasks the following error occurred: Mod",
         "billing_sdk", "tasks"),
        (BIND, "[Errno 98] error while attempting to bind", "8080", None),
    ],
)  # fmt: skip
def test_a_start_that_fails_is_one_p0_with_the_cause_as_its_title(
    text: str, title: str, names: str, place: str | None
) -> None:
    found = only(died(text))
    assert found.title.startswith(title)
    assert found.priority is Priority.P0
    assert names in (found.cause or "")
    assert (found.location.module if found.location else None) == place
    assert "entries of the same instance" not in (found.next or "")


def test_a_warning_by_its_own_level_is_no_cause_of_an_end() -> None:
    entries = died("WARNING: the cache was not found\nERROR: Could not open the ledger")
    assert roots(report(entries))[0].title == "ERROR: Could not open the ledger"


DJANGO = """ERROR 2026-05-04 10:00:00,000 log Internal Server Error: /db/
Traceback (most recent call last):
  File "/usr/lib/python3.11/site-packages/django/db/backends/base/base.py", line 279, in ensure
    self.connect()
psycopg.OperationalError: connection failed: connection to server at "10.8.0.3", port 5432 failed: \
Connection refused
\tIs the server running on that host and accepting TCP/IP connections?

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/shop/views.py", line 6, in db
    return HttpResponse(Item.objects.count())
  File "/usr/lib/python3.11/site-packages/django/db/utils.py", line 91, in __exit__
    raise dj_exc_value.with_traceback(traceback) from exc_value
django.db.utils.OperationalError: connection failed: connection to server at "10.8.0.3", port 5432 \
failed: Connection refused
\tIs the server running on that host and accepting TCP/IP connections?"""

KOA = """
  TypeError: Cannot read properties of undefined (reading 'name')
      at /app/index.js:2:80
      at dispatch (/app/node_modules/koa-compose/index.js:42:32)
"""

FLASK = """[2026-05-04 10:00:00,000] ERROR in app: Exception on /cart/{0} [GET]
Traceback (most recent call last):
  File "/usr/lib/python3.11/site-packages/flask/app.py", line 917, in full_dispatch_request
    rv = self.dispatch_request()
  File "/app/main.py", line 6, in total
    def total(cart): return sum(i["price"] for i in cart["items"])
KeyError: 'items'"""

ASGI = """ERROR:    Exception in ASGI application
Traceback (most recent call last):
  File "/app/app/db.py", line 6, in load_orders
    async with engine.connect() as c:
  File "/usr/lib/python3.11/site-packages/asyncpg/connect_utils.py", line 7, in _connect_addr
    return await asyncio.open_connection()
ConnectionRefusedError: [Errno 111] Connect call failed ('10.8.0.3', 5432)"""


HANDLERS: tuple[tuple[str, str, str, Priority, str, str], ...] = (
    (DJANGO, "/db/", "log Internal Server Error: /db/: django.db.utils.OperationalError",
     Priority.P1, "shop.views", "10.8.0.3:5432 is down"),
    (ASGI, "/orders", "Exception in ASGI application: ConnectionRefusedError",
     Priority.P1, "app.db", "10.8.0.3:5432 is down"),
    (KOA, "/user", "TypeError: Cannot read properties of undefined (reading 'name')",
     Priority.P2, "index.js", "name"),
    (FLASK, "/cart/{}", "Exception on /cart/", Priority.P2, "main", ""),
)  # fmt: skip


@pytest.mark.parametrize("case", HANDLERS, ids=lambda case: case[1])
def test_a_handlers_exception_is_one_card_with_its_requests(
    case: tuple[str, str, str, Priority, str, str],
) -> None:
    text, path, title, priority, place, cause = case
    found = only(served(text, path))
    assert found.title.startswith(title)
    assert found.priority is priority
    assert found.location is not None
    assert found.location.module == place
    assert cause in (found.cause or "")
    assert any("3 requests failed with it" in reason for reason in found.reasons)


def test_errors_that_come_at_other_times_than_the_requests_stay_apart() -> None:
    entries = [request(500, "/user", i * 3.0, http={"latency": "0.02s"}) for i in range(4)]
    for i in range(4):
        entries += lines(KOA, i * 3.0 + (0.4, 1.1, 1.9, 2.6)[i])
    assert len(roots(report(entries))) == 2


def test_an_error_of_another_route_is_not_tied_by_its_words() -> None:
    entries = [request(500, "/cart/list", i * 30.0, http={"latency": "0.02s"}) for i in range(3)]
    for i in range(3):
        entries += lines(FLASK.format(f"list-{'ab' * (i + 1)}"), i * 30.0 + (9, 14, 3)[i])
    assert len(roots(report(entries))) == 2


ASYNCIO = """ERROR:asyncio:Task exception was never retrieved
future: <Task finished name='Task-13' coro=<refresh() done> exception=RuntimeError('no price')>
Traceback (most recent call last):
  File "/app/app/main.py", line 30, in refresh
    raise RuntimeError("no price")
RuntimeError: no price"""


def test_asyncios_lost_exception_is_one_card() -> None:
    found = only(lines(ASYNCIO))
    assert found.title == "Task exception was never retrieved: RuntimeError: no price"


PINO_PRETTY = """[10:00:00.000] ERROR (7): request failed
    req: {
      "id": 2,
      "method": "GET"
    }
    err: {
      "type": "TypeError",
      "message": "Cannot read properties of undefined (reading 'length')",
      "stack":
          TypeError: Cannot read properties of undefined (reading 'length')
              at /app/index.js:13:79
              at Layer.handleRequest (/app/node_modules/router/lib/layer.js:152:17)
    }"""


def test_the_fields_below_a_message_are_no_part_of_its_title() -> None:
    found = only(lines(PINO_PRETTY, log="stdout"))
    assert found.title == (
        "request failed: TypeError: Cannot read properties of undefined (reading 'length')"
    )


def job(made: Entry) -> Entry:
    """The entry, as one of a Cloud Run job."""
    labels = {"job_name": "nightly-import", "project_id": "p", "location": "europe-west1"}
    more = {"run.googleapis.com/execution_name": "nightly-import-8kq2f",
            "run.googleapis.com/task_index": "0"}  # fmt: skip
    return {**made, "resource": {"type": "cloud_run_job", "labels": labels}, "labels": more}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("FileNotFoundError: [Errno 2] No such file or directory: '/data/input.csv'",
         "Likely the image, or a volume mounted in it, lacks /data/input.csv."),
        ("ERROR: Could not read gs://acme/in.csv: 403 Forbidden",
         "Likely the service's own account lacks a role or permission there."),
    ],
)  # fmt: skip
def test_a_failed_execution_stands_under_what_ended_it(text: str, cause: str) -> None:
    words = "Execution nightly-import-8kq2f has failed to complete, 0/1 tasks were a success."
    audit = {
        "methodName": "/Jobs.RunJob",
        "resourceName": "namespaces/p/executions/nightly-import-8kq2f",
        "status": {"message": words},
    }
    entries = [
        *map(job, lines(text)),
        job(entry("Container called exit(1).", "WARNING", 0.2, log="varlog%2Fsystem")),
        job(entry(None, "ERROR", 0.6, log="system_event", protoPayload=audit)),
    ]
    found = only(entries)
    assert found.priority is Priority.P1
    assert found.cause == cause


EXPRESS = """Failed to load orders: Error: connect ECONNREFUSED 10.8.0.3:5999
    at /app/node_modules/pg-pool/index.js:45:11
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at async /app/index.js:9:15 {
  errno: -111,
  code: 'ECONNREFUSED'
}"""


def test_a_refused_database_is_known_by_its_clients_frames() -> None:
    found = only(served(EXPRESS, "/orders"))
    assert found.priority is Priority.P1
    assert found.location is not None
    assert (found.location.module, found.location.line) == ("index.js", 9)
    assert "10.8.0.3:5999" in (found.next or "")


HEAP = """
<--- Last few GCs --->

[7:0x11] 1498 ms: Mark-Compact 58.7 (93.3) -> 58.7 (91.5) MB, 181.10 / 0.00 ms allocation failure;

<--- JS stacktrace --->

FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"""


def test_a_heap_that_runs_out_is_named_by_the_fatal_error() -> None:
    end = entry("Container terminated on signal 6.", "WARNING", 0.2, log="varlog%2Fsystem")
    found = only([*lines(HEAP), end])
    assert found.title.startswith("FATAL ERROR: Reached heap limit")
    assert found.priority is Priority.P1
    assert "memory limit" in (found.next or "")


FETCH = """/app/index.js:23
async function refresh() { const r = await fetch("http://rates:5998/rates"); return r.json(); }
                                           ^

TypeError: fetch failed
    at node:internal/deps/undici/undici:13502:13
    at async refresh (/app/index.js:23:44) {
  [cause]: Error: connect ECONNREFUSED 10.8.0.4:5998
      at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16) {
    code: 'ECONNREFUSED'
  }
}"""


def test_a_fetch_that_failed_is_no_mistake_in_the_code() -> None:
    found = only(died(FETCH))
    assert found.title.startswith("TypeError: fetch failed, caused by Error: connect ECONNREFUSED")
    assert "10.8.0.4:5998" in (found.cause or "")


def test_a_syntax_error_in_the_script_itself_has_its_line() -> None:
    text = '  File "/app/job.py", line 8\n    x = = 1\n        ^\nSyntaxError: invalid syntax'
    found = only(died(text))
    assert found.location is not None
    assert (found.location.module, found.location.line) == ("job", 8)
