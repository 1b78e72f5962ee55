from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.core.model.environment import Environment
from bot.core.model.errors import GardenerError, UsageError
from bot.core.model.values import Severity
from bot.settings.settings import (
    Settings,
    SettingsError,
    load,
    local_secret,
)
from tests.paths import ROOT

VARIABLES = [
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_API_URL",
    "REDIS_URL",
    "GITHUB_TOKEN",
    "GITHUB_APP_ID",
    "GITHUB_APP_PRIVATE_KEY",
    "GITHUB_API_URL",
    "GARDENER_LOGGING_ENDPOINT",
    "GARDENER_MONITORING_ENDPOINT",
    "GARDENER_SECRET",
    "GARDENER_CONFIG",
    "GARDENER_STATE",
    "GARDENER_KEEP_MIB",
    "GARDENER_CLOCK",
    "PORT",
    "LOG_LEVEL",
]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch, tmp_path):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "gardener.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def mistake(config: Path | None = None) -> str:
    with pytest.raises(GardenerError) as error:
        load(config)
    return str(error.value)


def test_nothing_set_is_enough(tmp_path):
    settings = load()
    assert settings.environments == {}
    assert settings.config == tmp_path / "gardener.toml"
    assert settings.state_dir == Path("~/.local/state/gardener").expanduser()
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.github_api_url == "https://api.github.com"
    assert (settings.redis_url, settings.secrets, settings.port) == (None, (), 8080)


def test_the_committed_file_is_read():
    assert load(ROOT / "gardener.toml").environments == {
        "staging": Environment("staging", "netra-staging", ("netra-backend-staging",), "owner/name")
    }


def test_every_key_is_read(write):
    write(
        """
        [environments.prod]
        project = "acme-prod"
        services = ["api", "worker", "api"]
        github = "acme/backend"
        min_severity = "error"
        timezone = "Europe/Berlin"
        channels = ["C0123", "#ops"]
        act = []
        admin = ["U0123", "@oncall"]
        """
    )
    assert load().environments["prod"] == Environment(
        "prod",
        "acme-prod",
        ("api", "worker"),
        "acme/backend",
        Severity.ERROR,
        "Europe/Berlin",
        ("C0123", "#ops"),
        (),
        ("U0123", "@oncall"),
    )


def test_an_argument_beats_the_variable_which_beats_the_working_directory(
    write, tmp_path, monkeypatch
):
    def config(name, path):
        path.write_text(f'[environments.{name}]\nproject = "p"\n')
        return path

    config("here", tmp_path / "gardener.toml")
    assert set(load().environments) == {"here"}
    monkeypatch.setenv("GARDENER_CONFIG", str(config("there", tmp_path / "b.toml")))
    assert set(load().environments) == {"there"}
    assert set(load(config("said", tmp_path / "c.toml")).environments) == {"said"}
    assert load(read_config=False).environments == {}


def test_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:8765/slack/api")
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:8765/github/api/")
    monkeypatch.setenv("GARDENER_SECRET", "newest, older ,newest")
    monkeypatch.setenv("GARDENER_LOGGING_ENDPOINT", "grpc://127.0.0.1:9")
    monkeypatch.setenv("GARDENER_MONITORING_ENDPOINT", "http://127.0.0.1:9/")
    monkeypatch.setenv("GITHUB_APP_ID", "7")
    monkeypatch.setenv("GITHUB_APP_PRIVATE_KEY", "-----BEGIN\\nabc\\n-----END")
    monkeypatch.setenv("GARDENER_STATE", "~/x")
    monkeypatch.setenv("GARDENER_KEEP_MIB", "0")
    monkeypatch.setenv("PORT", "0")
    monkeypatch.setenv("LOG_LEVEL", "debug")
    monkeypatch.setenv("SLACK_APP_TOKEN", "")
    settings = load()
    assert settings.slack_api_url == "http://127.0.0.1:8765/slack/api/"
    assert settings.github_api_url == "http://127.0.0.1:8765/github/api"
    assert settings.secrets == (b"newest", b"older")
    assert settings.logging_endpoint == "grpc://127.0.0.1:9"
    assert settings.monitoring_endpoint == "http://127.0.0.1:9"
    assert settings.github_app_private_key.get_secret_value() == "-----BEGIN\nabc\n-----END"
    assert settings.state_dir == Path("~/x").expanduser()
    assert (settings.port, settings.log_level, settings.keep_mib) == (0, "DEBUG", 0)
    assert settings.slack_app_token is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("GARDENER_KEEP_MIB", "-1", "GARDENER_KEEP_MIB must be a number of MiB from 0 to 65536"),
        ("PORT", "http", "PORT must be a number from 0 to 65535"),
        ("PORT", "70000", "PORT must be a number from 0 to 65535"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL must be DEBUG, INFO"),
        ("REDIS_URL", "http://:hunter2@x", "REDIS_URL must begin with redis://"),
        ("SLACK_API_URL", "slack.com", "SLACK_API_URL must be a web address"),
        ("GITHUB_API_URL", "ftp://x", "GITHUB_API_URL must be a web address"),
        ("GARDENER_LOGGING_ENDPOINT", "localhost:9", "must read grpc://host:port"),
        ("GARDENER_LOGGING_ENDPOINT", "grpc://localhost", "must read grpc://host:port"),
        ("GARDENER_LOGGING_ENDPOINT", "grpc://localhost:http", "must read grpc://host:port"),
        ("GARDENER_MONITORING_ENDPOINT", "grpc://localhost:9", "must be a web address"),
        ("GITHUB_APP_ID", "7", "GITHUB_APP_PRIVATE_KEY is not"),
        ("GITHUB_APP_PRIVATE_KEY", "hunter2", "GITHUB_APP_ID is not"),
        ("GARDENER_SECRET", ",hunter2", "begins with a comma"),
        ("GARDENER_CONFIG", "/nowhere/gardener.toml", "GARDENER_CONFIG"),
    ],
)
def test_a_wrong_variable_is_named_and_its_secret_is_not(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    sentence = mistake()
    assert said in sentence
    assert "hunter2" not in sentence
    assert "\n" not in sentence


HEAD = '[environments.staging]\nproject = "acme"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[environments.staging\n", "line 1"),
        ('[environments.staging]\nproject = "a"\nproject = "b"\n', "line 3"),
        (b"[environments.caf\xe9]", "UTF-8"),
        ("[environment.staging]\n", "environment is no setting. Did you mean environments?"),
        ("environments = 3", "must be tables"),
        ("[environments]\nstaging = 3", "[environments.staging]"),
        ('[environments."a b"]\nproject = "p"', "no name"),
        ('[environments.a]\nproject="p"\n[environments.A]\nproject="p"', "twice"),
        ('[environments.staging]\nservices = ["a"]', "environments.staging.project is missing"),
        (HEAD + 'servics = ["a"]', "environments.staging.servics is no setting. Did you mean serv"),
        (HEAD + 'services = "api"', "environments.staging.services must be a list"),
        (HEAD + "services = [1]", "environments.staging.services must be text"),
        (HEAD + 'services = ["a b"]', '"a b" is not a Cloud Run service'),
        (HEAD + 'min_severity = "WARN"', '"WARN" is no severity. Did you mean WARNING?'),
        (HEAD + "min_severity = 400", "min_severity must be text"),
        (HEAD + 'timezone = "Europe/Berln"', "no time zone. Did you mean Europe/Berlin?"),
        (HEAD + 'timezone = "../etc/passwd"', "no time zone"),
        (HEAD + 'github = "https://github.com/acme/backend"', "write owner/name"),
        (HEAD + 'github = "backend"', "write owner/name"),
        (HEAD + 'channels = ["ops"]', 'such as "C0123" or "#ops"'),
        (HEAD + 'act = ["ana"]', 'such as "U0123"'),
        ('[environments.s]\nproject = "a\\" OR severity=\\"x"', "Google Cloud project id"),
        ("", None),
    ],
)
def test_a_wrong_file_is_told_with_its_path_and_place(write, text, said):
    path = write(text)
    if said is None:
        assert load().environments == {}
        return
    sentence = mistake()
    assert str(path) in sentence
    assert said in sentence
    assert "\n" not in sentence


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "gardener.toml").mkdir()
    assert "cannot be read" in mistake()


def test_an_unknown_environment_gets_the_nearest(write):
    write('[environments.staging]\nproject="p"\n[environments.prod]\nproject="p"')
    settings = load()
    assert settings.environment("Staging").name == "staging"
    with pytest.raises(UsageError, match=r"Did you mean staging\? Known: staging, prod\."):
        settings.environment("stagin")
    with pytest.raises(UsageError, match=r'no "zzz"\. Known'):
        settings.environment("zzz")
    with pytest.raises(UsageError, match="GARDENER_CONFIG"):
        Settings().environment("staging")


def test_no_secret_is_ever_printed(monkeypatch):
    for name in VARIABLES:
        if "TOKEN" in name or name.endswith("SECRET"):
            monkeypatch.setenv(name, f"hunter2-{name}")
    monkeypatch.setenv("REDIS_URL", "redis://user:hunter2@host/0")
    settings = load()
    assert "hunter2" not in f"{settings!r} {settings} {settings.slack_bot_token!r}"
    assert "hunter2" in settings.hidden
    assert {"hunter2-SLACK_BOT_TOKEN", "hunter2-GARDENER_SECRET"} <= set(settings.hidden)


class TestLocalSecret:
    def test_it_is_made_once_and_for_its_owner_alone(self, tmp_path):
        state = tmp_path / "state"
        with ThreadPoolExecutor(8) as pool:
            made = set(pool.map(lambda _: local_secret(state), range(8)))
        (secret,) = made
        assert len(secret) == 64
        assert stat.S_IMODE((state / "secret").stat().st_mode) == 0o600
        assert [path.name for path in state.iterdir()] == ["secret"]

    def test_a_place_that_cannot_be_used_is_named(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(SettingsError, match="GARDENER_STATE"):
            local_secret(tmp_path / "file" / "state")


def test_the_time_can_be_moved_only_beside_a_stand_in_for_slack(monkeypatch, tmp_path):
    monkeypatch.setenv("GARDENER_CLOCK", str(tmp_path / "clock"))
    assert "unset it to use the real Slack" in mistake()
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:8765/slack/api/")
    assert load().clock == tmp_path / "clock"
