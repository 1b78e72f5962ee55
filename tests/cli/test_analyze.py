"""`gardener analyze` over time, against a Cloud Logging and a Cloud Monitoring of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot import wiring
from bot.cli import analyze as terminal
from bot.cli.analyze import AnalyzeOptions
from bot.core.analysis.analyze import analyze as read
from bot.core.analysis.outside import Outside
from bot.core.expected.acknowledgement import observed
from bot.core.model import rfc3339
from bot.core.model.decisions import Acknowledgement
from bot.core.model.environment import Query
from bot.core.model.values import DAY, HOUR, Severity, Window
from bot.settings.settings import load
from playground.logging.server import LogServer
from tests.core.logs import (
    START,
    Entries,
    entry,
    request,
)
from tests.fakes.monitoring import DENIED, MonitoringServer

BOOM = "Unknown coupon kind while pricing the basket"
CREATED = "USER AUTO-CREATED: created user {} from JWT"
CONFIG = '[environments.staging]\nproject = "netra-staging"\nservices = ["netra-backend-staging"]\n'


@pytest.fixture
def logs():
    with LogServer(quota_per_minute=None) as server:
        yield server


@pytest.fixture
def monitoring():
    with MonitoringServer() as server:
        yield server


@pytest.fixture
def _settings(logs, monitoring, _state_of_session, tmp_path, monkeypatch):
    (tmp_path / "gardener.toml").write_text(CONFIG, "utf-8")
    for name, value in {
        "GARDENER_CONFIG": str(tmp_path / "gardener.toml"),
        "GARDENER_STATE": str(_state_of_session),
        "GARDENER_LOGGING_ENDPOINT": logs.endpoint,
        "GARDENER_MONITORING_ENDPOINT": monitoring.endpoint,
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("REDIS_URL", "GITHUB_TOKEN", "GITHUB_APP_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def analyze(_settings, redis_client, capsys):
    """The answer to `gardener analyze staging 24h` on a day, counted from `START`."""

    def analyze(day=1, **how):
        now = rfc3339.show(START + day * DAY)
        terminal.analyze(AnalyzeOptions("staging", ("24h",), now=now, **how))
        return capsys.readouterr().out

    return analyze


@pytest.mark.redis
def test_what_fell_silent_while_requests_arrived_is_told_and_who_counted_them(
    logs, monitoring, analyze
):
    logs.add(entry(BOOM, "ERROR", half * 1_800.0) for half in range(3 * 48))
    logs.add(entry("Heartbeat", "WARNING", half * 1_800.0 + 9) for half in range(4 * 48))
    monitoring.add(request(200, at=hour * 3_600.0 + 5) for hour in range(4 * 24))
    for day in (1, 2, 3):
        assert "Quiet:" not in analyze(day)
    shown = analyze(4)
    assert "Quiet: C" in shown
    assert f"{BOOM}: expected 48 by its rate of 48 a day, saw 0 while requests arrived." in shown
    assert "Traffic: 24 requests (Cloud Monitoring)." in shown
    monitoring.refuse = DENIED
    assert "Traffic: 0 requests (request log)." in analyze(4)


@pytest.mark.redis
def test_where_nobody_counts_requests_traffic_is_unknown(logs, monitoring, analyze):
    logs.add([entry(BOOM, "ERROR", 60.0)])
    monitoring.refuse = DENIED

    def after_the_first(_call):
        logs.denied.add("netra-staging")

    logs.on_call = after_the_first
    assert "Traffic unknown." in analyze(store=False)


@pytest.mark.redis
@pytest.mark.parametrize("file", [False, True])
def test_the_same_user_again_breaks_an_acknowledgement_here_too(logs, analyze, tmp_path, file):
    lines = [entry(CREATED.format(40), "WARNING", hour * 3_600.0) for hour in (0, 2, 3, 4)]
    tools = wiring.build(load())
    staging = tools.environment("staging")
    window = Window(START, START + HOUR)
    query = Query("staging", staging.project, staging.services, window, Severity.WARNING)
    first = read(
        Outside(Entries(lines[:1]), registry=tools.registry, secret=tools.secrets[0]),
        query, staging, now=window.end,
    )  # fmt: skip
    [card] = first.cards
    acknowledgement = Acknowledgement(
        card.cluster.id, "U0ANA", "sign-ups", window.end, START + 9 * DAY
    )
    tools.decisions.put("staging", observed(acknowledgement, card, window))
    logs.add(lines)
    path = tmp_path / "entries.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert "the same user" in analyze(**({"file": str(path)} if file else {}))


def test_the_severity_default_takes_all(tmp_path, capsys):
    path = tmp_path / "plain.jsonl"
    path.write_text(json.dumps(entry("a line without a level")), "utf-8")
    how: dict[str, Any] = {
        "file": str(path),
        "now": rfc3339.show(START + HOUR),
        "store": False,
        "form": "json",
    }
    terminal.analyze(AnalyzeOptions("staging", ("24h",), min_severity="default", **how))
    assert json.loads(capsys.readouterr().out)["coverage"]["clustered"] == 1


def test_half_a_surrogate_pair_in_a_name_ends_neither_analysis_nor_members(tmp_path, capsys):
    odd = json.dumps({**entry("boom", "ERROR"), "insertId": "i\ud800d"})
    other = json.dumps(entry("bang", "ERROR", service="shop\ud800"))
    path = tmp_path / "odd.jsonl"
    path.write_text(f"{odd}\n{other}\n", "utf-8")
    now = rfc3339.show(START + HOUR)
    how: dict[str, Any] = {
        "file": str(path),
        "now": now,
        "members": True,
        "store": False,
        "form": "json",
    }
    terminal.analyze(AnalyzeOptions("staging", ("24h",), **how))
    assert json.loads(capsys.readouterr().out)["coverage"]["clustered"] == 2
    terminal.members(str(path))
    assert "i\\ud800d\t" in capsys.readouterr().out
