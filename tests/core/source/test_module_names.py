"""A file is named as a file, a Python module as a module."""

from __future__ import annotations

import pytest

from bot.core.entries import understand as entries
from bot.core.model.values import Location
from bot.core.source import module_names
from tests.core.logs import entry


@pytest.mark.parametrize(
    ("module", "shown"),
    [
        ("index.js", "index.js:19"),
        ("src/app/users.service.ts", "users.service.ts:19"),
        ("example.com/agent/metadata.go", "metadata.go:19"),
        (r"C:\src\Api\OrderController.cs", "OrderController.cs:19"),
        ("app/Http/Kernel.php", "Kernel.php:19"),
        ("netra_backend.app.routes.websocket_ssot", "websocket_ssot:19"),
        ("app/core/config.py", "config:19"),
        ("com.example.OrderService", "OrderService:19"),
    ],
)
def test_the_last_part_of_a_location_is_shown(module: str, shown: str) -> None:
    assert module_names.short(Location(module, "f", 19)) == shown


@pytest.mark.parametrize(
    ("payload", "location"),
    [
        ({"caller": "server/main.go:68"}, Location("server/main.go", None, 68)),
        ({"source": {"function": "main.run", "file": "/srv/main.go", "line": 68}},
         Location("/srv/main.go", "main.run", 68)),
        ({"src": {"file": "/srv/index.js", "line": 19, "func": "sync"}},
         Location("/srv/index.js", "sync", 19)),
        ({"caller_file_name": "Cart.java", "caller_line_number": 7, "caller_method_name": "total"},
         Location("Cart.java", "total", 7)),
        ({"context": {"exception": {"class": "PDOException", "file": "/srv/src/Db.php:12"}}},
         Location("/srv/src/Db.php", None, 12)),
        ({"caller": "the customer's daughter"}, None),
        ({"file": "invoice.pdf"}, None),
    ],
)  # fmt: skip
def test_a_json_loggers_own_fields_name_the_file(
    payload: dict[str, object], location: Location | None
) -> None:
    found = entries.location(
        entry(None, "ERROR", jsonPayload={"message": "cannot sync", **payload})
    )
    assert found == location
