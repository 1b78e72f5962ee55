"""The source of the playground's sample service, as far as its log lets one guess it."""

from __future__ import annotations

from pathlib import Path

FILES = {
    ".github/CODEOWNERS": "* @netra/backend\n/netra_backend/app/routes/ @netra/realtime\n",
    "netra_backend/app/routes/websocket_ssot.py": """
import logging

from netra_backend.app.core.unified_logging import central_logger

logger = central_logger.get_logger(__name__)
KNOWN = ["CONNECT", "ping"]


async def _legacy_message_loop(websocket):
    try:
        parse(await websocket.receive())
    except Exception as error:
        logger.error(f"[LEGACY MODE] Message loop error: {error}")


def parse(message):
    kind = message["type"]
    if kind not in KNOWN:
        raise ValueError(f"Invalid message type '{kind}': Unknown message type: '{kind}'. Valid types: {KNOWN}")
""",
    "netra_backend/app/core/sessions.py": """
import logging

log = logging.getLogger(__name__)


class Sessions:
    def read(self, request):
        try:
            return request.session
        except AssertionError as error:
            log.warning("Session access failed (middleware not installed?): %s", error)
""",
    "netra_backend/app/auth/users.py": """
import structlog

logger = structlog.get_logger()


def create(email, environment, user_id, demo, domain, kind):
    logger.warning(
        "\U0001f511 USER AUTO-CREATED: Created user {} from JWT token (env: {}, user_id: {}..., "
        "demo_mode: {}, domain: {}, domain_type: {})".format(
            email, environment, user_id[:8], demo, domain, kind
        )
    )
""",
    "netra_backend/app/services/webhooks.py": """
from loguru import logger


def deliver(url, status, headers):
    logger.warning("Webhook delivery refused ({}): POST {} with Authorization: {}", status, url, headers)
""",
    "netra_backend/app/db/clickhouse.py": """
from loguru import logger

WHO = "[ClickHouse]"


def connect(environment):
    logger.info(WHO + " Using mock client as fallback in %s" % environment)
""",
    "netra_backend/app/core/configuration.py": """
import logging

logger = logging.getLogger(__name__)
NAMES = ("SERVICE_SECRET", "SERVICE_ID")


def load(environment, name, raw):
    logger.info(f"Creating StagingConfig for environment: {environment}")
    logger.info(f"Loaded {name} from environment")
    logger.info(f"{name} configured: {bool(raw)}")
    if raw != raw.strip():
        logger.warning(f"{name} contained whitespace - sanitized from {raw!r} to {raw.strip()!r}")
    if not raw:
        logger.critical("SERVICE_SECRET not found in config or environment - auth will fail")
""",
    "netra_backend/app/core/middleware_setup.py": """
import logging

logger = logging.getLogger(__name__)


def setup_middleware(app):
    try:
        app.wrap()
    except Exception as e:
        logger.error(f"CRITICAL: Enhanced middleware setup failed: {e}")
        logger.error(f"Middleware setup failure details: {type(e).__name__}: {e}")
        raise RuntimeError(f"Failed to setup middleware with WebSocket exclusion: {e}") from e
""",
    "netra_backend/app/monitoring/tracing.py": """
import logging

logger = logging.getLogger(__name__)


def setup(environment):
    logger.warning("Sentry SDK not available - install sentry-sdk[fastapi] to enable error tracking")
    msg = "OpenTelemetry automatic instrumentation initialized"
    if environment:
        msg += f" for {environment}"
    logger.info(msg)
""",
}


def write(folder: Path) -> Path:
    """Writes the files below the folder; returns it."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder
