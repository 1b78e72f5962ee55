"""What a fresh clone starts with: run.py, the locks, the Procfile.

run.py is tried in a copy of the project, with a stand-in for pip that PYTHONPATH puts before the
real one: it writes down what it was asked and leaves a `gardener` that tells its arguments.
"""

import ast
import contextlib
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.__main__ import commands
from tests.paths import ROOT
from tests.waiting import PATIENCE, eventually

LOCKS = ("requirements.lock", "requirements-dev.lock")

PIP = r"""
import os, sys
from pathlib import Path

arguments = sys.argv[1:]
here = Path.cwd()
mode = os.environ.get("PIP_STAND_IN", "")
if "--version" in arguments:
    print("pip 21.1 from nowhere" if mode == "old" else "pip 24.0 from nowhere")
    sys.exit(1 if mode == "missing" else 0)
with (here / "asked").open("a") as asked:
    asked.write(" ".join(arguments) + "\n")
if mode == "offline":
    print("WARNING: Retrying after connection broken by 'NewConnectionError(...)'")
    sys.exit("ERROR: No matching distribution found")
if mode == "broken":
    sys.exit("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES")
if mode == "slow":
    (here / "go on").read_text()  # a FIFO: waits until the test opens it as well
    (here / "ended").touch()
gardener = here / ".venv" / "bin" / "gardener"
gardener.write_text('#!/bin/sh\necho "gardener $*"\ntest "$STAY" && exec sleep 60\nexit 7\n')
gardener.chmod(0o755)
"""


def _hears_ctrl_c() -> None:
    """A shell's background jobs ignore SIGINT, and pass that on to the tests and their programs."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Clone:
    """A copy of what run.py needs, in a folder whose name has a space."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a clone"
        self.root.mkdir()
        for name in ("run.py", "pyproject.toml", *LOCKS):
            (self.root / name).write_bytes((ROOT / name).read_bytes())
        stand_in = folder / "stand-in" / "pip"
        stand_in.mkdir(parents=True)
        (stand_in / "__init__.py").touch()
        (stand_in / "__main__.py").write_text(PIP)
        os.mkfifo(self.root / "go on")
        self.env = {**os.environ, "PYTHONPATH": str(stand_in.parent)}

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, self.root / "run.py", *arguments],
            env=self.env | env,
            cwd=self.root.parent,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_hears_ctrl_c,  # noqa: PLW1509 - it only resets a signal
        )

    def run(self, *arguments: str, **env: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **env)
        out, err = process.communicate(timeout=PATIENCE)
        assert "Traceback" not in err
        return process.returncode, out, err

    def asked(self) -> list[str]:
        """What pip was asked, one line a call."""
        try:
            return (self.root / "asked").read_text().splitlines()
        except FileNotFoundError:
            return []

    def let_go(self) -> None:
        """Lets a slow pip go on; does nothing where none waits."""
        with contextlib.suppress(OSError):
            os.close(os.open(self.root / "go on", os.O_WRONLY | os.O_NONBLOCK))


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    made = Clone(tmp_path)
    yield made
    made.let_go()


# --- usage


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        (),
        ("analyze",),
        ("check", "everything"),
        ("install", "--all"),
    ],
)
def test_wrong_usage_shows_the_verbs_and_exits_with_2(
    clone: Clone, arguments: tuple[str, ...]
) -> None:
    code, out, err = clone.run(*arguments)
    assert (code, out) == (2, "")
    assert "usage: python3 run.py VERB" in err
    assert clone.asked() == []


def test_help_is_no_mistake(clone: Clone) -> None:
    code, out, err = clone.run("--help")
    assert (code, err) == (0, "")
    for verb in ("try", "test", "check", "bench", "live", "analyze FILE"):
        assert f"\n  {verb}" in out


def test_an_old_python_can_read_run_py_far_enough_to_say_that_it_is_too_old() -> None:
    ast.parse((ROOT / "run.py").read_text(), feature_version=(3, 7))


# --- installing


def test_the_first_run_installs_the_runtime_lock_by_hash_and_then_us(clone: Clone) -> None:
    code, out, err = clone.run("try", "--port", "0")
    assert (code, out) == (7, "gardener playground --port 0\n"), err
    packages, ourselves = clone.asked()
    assert packages.endswith(f"install --require-hashes -r {clone.root}/requirements.lock")
    assert ourselves.endswith(f"install --no-deps --no-build-isolation -e {clone.root}")


def test_the_second_run_installs_nothing(clone: Clone) -> None:
    clone.run("install")
    before = clone.asked()
    code, out, err = clone.run("analyze", "a file.json", "--format", "json")
    assert (code, out, err) == (7, "gardener analyze --from a file.json --format json\n", "")
    assert clone.asked() == before


def test_the_development_lock_contains_the_other_one(clone: Clone) -> None:
    clone.run("install", "--dev")
    before = clone.asked()
    assert "requirements-dev.lock" in before[0]
    clone.run("install")
    assert clone.asked() == before


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_a_change_installs_again(clone: Clone, changed: str) -> None:
    clone.run("install")
    path = clone.root / changed
    path.write_text(path.read_text().replace("aiohttp", "aiohttq"))
    clone.run("install")
    assert len(clone.asked()) == 4


def test_a_setting_of_a_linter_does_not(clone: Clone) -> None:
    clone.run("install")
    path = clone.root / "pyproject.toml"
    path.write_text(path.read_text().replace("line-length = 100", "line-length = 99"))
    clone.run("install")
    assert len(clone.asked()) == 2


def test_two_at_once_install_once(clone: Clone) -> None:
    both = [clone.start("install") for _ in range(2)]
    answers = [one.communicate(timeout=PATIENCE) for one in both]
    assert [one.returncode for one in both] == [0, 0], answers
    assert len(clone.asked()) == 2


def test_an_installation_that_was_killed_is_made_anew(clone: Clone) -> None:
    first = clone.start("install", PIP_STAND_IN="slow")
    eventually(clone.asked)
    (clone.root / ".venv" / "half").touch()
    first.kill()
    second = clone.start("install")
    assert second.stderr is not None
    assert "waiting for it" in second.stderr.readline()  # pip outlived its run.py
    (clone.root / "go on").write_text("")  # waits for pip to be at it
    _, err = second.communicate(timeout=PATIENCE)
    assert second.returncode == 0
    assert (clone.root / "ended").exists()
    assert "building .venv anew" in err
    assert not (clone.root / ".venv" / "half").exists()


def test_a_clone_that_moved_is_installed_anew(clone: Clone) -> None:
    clone.run("install")
    clone.root = clone.root.rename(clone.root.with_name("elsewhere"))
    code, _, err = clone.run("install")
    assert code == 0
    assert "building .venv anew" in err


def test_a_pip_too_old_to_install_elsewhere_is_put_into_the_environment(clone: Clone) -> None:
    pytest.importorskip("ensurepip")
    code, _, err = clone.run("install", PIP_STAND_IN="old")
    assert code == 0, err
    assert [line.split()[0] for line in clone.asked()] == ["install", "install"]


# --- what can go wrong


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        ("offline", "no package could be fetched: check the network"),
        ("broken", "pip failed, for the reason above"),
    ],
)
def test_a_failed_installation_says_why_and_leaves_no_stamp(
    clone: Clone, mode: str, sentence: str
) -> None:
    code, _, err = clone.run("install", PIP_STAND_IN=mode)
    assert code == 1
    assert sentence in err
    assert not (clone.root / ".venv" / ".installed").exists()
    assert ("DO NOT MATCH" in err) == (mode == "broken")


def test_ctrl_c_while_installing_ends_quietly(clone: Clone) -> None:
    process = clone.start("install", PIP_STAND_IN="slow")
    eventually(clone.asked)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not (clone.root / ".venv" / ".installed").exists()


def test_a_termination_while_installing_reaches_pip(clone: Clone) -> None:
    process = clone.start("install", PIP_STAND_IN="slow")
    eventually(clone.asked)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "ended from outside" in err


def test_signals_reach_the_program_itself(clone: Clone) -> None:
    clone.run("install")
    process = clone.start("try", STAY="1")
    assert process.stdout is not None
    assert process.stdout.readline() == "gardener playground\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGTERM


# --- the locks


def requirements(lock: str) -> list[str]:
    """The lock's requirements, each as one line."""
    return (ROOT / lock).read_text().replace("\\\n", " ").splitlines()


def names(lock: str) -> set[str]:
    return {re.split(r"==", line)[0] for line in requirements(lock)}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_and_hashes_every_line(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text()
    for line in requirements(lock):
        assert re.match(r"^[a-z0-9.-]+==[^ ]+ .*--hash=sha256:[0-9a-f]{64}", line), line


def test_every_declared_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    def bare(requirements: list[str]) -> set[str]:
        return {re.split(r"[^A-Za-z0-9._-]", one)[0].lower() for one in requirements}

    runtime = bare(project["project"]["dependencies"])
    backend = bare(project["build-system"]["requires"])
    dev = bare(project["dependency-groups"]["dev"])
    assert backend <= bare(project["dependency-groups"]["build"])
    assert runtime | backend <= names("requirements.lock")
    assert runtime | backend | dev <= names("requirements-dev.lock")
    assert not (dev - runtime) & names("requirements.lock")


def test_both_locks_agree() -> None:
    assert set(requirements("requirements.lock")) <= set(requirements("requirements-dev.lock"))


# --- the Procfile


def test_the_procfile_starts_web_worker_and_clock() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert dict(line.split(": ") for line in lines) == {
        "web": "gardener serve",
        "worker": "gardener worker",
        "clock": "gardener clock",
    }
    for line in lines:
        command = line.split()[-1]
        answer = CliRunner().invoke(commands, [command, "--help"])
        assert answer.exit_code == 0, f"gardener {command}: {answer.output}"
