"""Recognises settings that are missing or wrong at the start, and finds their names.

One ordered table: each row is the wording of a library or a language. `names` collects what all
matching rows find. A wording that has no name in it still recognises the problem.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_NAMES = 6
_CAPS = r"[A-Z][A-Z0-9]{0,30}(?:_[A-Z0-9]{1,30}){1,8}"
"""An environment variable's name: capitals with an underscore."""
_ENV = r"(?i:env(?:ironment)?[ -]?(?:var(?:iable)?)?s?)"
_HERE = r"(?:is|are|was|were|has|have|must|not|isn't|env(?:ironment)?|variable)"


@dataclass(frozen=True, slots=True)
class MissingSetting:
    """One row: a wording, with the name or names in its groups."""

    source: str
    pattern: re.Pattern[str]
    example: str
    names: tuple[str, ...]
    """The names in the example."""
    counter: str
    """A similar text that no row may match."""
    block: re.Pattern[str] | None = None
    """Finds the names in the lines after the match, where the wording lists them below."""


def _row(
    source: str, pattern: str, *, example: str, names: str, counter: str, block: str = ""
) -> MissingSetting:
    below = re.compile(block, re.MULTILINE) if block else None
    return MissingSetting(
        source, re.compile(pattern, re.MULTILINE), example, tuple(names.split()), counter, below
    )


SETTINGS: tuple[MissingSetting, ...] = (
    _row(
        "pydantic-settings (Python)",
        r"validation errors? for \w{0,60}(?:Settings|Config|Configuration|Env|Environment)\b",
        block=r"^([A-Za-z_][\w.]{0,80})\n\s+\S",
        example="1 validation error for Settings\nDATABASE_URL\n  Field required [type=missing]",
        names="DATABASE_URL",
        counter="1 validation error for Order\namount\n  Field required [type=missing]",
    ),
    _row(
        "os.environ (Python)",
        r"(?:os\.py\"?, line \d+, in __getitem__"
        r"|os\.environ\b)[^\0]{0,400}?KeyError: '([^'\n]{1,80})'",
        example='File "/usr/lib/python3.12/os.py", line 714, in __getitem__\n'
        "    raise KeyError(key) from None\nKeyError: 'apikey'",
        names="apikey",
        counter="prices = table.environment\nKeyError: 'lamp'",
    ),
    _row(
        "os.environ (Python), without its frames; ENV.fetch (Ruby)",
        rf"(?:KeyError: '|[Kk]ey not found: [\"':])({_CAPS})[\"']?",
        example='KeyError: key not found: "DATABASE_URL"',
        names="DATABASE_URL",
        counter="KeyError: 'lamp'",
    ),
    _row(
        "starlette's Config; python-decouple; Nest's ConfigService",
        rf"Config '([^'\n]{{1,80}})' is missing|({_CAPS}) not found\. Declare it as envvar"
        r"|Configuration key \"([^\"\n]{1,80})\" does not exist",
        example="decouple.UndefinedValueError: MAIL_HOST not found. Declare it as envvar or define",
        names="MAIL_HOST",
        counter="Config 'dark mode' is on",
    ),
    _row(
        "Django's ImproperlyConfigured, django-environ",
        r"ImproperlyConfigured: (?:.{0,60}?\b[Tt]he |Requested setting )?\"?"
        r"([A-Z][A-Z0-9_]{2,60})\b",
        example="django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be"
        " empty.",
        names="SECRET_KEY",
        counter="ImproperlyConfigured: The included URLconf has no patterns in it",
    ),
    _row(
        "Spring's placeholders",
        r"Could not resolve placeholder '([^'\n]{1,120})'",
        example="Could not resolve placeholder 'payment.api.url' in value \"${payment.api.url}\"",
        names="payment.api.url",
        counter="Could not resolve host 'payment'",
    ),
    _row(
        "Spring Boot's failure analysis",
        r"Failed to configure a (DataSource): 'url' attribute|Failed to bind properties under"
        r" '([^'\n]{1,120})'",
        example="Failed to bind properties under 'app.mail.port' to int:",
        names="app.mail.port",
        counter="Failed to bind to port 8080",
    ),
    _row(
        "MicroProfile and SmallRye config (Quarkus), ConfigException",
        r"config property ([\w.\-\"]{1,120}) is required|No configuration setting found for key"
        r" '([^'\n]{1,120})'",
        example="SRCFG00014: The config property app.key is required but it could not be found",
        names="app.key",
        counter="The property at 5 Main St is required reading",
    ),
    _row(
        "envalid, t3-env and zod over process.env (Node)",
        r"(?i:(?:missing|invalid) env(?:ironment)? variables)(?::|$| )",
        block=rf"(?:^|[{{,])[\s'\"]{{0,12}}({_CAPS}|[A-Z]{{3,30}})['\"]?: ?\S",
        example="Invalid environment variables:\n    DATABASE_URL: undefined (Required)",
        names="DATABASE_URL",
        counter="Invalid variables in the formula: PRICE: 3",
    ),
    _row(
        "zod over process.env, its error as it is",
        rf"ZodError: \[[^\0]{{0,300}}?\"path\": \[\s*\"({_CAPS})\"",
        block=rf"\"path\": \[\s*\"({_CAPS})\"",
        example='ZodError: [\n  {\n    "code": "x",\n    "path": [\n      "REDIS_URL"\n    ],',
        names="REDIS_URL",
        counter='ZodError: [\n  {\n    "code": "x",\n    "path": [\n      "quantity"\n    ],',
    ),
    _row(
        "joi in Nest's ConfigModule",
        r"Config validation error: (?:\"([^\"\n]{1,80})\")?",
        example='Error: Config validation error: "REDIS_HOST" is required',
        names="REDIS_HOST",
        counter='ValidationError: "quantity" is required',
    ),
    _row(
        "env-var (Node)",
        r"env-var: \"([^\"\n]{1,80})\" (?:is a required|should be)",
        example='EnvVarError: env-var: "PORT" is a required variable, but it was not set',
        names="PORT",
        counter="env-var: read 12 variables",
    ),
    _row(
        "Prisma (Node), Symfony (PHP)",
        r"[Ee]nvironment variable not found: \"?(\w[\w.]{0,80}\w)",
        example="error: Environment variable not found: DATABASE_URL.",
        names="DATABASE_URL",
        counter="Environment not found: staging",
    ),
    _row(
        "dotenv-safe (Node)",
        r"MissingEnvVarsError",
        block=rf"^\s{{0,4}}({_CAPS}|[A-Z]{{3,30}})\b|[:,] ({_CAPS})",
        example="MissingEnvVarsError: defined in .env.example but not in the environment:\n"
        "  MAIL_HOST",
        names="MAIL_HOST",
        counter="MissingFilesError: notes.txt",
    ),
    _row(
        "envconfig, caarlos0/env and go-envconfig (Go)",
        r"required key (\w{1,80}) missing value|missing required value: (\w{1,80})"
        rf"|env: .{{0,40}}{_ENV} \"([^\"\n]{{1,80}})\""
        rf"|required {_ENV} \"?(\w{{1,80}})\"? is not set",
        example="required key STORE_DSN missing value",
        names="STORE_DSN",
        counter="required key lamp is in the box",
    ),
    _row(
        "Viper (Go)",
        r"Config File \"([^\"\n]{1,80})\" Not Found in",
        example='Config File "config" Not Found in "[/app]"',
        names="config",
        counter="File config was found",
    ),
    _row(
        "phpdotenv (PHP)",
        r"environment variables failed assertions: ([\w.]{1,80}) is",
        example="One or more environment variables failed assertions: DB_HOST is missing.",
        names="DB_HOST",
        counter="2 assertions failed: total is missing.",
    ),
    _row(
        "Laravel (PHP), Rails",
        r"No application encryption key has been specified|Missing `(secret_key_base)`"
        r"|Missing encryption key to decrypt file with",
        example="Missing `secret_key_base` for 'production' environment",
        names="secret_key_base",
        counter="Missing encryption on disk 3",
    ),
    _row(
        "Figaro and dotenv (Ruby)",
        r"Missing required configuration keys?: \[?\"?(\w{1,80})",
        example='Missing required configuration keys: ["STRIPE_KEY"] (Figaro::MissingKeys)',
        names="STRIPE_KEY",
        counter="Missing required keys to the house",
    ),
    _row(
        ".NET configuration",
        r"Section '([^'\n]{1,120})' not found in configuration"
        r"|[Cc]onnection string '([^'\n]{1,80})' (?:was )?not found"
        r"|null\. \(Parameter '(connectionString)'\)"
        r"|validation failed for '(\w{1,80}Options)'|The (ConnectionString) property has not been",
        example="Connection string 'DefaultConnection' not found.",
        names="DefaultConnection",
        counter="Section 'B' of the theatre was not found",
    ),
    _row(
        "Rust's env and config",
        rf"({_CAPS})(?: must be set: NotPresent|:?\s{{1,8}}(?:Caused by:\s{{1,8}})?(?:0: )?"
        r"environment variable not found)"
        r"|missing configuration field \"([^\"\n]{1,80})\""
        r"|missing value for field (\w{1,80})",
        example='missing configuration field "database.url"',
        names="database.url",
        counter="missing field notes in row 3",
    ),
    _row(
        "Elixir's System.fetch_env!, Phoenix's runtime.exs",
        r"could not fetch environment variable \"([^\"\n]{1,80})\""
        r"|environment variable (\w{1,80}) is missing",
        example='could not fetch environment variable "SECRET_KEY_BASE" because it is not set',
        names="SECRET_KEY_BASE",
        counter="could not fetch the environment of the tree",
    ),
    _row(
        "the shell's set -u and ${X:?}",
        r"(?:^|: )([A-Z][A-Z0-9_]{1,60}): (?:unbound variable|parameter (?:null or )?not set)",
        example="./start.sh: line 3: BUCKET: unbound variable",
        names="BUCKET",
        counter="bucket: unbound report",
    ),
    _row(
        "a variable by its own check, named after the words",
        r"(?i:(?:missing|required|undefined|unset|no|invalid|empty) "
        rf"(?:required |mandatory )?(?:{_ENV}|config(?:uration)?(?: value| key)?|settings?))"
        rf"(?:\(s\))?[ :\"'`\[(]{{0,4}}({_CAPS}|(?<=[\"'`:] )[A-Za-z][\w.:]{{1,80}}\b|(?<=[\"'`])"
        r"[A-Za-z][\w.:]{1,80}\b)",
        block=rf"(?:[,;] |^\s{{0,8}}[-*] ?| and )[\"'`]?({_CAPS})\b",
        example="Error: Missing required environment variables: API_URL, API_ID",
        names="API_URL API_ID",
        counter="Missing required approval: PAYROLL_RUN of May",
    ),
    _row(
        "a variable by its own check, named before the words",
        rf"\b({_CAPS})[\"'`]?,? (?:{_ENV} )?(?:(?:is|was|are) (?:a )?(?:missing|undefined"
        rf"|unset|null"
        rf"|empty|required|not (?:set|defined|configured|provided|present))|(?:must|has to"
        rf"|needs to)"
        rf" be (?:set|defined|provided|configured)|not (?:set|defined|configured|provided)\b"
        rf"|(?:missing|required) (?:from|in) (?:the )?(?:{_ENV}|config\w*|settings|staging"
        r"|production|\.env))",
        example="Error: DATABASE_URL is not defined in env",
        names="DATABASE_URL",
        counter="ORDER_17 is empty",
    ),
    _row(
        "an environment variable that is named and not there",
        rf"{_ENV} (?:(?:is|are) )?(?:not set|missing|undefined|required|empty)[: ]{{1,3}}({_CAPS})"
        rf"|{_ENV}[ :]{{1,2}}[\"'`$]?({_CAPS}|(?<=[\"'`$])\w{{2,80}})[\"'`]? {_HERE}"
        r"|(?:setting|set|define|provide|configure|specify) (?:the |an? )?[\"'`$]?"
        rf"({_CAPS})[\"'`]? {_ENV}",
        example="The OpenAI client needs a key: set the OPENAI_API_KEY environment variable",
        names="OPENAI_API_KEY",
        counter="we set the table for an environment award",
    ),
)
"""All wordings, in order."""

_NO_ENV_NAME = re.compile(r"(?i)\b(?:order|invoice|item|row|step|user|job|task)_\d")
_HINT = re.compile(
    r"(?i)config|\benv|environ|setting|placeholder|\bkey\b|keyerror|_[A-Z]|unbound|parameter"
    r"|not set"
    r"|connection ?string|properties|validation|datasource|missing"
)


def matches(words: str) -> bool:
    """True if the text reports settings that are missing or wrong."""
    return bool(_HINT.search(words)) and any(_found(row, words) is not None for row in SETTINGS)


def names(words: str) -> tuple[str, ...]:
    """Returns the settings that the text names, in its order, at most `MAX_NAMES`."""
    if not _HINT.search(words):
        return ()
    found = [name for row in SETTINGS for name in _found(row, words) or ()]
    return tuple(dict.fromkeys(found))[:MAX_NAMES]


def _found(row: MissingSetting, words: str) -> list[str] | None:
    """Returns the names that a row finds; None if it does not match."""
    hits = [hit for hit in row.pattern.finditer(words) if not _NO_ENV_NAME.search(hit[0])]
    if not hits:
        return None
    found = [name for hit in hits for name in hit.groups() if name]
    if row.block is not None:
        for below in row.block.finditer(words, hits[0].end()):
            found += [name for name in below.groups() if name]
    return found
