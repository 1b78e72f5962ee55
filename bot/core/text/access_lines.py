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
        return f"{self.method} {self.route} {self.status}{who}"

    @property
    def key(self) -> str:
        """The text by which requests are clustered.

        All 404s and 410s of one kind of outside client are one problem, whatever the route.
        """
        strangers = self.client not in (Client.OWN_PAGE, Client.BROWSER)
        if self.status in (404, 410) and strangers:
            return f"<*> 404 ({self.client.value})"
        return f"{self.method} {self.route} {self.status} ({self.client.value})"


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


_HASH = re.compile(r"(?<=\w[.-])(?=\w{0,20}[\dA-Z])\w{8,20}(?=\.[a-z]\w{1,4}(?:\.map)?$)")
"""Content hash in the name of a built file: `app.3f9ac21b.js`, `index-DiwrgTda.css`."""


def route(path: str) -> str:
    """Masks the variable parts of a path and drops its query: `/api/users/<*>/posts`."""
    path = path.split("?", 1)[0].split("#", 1)[0] or "/"
    parts = [
        "<*>" if part and _ID.match(part[:200]) else _HASH.sub("<*>", part[:80])
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


_ACCESS = re.compile(
    r"(?:[\da-fA-F.:\[\]]{2,45}(?::\d{1,5})?|-|[\w.-]{1,100})"
    r"(?: - - \[[^\]\n]{1,60}\]| - [\w-]{1,60} \[[^\]\n]{1,60}\]| -)? "
    r'"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT|TRACE|WebSocket) ([^\s"]{1,2000})'
    r'(?: HTTP/[\d.]{1,4})?" (\d{3})\b(?:[^"\n]{0,80}"([^"\n]{0,500})" "([^"\n]{0,500})")?'
)


def from_text(text: str) -> Request | None:
    """Parses an access line of uvicorn, gunicorn, nginx or Apache; None for any other text."""
    if '"' not in text:
        return None
    match = _ACCESS.match(text)
    if match is None:
        return None
    method, path, status, referer, agent = match.groups()
    who = Client.UNKNOWN
    if agent and agent != "-":
        who = client(agent[:300], path, referer or "", "")
    elif _SCANNER_PATH.search(path):
        who = Client.SCANNER
    return Request(method, route(path), int(status), who)


def severity(status: int) -> Severity:
    """Returns the severity that a status implies: ERROR for 5xx, WARNING for 4xx, else INFO."""
    if status >= 500:
        return Severity.ERROR
    return Severity.WARNING if status >= 400 else Severity.INFO
