"""Triage table, part 5: refused callers, exhausted resources, dependencies that do not answer."""

from __future__ import annotations

import re

from bot.core.model.values import Priority, Severity
from bot.core.triage.facts import NOT_REACHED, Case, Phrases
from bot.core.triage.named import API, HOST, OWN_CONTAINER, PERMISSION, naming
from bot.core.triage.rule import (
    TriageRule,
    always,
    at_least,
    by_severity,
)

P = Priority
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL

_OUTGOING = Phrases(
    r"permission ['\"]?[\w.<>*]{3,100}['\"]? (?:was )?denied (?:on|for) (?:the )?resource"
    r"|iam_permission_denied|does not have [\w.<>*]{1,80} (?:access|permission)"
    r"|(?:caller|client|principal|account|user) does not have (?:permission|[\w.]{3,60} permission)"
    r"|does not have (?:required )?permission to|missing or insufficient permissions"
    r"|insufficient (?:authentication|permission|scope)|access_token_scope_insufficient"
    r"|api_core\.exceptions\.(?:forbidden|permissiondenied)"
    r"|googleapi: error <\*>: .{0,300}permission"
    r"|httperror 403 when requesting|httperror <\*> when requesting .{0,300}(?:forbidden"
    r"|permission)"
    r"|rpc error: code = permissiondenied|statuscode\.permission_denied|\d+ permission_denied: "
    r"|^<\*> permission_denied: |permission_denied: (?:permission|the caller|request had)"
    r"|is not authorized to perform:? |accessdenied(?:exception)?: .{0,20}(?:user|an error|api)"
    r"|an error occurred \(accessdenied|authorizationfailed|permission denied for (?:table|schema"
    r"|relation|sequence|database|function|view)\b|command denied to user"
    r"|httpclienterrorexception\S{0,3}forbidden|feignexception\S{0,3}forbidden"
    r"|does not indicate success: <\*> \(forbidden\)|client error: forbidden for url"
    r"|client error:? .{0,300}resulted in a .{0,12}forbidden"
    r"|client error \(<\*> forbidden\) for url"
    r"|api has not been used in project|service_disabled|permission denied on (?:secret|bucket"
    r"|topic)"
    r"|not_authorized: the client is not authorized"
)
_REFUSED_THERE = re.compile(
    r"(?i)(?:status code|responded with(?: status)?|returned|answered|got|received|failed with"
    r"|HTTP|(?:gs|s3)://[^\s:]{1,200}:)"
    r"(?: a| an| status| code| error)?:? 403\b|\b403 (?:client error|from|calling|response from)"
)
_CALLS = re.compile(
    r"(?i)https?://|googleapis|upstream|(?:gs|s3)://|axios|fetch|http ?client|\bapi\b"
    r"|\bcall(?:ing|ed)?\b|request to"
)
_FILE_ACCESS = Phrases(
    r"eacces: permission denied|permissionerror: \[errno|open /\S{1,200}: permission denied"
    r"|permission denied: '/|(?:mkdir|open|unlink|chmod|write|exec) /\S{1,200}: permission denied"
    r"|failed to open stream: permission denied|permission denied @ \w+ - |access to the path"
    r"|: /\S{1,200}: permission denied|filenotfoundexception: /\S{1,200} \(permission denied\)"
)
_TOKENS = r"(?:token|jwt|webhook|request|cookie|session|hmac|payload|assertion|saml|id.token)"
_ACCESS = Phrases(
    r"not authenticated|unauthori[sz]ed\b|permission denied|access denied|unauthenticated"
    r"|permission_denied|denied (?:on|for) resource"
    r"|invalid or expired|authentication failed|verification failed"
    r"|(?:<\*>|status|code|http|error|:) ?:?forbidden\b|^forbidden(?:$|[.:]| \()"
    r"|forbidden(?:error|exception)"
    r"|(?:access|request|operation|action) (?:is |was )?forbidden"
    rf"|{_TOKENS}(?:'s)? ?signature .{{0,40}}(?:fail|invalid|mismatch|expired|not match|wrong)"
    rf"|(?:invalid|bad|wrong) (?:{_TOKENS} )?signature(?:$|[.:;,!)]| (?:on|for|in) )"
    r"|signature (?:verification failed|has expired|is invalid|is not valid)|signaturedoesnotmatch"
    r"|signatureverification|invalidsignature|no signatures? found matching|signatureexception"
    r"|does not have permission|jwt expired"
    r"|token (?:has )?expired|invalid token|not authorized|not_authorized"
    r"|accessdeniedexception|badcredentials"
)
_CORS = Phrases(r"\bcors\b|origin .{0,80}not allowed|access-control-allow-origin")
_GIVEN_UP = Phrases(
    r"giving up after|retries exhausted|maximum (?:number of )?retries|max retries reached"
    r"|(?:sent|moved|published|routed|forwarded|going) .{0,40}dead[- ]?letter"
    r"|dead[- ]?lettered|message (?:was )?dropped|dropping (?:message|event)|retry limit"
)
_LEFT = Phrases(
    r"client (?:has )?disconnected|client closed|clientabortexception|context canceled"
    r"|broken ?pipe|\bepipe\b|aborterror|request aborted|clientdisconnect|client went away"
)
_RESOURCES = Phrases(
    r"pool .{0,40}(?:exhaust|timeout|limit|full)|\brate[ _-]?limit(?:ed|ing)?(?:error|exceeded)?"
    r"(?: was| is| has been)? ?(?:exceeded|reached|hit\b|error)|ratelimit(?:error|exceeded)"
    r"|(?:resources?|memory|connections?|quota|space|threads?|descriptors?|budget|limit|slots?"
    r"|capacity|ports?|workers?) (?:(?:has|have|is|are|was|were)(?: been)? )?exhausted"
    r"|exhausted (?:all |the )?(?:available )?(?:pool|quota|connections|resources|memory|ports)"
    r"|too many (?:connections|open files|clients|requests)|no space left|disk full|quota exceeded"
    r"|exceeded for quota|quota (?:limit|metric)|resource_exhausted|per minute per (?:user|project)"
    r"|circuit breaker .{0,60}open|circuitbreaker .{0,80}open|unable to create new native thread"
    r"|remaining connection slots|hikaripool.{0,60}not available|\bemfile\b|queue is full"
    r"|read-only file system|rejectedexecution|callnotpermitted"
)
_TIMEOUT = Phrases(
    r"(?<!invalid )(?<!default )(?<!set )time.?out(?! (?:value|setting|option|of \S+ (?:is|was) set"
    r"|is set|set to|configured|to \S+ (?:s|ms|seconds)))|timed out|deadline exceeded|etimedout"
    r"|took too long to respond|deadlineexceeded"
)
_DATABASE = Phrases(
    r"deadlock|duplicate key|violates|integrityerror|operationalerror|programmingerror"
    r"|syntax error at or near|database is locked|sqlstate|could not serialize|lock wait"
    r"|sqlexception|ora-<\*>|mongoservererror|sequelize\w*error|prismaclient|redis\w*error"
    r"|current transaction is aborted|dataaccessexception"
)
_REFUSED = Phrases(
    r"connection refused|econnrefused|connectionrefused|connect call failed|could not connect"
    r"|can'?t connect to|cannot connect to|failed to connect|unable to connect|no route to host"
)
_ASKS_DATABASE = re.compile(
    r"(?i)psycopg|asyncpg|pymysql|aiomysql|mysqlclient|sqlalchemy|django[./]db|pymongo|motor[./]"
    r"|/redis/|redis\.exceptions|/node_modules/(?:pg|pg-pool|mysql2?|mongodb|mongoose|ioredis|redis"
    r"|@redis|knex|sequelize|typeorm|@prisma|tedious)/|\bpostgres|\bmysql|\bmongo|hikari|\bjdbc"
    r"|connect(?:ing)? to (?:the )?(?:database|db)\b|:(?:5432|3306|6379|27017|1433)\b"
)
"""Who asks is the client of a database or cache: by a frame, a class, or a usual port."""
_NAME = Phrases(
    r"(?<![a-z])enotfound|getaddrinfo|no such host|unknownhostexception|name or service not known"
    r"|temporary failure in name resolution|eai_again|nodename nor servname"
)
_UPSTREAM = Phrases(
    r"connection (?:was )?(?:refused|reset|failed|error|aborted|lost|closed)|connectexception"
    r"|could not connect|cannot connect|ehostunreach|enetunreach"
    r"|(?:host|network|server|service|upstream|broker|node|database|is|was|became|endpoint"
    r"|no route)"
    r" (?:is |was )?unreachable|bad gateway|service unavailable|econn"
    r"|failed to connect|max retries exceeded|temporary failure|rpc error: code = |socket hang up"
    r"|statuscode\.unavailable|gateway timeout|server closed the connection|connectionerror"
    r"|connect call failed|remotedisconnected|fetch failed|failed to fetch|unexpected eof"
)

_PATH = (
    r"(?:denied,? \w{2,10} |denied: |denied @ \w+ - |open |mkdir |path "
    r"|stream: )['\"]?(/[\w./\-]{1,160})"
    r"|['\"(](/[\w./\-]{1,160})['\")]|(/[\w./\-]{1,160}): [Pp]ermission denied"
)

_NO_FILE = Phrases(r"no such file or directory|filenotfound(?:error|exception)|\benoent\b")
_FILE = (
    r"No such file or directory:? ?['\"]?(/?[\w./\-]{2,160})|no such file or directory, \w{2,10} "
    r"'([^'\n]{1,160})'|open (/[\w./\-]{1,160}): no such file|FileNotFoundException: (/\S{1,160})"
)

OUTSIDE: tuple[TriageRule, ...] = (
    TriageRule(
        "file permission",
        lambda f: f.severity >= WARNING and _FILE_ACCESS(f.text),
        at_least(P.P2),
        "the process may not use a file or folder of its own container",
        Case("Error: EACCES: permission denied, mkdir '/app/cache'"),
        Case("Permission denied: viewer may not delete"),
        cause=naming(
            _PATH,
            "Likely the container's user may not write to {0}, or the image lacks the right mode.",
        ),
        next=naming(_PATH, "Write to /tmp or a volume, or change the owner of {0} in the image."),
    ),
    TriageRule(
        "file not found",
        lambda f: f.is_error and not f.is_request and _NO_FILE(f.text),
        by_severity,
        "a file that the code opens is not there",
        Case("FileNotFoundError: [Errno 2] No such file or directory: '/data/in.csv'"),
        Case("Not found: order 17"),
        cause=naming(_FILE, "Likely the image, or a volume mounted in it, lacks {0}."),
    ),
    TriageRule(
        "our role there",
        lambda f: (
            f.severity >= WARNING
            and not f.is_request
            and (
                _OUTGOING(f.text)
                or (
                    "403" in f.words
                    and _REFUSED_THERE.search(f.words) is not None
                    and _CALLS.search(f.words) is not None
                )
            )
        ),
        lambda f: P.P1 if f.is_error else by_severity(f),
        "what this service calls refuses the service's own account",
        Case("rpc error: code = PermissionDenied desc = The caller does not have permission"),
        Case("POST /orders: permission denied for viewer"),
        cause=naming(
            PERMISSION,
            "Likely the service's own account lacks {0} there.",
            naming(
                API,
                "Likely the service's own account lacks a role or permission on {0}.",
                "Likely the service's own account lacks a role or permission there.",
            ),
        ),
        next=naming(
            PERMISSION,
            "Grant a role with {0} to the service account that this service runs as.",
            naming(
                API,
                "Grant the missing role or permission on {0} to this service's own account.",
                "Grant the missing role to the service account that this service runs as.",
            ),
        ),
    ),
    TriageRule(
        "access between services",
        lambda f: f.is_error and _ACCESS(f.text),
        always(P.P1),
        "a caller is not let in, and the service calls that an error",
        Case("Database session error: 403: Not authenticated"),
        Case("Database session error: 403: Not authenticated", WARNING),
        next="Check the caller's credentials and who may call this service.",
    ),
    TriageRule(
        "credentials refused",
        lambda f: f.severity >= WARNING and _ACCESS(f.text),
        by_severity,
        "a caller's credentials were refused, which the service calls no error",
        Case("Token validation failed - invalid or expired", WARNING),
        Case("Token validated", WARNING),
    ),
    TriageRule(
        "other origin",
        lambda f: _CORS(f.text),
        by_severity,
        "a page of another origin was refused",
        Case("CORS: origin https://app.example.org not allowed", WARNING),
        Case("origin https://app.example.org connected", WARNING),
        cause=naming(
            r"(https?://[\w.\-:]{1,100})", "Likely {0} is missing in the list of allowed origins."
        ),
    ),
    TriageRule(
        "given up",
        lambda f: _GIVEN_UP(f.text),
        at_least(P.P2),
        "it was tried several times and given up",
        Case("Giving up after 5 attempts: publish of order"),
        Case("Publish of order"),
        impact="What was given up was not done.",
    ),
    TriageRule(
        "the caller left",
        lambda f: _LEFT(f.text),
        lambda f: P.P4 if f.repeats else P.P5,
        "the caller went away before the answer",
        Case("write tcp 10.0.0.1:80: write: broken pipe"),
        Case("connection refused"),
        cause="Likely a page that was closed, or a caller with a short time-out.",
    ),
    TriageRule(
        "resources",
        lambda f: _RESOURCES(f.text),
        lambda f: P.P2 if f.is_error or f.repeats else P.P3,
        "something that is limited ran out",
        Case("QueuePool limit of size 5 overflow 10 reached, connection timed out"),
        Case("QueuePool is ready"),
    ),
    TriageRule(
        "time-out",
        lambda f: _TIMEOUT(f.text),
        at_least(P.P2),
        "something did not answer in time",
        Case("context deadline exceeded"),
        Case("answered in time"),
        cause=naming(HOST, "Likely {0} is slow, down, or not reachable from this service."),
    ),
    TriageRule(
        "database does not answer",
        lambda f: f.is_error and _REFUSED(f.text) and _ASKS_DATABASE.search(f.words) is not None,
        lambda f: P.P1 if f.repeats else P.P2,
        "a database or cache that the service needs takes no connections",
        Case('psycopg.OperationalError: server at "db", port 5432 failed: Connection refused'),
        Case("Connection refused"),
        cause=naming(
            OWN_CONTAINER,
            "Likely a setting still has its default: nothing listens on {0} in this container.",
            naming(HOST, "Likely {0} is down, or not reachable from this service."),
        ),
        next=naming(
            HOST,
            "Check that {0} takes connections, the setting that holds its address, and the"
            " network between it and this service.",
        ),
    ),
    TriageRule(
        "database",
        lambda f: f.is_error and _DATABASE(f.text) and not NOT_REACHED(f.text),
        by_severity,
        "the database refused a statement",
        Case("deadlock detected"),
        Case("database answered"),
    ),
    TriageRule(
        "name not found",
        lambda f: _NAME(f.text),
        by_severity,
        "the name of a host that the service calls is not known",
        Case("getaddrinfo ENOTFOUND db.internal"),
        Case("no such order"),
        cause=naming(
            HOST,
            "Likely {0} is misspelt, or known only in a network that this service is not in.",
            "Likely a wrong host name, or no route to where that name is known.",
        ),
        next=naming(HOST, "Check the setting that holds {0}, and the VPC connector."),
    ),
    TriageRule(
        "something does not answer",
        lambda f: _UPSTREAM(f.text),
        by_severity,
        "something that the service calls does not answer",
        Case("Connection refused"),
        Case("Connection accepted"),
        cause=naming(
            OWN_CONTAINER,
            "Likely a setting still has its default: nothing listens on {0} in this container.",
            naming(HOST, "Likely {0} is down, or not reachable from this service."),
        ),
        next=naming(HOST, "Check that {0} runs, and the network between it and this service."),
    ),
    TriageRule(
        "highest severity",
        lambda f: f.severity >= CRITICAL and f.mentions_failure,
        lambda f: P.P1 if f.repeats else P.P2,
        "the service calls it critical, and names a failure",
        Case("CRITICAL: ledger is inconsistent, writes failed", CRITICAL),
        Case("CRITICAL: ledger is inconsistent, writes failed"),
    ),
)
"""Rules for what callers and dependencies do to the service."""
