"""Level headers of single libraries: narrow rows, which are tried before the wide ones."""

from __future__ import annotations

import re

from bot.core.text.level_form import (
    ANY,
    CLOCK,
    DATE,
    DAY,
    HEADER_NAMES,
    LEVEL,
    LOWER,
    PAIR,
    WHEN,
    HeaderForm,
)

NARROW: tuple[HeaderForm, ...] = (
    HeaderForm(
        "Python logging",
        re.compile(
            rf"{DATE} - (?:(?P<first>[\w.\-]{{1,120}}) - )?(?:(?P<logger>[\w.\-]{{1,120}}) - )?"
            rf"{ANY} - "
        ),
        "2025-09-07 13:22:49 - app.database - ERROR - Database session error",
        "0",
        "2025-09-07 13:22:49 - app.database - errors are counted - by hour",
        holds=" - ",
        also=(("Dagster", "2026-05-04 10:00:00 +0000 - dagster - ERROR - shop - step failed"),),
    ),
    HeaderForm(
        "loguru",
        re.compile(
            rf"{DATE} \| {ANY} {{0,8}} ?\| "
            r"(?P<logger>[\w.\-<>]{1,120}):(?P<function>[\w<>]{1,120}):(?P<line>\d{1,7})"
            r" ?(?:\||-) "
        ),
        "2025-08-28 00:20:14.597 | ERROR    | app.core:emit:202 - connection failed",
        "0",
        "2025-08-28 00:20:14.597 | ERROR | pages | 12",
        holds=" | ",
    ),
    HeaderForm(
        "gunicorn",
        re.compile(rf"\[{DATE}\] \[\d{{1,10}}\] \[{ANY}\] "),
        "[2025-09-16 00:42:46 +0000] [13] [ERROR] Worker failed to boot.",
        "[",
        "[2025-09-16 00:42:46 +0000] [13] [ERRORS] none",
        holds="] [",
        also=(("Hypercorn", "[2026-05-04 10:00:00 +0000] [1] [ERROR] Error in ASGI Framework"),),
    ),
    HeaderForm(
        "Spring Boot",
        re.compile(
            rf"{DATE} {{1,3}}{LEVEL} {{1,3}}(?:\[[^\]]{{0,80}}\] )?\d{{1,10}} --- "
            r"(?:\[[^\]]{0,80}\] ?){1,3} ?(?P<logger>[\w.$\[\]/\-]{1,120}) {0,60}: "
        ),
        "2025-09-12 10:00:00.123 ERROR 1 --- [main] c.example.App : failed",
        "0",
        "2025-09-12 10:00:00.123 ERROR 1 - main",
        holds=" --- ",
    ),
    HeaderForm(
        "Celery",
        re.compile(rf"\[{WHEN}: {ANY}/[\w.:-]{{1,80}}\] "),
        "[2026-05-04 10:00:00,123: ERROR/ForkPoolWorker-1] Task shop.ship[8e1f] raised unexpected",
        "[",
        "[2026-05-04 10:00:00,123: ERRORS/day] 12",
        holds="/",
    ),
    HeaderForm(
        "Airflow and Flask",
        re.compile(
            rf"\[{WHEN}\] (?:\{{{{1,2}}(?P<logger>[\w./-]{{1,120}}):(?P<line>\d{{1,7}})\}}{{1,2}} "
            rf"{ANY} - |(?P<level_in>(?:{HEADER_NAMES})) in (?P<first>[\w.\-]{{1,120}}): )"
        ),
        "[2026-05-04T10:00:00.123+0000] {taskinstance.py:1937} ERROR - Task failed with exception",
        "[",
        "[2026-05-04 10:00:00] ERRORS in app: 0",
        also=(("Flask", "[2026-05-04 10:00:00,123] ERROR in app: Exception on /orders [POST]"),),
    ),
    HeaderForm(
        "Ruby's Logger and Rails",
        re.compile(
            rf"[DIWEFAU], \[{DATE} ?#\d{{1,10}}\] {{1,3}}(?:{LEVEL}|ANY|UNKNOWN)"
            r" -- [^:\n]{0,80}: "
        ),
        "E, [2026-05-04T10:00:00.123456 #1] ERROR -- : [7ab1] no connection",
        "DIWEFAU",
        "E, [2026-05-04T10:00:00.123456 #1] done",
        holds=" -- ",
    ),
    HeaderForm(
        "Sidekiq",
        re.compile(
            rf"{DATE} (?:{PAIR}){{1,8}}{LEVEL}: |{DATE} \d{{1,10}} TID-\w{{1,20}} "
            rf"(?:[\w:=-]{{1,80}} ){{0,4}}(?P<level_in>{HEADER_NAMES}): "
        ),
        "2026-05-04T10:00:00.123Z pid=1 tid=2k class=ShipJob jid=9a ERROR: no address",
        "0",
        "2026-05-04T10:00:00.123Z pid=1 tid=2k done",
        holds=": ",
    ),
    HeaderForm(
        "Monolog and Laravel",
        re.compile(rf"\[{WHEN}\] [\w-]{{1,60}}(?:\.[\w-]{{1,60}})?\.{ANY}: "),
        "[2026-05-04 10:00:00] production.ERROR: SQLSTATE[HY000] [2002] Connection refused",
        "[",
        "[2026-05-04 10:00:00] production: ERROR",
        holds="] ",
        also=(("Symfony", "[2026-05-04T10:00:00.123456+00:00] request.CRITICAL: Uncaught PHP"),),
    ),
    HeaderForm(
        "PHP",
        re.compile(
            r"(?:NOTICE: )?(?:PHP message: )?(?:PHP )?"
            r"(?P<level>Fatal error|Parse error|Recoverable fatal error): {1,2}"
            r"|(?:NOTICE: )?(?:PHP message: )?PHP (?P<level_in>Warning|Notice|Deprecated"
            r"|Strict Standards): {1,2}"
        ),
        "PHP Fatal error:  Uncaught PDOException: SQLSTATE[HY000] [2002] Connection refused",
        "PNFR",
        "PHP 8.3 started",
        also=(("php-fpm", "NOTICE: PHP message: PHP Warning:  Undefined variable $cart"),),
    ),
    HeaderForm(
        "php-fpm",
        re.compile(
            rf"\[{WHEN}\] (?:(?P<level>{HEADER_NAMES}): \[pool [^\]\n]{{1,60}}\] child \d{{1,10}}"
            r' said into std(?:err|out): "|(?=PHP ))'
        ),
        '[04-May-2026 10:00:00] WARNING: [pool www] child 1 said into stderr: "PHP Fatal error:  x',
        "[",
        "[04-May-2026 10:00:00] done",
        outer=True,
        also=(("PHP's error_log", "[04-May-2026 10:00:00 UTC] PHP Fatal error:  Uncaught Error"),),
    ),
    HeaderForm(
        "nginx",
        re.compile(
            rf"(?:{DATE} \[{LOWER}\] \d{{1,10}}#\d{{1,10}}: (?:\*\d{{1,12}} )?"
            r"|nginx: \[(?P<level_in>[a-z]{4,6})\] )"
        ),
        "2026/05/04 10:00:00 [error] 29#29: *1 connect() failed (111: Connection refused)",
        "0n",
        "2026/05/04 10:00:00 29#29: *1 done",
        holds="] ",
        also=(("nginx at start", 'nginx: [emerg] host not found in upstream "api"'),),
    ),
    HeaderForm(
        "Apache",
        re.compile(
            rf"\[{WHEN}\] \[(?:[\w-]{{0,40}}:)?{LOWER}\d?\] (?:\[pid [^\]\n]{{1,60}}\] )?"
            r"(?:\[client [^\]\n]{1,80}\] )?"
        ),
        "[Mon May 04 10:00:00.123456 2026] [core:error] [pid 1:tid 2] AH00035: access denied",
        "[",
        "[Mon May 04 10:00:00.123456 2026] [pid 1] done",
        holds="] [",
        outer=True,
    ),
    HeaderForm(
        "Tornado and Jupyter",
        re.compile(
            rf"\[(?P<glog>[DIWEC]) (?:\d{{6}}|{DAY}) {CLOCK} (?P<logger>[\w.]{{1,80}})"
            r"(?::(?P<line>\d{1,7}))?\] "
        ),
        "[E 260504 10:00:00 web:1798] Uncaught exception GET /orders",
        "[",
        "[E 12] done",
        holds="] ",
    ),
    HeaderForm(
        "a time and a level in one bracket",
        re.compile(rf"\[{WHEN} {{1,2}}{ANY}(?: {{1,2}}(?P<logger>[\w:.]{{1,120}}))?\] "),
        "[2026-05-04T10:00:00Z ERROR shop::worker] lost the lease",
        "[",
        "[2026-05-04T10:00:00Z shop] ERRORS: none",
        holds="] ",
        also=(
            ("Serilog", "[10:00:00 ERR] Order 4711 could not be stored"),
            ("env_logger", "[2026-05-04T10:00:00Z ERROR shop] lost the lease"),
        ),
    ),
)
