from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from bot import log_setup


@pytest.fixture
def written():
    stream = io.StringIO()

    def configure(**options):
        log_setup.configure(stream=stream, **options)
        return stream

    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield configure
    root.handlers[:], root.level = before
    structlog.reset_defaults()


def test_it_is_json_where_nobody_looks(written):
    stream = written()
    structlog.get_logger("bot.test").warning("it happened", name="ü", count=3)
    logging.getLogger("someone.else").warning("as %s", "well")
    first, second = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (first["event"], first["name"], first["count"]) == ("it happened", "ü", 3)
    assert first["level"] == "warning"
    assert first["logger"] == "bot.test"
    assert second["event"] == "as well"


def test_no_secret_gets_into_it(written):
    stream = written(hide=["hunter2-hunter2", "x"])
    log = structlog.get_logger("bot.test")
    log.warning("hunter2-hunter2", deep={"a": ["hunter2-hunter2"]}, token="xoxb-1234-abcd")
    log.warning("post", to="https://hooks.slack.com/commands/T0/123/abc")
    log.warning("post", to="http://127.0.0.1:8765/slack/respond/abcdef")
    logging.getLogger("lib").warning("Bearer %s", "hunter2-hunter2")
    try:
        raise ValueError("hunter2-hunter2")
    except ValueError:
        log.exception("it broke")
    text = stream.getvalue()
    for secret in ("hunter2", "xoxb-1234", "/123/abc", "abcdef"):
        assert secret not in text
    assert "ValueError" in text
    assert '"event": "post"' in text


def test_slack_sdk_never_speaks_at_debug(written):
    stream = written(level="DEBUG")
    logging.getLogger("slack_sdk.web.base_client").debug("response_url=secret")
    logging.getLogger("urllib3.connectionpool").debug("POST /secret")
    assert stream.getvalue() == ""
    assert not logging.getLogger("slack_sdk").isEnabledFor(logging.DEBUG)


def test_a_person_reads_lines(written):
    stream = written(as_json=False)
    structlog.get_logger("bot.test").warning("it happened", count=3)
    assert "it happened" in stream.getvalue()
    assert "{" not in stream.getvalue()
