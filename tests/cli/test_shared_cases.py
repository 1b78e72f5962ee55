"""Small logs of other stacks, each of which stands for a kind: what must come out of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import SHARED

CASES = SHARED / "cases"
NAMES = sorted(path.name.removesuffix(".expected.json") for path in CASES.glob("*.expected.json"))


@pytest.mark.skipif(not NAMES, reason="needs the shared cases")
@pytest.mark.parametrize("name", NAMES or [""])
def test_case(name: str) -> None:
    done = subprocess.run(
        [sys.executable, SHARED / "check_cases.py", CASES, name],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "GARDENER": str(Path(sys.executable).parent / "gardener")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
