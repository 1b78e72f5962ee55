"""Makes text safe for Slack: the only place that cleans, escapes and cuts it.

Text arrives redacted; times in it are marks of `blocks.moments`. `mrkdwn` and `fallback` escape
`&`, `<` and `>`; `plain` is for plain_text and rich_text objects, which Slack takes literally. None
of them cuts through an escape or a visible character. If mrkdwn would change log text (`*args`,
`:key:`, a backtick), `shows_as_written` is False, and the text goes into a plain_text object.
"""

from __future__ import annotations

import re
import unicodedata

from blocks.moments import in_utc, tokens
from bot.core.text.display import (
    ELLIPSIS,
    clean,
    cut,
    one_line,
    start,
)

FALLBACK_LIMIT = 400
"""Our limit, which fits a lock screen. `chat.update` fails near 4,000 bytes (facts.md)."""

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_UNESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_CALLS_ALL = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)
_MARKUP = re.compile(
    r"`"  # code
    r"|(?<![A-Za-z0-9])([*_~])(?=\S)[^\n]+?(?<=\S)\1(?![A-Za-z0-9])"  # bold, italic, struck
    r"|:(?:[a-z0-9_+'-]*[a-z][a-z0-9_+'-]*|100|1234|[+-]1):"  # emoji
    r"|(?m:^\s*>)"  # a quotation
    r"|@(?:channel|here|everyone|group)\b",
    re.IGNORECASE,
)
_USER = re.compile(r"\A[UW][A-Z0-9]{2,20}\Z")
_GROUP = re.compile(r"\AS[A-Z0-9]{2,30}\Z")
_CHANNEL = re.compile(r"\A[CGD][A-Z0-9]{2,20}\Z")


def escape(text: str) -> str:
    """Escapes `&`, `<` and `>` for mrkdwn, nothing else."""
    return text.translate(_ESCAPES)


def unescape(text: str) -> str:
    """Reverses `escape`, for a terminal."""
    for escaped, char in _UNESCAPES:
        text = text.replace(escaped, char)
    return text


def mrkdwn(text: str, limit: int) -> str:
    """Prepares foreign text for mrkdwn: one escaped line of at most `limit` characters.

    Each time in it becomes a token, whose text is longer.
    """
    return tokens(_escaped(one_line(text[: limit * 8]), limit))


def plain(text: str, limit: int) -> str:
    """Prepares foreign text for plain_text: one literal line of at most `limit` characters."""
    return cut(in_utc(one_line(text[: limit * 8])), limit)


def literal(text: str, limit: int) -> str:
    """Prepares foreign text for rich_text: literal, with lines and spaces, at most `limit` long."""
    return cut(in_utc(clean(text[: limit * 8])), limit)


def fallback(sentence: str, limit: int = FALLBACK_LIMIT) -> str:
    """Prepares a message's fallback text: one escaped line, never empty, that notifies nobody."""
    line = _CALLS_ALL.sub("@\u2060", in_utc(one_line(sentence[: limit * 8])))
    return _escaped(line, limit) or "Gardener"


def shows_as_written(text: str) -> bool:
    """True if mrkdwn (escaped, verbatim) shows exactly these words."""
    return _MARKUP.search(text) is None


def user(user_id: str) -> str:
    """Mentions a user in mrkdwn; text that is not a user id is shown as plain words."""
    return f"<@{user_id}>" if _USER.match(user_id) else mrkdwn(user_id, 40) or "someone"


def group(group_id: str) -> str:
    """Mentions a user group in mrkdwn, which notifies its members; empty for no id."""
    return f"<!subteam^{group_id}>" if _GROUP.match(group_id) else ""


def channel(channel_id: str) -> str:
    """Mentions a channel in mrkdwn."""
    return f"<#{channel_id}>" if _CHANNEL.match(channel_id) else mrkdwn(channel_id, 80)


def link(url: str, text: str) -> str:
    """Renders a mrkdwn link; only its text if the URL is not safe to open."""
    shown = mrkdwn(text, 150).replace("|", "¦")
    if not web(url):
        return shown
    return f"<{escape(url).replace('|', '%7C')}|{shown}>"


def web(url: str) -> bool:
    """True if a button may open it: http or https, no spaces, at most Slack's 3,000 characters."""
    return re.match(r"\Ahttps?://[!-;=?-~]+\Z", url) is not None and len(url) <= 3000


def _escaped(text: str, limit: int) -> str:
    escaped = escape(text)
    if len(escaped) <= limit:
        return escaped
    room, keep = limit - 1, 0
    for char in text:
        room -= len(char.translate(_ESCAPES))
        if room < 0:
            break
        keep += 1
    return escape(start(text, keep)) if keep else ELLIPSIS[:limit]


def visible(text: str) -> bool:
    """True if a reader would see anything: Slack rejects an empty text object."""
    return any(not c.isspace() and unicodedata.category(c) not in {"Cf", "Cc"} for c in text)
