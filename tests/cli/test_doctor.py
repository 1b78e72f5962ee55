from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import SecretStr

from bot.cli import doctor
from bot.core.model.environment import Environment, Sources
from bot.core.model.values import Severity
from bot.settings.settings import Settings
from bot.wiring import build
from playground.logging.server import LogServer
from tests.fakes.monitoring import DENIED, MonitoringServer
from tests.installation import INSTALLATION


def said(checks) -> dict[str, tuple[str, str]]:
    return {check.name: (check.state, check.detail) for check in checks}


def test_every_missing_setting_is_a_line_that_says_how_to_mend_it():
    found = said(doctor.of_settings(Settings()))
    assert {state for state, _ in found.values()} == {"fail"}
    text = str(found)
    for word in ("[environments.staging]", "openssl rand -hex 32", "OAuth", "GITHUB_TOKEN"):
        assert word in text


def test_swapped_and_short_secrets_are_found():
    found = said(
        doctor.of_settings(
            Settings(
                secrets=(b"short",),
                slack_bot_token=SecretStr("xapp-1"),
                slack_app_token=SecretStr("xoxb-1"),
                github_app_id="7",
            )
        )
    )
    assert found["GARDENER_SECRET"][0] == "fail"
    assert "xoxb-" in found["SLACK_BOT_TOKEN"][1]
    assert "xapp-" in found["SLACK_APP_TOKEN"][1]
    assert found["GitHub"] == ("ok", "files issues as app 7")


def test_a_mistake_in_the_file_is_one_line(tmp_path):
    path = tmp_path / "gardener.toml"
    path.write_text("[environments.staging]\nprojct = 'a'\n")
    lines: list[str] = []
    assert not doctor.doctor(path, lines.append)
    (line,) = lines
    assert "Did you mean project?" in line


@pytest.fixture
def settings(httpserver, state_dir):
    httpserver.expect_request("/slack/auth.test").respond_with_json(
        {"ok": True, "user": "gardener", "team": "Acme"},
        headers={"x-oauth-scopes": ",".join(doctor.SCOPES)},
    )
    httpserver.expect_request("/slack/apps.connections.open").respond_with_json(
        {"ok": True, "url": "ws://127.0.0.1:1/"}
    )
    httpserver.expect_request("/github/repos/acme/backend").respond_with_json(
        {"full_name": "acme/backend", "private": False, "html_url": "https://example.com"}
    )
    with_logs = LogServer()
    with_logs.add([
        {"textPayload": "hello", "severity": "ERROR", "logName": "projects/acme/logs/stderr",
         "resource": {"type": "cloud_run_revision", "labels": {"service_name": "api"}}}
    ])  # fmt: skip
    with_logs.start()
    yield Settings(
        environments={"staging": Environment("staging", "acme", ("api",), "acme/backend")},
        state_dir=state_dir,
        secrets=(b"a secret of the tests",),
        installation=INSTALLATION,
        slack_bot_token=SecretStr("xoxb-1"),
        slack_app_token=SecretStr("xapp-1"),
        slack_api_url=httpserver.url_for("/slack/"),
        github_token=SecretStr("t"),
        github_api_url=httpserver.url_for("/github"),
        logging_endpoint=with_logs.endpoint,
    )
    with_logs.stop()


@pytest.mark.redis
def test_where_all_answers_all_is_well(settings):
    found = said(doctor.of_connections(build(settings)))
    assert {state for state, _ in found.values()} == {"ok"}, found
    assert found["Slack"][1] == "@gardener in Acme"
    assert "no worker runs" in found["queue"][1]
    assert "public" in found["issues of staging"][1]
    told = found["logs of staging"][1]
    assert told.startswith("acme answers; 1 entry of the last hour matched resource.type=")
    assert 'resource.labels.service_name=("api") AND timestamp>="' in told
    assert told.endswith("(severity>=WARNING OR severity=DEFAULT)")
    assert "in the request log" in found["requests of staging"][1]
    kept = found["memory of staging"][1]
    assert kept == "keeps 0.0 MiB of the log in 0 windows, at most 32 MiB (GARDENER_KEEP_MIB)"


def logs_of(settings, environment: Environment) -> dict[str, tuple[str, str]]:
    only = replace(settings, environments={"staging": environment})
    return said(doctor.of_connections(build(only)))


@pytest.mark.redis
def test_a_filter_that_matches_nothing_tells_whether_that_is_for_the_severity(settings):
    api = Environment("staging", "acme", ("api",), min_severity=Severity.CRITICAL)
    told = logs_of(settings, api)["logs of staging"]
    assert told[0] == "ok"
    assert "0 entries of the last hour matched, 1 entry below CRITICAL: resource" in told[1]
    told = logs_of(settings, replace(api, services=("apj",)))["logs of staging"]
    assert "0 entries of the last hour matched, of any severity" in told[1]
    assert "check the names" in told[1]
    assert 'service_name=("apj")' in told[1]


@pytest.mark.redis
def test_a_job_has_its_filter_and_no_requests(settings):
    jobs = Environment("staging", "acme", sources=Sources(jobs=("nightly-import",)))
    found = logs_of(settings, jobs)
    assert 'resource.labels.job_name=("nightly-import")' in found["logs of staging"][1]
    state, told = found["requests of staging"]
    assert (state, told) == ("ok", "not counted; only those of Cloud Run services are")


@pytest.mark.redis
def test_it_says_who_counts_the_requests_and_that_the_role_is_optional(settings):
    with MonitoringServer() as monitoring:
        counted = build(replace(settings, monitoring_endpoint=monitoring.endpoint))
        name = "requests of staging"
        found = said(doctor.of_connections(counted))
        assert found[name] == ("ok", "counted by Cloud Monitoring")
        monitoring.refuse = DENIED
        state, told = said(doctor.of_connections(counted))[name]
        assert state == "ok"
        assert "request log" in told
        assert "optional" in told
        assert "roles/monitoring.viewer" in told


@pytest.mark.redis
def test_what_is_refused_says_how_to_mend_it(settings, httpserver):
    httpserver.clear()
    httpserver.expect_request("/slack/auth.test").respond_with_json(
        {"ok": False, "error": "invalid_auth"}
    )
    httpserver.expect_request("/slack/apps.connections.open").respond_with_json(
        {"ok": False, "error": "missing_scope"}
    )
    httpserver.expect_request("/github/repos/acme/backend").respond_with_json(
        {"message": "Not Found"}, status=404
    )
    found = said(doctor.of_connections(build(settings)))
    assert found["Slack"][0] == "fail"
    assert "install the app again" in found["Slack"][1]
    assert "connections:write" in found["Slack, Socket Mode"][1]
    assert found["issues of staging"][0] == "fail"
    assert found["store"][0] == "ok"


@pytest.mark.redis
def test_a_missing_scope_is_named(settings, httpserver):
    httpserver.clear()
    httpserver.expect_request("/slack/auth.test").respond_with_json(
        {"ok": True}, headers={"x-oauth-scopes": "chat:write"}
    )
    assert "users:read" in said(doctor.of_connections(build(settings)))["Slack"][1]


def test_a_store_that_is_away_is_a_line(tmp_path):
    away = SecretStr("redis://127.0.0.1:1")
    parts = build(Settings(state_dir=tmp_path, redis_url=away, secrets=(b"a",)))
    found = said(doctor.of_connections(parts))
    assert found["store"][0] == "fail"
    assert "unreachable" in found["store"][1]
