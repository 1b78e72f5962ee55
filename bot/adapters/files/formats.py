"""The formats of log files: one table, from what a file begins with to what reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from bot.adapters.files import csv_table, json_values, text_lines, yaml_documents
from bot.core.entries.envelope import GOOD_FILE, entry_of, is_envelope
from bot.core.model.errors import InputError
from bot.core.ports import Page

HEAD = 64 * 1024
"""Bytes to read for recognising a format."""

Read = Callable[[bytes, IO[bytes], int], Iterator[Page]]
"""Takes the bytes read so far, the stream, and its total size in bytes (0 if unknown)."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format of log files."""

    name: str
    written_by: str
    example: str
    spares: str
    looks: Callable[[bytes], bool]
    """Recognises the format by the start of a file, after leading blank lines."""
    read: Read


_ARRAY = re.compile(rb"\[\s*(?:[{\]]|$)")
_OBJECT = re.compile(rb"\{\s*(?:[\"}]|$)")
_OTLP = re.compile(rb'\{\s*"resource_?[lL]ogs"\s*:\s*\[')
_BINARY = re.compile(rb"\x00|[\x01-\x08\x0e-\x1a\x1c-\x1f]{2}")
_MARKUP = re.compile(rb"(?i)<(?:!doctype|html|\?xml)")


def _first_line(head: bytes) -> bytes:
    return head.partition(b"\n")[0]


def _is_entry_lines(head: bytes) -> bool:
    return head[:1] == b"{" and is_envelope(json_values.parsed(_first_line(head)))


def _is_own_lines(head: bytes) -> bool:
    value = json_values.parsed(_first_line(head)) if head[:1] == b"{" else None
    return isinstance(value, dict) and (entry_of(value) is not None or b"\n" in head)


def _is_object(head: bytes) -> bool:
    return _OBJECT.match(head) is not None


FORMATS: tuple[Format, ...] = (
    Format(
        "JSON array",
        "`gcloud logging read --format=json`, Logs Explorer's download",
        '[{"textPayload": "cannot listen"}]',
        "[1] cannot listen",
        lambda head: _ARRAY.match(head) is not None,
        json_values.read_array,
    ),
    Format(
        "response of entries.list",
        "the API, `curl`, API Explorer",
        '{"entries": [{"textPayload": "cannot listen"}], "nextPageToken": "x"}',
        '{"entries": 3}',
        lambda head: json_values.RESPONSE.match(head) is not None,
        json_values.read_response,
    ),
    Format(
        "OpenTelemetry's JSON (OTLP)",
        "the collector's file exporter, `otlp_json`",
        '{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "x"}}]}]}]}',
        '{"resourceSpans": []}',
        lambda head: _OTLP.match(head) is not None,
        json_values.read_values,
    ),
    Format(
        "JSON Lines of entries",
        "sinks to Cloud Storage, `jq -c`, BigQuery, the client libraries",
        '{"text_payload": "cannot listen", "severity": "ERROR"}',
        '{"level": "error", "msg": "cannot listen"}',
        _is_entry_lines,
        json_values.read_lines,
    ),
    Format(
        "JSON Lines of a program",
        "pino, zap, structlog and others; Docker's `json-file`; `journalctl -o json`; text may"
        " stand between them",
        '{"level": "error", "msg": "cannot listen"}',
        '{ "level": "error",',
        _is_own_lines,
        text_lines.read,
    ),
    Format(
        "JSON values one behind another",
        "`jq .`, several responses in one file",
        '{\n  "textPayload": "cannot listen"\n}\n{\n  "textPayload": "again"\n}',
        "{ Error: cannot listen }",
        _is_object,
        json_values.read_values,
    ),
    Format(
        "CSV",
        "Logs Explorer's download, BigQuery",
        "timestamp,severity,jsonPayload.message\n2026-05-04T10:00:00Z,ERROR,cannot listen",
        "one, two, three",
        lambda head: csv_table.columns(_first_line(head).decode("utf-8", "replace")) is not None,
        csv_table.read,
    ),
    Format(
        "YAML",
        "`gcloud logging read` without `--format`",
        "---\ninsertId: a\ntextPayload: cannot listen\n",
        "---- begin ----",
        yaml_documents.looks,
        yaml_documents.read,
    ),
    Format(
        "text",
        "`gcloud run services logs read`, `kubectl logs`, `docker logs`, compose, a shell's `>`",
        "2026-05-04 10:00:00 cannot listen",
        "buy milk",
        text_lines.looks,
        text_lines.read,
    ),
)
"""All formats; the first that fits is taken."""


def format_of(head: bytes, name: str) -> Format | None:
    """Returns the format of a file by its start; None if unknown. Raises `InputError`."""
    if _BINARY.search(head[:HEAD]):  # a whole array may be one line
        raise InputError(f"{name} is not a text file, so it holds no readable log. {GOOD_FILE}")
    if _MARKUP.match(head):
        raise InputError(f"{name} is an HTML or XML page, not a log. {GOOD_FILE}")
    return next((form for form in FORMATS if form.looks(head)), None)
