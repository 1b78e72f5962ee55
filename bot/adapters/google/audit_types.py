"""Registers the payload type of audit log entries with protobuf, on import."""

from google.cloud.audit import audit_log_pb2

AUDIT_LOG = audit_log_pb2.AuditLog
