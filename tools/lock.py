#!/usr/bin/env python3
"""Writes requirements.lock and requirements-dev.lock, for every platform. For maintainers.

usage: python3 tools/lock.py [--upgrade]

Without --upgrade every version that the locks name now stays. Needs the network and pip. uv's own
lock names registries, so it stays behind; the exported lines hold names, versions and hashes.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNTIME, DEV = "requirements.lock", "requirements-dev.lock"
UV = "uv==0.13.9"  # exact, so that every maintainer gets the same lock files
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\]+?))?\s*\\?$", re.MULTILINE)
"""Matches a line of a lock file: name, version, marker."""


def main(arguments: list[str]) -> None:
    """Writes both lock files, or exits with an error message."""
    if arguments not in ([], ["--upgrade"]):
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="gardener-lock-") as folder:
        work = Path(folder)
        python = str(getattr(sys, "_base_executable", None) or sys.executable)  # .venv has no pip
        pip = [python, "-m", "pip", "install", "--quiet", "--target", str(work / "uv"), UV]
        if subprocess.run(pip, check=False).returncode:
            sys.exit("lock: uv could not be installed, for the reason above.")
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        (work / "pyproject.toml").write_text(
            project if arguments else pinned(project), encoding="utf-8"
        )
        uv = [str(work / "uv" / "bin" / "uv"), "--quiet", "--project", folder]
        if subprocess.run([*uv, "lock", "--python", python], check=False).returncode:
            sys.exit("lock: the dependencies do not resolve; --upgrade drops what the locks pin.")
        for name, groups in ((RUNTIME, ["--no-dev"]), (DEV, ["--group", "dev"])):
            text = exported(uv, groups)
            if "://" in text:
                sys.exit(f"lock: {name} would name an address: take it out of uv's settings.")
            (ROOT / name).write_text(text, encoding="utf-8")
            print(f"lock: wrote {name}")


def pinned(project: str) -> str:
    """Returns pyproject.toml with the development lock's versions as constraints."""
    held = PIN.findall((ROOT / DEV).read_text(encoding="utf-8"))
    pins = [f"{name}=={version}" + (f" ; {mark}" if mark else "") for name, version, mark in held]
    constraints = f"[tool.uv]\nconstraint-dependencies = {json.dumps(pins)}\n"
    return project.replace("[tool.uv]\n", constraints, 1)


def exported(uv: list[str], groups: list[str]) -> str:
    """Returns the lock in pip's requirements format."""
    export = [*uv, "export", "--frozen", "--no-emit-project", "--no-header", "--no-annotate"]
    export += ["--format", "requirements-txt", "--group", "build", *groups]
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return subprocess.run(export, stdout=subprocess.PIPE, text=True, check=True, env=env).stdout


if __name__ == "__main__":
    main(sys.argv[1:])
