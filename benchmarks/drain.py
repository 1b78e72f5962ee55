"""Runs Drain3 from PyPI for comparison, in a virtual environment separate from ours.

Executed by that environment's Python, this file is the Drain3 side: a JSON list of texts on
standard input, a JSON list of cluster ids on standard output.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path

REQUIREMENT = "drain3==0.9.11"

EXAMPLE_MASKS = (
    (r"((?<=[^A-Za-z0-9])|^)(([0-9a-f]{2,}:){3,}([0-9a-f]{2,}))((?=[^A-Za-z0-9])|$)", "ID"),
    (r"((?<=[^A-Za-z0-9])|^)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})((?=[^A-Za-z0-9])|$)", "IP"),
    (r"((?<=[^A-Za-z0-9])|^)([0-9a-f]{6,} ?){3,}((?=[^A-Za-z0-9])|$)", "SEQ"),
    (r"((?<=[^A-Za-z0-9])|^)([0-9A-F]{4} ?){4,}((?=[^A-Za-z0-9])|$)", "SEQ"),
    (r"((?<=[^A-Za-z0-9])|^)(0x[a-f0-9A-F]+)((?=[^A-Za-z0-9])|$)", "HEX"),
    (r"((?<=[^A-Za-z0-9])|^)([\-\+]?\d+)((?=[^A-Za-z0-9])|$)", "NUM"),
    (r"(?<=executed cmd )(\".+?\")", "CMD"),
)
"""The masking instructions of `examples/drain3.ini` in github.com/logpai/Drain3."""


def python() -> Path:
    """Returns the Python of an environment with Drain3; creates it in the user's cache if needed.

    Raises:
        OSError, subprocess.CalledProcessError: it cannot be created, for instance offline.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = cache / "gardener-bench" / REQUIREMENT.replace("==", "-")
    interpreter = place / "bin" / "python"
    ready = place / "ready"
    if not ready.exists():
        venv.EnvBuilder(clear=True, symlinks=True).create(place)
        outer = str(getattr(sys, "_base_executable", None) or sys.executable)
        command = [outer, "-m", "pip", "--python", str(interpreter), "install", "-q", REQUIREMENT]
        subprocess.run(command, check=True)
        ready.touch()
    return interpreter


def clusters(texts: Sequence[str], *, masks: bool) -> list[int]:
    """Returns Drain3's cluster id of each text, by default or with `EXAMPLE_MASKS`."""
    answer = subprocess.run(
        [python(), __file__, "masks" if masks else "default"],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    ids: list[int] = json.loads(answer.stdout)
    return ids


def timed(texts: Sequence[str]) -> tuple[int, float]:
    """Returns the number of clusters of Drain3's defaults, and the CPU seconds that it took."""
    answer = subprocess.run(
        [python(), __file__, "timed"],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    found, seconds = json.loads(answer.stdout)
    return found, seconds


def main() -> None:
    """Runs Drain3 on standard input."""
    from drain3 import TemplateMiner
    from drain3.masking import MaskingInstruction
    from drain3.template_miner_config import TemplateMinerConfig

    config = TemplateMinerConfig()
    if sys.argv[1] == "masks":
        config.masking_instructions = [MaskingInstruction(*mask) for mask in EXAMPLE_MASKS]
    miner = TemplateMiner(config=config)
    texts = json.load(sys.stdin)
    if sys.argv[1] == "timed":
        started = time.process_time()
        for text in texts:
            miner.add_log_message(text)
        json.dump([len(miner.drain.clusters), time.process_time() - started], sys.stdout)
        return
    json.dump([miner.add_log_message(text)["cluster_id"] for text in texts], sys.stdout)


if __name__ == "__main__":
    main()
