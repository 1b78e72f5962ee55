"""Parses requests: entries of the Cloud Run request log, and access lines written as text.

Both become a message of the same form, `GET /api/threads 403 (browser)`, with the variable parts
of the route masked. The kind of client belongs to it, since a scanner's 404 and a browser's are
different problems.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from urllib.parse import urlsplit

from bot.core.model.values import Severity
from bot.core.text import access_forms

MAX_ROUTE = 200


class Client(Enum):
    """The kind of client that sent a request, by user agent, path and referer."""

    BROWSER = "browser"
    OWN_PAGE = "own page"
    """A browser on a page of the same site, so what it requests should exist."""
    SCANNER = "scanner"
    TEST = "test"
    MONITOR = "monitor"
    SERVICE = "service"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Request:
    """One logged request, its route masked."""

    method: str
    route: str
    status: int
    client: Client = Client.UNKNOWN

    def __str__(self) -> str:
        who = "" if self.client is Client.UNKNOWN else f" ({self.client.value})"
        return f"{self.what} {self.status}{who}"

    @property
    def key(self) -> str:
        """The text by which requests are clustered.

        All 404s and 410s of one kind of outside client are one problem, whatever the route.
        """
        strangers = self.client not in (Client.OWN_PAGE, Client.BROWSER)
        if self.status in (404, 410) and strangers:
            return f"<*> 404 ({self.client.value})"
        return f"{self.what} {self.status} ({self.client.value})"

    @property
    def what(self) -> str:
        """The method and the route, if the line names them."""
        return f"{self.method} {self.route}".rstrip()


_BY_CALLER = re.compile(r"^(.{0,300}? 5\d\d) \(([a-z ]{1,20})\)", re.DOTALL)
"""A request whose priority hangs on its status alone; who called is then a figure of it."""


def without_caller(key: str) -> tuple[str, str]:
    """Splits the key of a failed request into what is clustered and who called.

    Below 500 a priority hangs on the caller, who then stays in the key; the second part is empty.
    """
    found = _BY_CALLER.match(key)
    return (found[1] + key[found.end() :], found[2]) if found is not None else (key, "")


_SCANNER_PATH = re.compile(
    r"/\.(?:git|env|aws|ssh|svn|hg|htaccess|DS_Store|vscode|docker)|/etc/passwd|/wp-|/wordpress"
    r"|xmlrpc\.php|/phpmyadmin|/cgi-bin|/vendor/phpunit|/actuator|(?<!\w\.)\.\./|%2e%2e|/boaform|/shell"
    r"|/manager/html|/solr/|\.(?:php|asp|aspx|jsp|cgi|bak|sql)(?:$|\?)",
    re.IGNORECASE,
)
_SCANNER_AGENT = re.compile(
    r"scanner|nikto|sqlmap|nmap|masscan|zgrab|nuclei|censys|shodan|expanse|l9explore|wpscan"
    r"|dirbuster|gobuster|internet-?measurement|paloalto",
    re.IGNORECASE,
)
_TEST_AGENT = re.compile(
    r"\be2e\b|[\-_ ]tests?\b|playwright|cypress|selenium|headlesschrome|puppeteer|postman|k6/"
    r"|locust|jmeter|\bpytest|testclient",
    re.IGNORECASE,
)
_MONITOR_AGENT = re.compile(
    r"googlehc|uptimecheck|stackdrivermonitoring|kube-probe|pingdom|datadog|newrelic|statuscake"
    r"|health-?check|elb-health|google-cloud-health|consul health|envoy/hc|prometheus"
    r"|better ?uptime"
    r"|site24x7|uptime-?robot|uptime-kuma|checkly|nagios|check_http|zabbix|updown\.io",
    re.IGNORECASE,
)
_SERVICE_AGENT = re.compile(
    r"^(?:python|node|go-http|okhttp|java|axios|curl|wget|ruby|php|dart|grpc|apache-http|got|"
    r"undici|libwww|guzzle|rest-client|reactor|apis-google|google-cloud|cloudscheduler"
    r"|google-cloud-scheduler|cloudpubsub|stripe/|github-hookshot|amazon|aws)",
    re.IGNORECASE,
)


def client(agent: str, path: str, referer: str, host: str) -> Client:
    """Classifies the client. The path comes first, since a scanner can pose as a browser."""
    # Digits matter only in `%2e`: without `%`, paths that differ in digits share a cache entry.
    if _scanned(path if "%" in path else path.translate(_ZEROS)):
        return Client.SCANNER
    found = _by_agent(agent)
    if found is Client.BROWSER and referer and _same_site(referer, host):
        return Client.OWN_PAGE
    return found


_ZEROS = str.maketrans("123456789", "000000000")


@lru_cache(maxsize=4_096)
def _scanned(path: str) -> bool:
    return _SCANNER_PATH.search(path) is not None


@lru_cache(maxsize=4_096)
def _by_agent(agent: str) -> Client:
    if _SCANNER_AGENT.search(agent):
        return Client.SCANNER
    if _MONITOR_AGENT.search(agent):
        return Client.MONITOR
    if _TEST_AGENT.search(agent):
        return Client.TEST
    if agent.startswith(("Mozilla/", "Opera/")):
        if "compatible;" in agent and re.search(r"bot|crawl|spider", agent, re.IGNORECASE):
            return Client.SCANNER
        return Client.BROWSER
    return Client.SERVICE if _SERVICE_AGENT.match(agent) else Client.UNKNOWN


def _same_site(referer: str, host: str) -> bool:
    """Returns whether both hosts share their last two labels (`app.shop.org`, `api.shop.org`)."""
    try:
        other = urlsplit(referer).hostname or ""
    except ValueError:
        return False
    mine, theirs = host.rsplit(".", 2)[-2:], other.rsplit(".", 2)[-2:]
    return bool(host) and mine == theirs


_ID = re.compile(
    r"^(?:\d+|\d[\w.\-]*|[0-9a-fA-F]{8,}|[0-9a-fA-F-]{32,36}|[\w\-]{0,12}[0-9a-f]{16,}[\w\-]*"
    r"|[\w-]*\d{4,}[\w-]*|[\w-]{6,8}\.\.\.|(?=\w{0,64}\d)(?=\w{0,64}[A-Z])\w{12,})$"
)


_SHORT_ID = re.compile(
    r"^(?=[a-zA-Z_-]*\d)(?=[\d_-]*[a-zA-Z])"
    r"(?:[a-zA-Z]{1,12}[-_:]?\d{1,8}|[a-z\d]{2,12}|[A-Z\d]{2,12}|[A-Z]{1,6}(?:-[A-Z\d]{1,8}){1,3})$"
)
"""An id that mixes letters with digits: `x101`, `abc100`, `q7`, `ORD-17`, `a1b2`."""
_NAMES_WITH_DIGITS = re.compile(
    r"^(?:v\d+(?:(?:alpha|beta|rc)\d*)?|[a-z]2[a-z]|i18n|l10n|a11y|k8s|log4j|c3p0"
    r"|(?:api|rest|rpc|graphql|grpc|web|app|http|ws|html|css|es|json|oauth|openid|saml|fido)v?[1-6]"
    r"|(?:utf|base|sha|md|mp|ipv|arm|amd|win|linux)\d{1,3}|s3|ec2|h2|h26[45]|d3|x509|x64|x86|w3c"
    r"|auth0|o365|m365|es20\d\d"
    r"|(?:page|step|part|phase|level|tier|stage|form|line|address|section|chapter|option|version"
    r"|test)[-_]?\d)$",
    re.IGNORECASE,
)
"""Words with a digit that name something: versions, protocols, `step-2`."""


def _is_id(part: str) -> bool:
    return bool(_ID.match(part)) or (
        bool(_SHORT_ID.match(part)) and not _NAMES_WITH_DIGITS.match(part)
    )


_HASH = re.compile(r"(?<=\w[.-])(?=\w{0,20}[\dA-Z])\w{8,20}(?=\.[a-z]\w{1,4}(?:\.map)?$)")
"""Content hash in the name of a built file: `app.3f9ac21b.js`, `index-DiwrgTda.css`."""


def route(path: str) -> str:
    """Masks the variable parts of a path and drops its query: `/api/users/<*>/posts`."""
    path = path.split("?", 1)[0].split("#", 1)[0] or "/"
    parts = [
        "<*>" if part and _is_id(part[:200]) else _HASH.sub("<*>", part[:80])
        for part in path.split("/")
    ]
    return "/".join(parts[:12])[:MAX_ROUTE]


def from_log(http: Mapping[str, object]) -> Request:
    """Parses a request-log entry's `httpRequest`. Missing or invalid fields get defaults."""
    url = str(http.get("requestUrl") or "")
    try:
        parts = urlsplit(url)
        path, host = parts.path or "/", parts.hostname or ""
    except ValueError:
        path, host = url, ""
    try:
        status = int(str(http.get("status") or 0))
    except ValueError:
        status = 0
    who = client(
        str(http.get("userAgent") or "")[:300], path[:1000], str(http.get("referer") or ""), host
    )
    return Request(str(http.get("requestMethod") or "GET")[:10], route(path), status, who)


def from_text(text: str) -> Request | None:
    """Parses an access line of a web server or framework; None for any other text."""
    match = access_forms.match(text)
    if match is None:
        return None
    found = match.groupdict()
    path = found.get("path") or ""
    if path.startswith("http"):
        path = "/" + path.partition("://")[2].partition("/")[2]
    agent = found.get("agent")
    status = found["status"] or found.get("sent") or found.get("json") or "0"
    who = Client.UNKNOWN
    if agent and agent != "-":
        who = client(agent[:300], path, found.get("referer") or "", "")
    elif _SCANNER_PATH.search(path):
        who = Client.SCANNER
    return Request(
        found.get("method") or "a request", route(path) if path else "", int(status), who
    )


def severity(status: int) -> Severity:
    """Returns the severity that a status implies: ERROR for 5xx, WARNING for 4xx, else INFO."""
    if status >= 500:
        return Severity.ERROR
    return Severity.WARNING if status >= 400 else Severity.INFO
