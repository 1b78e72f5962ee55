"""The Bolt app: tables of Slack's commands, actions, views and events → handlers.

Every listener acknowledges at once, queues the request in one round trip and returns. Bolt's lazy
listeners are not used: they swallow exceptions.
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
"""Concurrent listeners; with Bolt's default of five, commands time out."""

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
    """Builds the app with all listeners. Makes no call: it starts even while Slack is down.

    `executor` runs the listeners; by default a pool of `THREADS` threads. Raises `Refused` if the
    bot's token is missing.
    """
    client = wiring.slack_client
    with _muted("slack_bolt.App"):  # it warns that `authorize` takes the place of SLACK_BOT_TOKEN
        app = App(
            client=client,
            authorize=_authorize(str(client.token)),
            request_verification_enabled=False,  # replaced by `before_authorize`
            # Without a secret, only Socket Mode works: a random one rejects every HTTP request.
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
    # Buttons of an older or newer version get an answer too.
    app.action(re.compile(".*"))(_listener(wiring, actions.unknown))
    for name, handler in VIEWS.items():
        app.view(name)(_listener(wiring, handler))
    for name, handler in EVENTS.items():
        app.event(name)(_listener(wiring, handler))
    return app


@contextmanager
def _muted(name: str) -> Iterator[None]:
    """Silences a logger's warnings."""
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
    """Authorizes with one token for one workspace; Bolt's default calls Slack before the ack."""

    def authorize(
        enterprise_id: str | None, team_id: str | None, user_id: str | None
    ) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, user_id=user_id, bot_token=token
        )

    return authorize


class _TolerantVerifier(SignatureVerifier):
    """A verifier that rejects malformed signatures (401); Slack's own raises on them."""

    def is_valid(self, body: str | bytes, timestamp: str | None, signature: str | None) -> bool:
        """Returns whether Slack signed the body within the last five minutes."""
        try:
            return super().is_valid(body, timestamp, signature)
        except (ValueError, TypeError, OverflowError):
            return False


class _Verification(RequestVerification):
    @property
    def verifier(self) -> SignatureVerifier:
        """Replaces Slack's verifier."""
        return _TolerantVerifier(self._signing_secret)
