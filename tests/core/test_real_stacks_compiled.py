"""Excerpts of what real programs in Java, Go, Rust, Ruby and PHP wrote while they were broken.

java.util.logging, log4j2, Go's net/http and its runtime, zap, logrus, Rust's panics, anyhow,
Sinatra, Sidekiq, PHP: a line an entry, as Cloud Run makes them.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.core.model.report import Cluster
from bot.core.model.values import Priority
from tests.core.logs import Entry, entry, report, request, shuffled


def lines(text: str, at: float = 0.0, log: str = "stderr") -> list[Entry]:
    """One entry a line, microseconds apart."""
    return [entry(one, None, at + i * 7e-6, log=log) for i, one in enumerate(text.split("\n"))]


def died(text: str, log: str = "stderr") -> list[Entry]:
    """The lines, and what Cloud Run logs after them."""
    system = "varlog%2Fsystem"
    probe = 'Default STARTUP TCP probe failed 1 time consecutively for container "x-1"'
    return [
        *lines(text, log=log),
        entry("Container called exit(1).", "WARNING", 0.2, log=system),
        entry(probe, "ERROR", 0.3, log=system),
    ]


def only(entries: Sequence[Entry]) -> Cluster:
    """The root of the only card, whatever the order of the entries."""
    first, other = _roots(entries), _roots(shuffled(entries))
    assert [root.title for root in first] == [root.title for root in other]
    assert len(first) == 1, [root.title for root in first]
    return first[0]


def _roots(entries: Sequence[Entry]) -> list[Cluster]:
    found = report(entries)
    symptoms = {name for each in found.incidents for name in each.symptoms}
    return [cluster for cluster in found.clusters if cluster.id not in symptoms]


RUST_PANIC = """thread 'main' (25219) panicked at src/bin/web.rs:19:63:
DATABASE_URL must be set: NotPresent
stack backtrace:
   0: __rustc::rust_begin_unwind
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/panicking.rs:689:5
   1: core::result::unwrap_failed
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/result.rs:1862:5
   2: web::main::{{closure}}
             at ./src/bin/web.rs:19:63
   3: tokio::runtime::park::CachedParkThread::block_on::{{closure}}
             at /usr/local/cargo/registry/src/tokio-1.24.2/src/runtime/park.rs:283:74
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace."""

RUST_PANIC_SHORT = """thread 'main' (7) panicked at src/main.rs:23:74:
index out of bounds: the len is 0 but the index is 0
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"""

ANYHOW = """Error: DATABASE_URL
Caused by:
    environment variable not found"""

ANYHOW_CHAIN = """Error: bind 0.0.0.0:8080
Caused by:
    0: error creating server listener: Address already in use (os error 98)
    1: Address already in use (os error 98)"""

JUL = """Dec 01, 2026 2:56:31 PM com.example.ledger.App main
INFO: Starting ledger
Dec 01, 2026 2:56:33 PM com.example.ledger.App main
SEVERE: Startup failed
java.lang.IllegalStateException: Cannot open the ledger
\tat com.example.ledger.App$Repository.<init>(App.java:11)
\tat com.example.ledger.App.main(App.java:25)
Caused by: org.postgresql.util.PSQLException: Connection to 127.0.0.1:5999 refused. Check that it runs
\tat org.postgresql.core.v3.ConnectionFactoryImpl.openConnectionImpl(ConnectionFactoryImpl.java:342)
\tat org.postgresql.Driver.connect(Driver.java:291)
\tat com.example.ledger.App.connect(App.java:10)
\t... 2 more
Caused by: java.net.ConnectException: Connection refused
\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)
\tat org.postgresql.core.PGStream.createSocket(PGStream.java:243)
\t... 9 more"""

JUL_UNCAUGHT = """Dec 01, 2026 2:56:31 PM com.example.ledger.App main
INFO: Starting ledger
Exception in thread "main" java.net.BindException: Address already in use
\tat java.base/sun.nio.ch.Net.bind0(Native Method)
\tat java.base/sun.nio.ch.Net.bind(Net.java:555)
\tat java.base/sun.nio.ch.ServerSocketChannelImpl.netBind(ServerSocketChannelImpl.java:337)
\tat com.example.ledger.App.main(App.java:32)"""

NO_CLASS = """Exception in thread "main" java.lang.NoClassDefFoundError: com/example/ledger/Tax
\tat com.example.ledger.App.main(App.java:27)
Caused by: java.lang.ClassNotFoundException: com.example.ledger.Tax
\tat java.base/jdk.internal.loader.BuiltinClassLoader.loadClass(BuiltinClassLoader.java:641)
\t... 1 more"""

GO_MEMORY = """2026/12/01 15:11:53 starting shop
runtime: out of memory: cannot allocate 67108864-byte block (876281856 in use)
fatal error: out of memory
goroutine 1 [running]:
runtime.throw({0x881d35?, 0x2000?})
\t/usr/local/go/src/runtime/panic.go:1047 +0x5d fp=0xc000367bc0 sp=0xc000367b90 pc=0x43743d
main.main()
\t/app/main.go:42 +0xc3e fp=0xc000367f80 sp=0xc000367cb0 pc=0x7b82be"""

GO_LOG_FATAL = """2026/12/01 15:11:53 starting shop
2026/12/01 15:11:53 PAYMENT_KEY is not set"""

LOGRUS = """time="2026-12-01T15:11:53Z" level=info msg="starting shop"
time="2026-12-01T15:11:53Z" level=fatal msg="cannot reach database" error="dial tcp 10.0.0.3:5432: \
connect: connection refused\""""

PUMA_LOAD = """Puma starting in single mode...
! Unable to load application: LoadError: cannot load such file -- tax_table
<internal:/usr/lib/ruby/vendor_ruby/rubygems/core_ext/kernel_require.rb>:85:in `require': cannot \
load such file -- tax_table (LoadError)
\tfrom <internal:/usr/lib/ruby/vendor_ruby/rubygems/core_ext/kernel_require.rb>:85:in `require'
\tfrom /srv/shop/app.rb:7:in `<top (required)>'
\tfrom config.ru:1:in `require'"""

SIDEKIQ = """2026-12-01T15:09:22.340Z pid=26 tid=jez INFO: Booting Sidekiq 6.4.1
2026-12-01T15:09:22.358Z pid=26 tid=jez WARN: Redis::CannotConnectError: Error connecting to Redis \
on 127.0.0.1:5998 (Errno::ECONNREFUSED)
2026-12-01T15:09:22.358Z pid=26 tid=jez WARN: /usr/share/gems/redis/client.rb:398:in `rescue in x'
/usr/share/gems/redis/client.rb:379:in `establish_connection'
/usr/share/gems/redis/client.rb:115:in `block in connect'
/usr/bin/sidekiq:25:in `load'
/usr/bin/sidekiq:25:in `<main>'"""

PHP_JOB = """PHP Fatal error:  Uncaught Error: Class "App\\Tax\\TaxTable" not found in /app/job.php:2
Stack trace:
#0 {main}
  thrown in /app/job.php on line 2"""

RUST_MEMORY = """memory allocation of 64000000 bytes failed
stack backtrace:
   0: std::alloc::rust_oom
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/alloc.rs:424:5
   1: job::main
             at ./src/bin/job.rs:10:40"""

PHP_DATABASE = """[01-Dec-2026 15:09:27 UTC] PHP Fatal error:  Uncaught PDOException: SQLSTATE[08006] [7] \
connection to server at "10.0.0.3", port 5432 failed: Connection refused
\tIs the server running on that host and accepting TCP/IP connections? in /app/index.php:10
Stack trace:
#0 /app/index.php(10): PDO->__construct()
#1 {main}
  thrown in /app/index.php on line 10
[Tue Dec  1 15:09:27 2026] 127.0.0.1:55308 Closing
[Tue Dec  1 15:09:27 2026] 127.0.0.1:55310 Accepted"""

SPRING_BEAN = """Exception in thread "main" org.springframework.beans.factory.BeanCreationException: Error \
creating bean with name 'ledger' defined in com.example.Shop: nested exception is X
\tat org.springframework.beans.factory.support.ConstructorResolver.x(ConstructorResolver.java:600)
\tat com.example.Shop.main(Shop.java:16)
Caused by: org.postgresql.util.PSQLException: Connection to 10.0.0.3:5432 refused. Check that it runs
\tat org.postgresql.Driver.connect(Driver.java:291)
\tat com.example.Ledger.connect(Ledger.java:10)
Caused by: java.net.ConnectException: Connection refused
\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)"""

DIED = [
    (RUST_PANIC, r"panicked at src/bin/web.rs:19:63: DATABASE_URL must be set", "DATABASE_URL",
     "src/bin/web.rs", 19),
    (RUST_PANIC_SHORT, "panicked at src/main.rs:23:74: index out of bounds: the len is 0", None,
     "src/main.rs", 23),
    (ANYHOW, "Error: DATABASE_URL: environment variable not found", "DATABASE_URL", None, None),
    (ANYHOW_CHAIN, "Error: bind 0.0.0.0:8080: error creating server listener: Address already",
     "port 8080", None, None),
    (JUL, "Startup failed: java.lang.IllegalStateException: Cannot open the ledger, caused by",
     "127.0.0.1:5999", "com.example.ledger.App", 10),
    (JUL_UNCAUGHT, 'Exception in thread "main" java.net.BindException: Address already in use',
     None, "com.example.ledger.App", 32),
    (NO_CLASS, 'Exception in thread "main" java.lang.NoClassDefFoundError: com/example/ledger/Tax',
     "lacks com.example.ledger.Tax, or", "com.example.ledger.App", 27),
    (GO_MEMORY, "runtime: out of memory: cannot allocate", "leak", "main.go", 42),
    (GO_LOG_FATAL, "PAYMENT_KEY is not set", "PAYMENT_KEY", None, None),
    (LOGRUS, "cannot reach database: dial tcp <ip>", None, None, None),
    (SIDEKIQ, "Redis::CannotConnectError: Error connecting to Redis on 127.0.0.1:5998",
     "127.0.0.1:5998", None, None),
    (RUST_MEMORY, "memory allocation of 64000000 bytes failed", "leak", "src/bin/job.rs", 10),
    (PHP_DATABASE, "Uncaught PDOException: SQLSTATE[08006] [7] connection to server", "10.0.0.3",
     "index.php", 10),
    (SPRING_BEAN, 'Exception in thread "main" org.springframework.beans.factory.BeanCreationExc',
     "10.0.0.3:5432 is down", "com.example.Ledger", 10),
    (PHP_JOB, 'Uncaught Error: Class "App\\Tax\\TaxTable" not found', "App\\Tax\\TaxTable",
     "job.php", 2),
]  # fmt: skip


@pytest.mark.parametrize(("text", "title", "cause", "module", "line"), DIED)
def test_what_ended_a_process_is_one_card_with_its_own_line(
    text: str, title: str, cause: str | None, module: str | None, line: int | None
) -> None:
    root = only(died(text, "stdout" if text is SIDEKIQ else "stderr"))
    assert root.priority is Priority.P0
    assert root.title.startswith(title.partition("<")[0])
    assert (cause or "") in (root.cause or "")
    where = root.location
    assert (where.module if where else None) == module
    assert (where.line if where else None) == line


def test_a_number_of_a_frame_is_no_port() -> None:
    assert ":555" not in f"{only(died(JUL_UNCAUGHT)).cause}"


def test_a_load_error_of_ruby_names_the_file_that_asked_for_it() -> None:
    root = only(died(PUMA_LOAD))
    assert "cannot load such file -- tax_table" in root.title
    assert "tax_table" in (root.cause or "")


GO_SERVING = """2026/12/01 15:11:22 http: panic serving 127.0.0.1:43904: runtime error: invalid memory
goroutine 36 [running]:
net/http.(*conn).serve.func1()
\t/usr/local/go/src/net/http/server.go:1850 +0xbf
panic({0x80b980, 0xb9e940})
\t/usr/local/go/src/runtime/panic.go:890 +0x262
main.total(...)
\t/app/main.go:23
created by net/http.(*Server).Serve
\t/usr/local/go/src/net/http/server.go:3102 +0x4db"""

SINATRA = """2026-12-01 15:08:51 - NoMethodError - undefined method `strip' for nil:NilClass
def price(cart) = cart["total"].strip
                               ^^^^^^:
\t/srv/shop/app.rb:12:in `price'
\t/srv/shop/app.rb:14:in `block in <main>'
\t/usr/lib/ruby/vendor_ruby/sinatra/base.rb:1706:in `call'"""

ZAP = {
    "level": "error",
    "caller": "shop/main.go:12",
    "msg": "request failed",
    "error": "query orders: unexpected state",
    "stacktrace": "main.zp.Error\n\t/app/main.go:12\nmain.main.func4\n\t/app/main.go:66",
}


LOG4J = """14:58:20.639 [pool-2-thread-3] WARN  com.example.App - Rejected request /orders
com.example.App$BadRequest: Malformed JSON: unexpected end of input at line 1 column 24
\tat com.example.App.lambda$main$6(App.java:35)
\tat jdk.httpserver/com.sun.net.httpserver.Filter$Chain.doFilter(Filter.java:95)"""


def test_an_exception_of_any_class_belongs_to_the_message_before_it() -> None:
    root = only(lines(LOG4J))
    assert root.title.startswith("Rejected request /orders com.example.App$BadRequest: Malformed")
    assert root.location is not None
    assert root.location.line == 35


def test_a_server_that_goes_on_gives_no_cause_for_a_failure_before_it() -> None:
    assert "55308" not in f"{only(died(PHP_DATABASE)).cause}"


def test_a_panic_that_net_http_recovers_is_one_card() -> None:
    root = only(lines(GO_SERVING))
    assert root.title.startswith("http: panic serving")
    assert root.location is not None
    assert root.location.line == 23


def test_the_title_of_an_exception_in_sinatra_is_its_class_and_message() -> None:
    root = only(lines(SINATRA))
    assert root.title == "NoMethodError: undefined method `strip' for nil:NilClass"
    assert root.location is not None
    assert root.location.line == 12


def test_a_function_called_error_is_no_exception() -> None:
    root = only([entry(jsonPayload=ZAP)])
    assert root.title == "request failed: query orders: unexpected state"


def test_panics_of_a_rust_server_keep_their_words_however_many_frames_follow() -> None:
    panic = RUST_PANIC.replace("main' (", "tokio-runtime-worker' (")
    frames = "\n".join(f"  {i}: tokio::runtime::x\n             at /rustc/5/a.rs:{i}:1"
                       for i in range(10, 60))  # fmt: skip
    found = [one for at in (0, 2, 4) for one in lines(f"{panic}\n{frames}", at)]
    root = only(found)
    assert root.title.endswith("DATABASE_URL must be set: NotPresent")
    assert root.occurrences == 3


@pytest.mark.parametrize("status", [400, 422])
def test_a_warning_beside_refused_requests_is_one_card_of_a_callers_mistake(status: int) -> None:
    found: list[Entry] = [request(200, "/", 50.0), request(200, "/", -50.0)]
    for at in (0.0, 9.0, 18.0):
        found += [request(status, "/orders", at, method="POST")]
        found += [entry("order is refused: no amount", "WARNING", at + 0.01)]
    root = only(found)
    assert root.title == "order is refused: no amount"
    assert root.priority >= Priority.P5


def test_a_warning_beside_requests_that_fail_is_not_their_cause() -> None:
    found = [request(500, "/orders", at) for at in (0.0, 9.0, 18.0)]
    found += [entry("slow lookup of an order", "WARNING", at + 0.01) for at in (0.0, 9.0, 18.0)]
    assert len(report(found).incidents) == 0
