"""Texts that name what a message names: a module, host, table, permission or value."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.core.triage.facts import Facts

MAX_NAMES = 3
MAX_LENGTH = 100

Text = str | Callable[[Facts], str | None] | None
"""A text to show, or a function that finds it; None where nothing is known."""


def said(text: Text, facts: Facts) -> str | None:
    """Returns the text for these facts."""
    return text(facts) if callable(text) else text


def names(pattern: re.Pattern[str], words: str) -> list[str]:
    """Returns what the pattern's groups find, in the order of the text, without repetition.

    Two groups in one hit are a host and its port.
    """
    found = [
        ":".join(group.strip() for group in hit.groups() if group)
        for hit in pattern.finditer(words)
    ]
    return [name[:MAX_LENGTH] for name in dict.fromkeys(found) if name][:MAX_NAMES]


def naming(pattern: str, text: str, otherwise: Text = None) -> Callable[[Facts], str | None]:
    """Builds a text whose `{0}` is what the pattern finds in the messages; else `otherwise`."""
    compiled = re.compile(pattern)

    def find(facts: Facts) -> str | None:
        found = names(compiled, facts.words)
        return text.format(", ".join(found)) if found else said(otherwise, facts)

    return find


MODULE = (
    r"[Nn]o module named ['\"]?([\w.\-]+)|[Cc]annot find (?:module|package) '([^'\n]{1,200})'"
    r"|cannot import name '(\w+)'|ClassNotFoundException: ([\w.$]+)"
    r"|NoClassDefFoundError: ([\w./$]+)(?![^\0]{0,4000}ClassNotFoundE)"
    r"|cannot load such file -- (\S+)|Class \"([\w\\]+)\" not found"
    r"|loading shared libraries: (\S+):|file or assembly '([^',\n]{1,200})"
    r"|uninitialized constant ([\w:]+)"
)
"""The part that a start needs, in Python, Node, Java, Ruby, PHP, C and .NET."""

TABLE = (
    r"relation \"([^\"\n]{1,100})\" does not exist|[Nn]o such table: ([\w.]+)"
    r"|[Tt]able '([^'\n]{1,100})' doesn't exist|[Uu]nknown column '([^'\n]{1,100})'"
    r"|column \"?([\w.]{1,100})\"? does not exist|[Ii]nvalid object name '([^'\n]{1,100})'"
)
"""A table or column that the database does not have."""

_NAME = r"[A-Za-z\d](?:[\w-]{0,62}[\w])?(?:\.[\w-]{1,63}){0,8}"
HOST = (
    rf"(?:ECONNREFUSED|ETIMEDOUT|ECONNRESET|EHOSTUNREACH) ({_NAME}:\d{{2,5}})"
    rf"|dial tcp (?:\[?[\da-f:.]+\]?|{_NAME}): |dial tcp ({_NAME}:\d{{2,5}})"
    rf"|(?:connect|connection|connecting) (?:to|at) (?:server at )?[\"']?({_NAME}:\d{{2,5}})"
    rf"|to server at \"({_NAME})\"(?: \([^)\n]{{1,60}}\))?, port (\d{{2,5}})"
    rf"|host='?({_NAME})'?, port=(\d{{2,5}})|Connect call failed \('({_NAME})', (\d{{2,5}})"
    rf"|MySQL server on '({_NAME}(?::\d{{2,5}})?)'"
    rf"|Connection to ({_NAME}:\d{{2,5}}) ref"
    rf"|(?:to|at|from) \w{{2,12}}://(?:[^\s/@]{{1,80}}@)?({_NAME}(?::\d{{2,5}})?)"
    rf"|(?:ENOTFOUND|EAI_AGAIN) ({_NAME})|lookup ({_NAME})(?: on [\d.:]+)?:"
    rf"|UnknownHostException: ({_NAME})|translate host name \"({_NAME})\""
    rf"|Failed to resolve '({_NAME})'|connect to ({_NAME}:\d{{2,5}})"
)
"""The host that a service asks for, with its port where that is named."""

_LOOPBACK = r"(?:localhost|127\.0\.0\.1|\[?::1\]?)"
OWN_CONTAINER = (
    rf"({_LOOPBACK}:\d{{2,5}})"
    rf"|to server at \"({_LOOPBACK})\"(?: \([^)\n]{{1,60}}\))?, port (\d{{2,5}})"
    rf"|host='?({_LOOPBACK})'?, port=(\d{{2,5}})|Connect call failed \('({_LOOPBACK})', (\d{{2,5}})"
)
"""A host that is the container itself, with its port."""

_PERMISSION = r"[a-z][A-Za-z]{1,40}\.[a-z][A-Za-z]{1,60}\.[A-Za-z]{2,60}"
PERMISSION = (
    rf"[Pp]ermission ['\"]?({_PERMISSION})|does not have ({_PERMISSION})"
    rf"|not have permission to ({_PERMISSION})|perform:? ([a-z\d-]{{2,30}}:[A-Z]\w{{2,60}})"
    rf"|({_PERMISSION}) (?:access|permission)"
)
"""An IAM permission: `aiplatform.endpoints.predict`, `s3:GetObject`."""

API = (
    r"//([a-z\d-]{2,40}\.googleapis\.com)|([a-z\d-]{2,40}\.googleapis\.com)"
    r"|for url:? \(?https?://([\w.-]{1,100})|(?:GET|POST|PUT|DELETE|PATCH) `?https?://([\w.-]{1,100})"
    r"|permission denied for (?:table|schema|relation|sequence|database) \"?(\w{1,80})"
)
"""The service that answered with 403, or the object that the database does not let us use."""

PORT = (
    r"(?i:address|port|connection)[^\n]{0,20}? in use[^\n]{0,60}?(?::|port |', )(\d{2,5})\b"
    r"|(?:[Ll]isten(?:ing)?|[Bb]ind(?:ing)?|bind\(\)) (?:(?:to|on|tcp\d?|address|port) ){0,3}\(?"
    r"[^\s()]{0,60}?(?::|', |port )?(\d{2,5})\)?(?=[:\s.,\"]|$)"
    r"|[Pp]ort (\d{2,5}) (?:was|is|seems)[^\n]{0,20} in use|already bound: (\d{2,5})"
    r"|[Cc]onnector\[\"?[\w.-]{1,40}?-(\d{2,5})\"?\]"
)
"""The port that is used already; never a number of a frame, as in `bind(Net.java:555)`."""
