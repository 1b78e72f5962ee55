from __future__ import annotations

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot import wiring
from bot.core.model.errors import Refused, Unavailable
from bot.settings.settings import Settings, local_secret
from bot.wiring import Wiring, build, perform, use
from tests.installation import INSTALLATION


class TestSecrets:
    def test_what_was_set_is_used(self, tmp_path):
        assert build(Settings(state_dir=tmp_path, secrets=(b"a", b"b"))).secrets == (b"a", b"b")
        assert list(tmp_path.iterdir()) == []

    def test_the_embedded_store_works_without_one(self, tmp_path):
        parts = build(Settings(state_dir=tmp_path))
        assert parts.secrets == (local_secret(tmp_path),)

    def test_what_was_kept_before_one_was_set_is_still_found(self, tmp_path):
        own = local_secret(tmp_path)
        assert build(Settings(state_dir=tmp_path, secrets=(b"a",))).secrets == (b"a", own)

    def test_a_shared_store_needs_one(self, tmp_path):
        parts = build(Settings(state_dir=tmp_path, redis_url=SecretStr("redis://127.0.0.1:1")))
        with pytest.raises(Refused, match="openssl rand"):
            _ = parts.registry


def test_nothing_is_dialled_before_it_is_needed(tmp_path):
    parts = build(
        Settings(
            state_dir=tmp_path / "state",
            redis_url=SecretStr("redis://127.0.0.1:1"),
            secrets=(b"a",),
            installation=INSTALLATION,
            slack_bot_token=SecretStr("xoxb-1"),
            slack_api_url="http://127.0.0.1:1/",
            github_token=SecretStr("t"),
            logging_endpoint="grpc://127.0.0.1:1",
        )
    )
    for name in [
        "registry",
        "decisions",
        "subscriptions",
        "reports",
        "locks",
        "queue",
        "tracker",
        "logs",
        "slack_client",
        "slack",
    ]:
        assert getattr(parts, name) is getattr(parts, name)
    with pytest.raises(Unavailable):
        parts.ping()
    assert not (tmp_path / "state").exists()


def test_without_a_token_slack_is_refused(tmp_path):
    with pytest.raises(Refused, match="SLACK_BOT_TOKEN"):
        _ = build(Settings(state_dir=tmp_path)).slack


class TestPerform:
    @pytest.fixture
    def jobs(self, redis_client, _state_of_session):
        """The table of jobs; what is not in it cannot be run."""
        use(Wiring(Settings(state_dir=_state_of_session, installation=INSTALLATION)))
        yield {}
        wiring._in_use.clear()

    @pytest.mark.parametrize("queued", ["analyze", "bot.jobs.analyze"])
    def test_a_job_gets_the_wiring_and_its_arguments(self, jobs, queued):
        seen = []
        jobs["analyze"] = lambda parts, **kwargs: seen.append((parts, kwargs))
        perform(queued, {"window": "2d"}, jobs=jobs)
        assert seen == [(wiring._in_use[0], {"window": "2d"})]

    def test_a_digest_that_the_version_before_queued_is_posted(self, jobs):
        seen = []
        jobs["digest"] = lambda parts, *, channel, occasion: seen.append((channel, occasion))
        perform("bot.jobs.digest", {"channel": "C1", "slot": "staging-C1-2025-09-16"}, jobs=jobs)
        assert seen == [("C1", "staging-C1-2025-09-16")]

    @pytest.mark.parametrize("error", [Unavailable("Slack is away."), ValueError("a mistake")])
    def test_an_error_does_not_make_it_run_again(self, jobs, error):
        def fail(parts):
            raise error

        jobs["fail"] = fail
        perform("fail", {}, jobs=jobs)

    @pytest.mark.parametrize("name", ["os.system", "bot.jobs.os.system", "system", ""])
    def test_only_jobs_are_jobs(self, jobs, name):
        called = []
        jobs["analyze"] = lambda *_, **__: called.append(1)
        with capture_logs() as logged:
            perform(name, {}, jobs=jobs)
        assert called == []
        assert [line["event"] for line in logged] == ["this is no job"]
