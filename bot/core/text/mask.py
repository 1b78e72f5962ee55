r"""Replaces the values in a message by `<*>`, with one ordered table of rules.

`mask` first collapses every run of digits to one `0`, so its result depends on the collapsed text
alone: a caller can cache masked messages by collapsed text, which answers nine lines in ten. A
long id and its redacted form (`10812417...`) are masked alike.

All slots look the same; the rules' names are for people who read the table. Values that no pattern
recognises (a user's name, a host without a dot) are left to `clusters.grouping`, which compares
messages with each other.

Patterns take time linear in the text: a look-behind lets a run match only from its start, and
repetitions are possessive or exclude what follows them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MASK_VERSION: Final = 3
"""Increment on every change of the table, so that registries can carry decisions over."""

SLOT: Final = "<*>"
"""Placeholder for a value that varies."""

LIMIT: Final = 4_096
"""Characters of collapsed text that are masked; the rest is dropped. Templates are for reading,
and a log line can have 256 KiB."""


BEYOND_ASCII: Final = "\u0080"
"""In a rule's `needs`: any character outside ASCII."""


@dataclass(frozen=True, slots=True)
class MaskRule:
    """One row of the table, with an example that it masks and one that it leaves alone.

    `pattern` matches collapsed text (every run of digits is one `0`). It cannot match a text that
    contains none of `needs`; that substring test comes first because it is far cheaper. The whole
    table turns `example` into `example_masked`; this row does not change `counter`.
    """

    name: str
    needs: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str
    example: str
    example_masked: str
    counter: str

    def may_match(self, text: str) -> bool:
        """Returns whether the text contains any of `needs`."""
        return any(
            not text.isascii() if need == BEYOND_ASCII else need in text for need in self.needs
        )


def _rule(
    name: str,
    needs: str | tuple[str, ...],
    pattern: str,
    replacement: str = SLOT,
    *,
    example: tuple[str, str],
    counter: str,
) -> MaskRule:
    any_of = tuple(needs.split()) if isinstance(needs, str) else needs
    return MaskRule(name, any_of, re.compile(pattern), replacement, *example, counter)


_GLYPHS = "\u00a9\u00ae\u2010-\u2bff\u3030\u303d\ufe00-\ufe0f\ufffd\U0001f000-\U0001faff"
_UNIT = r"[kKMGTP]i?[Bb]|B|ns|us|µs|ms|s|sec|secs|min|mins|h|hrs?"

_SOURCE = (
    "js", "jsx", "mjs", "cjs", "ts", "tsx", "vue", "py", "rb", "erb", "go", "rs", "java", "kt",
    "kts", "scala", "groovy", "clj", "cs", "fs", "vb", "c", "cc", "cpp", "cxx", "h", "hpp", "m",
    "mm", "swift", "dart", "php", "phtml", "pl", "pm", "lua", "ex", "exs", "erl", "hs", "ml", "r",
    "sh", "sql", "html", "css", "json", "yaml", "yml", "toml", "xml", "conf", "cfg", "ini", "txt",
    "log", "proto",
)  # fmt: skip
"""Endings of files: `main.go:68` is a line of the source, `proxy.example.hk:68` a port."""
_PROSE = (
    "msg", "message", "err", "error", "reason", "cause", "exception", "detail", "event", "desc",
    "description", "code", "errno", "status", "state", "result", "outcome",
)  # fmt: skip


def _no_source() -> str:
    """Returns look-behinds that fail behind the line of a file."""
    return "".join(rf"(?<!\.{ending}:0)" for ending in _SOURCE)


def _not_behind(*signs: str) -> str:
    """Returns look-behinds that fail behind a key of `_PROSE` and a sign.

    Behind a key of `_PROSE` stands the message itself: `msg="disk full"`, `(reason: expired)`.
    """
    return "".join(
        f"(?<![{ending[0]}{ending[0].upper()}]{re.escape(ending[1:] + sign)})"
        for sign in signs
        for ending in _PROSE
    )


MASKS: Final[tuple[MaskRule, ...]] = (
    _rule(
        "glyph",
        f"[ ? {BEYOND_ASCII}",
        rf"\A(?:(?:\[(?:[?{_GLYPHS}]{{1,8}}|U\+[0-9A-F]{{1,8}})\]|[?{_GLYPHS}]{{1,8}})\s*+)++(?=\S)",
        "",
        example=("[U+1F511] signed in", "signed in"),
        counter="[x] signed in",
    ),
    _rule(
        "json",
        "\" '",
        r"""(?:(?<=[{,\[(])|(?<=[{,] ))(\\?["'])([\w.@$ /-]{1,64}+)\1\s?:\s?(?!\s*+[{\[])"""
        r"""(?:\\"[^"\\]*+\\"|"(?:[^"\\]|\\.)*+(?:"|\Z)|'(?:[^'\\]|\\.)*+(?:'|\Z)|"""
        r"""<[^<>{}]*+>|[^\s,(){}\[\]"']++(?:\([^()]*+\))?)""",
        r"\1\2\1: <*>",
        example=("""got {"user": "ana", "n":7}""", """got {"user": <*>, "n": <*>}"""),
        counter='"quoted" and nothing behind',
    ),
    _rule(
        "mail",
        "@",
        r"(?<![\w.+*@-])[\w.+*-]++@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)++",
        example=("Created user ***@example.org", "Created user <*>"),
        counter="retry @ midnight",
    ),
    _rule(
        "redacted",
        "REDACTED redacted FILTERED Filtered",
        r"(?<![\w=>-])(?:\[(?:REDACTED|redacted|FILTERED|Filtered)\]|<(?:REDACTED|redacted)>|"
        r"REDACTED)(?![\w-])",
        example=("token REDACTED of [FILTERED]", "token <*> of <*>"),
        counter="auth=REDACTED",
    ),
    _rule(
        "url",
        "://",
        r"(?<![A-Za-z])[A-Za-z][A-Za-z0-9+.-]{1,15}+://[^\s\"'<>,;)\]}]*+",
        example=("GET https://example.org/a?b=c failed", "GET <*> failed"),
        counter="either: //or",
    ),
    _rule(
        "path",
        "/ \\",
        r"(?<![\w.~/\\>])(?:[A-Za-z]:(?=[\\/])|~(?=/)|\.{1,2}(?=/))?"
        r"(?:[\\/]+[\w.@%+$#~*=?&-]++)++[\\/]?",
        example=("cannot open /var/lib/x/data.db", "cannot open <*>"),
        counter="read/write",
    ),
    _rule(
        "relative path",
        "/",
        r"(?<![\w./$>-])[\w.$-]++(?:(?:/[\w.$@-]++){2,}+|/(?!0\.)[\w$-]*+\.[\w.$-]++)/?",
        example=("in app/routes/ws.py", "in <*>"),
        counter="and/or HTTP/1.1",
    ),
    _rule(
        "date",
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        r"(?<![A-Za-z])(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*+,? )?"
        r"(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*+ 0|"
        r"0[ -](?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*+)"
        r"(?:[ ,:/T-]{1,2}0)*+(?: ?[A-Z]{3,4}(?: 0)?(?![A-Za-z]))?",
        example=("at Fri Jun 17 07:07:02 2005 again", "at <*> again"),
        counter="May fail",
    ),
    _rule(
        "host",
        ".",
        r"(?<![\w.@>-])(?:(?=[A-Za-z_.-]*+0)(?![\w.-]*[A-Z][a-z])[\w-]++(?:\.[\w-]++)++(?::0)?|"
        rf"[a-z-]++(?:\.[a-z-]++)++:0(?!\w){_no_source()}|"
        r"[A-Za-z-]++(?:\.[A-Za-z-]++)*?\.(?:com|net|org|edu|gov|mil|int|arpa|internal|local)"
        r"(?![\w-]|\.\w)(?::0)?)",
        example=("from n219.example.net:80 to x.cn:443 or example.com", "from <*> to <*> or <*>"),
        counter="java.net.ConnectException at main.go:68",
    ),
    _rule(
        "hex groups",
        ": -",
        r"(?<![A-Za-z0-9:.])(?=[A-Fa-f:-]{0,40}0)(?:(?:[0-9A-Fa-f]{0,8}[:-]){2,19}[0-9A-Fa-f]{1,12})"
        r"(?![A-Za-z0-9-]|:\w)",
        example=("from 00:1b:ba:e3:fe:c3 on fe80::1", "from <*> on <*>"),
        counter="a::b",
    ),
    _rule(
        "number or id",
        "0",
        r"(?<![A-Za-z0-9])(?:[A-Fa-f]*+|([A-Za-z]++))"
        r"0[A-Za-z0-9]*+(?:[.,:/-]0[A-Za-z0-9]*+)*+(?:\.{3})?",
        r"\1<*>",
        example=(
            "blk_-38 took 1.5s of 9f86d081... in thread-7, OAuth2 and Foo@1a2b3c",
            "blk_<*> took <*> of <*> in thread-<*>, OAuth<*> and Foo@<*>",
        ),
        counter="no number",
    ),
    _rule(
        "sign",
        "-<*> +<*> <<*> ~<*>",
        r"[-+<~](?:(?<=[-+])(?<![A-Za-z0-9)\]>*].)|(?<=\s[<~]))<\*>(?!>)",
        example=("index -1, lifetime <1 sec", "index <*>, lifetime <*>"),
        counter="a-1 or <1>",
    ),
    _rule(
        "unit",
        "<*>",
        rf"<\*> ?(?:(?:{_UNIT})(?![A-Za-z0-9_])|%)",
        example=("2.1 KB in 30 ms or 20 %", "<*> in <*> or <*>"),
        counter="5 ducks",
    ),
    _rule(
        "id tail",
        "<*>- <*>_ <*>.",
        r"<\*>(?:[-_.](?:[A-Za-z]{0,3}<\*>|[A-Za-z]{1,3}(?![A-Za-z0-9(<])))+",
        example=("revision web-00598-qss of pod-7d4b9-x2z", "revision web-<*> of pod-<*>"),
        counter="<*> - end",
    ),
    _rule(
        "value",
        "=",
        rf"( = | =|=){_not_behind('=', ' =', ' = ')}"
        r"(?:\"[^\"]{0,256}+\"|'[^']{0,256}+'|"
        r"(?:[^\s,;=\"'()\[\]{}<>]|<\*>)++(?:\{[^{}=]*+\}|\([^()=]*+\))?)",
        r"\1<*>",
        example=("user=guest tag= n = 5", "user=<*> tag=<*> n = <*>"),
        counter="a == b",
    ),
    _rule(
        "no value",
        "=",
        rf"=(?=[\s,;)&])(?<=\w=){_not_behind('=')}",
        "=<*>",
        example=("login of tty= by user=", "login of tty=<*> by user="),
        counter="a == b, error= c",
    ),
    _rule(
        "empty quotes",
        ('""', "''"),
        r"([\"'])(?<=[\s:(,].)\1(?![\w\"'])",
        r"\1<*>\1",
        example=("no user '' in \"\"", "no user '<*>' in \"<*>\""),
        counter="it''s",
    ),
    _rule(
        "pair",
        ":",
        r"((?:(?<=[({])|(?<=, ))[A-Za-z_][\w.-]{0,63}+: )"
        rf"{_not_behind(': ')}"
        r"(?:[^\s,:(){}\[\]<>\"']|<\*>)++"
        r"(?=[)}]|, [A-Za-z_][\w.-]{0,63}+: )",
        r"\1<*>",
        example=("done (env: staging, size: big)", "done (env: <*>, size: <*>)"),
        counter="done (reason: late)",
    ),
    _rule(
        "empty",
        "() []",
        r"(?<=\s)(?:\(\)|\[\])",
        "(<*>)",
        example=("from host () at", "from host (<*>) at"),
        counter="init() ok",
    ),
    _rule(
        "literal",
        "true false null True False None TRUE FALSE NULL",
        r"(?<![\w.'\"-])(?:true|false|null|True|False|None|TRUE|FALSE|NULL)(?![\w.'\"-])",
        example=("ready:true, last null", "ready:<*>, last <*>"),
        counter="nullable",
    ),
    _rule(
        "list",
        ("<*>,", "<*> -", "<*>/", "<*>:", "<*>|"),
        r"<\*>(?:(?:, ?| - |/|:|\|)<\*>)+",
        example=("Rect(0, 0 - 720, 1280) of [1,2]", "Rect(<*>) of [<*>]"),
        counter="<*> and <*>",
    ),
    _rule(
        "repeat",
        ("<*> ", "<*>, "),
        r"(?<!\S)([^\s<]{0,32}+<\*>)(?:,? \1(?!\S))+",
        r"\1",
        example=("delete blk_1 blk_-22 blk_3", "delete blk_<*>"),
        counter="delete blk_1 and blk_2",
    ),
)
"""All rules, in the order in which they are applied."""

ZEROS: Final = bytes(0x30 if 0x31 <= byte <= 0x39 else byte for byte in range(256))
"""Translation table that turns every digit into `0`; masks never depend on the digit."""

_DIGITS = re.compile(r"[0-9]+")
_SPACE = re.compile(r"\s+")


SWALLOWED: Final = 8
"""Words of an older template that one slot of a newer one may replace: a date has six."""

_GLYPH = re.compile(r"\A(?:\[U\+[^\]\s]{1,24}\] )+")


def covers(masked: str, older: str) -> bool:
    """Returns whether `masked` may be a newer mask's template of the line behind `older`.

    It may if each slot replaces one to `SWALLOWED` words of `older` and everything else is equal.
    A template with slots but fewer than two literal words is too vague and must be equal.
    """
    first, *rest = masked.split(SLOT)
    if not rest or sum(len(part.split()) for part in (first, *rest)) < 2:
        return masked == older
    if not older.startswith(first):
        return False
    at = len(first)
    for i, part in enumerate(rest):
        last = i == len(rest) - 1
        end = len(older) - len(part) if last else older.find(part, at + 1)
        if end <= at or (last and not older.endswith(part)):
            return False
        if len(older[at:end].split()) > SWALLOWED:
            return False
        at = end + len(part)
    return True


def without_glyph(older: str) -> str:
    """Drops leading `[U+<*>] `, which older masks made of a glyph and newer ones remove."""
    return _GLYPH.sub("", older)


def collapse(text: str) -> str:
    """Replaces every run of ASCII digits by one `0`; `mask` depends on nothing else."""
    return _DIGITS.sub("0", text)


def mask(text: str) -> str:
    """Masks a redacted text: replaces its values by slots.

    Never raises; takes time linear in the text. Whitespace is collapsed and stripped.
    """
    masked = _SPACE.sub(" ", collapse(text)[:LIMIT]).strip()
    for rule in MASKS:
        if rule.may_match(masked):
            masked = rule.pattern.sub(rule.replacement, masked)
    return masked
