"""Converts GitHub's answers, and PyGithub's errors, to our values and errors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from bot.adapters.github.errors import Call, no_answer, refusal
from bot.core.model.errors import Refused
from bot.core.model.rfc3339 import parse
from bot.core.ports import Comment, Issue


@contextmanager
def translated(call: Call) -> Iterator[None]:
    """Translates errors of PyGithub and requests `from None`: theirs hold the request's headers."""
    from github import GithubException
    from requests import exceptions

    try:
        yield
    except GithubException as error:
        headers = {k.lower(): str(v) for k, v in (error.headers or {}).items()}
        raise refusal(call, error.status, headers, json.dumps(error.data, default=str)) from None
    except exceptions.SSLError:
        raise no_answer(call, "its certificate does not verify") from None
    except (exceptions.ConnectTimeout, exceptions.ProxyError, exceptions.InvalidURL):
        raise no_answer(call, "no connection", sent=False) from None
    except exceptions.Timeout:
        raise no_answer(call, "time-out") from None
    except exceptions.ConnectionError as error:
        if _never_connected(error):
            raise no_answer(call, "no connection", sent=False) from None
        raise no_answer(call, "connection lost") from None
    except exceptions.RequestException:
        raise no_answer(call, "network error") from None
    except RuntimeError:
        # PyGithub follows no redirect to another host or scheme.
        raise Refused(
            "GITHUB_API_URL sends us to another address. Set it to the API's own, or leave it "
            "out for github.com."
        ) from None


def _never_connected(error: Exception) -> bool:
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def before_sending(call: Call) -> Call:
    """The call before anything was sent."""
    return replace(call, writes=False)


def issue_of(call: Call, data: Mapping[str, Any]) -> Issue:
    """Reads an issue from an answer."""
    number = data.get("number")
    if not isinstance(number, int):
        raise no_answer(call, "an answer I cannot read")
    labels, closer = data.get("labels"), data.get("closed_by")
    names = (
        label if isinstance(label, str) else text_of(label, "name")
        for label in (labels if isinstance(labels, list) else ())
        if isinstance(label, str | dict)
    )
    return Issue(
        number=number,
        title=text_of(data, "title"),
        body=text_of(data, "body"),
        state="closed" if data.get("state") == "closed" else "open",
        url=text_of(data, "html_url"),
        labels=tuple(name for name in names if name),
        created=parse(text_of(data, "created_at")) or 0,
        updated=parse(text_of(data, "updated_at")) or 0,
        closed=parse(text_of(data, "closed_at")),
        locked=data.get("locked") is True,
        closed_by=text_of(closer, "login") if isinstance(closer, dict) else "",
    )


def comment_of(call: Call, data: Mapping[str, Any]) -> Comment:
    """Reads a comment from an answer."""
    number = data.get("id")
    if not isinstance(number, int):
        raise no_answer(call, "an answer I cannot read")
    return Comment(number, text_of(data, "body"), text_of(data, "html_url"))


def text_of(data: Mapping[str, Any], key: str) -> str:
    """Returns a field's text; empty if there is none."""
    value = data.get(key)
    return value if isinstance(value, str) else ""
