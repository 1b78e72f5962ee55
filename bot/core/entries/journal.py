"""Reads entries of systemd's journal as `journalctl -o json` prints them."""

from __future__ import annotations

from bot.core.model.values import JSON
from bot.core.text.severity import UNKNOWN_STREAM, of_syslog

TIME = "__REALTIME_TIMESTAMP"
"""Microseconds since 1970, as text."""
_DEFAULT = "6"
"""The priority of what a service prints, on stdout and stderr alike."""


def of_journal(value: JSON) -> dict[str, object] | None:
    """Returns the entry without its time; None if the value is none of the journal's."""
    text = value.get("MESSAGE")
    if TIME not in value or text is None:
        return None
    if isinstance(text, list):  # bytes, where a text has colours or is not UTF-8
        text = bytes(part for part in text if isinstance(part, int) and 0 <= part < 256)
        text = text.decode("utf-8", "replace")
    unit = str(value.get("_SYSTEMD_UNIT") or "").removesuffix(".service")
    program = value.get("CONTAINER_NAME") or value.get("SYSLOG_IDENTIFIER") or unit
    host = str(value.get("_HOSTNAME") or "")
    entry: dict[str, object] = {
        "textPayload": str(text),
        "logName": UNKNOWN_STREAM,
        "resource": {"type": "container", "labels": {"service_name": str(program)}},
        "labels": {"instanceId": host},
    }
    priority = str(value.get("PRIORITY") or "")
    if priority.isdigit() and not (priority == _DEFAULT and value.get("_TRANSPORT") == "stdout"):
        entry["severity"] = of_syslog(int(priority[:9])).name
    return entry
