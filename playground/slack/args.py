"""The arguments of a Web API call, read as Slack reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playground.feed import Json
from playground.slack.blockkit import message_error
from playground.slack.blockkit_schema import Complaint, Problems
from playground.slack.records import Refused
from playground.slack.state import SlackState


@dataclass(frozen=True, slots=True)
class Args:
    """What a call brought: strings from a form or an address, anything from a JSON body."""

    given: Mapping[str, Any]

    def need(self, *names: str) -> None:
        """Raises Refused where one of these is missing."""
        missing = [f"missing required field: {n}" for n in names if self.given.get(n) in (None, "")]
        if missing:
            raise invalid(*missing)

    def text(self, name: str) -> str:
        """A string, empty where absent. Raises Refused for anything else."""
        value = self.given.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise invalid(f"must provide a string [json-pointer:/{name}]")
        return value

    def maybe(self, name: str) -> str | None:
        """A string, None where absent or empty."""
        return self.text(name) or None

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean, however it is spelt."""
        value = self.given.get(name)
        if value is None or value == "":
            return default
        return value in (True, 1, "1", "true", "True")

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        value = self.given.get(name)
        if value is None or value == "":
            return default
        try:
            return int(value)
        except (TypeError, ValueError):
            raise invalid(f"must provide a number [json-pointer:/{name}]") from None

    def names(self, name: str) -> list[str]:
        """A list of ids: a JSON array, or a string with commas."""
        value = self.given.get(name)
        if isinstance(value, list):
            return [str(each) for each in value]
        return [each.strip() for each in str(value or "").split(",") if each.strip()]

    def parsed(self, name: str, refusal: str) -> Any:
        """A value that a form carries as JSON text; None where absent."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise Refused(refusal) from None


def invalid(*says: str) -> Refused:
    """`invalid_arguments` with its reasons."""
    return Refused("invalid_arguments", messages=[f"[ERROR] {each}" for each in says])


def refusal(code: str, problems: Problems) -> Refused:
    """A refusal with the complaints of the Block Kit rules."""
    return Refused(code, messages=[f"[ERROR] {each}" for each in dict.fromkeys(problems)])


def checked_blocks(state: SlackState, args: Args) -> list[Json] | None:
    """The call's blocks, None where it brought none. Raises Refused where Slack would."""
    blocks = args.parsed("blocks", "invalid_blocks_format")
    if blocks is None:
        return None
    trouble = message_error(blocks)
    if trouble is not None:
        raise refusal(*trouble)
    missing = pictures_missing(state, blocks)
    if missing:
        raise refusal("invalid_blocks", missing)
    given: list[Json] = blocks
    return given


def pictures_missing(state: SlackState, blocks: Any, at: str = "/blocks") -> Problems:
    """Complaints about `slack_file`s that are not there or are no pictures."""
    found: Problems = []
    if isinstance(blocks, list):
        for i, each in enumerate(blocks):
            found += pictures_missing(state, each, f"{at}/{i}")
    elif isinstance(blocks, dict):
        shown = blocks.get("slack_file")
        if isinstance(shown, dict):
            stored = state.files.get(shown.get("id", ""))
            if stored is None or not stored.done or not stored.mimetype.startswith("image/"):
                found.append(Complaint("invalid slack file", f"{at}/slack_file"))
        for key, each in blocks.items():
            if key != "slack_file":
                found += pictures_missing(state, each, f"{at}/{key}")
    return found


def take_turn(state: SlackState, bucket: str, *, burst: float, per_second: float) -> None:
    """Count a call against a limit. Raises Refused (`ratelimited`) where it is one too many."""
    if not state.rate_limits:
        return
    now = state.now()
    left, since = state.buckets.get(bucket, (burst, now))
    left = min(burst, left + (now - since) * per_second)
    if left < 1:
        state.buckets[bucket] = (left, now)
        raise Refused("ratelimited", retry_after=max(1, round((1 - left) / per_second)))
    state.buckets[bucket] = (left - 1, now)
