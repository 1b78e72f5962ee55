"""Calls Slack's Web API within its limits, and translates its errors.

A request that creates a message is retried only after a 429, when Slack took nothing.
A response_url and a token are credentials: neither is ever logged or put into a message.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Protocol
from urllib.error import URLError
from urllib.parse import urlsplit

import structlog
from slack_sdk.errors import SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.webhook import WebhookClient

from bot.adapters.slack.directory import SlackDirectory
from bot.adapters.slack.errors import (
    GONE,
    Gone,
    NotMember,
    translated,
)
from bot.core.model.errors import (
    GardenerError,
    InputError,
    Refused,
    Unavailable,
)
from bot.core.ports import LookUps

if TYPE_CHECKING:
    from slack_sdk import WebClient

PATIENCE = 30
"""How often to wait for a turn; after that Slack's own limit decides."""
FILE_LIMIT = 50 * 1024 * 1024
"""The largest file to analyse, in bytes."""

__all__ = ["Gone", "NotMember", "Sendable", "SlackMessenger", "Upload"]

_log = structlog.get_logger(__name__)


class Sendable(Protocol):
    """A message as `blocks` draws it."""

    @property
    def text(self) -> str:
        """Returns the fallback text, escaped."""
        ...

    @property
    def blocks(self) -> list[dict[str, object]]:
        """Returns the Block Kit blocks."""
        ...


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to upload."""

    name: str
    content: bytes
    title: str
    alt: str = ""
    """Text alternative of a picture."""


class SlackMessenger(SlackDirectory):
    """All calls to Slack. Safe to share between threads."""

    def __init__(
        self,
        client: WebClient,
        *,
        look_ups: LookUps | None = None,
        pace: Callable[[str], float] | None = None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """`pace` returns the seconds to wait before a post to a channel (0: post now); `wait` waits
        that long.
        """
        super().__init__(client, look_ups)
        self._turn = pace
        self._wait = wait or threading.Event().wait

    # --- messages --------------------------------------------------------------------------------

    def post(self, channel: str, message: Sendable, *, thread: str | None = None) -> str:
        """Posts and returns the message's `ts`. Raises `NotMember`, `Refused`, `Unavailable`."""
        self._pace(channel)
        with translated("post here"):
            answer = self._client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=message.blocks,
                thread_ts=thread,
                unfurl_links=False,
                unfurl_media=False,
            )
        return str(answer["ts"])

    def update(self, channel: str, ts: str, message: Sendable) -> None:
        """Edits one of our messages. Raises `Gone` if it no longer exists."""
        with translated("edit a message"):
            self._client.chat_update(
                channel=channel,
                ts=ts,
                text=message.text[:3_500],
                blocks=message.blocks,
                unfurl_links=False,
                unfurl_media=False,
            )

    def ephemeral(
        self, channel: str, user: str, message: Sendable, *, thread: str | None = None
    ) -> None:
        """Posts for one person only. Raises `NotMember` if the bot is not in the conversation."""
        with translated("answer here"):
            self._client.chat_postEphemeral(
                channel=channel,
                user=user,
                text=message.text,
                blocks=message.blocks,
                thread_ts=thread,
            )

    def respond(self, response_url: str, message: Sendable, *, replace: bool = False) -> None:
        """Answers through a response_url, which works 5 times within 30 minutes.

        `replace`: replaces the clicked message. Raises `Gone` once the response_url has expired.
        """
        body: dict[str, Any] = {
            "text": message.text,
            "blocks": message.blocks,
            "response_type": "ephemeral",
            "replace_original": replace,
        }
        try:
            answer = WebhookClient(
                response_url,
                timeout=10,
                retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=1)],
            ).send_dict(body)
        except (SlackClientError, URLError, HTTPException, OSError, ValueError):
            # Drops the cause: its text may contain the response_url, which is a credential.
            raise Unavailable("Slack did not take the answer. Try again in a minute.") from None
        if answer.status_code != 200:
            said = answer.body[:300]
            if any(code in said for code in GONE) or answer.status_code in {404, 410}:
                raise Gone("The time to answer there is over. Run /gardener again.")
            _log.warning("Slack refused an answer", status=answer.status_code, why=said)
            raise Refused("Slack refused the answer; my log says why.")

    def tell(
        self,
        user: str,
        message: Sendable,
        *,
        channel: str = "",
        response_url: str = "",
        thread: str | None = None,
    ) -> None:
        """Reaches one person by the first way that works: ephemeral, response_url, direct."""
        ways: list[Callable[[], object]] = []
        if channel:
            ways.append(lambda: self.ephemeral(channel, user, message, thread=thread))
        if response_url:
            ways.append(lambda: self.respond(response_url, message))
        ways.append(lambda: self.post(user, message))
        for i, way in enumerate(ways, start=1):
            try:
                way()
                return
            except Refused:
                if i == len(ways):
                    raise

    def permalink(self, channel: str, ts: str) -> str | None:
        """Returns the message's URL; None if Slack gives none."""
        try:
            with translated("link a message"):
                return str(
                    self._client.chat_getPermalink(channel=channel, message_ts=ts)["permalink"]
                )
        except GardenerError:
            return None

    def upload(self, channel: str, thread: str, files: Sequence[Upload]) -> list[str]:
        """Uploads files to a thread as one message; returns their ids, in order."""
        self._pace(channel)
        with translated("upload a file"):
            answer: Any = self._client.files_upload_v2(
                channel=channel,
                thread_ts=thread,
                file_uploads=[
                    {
                        "filename": file.name,
                        "content": file.content,
                        "title": file.title,
                        "alt_txt": file.alt or None,
                    }
                    for file in files
                ],
            )
        return [str(file["id"]) for file in answer["files"]]

    def withdraw(self, channel: str, file: str) -> None:
        """Deletes one of our files, and the message in `channel` if it showed only that file.

        Raises `Gone` if somebody deleted it before, `Refused` if Slack forbids it.
        """
        with translated("delete a file"):
            found: Any = self._client.files_info(file=file)["file"]
            self._client.files_delete(file=file)
        shares = (found.get("shares") or {}).values()
        shown = [share["ts"] for kind in shares for share in kind.get(channel, ())]
        for ts in shown:
            # Without this, "This file was deleted." stays in its place.
            with suppress(GardenerError), translated("delete a message"):
                self._client.chat_delete(channel=channel, ts=ts)

    def direct(self, user: str) -> str:
        """Returns the id of the direct conversation with a person."""
        with translated("write to you directly"):
            return str(self._client.conversations_open(users=user)["channel"]["id"])

    def download(self, url: str) -> bytes:
        """Downloads a shared file. Sends the token to Slack's own hosts only.

        Raises `InputError` if it is too large, `Refused` if Slack does not host it.
        """
        import urllib.request

        there, home = urlsplit(url), urlsplit(self._client.base_url)
        ours = (there.scheme, there.netloc) == (home.scheme, home.netloc)
        slack = there.scheme == "https" and (there.hostname or "").endswith(".slack.com")
        if not (ours or slack):
            raise Refused("That file is not on Slack, so I do not read it. Upload it here instead.")
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            url, headers={"Authorization": f"Bearer {self._client.token}"}
        )
        try:
            with _no_redirect().open(request, timeout=60) as answer:
                content: bytes = answer.read(FILE_LIMIT + 1)
        except (URLError, HTTPException, OSError):
            raise Unavailable("Slack did not give me the file. Try again in a minute.") from None
        if len(content) > FILE_LIMIT:
            raise InputError(
                f"The file is larger than {FILE_LIMIT >> 20} MB. "
                "Read it with `gardener analyze --from FILE` instead."
            )
        return content

    # --- views -----------------------------------------------------------------------------------

    def open_view(self, trigger: str, view: Mapping[str, object]) -> str:
        """Opens a modal within the trigger's three seconds; returns its id."""
        with translated("open a form"):
            answer = self._client.views_open(trigger_id=trigger, view=dict(view))
        return str(answer["view"]["id"])

    def update_view(self, view_id: str, view: Mapping[str, object]) -> None:
        """Updates an open modal. Raises `Gone` if the person closed it."""
        with translated("fill a form"):
            self._client.views_update(view_id=view_id, view=dict(view))

    def publish_home(self, user: str, view: Mapping[str, object]) -> None:
        """Publishes a person's home tab."""
        with translated("draw the home tab"):
            self._client.views_publish(user_id=user, view=dict(view))

    def _pace(self, channel: str) -> None:
        """Waits for a turn: Slack allows one post per second and channel."""
        if self._turn is None:
            return
        with suppress(GardenerError):  # without a store, Slack's own rate limit decides
            for _ in range(PATIENCE):
                pause = self._turn(channel)
                if pause <= 0:
                    return
                self._wait(pause)


def _no_redirect() -> Any:
    """Opens URLs without following redirects, so that the token reaches no other host."""
    import urllib.request

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any, **__: Any) -> None:
            return None

    return urllib.request.build_opener(Stay)
