"""Daily digests: queued when due, compared with the previous one, posted once."""

from __future__ import annotations

import uuid
from dataclasses import replace

import structlog

from blocks import digest as digest_blocks
from bot.adapters.slack.messenger import NotMember
from bot.asker import Asker
from bot.core.analysis.analyze import analyze as analyze_log
from bot.core.clusters.aliases import as_taught
from bot.core.commands.access import may_look
from bot.core.commands.time_windows import LONGEST
from bot.core.model.errors import GardenerError, Unavailable
from bot.core.model.grouping_rules import Teaching
from bot.core.model.report import Report
from bot.core.model.shown import (
    DIGEST,
    KEPT,
    DigestFailure,
    DigestPost,
    DigestQueued,
    ShownMessage,
)
from bot.core.model.values import DAY, MINUTE, Window
from bot.core.ports import Subscription
from bot.core.reports import digest as digests
from bot.core.reports import digest_schedule
from bot.job_names import JobName
from bot.jobs import (
    acknowledgements,
    github_sync,
    report_messages,
    watches,
    worklog,
)
from bot.jobs.common import answering, require
from bot.jobs.first_seen import FirstSeen
from bot.toolbox import Toolbox, outside

HOLD = 120
"""Seconds for which the lock around one digest is held."""
AGAIN = 15 * MINUTE
"""Nanoseconds between two attempts at a digest that failed."""
ATTEMPTS = 8
"""From this attempt on, a failed digest is retried only once an hour."""
MISSED_BY = 5 * MINUTE
"""A digest that is first queued so long (ns) after it was due was missed: the clock was down."""
MISSED, ON_TIME = "missed", "on time"
RECONCILED = 25
"""Seconds before pending issues are checked again; less than the clock's 30."""

_log = structlog.get_logger(__name__)


def due(tools: Toolbox, now: int) -> None:
    """Queues due digests, worklogs, issue syncs and expiry alerts; called twice a minute."""
    for subscription in tools.subscriptions.all():
        try:
            when = digest_schedule.last_due(subscription, now)
        except GardenerError as error:
            _log.warning("a digest has no time", channel=subscription.channel, why=str(error))
            continue
        if when is not None:
            _queue(tools, subscription, digest_schedule.occasion(subscription, when), when, now)
    watches.due(tools, now)
    for environment in tools.environments:
        worklog.left_over(tools, environment.name)
        decisions = tools.decisions.all(environment.name)
        if environment.github and any(known.issue for known in decisions.values()):
            tools.queue.enqueue(
                JobName.SYNC,
                {"environment": environment.name},
                job_id=f"github-{environment.name}", unique=True, keep=github_sync.PERIOD - 5,
            )  # fmt: skip
        if acknowledgements.run_out(tools, environment.name, decisions.values(), now):
            tools.queue.enqueue(
                JobName.TELL_ENDED,
                {"environment": environment.name},
                job_id=f"ended-{environment.name}", unique=True, keep=RECONCILED, quick=True,
            )  # fmt: skip
        if any(known.pending for known in decisions.values()):
            tools.queue.enqueue(
                JobName.RECONCILE,
                {"environment": environment.name},
                job_id=f"reconcile-{environment.name}", unique=True, keep=RECONCILED, quick=True,
            )  # fmt: skip


def _queue(tools: Toolbox, subscription: Subscription, occasion: str, due: int, now: int) -> None:
    """Queues a digest unless it was posted.

    A failed one is retried every quarter of an hour for two hours, then hourly; one never
    attempted, because the clock was down, is queued at once and says so.
    """
    late = now - due
    attempt = late // AGAIN
    failed = tools.posted.get(subscription.environment, DigestFailure(occasion)) is not None
    if failed and attempt >= ATTEMPTS and late < DAY - AGAIN and attempt % 4:
        return
    if tools.posted.get(subscription.environment, DigestPost(occasion)) is not None:
        return
    queued = tools.posted.get(subscription.environment, DigestQueued(occasion))
    if queued is None:
        # Later attempts must not blame the clock for what a failure or a busy worker delayed.
        queued = MISSED if late >= MISSED_BY and not failed else ON_TIME
        tools.posted.put(subscription.environment, DigestQueued(occasion), queued)
    task: dict[str, object] = {
        "environment": subscription.environment,
        "channel": subscription.channel,
        "occasion": occasion,
        "attempt": attempt,
    }
    if queued == MISSED:
        task["due"] = due
    tools.queue.enqueue(
        JobName.DIGEST,
        task,
        job_id=f"{occasion}-{attempt}",
        unique=True,
        keep=DigestPost.SECONDS,
    )


def digest(
    tools: Toolbox,
    *,
    environment: str,
    channel: str,
    occasion: str,
    attempt: int = 0,
    due: int = 0,
) -> None:
    """Makes and posts a subscribed digest. Idempotent per `occasion`.

    `due`: when it was due (nanoseconds), if the clock was down then; else 0.
    """
    subscription = next(
        (
            s
            for s in tools.subscriptions.all()
            if (s.environment, s.channel) == (environment, channel)
        ),
        None,
    )
    if subscription is None:
        return  # unsubscribed in the meantime
    asker = Asker(subscription.by, occasion, tools.now(), channel)
    if attempt > 0 and tools.posted.get(environment, DigestFailure(occasion)) is not None:
        # The subscriber knows about the failure; a further one is only logged.
        try:
            _post(tools, asker, environment, occasion, lasting=True, due=due)
        except GardenerError as error:
            _log.warning("a digest failed again", environment=environment, why=str(error))
        return
    with answering(tools, asker):
        try:
            _post(tools, asker, environment, occasion, lasting=True, due=due)
        except GardenerError as error:
            tools.posted.put(environment, DigestFailure(occasion), "")
            if not isinstance(error, Unavailable):
                raise
            raise Unavailable(
                f"Today's digest of {environment} could not be made: {error} "
                "I try again every quarter of an hour."
            ) from error


def digest_now(tools: Toolbox, *, asker: dict[str, object], environment: str) -> None:
    """Handles `/gardener digest now`, which does not affect the daily digest."""
    who = Asker.decode(asker)
    with answering(tools, who):
        _post(tools, who, environment, f"now-{who.request}", lasting=False)


def ask(tools: Toolbox, asker: Asker, environment: str) -> None:
    """Queues an immediate digest for the asker's channel."""
    tools.queue.enqueue(
        JobName.DIGEST_NOW,
        {"asker": asker.encode(), "environment": environment},
        job_id=f"digest-now-{asker.request}", unique=True, keep=3_600,
    )  # fmt: skip


def _post(
    tools: Toolbox,
    asker: Asker,
    environment: str,
    occasion: str,
    *,
    lasting: bool,
    due: int = 0,
) -> None:
    if tools.posted.get(environment, DigestPost(occasion)) is not None:
        return
    known = tools.environment(environment)
    # The channel may have been shared with another company since the subscription.
    require(may_look(known, asker.user, asker.channel, tools.slack))
    last = f"digest:{asker.channel}"
    previous = tools.reports.get(known.name, last)
    now = tools.now()
    start = previous.window.end if previous else now - DAY
    window = Window(max(start, now - LONGEST) if start < now else now - DAY, now)
    query = known.query(window)
    registry = FirstSeen(tools.registry, now)
    systems = replace(outside(tools, known), registry=registry)
    report = analyze_log(systems, query, known, now=now)
    if previous is not None:
        previous = as_taught(previous, Teaching(systems.rules))
    key = f"r-{uuid.uuid4().hex[:12]}"
    _keep(tools, key, report, previous)
    fixes = github_sync.fixes(tools, known.name)
    compared = digests.compare(
        previous,
        report,
        tools.decisions.all(known.name),
        now,
        first_seen=registry.first_seen,
        fixes=fixes,
    )
    typed = report_messages.typed(report)
    message = digest_blocks.digest(
        compared,
        now=now,
        query=report_messages.query(known.name, typed, key),
        late=digest_blocks.Late(due, now) if due else None,
    )
    # If a worker was wrongly taken for dead, two jobs run at once: only one posts. The lock
    # outlives the gap between posting and recording, and expires in time for a retry.
    if not tools.locks.once(f"digest:{occasion}", HOLD, uuid.uuid4().hex):
        return
    try:
        ts = tools.slack.post(asker.channel, message)
    except NotMember:
        if lasting:
            _stop(tools, asker, known.name)
        tools.slack.tell(
            asker.user, message, channel=asker.channel, response_url=asker.response_url
        )
        return
    tools.posted.put(known.name, DigestPost(occasion), ts)
    acknowledgements.tell_broken(tools, known, report, lambda: key, asker.channel)
    tools.shown.add(
        known.name,
        key,
        ShownMessage(DIGEST, asker.channel, ts, due=due),
    )
    tools.conversations.saw(known.name, asker.channel, key)
    tools.shown.put_fixes(known.name, key, fixes)
    if lasting:
        if report.coverage.complete:
            github_sync.verdict_told(tools, known.name, fixes)
        tools.reports.put(known.name, last, report, None)


def _keep(tools: Toolbox, key: str, report: Report, previous: Report | None) -> None:
    """Stores both compared reports under their own keys, so that the digest can be redrawn."""
    before = ""
    if previous is not None:
        before = f"{key}-before"
        tools.reports.put(report.environment, before, previous, KEPT)
    report_messages.keep(tools, key, report, report_messages.typed(report), before)


def _stop(tools: Toolbox, asker: Asker, environment: str) -> None:
    """Unsubscribes a channel that the bot was removed from."""
    removed = tools.subscriptions.remove(asker.channel, environment)
    _log.warning("a digest was stopped: not in the channel", removed=len(removed))


def unsubscribe(tools: Toolbox, asker: Asker, environment: str) -> tuple[Subscription, ...]:
    """Handles [Stop]: removes the channel's subscription and returns what was removed."""
    return tuple(tools.subscriptions.remove(asker.channel, environment))
