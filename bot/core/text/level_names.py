"""The names of levels, as logging libraries spell them."""

from __future__ import annotations

from bot.core.model.values import Severity

_S = Severity
NAMES: dict[str, Severity] = {
    **dict.fromkeys(
        ("TRACE", "TRC", "TRCE", "TRAC", "DEBUG", "DBG", "DBUG", "DEBU", "VERBOSE", "VERB", "VRB",
         "SILLY", "FINE", "FINER", "FINEST"), _S.DEBUG),
    **dict.fromkeys(
        ("INFO", "INF", "INFORMATION", "INFORMATIONAL", "SUCCESS", "CONFIG", "LOG", "HTTP",
         "EVENT", "WAIT", "READY"), _S.INFO),
    **dict.fromkeys(("NOTICE", "DEPRECATED", "STRICT STANDARDS"), _S.NOTICE),
    **dict.fromkeys(("WARN", "WARNING", "WRN"), _S.WARNING),
    **dict.fromkeys(
        ("ERROR", "ERR", "ERRO", "EROR", "SEVERE", "FAIL", "RECOVERABLE FATAL ERROR"), _S.ERROR),
    **dict.fromkeys(
        ("CRITICAL", "CRIT", "CRT", "FATAL", "FTL", "FATA", "PANIC", "PNC", "PANI", "DPANIC",
         "FATAL ERROR", "PARSE ERROR"), _S.CRITICAL),
    "ALERT": _S.ALERT,
    "EMERGENCY": _S.EMERGENCY,
    "EMERG": _S.EMERGENCY,
}  # fmt: skip
"""Severities by name, in capitals."""
BY_NAME: dict[str, Severity] = {**NAMES, **Severity.__members__}
"""The same with Cloud Logging's own names."""

LETTERS: dict[str, str] = {
    "T": "TRACE", "D": "DEBUG", "V": "VERBOSE", "I": "INFO", "N": "NOTICE", "W": "WARNING",
    "E": "ERROR", "C": "CRITICAL", "F": "FATAL",
}  # fmt: skip
"""Names by the letter that glog, Tornado and others write for them."""
