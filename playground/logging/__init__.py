"""The Cloud Logging stand-in: gRPC server and query language."""
