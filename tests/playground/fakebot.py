"""A bot of cardboard for the tests of the playground itself: `fakebot.py NAME [ARGUMENT]`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path


def write_whole(path, text):
    """Who waits for the file finds all of it."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text)
    part.rename(path)


def forever():
    threading.Event().wait()


def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("you cannot make me", flush=True)
    forever()


def littering():
    """Leaves a process behind that is in no group of ours."""
    child = subprocess.Popen(
        [sys.executable, "-c", "import threading; threading.Event().wait()"],
        start_new_session=True,
    )
    write_whole(Path(sys.argv[2]), str(child.pid))
    forever()


def failing():
    print("first line\nSLACK_BOT_TOKEN is not set", file=sys.stderr, flush=True)
    sys.exit(2)


def ends_with_stdin():
    while os.read(0, 1):
        pass


def env():
    write_whole(Path(sys.argv[2]), json.dumps(dict(os.environ)))
    forever()


def host():
    """Starts two processes as the playground does, says their ids, and waits."""
    import asyncio

    from playground.processes import Processes

    async def main():
        here = [sys.executable, __file__]
        up = [sys.executable, str(Path(__file__).with_name("up.py"))]
        running = Processes(
            [*up, json.dumps({"a": [*here, "forever"], "b": [*here, "ends_with_stdin"]})],
            env=dict(os.environ),
            logs=Path(sys.argv[2]),
        )
        await running.start()
        print(json.dumps([each["pid"] for each in running.snapshot()]), flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())


def web():
    """Answers /gardener over Socket Mode: `slow` shows progress first, `never` says nothing."""
    from slack_bolt import App
    from slack_bolt.adapter.socket_mode import SocketModeHandler
    from slack_sdk import WebClient

    client = WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    app = App(client=client)

    def section(text):
        return {"type": "section", "text": {"type": "mrkdwn", "text": text}}

    def button(text):
        label = {"type": "plain_text", "text": text}
        return {
            "type": "actions",
            "elements": [{"type": "button", "action_id": text, "text": label, "value": "1"}],
        }

    @app.command("/gardener")
    def command(ack, body, client):
        ack()
        channel, text = body["channel_id"], body["text"]
        if text == "never":
            return
        posted = client.chat_postMessage(
            channel=channel, text="Reading", blocks=[section("Reading"), button("Cancel")]
        )
        if text == "stuck":
            return
        client.chat_update(
            channel=channel,
            ts=posted["ts"],
            text="1 problem",
            blocks=[section("*1 problem* &lt;here&gt;"), button("Create issue")],
        )
        client.chat_postMessage(channel=channel, thread_ts=posted["ts"], text="the rest")

    handler = SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"], ping_interval=1)
    handler.connect()
    forever()


if __name__ == "__main__":
    time.tzset()
    globals()[sys.argv[1]]()
