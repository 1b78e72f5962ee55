"""What must not grow faster than what it is given: ratios within one run, so any machine will do.

    python -m benchmarks growth

Each row does its work at two sizes and prints how much longer the larger one takes. The run ends
with code 1 if that is more than twice the ratio of the sizes: something has become quadratic, or
acknowledgements wait for each other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from slack_bolt.request import BoltRequest
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier

from bot.core.clusters.grouping import group
from bot.core.triage.facts import Facts
from bot.core.triage.rules import rule_for
from handlers.app import build_app

SECRET = "a secret of the benchmarks"  # noqa: S105 - made up
BODY = (
    "command=%2Fgardener&text=staging+2d&user_id=U1&channel_id=C1&team_id=T1&channel_name=ops"
    "&response_url=https%3A%2F%2Fhooks.slack.com%2Fx&trigger_id="
)


def rules(length: int) -> None:
    """The triage table on long lines that tempt its expressions to look again and again."""
    for text in ("a", "(", "timeout ", "x=<*> "):
        rule_for(Facts((text * length)[:length]))


def words(lines: int) -> None:
    """Grouping of messages whose words never come again: nothing shortens the work."""
    texts = [
        " ".join(f"{chr(97 + i % 26)}{'bcdfg'[i % 5]}{i:x}{w}" for w in "abcdefgh")
        for i in range(lines)
    ]
    group(dict.fromkeys(texts, 1))


class _Tools:
    """What a command needs of the wiring; its queue takes everything at once."""

    slack_client = WebClient(token="xoxb-1", base_url="http://127.0.0.1:9/api/")  # noqa: S106
    signing_secret = SECRET
    now = staticmethod(time.time_ns)
    environments = ()

    class queue:  # noqa: N801 - named as the wiring names it
        """Takes everything."""

        @staticmethod
        def enqueue(*_: object, **__: object) -> bool:
            """Always new."""
            return True


def commands() -> Callable[[int], None]:
    """Slash commands that arrive at the same moment, until each has its acknowledgement."""
    app = build_app(_Tools())  # type: ignore[arg-type]
    verifier = SignatureVerifier(SECRET)

    def arrive(many: int) -> None:
        together = Barrier(many)

        def one(number: int) -> int:
            body, stamp = f"{BODY}{number}", str(int(time.time()))
            signature = verifier.generate_signature(timestamp=stamp, body=body) or ""
            together.wait()
            headers: dict[str, str | list[str]] = {
                "content-type": "application/x-www-form-urlencoded",
                "x-slack-request-timestamp": stamp,
                "x-slack-signature": signature,
            }
            return int(app.dispatch(BoltRequest(body=body, headers={**headers})).status)

        with ThreadPoolExecutor(many) as pool:
            assert set(pool.map(one, range(many))) == {200}

    return arrive


ROWS: tuple[tuple[str, Callable[[int], None], int, int], ...] = (
    ("triage rules, characters", rules, 1_000, 8_000),
    ("grouping, messages that never repeat", words, 5_000, 40_000),
    ("acknowledged commands at once", commands(), 10, 80),
)


def took(work: Callable[[int], None], size: int) -> float:
    """Seconds of the fastest of three."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        work(size)
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    """Print a row each."""
    late = []
    for name, work, small, large in ROWS:
        took(work, small)  # imports and caches
        ratio, allowed = took(work, large) / took(work, small), 2 * large / small
        print(
            f"{name:40} {small:>6} → {large:>6}: {ratio:5.1f} times as long (at most {allowed:g})"
        )
        if ratio > allowed:
            late.append(name)
    if late:
        raise SystemExit(f"growth: {', '.join(late)} grew faster than the work")


if __name__ == "__main__":
    main()
