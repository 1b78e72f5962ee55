"""`/gardener diff`: compares two revisions, from the latest report or else a week's log."""

from __future__ import annotations

import uuid

from blocks import buttons, replies
from blocks.buttons import Act
from blocks.revision_diff import comparison
from bot.asker import Asker
from bot.core.analysis.analyze import analyze as analyze_log
from bot.core.commands.access import may_look
from bot.core.commands.commands import Diff
from bot.core.model.environment import Environment
from bot.core.model.grouping_rules import Teaching
from bot.core.model.report import Report
from bot.core.model.values import DAY, HOUR, Window
from bot.core.reports import revision_diff as comparing
from bot.job_names import JobName
from bot.jobs import acknowledgements, report_messages
from bot.jobs.common import answering, require, tell
from bot.toolbox import Toolbox, outside

SPAN = 7 * DAY
TYPED = "7d"
"""`SPAN` as typed in a command."""


def ask(tools: Toolbox, asker: Asker, environment: Environment, wanted: Diff) -> None:
    """Answers from the latest report if possible, else queues a reading."""
    if _from_latest(tools, asker, environment, wanted):
        return
    tools.queue.enqueue(
        JobName.COMPARE,
        {
            "asker": asker.encode(),
            "environment": environment.name,
            "a": wanted.a,
            "b": wanted.b,
        },
        job_id=f"diff-{asker.request}", unique=True, keep=3_600,
    )  # fmt: skip
    tell(
        tools, asker, replies.note(f"{environment.name}: reading 7 d to compare. Only you see it.")
    )


def compare(tools: Toolbox, *, asker: dict[str, object], environment: str, a: str, b: str) -> None:
    """Reads a week of log and answers, unless a suitable report has appeared meanwhile."""
    who, wanted = Asker.decode(asker), Diff(environment, a, b)
    with answering(tools, who, again=Act(buttons.RUN, environment, query=wanted.typed)):
        known = tools.environment(environment)
        require(may_look(known, who.user, who.channel, tools.slack))
        if _from_latest(tools, who, known, wanted):
            return
        key, report = _read(tools, known)
        _answer(tools, who, report, wanted, key)
        acknowledgements.tell_broken(tools, known, report, lambda: key, who.channel)


def _read(tools: Toolbox, environment: Environment) -> tuple[str, Report]:
    now = tools.now()
    systems = outside(tools, environment)
    report = analyze_log(
        systems,
        environment.query(Window(now - SPAN, now)),
        environment,
        now=now,
    )
    key = f"r-{uuid.uuid4().hex[:12]}"
    typed = f"{environment.name} {TYPED}"
    report_messages.keep(tools, key, report, typed)
    # Whoever presses [Show all] at once gets it without another reading of the week.
    rules = Teaching(systems.rules).version
    tools.recent.put_answer(environment.name, typed, rules, key, now=tools.now())
    return key, report


def _from_latest(tools: Toolbox, asker: Asker, environment: Environment, wanted: Diff) -> bool:
    """Answers from the latest report; False if it is unsuitable.

    Suitable is a fresh one with both revisions, or of a week: reading again would find no more.
    """
    key = tools.recent.latest(environment.name)
    report = tools.reports.get(environment.name, key) if key else None
    if report is None or not report.spans or report.min_severity > environment.min_severity:
        return False
    if tools.now() - report.generated > report_messages.OLD:
        return False
    week = report.window.end - report.window.start >= SPAN - HOUR
    found = comparing.resolve(report, wanted.a, wanted.b)
    if isinstance(found, comparing.Unknown) and not week:
        return False
    _answer(tools, asker, report, wanted, key)
    return True


def _answer(tools: Toolbox, asker: Asker, report: Report, wanted: Diff, key: str) -> None:
    found = comparing.resolve(report, wanted.a, wanted.b)
    if isinstance(found, comparing.Unknown):
        right = Diff(report.environment, *found.pair).typed if found.pair else None
        tell(tools, asker, replies.wrong(found.sentence, right, Act("")))
        return
    typed = tools.shown.get(report.environment, key).typed
    message = comparison(
        comparing.compare(report_messages.fresh(tools, report), *found),
        report,
        now=tools.now(),
        query=report_messages.query(report.environment, typed, key),
    )
    tell(tools, asker, message)
