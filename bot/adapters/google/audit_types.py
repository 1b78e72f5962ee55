"""Importing this makes protobuf know the payloads of audit log entries."""

from google.cloud.audit import audit_log_pb2

AUDIT_LOG = audit_log_pb2.AuditLog
