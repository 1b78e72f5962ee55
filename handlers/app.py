"""The Bolt app: one table from what Slack sends to the function that takes it.

Every listener acknowledges at once, hands the request to the queue in one round trip and returns.
Listeners are plain ones: lazy ones swallow exceptions.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from slack_bolt import Ack, App
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.request_verification import RequestVerification
from slack_sdk.signature import SignatureVerifier

from blocks import buttons
from bot.toolbox import Toolbox
from handlers import actions, command, errors, events, home, views

Body = Mapping[str, Any]
Handler = Callable[[Toolbox, Ack, Body], None]

THREADS = 32
"""Listeners at once; Bolt's own five let commands time out."""

COMMANDS: Mapping[str, Handler] = {"/gardener": command.gardener}
ACTIONS: Mapping[str, Handler] = {
    buttons.CREATE_ISSUE: actions.act,
    buttons.EXPECTED: actions.act,
    buttons.UNDO: actions.act,
    buttons.REFRESH: actions.act,
    buttons.RUN: actions.act,
    buttons.EXTEND: actions.act,
    buttons.RETRY: actions.act,
    buttons.UNSUBSCRIBE: actions.act,
    buttons.TEACH: actions.act,
    buttons.UNTEACH: actions.act,
    buttons.MENU: actions.act,
    buttons.CANCEL: actions.cancel,
    buttons.REVIEW_ALL: actions.act,
    **dict.fromkeys(buttons.LINKS, actions.link),
    buttons.FILING_CHOICE: actions.choose,
}
VIEWS: Mapping[str, Handler] = {
    buttons.FILE_ISSUE: views.file_issue,
    buttons.MARK_EXPECTED: views.mark_expected,
    buttons.REVIEW: views.review,
    buttons.SNOOZE_FORM: views.snooze,
}
EVENTS: Mapping[str, Handler] = {
    "app_mention": events.mentioned,
    "message": events.written,
    "app_home_opened": home.opened,
}


def build_app(wiring: Toolbox, *, executor: Executor | None = None) -> App:
    """The app with all listeners. Asks nothing of Slack, so that it starts without it.

    `executor` runs the listeners; without one, `THREADS` threads do. Raises `Refused` where the
    bot's token is missing.
    """
    client = wiring.slack_client
    with _unsaid("slack_bolt.App"):  # that it will not use SLACK_BOT_TOKEN itself
        app = App(
            client=client,
            authorize=_authorize(str(client.token)),
            request_verification_enabled=False,  # Bolt's own; ours takes its place
            # Without a secret only Socket Mode is served: nothing that comes over HTTP verifies.
            before_authorize=_Verification(wiring.signing_secret or secrets.token_hex(32)),
            token_verification_enabled=False,
            listener_executor=executor
            or ThreadPoolExecutor(THREADS, thread_name_prefix="listener"),
        )
    app.error(errors.unhandled)
    for name, handler in COMMANDS.items():
        app.command(name)(_listener(wiring, handler))
    for name, handler in ACTIONS.items():
        app.action(name)(_listener(wiring, handler))
    # What an older or newer version of us drew: told, not left without an answer.
    app.action(re.compile(".*"))(_listener(wiring, actions.unknown))
    for name, handler in VIEWS.items():
        app.view(name)(_listener(wiring, handler))
    for name, handler in EVENTS.items():
        app.event(name)(_listener(wiring, handler))
    return app


@contextmanager
def _unsaid(name: str) -> Iterator[None]:
    """Warnings of a logger that tell nobody anything."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _listener(wiring: Toolbox, handler: Handler) -> Callable[..., None]:
    def listen(ack: Ack, body: dict[str, Any]) -> None:
        with errors.answered(wiring, body):
            handler(wiring, ack, body)

    return listen


def _authorize(token: str) -> Callable[..., AuthorizeResult]:
    """One workspace, one token: Bolt's own way asks Slack before the first acknowledgement."""

    def authorize(
        enterprise_id: str | None, team_id: str | None, user_id: str | None
    ) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, user_id=user_id, bot_token=token
        )

    return authorize


class _CalmVerifier(SignatureVerifier):
    """What cannot even be compared is not signed: 401, where Slack's own raises."""

    def is_valid(self, body: str | bytes, timestamp: str | None, signature: str | None) -> bool:
        """Whether Slack signed the body within the last five minutes."""
        try:
            return super().is_valid(body, timestamp, signature)
        except (ValueError, TypeError, OverflowError):
            return False


class _Verification(RequestVerification):
    @property
    def verifier(self) -> SignatureVerifier:
        """Ours."""
        return _CalmVerifier(self._signing_secret)
