"""Translates GitHub's refusals into sentences: what happened, why, what to do.

The error depends on whether the request could have been carried out. After a refused connection or
any 4xx it was not. After a time-out, a cut connection or any 5xx it may have been: that raises
`UnknownOutcome` for a request that creates, and `Unavailable` for one that only reads.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.model.errors import (
    GardenerError,
    Missing,
    Refused,
    Unavailable,
    UnknownOutcome,
)
from bot.core.text.redact import redact

SECONDARY_WAIT = 60.0
"""Seconds to wait after a secondary rate limit without Retry-After (from GitHub's guide)."""


@dataclass(frozen=True, slots=True)
class Call:
    """The parts of a request that an error message needs."""

    doing: str
    """`create the issue`, `read the issues`."""
    repository: str
    writes: bool = False
    number: int | None = None
    app: bool = False
    """Whether it was sent as a GitHub App, not with a token."""

    @property
    def what(self) -> str:
        """`owner/name#12` or `owner/name`."""
        return self.repository if self.number is None else f"{self.repository}#{self.number}"


def refusal(call: Call, status: int, headers: Mapping[str, str], body: str) -> GardenerError:
    """Returns the error for an unsuccessful answer. Header names are lower case."""
    said = _said(body)
    if status in (403, 429) and (limited := _limited(call, status, headers, said)):
        return limited
    if status >= 500:
        return no_answer(call, str(status))
    if 300 <= status < 400:
        return Unavailable(
            f"{call.what} has moved on GitHub; nothing was changed. Try again, and write the new "
            "name into gardener.toml if this comes back.",
            retry_after=1,
        )
    if status in _KNOWN:
        deleted = status == 410 and "disabled" not in said.lower()
        gone = call.number is not None and (status == 404 or deleted)
        return (Missing if gone else Refused)(_KNOWN[status](call, headers, said))
    return Refused(
        f"GitHub refused to {call.doing} in {call.what} ({status}){_quoted(said)}. "
        "Nothing was changed."
    )


def no_answer(call: Call, why: str, *, sent: bool = True) -> GardenerError:
    """Returns the error for a missing or unusable answer. `why`: a status or a few words."""
    if call.writes and sent:
        return UnknownOutcome(
            f"GitHub did not confirm ({why}): I asked it to {call.doing} in {call.what}, and it "
            "may have been done."
        )
    return Unavailable(
        f"GitHub does not answer ({why}); I could not {call.doing} in {call.what}. "
        "Nothing was changed. Try again in a minute."
    )


def _limited(call: Call, status: int, headers: Mapping[str, str], said: str) -> Unavailable | None:
    primary = (
        headers.get("x-ratelimit-remaining") == "0" or "api rate limit exceeded" in said.lower()
    )
    secondary = "secondary rate limit" in said.lower() or "abuse detection" in said.lower()
    if not (primary or secondary or status == 429 or "retry-after" in headers):
        return None
    wait = _number(headers.get("retry-after"))
    if (
        wait is None
        and primary
        and (reset := _number(headers.get("x-ratelimit-reset"))) is not None
    ):
        wait = reset - time.time()
    wait = min(max(1.0, SECONDARY_WAIT if wait is None else wait), 3_600.0)
    return Unavailable(
        f"GitHub asks us to slow down; I did not {call.doing} in {call.what}. "
        f"Try again in {_span(wait)}.",
        retry_after=wait,
    )


def _unauthorized(call: Call, _headers: Mapping[str, str], said: str) -> str:
    if call.app:
        return (
            f"GitHub refuses the App{_quoted(said)}. Check GITHUB_APP_ID, "
            "GITHUB_APP_PRIVATE_KEY and this machine's clock. Nothing was changed."
        )
    return (
        "GitHub refuses the token: it is wrong, expired or revoked. Put a valid one into "
        "GITHUB_TOKEN and start gardener again. Nothing was changed."
    )


def _forbidden(call: Call, headers: Mapping[str, str], said: str) -> str:
    lower = said.lower()
    if "x-github-sso" in headers:
        return (
            f"The organisation of {call.repository} wants the token to be authorised for single "
            "sign-on: in GitHub's settings, under the token, choose Configure SSO."
        )
    if "locked" in lower:
        return f"{call.what} is locked, so GitHub takes no comment. Unlock it or file a new issue."
    if "archived" in lower or "read-only" in lower:
        return (
            f"{call.repository} is archived and read-only. Name another repository as `github` "
            "in gardener.toml."
        )
    who = "App" if call.app else "token"
    return (
        f"The {who} may not {call.doing} in {call.repository}{_quoted(said)}. "
        "Give it read and write access to Issues. Nothing was changed."
    )


def _missing(call: Call, _headers: Mapping[str, str], _said: str) -> str:
    if call.number is not None:
        return f"{call.what} is not on GitHub (any more). Nothing was changed."
    who = "App is not installed there" if call.app else "token may not see it"
    return (
        f"GitHub knows no {call.repository}, or the {who}. Check `github` in gardener.toml and "
        f"the {'installation' if call.app else 'token'}'s access. Nothing was changed."
    )


def _gone(call: Call, _headers: Mapping[str, str], said: str) -> str:
    if call.number is not None and "disabled" not in said.lower():
        return f"{call.what} was deleted on GitHub. Nothing was changed."
    return (
        f"Issues are switched off in {call.repository}. Switch them on in its settings, or name "
        "another repository as `github` in gardener.toml."
    )


def _invalid(call: Call, _headers: Mapping[str, str], said: str) -> str:
    return (
        f"GitHub does not take it: I could not {call.doing} in {call.what}{_quoted(said)}. "
        "Change the title or the labels and try again."
    )


_KNOWN = {
    401: _unauthorized,
    403: _forbidden,
    404: _missing,
    410: _gone,
    422: _invalid,
}


def _said(body: str) -> str:
    """Extracts GitHub's own message and errors as one short, redacted line."""
    try:
        data = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(data, dict):
        return ""
    parts = [str(data.get("message") or "")]
    errors = data.get("errors")
    for error in errors[:3] if isinstance(errors, list) else []:
        if isinstance(error, dict):
            words = (error.get("field"), error.get("code"), error.get("message"))
            parts.append(" ".join(str(word) for word in words if word))
        else:
            parts.append(str(error))
    line = re.sub(r"\s+", " ", "; ".join(part for part in parts if part))
    return redact(line[:1_000])[:200]


def _quoted(said: str) -> str:
    return f": “{said.rstrip('.')}”" if said else ""


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def _span(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{-(-whole // 60)} min"
