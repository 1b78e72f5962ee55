"""Access lines of servers and frameworks, as text and as JSON, become requests."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.entries.understand import Kind, Reader
from bot.core.text.access_forms import ACCESS_FORMS, AccessForm
from bot.core.text.access_lines import from_text


@pytest.mark.parametrize("form", ACCESS_FORMS, ids=lambda form: form.name[:30])
def test_each_form_reads_its_example_only(form: AccessForm) -> None:
    found = from_text(form.example)
    assert found is not None
    assert found.status == 500
    assert form.pattern.match(form.example)
    assert from_text(form.counter) is None


@pytest.mark.parametrize(
    "line",
    [
        (
            "[GIN] 2026/05/04 - 10:00:00 |\x1b[97;41m 500 \x1b[0m|    1.2ms |       10.1.2.3 |"
            '\x1b[97;44m GET     \x1b[0m "/cart"'
        ),
        "\x1b[0mGET /cart \x1b[31m500\x1b[0m 1.2 ms - 12\x1b[0m",
        '2026/05/04 10:00:00 [web/x-1] "GET http://h/cart HTTP/1.1" from 10.1.2.3:5 - 500 12B in 1ms',
        'INFO:     10.1.2.3:5000 - "GET /cart HTTP/1.1" 500 Internal Server Error',
        '10.1.2.3 - - [04/May/2026 10:00:00] "\x1b[31mGET /cart HTTP/1.1\x1b[0m" 500 -',
        (
            "info: Microsoft.AspNetCore.Hosting.Diagnostics[2]\n      Request finished HTTP/1.1 GET "
            "http://h:8080/cart - 500 - text/plain 12.3ms"
        ),
        '[04/May/2026 10:00:00] "GET /cart HTTP/1.1" 500 145',
        "GET /cart 500 in 12ms",
    ],
)
def test_a_line_with_colours_or_a_header_is_a_failed_request(line: str) -> None:
    found = Reader().read({"textPayload": line})
    assert (found.key.kind, found.route, found.severity.name) == (Kind.REQUEST, "/cart", "ERROR")


@pytest.mark.parametrize(
    "payload",
    [
        {"level": 30, "req": {"method": "GET", "url": "/cart"}, "res": {"statusCode": 500},
         "time": 1, "pid": 1, "msg": "request completed"},
        {"level": "error", "msg": "handled request", "status": 500,
         "request": {"method": "GET", "uri": "/cart"}},
        {"level": "info", "msg": "", "RequestMethod": "GET", "RequestPath": "/cart",
         "DownstreamStatus": 500},
        {"method": "GET", "path": "/cart", "response_code": 500, "upstream_cluster": "web"},
    ],
    ids=["pino-http", "Caddy", "Traefik", "Envoy"],
)  # fmt: skip
def test_a_json_line_of_a_server_is_a_failed_request(payload: dict[str, Any]) -> None:
    found = Reader().read({"jsonPayload": payload})
    assert (found.key.kind, found.route, found.severity.name) == (Kind.REQUEST, "/cart", "ERROR")


def test_an_answer_without_its_path_is_a_request_of_no_route() -> None:
    answer = {"level": 30, "time": 1, "pid": 1, "reqId": "req-1", "res": {"statusCode": 500},
              "msg": "request completed"}  # fmt: skip
    for raw in (
        {"jsonPayload": answer},
        {"textPayload": "Completed 500 Internal Server Error in 12ms (ActiveRecord: 1.2ms)"},
    ):
        found = Reader().read(raw)
        assert (found.key.kind, found.route, found.severity.name) == (Kind.REQUEST, None, "ERROR")


@pytest.mark.parametrize(
    "text",
    ["POST failed: 500", "GET https://api.example.org/v1 500 from upstream", "GET the 500 items",
     "Completed 500 orders in 12ms flat"],
)  # fmt: skip
def test_a_sentence_with_a_method_or_a_number_is_no_request(text: str) -> None:
    assert from_text(text) is None


def test_a_message_of_its_own_beside_a_request_stays_the_message() -> None:
    payload = {"message": "payment failed", "method": "POST", "path": "/cart", "status": 500}
    assert Reader().read({"jsonPayload": payload}).key.masked == "payment failed"
