"""Reads the arguments of a Web API call as Slack does."""

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
    """The arguments of a call: strings from a form or a URL, any value from a JSON body."""

    given: Mapping[str, Any]

    def need(self, *names: str) -> None:
        """Raises Refused if one of these is missing."""
        missing = [f"missing required field: {n}" for n in names if self.given.get(n) in (None, "")]
        if missing:
            raise invalid(*missing)

    def text(self, name: str) -> str:
        """Returns a string, empty if absent. Raises Refused for anything else."""
        value = self.given.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise invalid(f"must provide a string [json-pointer:/{name}]")
        return value

    def maybe(self, name: str) -> str | None:
        """Returns a string; None if absent or empty."""
        return self.text(name) or None

    def flag(self, name: str, default: bool = False) -> bool:
        """Returns a boolean in any of Slack's spellings."""
        value = self.given.get(name)
        if value is None or value == "":
            return default
        return value in (True, 1, "1", "true", "True")

    def number(self, name: str, default: int) -> int:
        """Returns a whole number."""
        value = self.given.get(name)
        if value is None or value == "":
            return default
        try:
            return int(value)
        except (TypeError, ValueError):
            raise invalid(f"must provide a number [json-pointer:/{name}]") from None

    def names(self, name: str) -> list[str]:
        """Returns a list of ids, from a JSON array or a comma-separated string."""
        value = self.given.get(name)
        if isinstance(value, list):
            return [str(each) for each in value]
        return [each.strip() for each in str(value or "").split(",") if each.strip()]

    def parsed(self, name: str, refusal: str) -> Any:
        """Returns a value that a form carries as JSON text; None if absent."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise Refused(refusal) from None


def invalid(*reasons: str) -> Refused:
    """Builds `invalid_arguments` with its reasons."""
    return Refused("invalid_arguments", messages=[f"[ERROR] {each}" for each in reasons])


def refusal(code: str, problems: Problems) -> Refused:
    """Builds a refusal with the complaints of the Block Kit rules."""
    return Refused(code, messages=[f"[ERROR] {each}" for each in dict.fromkeys(problems)])


def checked_blocks(state: SlackState, args: Args) -> list[Json] | None:
    """Returns the call's blocks; None if it has none. Raises Refused where Slack would."""
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
    """Finds `slack_file`s that do not exist or are not pictures."""
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
    """Counts a call against a rate limit. Raises Refused (`ratelimited`) above the limit."""
    if not state.rate_limits:
        return
    now = state.now()
    left, since = state.buckets.get(bucket, (burst, now))
    left = min(burst, left + (now - since) * per_second)
    if left < 1:
        state.buckets[bucket] = (left, now)
        raise Refused("ratelimited", retry_after=max(1, round((1 - left) / per_second)))
    state.buckets[bucket] = (left - 1, now)
