"""The access lines of web servers and frameworks: one table."""

from __future__ import annotations

import re
from typing import NamedTuple


class AccessForm(NamedTuple):
    """How some servers write a request that they answered."""

    name: str
    pattern: re.Pattern[str]
    """Groups: `method`, `path`, `status`; perhaps `referer` and `agent`. Matched at the start."""
    example: str
    counter: str


_VERB = r"(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT|TRACE|WebSocket)"
_PATH, _STATUS = r"(?P<path>(?:https?://|/)[^\s\"]{0,2000}|\*)", r"(?P<status>[1-5]\d\d|000)"
"""A status of zeros stands for any, where digits are looked up as zeros."""
_HOST = r"(?:[\da-fA-F.:\[\]]{2,45}(?::\d{1,5})?|-|[\w.-]{1,100}(?::\d{1,5})?)"
_TOOK = r"\d{1,9}(?:\.\d{1,9})?(?:[mµun]?s|[hm]\d\S{0,12})"

ACCESS_FORMS: tuple[AccessForm, ...] = (
    AccessForm(
        "Common and Combined Log Format: Apache, nginx, gunicorn, uvicorn, Werkzeug, Traefik,"
        " morgan combined, actix, hypercorn, daphne, aiohttp",
        re.compile(
            rf"(?:{_HOST} ){{1,2}}(?:- (?:(?:-|[\w@.-]{{1,60}}) )?)?(?:\[[^\]\n]{{1,60}}\] )?"
            rf'"{_VERB} (?P<path>[^\s"]{{1,2000}})(?: (?:HTTP/)?[\d.]{{1,4}})?" '
            r"(?P<status>\d{3})\b"
            r'(?:[^"\n]{0,80}"(?P<referer>[^"\n]{0,500})" "(?P<agent>[^"\n]{0,500})")?'
        ),
        '10.1.2.3 - - [04/May/2026:10:00:00 +0000] "GET /cart HTTP/1.1" 500 12 "-" "curl/8.0"',
        'worker said "GET /cart failed" 500 times',
    ),
    AccessForm(
        "Envoy, Django's runserver, Istio",
        re.compile(
            rf'\[[^\]\n]{{8,60}}\] "{_VERB} {_PATH}(?: HTTP/[\d.]{{1,4}})?" (?P<status>\d{{3}})\b'
        ),
        '[04/May/2026 10:00:00] "GET /cart HTTP/1.1" 500 145',
        '[04/May/2026 10:00:00] "GET /cart HTTP/1.1" failed',
    ),
    AccessForm(
        "chi",
        re.compile(
            rf'(?:\[[\w./-]{{1,120}}\] )?"{_VERB} {_PATH} HTTP/[\d.]{{1,4}}" from \S{{1,80}} - '
            rf"{_STATUS}\b"
        ),
        '[web/x1-000001] "GET http://shop.example.org/cart HTTP/1.1" from 10.1.2.3:5000 - 500 12B',
        '"GET http://shop.example.org/cart HTTP/1.1" from 10.1.2.3:5000 - refused',
    ),
    AccessForm(
        "gin, Fiber",
        re.compile(
            r"(?:\[GIN\] )?(?:\d{4}/\d\d/\d\d - )?(?:\d\d:\d\d:\d\d )?"
            rf"\| {{0,3}}{_STATUS} {{0,3}}\| {{0,20}}\S{{1,20}} {{0,9}}\| {{0,45}}\S{{1,45}}"
            rf" {{0,9}}\| {{0,9}}{_VERB} {{0,9}}"
            rf'(?:\| )?"?(?P<path>/[^\s"]{{0,2000}})'
        ),
        '[GIN] 2026/05/04 - 10:00:00 | 500 |    1.234567ms |       10.1.2.3 | GET      "/cart"',
        "| 500 | errors | in | GET requests",
    ),
    AccessForm(
        "morgan tiny and dev, Next.js, koa-logger, JSON access lines",
        re.compile(
            rf" {{0,4}}(?:(?:-->|xxx) )?{_VERB} {_PATH} {_STATUS}"
            rf"(?=$|[ \t]+(?:-|in\b|\d{{1,9}}(?:\.\d{{1,9}})? ?(?:[mµu]?s|[kM]?b)?(?:\s|$)))"
        ),
        "GET /cart 500 12.345 ms - 27",
        "GET /cart 500 errors",
    ),
    AccessForm(
        "Sanic",
        re.compile(
            r"(?:\[[^\]\n]{8,40}\] - \(sanic\.access\)\[[A-Z]{4,8}\]\[[^\]\n]{1,60}\]: )?"
            rf"{_VERB} {_PATH} {{2}}{_STATUS} \d"
        ),
        "GET http://shop.example.org/cart  500 12",
        "GET http://shop.example.org/cart  twice",
    ),
    AccessForm(
        "ASP.NET",
        re.compile(
            rf"Request finished HTTP/[\d.]{{1,4}} {_VERB} {_PATH}[^\n]{{0,80}}? - {_STATUS}\b"
        ),
        "Request finished HTTP/1.1 GET http://shop.example.org/cart - 500 - text/plain 12.3ms",
        "Request starting HTTP/1.1 GET http://shop.example.org/cart - - -",
    ),
    AccessForm(
        "Serilog",
        re.compile(rf'HTTP "?{_VERB}"? "?{_PATH}"? responded {_STATUS} in '),
        "HTTP GET /cart responded 500 in 12.3456 ms",
        "HTTP GET /cart responded slowly",
    ),
    AccessForm(
        "Ktor",
        re.compile(rf"{_STATUS} [A-Z][\w ]{{1,40}}: {_VERB} - {_PATH} in "),
        "500 Internal Server Error: GET - /cart in 12ms",
        "500 Internal Server Error: GET it again",
    ),
    AccessForm(
        "PHP's built-in server",
        re.compile(rf"(?:\[[^\]\n]{{8,60}}\] )?{_HOST} \[{_STATUS}\]: {_VERB} {_PATH}"),
        "10.1.2.3:51000 [500]: GET /cart",
        "10.1.2.3:51000 [500]: gone",
    ),
    AccessForm(
        "PHP-FPM",
        re.compile(
            rf"{_HOST} - {{1,3}}(?:\S{{1,40}} )?\d\d/\w{{3}}/\d{{4}}:\S{{8}} \S{{5}} "
            rf'"{_VERB} {_PATH}" {_STATUS}\b'
        ),
        '10.1.2.3 -  04/May/2026:10:00:00 +0000 "GET /index.php" 500',
        '10.1.2.3 -  04/May/2026:10:00:00 +0000 "GET /index.php" failed',
    ),
    AccessForm(
        "lograge",
        re.compile(rf"method={_VERB} path={_PATH} (?:[^\n]{{0,300}} )?status={_STATUS}\b"),
        "method=GET path=/cart format=html controller=Carts action=show status=500 duration=12.3",
        "method=GET path=/cart failed",
    ),
    AccessForm(
        "tower-http",
        re.compile(
            rf"(?:[\w-]{{1,40}})?\{{method={_VERB} uri={_PATH} [^\n]{{0,200}}\}}[^\n]{{0,120}}"
            rf" finished processing request [^\n]{{0,80}}status={_STATUS}\b"
        ),
        "request{method=GET uri=/cart version=HTTP/1.1}: tower_http::trace::on_response: finished"
        " processing request latency=0 ms status=500",
        "request{method=GET uri=/cart version=HTTP/1.1}: started processing request",
    ),
    AccessForm(
        "Rails, Phoenix, Fastify: without method and path",
        re.compile(
            rf"(?:Completed {_STATUS} [A-Z][\w ]{{1,40}}|Sent (?P<sent>\d{{3}})) in {_TOOK}"
            r"|Completed request (?P<json>\d{3})$"
        ),
        "Completed 500 Internal Server Error in 12ms (ActiveRecord: 1.2ms | Allocations: 812)",
        "Completed 500 orders in a minute",
    ),
)  # fmt: skip
"""The first that matches is taken."""

_SIGNS = (
    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE", "WebSocket",
    "Completed ", "Sent ",
)  # fmt: skip
"""One of these is in every access line: a cheap test before the expressions."""


def match(text: str) -> re.Match[str] | None:
    """Matches an access line; None for any other text."""
    for sign in _SIGNS:
        if sign in text:
            found = (form.pattern.match(text) for form in ACCESS_FORMS)
            return next((one for one in found if one is not None), None)
    return None
