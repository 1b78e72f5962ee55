"""Analyses a log file that was sent to the bot, and answers in its thread."""

from __future__ import annotations

import tempfile
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from blocks import replies
from blocks import report as report_blocks
from bot.adapters.files.counted_file import CountedFile
from bot.asker import Asker
from bot.core.analysis.analyze import analyze as analyze_log
from bot.core.analysis.outside import Outside
from bot.core.analysis.reading import EVERYTHING
from bot.core.commands.access import may_look
from bot.core.model.environment import Environment, Query
from bot.core.model.errors import GardenerError, InputError, UsageError
from bot.core.model.report import Report
from bot.core.model.shown import REPORT, RequestAnswer, ShownMessage
from bot.jobs import commands, report_messages, thread
from bot.jobs.common import NotAllowed, answering, tell
from bot.toolbox import Toolbox

FILES = 1
"""Maximum files per message; more would put several reports in one thread."""


def mention(tools: Toolbox, *, asker: dict[str, object], text: str, files: list[Any]) -> None:
    """Answers a message to the bot: analyses its first file, or parses it like /gardener."""
    who = Asker.decode(asker)
    with answering(tools, who):
        if not files:
            commands.answer(tools, who, text or "help")
            return
        _file(tools, who, files[0], len(files))


def _file(tools: Toolbox, asker: Asker, file: dict[str, Any], count: int) -> None:
    environment = _environment(tools, asker)
    name = str(file.get("name") or "the file")
    if file.get("mode") == "external" or not file.get("url"):
        raise UsageError(f"{name} is not stored in Slack, so I cannot read it. Upload it here.")
    root = asker.thread or asker.message
    ts = _reading(tools, asker, environment.name, name, root)
    try:
        report = _read(tools, environment, str(file["url"]), name)
    except GardenerError as error:
        tools.slack.update(asker.channel, ts, replies.error(error))
        return
    key = f"r-{uuid.uuid4().hex[:12]}"
    typed = ""
    report_messages.keep(tools, key, report, typed, latest=False)
    report = report_messages.fresh(tools, report)
    message = report_blocks.report(
        report,
        now=tools.now(),
        age=None,
        query=report_messages.query(environment.name, typed, key),
        more=True,
    )
    tools.slack.update(asker.channel, ts, message)
    tools.shown.add(
        environment.name,
        key,
        ShownMessage(REPORT, asker.channel, ts),
    )
    thread.fill(tools, replace(asker, thread=root), report, typed, key=key, ts=ts)
    if count > FILES:
        tell(tools, asker, replies.note(f"I read {name}. One file a message, please."))


def _reading(tools: Toolbox, asker: Asker, environment: str, name: str, root: str) -> str:
    """Posts that the file is being read, once per request, and returns the message's `ts`."""
    first = RequestAnswer(asker.request)
    known = tools.posted.get(environment, first)
    if known is not None:
        return known
    ts = tools.slack.post(asker.channel, replies.note(f"Reading {name}."), thread=root or None)
    tools.posted.put(environment, first, ts)
    return ts


def _read(tools: Toolbox, environment: Environment, url: str, name: str) -> Report:
    content = tools.slack.download(url)
    with tempfile.TemporaryDirectory(prefix="gardener-") as folder:
        path = Path(folder) / "log.json"
        path.write_bytes(content)
        query = Query(environment.name, "", (), EVERYTHING, environment.min_severity)
        try:
            file = CountedFile(str(path))
            outside = Outside(
                file,
                registry=tools.registry,
                activity=file,
                unfiltered=True,
                locate=tools.sources.locate(environment.name),
                rules=tools.rules.all(environment.name),
            )
            return analyze_log(outside, query, environment, now=tools.now())
        except InputError as error:
            raise InputError(str(error).replace(str(path), name)) from error


def _environment(tools: Toolbox, asker: Asker) -> Environment:
    """Returns the first environment that the asker may read here; its settings apply to the file.

    Raises `NotAllowed` if there is none.
    """
    refused = ""
    for environment in tools.environments:
        answer = may_look(environment, asker.user, asker.channel, tools.slack)
        if answer:
            return environment
        refused = refused or answer.sentence
    raise NotAllowed(refused or "No environment is set up yet; gardener.toml names them.")
