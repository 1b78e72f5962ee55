"""The composition root: builds each outside system once.

Nothing connects here or at import: each part is built on first access and connects on first use. So
the worker can be wired before it forks, and its gRPC client is created in the job.
"""

from __future__ import annotations

import importlib
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import structlog

from bot.adapters.github.ancestry import Ancestry
from bot.adapters.moved_clock import MovedClock
from bot.adapters.redis import client
from bot.adapters.redis.cache import RedisLocks, RedisRateLimit, RedisReportCache
from bot.adapters.redis.channels import RedisSubscriptions, RedisWatches
from bot.adapters.redis.client import Store
from bot.adapters.redis.conversations import RedisConversationMemory
from bot.adapters.redis.decisions import RedisDecisionBook
from bot.adapters.redis.grouping_rules import RedisRuleBook
from bot.adapters.redis.history import RedisHistory
from bot.adapters.redis.kept_rollups import RedisKeptRollups
from bot.adapters.redis.look_ups import RedisComparedCommits, RedisLookUps
from bot.adapters.redis.posted import RedisPosted
from bot.adapters.redis.queue import keys
from bot.adapters.redis.queue.old_queue import OldQueue
from bot.adapters.redis.registry import RedisRegistry
from bot.adapters.redis.runs import RedisRunProgress, RedisRuns
from bot.adapters.redis.shown_reports import RedisRecentReports, RedisShownReports
from bot.adapters.redis.source_index import RedisSources
from bot.adapters.redis.sync_memory import RedisSyncMemory, RedisUnlinkedIssues
from bot.adapters.redis.takeover import Takeover
from bot.adapters.redis.worklogs import RedisWorklogs
from bot.core.clusters.aliases import AliasedDecisions
from bot.core.model.environment import Environment
from bot.core.model.errors import GardenerError, Refused
from bot.job_names import understood
from bot.settings.settings import Settings, load, local_secret

if TYPE_CHECKING:
    from slack_sdk import WebClient

    from bot.adapters.chart import Chart
    from bot.adapters.github.tracker import GitHubTracker
    from bot.adapters.google.activity import CloudActivity
    from bot.adapters.google.cloud_logging import CloudLogging
    from bot.adapters.google.monitoring import CloudMonitoring
    from bot.adapters.redis.queue.queue import JobQueue
    from bot.adapters.slack.messenger import SlackMessenger
    from bot.core.model.report import Report

JOB_MODULE = "bot.jobs"
"""Contains the table `JOBS`; imported by name, since its layer is above this one."""
MIB = 1024 * 1024
LIST_CALLS = 55
"""Reads per minute and project; Google allows 60, and people in the console need some."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Wiring:
    """All outside systems of a process, each built on first access."""

    settings: Settings
    now: Callable[[], int] = field(default=time.time_ns)
    """Nanoseconds since the epoch."""

    def having(self, **parts: object) -> Wiring:
        """Returns a copy with the given parts in place of those it would build.

        For tests and tools that replace a port: `wiring.having(logs=FakeLogs())`. Raises
        `TypeError` for an unknown part.
        """
        made = Wiring(self.settings, self.now)
        if unknown := parts.keys() - {n for n in dir(Wiring) if not n.startswith("_")}:
            raise TypeError(f"no such part: {', '.join(sorted(unknown))}")
        vars(made).update(parts)  # where `cached_property` keeps what it has built
        return made

    @cached_property
    def secrets(self) -> tuple[bytes, ...]:
        """GARDENER_SECRET; if unset, with the embedded server, this machine's own secret.

        Raises `Refused` if there is neither.
        """
        own = self.settings.state_dir / "secret"
        if self.settings.secrets:
            # Keys made earlier with this machine's own secret must still be found.
            if self.settings.redis_url is None and own.is_file():
                return (*self.settings.secrets, local_secret(self.settings.state_dir))
            return self.settings.secrets
        if self.settings.redis_url is not None:
            raise Refused(
                "GARDENER_SECRET is not set: the store's keys and the issue markers need it. "
                "Make one with: openssl rand -hex 32"
            )
        return (local_secret(self.settings.state_dir),)

    @cached_property
    def redis_client(self) -> Store:
        """The store's client for this process."""
        return self.connect()

    def connect(self) -> Store:
        """Returns a client with a connection pool of its own, as the worker needs."""
        url = self.settings.redis_url
        return client.connect(
            None if url is None else url.get_secret_value(),
            self.settings.state_dir,
            self.settings.installation or client.installation_of(self.secrets),
        )

    @cached_property
    def takeover(self) -> Takeover:
        """Copies the data of version 0.1."""
        return Takeover(self.redis_client, self.settings.environments)

    def take_over(self) -> None:
        """Copies the data of version 0.1, and what it has added since if it still runs.

        Raises `GardenerError`.
        """
        self.takeover.take_over(time.time())

    def adopt_jobs(self) -> None:
        """Copies the data and queued jobs of version 0.1; a worker calls it repeatedly."""
        if self.takeover.needed():
            self.take_over()
            OldQueue(self.redis_client, self.queue.name).adopt(
                old_workers=self.takeover.old_workers()
            )

    def ping(self) -> None:
        """Raises `Unavailable` or `Refused` if the store does not answer."""
        client.ping(self.redis_client)

    @cached_property
    def registry(self) -> RedisRegistry:
        """`ports.Registry`."""
        return RedisRegistry(self.redis_client, self.secrets)

    @cached_property
    def decisions(self) -> AliasedDecisions:
        """`ports.DecisionBook`, in which merged clusters share their decisions."""
        return AliasedDecisions(RedisDecisionBook(self.redis_client), self.rules)

    @cached_property
    def rules(self) -> RedisRuleBook:
        """`ports.RuleBook`."""
        return RedisRuleBook(self.redis_client)

    @cached_property
    def subscriptions(self) -> RedisSubscriptions:
        """`ports.Subscriptions`."""
        return RedisSubscriptions(self.redis_client)

    @cached_property
    def watches(self) -> RedisWatches:
        """`ports.Watches`."""
        return RedisWatches(self.redis_client)

    @cached_property
    def reports(self) -> RedisReportCache:
        """`ports.ReportCache`."""
        return RedisReportCache(self.redis_client)

    @cached_property
    def locks(self) -> RedisLocks:
        """`ports.Locks`."""
        return RedisLocks(self.redis_client)

    @cached_property
    def shown(self) -> RedisShownReports:
        """`ports.ShownReports`."""
        return RedisShownReports(self.redis_client)

    @cached_property
    def recent(self) -> RedisRecentReports:
        """`ports.RecentReports`."""
        return RedisRecentReports(self.redis_client)

    @cached_property
    def conversations(self) -> RedisConversationMemory:
        """`ports.ConversationMemory`."""
        return RedisConversationMemory(self.redis_client)

    @cached_property
    def posted(self) -> RedisPosted:
        """`ports.Posted`."""
        return RedisPosted(self.redis_client)

    @cached_property
    def worklogs(self) -> RedisWorklogs:
        """`ports.Worklogs`."""
        return RedisWorklogs(self.redis_client)

    @cached_property
    def sync_memory(self) -> RedisSyncMemory:
        """`ports.SyncMemory`."""
        return RedisSyncMemory(self.redis_client)

    @cached_property
    def unlinked(self) -> RedisUnlinkedIssues:
        """`ports.UnlinkedIssues`."""
        return RedisUnlinkedIssues(self.redis_client)

    @cached_property
    def look_ups(self) -> RedisLookUps:
        """`ports.LookUps` for Slack's users and conversations."""
        return RedisLookUps(self.redis_client, "slack")

    @cached_property
    def history(self) -> RedisHistory:
        """`ports.History`."""
        return RedisHistory(self.redis_client)

    @cached_property
    def kept(self) -> RedisKeptRollups | None:
        """`ports.KeptRollups`; None if the settings allow it no memory."""
        if not self.settings.keep_mib:
            return None
        return RedisKeptRollups(self.redis_client, self.settings.keep_mib * MIB)

    @cached_property
    def metrics(self) -> CloudMonitoring | None:
        """Cloud Monitoring, which counts requests beside the request log; None if disabled."""
        from bot.adapters.google.monitoring import metrics

        return metrics(self.settings.monitoring_endpoint, self.settings.logging_endpoint)

    @cached_property
    def activity(self) -> CloudActivity:
        """`ports.Activity`."""
        from bot.adapters.google.activity import CloudActivity

        return CloudActivity(self.logs, self.metrics)

    @property
    def newest(self) -> CloudLogging:
        """`ports.NewestEntries`."""
        return self.logs

    @cached_property
    def sources(self) -> RedisSources:
        """The source index of each environment, from `gardener index`."""
        return RedisSources(self.redis_client)

    @property
    def environments(self) -> tuple[Environment, ...]:
        """All configured environments, in the file's order."""
        return tuple(self.settings.environments.values())

    def environment(self, name: str) -> Environment:
        """Finds an environment by name, ignoring case. Raises `UsageError`."""
        return self.settings.environment(name)

    @property
    def signing_secret(self) -> str | None:
        """Slack's signing secret, for requests over HTTP; None if unset."""
        secret = self.settings.slack_signing_secret
        return None if secret is None else secret.get_secret_value()

    @cached_property
    def queue(self) -> JobQueue:
        """The job queue."""
        keys.claim(self.redis_client)
        from bot.adapters.redis.queue.queue import JobQueue

        return JobQueue(self.redis_client)

    @cached_property
    def runs(self) -> RedisRuns:
        """`runs.Runs`."""
        return RedisRuns(self.queue)

    @cached_property
    def progress(self) -> RedisRunProgress:
        """`runs.RunProgress`."""
        return RedisRunProgress(self.redis_client)

    @cached_property
    def tracker(self) -> GitHubTracker:
        """`ports.IssueTracker`."""
        from bot.adapters.github.tracker import (
            App,
            GitHubTracker,
            SharedPace,
            Token,
        )

        settings = self.settings
        credentials: Token | App | None = None
        if settings.github_token is not None:
            credentials = Token(settings.github_token.get_secret_value())
        elif settings.github_app_id is not None and settings.github_app_private_key is not None:
            key = settings.github_app_private_key.get_secret_value()
            credentials = App(settings.github_app_id, key)
        pace = SharedPace(self.locks, sleep=time.sleep, new_token=lambda: uuid.uuid4().hex)
        return GitHubTracker(credentials, base_url=settings.github_api_url, pace=pace)

    @cached_property
    def ancestry(self) -> Ancestry:
        """Checks whether one commit contains another, for fixes."""
        return Ancestry(self.tracker, RedisComparedCommits(self.redis_client))

    @cached_property
    def logs(self) -> CloudLogging:
        """`ports.LogSource`. Its client is created at the first read, after the fork."""
        from bot.adapters.google.cloud_logging import CloudLogging

        if self.settings.logging_endpoint is not None:
            return CloudLogging(self.settings.logging_endpoint)
        budget = RedisRateLimit(self.redis_client, "entries.list", LIST_CALLS, 60)
        return CloudLogging(budget=budget)

    @cached_property
    def slack_client(self) -> WebClient:
        """The Web API with the bot's token. Raises `Refused` if it is unset."""
        import ssl

        from slack_sdk import WebClient
        from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

        if self.settings.slack_bot_token is None:
            raise Refused("SLACK_BOT_TOKEN is not set: it is on the app's OAuth page at Slack.")
        return WebClient(
            token=self.settings.slack_bot_token.get_secret_value(),
            base_url=self.settings.slack_api_url,
            # Without a shared context, each call would load all certificates again: 20 ms.
            ssl=ssl.create_default_context(),
            # The default retries a POST that Slack may have accepted: two posts.
            retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=2)],
        )

    @cached_property
    def chart(self) -> Callable[[Report], Chart]:
        """Draws a report's chart; the first access costs half a second of imports."""
        from bot.adapters.chart import draw

        return draw

    @cached_property
    def slack(self) -> SlackMessenger:
        """The messenger: posts and edits within Slack's rate limits; raises our errors."""
        from bot.adapters.slack.messenger import SlackMessenger

        pace = RedisRateLimit(self.redis_client, "slack.post", 1, 1.0)
        return SlackMessenger(self.slack_client, look_ups=self.look_ups, pace=pace.take)


def build(settings: Settings) -> Wiring:
    """Returns a wiring with these settings."""
    if settings.clock is None:
        return Wiring(settings)
    return Wiring(settings, MovedClock(settings.clock))


# --- in the worker's child process ---------------------------------------------------------------

_in_use: list[Wiring] = []


def use(wiring: Wiring) -> None:
    """Sets the wiring that `perform` passes to jobs; forked children inherit it."""
    _in_use[:] = [wiring]


def perform(
    function: str,
    kwargs: Mapping[str, Any],
    *,
    jobs: Mapping[str, Callable[..., None]] | None = None,
) -> None:
    """Runs a queued job: `JOBS[function](wiring, **kwargs)`.

    RQ calls this by its dotted path, which queued jobs of older versions contain too. `jobs`
    replaces `JOBS`.

    Errors are logged, not raised: otherwise RQ would run the job three more times and notify
    the same people each time. Only killed jobs are retried.
    """
    if not _in_use:
        use(build(load()))
    name, arguments = understood(function, kwargs)
    with structlog.contextvars.bound_contextvars(job=name):
        table = importlib.import_module(JOB_MODULE).JOBS if jobs is None else jobs
        job = table.get(name)
        if job is None:
            _log.error("this is no job", function=function)
            return
        try:
            _in_use[0].take_over()
            job(_in_use[0], **arguments)
        except GardenerError as error:
            _log.warning("a job failed", error=str(error))
        except Exception:  # noqa: BLE001 - logged with its traceback
            _log.exception("a job broke", reference=uuid.uuid4().hex[:4])
