"""The outside systems that handlers and jobs receive, as `bot.wiring` builds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from bot.adapters.chart import Chart
from bot.adapters.github.ancestry import Ancestry
from bot.adapters.redis.source_index import RedisSources
from bot.core.analysis.kept_traffic import KeptTraffic
from bot.core.analysis.outside import Outside
from bot.core.model.environment import Environment
from bot.core.model.report import Report
from bot.core.ports import (
    Activity,
    ConversationMemory,
    DecisionBook,
    History,
    IssueTracker,
    KeptRollups,
    Locks,
    LogSource,
    NewestEntries,
    Posted,
    RecentReports,
    Registry,
    ReportCache,
    RuleBook,
    ShownReports,
    Subscriptions,
    SyncMemory,
    UnlinkedIssues,
    Watches,
    Worklogs,
)
from bot.runs import RunProgress, Runs

if TYPE_CHECKING:
    from slack_sdk import WebClient

    from bot.adapters.redis.queue.queue import JobQueue
    from bot.adapters.slack.messenger import SlackMessenger


class Toolbox(Protocol):
    """All outside systems. Each is built on first access and connects on first use."""

    def now(self) -> int:
        """Returns nanoseconds since the epoch."""
        ...

    def environment(self, name: str) -> Environment:
        """Finds an environment by name, ignoring case. Raises `UsageError`."""
        ...

    @property
    def environments(self) -> Sequence[Environment]: ...
    @property
    def secrets(self) -> tuple[bytes, ...]: ...
    @property
    def signing_secret(self) -> str | None: ...
    @property
    def registry(self) -> Registry: ...
    @property
    def decisions(self) -> DecisionBook: ...
    @property
    def rules(self) -> RuleBook: ...
    @property
    def subscriptions(self) -> Subscriptions: ...
    @property
    def watches(self) -> Watches: ...
    @property
    def reports(self) -> ReportCache: ...
    @property
    def locks(self) -> Locks: ...
    @property
    def shown(self) -> ShownReports: ...
    @property
    def recent(self) -> RecentReports: ...
    @property
    def conversations(self) -> ConversationMemory: ...
    @property
    def posted(self) -> Posted: ...
    @property
    def worklogs(self) -> Worklogs: ...
    @property
    def sync_memory(self) -> SyncMemory: ...
    @property
    def unlinked(self) -> UnlinkedIssues: ...
    @property
    def history(self) -> History: ...
    @property
    def kept(self) -> KeptRollups | None: ...
    @property
    def sources(self) -> RedisSources: ...
    @property
    def queue(self) -> JobQueue: ...
    @property
    def runs(self) -> Runs: ...
    @property
    def progress(self) -> RunProgress: ...
    @property
    def tracker(self) -> IssueTracker: ...
    @property
    def ancestry(self) -> Ancestry: ...
    @property
    def logs(self) -> LogSource: ...
    @property
    def activity(self) -> Activity: ...
    @property
    def newest(self) -> NewestEntries: ...
    @property
    def slack(self) -> SlackMessenger: ...
    @property
    def chart(self) -> Callable[[Report], Chart]: ...
    @property
    def slack_client(self) -> WebClient: ...


def outside(tools: Toolbox, environment: Environment) -> Outside:
    """Returns all that an analysis of an environment's live log may use."""
    kept, activity, secret = tools.kept, tools.activity, tools.secrets[0]
    if kept is not None:
        activity = KeptTraffic(activity, kept, secret, tools.now)
    return Outside(
        tools.logs,
        registry=tools.registry,
        decisions=tools.decisions,
        history=tools.history,
        activity=activity,
        newest=tools.newest,
        kept=kept,
        locate=tools.sources.locate(environment.name),
        rules=tools.rules.all(environment.name),
        secret=secret,
        contains=tools.ancestry.of(environment.name),
    )
