"""`gardener doctor`: checks each setting and connection, with a fix for each failure."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bot.adapters.redis import client as store
from bot.core.model.environment import Environment, Query
from bot.core.model.errors import GardenerError
from bot.core.model.values import HOUR, Severity, Window
from bot.core.text import display
from bot.settings.settings import Settings, load
from bot.wiring import MIB, Wiring, build

PATIENCE = 20.0
"""Seconds that all connections together get to answer."""
CALLS = 5
"""Pages of 1,000 entries to count, of the 60 a minute that a project has."""
SHORT = 16
"""Minimum bytes of a secret; a shorter one can be guessed."""

SCOPES = ("chat:write", "commands", "files:write", "users:read", "channels:read")
"""OAuth scopes that the bot cannot work without; the manifest lists all that it uses."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check; its `str` is the line to print."""

    name: str
    state: str
    """`ok`, `fail`, or `-` if there is nothing to check."""
    detail: str
    """The finding and, for a failure, how to fix it."""

    def __str__(self) -> str:
        return f"{self.state:<4}  {self.name}: {self.detail}"


def doctor(config: Path | None = None, show: Callable[[str], None] = print) -> bool:
    """Runs all checks and shows each result at once; True if none fails."""
    fine = True
    for check in checks(config):
        show(str(check))
        fine = fine and check.state != "fail"
    return fine


def checks(config: Path | None = None) -> Iterator[Check]:
    """Yields every check, in the order in which to fix them. Raises no `GardenerError`."""
    try:
        settings = load(config)
    except GardenerError as error:
        yield Check("settings", "fail", str(error))
        return
    yield from of_settings(settings)
    yield from of_connections(build(settings))


def of_settings(settings: Settings) -> Iterator[Check]:
    """Checks what needs no connection."""
    names = ", ".join(settings.environments)
    if names:
        yield Check(str(settings.config), "ok", f"environments: {names}")
    else:
        yield Check(
            str(settings.config), "fail", "no environment; write [environments.staging] there."
        )
    yield _secret(settings)
    yield from _slack_settings(settings)
    if settings.github_token is not None:
        yield Check("GitHub", "ok", "files issues with GITHUB_TOKEN")
    elif settings.github_app_id is not None:
        yield Check("GitHub", "ok", f"files issues as app {settings.github_app_id}")
    else:
        yield Check(
            "GitHub",
            "fail",
            "no credentials; set GITHUB_TOKEN, or GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY.",
        )


def of_connections(wiring: Wiring) -> Iterator[Check]:
    """Checks all connections at the same time, for at most `PATIENCE` seconds."""
    settings = wiring.settings
    looks: list[tuple[str, Callable[[], str]]] = [
        ("store", partial(_store, wiring)),
        ("queue", partial(_queue, wiring)),
    ]
    if settings.slack_bot_token is not None:
        looks.append(("Slack", partial(_slack, wiring)))
    if settings.slack_app_token is not None:
        looks.append(("Slack, Socket Mode", partial(_socket, wiring)))
    for environment in settings.environments.values():
        looks.append((f"memory of {environment.name}", partial(_memory, wiring, environment)))
        looks.append((f"logs of {environment.name}", partial(_logs, wiring, environment)))
        look = partial(_requests, wiring, environment)
        looks.append((f"requests of {environment.name}", look))
        if environment.github is not None:
            look = partial(_issues, wiring, environment.github)
            looks.append((f"issues of {environment.name}", look))
    answers = [(name, _begin(name, look)) for name, look in looks]
    deadline = time.monotonic() + PATIENCE
    for name, answer in answers:
        try:
            yield answer.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            yield Check(name, "fail", f"no answer in {PATIENCE:.0f} seconds; is it reachable?")


def _begin(name: str, look: Callable[[], str]) -> queue.SimpleQueue[Check]:
    """Runs a check in a daemon thread, which may hang; its result arrives in the queue."""
    answer: queue.SimpleQueue[Check] = queue.SimpleQueue()

    def run() -> None:
        try:
            answer.put(Check(name, "ok", look()))
        except GardenerError as error:
            answer.put(Check(name, "fail", str(error)))
        except Exception as error:  # noqa: BLE001 - an exception counts as a failed check
            broke = f"the check itself broke ({type(error).__name__})."
            answer.put(Check(name, "fail", broke))

    threading.Thread(target=run, name=name, daemon=True).start()
    return answer


# --- settings ------------------------------------------------------------------------------------


def _secret(settings: Settings) -> Check:
    name = "GARDENER_SECRET"
    if not settings.secrets:
        return Check(name, "fail", "not set; make one with: openssl rand -hex 32")
    if len(settings.secrets[0]) < SHORT:
        return Check(
            name, "fail", f"shorter than {SHORT} characters; make one with: openssl rand -hex 32"
        )
    older = len(settings.secrets) - 1
    return Check(name, "ok", f"set, {older} older" if older else "set")


def _slack_settings(settings: Settings) -> Iterator[Check]:
    bot, app = settings.slack_bot_token, settings.slack_app_token
    if bot is None:
        yield Check("SLACK_BOT_TOKEN", "fail", "not set; it is on the app's OAuth page at Slack.")
    elif not bot.get_secret_value().startswith("xoxb-"):
        yield Check(
            "SLACK_BOT_TOKEN", "fail", "is no bot token; one begins with xoxb- (OAuth page)."
        )
    else:
        yield Check("SLACK_BOT_TOKEN", "ok", "set")
    if app is not None:
        if app.get_secret_value().startswith("xapp-"):
            yield Check("SLACK_APP_TOKEN", "ok", "set: Socket Mode")
        else:
            yield Check(
                "SLACK_APP_TOKEN",
                "fail",
                "is no app-level token; one begins with xapp- (Basic Information page).",
            )
    elif settings.slack_signing_secret is None:
        yield Check(
            "SLACK_SIGNING_SECRET",
            "fail",
            "not set; set it for HTTP, or SLACK_APP_TOKEN for Socket Mode.",
        )
    else:
        yield Check("SLACK_SIGNING_SECRET", "ok", f"set: HTTP on port {settings.port}")


# --- connections: each returns its finding, or raises --------------------------------------------


def _store(wiring: Wiring) -> str:
    wiring.ping()
    where = "REDIS_URL" if wiring.settings.redis_url is not None else "the embedded server"
    with store.translated():
        facts = wiring.redis_client.info()
    if wiring.settings.redis_url is None:
        return f"{where} answers"
    # Acknowledgements have no expiry and must survive a restart and full memory.
    policy = str(facts.get("maxmemory_policy", ""))
    if policy.startswith("allkeys"):
        raise GardenerError(
            f"{where} answers, but maxmemory-policy is {policy}, which drops decisions when "
            "memory is full; set noeviction or volatile-ttl."
        )
    kept = facts.get("aof_enabled") or facts.get("rdb_last_save_time")
    note = (
        "" if facts.get("aof_enabled") else "; without appendonly, minutes may be lost in a crash"
    )
    return f"{where} answers{note}" if kept else f"{where} answers, but keeps nothing on disk"


def _queue(wiring: Wiring) -> str:
    state = wiring.queue.state()
    if state.workers == 0:
        return f"{state.queued} waiting, no worker runs; start one with: gardener worker"
    return f"{state.queued} waiting, {state.running} running, {state.workers} workers"


def _slack(wiring: Wiring) -> str:
    from slack_sdk.errors import SlackApiError

    try:
        answer = wiring.slack_client.auth_test()
    except SlackApiError as error:
        code = error.response.get("error", "an error")
        raise GardenerError(
            f"Slack refused SLACK_BOT_TOKEN ({code}); install the app again and copy its token."
        ) from None
    except OSError as error:
        raise GardenerError(
            f"{wiring.settings.slack_api_url} is not reachable ({type(error).__name__})."
        ) from None
    granted = {
        scope.strip()
        for name, value in answer.headers.items()
        if str(name).lower() == "x-oauth-scopes"
        for scope in (",".join(value) if isinstance(value, list) else str(value)).split(",")
    }
    missing = [scope for scope in SCOPES if granted and scope not in granted]
    if missing:
        raise GardenerError(
            f"the app lacks {', '.join(missing)}; add them from the manifest and install it again."
        )
    return f"@{answer.get('user')} in {answer.get('team')}"


def _socket(wiring: Wiring) -> str:
    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError

    token = wiring.settings.slack_app_token
    client = WebClient(base_url=wiring.settings.slack_api_url, retry_handlers=[])
    try:
        client.apps_connections_open(app_token=token.get_secret_value() if token else "")
    except SlackApiError as error:
        code = error.response.get("error", "an error")
        raise GardenerError(
            f"Slack refused SLACK_APP_TOKEN ({code}); it needs the scope connections:write, and "
            "the app needs Socket Mode switched on."
        ) from None
    except OSError as error:
        raise GardenerError(
            f"{wiring.settings.slack_api_url} is not reachable ({type(error).__name__})."
        ) from None
    return "connects"


def _logs(wiring: Wiring, environment: Environment) -> str:
    """How many entries of the last hour the filter matches, and the filter, to be pasted."""
    now = time.time_ns()
    query = environment.query(Window(now - HOUR, now))
    count, more = _matched(wiring, query)
    project = ", ".join(environment.sources.views) or environment.project
    shown = wiring.logs.describe(query)
    found = f"{project} answers; {_entries(count, more=more)} of the last hour matched"
    if count:
        return f"{found} {shown}"
    if query.min_severity > Severity.DEFAULT:
        any_count, more = _matched(wiring, replace(query, min_severity=Severity.DEFAULT))
        if any_count:
            below = f"{_entries(any_count, more=more)} below {query.min_severity.name}"
            return f"{found}, {below}: {shown}"
    hint = "if it has run since, check the names in gardener.toml"
    return f"{found}, of any severity; {hint}: {shown}"


def _matched(wiring: Wiring, query: Query) -> tuple[int, bool]:
    """Counts entries in at most `CALLS` calls; the second part is True if there are more."""
    count = calls = 0
    for page in wiring.logs.read(query):
        if page.missing:
            raise GardenerError(" ".join(page.notes) or f"{query.project} does not answer.")
        count += len(page.rows)
        calls += page.api_calls
        if calls >= CALLS:
            return count, page.share < 1.0
    return count, False


def _entries(count: int, *, more: bool) -> str:
    least = "at least " if more else ""
    return f"{least}{display.many(count, 'entry', 'entries')}"


def _memory(wiring: Wiring, environment: Environment) -> str:
    """Tells how much of the environment's log is kept for the next question."""
    if wiring.kept is None:
        return "keeps nothing of the log; GARDENER_KEEP_MIB is 0"
    windows, size = wiring.kept.size(environment.name)
    bound = f"at most {wiring.settings.keep_mib} MiB (GARDENER_KEEP_MIB)"
    return f"keeps {size / MIB:.1f} MiB of the log in {display.many(windows, 'window')}, {bound}"


def _requests(wiring: Wiring, environment: Environment) -> str:
    """Finds which source counts the requests; Cloud Monitoring is optional."""
    now = time.time_ns()
    window = Window(now - HOUR, now)
    query = environment.query(window)
    if not query.counts_requests:
        return "not counted; only those of Cloud Run services are"
    why = ""
    if wiring.metrics is not None:
        try:
            if wiring.metrics.read_traffic(query) is not None:
                return "counted by Cloud Monitoring"
        except GardenerError as error:
            why = f"; optional, for all of a busy service: {error}"
    if wiring.logs.read_traffic(query) is None:
        raise GardenerError(f"unknown: the request log cannot be read{why}")
    return f"counted in the request log, at most 5,000 of a window{why}"


def _issues(wiring: Wiring, name: str) -> str:
    repository = wiring.tracker.repository(name)
    seen = "private" if repository.private else "public: samples stay out of its issues"
    return f"{repository.full_name} is {seen}"
