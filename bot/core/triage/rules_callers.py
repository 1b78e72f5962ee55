"""Triage table, part 3: what callers do wrong, reported as a message and not as a request.

Frameworks give such messages any level, ERROR too; the service did what it should. Where the
requests beside it ended in a server error, it is the service's fault after all.
"""

from __future__ import annotations

import re

from bot.core.model.values import Severity
from bot.core.triage.facts import Case, Facts, Phrases
from bot.core.triage.named import naming
from bot.core.triage.rule import TriageRule
from bot.core.triage.rules_requests import callers_mistake

WARNING, INFO = Severity.WARNING, Severity.INFO

_UNPARSABLE = Phrases(
    r"(?:in|valid|end of|parse|malformed|parsing|parsable) json"
    r"|invalid character .{0,40}looking for"
    r"|jsondecodeerror|jsonparseexception|json::parsererror|not well-formed"
)
_READS_BODY = re.compile(
    r"body-parser|raw-body|co-body|secure-json-parse|fastify/lib|express/lib|parse.?body|request.?body"
    r"|req(?:uest)?\.json\b|starlette/requests|werkzeug/wrappers|flask/wrappers|rest_framework/parsers"
    r"|bodyparser|shouldbindjson|action_dispatch|rack/",
    re.IGNORECASE,
)
"""Frames and words of what reads the body of a request that came in."""
_BODY = Phrases(
    r"httpmessagenotreadable|entity\.parse\.failed|entity\.too\.large|request entity too large"
    r"|payloadtoolargeerror|http: request body too large|parameters::parseerror|plug\.parsers\."
    r"|json parse error - |exceptions\.parseerror: |fst_err_ctp_\w+|bad control character in string"
    r"|failed to (?:parse|decode|deserialize|read) (?:the )?(?:json )?(?:request )?body"
    r"|(?:invalid|malformed|bad|unreadable) (?:json )?(?:in )?(?:the )?request (?:body|payload)"
    r"|invalid json (?:body|payload|request)|request body (?:is|was) (?:not|no) "
    r"|from the request body"
    r"|json deserialize error|unreadableposterror|requestdatatoobig|failed to decode param"
    r"|invalidparametererror|could not (?:parse|decode|read) (?:the )?request body"
)
_FORM = Phrases(
    r"requestvalidationerror|methodargumentnotvalid|methodargumenttypemismatch"
    r"|missingservletrequestp|handlermethodvalidation|httpmediatypenot|requestbindingexception"
    r"|validation\\validationexception|unprocessableentityhttp|actioncontroller::(?:parametermissing"
    r"|badrequest|unpermittedparameters)|param is missing or the value is empty|fst_err_validation"
    r"|badhttprequestexception|badrequest(?:key)?error: 4|badrequest(?:keyerror)?: <\*> bad request"
    r"|exceptions\.badrequest\b|badrequest(?:http)?exception\b|unsupportedmediatype"
    r"|error:field validation for|plug\.conn\.invalidqueryerror|marshmallow\S{0,40}validationerror"
    r"|phoenix\.actionclauseerror|graphqlerror: syntax error|cannot query field"
)
_HOST = Phrases(
    r"disallowedhost|invalid http_host header|hostauthorization\S{0,30} blocked host"
    r"|blocked hosts?: "
    r"|untrusted host|suspiciousoperation"
)
_NO_ROUTE = Phrases(
    r"actioncontroller::routingerror|notfoundhttpexception|no route found for|methodnotallowedhttp"
    r"|httprequestmethodnotsupported|noresourcefoundexception|norouteerror|no route matches \["
    r"|^not found: /|^method not allowed \(|no static resource |nohandlerfoundexception"
    r"|werkzeug\.exceptions\.(?:notfound|methodnotallowed)"
)
_REFUSALS = frozenset({400, 405, 411, 413, 414, 415, 422, 431})
"""Answers with which a service refuses what a caller sent."""
_WIRE = Phrases(
    r"invalid http request received|invalid request from ip=|invalid http request line"
    r"|http: tls handshake error from|badstatusline: <\*>|badstatusline.{0,40}invalid method"
    r"|error parsing http request header|invalid character found in (?:method name"
    r"|the request target)"
    r"|http method names must be tokens|malformed http message from|badhttpmessage"
    r"|hpe_invalid_|client sent (?:invalid|too (?:large|long)|an http request to an https)"
    r"|request line is too large|unsupported upgrade request"
)


def _caller(facts: Facts) -> bool:
    """True for a message that may be about a caller's request."""
    shown = not facts.severity or facts.severity >= WARNING
    return shown and not facts.is_request and facts.answered < 500


def _unreadable(facts: Facts) -> bool:
    if _BODY(facts.text):
        return True
    if not _UNPARSABLE(facts.text):
        return False
    return facts.answered >= 400 or _READS_BODY.search(facts.words) is not None


CALLERS: tuple[TriageRule, ...] = (
    TriageRule(
        "body that cannot be read",
        lambda f: _caller(f) and _unreadable(f),
        callers_mistake,
        "a caller sent a body that cannot be read",
        Case("HttpMessageNotReadableException: JSON parse error: Unexpected character ('b')"),
        Case("json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        cause="Likely a caller's body is no valid JSON, or larger than allowed.",
    ),
    TriageRule(
        "request that has the wrong form",
        lambda f: _caller(f) and _FORM(f.text),
        callers_mistake,
        "a caller's request does not have the form that the service expects",
        Case("ActionController::ParameterMissing (param is missing or the value is empty: order)"),
        Case("1 validation error for Settings"),
        cause=naming(
            r"value is empty(?: or invalid)?: (\w+)|Field validation for '(\w+)'"
            r"|'loc': \('(?:body|query|path|header)', '([\w.]+)'"
            r"|[Rr]equired (?:request )?(?:parameter|header|part) '([\w.\-]+)'"
            r"|on field '([\w.\[\]]+)'|BadRequestKeyError: .*KeyError: '(\w+)'",
            "Likely a caller leaves out {0}, or sends it in another form.",
        ),
    ),
    TriageRule(
        "wrong host",
        lambda f: _caller(f) and _HOST(f.text),
        callers_mistake,
        "a caller asked for a host that this service does not serve",
        Case("[HostAuthorization::DefaultResponseApp] Blocked hosts: evil.example.org"),
        Case("host db.internal is not reachable"),
        cause=naming(
            r"HTTP_HOST header: '?([\w.:\-]{1,100})|Blocked hosts?: ([\w.:\-]{1,100})"
            r"|Untrusted Host \"([^\"\n]{1,100})",
            "Likely a scanner asked for {0}, or a domain of yours is missing in the allowed hosts.",
        ),
        next=naming(
            r"HTTP_HOST header: '?([\w.:\-]{1,100})|Blocked hosts?: ([\w.:\-]{1,100})",
            "Add {0} to the allowed hosts if it is yours.",
        ),
    ),
    TriageRule(
        "no such route",
        lambda f: _caller(f) and _NO_ROUTE(f.text),
        callers_mistake,
        "a caller asked for a route that does not exist",
        Case('NotFoundHttpException: "No route found for "GET https://shop.example.org/old""'),
        Case("no route to host"),
    ),
    TriageRule(
        "request that was refused",
        lambda f: _caller(f) and f.answered in _REFUSALS,
        callers_mistake,
        "the service refused a caller's request with it",
        Case("amount must be at least 1", more={"answered": 422}),
        Case("amount must be at least 1", more={"answered": 500}),
    ),
    TriageRule(
        "broken request line",
        lambda f: _caller(f) and _WIRE(f.text),
        callers_mistake,
        "a caller did not speak HTTP",
        Case("Invalid HTTP request received.", WARNING),
        Case("HTTP request received", WARNING),
        cause="Likely a scanner, or a client that speaks TLS or another protocol to this port.",
    ),
)
"""Rules for callers' mistakes that frameworks report as messages."""
