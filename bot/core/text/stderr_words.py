"""Decides by its words whether a line without a level, from stderr, reports a failure.

Much is written to stderr that is mere talk: banners, progress, notices. First what only mentions
failures is taken out of the line (a count of none, the name of a part, a condition); then the rows
of `WORDS` are searched in what is left, and the first that matches gives the severity.
Decision 12 has the reasons and what it costs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.core.model.values import Severity

LONGEST = 1_000
"""Characters of the first line that are searched."""


@dataclass(frozen=True, slots=True, eq=False)
class Talk:
    """Words that mention failures without reporting one."""

    name: str
    pattern: re.Pattern[str]
    example: str
    counter: str
    """A line in which this row finds nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Words that report a failure."""

    name: str
    pattern: re.Pattern[str]
    severity: Severity
    example: str
    counter: str
    """A line that does not become this severity by any row."""


def _any(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_NOUN = (
    r"(?:errors?|failures?|fail(?:ed|s|ing)?|exceptions?|problems?|issues?|crashe[sd]?|timeouts?)"
)
_NONE = (
    r"(?:(?:0|nil|null|undefined|false)\b(?![.\d])|(?:no|none|zero|never|ok|\"\"|''|\[\]|\{\})"
    r"(?=\s*(?:$|[,;})\]])))"
)
_WEAK = (
    r"(?:invalid|missing|expired|unexpected|malformed|unsupported|conflicts?|corrupt(?:ed)?|lost)"
)

TALK: tuple[Talk, ...] = (
    Talk(
        "a garbage collector's own line",
        _any(r"\A.{0,60}\b(?:mark-compact|mark-sweep|scavenge) .{0,20}\d.*"),
        "[7:0x11] 1498 ms: Mark-Compact 58.7 (93.3) -> 58.7 (91.5) MB, allocation failure;",
        "FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed",
    ),
    Talk(
        "a count of none",
        _any(rf"\b(?:no|nothing|zero|without(?: any| an?)?|never|(?<![\d.,:-])0)\s+"
             rf"(?:[\w-]{{1,20}}\s+){{0,2}}?{_NOUN}\b"),
        "webpack compiled with 0 errors", "webpack compiled with 3 errors",
    ),
    Talk(
        "a field that is empty or zero",
        _any(rf"(?<![\w.-])[\w.-]*(?:{_NOUN}|fatal|panic|critical)[\w.-]{{0,40}}[\"']?\s?[:=]\s?[\"']?{_NONE}"),
        "requests=812 errors: 0", "errors: 12",
    ),
    Talk(
        "a part of a name",
        _any(rf"(?<![\w./$@-])[\w./$@-]*(?:[_/]{_NOUN}|{_NOUN}[_/]|-{_NOUN}|{_NOUN}-(?!:))[\w./$-]{{0,60}}"
             r"(?:=\S{0,40})?"),
        "error_rate=0", "write error: disk full",
    ),
    Talk(
        "a class that handles errors",
        re.compile(r"\b\w{0,40}(?:Error|Exception|Failure|Crash|Fault)"
                   r"(?:s|Boundary|Handler|Handling|Page|Reporter|Reporting|Filter|Middleware"
                   r"|Tracker|Tracking|Logger|Mapper|Codes?|Module|Service|Listener|Interceptor"
                   r"|Resolver|Monitor|Overlay|Factory|Advice|Context|Type)\w{0,40}"),
        "ErrorBoundary mounted", "ValueError: bad",
    ),
    Talk(
        "what an error is handled with",
        _any(r"\b(?:errors?|exceptions?|failures?|failed|crash|fault)\s+(?:handl(?:ers?|ing)"
             r"|boundar(?:y|ies)|pages?|report(?:s|ing|er)?|track(?:ing|er)|monitor(?:s|ing)?"
             r"|logs?|logging|rates?|budgets?|codes?|middlewares?|collect(?:or|ion(?!:))|filters?"
             r"|templates?|toleran(?:ce|t)|recovery|correction|levels?|detection|injection|views?"
             r"|over|thresholds?|polic(?:y|ies)|modes?|domains?|counters?|metrics?|notifications?|channels?|queues?|streams?|messages?"
             r"|types?|class(?:es)?|schemas?|responses? are)\b"),
        "error handler registered", "Error handing over the order",
    ),
    Talk(
        "a condition",
        _any(r"\b(?:if|when(?:ever)?|unless|until|in case|on|upon|for|after|before|from)\s+"
             r"(?:[\w'-]{1,20}\s+){0,3}?(?:errors?|failures?|fails|exceptions?|timeouts?)\b(?!:(?!\s*\d))"),
        "will exit on error", "exit: error",
    ),
    Talk(
        "what may happen",
        _any(r"\b(?:may|might|could|can|will|would|should|to|not)\s+(?:be\s+)?(?:\w{1,20}ly\s+)?"
             r"(?:fail|crash|time out|abort)\b(?!ed)"),
        "this may fail later", "the write failed",
    ),
    Talk(
        "looked for or done away with",
        _any(r"\b(?:check|scan|search|look|watch|listen|remov|purg|clean|delet|prun|handl|process"
             r"|invalidat|report|count|validat|collect|exclud)\w{0,6}\s+(?:up\s+|for\s+|all\s+|any\s+)*"
             rf"(?:[\w-]{{1,20}}\s+){{0,2}}?(?:{_NOUN}|{_WEAK})\b(?!:)"),
        "Removing expired sessions", "expired session",
    ),
    Talk(
        "over and done",
        _any(r"\b(?:recover(?:ed|y)|fixed|resolved|handled|ignor(?:ed|ing)|cleared|cleaned|suppress"
             r"(?:ed|ing))\b[^.;]{0,60}?\b(?:errors?|failures?|failed|exceptions?)\b"),
        "recovered from the last error", "error: cannot recover",
    ),
)  # fmt: skip

_TAG = (
    r"\A(?:\s|\d{1,10}\b|[^\w\s]{1,3}|\[[^\]\n]{1,60}\]|\([^)\n]{1,60}\)|[\w./@-]{1,40}(?:\[\d+\])?:(?=\s))"
    r"{0,6}?"
)
"""What may stand before the first word: a symbol, a tag in brackets, a program's name."""

WORDS: tuple[Words, ...] = (
    Words(
        "Node's unhandled rejection",
        re.compile(r"UnhandledPromiseRejection"),
        Severity.ERROR,
        "(node:1) UnhandledPromiseRejectionWarning: Error: no database", "rejections are counted",
    ),
    Words(
        "it calls itself a warning",
        _any(_TAG + r"(?:\w{0,40}Warning|warn)\b\s?[:\-]"),
        Severity.WARNING,
        "(node:1) Warning: an unsettled promise failed", "deprecation warnings are shown",
    ),
    Words(
        "it calls itself fatal",
        _any(_TAG + r"(?:fatal|critical|panic|emergency)\b(?! (?:section|path|css|request))"
             r"|\bpanicked at\b|\bsegmentation fault\b|\bcore dumped\b|\bout of memory\b"
             r"|\bterminate called\b|\bstack overflow\b|\bAPPLICATION FAILED TO START\b"),
        Severity.CRITICAL,
        "Critical: Database migration failed", "critical section entered",
    ),
    Words(
        "it failed and goes on",
        _any(r"\b(?:fail(?:ed|ure)?|error|could not|cannot|can't|unable|timed? ?out|refused|lost)\b"
             r".{0,300}\b(?:retry(?:ing)?|will retry|falling back|fall(?:s)? back|fallback"
             r"|skipp(?:ed"
             r"|ing)|ignor(?:ed|ing)|continuing|using default)"
             r"|\b(?:retry(?:ing)?|falling back|skipp(?:ed|ing)|ignor(?:ed|ing))\b.{0,300}"
             r"\b(?:fail(?:ed|ure)?|error|timed? ?out|refused)\b"),
        Severity.WARNING,
        "connection refused, retrying in 2 s", "retrying",
    ),
    Words(
        "an error or exception at the beginning",
        _any(_TAG + r"(?:(?:uncaught|unhandled|unexpected|internal|an?|the|caught)\s+)?"
             r"(?:server\s+)?(?:error|exception|failure)\b(?![.=]\w|\s+(?:free|is|are|was|will))"),
        Severity.ERROR,
        "Error syncing inventory: status 503", "ErrorBoundary mounted",
    ),
    Words(
        "the class of an error",
        re.compile(r"(?<![\w/])(?:[\w$]{1,80}[.:\\]{1,2}){0,10}[A-Z]\w{0,80}"
                   r"(?:Error|Exception|Failure)\b(?:\s?[:(\[]|$)|\bERR_[A-Z_]{3,40}\b"
                   r"|\bE(?:CONNREFUSED|CONNRESET|NOTFOUND|TIMEDOUT|ADDRINUSE|PIPE|ACCES|NOENT)\b"),
        Severity.ERROR,
        "Task crashed with java.io.IOException: closed", "ErrorHandler ready",
    ),
    Words(
        "uncaught, unhandled, aborted",
        _any(r"\b(?:uncaught|unhandled)\b(?=.{0,80}(?:error|exception|rejection|promise))"
             r"|\b(?:rake )?abort(?:ed|ing)\b|\bcrashed\b"
             r"|\bcalled `\w{1,20}::\w{1,20}\(\)` on an?\b"
             r"|\bTraceback\b|\bpanic:"),
        Severity.ERROR,
        "rake aborted!", "unhandled routes go to the index",
    ),
    Words(
        "it failed",
        _any(r"\bfailed\b|\bfailing\b|\bfails\b|\bfailure\b|\b(?:could|can|did|was|were"
             r"|is) ?not be "
             r"(?:\w{3,20}ed|found|read|sent|written|built|run|loaded|reached)\b"
             r"|\b(?:could not|couldn't|cannot|can't|can not|unable to|not able to|failed to)\b"),
        Severity.ERROR,
        "Failed to charge card: declined", "failover is ready",
    ),
    Words(
        "an error within",
        _any(r"\berrors?\b\s?(?:[:;!,(\[{]|\.(?!\w)|$|(?:occurred|while|when|during|in|at|on|with|raised|thrown"
             r"|connecting|from|for|returned|code|status|collection)\b)|\bexceptions?\b\s?(?:[:;!(]|occurred|while|in"
             r"|thrown|raised|$)|\b[1-9]\d{0,8} (?:errors?|failed|failures?)\b"),
        Severity.ERROR,
        "disk write error: no space", "errors are counted by hour",
    ),
    Words(
        "refused, denied, unreachable",
        _any(r"\b(?:connection|permission|access|request|login)s?\s+(?:was |is "
             r"|were )?(?:refused|denied"
             r"|reset|rejected|aborted)|\b(?:refused|denied) (?:by|the|to|access)\b|\btimed out\b"
             r"|\bunreachable\b|\bno such (?:file|host|table|column|module|device|container"
             r"|image)\b"
             r"|\bdoes not exist\b|\baddress already in use\b|\bno space left\b|\bbroken pipe\b"
             r"|\bdeadline exceeded\b|\bcommand not found\b|\bsyntax error\b|\bexit status [1-9]"
             r"|\bexited with (?:code|status)\b|\bis (?:corrupt|broken)(?:ed)?\b"
             r"|\bundefined method\b"
             r"|\bdeadlock\b|\bnull pointer\b|\bnil pointer\b"),
        Severity.ERROR,
        "dial tcp 10.1.2.3:5432: connect: connection refused", "access log opened",
    ),
    Words(
        "not as it should be",
        _any(r"\bnot found\b|(?<![/\w-])(?:invalid|missing)\b(?!-)|\bunauthorized\b"
             r"|\bforbidden\b|\bbad request\b"
             r"|\bmethod not allowed\b|\bunexpected(?:ly)?\b|\brejected\b|\bexceed(?:ed|s)\b"
             r"|\bexpired\b|\bmalformed\b|\bunsupported\b|\bdisconnected\b|\bnot (?:set|defined"
             r"|configured|reachable|available|responding|writable)\b|\boverflow(?:ed)?\b|\bkilled\b"
             r"|\bconnection lost\b|\blost\b.{0,30}\bconnection\b|\bconflicts?\b"
             r"|\btoo many\b|\bcorrupt(?:ed)?\b|\bmemory leak\b"),
        Severity.WARNING,
        "Not Found: /orders/12", "cache found",
    ),
)  # fmt: skip

_BENIGN_START = re.compile(
    r"\s{0,8}(?:npm (?:notice|info|http)|\(Background on this error|\[SQL: |\[parameters: "
    r"|note: |hint: |"
    r"help: |tip: |usage: |\(Use `?node|at |from |#\d)",
    re.IGNORECASE,
)
"""Beginnings of lines that add to another line, or that only inform."""
_DEPRECATED = re.compile(r"deprecat", re.IGNORECASE)
_COUNT = re.compile(
    r"\b\d{1,9}\s+(?:[\w-]{1,20}\s+){0,2}?(?:errors?|fail\w{0,6}|exceptions?|problems?|issues?|crash\w{0,3})"
    r"|(?:errors?|fail\w{0,6}|exceptions?|problems?|issues?|crash\w{0,3}|exit status)[\w.-]{0,40}"
    r"[\"']?\s?[:= ]\s?[\"']?\d",
    re.IGNORECASE,
)
_HINT = re.compile(
    r"error|fail|excep|fatal|critical|panic|emergency|abort|crash|could not|cannot|can't"
    r"|can not|couldn"
    r"|unable|not able|refused|denied|time?d out|unreachable|no such|not exist|in use|no space"
    r"|broken|deadline|not found|exit|corrupt|undefined|deadlock|pointer|segment|dump|memory"
    r"|terminate"
    r"|overflow|uncaught|unhandled|traceback|invalid|missing|unauth|forbidden|bad request"
    r"|not allowed|unexpected|reject|exceed|expired|malformed|unsupported|disconnect"
    r"|not (?:set|def|con"
    r"|rea|ava|res|wri|be)|kill|lost|conflict|too many|reset|warn|ECONN"
    r"|EADDR|ENO|EPIPE"
    r"|EACC|ETIME|called `",
    re.IGNORECASE,
)


def depends_on_digits(text: str) -> bool:
    """Returns whether the text counts failures, so that `0 errors` and `3 errors` differ."""
    return _COUNT.search(text[:LONGEST]) is not None


def severity(text: str) -> Severity:
    """Returns what the words report: CRITICAL, ERROR or WARNING; DEFAULT for mere talk."""
    line = text.lstrip("\n").partition("\n")[0][:LONGEST]
    if not _HINT.search(line) or _BENIGN_START.match(line):
        return Severity.DEFAULT
    for talk in TALK:
        line = talk.pattern.sub(" … ", line)
    for words in WORDS:
        if words.pattern.search(line):
            if _DEPRECATED.search(line) and words.severity > Severity.WARNING:
                return Severity.WARNING
            return words.severity
    return Severity.DEFAULT
