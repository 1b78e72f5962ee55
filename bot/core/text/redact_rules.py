"""The redaction rules, in one ordered table; `redact` applies them.

Secrets are redacted before we store, post, file or log anything. Each rule takes time linear in
the text, with every repetition bounded or anchored at the start of a token: a log line can be
256 KiB that an attacker chose.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.core.text.long_ids import cut, cut_mixed, cut_random

REDACTED = "REDACTED"
NAMES_OF_SECRETS = (
    r"password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|signing[_-]?key|encryption[_-]?key|fernet[_-]?key|account[_-]?key|shared[_-]?key|auth[_-]?key"
    r"|master[_-]?key|license[_-]?key|credentials?|authorization|cookies?|jwt"
    r"|(?<![A-Za-z])pass(?![A-Za-z])"
)
_HOLDERS = (
    r"(?:password|passwd|passphrase|pwd|[a-z]{1,24}[_-]secret"
    r"|(?:secret|api|access|private)[ _+-]?key)"
)
"""Names after which a colon is followed by the secret itself, unless `_STATES` matches."""
_STATES = (
    r"(?:\w{0,24}(?:ed|ing|id|able|ible|ent|al|ect|ure|set)|null|none|nil|true|false|wrong|empty"
    r"|unknown|mismatch|string|default|value|field)\b"
)
"""Words that describe a secret's state (`expired`, `missing`) and are not the secret."""
_FILE_ENDINGS = (
    "[xd]?html?|pdf|png|jpe?g|gif|svg|webp|ico|css|m?js|json|xml|ya?ml|toml|csv|tsv|txt|md|log|zip"
    "|gz|docx?|xlsx?|pptx?|mp[34]|mov|php|aspx?|jsp|py|rb|java|sql"
)
_PARTS_OF_NAMES = "pass|pwd|secret|token|key|credential|authorization|cookie|jwt"


@dataclass(frozen=True, slots=True)
class RedactionRule:
    """One kind of secret: its pattern and its replacement."""

    name: str
    pattern: re.Pattern[str]
    replacement: str | Callable[[re.Match[str]], str]
    matches: str
    """An example that the rule must change (tests and docs are made from it)."""
    spares: str
    """An example that it must leave alone."""
    needs: tuple[str, ...]
    """Substrings, at least one of which any matching ASCII text contains; empty: see
    `redact._SHAPES`. For a case-insensitive rule they are in lower case, as the text must be."""
    gate: str
    """Characters, at least one of which any matching text contains; empty: no condition."""
    also: tuple[str, ...] = ()
    """Lower-case substrings, one of which must occur as well; empty: no condition."""
    mixed: bool = False
    """A matching text must have a word with both a letter and a digit."""


def _rule(
    name: str,
    pattern: str,
    replacement: str | Callable[[re.Match[str]], str],
    *,
    matches: str,
    spares: str,
    needs: str = "",
    gate: str = "",
    also: str = "",
    mixed: bool = False,
) -> RedactionRule:
    words, others = (tuple(filter(None, some.split("|"))) for some in (needs, also))
    return RedactionRule(
        name, re.compile(pattern), replacement, matches, spares, words, gate, others, mixed
    )


def _keep_name(match: re.Match[str]) -> str:
    """Keeps the secret's name, in whichever group matched, and replaces the secret."""
    return f"{next(filter(None, match.groups()))}{REDACTED}"


_RANDOM = r"(?=[^\s\"',;]{0,256}(?:\d|(?-i:[a-z][A-Z])))"
"""Look-ahead for a digit or an inner capital: random values have one, ordinary words do not."""

RULES: tuple[RedactionRule, ...] = (
    _rule(
        "private key",
        r"-----BEGIN[ +](?:[A-Z]{1,12}[ +]){0,3}PRIVATE[ +]KEY(?:[ +]BLOCK)?-----[^-]{0,100000}"
        r"(?:-----END[ +][A-Z +]{0,30}-----)?",
        REDACTED,
        matches="-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----",
        spares="-----BEGIN CERTIFICATE-----",
        needs="PRIVATE",
        gate="-",
    ),
    _rule(
        "JWT",
        r"\beyJ[\w-]{10,}(?:\.[\w-]*){0,2}",
        REDACTED,
        matches="eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        spares="eyJ is how a token begins",
        needs="eyJ",
    ),
    _rule(
        "bearer or basic credentials",
        r"(?i)\b(bearer|basic)([\s+]{1,4})"
        r"(?=[\w\-.~+/=]{0,4096}(?:[\d=._~+/-]|(?-i:[a-z][A-Z])))[\w\-.~+/=]{8,}",
        r"\1\2" + REDACTED,
        matches="Authorization: Bearer abcdef0123456789",
        spares="bearer authentication is required",
        needs="bearer|basic",
    ),
    _rule(
        "Google key",
        r"\bAIza[\w-]{30,}|\bya\d\d\.[\w.-]{10,}|\bGOCSPX-[\w-]{20,}|\b\d//[\w-]{30,}",
        REDACTED,
        matches="AIzaSyA-1234567890abcdefghijklmnopqrstu",
        spares="AIza is a prefix",
        needs="AIza|ya|GOCSPX-|//",
    ),
    _rule(
        "AWS key",
        r"\b(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{16}\b",
        REDACTED,
        matches="AKIAIOSFODNN7EXAMPLE",
        spares="AKIA as a word",
    ),
    _rule(
        "GitHub token",
        r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}",
        REDACTED,
        matches="ghp_0123456789abcdefghijABCDEFGHIJ012345",
        spares="ghp_short",
        needs="ghp_|gho_|ghu_|ghs_|ghr_|github_pat_",
        gate="_",
    ),
    _rule(
        "Slack token or webhook",
        r"\bx(?:ox[a-z]|app)-[\w-]{8,}|(?<=hooks\.slack\.com/)(?:services|workflows)/[\w/]{8,}",
        REDACTED,
        matches="xoxb-1234567890-abcdefghij",
        spares="xoxb-tiny",
        needs="xox|xapp-|hooks.slack.com/",
        gate="-/",
    ),
    _rule(
        "other vendors' keys",
        r"\b(?:sk|pk|rk)_(?:live|test)_\w{10,}|\bsk-(?:[a-z]{2,8}-)?[A-Za-z0-9][\w-]{19,}"
        r"|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bglpat-[\w-]{16,}|\bnpm_[A-Za-z0-9]{30,}"
        r"|\bpypi-[\w-]{30,}|\bhf_[A-Za-z0-9]{30,}|\bhvs\.[\w-]{20,}|\b(?:dckr_pat|shpat|whsec|lin_api)_[\w-]{16,}|\b\d{6,12}:AA[\w-]{30,}",
        REDACTED,
        matches="sk_live_0123456789abcdef",
        spares="sk_live_",
        needs="sk_|pk_|rk_|sk-|SG.|glpat-|npm_|pypi-|hf_|hvs.|:AA|dckr_pat_|shpat_|whsec_|lin_api_",
        gate="_-.:",
    ),
    _rule(
        "password in an address",
        r"(\b[A-Za-z][A-Za-z0-9+.-]{1,30}://)"
        r"(?:[^\s/?#@]{0,256}:(?!\d{1,5}[/?#\s])[^\s\"'<>]{1,512}@"
        r"|[^\s/?#@]{1,512}@)",
        r"\1***@",
        matches="postgresql://app:s3cret@db:5432/app",
        spares="http://host:8080/path?mail=***@example.org",
        needs="@",
        gate="@",
    ),
    _rule(
        "quoted value of a secret's name",
        rf"(?i)((?:{NAMES_OF_SECRETS})[\w-]{{0,24}}(?:"
        r"\\{0,4}[\"'][\s+]?[:=][\s+]?b?\\{0,4}[\"']|[\s+]?=[\s+]?b?\\{0,4}[\"']"
        r"|:[\s+]?b?\\{0,4}[\"'](?=[^\"'\\]{0,256}(?:\d|(?-i:[a-z][A-Z])))"
        rf"))(?!{REDACTED})[^\"'\\]{{1,}}",
        r"\1" + REDACTED,
        matches='{"password": "hunter2"}, password = "correct horse"',
        spares="""{"token_count": 12}, Missing secret: 'STRIPE_KEY'""",
        needs=_PARTS_OF_NAMES,
        gate="=:",
    ),
    _rule(
        "value of a secret's name",
        rf"(?i)((?:{NAMES_OF_SECRETS})[\w-]{{0,24}}\\?[\"']?\s?(?:=|%\dD)\s?\\?[\"']?"
        rf"(?:bearer |basic )?)"
        rf"(?!{REDACTED}|\*\*\*|true\b|false\b|none\b|null\b|undefined\b|<|\d{{1,3}}\b)"
        r"[^\s\"'\\,;&<>(){}\[\]|]+",
        r"\1" + REDACTED,
        matches="DB_PASSWORD=hunter22 retry",
        spares="token = null, token_count=12",
        needs=_PARTS_OF_NAMES,
        gate="=%",
    ),
    _rule(
        "percent-encoded value of a secret's name",
        # A quoted value; a random one after a blank or a colon; what follows a colon, as below.
        rf"(?i)((?:{NAMES_OF_SECRETS})[\w-]{{0,24}}%(?:\d5)?\d2(?:%(?:\d5)?\d0|\+)?"
        rf"%(?:\d5)?\d[AD](?:%(?:\d5)?\d0|\+)?%(?:\d5)?\d2)(?!{REDACTED})"
        r"(?:[^\s\"'&%<>]|%(?!(?:\d5)?\d2)){1,}"
        rf"|((?:{NAMES_OF_SECRETS})[\w-]{{0,24}}(?:%(?:\d5)?\d[0AD]){{1,3}}"
        rf"(?:(?:is|was)(?:%(?:\d5)?\d0)){{0,1}})(?!{REDACTED})"
        r"(?=[\w.~!*$-]{0,256}(?:\d|(?-i:[a-z][A-Z])))[\w.~!*$-]{6,}"
        rf"|((?<![a-z]){_HOLDERS}%(?:\d5)?\dA(?:%(?:\d5)?\d0|\+)?)(?!REDACTED|{_STATES})"
        r"[^\s\"'&%<>]{6,64}(?=\Z|[\s\"'&<>]|%(?:\d5)?\d[0267C])",
        _keep_name,
        matches="/search?q=password%20hunter22&x=%22pwd%22%3A%22a%20b%22",
        spares="/help?q=password%20reset%20is%20too%20slow",
        needs=_PARTS_OF_NAMES,
        gate="%",
    ),
    _rule(
        "value after a secret's name and a colon",
        rf"(?i)((?:{NAMES_OF_SECRETS})[\w-]{{0,24}}:\s?)"
        rf"(?!{REDACTED})(?:(?=[^\s\"',;]{{0,256}}\d)|(?<=:)(?=[a-zA-Z]{{0,64}}(?-i:[a-z][A-Z])))"
        r"(?!\d{1,4}\b)[^\s\"',;]{6,}",
        r"\1" + REDACTED,
        matches="password: hunter22",
        spares="Invalid token: expired",
        needs=_PARTS_OF_NAMES,
        gate=":",
    ),
    _rule(
        "letters after a secret's name",
        rf"(?i)((?<![a-z]){_HOLDERS}:[ +]?)(?!REDACTED|{_STATES})"
        r"[^\s\"',;(){}\[\]<>/]{6,64}(?=\s{0,3}(?:\Z|[\n\"',;)\]}]))"
        r"|((?<![a-z])(?:(?:password|passwd|passphrase|pwd)[ +](?:(?:is|was)[ +])?"
        rf"|{_HOLDERS}:[ +]?)[\"'])(?!REDACTED|{_STATES}|(?-i:[A-Z_]{{4,}}))"
        r"[^\"'\n]{4,128}(?=[\"'])",
        _keep_name,
        matches="client_secret: opensesame, password is 'open sesame'",
        spares="password: incorrect, api key: missing, Invalid password: must not be empty",
        needs="password|passwd|passphrase|pwd|secret|key",
        gate=":\"'",
    ),
    _rule(
        "value after a secret's name and a blank",
        rf"(?i)((?:\b(?:password|passphrase|secret|token|api key)[ +](?:is|was)[ +]"
        rf"|(?<!-)--(?=\w)[\w-]{{0,24}}(?:{NAMES_OF_SECRETS})[ +])[\"']?)(?!{REDACTED}){_RANDOM}"
        r"[^\s\"',;]{6,}|([ +]-u[ +][\"']?[^\s:\"']{1,64}:)(?!REDACTED)[^\s\"'@]{3,}",
        _keep_name,
        matches="connect --password hunter22 --host db",
        spares="the password is too short",
        needs=f"{_PARTS_OF_NAMES}|-u",
        also="is|was|--|-u",
    ),
    _rule(
        "secret beside its name",
        r"(?i)(\b(?:password|passwd|passphrase|pwd|secret|token)[ +][\"']?)(?!REDACTED|<)"
        r"(?=[^\s\"',;/]{0,256}[a-z])(?=[^\s\"',;/]{0,256}\d)[^\s\"',;/]{6,}+(?!/)"
        r"(?!\s(?:was |is )?not found|\s(?:is )?missing|\sdoes not exist)",
        r"\1" + REDACTED,
        matches="login failed with password hunter2 of ana",
        spares="a password of 12 letters, secret stripe-key-v2 was not found, secret projects/1/a",
        needs="password |password+|passwd |passwd+|passphrase |passphrase+|pwd |pwd+|secret "
        "|secret+|token |token+",
        mixed=True,
    ),
    _rule(
        "header that carries a secret",
        rf"(?i)((?:\bx-(?:api|auth|access|csrf)-(?:key|token)|\bauthorization[\"']?\s?[:=]\s?[\"']?"
        r"(?:apikey|api-key|negotiate|digest|bearer|basic)(?=[ ]))[\"']?[\s:=]{1,3}[\"']?)"
        rf"(?!REDACTED)(?:{_RANDOM}[^\s\"',;]{{6,}}|[^\s\"',;]{{16,}})"
        r"|(\b(?:set-)?cookie:\s?)(?!(?:path|samesite|domain|expires|max-age)=)"
        r"(?=[\w.-]{1,64}=)(?!REDACTED)[^\r\n\"']{1,4096}",
        _keep_name,
        matches="X-Api-Key: abcdefghijklmnop, Cookie: sid=xyz",
        spares="x-auth-token: missing, authorization: digest auth, cookie: path=/ is invalid",
        needs="x-api-|x-auth-|x-access-|x-csrf-|authorization|cookie",
        gate=":=",
    ),
    _rule(
        "signature or code in an address",
        r"(?i)([?&](?:sig|signature|x-(?:amz|goog)-(?:signature|security-token|credential))=)"
        r"(?!REDACTED)[^\s&\"'<>]{6,}"
        rf"|([?&](?:key|code)=)(?!REDACTED){_RANDOM}[^\s&\"'<>]{{12,}}",
        _keep_name,
        matches="https://storage.example.org/a?se=2025&sig=AbCdEf123",
        spares="/search?q=sig&code=NOT_FOUND&key=product-list",
        needs="?sig|&sig|?x-|&x-|?key=|&key=|?code=|&code=",
        gate="=",
    ),
    _rule(
        "password on a database's command line",
        r"(\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n|;]{0,200}? -p)"
        r"(?!REDACTED|ort\b|lugin|rod\b|roto|ipe\b)[^\s\"']{3,}",
        r"\1" + REDACTED,
        matches="mysql -u root -phunter2 shop",
        spares="mysql -p shop",
        needs="mysql|mariadb",
        gate="-",
    ),
    _rule(
        "code that lets somebody in",
        r"(?i)(\b(?:otp|one-time (?:code|password)|verification code|passcode)"
        r"(?: (?:code|is|was))?[ :=]{1,3})\d{6}(?![\w.]| ?(?:ms|s|seconds)\b)"
        r"|(\bcv[vc]\d?[ :=]{1,3})\d{3,4}\b",
        _keep_name,
        matches="your verification code is 482913",
        spares="exit code: 137, otp is 300000 ms old",
        needs="otp|one-time |verification |passcode|cvv|cvc",
        also="otp|code|password|cv",
    ),
    _rule(
        "name in a mail address",
        r"[\w.+%-]{1,64}@(?=[A-Za-z0-9-]{1,63}\.[A-Za-z])",
        "***@",
        matches="ana.lopez@example.org",
        spares="@gardener",
        needs="@",
        gate="@",
    ),
    _rule(
        "percent-encoded name in a mail address",
        # Whatever the digits of an escape are: no rule depends on a digit. `%20` before the name of
        # a file is the usual one that is no `@`.
        r"(?=[\w.+*-]{0,64}+%)(?:[\w.+*-]|%\dB){1,64}((?:%\d5)?%\d0|%(?:\d5){1,2}\d0)"
        rf"(?=[A-Za-z0-9-]{{1,63}}\.(?!(?:{_FILE_ENDINGS})\b)[A-Za-z]{{2}})",
        r"***\1",
        matches="/callback?email=jane.doe%40example.org&x=1",
        spares="/files/annual%20report.pdf",
        needs="%",
        gate="%",
    ),
    _rule(
        "phone number",
        r"(?<![\w+.])\+(?!\d{1,3}\.\d{1,7}(?![\d .-]*\d))\d{1,3}[ .-]?\(?\d{1,4}\)?"
        r"(?:[ .-]?\d{2,4}){2,4}(?![\w:])",
        REDACTED,
        matches="called +49 170 1234567",
        spares="[2025-09-07 15:41:02 +0000] [1] at +48.137154, +11.575382",
        needs="+",
        gate="+",
    ),
    _rule(
        "American phone or social security number",
        r"(?<![\w.+/:-])(?:(?:\(\d{3}\) ?|\d{3}-)\d{3}|\d{3}-\d{2})-\d{4}(?![\w-])",
        REDACTED,
        matches="ssn 123-45-6789, call (555) 123-4567",
        spares="2025-09-07, 10-0000",
    ),
    _rule(
        "UUID",
        r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b",
        cut,
        matches="f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        spares="f81d4fae-7dec",
    ),
    _rule(
        "card or bank account number",
        r"[A-Z\d](?<![\w-].)(?:(?<=[A-Z])[A-Z]\d\d|(?<=\d)\d{3})([ -])\d{4}\1\d{4}\1\d{4}"
        r"(?:\1\d{1,4}){0,4}(?![\w-])"
        r"|[A-Z](?<![A-Za-z0-9].)[A-Z]\d{2}(?:[A-Z]{4}|\d{4})\d{7,22}(?![A-Za-z0-9])",
        cut,
        matches="card 4242 4242 4242 4242 declined",
        spares="ports 4242 4243",
    ),
    _rule(
        "long number",
        r"(?<![\w.])\d{15,}(?![\w.])|(?<=[_:=/-])\d{15,}\b",
        cut,
        matches="108124170931230011223",
        spares="1757251019",
    ),
    _rule(
        "random text",
        r"[A-Za-z0-9+/_-](?<![\w+/-].)[A-Za-z0-9+/_-]{39,}={0,2}",
        cut_random,
        matches="wJ4lrXUtnF3MI/K7MdEnG/bPxRfiCYzK9aWq3L+8d",
        spares="projects/acme-staging/locations/europe-west1/services/web",
    ),
    _rule(
        "long id",
        r"(?<![A-Za-z0-9])[A-Za-z0-9]{24,}",
        cut_mixed,
        matches="0069c7a98830b86a0862ea2fffbe11713ca0ed02",
        spares="InternationalizationConfiguration",
    ),
)

# Most lines contain no secret. Testing for a rule's needs is far cheaper than matching it, and the
# punctuation of a text alone rules most of them out; `redact` caches that by punctuation.
