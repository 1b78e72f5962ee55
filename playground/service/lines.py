"""Log entries of a Python service on Cloud Run, in the JSON of `gcloud logging read`.

Only their shapes; the sample service's messages and their times are in service.py and crash.py.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from playground.logging.entry import rfc3339

Entry = dict[str, Any]
SECOND = 10**9  # all times here are nanoseconds since 1970

AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Safari",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "node",
)


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of one Cloud Run service."""

    project: str
    service: str
    suffix: str
    """As in 00598-qss."""
    region: str = "us-central1"

    @property
    def name(self) -> str:
        """Returns the full name that entries carry."""
        return f"{self.service}-{self.suffix}"

    def resource(self, *, revision: bool = True) -> Entry:
        """Returns the monitored resource; audit entries name only the service."""
        return {
            "type": "cloud_run_revision",
            "labels": {
                "configuration_name": self.service if revision else "",
                "location": self.region,
                "project_id": self.project,
                "revision_name": self.name if revision else "",
                "service_name": self.service,
            },
        }


@dataclass(slots=True)
class Writer:
    """Writes the entries of one instance of one revision.

    insertIds look like Cloud Run's: eight hex digits of the second, eight of the microsecond, eight
    random ones.
    """

    revision: Revision
    instance: str
    rng: random.Random

    def text(self, at: int, text: str, *, stream: str = "stderr", severity: str = "") -> Entry:
        """Writes a line on stdout or stderr; the agent gives a severity only to JSON lines."""
        return self._entry(at, f"run.googleapis.com/{stream}", severity) | {"textPayload": text}

    def line(
        self,
        at: int,
        severity: str,
        message: str,
        *,
        module: str = "logging",
        function: str = "callHandlers",
        number: int = 1706,
        error: Entry | None = None,
        context: Entry | None = None,
    ) -> Entry:
        """Writes a structured line of the logging library that puts labels inside the payload."""
        payload: Entry = {
            "labels": {"function": function, "line": str(number), "module": module},
            "message": message,
            "timestamp": rfc3339(at - 1_700_000).replace("Z", "+00:00"),
        }
        if context is not None:
            payload["context"] = context
        if error is not None:
            payload["error"] = error
        return self._entry(at, "run.googleapis.com/stderr", severity) | {"jsonPayload": payload}

    def validated(self, at: int, severity: str, message: str, *, logger: str = "logging") -> Entry:
        """Writes a line of the other library: an INFO that carries an `error` of severity ERROR."""
        stamp = rfc3339(at - 600_000)
        payload: Entry = {
            "error": {
                "message": "Missing field",
                "severity": "ERROR",
                "timestamp": stamp,
                "traceback": "",
                "type": "str",
            },
            "logger": logger,
            "message": message,
            "service": "netra-service",
            "textPayload": message,
            "timestamp": stamp,
            "validation": {
                "message_length": len(message),
                "severity": severity,
                "validated_at": stamp,
                "zero_empty_guarantee": True,
            },
        }
        return self._entry(at, "run.googleapis.com/stdout", severity) | {"jsonPayload": payload}

    def coloured(self, at: int, level: str, place: str, message: str) -> Entry:
        """Writes a loguru line for terminals: ANSI colours, the level in the text, no severity."""
        stamp = rfc3339(at - at % 1_000_000).replace("T", " ").removesuffix("Z")
        module, function, number = place.split(":")
        colour = {"INFO": "1", "DEBUG": "34", "WARNING": "33", "ERROR": "31"}[level]
        text = (
            f"\x1b[32m{stamp}\x1b[0m | \x1b[{colour}m{level:<8}\x1b[0m | "
            f"\x1b[36m{module}\x1b[0m:\x1b[36m{function}\x1b[0m:\x1b[36m{number}\x1b[0m | "
            f"\x1b[{colour}m{message}\x1b[0m"
        )
        return self.text(at, text)

    def access(self, at: int, method: str, path: str, status: int) -> Entry:
        """Writes the server's own access line: no severity, the status in the text."""
        port = self.rng.randrange(10_000, 60_000)
        text = f'169.254.169.126:{port} - "{method} {path} HTTP/1.1" {status}'
        return self.text(at, text, stream="stdout")

    def request(self, at: int, method: str, path: str, status: int) -> Entry:
        """Writes an entry of Cloud Run's request log, with a severity from the status."""
        rng = self.rng
        severity = "ERROR" if status >= 500 else "WARNING" if status >= 400 else "INFO"
        entry = self._entry(at, "run.googleapis.com/requests", severity)
        return entry | {
            "httpRequest": {
                "latency": f"{rng.uniform(0.004, 0.24):.9f}s",
                "protocol": "HTTP/1.1",
                "remoteIp": f"203.0.113.{rng.randrange(1, 255)}",
                "requestMethod": method,
                "requestSize": str(rng.randrange(300, 1_200)),
                "requestUrl": f"https://api.staging.netrasystems.ai{path}",
                "responseSize": str(rng.randrange(90, 3_000)),
                "serverIp": "203.0.113.51",
                "status": status,
                "userAgent": rng.choice(AGENTS),
            },
            "spanId": f"{rng.getrandbits(64):016x}",
            "trace": f"projects/{self.revision.project}/traces/{rng.getrandbits(128):032x}",
        }

    def system(self, at: int, severity: str, text: str, **labels: str) -> Entry:
        """Writes a line from Cloud Run itself."""
        entry = self._entry(at, "run.googleapis.com/varlog/system", severity)
        entry["labels"] |= labels
        return entry | {"textPayload": text}

    def deployed(self, at: int) -> Entry:
        """Writes the audit entry of a deployment."""
        revision = self.revision
        entry = self._entry(at, "cloudaudit.googleapis.com/activity", "NOTICE")
        del entry["labels"]
        return entry | {
            "resource": revision.resource(revision=False),
            "protoPayload": {
                "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                "serviceName": "run.googleapis.com",
                "methodName": "google.cloud.run.v1.Services.ReplaceService",
                "resourceName": f"namespaces/{revision.project}/services/{revision.service}",
                "authenticationInfo": {"principalEmail": "deployer@example.com"},
            },
        }

    def _entry(self, at: int, log: str, severity: str) -> Entry:
        seconds, rest = divmod(at, SECOND)
        entry: Entry = {
            "insertId": f"{seconds:08x}{rest // 1_000:08x}{self.rng.getrandbits(32):08x}",
            "labels": {"instanceId": self.instance},
            "logName": f"projects/{self.revision.project}/logs/{quote(log, safe='')}",
            "receiveTimestamp": rfc3339(at + self.rng.randrange(20_000_000, 320_000_000)),
            "resource": self.revision.resource(),
            "timestamp": rfc3339(at - at % 1_000),
        }
        return entry | ({"severity": severity} if severity else {})


def instance_id(rng: random.Random) -> str:
    """Generates an instance id like Cloud Run's: a common prefix, then random digits."""
    return f"0069c7a98{rng.getrandbits(4 * 140):0140x}"


def shown(entry: Entry) -> Entry:
    """Returns what the page's service log shows of an entry, whatever its payload."""
    labels = entry["resource"]["labels"]
    if "httpRequest" in entry:
        asked = entry["httpRequest"]
        text = f"{asked['status']} {asked['requestMethod']} {asked['requestUrl']}"
    elif "jsonPayload" in entry:
        text = entry["jsonPayload"].get("message", "")
    elif "protoPayload" in entry:
        text = f"{entry['protoPayload']['methodName']} {entry['protoPayload']['resourceName']}"
    else:
        text = entry.get("textPayload", "")
    return {
        "timestamp": entry["timestamp"],
        "severity": entry.get("severity", "DEFAULT"),
        "service": labels["service_name"],
        "revision": labels["revision_name"],
        "text": text,
    }
