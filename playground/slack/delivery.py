"""Delivery from Slack to the app: the interface, and the implementation over signed HTTP.

The other implementation, Socket Mode, is in `socket`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import urlencode

import aiohttp

from playground.feed import Feed, Json

Kind = Literal["slash_commands", "interactive", "events_api"]
ACK_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Ack:
    """The app's acknowledgement: its content, and the time it took."""

    payload: Json | None
    ms: float


class NotAcknowledged(Exception):  # noqa: N818  it names what happened
    """The app did not acknowledge; the text is the one that Slack shows to people."""


class Delivery(Protocol):
    """A way to reach the app."""

    async def send(self, kind: Kind, payload: Json, *, answers: bool) -> Ack:
        """Delivers and waits for the acknowledgement. Raises NotAcknowledged.

        `answers`: whether the acknowledgement may carry a response.
        """
        ...

    async def close(self) -> None:
        """Closes all connections."""
        ...


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Computes Slack's `X-Slack-Signature` of a body."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def headline(kind: Kind, payload: Json) -> str:
    """Summarises a delivery in a few words for the behind-the-scenes view."""
    if kind == "slash_commands":
        return f"{payload['command']} {payload['text']}".strip()
    if kind == "events_api":
        return str(payload["event"]["type"])
    actions = payload.get("actions") or [{}]
    return f"{payload['type']} {actions[0].get('action_id', '')}".strip()


class HttpDelivery:
    """Signed POSTs to the app's request URL; a failed event is sent once more."""

    def __init__(
        self, feed: Feed, request_url: str, signing_secret: str, *, ack_seconds: float = ACK_SECONDS
    ) -> None:
        self._feed = feed
        self._url = request_url
        self._secret = signing_secret
        self._ack_seconds = ack_seconds
        self._session: aiohttp.ClientSession | None = None

    async def send(self, kind: Kind, payload: Json, *, answers: bool) -> Ack:
        """Delivers over HTTP. Raises NotAcknowledged."""
        body, content_type = _encoded(kind, payload)
        headers = {"Content-Type": content_type}
        try:
            self._feed.scene("envelope", kind, f"{headline(kind, payload)} · signed POST")
            return await self._post(kind, body, headers, answers=answers)
        except NotAcknowledged as failed:
            if kind != "events_api":
                raise
            reason = "http_timeout" if str(failed) == "operation_timeout" else "http_error"
            headers |= {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": reason}
            return await self._post(kind, body, headers, answers=answers)

    async def _post(
        self, kind: Kind, body: bytes, headers: dict[str, str], *, answers: bool
    ) -> Ack:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._ack_seconds)
            self._session = aiohttp.ClientSession(timeout=timeout)
        timestamp = str(int(time.time()))
        signed = {
            **headers,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._secret, timestamp, body),
        }
        start = time.monotonic()
        try:
            async with self._session.post(self._url, data=body, headers=signed) as answer:
                text = await answer.text()
                status, media = answer.status, answer.content_type
        except TimeoutError:
            raise NotAcknowledged("operation_timeout") from None
        except aiohttp.ClientError:
            raise NotAcknowledged("dispatch_unknown_error") from None
        ms = (time.monotonic() - start) * 1000
        if status != 200:
            raise NotAcknowledged("dispatch_failed")
        self._feed.scene("ack", kind, ms=ms)
        return Ack(_answer(text, media) if answers else None, ms)

    async def close(self) -> None:
        """Closes the client session."""
        if self._session is not None:
            await self._session.close()
            # aiohttp's transports need one turn of the loop to close.
            await asyncio.sleep(0)


def _encoded(kind: Kind, payload: Json) -> tuple[bytes, str]:
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


def _answer(text: str, media: str) -> Json | None:
    if not text.strip():
        return None
    if media == "application/json":
        try:
            answer = json.loads(text)
        except ValueError:
            return None
        return answer if isinstance(answer, dict) else None
    return {"text": text}
