"""Hidden markers by which Gardener recognises its own issues and comments.

A marker is an HTML comment, which GitHub does not render, with a keyed hash: a log line that ends
up in an issue may contain `<!-- gardener:v1:… -->` too, but not one that verifies.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence

# A cluster id, optionally a slash and a comment's nonce. Our ids are ASCII without a colon.
_MARKER = re.compile(
    r"<!-- gardener:v1:([\w.-]{1,128}(?:/[\w.-]{1,128})?):([0-9a-f]{64}) -->", re.ASCII
)
_SUBJECT = re.compile(r"[\w.-]{1,128}(?:/[\w.-]{1,128})?", re.ASCII)


def marker(cluster: str, secret: bytes, nonce: str = "") -> str:
    """Returns `<!-- gardener:v1:<cluster id>:<HMAC> -->`, or `<cluster id>/<nonce>` with a nonce.

    Keeps only letters, digits, `_`, `.` and `-` of a nonce, at most 128.
    """
    subject = _subject(cluster, nonce)
    if not _SUBJECT.fullmatch(subject):
        raise ValueError("a cluster id is made of letters, digits, '.', '_' and '-'")
    return f"<!-- gardener:v1:{subject}:{_sign(subject, secret)} -->"


def bears(text: str, cluster: str, secrets: Iterable[bytes], nonce: str = "") -> bool:
    """True if the text contains this exact marker, signed with any of the secrets."""
    return _subject(cluster, nonce) in _verified(text, tuple(secrets))


def clusters(text: str, secrets: Iterable[bytes]) -> frozenset[str]:
    """Returns ids of clusters whose verified issue marker (without nonce) the text contains."""
    return frozenset(s for s in _verified(text, tuple(secrets)) if "/" not in s)


def _subject(cluster: str, nonce: str) -> str:
    if not nonce:
        return cluster
    return f"{cluster}/{re.sub(r'[^A-Za-z0-9_.-]', '', nonce)[:128]}"


def _verified(text: str, secrets: Sequence[bytes]) -> frozenset[str]:
    return frozenset(
        subject
        for subject, signature in _MARKER.findall(text)
        if any(hmac.compare_digest(signature, _sign(subject, secret)) for secret in secrets)
    )


def _sign(subject: str, secret: bytes) -> str:
    if not secret:
        raise ValueError("a marker needs a secret")
    return hmac.new(secret, f"gardener:v1:{subject}".encode(), hashlib.sha256).hexdigest()
