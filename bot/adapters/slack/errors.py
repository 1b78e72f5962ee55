"""Translates Slack's errors into sentences with advice, without a token or an address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

import structlog
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.core.model.errors import GardenerError, Refused, Unavailable

_log = structlog.get_logger(__name__)


class NotMember(Refused):
    """The bot is not in that conversation, or may not post there."""


class Gone(Refused):
    """The message, view or response_url no longer exists."""


_OUTSIDE = {"not_in_channel", "channel_not_found", "restricted_action", "is_archived"} | {
    "user_not_in_channel",
    "messages_tab_disabled",
    "restricted_action_read_only_channel",
}
GONE = {
    "message_not_found",
    "cant_update_message",
    "edit_window_closed",
    "not_found",
    "view_not_found",
    "expired_trigger_id",
    "trigger_exchanged",
    "trigger_expired",
    "invalid_trigger_id",
    "expired_url",
    "used_url",
    "hash_conflict",
    "file_not_found",
    "file_deleted",
}
_TOKEN = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Translates Slack's errors inside the block. `doing` completes "I could not …"."""
    try:
        yield
    except SlackApiError as error:
        raise _ours(error, doing) from None
    except (SlackClientError, URLError, HTTPException, OSError) as error:
        raise Unavailable(
            f"Slack did not answer ({type(error).__name__}), so I could not {doing}. "
            "Try again in a minute."
        ) from None


def _ours(error: SlackApiError, doing: str) -> GardenerError:
    answer: Any = error.response
    try:
        code = str(answer.get("error") or "")
    except (AttributeError, ValueError):
        code = ""
    if code in _OUTSIDE:
        return NotMember("I am not in this conversation. Invite me: /invite @gardener")
    if code in GONE:
        return Gone("That is not there any more. Run /gardener again.")
    if code == "missing_scope":
        needed = answer.get("needed") or "another scope"
        return Refused(
            f"Slack does not let me {doing}: the app lacks {needed}. "
            "Add it on the app's OAuth page and reinstall the app."
        )
    if code in _TOKEN:
        return Refused(f"Slack refused my token ({code}): set a new SLACK_BOT_TOKEN.")
    status = getattr(answer, "status_code", 0)
    if code in {"ratelimited", "rate_limited"} or status == 429:
        after = (getattr(answer, "headers", None) or {}).get("Retry-After")
        seconds = float(str(after)) if str(after).isdigit() else None
        return Unavailable("Slack asks me to slow down. Try again in a minute.", seconds)
    if code in {"internal_error", "fatal_error", "service_unavailable", "request_timeout"} or (
        status >= 500
    ):
        return Unavailable(f"Slack has troubles of its own, so I could not {doing}. Try again.")
    _log.warning("Slack refused", doing=doing, error=code, details=_details(answer))
    return Refused(f"Slack refused ({code or 'no reason given'}), so I could not {doing}.")


def _details(answer: Any) -> object:
    try:
        return (answer.get("response_metadata") or {}).get("messages")
    except (AttributeError, ValueError):
        return None
