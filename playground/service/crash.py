"""A failed start of a gunicorn service on Cloud Run: 68 entries, one instance.

gunicorn's own lines carry no severity, the traceback comes in three chained parts with Error
Reporting's groups, and Cloud Run's last line is a WARNING.
"""

from __future__ import annotations

from playground.logging.entry import rfc3339
from playground.service.lines import SECOND, Entry, Writer

MISSING = "netra_backend.app.services.monitoring"
MASTER, WORKER = 13, 14  # process ids inside the container
DURATION = 5 * SECOND + 498_000_000
"""From the first entry to the last, in nanoseconds."""

Line = tuple[float, str, str]
"""Seconds after the start, severity, message."""

VALIDATED: tuple[Line, ...] = (
    (3.556, "INFO", "Database URL (staging/Cloud SQL): postgresql+asyncpg://***@/netra_staging"),
    (3.557, "INFO", "Built database URL from POSTGRES_* environment variables"),
    (3.577, "INFO", "RedisManager initialized with automatic recovery"),
    (3.599, "INFO", "Factory methods added to UnifiedWebSocketEmitter - Issue #582"),
    (3.602, "INFO", "WebSocket SSOT loaded - factory pattern available"),
    (3.615, "INFO", "WebSocket Error Validator module loaded with SSOT imports"),
    (4.097, "INFO", "UnifiedIDManager initialized"),
    (4.335, "INFO", "ErrorRecoveryManager initialized"),
    (4.336, "INFO", "ErrorRecoveryManager initialized"),
    (4.344, "INFO", "BackgroundTaskManager initialized"),
    (4.374, "INFO", "Loading unified configuration"),
    (4.3741, "INFO", "Creating StagingConfig for environment: staging"),
    (4.3742, "INFO", "Loaded SERVICE_SECRET from environment"),
    (4.377, "INFO", "Loaded SERVICE_ID from environment"),
    (4.3771, "INFO", "Loaded JWT_SECRET_KEY from environment"),
    (4.3772, "INFO", "Loaded SECRET_KEY from environment"),
    (4.3773, "INFO", "Loaded FERNET_KEY from environment"),
    (4.3774, "INFO", "SERVICE_ID configured: True"),
    (4.3775, "INFO", "SERVICE_SECRET configured: True"),
    (4.3776, "INFO", "Database URL (staging/Cloud SQL): postgresql+asyncpg://***@/netra_staging"),
    (
        4.3777,
        "WARNING",
        "SERVICE_ID contained whitespace - sanitized from 'netra-backend\\n' to 'netra-backend'",
    ),
    (4.392, "INFO", "Validating configuration requirements for staging environment"),
    (4.3921, "INFO", "Database configuration: Using component-based configuration"),
    (4.3922, "INFO", "PASS:  All configuration requirements validated for staging"),
    (4.393, "INFO", "Configuration loaded and cached for environment: staging"),
)

STRUCTURED: tuple[Line, ...] = (
    (4.519, "INFO", "Telemetry enabled but no exporters configured - traces are not exported."),
    (4.965, "INFO", "OpenTelemetry automatic instrumentation initialized for staging"),
    (4.9651, "INFO", "OpenTelemetry automatic instrumentation initialized successfully"),
    (
        4.966,
        "WARNING",
        "Sentry SDK not available - install sentry-sdk[fastapi] to enable error tracking",
    ),
    (4.9661, "INFO", "Starting middleware setup with WebSocket exclusion support..."),
    (4.988, "INFO", "AuthClientCache initialized with default TTL: 300s and user isolation"),
    (4.9881, "INFO", "AuthCircuitBreakerManager initialized with UnifiedCircuitBreaker"),
    (4.996, "INFO", "AuthClientConfigManager initialized"),
    (5.004, "INFO", "AuthClientCache initialized with default TTL: 300s and user isolation"),
    (5.0041, "INFO", "AuthCircuitBreakerManager initialized with UnifiedCircuitBreaker"),
    (5.0042, "INFO", "Tracer initialized: default"),
    (5.0043, "INFO", "TracingManager initialized"),
    (5.0044, "INFO", "Circuit breaker 'auth_service' initialized: threshold=3"),
    (5.0045, "INFO", "AuthServiceClient initialized - Service ID: netra-backend"),
    (5.006, "INFO", "AuthClientCache initialized with default TTL: 300s and user isolation"),
    (5.0061, "INFO", "AuthCircuitBreakerManager initialized with UnifiedCircuitBreaker"),
    (5.0062, "INFO", "Tracer initialized: default"),
    (5.0063, "INFO", "TracingManager initialized"),
    (5.0064, "INFO", "AuthServiceClient initialized - Service ID: netra-backend"),
    (5.011, "INFO", "Using config.secret_key for staging (length: 51)"),
    (5.0111, "INFO", "uvicorn-compatible SessionMiddleware installed (Issue #449)"),
    (5.0112, "INFO", "uvicorn-compatible SessionMiddleware configured for staging (Issue #449)"),
    (5.016, "INFO", "Creating WebSocket exclusion middleware inline (Issue #449 fallback)"),
)

IMPORT_FRAMES = f"""\
    from netra_backend.app.middleware.uvicorn_protocol_enhancement import (
  File "/app/netra_backend/app/middleware/__init__.py", line 3, in <module>
    from .gcp_auth_context_middleware import (
  File "/app/netra_backend/app/middleware/gcp_auth_context_middleware.py", line 23, in <module>
    from {MISSING}.gcp_error_reporter import set_request_context
ModuleNotFoundError: No module named '{MISSING}'"""

SETUP = "/app/netra_backend/app/core/middleware_setup.py"
TRACEBACKS = (
    f"""\
Traceback (most recent call last):
  File "{SETUP}", line 852, in _add_websocket_exclusion_middleware
{IMPORT_FRAMES}""",
    f"""\
Traceback (most recent call last):
  File "{SETUP}", line 799, in setup_middleware
    _add_websocket_exclusion_middleware(app)
  File "{SETUP}", line 860, in _add_websocket_exclusion_middleware
    _create_inline_websocket_exclusion_middleware(app)
  File "{SETUP}", line 1079, in _create_inline_websocket_exclusion_middleware
{IMPORT_FRAMES}""",
    f"""\
Traceback (most recent call last):
  File "/usr/local/lib/python3.11/site-packages/gunicorn/arbiter.py", line 608, in spawn_worker
    worker.init_process()
  File "/usr/local/lib/python3.11/site-packages/uvicorn/workers.py", line 75, in init_process
    super().init_process()
  File "/usr/local/lib/python3.11/site-packages/gunicorn/workers/base.py", line 135, in init_process
    self.load_wsgi()
  File "/usr/local/lib/python3.11/site-packages/gunicorn/workers/base.py", line 147, in load_wsgi
    self.wsgi = self.app.wsgi()
                ^^^^^^^^^^^^^^^
  File "/usr/local/lib/python3.11/site-packages/gunicorn/util.py", line 370, in import_app
    mod = importlib.import_module(module)
          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/usr/local/lib/python3.11/importlib/__init__.py", line 126, in import_module
    return _bootstrap._gcd_import(name[level:], package, level)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "<frozen importlib._bootstrap>", line 1204, in _gcd_import
  File "<frozen importlib._bootstrap>", line 241, in _call_with_frames_removed
  File "/app/netra_backend/app/main.py", line 49, in <module>
    app = create_app()
          ^^^^^^^^^^^^
  File "/app/netra_backend/app/core/app_factory.py", line 170, in create_app
    _configure_app_handlers(app)
  File "/app/netra_backend/app/core/app_factory.py", line 123, in setup_middleware
    ssot_setup_middleware(app)
  File "{SETUP}", line 836, in setup_middleware
    raise RuntimeError(f"Failed to setup middleware with WebSocket exclusion: {{e}}")
RuntimeError: Failed to setup middleware with WebSocket exclusion: No module named '{MISSING}'""",
)
ERROR_GROUPS = ("CPTn7buPgLimLw", "CK7C-tDwuYTp8AE", "CJmUvoHgqq23pAE")
CHAINED = "During handling of the above exception, another exception occurred:"


def boot(writer: Writer, at: int, *, warnings: bool = True) -> list[Entry]:
    """Writes the beginning of every start: lines from Cloud Run, gunicorn and the configuration.

    `warnings=False` omits the two lines that a well configured start does not write.
    """

    def moment(seconds: float) -> int:
        return at + int(seconds * SECOND)

    def gunicorn(seconds: float, text: str, *, pid: int = MASTER, level: str = "INFO") -> Entry:
        return gunicorn_line(writer, moment(seconds), text, pid=pid, level=level)

    reason = "MANUAL_OR_CUSTOMER_MIN_INSTANCE"
    return [
        writer.system(
            at,
            "INFO",
            f"Starting new instance. Reason: {reason} - Instance started because of "
            "customer-configured min-instances or manual scaling.",
            scaling_reason=reason,
        ),
        gunicorn(2.471, "Starting gunicorn 23.0.0"),
        gunicorn(2.47101, f"Listening at: http://0.0.0.0:8000 ({MASTER})"),
        gunicorn(2.47102, "Using worker: uvicorn.workers.UvicornWorker"),
        writer.system(
            moment(2.4713),
            "INFO",
            "Default STARTUP TCP probe succeeded after 1 attempt for container "
            f'"{writer.revision.service}-1" on port 8000.',
        ),
        gunicorn(2.474, f"Booting worker with pid: {WORKER}", pid=WORKER),
        writer.text(
            moment(2.522),
            "Backend Service: Running in staging - skipping .env file loading (using GSM)",
            stream="stdout",
        ),
        *(
            write(moment(when), level, text)
            for write, lines in ((writer.validated, VALIDATED), (writer.line, STRUCTURED))
            for when, level, text in lines
            if warnings or level == "INFO"
        ),
    ]


def gunicorn_line(writer: Writer, at: int, text: str, *, pid: int, level: str) -> Entry:
    """Writes `[time] [pid] [LEVEL] text` on stderr, without severity."""
    stamp = rfc3339(at - at % SECOND).replace("T", " ").replace("Z", " +0000")
    return writer.text(at, f"[{stamp}] [{pid}] [{level}] {text}")


def crash(writer: Writer, at: int) -> list[Entry]:
    """Writes the 68 entries of a failed start, from `at` (nanoseconds) to exit(3)."""

    def moment(seconds: float) -> int:
        return at + int(seconds * SECOND)

    def gunicorn(seconds: float, text: str, *, pid: int = MASTER, level: str = "ERROR") -> Entry:
        return gunicorn_line(writer, moment(seconds), text, pid=pid, level=level)

    failed = f"No module named '{MISSING}'"
    first, second, third = (
        writer.text(moment(5.0232 + part * 0.00003), text, severity="ERROR")
        | {"errorGroups": [{"id": group}]}
        for part, (text, group) in enumerate(zip(TRACEBACKS, ERROR_GROUPS, strict=True))
    )
    return [
        *boot(writer, at),
        writer.line(
            moment(5.017), "ERROR", f"CRITICAL: Enhanced middleware setup failed: {failed}"
        ),
        writer.line(
            moment(5.019),
            "ERROR",
            f"Middleware setup failure details: ModuleNotFoundError: {failed}",
            error={"traceback": None, "type": "ModuleNotFoundError", "value": failed},
        ),
        gunicorn(5.0231, "Exception in worker process", pid=WORKER),
        first,
        writer.text(moment(5.02321), CHAINED),
        second,
        writer.text(moment(5.02324), CHAINED),
        third,
        gunicorn(5.0234, f"Worker exiting (pid: {WORKER})", pid=WORKER, level="INFO"),
        gunicorn(5.426, f"Worker (pid:{WORKER}) exited with code 3"),
        gunicorn(5.42625, "Shutting down: Master"),
        gunicorn(5.4263, "Reason: Worker failed to boot."),
        writer.system(
            at + DURATION,
            "WARNING",
            "Container called exit(3).",
            container_name=f"{writer.revision.service}-1",
        ),
    ]
