"""Socket Mode: connections, envelopes, acknowledgements.

Envelopes go round-robin over the open connections. An unacknowledged one is sent once more, over
another connection if possible: when its connection ends, and for events also after the deadline, as
Slack does. So an app may get an envelope twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from playground.feed import Json
from playground.slack.delivery import (
    ACK_SECONDS,
    Ack,
    Kind,
    NotAcknowledged,
    headline,
)
from playground.slack.people import APP_ID
from playground.slack.state import SlackState

MAX_CONNECTIONS = 10
KEPT_LATE = 200


@dataclass(eq=False, slots=True)
class Connection:
    """One WebSocket of the app. One that is closing gets no new envelopes."""

    socket: web.WebSocketResponse
    number: int
    transport: asyncio.Transport | None
    leaving: bool = False


@dataclass(eq=False, slots=True)
class Pending:
    """An envelope on its way."""

    envelope: Json
    future: asyncio.Future[Json | None]
    started: float = field(default_factory=time.monotonic)
    sent_over: Connection | None = None
    resent: bool = False


class SocketLink:
    """All Socket Mode connections of the app."""

    def __init__(self, state: SlackState, *, ack_seconds: float = ACK_SECONDS) -> None:
        self._state = state
        self._ack_seconds = ack_seconds
        self._connections: list[Connection] = []
        self._pending: dict[str, Pending] = {}
        self._past: OrderedDict[str, Pending] = OrderedDict()
        self._turn = 0
        self._numbers = 0
        self._arrived = asyncio.Event()
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """Counts the connections that accept envelopes."""
        return sum(not each.leaving for each in self._connections)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serves the WebSocket. A ticket from apps.connections.open works once."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._state.tickets:
            return web.Response(status=401, text="invalid ticket")
        self._state.tickets.discard(ticket)
        if len(self._connections) >= MAX_CONNECTIONS:
            return web.Response(status=429, text="too_many_websockets")
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        self._numbers += 1
        connection = Connection(socket, self._numbers, request.transport)
        self._connections.append(connection)
        try:
            await socket.send_json(self._hello())
            self._arrived.set()
            self._end_leaving()
            self._state.feed.scene("envelope", "hello", f"connection {connection.number}")
            with contextlib.suppress(ConnectionError):
                async for message in socket:
                    if message.type is WSMsgType.TEXT:
                        self._take(message.data)
        finally:
            self._connections.remove(connection)
            await self._rescue(connection)
        return socket

    def _end_leaving(self) -> None:
        for each in self._connections:
            if each.leaving:
                task = asyncio.create_task(self._hang_up(each))
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)

    async def _hang_up(self, connection: Connection) -> None:
        await connection.socket.close()

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": {
                "host": "applink-playground",
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": APP_ID},
        }

    def _take(self, text: str) -> None:
        try:
            answer = json.loads(text)
        except ValueError:
            return
        envelope_id = answer.get("envelope_id") if isinstance(answer, dict) else None
        pending = self._pending.get(str(envelope_id))
        if pending is not None:
            if not pending.future.done():
                payload = answer.get("payload")
                pending.future.set_result(payload if isinstance(payload, dict) else None)
            return
        past = self._past.get(str(envelope_id))
        if past is not None:
            ms = (time.monotonic() - past.started) * 1000
            self._state.feed.scene("ack", past.envelope["type"], "again or too late", ms=ms)

    async def send(self, kind: Kind, payload: Json, *, answers: bool) -> Ack:
        """Delivers over Socket Mode. Raises NotAcknowledged."""
        envelope: Json = {
            "envelope_id": str(uuid.uuid4()),
            "type": kind,
            "accepts_response_payload": answers,
            "payload": payload,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": 0, "retry_reason": ""}
        pending = Pending(envelope, asyncio.get_running_loop().create_future())
        self._pending[envelope["envelope_id"]] = pending
        try:
            return await self._deliver(pending, answers=answers)
        finally:
            del self._pending[envelope["envelope_id"]]
            self._past[envelope["envelope_id"]] = pending
            while len(self._past) > KEPT_LATE:
                self._past.popitem(last=False)

    async def _deliver(self, pending: Pending, *, answers: bool) -> Ack:
        kind: Kind = pending.envelope["type"]
        if not self._connections and kind != "events_api":
            raise NotAcknowledged("dispatch_failed")
        try:
            return await self._attempt(pending, answers=answers)
        except NotAcknowledged:
            if kind != "events_api" or pending.resent:
                raise
        pending.resent = True
        pending.envelope |= {"retry_attempt": 1, "retry_reason": "timeout"}
        return await self._attempt(pending, answers=answers)

    async def _attempt(self, pending: Pending, *, answers: bool) -> Ack:
        kind = pending.envelope["type"]
        try:
            async with asyncio.timeout(self._ack_seconds):
                await self._hand_over(pending, instead_of=pending.sent_over)
                payload = await asyncio.shield(pending.future)
        except TimeoutError:
            self._state.feed.scene("ack", kind, "none within the deadline")
            raise NotAcknowledged("operation_timeout") from None
        ms = (time.monotonic() - pending.started) * 1000
        self._state.feed.scene("ack", kind, ms=ms)
        return Ack(payload if answers else None, ms)

    async def _hand_over(self, pending: Pending, instead_of: Connection | None = None) -> None:
        """Sends over the next connection; waits for one if there is none."""
        while True:
            ready = [each for each in self._connections if not each.leaving]
            others = [each for each in ready if each is not instead_of] or ready
            if others:
                self._turn += 1
                connection = others[self._turn % len(others)]
                pending.sent_over = connection
                with contextlib.suppress(ConnectionError, RuntimeError):
                    await connection.socket.send_json(pending.envelope)
                envelope = pending.envelope
                about = headline(envelope["type"], envelope["payload"])
                again = " · once more" if pending.resent else ""
                self._state.feed.scene(
                    "envelope",
                    envelope["type"],
                    f"{about} · connection {connection.number}{again}",
                )
                return
            self._arrived.clear()
            await self._arrived.wait()

    async def _rescue(self, gone: Connection) -> None:
        for pending in list(self._pending.values()):
            if pending.sent_over is gone and not pending.resent and not pending.future.done():
                pending.resent = True
                if pending.envelope["type"] == "events_api":
                    pending.envelope |= {"retry_attempt": 1, "retry_reason": "timeout"}
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._ack_seconds):
                        await self._hand_over(pending, instead_of=gone)

    async def send_again(self) -> bool:
        """Sends the last acknowledged envelope once more, as Slack does if an ack was lost."""
        if not self._past:
            return False
        last = self._past[next(reversed(self._past))]
        again = Pending(dict(last.envelope), asyncio.get_running_loop().create_future())
        if again.envelope["type"] == "events_api":
            again.envelope |= {"retry_attempt": 1, "retry_reason": "timeout"}
        await self._hand_over(again, instead_of=last.sent_over)
        return True

    async def refresh(self) -> None:
        """Asks every connection to make room for a new one, as Slack does every few hours.

        They are closed once the first new one is open.
        """
        for connection in list(self._connections):
            connection.leaving = True
            await connection.socket.send_json(
                {
                    "type": "disconnect",
                    "reason": "refresh_requested",
                    "debug_info": {"host": "applink-playground"},
                }
            )

    def cut(self) -> None:
        """Drops every connection without notice, like a broken network."""
        for connection in list(self._connections):
            connection.leaving = True
            if connection.transport is not None:
                connection.transport.abort()

    async def close(self) -> None:
        """Closes every connection properly. The app reconnects unless it was configured not to."""
        for connection in list(self._connections):
            await connection.socket.close()
