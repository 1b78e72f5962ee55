"""The table of level headers: what each family of logging libraries writes before a message.

A row is tried only on lines that begin with one of its first characters and hold its substring.
The first row that matches counts, so narrow rows stand above wide ones. Patterns see digits as
they are or as zeros, so no row may depend on which digit it meets.
"""

from __future__ import annotations

import re

from bot.core.text.level_form import (
    ANY,
    CAPITALS,
    CLOCK,
    DATE,
    DAYS,
    DOTTED,
    LETTERS,
    LEVEL,
    LOWER,
    MONTH,
    MONTHS,
    PAIR,
    THREAD,
    WHEN,
    HeaderForm,
)
from bot.core.text.level_forms_narrow import NARROW

FORMS: tuple[HeaderForm, ...] = (
    *NARROW,
    HeaderForm(
        "bracketed level",
        re.compile(
            rf"(?:\[?{WHEN}\]?[ :\-|]{{1,4}})?(?:\d{{1,10}} )?(?:{PAIR}){{0,8}}"
            rf"(?:{THREAD} {{0,2}}){{0,6}}?\[ ?{ANY} {{0,8}}\][: ]{{0,4}}(?:- )?"
            r"(?:\[?(?P<logger>[\w-]{1,60}(?:\.[\w-]{1,60}){1,8})\]?:? )?"
        ),
        "2025-09-12 10:00:00 [ERROR] could not connect",
        "[0JFMASONDTW",
        "2025-09-12 10:00:00 [ERRORS] none",
        holds="]",
        keeps=3,
        also=(
            ("winston printf", "2026-05-04T10:00:00.059Z [error]: password authentication failed"),
            ("structlog", "2026-05-04 10:00:00 [error    ] order failed      order=12"),
            ("Elixir", "10:00:00.123 request_id=F9x [error] no function clause matching"),
            ("log4js", "[2026-05-04T10:00:00.123] [ERROR] default - order failed"),
            ("Envoy", "[2026-05-04 10:00:00.123][1][critical][main] error initializing config"),
            ("Elasticsearch", "[2026-05-04T10:00:00,123][ERROR][o.e.b.X] [node] failed"),
            ("MySQL", "2026-05-04T10:00:00.123456Z 0 [ERROR] [MY-010123] [Server] Fatal"),
            ("dramatiq", "[2026-05-04 10:00:00,123] [PID 1] [Thread-1] [worker] [ERROR] failed"),
            ("Gin", "[GIN-debug] [ERROR] listen tcp :8080: bind: address already in use"),
            ("hclog", "2026-05-04T10:00:00.123Z [ERROR] plugin: failed"),
            ("fern", "[2026-05-04][10:00:00][shop][ERROR] failed"),
            ("Akka", "[ERROR] [05/04/2026 10:00:00.123] [main] [akka://shop] failed"),
            ("HAProxy", "[ALERT]    (1) : cannot bind socket"),
        ),
    ),
    HeaderForm(
        "pino-pretty and bunyan",
        re.compile(
            rf"\[{WHEN}\] {{1,2}}{LEVEL}(?: \([^)\n]{{1,80}}\))?: {{1,2}}"
            r"(?:[\w.-]{1,60}/\d{1,10} on [\w.-]{1,80}: )?"
        ),
        "[10:00:00.123] ERROR (1): coupon was not applied",
        "[",
        "[10:00:00.123] 3 ERRORS: none new",
        holds="] ",
        also=(("bunyan", "[2026-05-04T10:00:00.123Z] ERROR: shop/1 on host: coupon not applied"),),
    ),
    HeaderForm(
        "zap, a console",
        re.compile(
            rf"{WHEN}\t{ANY}\t(?:[\w.\[\]-]{{1,80}}\t)?"
            r"(?:\[?(?P<logger>[\w./@-]{1,120}\.\w{1,4}):(?P<line>\d{1,7})(?::\d{1,5})?\]?\t)?"
        ),
        "2026-05-04T10:00:00.123Z\tERROR\tserver/main.go:10\tcannot open ledger",
        "0",
        "2026-05-04T10:00:00.123Z\tdone",
        holds="\t",
        also=(
            ("Caddy", "2026/05/04 10:00:00.123\tERROR\thttp.log.error\tdial tcp: refused"),
            ("tslog", "2026-05-04 10:00:00.123\tERROR\t[main.ts:10]\tno connection"),
        ),
    ),
    HeaderForm(
        "NLog",
        re.compile(rf"{WHEN} ?\| ?{ANY} {{0,8}}\| ?(?:(?P<logger>{DOTTED}) ?\| ?)?(?:- )?"),
        "2026-05-04 10:00:00.1234|ERROR|Shop.Api.Orders|Order could not be stored",
        "0",
        "2026-05-04 10:00:00.1234|12|ERROR",
        holds="|",
        also=(("Prefect", "10:00:00.123 | ERROR   | Flow run 'odd-cat' - failed"),),
    ),
    HeaderForm(
        "Odoo",
        re.compile(rf"{DATE} \d{{1,10}} {LEVEL} [\w?.-]{{1,60}} (?P<logger>{DOTTED}): "),
        "2026-05-04 10:00:00,123 1 ERROR shop odoo.http: Exception during request handling",
        "0",
        "2026-05-04 10:00:00,123 1 done",
        holds=": ",
    ),
    HeaderForm(
        "Postgres",
        re.compile(
            rf"(?:{DATE} )?(?:\[[\d-]{{1,20}}\](?: [\w.\[\]-]{{1,60}}@[\w.\[\]-]{{1,60}})?:? )?"
            r"(?P<level>DEBUG|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC):  (?=\S)"
        ),
        '2026-05-04 10:00:00.123 UTC [1] shop@shop ERROR:  relation "orders" does not exist',
        "0[DINWELFP",
        "2026-05-04 10:00:00.123 UTC [1] STATEMENT:  select 1",
        holds=":  ",
        keeps=3,
    ),
    HeaderForm(
        "Tomcat",
        re.compile(
            rf"{WHEN} {LEVEL} {THREAD} (?P<logger>{DOTTED})\.(?P<function>[\w$<>]{{1,80}}) "
        ),
        "04-May-2026 10:00:00.123 SEVERE [main] org.apache.catalina.core.Server.start Failed",
        "0" + MONTHS,
        "04-May-2026 10:00:00.123 [main] done",
        holds="] ",
    ),
    HeaderForm(
        "java.util.logging",
        re.compile(
            rf"{WHEN} (?P<logger>{DOTTED}|[\w$]{{1,80}}) (?P<function>[\w$<>]{{1,80}})"
            rf"\n{LEVEL}: "
        ),
        "May 04, 2026 10:00:00 AM com.example.App run\nSEVERE: cannot start",
        "0" + MONTHS,
        "May 04, 2026 10:00:00 AM com.example.App run",
        holds="\n",
    ),
    HeaderForm(
        "date, level, logger",
        re.compile(
            rf"\[?{WHEN}\]?[ :|,\-]{{1,4}}(?:{THREAD} {{1,3}}){{0,3}}{LEVEL}(?:\[\d{{1,10}}\])?"
            rf"[\s:|,]{{1,9}}(?:- )?(?:(?!\[(?:MY-)?\d)\[[^\]\n]{{0,80}}\] )?"
            rf"(?:\([^)\n]{{0,80}}\) )?"
            rf"(?:(?P<logger>{DOTTED}) {{0,40}}(?:-|:) )?(?:[:|\-] )?"
        ),
        "2025-09-12 10:00:00,123 WARN  [pool-1] com.example.Pool - exhausted",
        "[0" + MONTHS + DAYS,
        "2025-09-12 10:00:00,123 ERRORS: none",
        also=(
            ("Logback", "10:00:00.123 [http-nio-1] ERROR c.e.shop.OrderController - not saved"),
            ("log4net", "2026-05-04 10:00:00,123 [1] ERROR Shop.Api - not saved"),
            ("Quarkus", "2026-05-04 10:00:00,123 ERROR [io.qua.run.Application] (main) failed"),
            ("JBoss", "10:00:00,123 ERROR [org.jboss] (ServerService Thread Pool -- 1) failed"),
            ("Kafka", "[2026-05-04 10:00:00,123] ERROR failed (kafka.server.KafkaServer)"),
            ("tracing", "2026-05-04T10:00:00.123456Z ERROR shop::worker: lost the lease"),
            ("zerolog", "10:00AM ERR cannot listen port=8080"),
            ("charmbracelet/log", "2026/05/04 10:00:00 ERRO cannot listen port=8080"),
            ("slog", "2026/05/04 10:00:00 ERROR cannot listen port=8080"),
            ("Traefik", "2026-05-04T10:00:00Z ERR cannot listen"),
            ("rich", "[05/04/26 10:00:00] ERROR    not saved"),
            ("Symfony's console", "10:00:00 CRITICAL  [console] Error thrown"),
            ("Jetty", "2026-05-04 10:00:00.123:WARN:oejs.Server:main: slow"),
            ("Yii", "2026-05-04 10:00:00 [10.0.0.1][-][-][error][yii\\db\\Exception] refused"),
        ),
    ),
    HeaderForm(
        "winston, with a time",
        re.compile(
            rf"\[?{WHEN}\]?[ |]{{1,3}}(?:- )?(?:{THREAD} ){{0,2}}{LOWER} ?(?:: {{1,2}}| - )"
        ),
        "2026-05-04 10:00:00 error: cannot connect to the queue",
        "[0" + MONTHS,
        "2026-05-04 10:00:00 an error: none",
        also=(
            ("Strapi", "[2026-05-04 10:00:00.123] error: no connection"),
            ("CakePHP", "2026-05-04 10:00:00 error: [PDOException] refused"),
        ),
    ),
    HeaderForm(
        "level, date",
        re.compile(
            rf"\[?{LEVEL}\]? {{0,8}}(?:- |: |\| )?\[?{WHEN}\]?(?: \([^)\n]{{1,80}}\))?"
            rf"(?:\s?(?:-->|[-:|]))?\s{{1,4}}"
            rf"(?:(?P<first>[\w.]{{1,80}}) \d{{1,20}} \d{{1,20}} |(?P<logger>{DOTTED}) ?(?:-|:) )?"
        ),
        "ERROR 2026-05-04 10:00:00,123 views 1 139872 Payment of basket failed",
        "[" + CAPITALS,
        "ERRORS 2026-05-04 10:00:00",
        also=(
            ("Dropwizard", "ERROR  [2026-05-04 10:00:00,123] com.example.App: not saved"),
            ("CodeIgniter", "ERROR - 2026-05-04 10:00:00 --> no such table"),
            ("pino-pretty, older", "ERROR [10:00:00.123] (1 on host): not saved"),
        ),
    ),
    HeaderForm(
        ".NET's console",
        re.compile(
            rf"(?:\[?{WHEN}\]? {{0,2}})?(?P<level>trce|dbug|info|warn|fail|crit): "
            r"(?P<logger>[\w.+`<>]{1,200})\[\d{1,10}\](?:\r?\n\s{1,8}| {1,6}(?=\S)|\s{0,8}$)"
        ),
        "fail: Shop.Api.Orders[13]\n      Order 4711 could not be stored",
        "tdiwfc0[",
        "info: done",
        holds="]",
    ),
    HeaderForm(
        "slf4j's simple logger",
        re.compile(rf"\[[^\]\n]{{1,80}}\] {LEVEL} (?P<logger>{DOTTED}) - "),
        "[main] ERROR com.example.App - not saved",
        "[",
        "[main] 3 ERRORS - none new",
        holds=" - ",
    ),
    HeaderForm(
        "basicConfig and uvicorn",
        re.compile(rf"{LEVEL}:(?:(?P<logger>[\w.\-]{{1,120}}):| {{1,9}})"),
        "INFO:     Application startup complete.",
        CAPITALS,
        "ERRORS: none",
        holds=":",
        keeps=2,
        also=(("Python's basicConfig", "ERROR:shop:could not save order"),),
    ),
    HeaderForm(
        "winston, in its simple format",
        re.compile(
            r"(?P<level>error|warn|warning|info|debug|verbose|silly|fatal|critical|notice): "
        ),
        "error: cannot connect to the queue",
        "ewidvsfcn",
        "errors: none",
        holds=": ",
        keeps=2,
    ),
    HeaderForm(
        "Nest",
        re.compile(
            rf"\[Nest\] {{1,3}}\d{{1,10}} {{1,3}}- \d\d/\d\d/\d{{4}}, "
            rf"\d{{1,2}}:\d\d:\d\d(?: [AP]M)? {{1,9}}{LEVEL} "
        ),
        "[Nest] 1  - 11/19/2026, 5:01:35 PM   ERROR [ExceptionsHandler] no such user",
        "[",
        "[Nest] starting",
        holds="[Nest] ",
    ),
    HeaderForm(
        "npm",
        re.compile(r"npm (?P<level>ERR|WARN|error|warn|notice|info|http|verb|silly)!? "),
        "npm ERR! Lifecycle script `start` failed with error:",
        "n",
        "npm run start",
        holds="npm ",
        keeps=6,
    ),
    HeaderForm(
        "V8's last words",
        re.compile(r"(?P<level>FATAL) ERROR: "),
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
        "F",
        "FATAL ERRORS: none",
        holds=" ERROR: ",
        keeps=8,
    ),
    HeaderForm(
        "glog and klog",
        re.compile(
            r"(?P<glog>[IWEF])\d{4} \d\d:\d\d:\d\d\.\d{6} {1,8}\d{1,20} "
            r"(?P<logger>[\w./\-]{1,120}):(?P<line>\d{1,7})\] "
        ),
        "E0912 10:00:00.123456       1 server.go:42] cannot listen",
        "IWEF",
        "E0912 is an error code",
        holds="] ",
        also=(("absl", "E0504 10:00:00.123456 139872 train.py:10] no checkpoint"),),
    ),
    HeaderForm(
        "TensorFlow",
        re.compile(
            rf"{DATE}: (?P<glog>[IWEF]) (?P<logger>[\w./-]{{1,160}}):(?P<line>\d{{1,7}})\] "
        ),
        "2026-05-04 10:00:00.123456: E tensorflow/core/gpu.cc:123] no device",
        "0",
        "2026-05-04 10:00:00.123456: done",
        holds="] ",
    ),
    HeaderForm(
        "logrus, on a terminal",
        re.compile(r"(?P<level>TRAC|DEBU|INFO|WARN|ERRO|FATA|PANI)\[\d{1,10}\] {0,2}"),
        "ERRO[0012] cannot listen",
        "TDIWEFP",
        "ERRORS[0012] none",
        holds="[",
    ),
    HeaderForm(
        "logfmt",
        re.compile(
            rf"(?:{PAIR}){{0,6}}?(?:level|lvl|severity)=[\"']?{ANY}[\"']?(?=[\s]|$)"
            rf"(?: (?!msg=|message=|event=|err(?:or)?=){PAIR[:-1]}){{0,6}}(?: (?:msg|message"
            rf"|event)=| |$)"
        ),
        'time=2025-09-12T10:00:00Z level=error msg="cannot listen"',
        LETTERS,
        "level=high",
        holds="=",
        also=(
            ("logrus", 'time="2026-05-04T10:00:00Z" level=error msg="cannot listen"'),
            ("slog's text", "time=2026-05-04T10:00:00.123Z level=ERROR msg=refused err=EOF"),
            ("go-kit", "ts=2026-05-04T10:00:00Z caller=main.go:10 level=error msg=refused"),
        ),
    ),
    HeaderForm(
        "Redis",
        re.compile(rf"\d{{1,10}}:[MCSX] \d\d {MONTH} \d{{4}} {CLOCK} (?P<mark>[.\-*#]) "),
        "1:M 04 May 2026 10:00:00.123 # Can't save in background: fork: no memory",
        "0",
        "1:M started",
        holds=" ",
    ),
    HeaderForm(
        "a tag, then a level",
        re.compile(rf"\[[\w .:/@-]{{1,60}}\] {{0,2}}{LEVEL}(?:: | - )"),
        "[Stripe] ERROR: webhook secret missing",
        "[",
        "[Stripe] ERRORS: none",
        holds="] ",
        keeps=100,
    ),
    HeaderForm(
        "a level alone, then a gap",
        re.compile(rf" ?{LEVEL}(?: {{2,8}}| [-|] )(?=\S)"),
        "ERROR - could not connect",
        " " + CAPITALS,
        "ERROR codes are listed below",
        also=(("consola", " ERROR  could not connect"), ("pnpm", " WARN  no lockfile")),
    ),
    HeaderForm(
        "Next.js",
        re.compile(
            r"(?P<level>error|warn|info|wait|event|ready) {1,2}- (?=\S)| {0,3}(?P<mark>[⨯✖⚠]) {1,2}"
        ),
        " ⨯ Error: An error occurred in the Server Components render.",
        " ewir⨯✖⚠",
        "error-free",
        keeps=6,
    ),
    HeaderForm(
        "Go's log, dated and silent on its level",
        re.compile(
            r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? "
            r"(?:(?P<logger>[\w./\-]{1,120}\.go):(?P<line>\d{1,7}): )?(?=\S)"
        ),
        "2025/09/12 10:00:00 listening on :8080",
        "0",
        "2025/09/12",
        holds="/",
        outer=True,
    ),
    HeaderForm(
        "a time, names, a level",
        re.compile(
            rf"\[?{WHEN}\]?[ :|,]{{1,3}}(?:(?:{THREAD}|\([^)\n]{{0,80}}\)|<[^>\n]{{0,80}}>"
            r"|(?=[\w.$:/@-]{0,60}[\d.:/_@-])[\w.$:/@-]{1,60})[ |]{1,3}(?:- )?){0,4}"
            rf"(?:(?P<logger>[\w.$-]{{1,60}})[ |]{{1,3}}(?:- )?)?\[?{LEVEL}\]?[ :|]{{1,9}}(?:- )?"
        ),
        "2026-05-04 10:00:00,123 shop.core ERROR basket is broken",
        "[0" + MONTHS + DAYS,
        "2026-05-04 10:00:00 the page has no ERROR on it",
        also=(("Scrapy", "2026-05-04 10:00:00 [scrapy.core.scraper] ERROR: Spider error"),),
    ),
)
