"""Reads logs in OpenTelemetry's JSON: a batch of records below resources and scopes.

https://opentelemetry.io/docs/specs/otlp/ and its proto/logs/v1. Fields may be spelled in camel or
in snake case; a file has one batch a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot.core.model.values import JSON

_SEVERITIES = ("DEBUG", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
"""For every four of the numbers from 1 to 24."""


def is_batch(value: object) -> bool:
    """Returns whether a JSON value is a batch of log records."""
    return isinstance(value, Mapping) and bool(_list(value, "resourceLogs", "resource_logs"))


def records(batch: JSON) -> Iterator[JSON]:
    """Yields the records of a batch as log entries, their times as they are."""
    for logs in _list(batch, "resourceLogs", "resource_logs"):
        about = _attributes(_get(_get(logs, "resource"), "attributes"))
        scopes = _list(logs, "scopeLogs", "scope_logs", "instrumentationLibraryLogs")
        for scope in scopes:
            for record in _list(scope, "logRecords", "log_records", "logs"):
                yield _entry(record, about)


def _entry(record: object, about: dict[str, object]) -> JSON:
    if not isinstance(record, Mapping):
        return {}
    body = _value(record.get("body"))
    attributes = _attributes(record.get("attributes"))
    entry: dict[str, object] = {
        "timestamp": _first(record, "timeUnixNano", "time_unix_nano", "observedTimeUnixNano"),
        "resource": {
            "type": "container",
            "labels": {"service_name": str(about.get("service.name") or "")},
        },
        "labels": {
            "instanceId": str(
                about.get("service.instance.id") or about.get("k8s.pod.name")
                or about.get("host.name") or ""
            )
        },
    }  # fmt: skip
    if isinstance(body, Mapping):
        entry["jsonPayload"] = {**attributes, **body}
    elif attributes:
        entry["jsonPayload"] = {**attributes, "message": str(body or "")}
    else:
        entry["textPayload"] = str(body or "")
    number = _first(record, "severityNumber", "severity_number")
    if isinstance(number, int) and 0 < number <= 24:
        entry["severity"] = _SEVERITIES[(number - 1) // 4]
    elif name := _first(record, "severityText", "severity_text"):
        entry["severity"] = str(name).upper()
    if trace := _first(record, "traceId", "trace_id"):
        entry["trace"] = f"projects/-/traces/{trace}"
    return entry


def _get(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, Mapping) else None


def _first(value: Mapping[str, object], *keys: str) -> object:
    return next((value[key] for key in keys if value.get(key)), None)


def _list(value: object, *keys: str) -> Sequence[object]:
    found = _first(value, *keys) if isinstance(value, Mapping) else None
    return found if isinstance(found, list) else ()


def _attributes(pairs: object) -> dict[str, object]:
    if not isinstance(pairs, list):
        return {}
    return {str(_get(pair, "key")): _value(_get(pair, "value")) for pair in pairs}


def _value(any_value: object) -> object:
    """Returns what an AnyValue holds: `{"stringValue": "x"}` is `x`."""
    if not isinstance(any_value, Mapping) or not any_value:
        return any_value
    kind, value = next(iter(any_value.items()))
    plain = str(kind).replace("_", "").lower()
    if plain == "kvlistvalue":
        return _attributes(_get(value, "values"))
    if plain == "arrayvalue":
        return [_value(one) for one in _list(value, "values")]
    return value
