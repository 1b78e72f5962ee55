#!/usr/bin/env python3
"""Creates .venv, installs the locked packages and runs one of the project's tasks.

Needs only Python 3.11+ with pip: neither make nor python3-venv. Packages are installed from the
lock files, by hash, and again only when these change.
"""

import sys

# This file parses on any Python 3 and imports nothing newer before this check:
if sys.version_info < (3, 11):  # noqa: UP036 - python3 may be an older version
    sys.exit("run.py: Gardener needs Python 3.11 or newer; start run.py with one: python3.11 …")

try:
    import fcntl
except ImportError:
    sys.exit("run.py: Gardener runs on Linux and macOS; on Windows use it inside WSL.")

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import time
import tomllib
import venv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMP = VENV / ".installed"
RUNTIME = ROOT / "requirements.lock"
DEV = ROOT / "requirements-dev.lock"

USAGE = """\
usage: python3 run.py VERB [ARGUMENT ...]

  try               Gardener against a local Slack and GitHub (gardener playground)
  test              every test; arguments go to pytest
  check             ruff, mypy and import-linter
  bench             the figures of the README
  live              the tests against the real Slack, Google and GitHub
  analyze FILE      one analysis of a file of log entries (gardener analyze --from FILE)
  install [--dev]   only install

Each installs first what it needs into .venv.
"""


class Stop(Exception):  # noqa: N818 - it ends a run; it is not a bug in this program
    """Ends the run with one sentence: what failed, why, and what to do."""


class Wrong(Stop):
    """An invalid command line."""


def say(text: str) -> None:
    """Prints a message to standard error; standard output is for the program that is run."""
    print(f"run.py: {text}", file=sys.stderr, flush=True)


# --- running other programs -------------------------------------------------------------------


def environment() -> dict[str, str]:
    """Returns the environment variables of an activated .venv."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    env["VIRTUAL_ENV"] = str(VENV)
    env["PATH"] = os.pathsep.join([str(BIN), env.get("PATH", os.defpath)])
    # Without cached bytecode, each of the many processes of `try` and the tests would compile the
    # project again, and each test process would rewrite all assertions.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


def become(program: str, *arguments: str, at: Path | None = None) -> NoReturn:
    """Replaces this process by a program of .venv, which gets all signals."""
    if at is not None:
        os.chdir(at)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(BIN / program, [program, *arguments], environment())


@contextlib.contextmanager
def passing_signals_to(child: subprocess.Popen[str]) -> Iterator[None]:
    """Forwards SIGTERM and SIGHUP to the child; a terminal sends it Ctrl-C by itself."""

    def forward(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    before = {number: signal.signal(number, forward) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    except KeyboardInterrupt:
        for end in (child.terminate, child.kill):  # a terminal signals it too, kill -INT does not
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(3)
            end()
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(command: Sequence[str | Path]) -> int:
    """Runs a program in the project's root and returns its exit code."""
    child = subprocess.Popen(command, cwd=ROOT, env=environment(), text=True)
    with child, passing_signals_to(child):
        return child.wait()


# --- installing -------------------------------------------------------------------------------


def fingerprint(lock: Path) -> str:
    """Hashes what an installation depends on: lock, packaging, folder and Python version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packaging = {
        "build-system": project.get("build-system"),
        "project": project.get("project"),
        "setuptools": project.get("tool", {}).get("setuptools"),
        "python": sys.version_info[:2],
        "root": str(ROOT),
    }
    digest = hashlib.sha256(lock.read_bytes())
    digest.update(json.dumps(packaging, sort_keys=True).encode())
    return digest.hexdigest()


def stamps() -> dict[str, str]:
    """Reads lock file name → installed fingerprint; empty without a complete installation."""
    try:
        held = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def installed(lock: Path) -> bool:
    """Returns whether .venv has the packages of `lock`; the development lock has all."""
    if not (BIN / "python").exists() or not (BIN / "gardener").exists():
        return False
    held = stamps()
    return any(held.get(one.name) == fingerprint(one) for one in (lock, DEV))


@contextlib.contextmanager
def only_one() -> Iterator[int]:
    """Locks out other installs in this folder, until all holders of the descriptor end."""
    with (ROOT / ".venv.lock").open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run.py is installing; waiting for it …")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle.fileno()


def install(*, dev: bool = False) -> None:
    """Installs the locked packages into .venv, unless they are installed already."""
    lock = DEV if dev else RUNTIME
    if installed(lock):
        return
    with only_one() as turn:
        if installed(lock):  # by the process that we waited for
            return
        started = time.monotonic()
        held = stamps()
        STAMP.unlink(missing_ok=True)  # an interrupted installation has no stamp
        # Scripts in .venv/bin contain the absolute path of their folder.
        where = f"{VENV}, Python {sys.version_info[0]}.{sys.version_info[1]}"
        pip = venv_with_pip(keep=held.get("where") == where and (BIN / "python").exists())
        say(f"installing what {lock.name} names into .venv …")
        run_pip([*pip, "install", "--require-hashes", "-r", str(lock)], turn)
        run_pip([*pip, "install", "--no-deps", "--no-build-isolation", "-e", str(ROOT)], turn)
        # The development lock includes the runtime lock, but not the reverse.
        done = {one.name: fingerprint(one) for one in ({lock, RUNTIME} if dev else {lock})}
        done["where"] = where
        partial = STAMP.with_suffix(".new")
        partial.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")
        partial.replace(STAMP)
        say(f"installed in {time.monotonic() - started:.0f} s")


def outer_python() -> str:
    """Returns the interpreter outside .venv, even if .venv's own one runs this file."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def venv_with_pip(*, keep: bool) -> list[str]:
    """Creates or keeps .venv; returns the command of a pip that installs into it, or raises."""
    outer = [outer_python(), "-m", "pip"]
    has = pip_version(outer)
    if has >= (22, 3):  # the first version with --python
        if not keep:
            make_venv(with_pip=False)
        return [*outer, "--python", str(BIN / "python")]
    if importlib.util.find_spec("ensurepip") is None:
        found = f"pip {has[0]}.{has[1]} is too old" if has > (0, 0) else "pip is missing"
        raise Stop(
            f"{found} for {outer_python()}: install pip 22.3 or newer, "
            "on Debian with 'apt-get install python3-pip'."
        )
    inner = [str(BIN / "python"), "-m", "pip"]
    if not (keep and pip_version(inner) > (0, 0)):
        make_venv(with_pip=True)
    return inner


def pip_version(pip: list[str]) -> tuple[int, int]:
    """Returns (major, minor), or (0, 0) if this pip does not run."""
    answer = subprocess.run([*pip, "--version"], capture_output=True, text=True, check=False)
    match = re.match(r"pip (\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match and answer.returncode == 0 else (0, 0)


def make_venv(*, with_pip: bool) -> None:
    """Creates an empty .venv in place of any existing one. Raises `Stop`."""
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        say("building .venv anew …")
        shutil.rmtree(VENV)
    try:
        builder = venv.EnvBuilder(with_pip=with_pip, symlinks=True, prompt="gardener")
        builder.create(VENV)
    except subprocess.CalledProcessError as error:
        raise Stop(
            "pip could not be put into .venv: install pip 22.3 or newer for "
            f"{outer_python()} and try again."
        ) from error


NO_NETWORK = re.compile(
    r"NewConnectionError|NameResolutionError|Temporary failure in name resolution|Max retries"
    r"|Network is unreachable|ConnectTimeout|ReadTimeoutError|ProxyError",
)


def run_pip(command: list[str], *turn: int) -> None:
    """Runs pip: on a terminal shows its latest line, on failure its output. Raises `Stop`.

    pip inherits the lock (`turn`): if we are killed, the next run waits for pip to end.
    """
    env = environment()
    env |= {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "PIP_USER": "0",
        "PIP_RETRIES": env.get("PIP_RETRIES", "2"),
        "PYTHONUNBUFFERED": "1",
    }
    env.pop("PIP_REQUIRE_VIRTUALENV", None)
    show = sys.stderr.isatty()
    width = shutil.get_terminal_size().columns - 3
    words: list[str] = []
    pip = subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=turn,
    )
    with pip, passing_signals_to(pip):
        assert pip.stdout is not None  # noqa: S101 - a pipe, see above
        for line in pip.stdout:
            words.append(line.rstrip())
            if show:
                print(f"\r\033[K  {words[-1].strip()[:width]}", end="", file=sys.stderr, flush=True)
    if show:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    if pip.returncode == 0:
        return
    if pip.returncode < 0:
        raise Stop("the installation was ended from outside; the next run starts it anew.")
    text = "\n".join(words)
    if NO_NETWORK.search(text):
        raise Stop("no package could be fetched: check the network, or pip's proxy, and try again.")
    print("\n".join(words[-25:]), file=sys.stderr)
    raise Stop("pip failed, for the reason above; mend that and try again.")


# --- the verbs --------------------------------------------------------------------------------


def workers() -> int:
    """Returns the number of test processes: up to two per core, since many tests wait."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # missing on macOS
        cores = os.cpu_count() or 1
    return max(cores, min(2 * cores, 8))


def verb_try(arguments: list[str]) -> None:
    """Runs the playground: Slack, GitHub, Redis and Gardener on this machine."""
    install()
    become("gardener", "playground", *arguments, at=ROOT)


def verb_test(arguments: list[str]) -> None:
    """Runs the tests, in several processes unless the arguments need a single one."""
    install(dev=True)
    alone = {"-s", "--pdb", "--trace", "--capture=no", "--collect-only", "--co"}
    chosen = any(one.startswith(("-n", "--numprocesses", "--dist")) for one in arguments)
    one = chosen or alone & set(arguments) or any("::" in one for one in arguments)
    spread = [] if one else ["-n", str(workers()), "--dist", "worksteal"]
    become("python", "-m", "pytest", *spread, *arguments, at=ROOT)


def verb_live(arguments: list[str]) -> None:
    """Runs the tests against the real services, one after the other."""
    install(dev=True)
    become("python", "-m", "pytest", "-m", "live", *arguments, at=ROOT)


def verb_check(arguments: list[str]) -> None:
    """Runs all static checks, even if one fails. Raises `Stop` if any did."""
    if arguments:
        raise Wrong("check takes no arguments")
    install(dev=True)
    failed = []
    for program, *rest in (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("lint-imports", "--no-logo"),
    ):
        name = " ".join([program, *rest]).removesuffix(" .").removesuffix(" --no-logo")
        started = time.monotonic()
        if run([BIN / program, *rest]):
            failed.append(name)
        say(f"{name}: {time.monotonic() - started:.1f} s")
    if failed:
        raise Stop(f"check failed: {', '.join(failed)}.")


def verb_bench(arguments: list[str]) -> None:
    """Runs the benchmarks behind the README's figures."""
    install()
    become("python", "-m", "benchmarks", *arguments, at=ROOT)


def verb_analyze(arguments: list[str]) -> None:
    """Analyses a file, in the caller's folder since its path may be relative."""
    if not arguments:
        raise Wrong("analyze needs a FILE of log entries, or - for standard input")
    install()
    become("gardener", "analyze", "--from", *arguments)


def verb_install(arguments: list[str]) -> None:
    """Installs only."""
    if arguments not in ([], ["--dev"]):
        raise Wrong("install takes --dev or nothing")
    install(dev=bool(arguments))


VERBS: dict[str, Callable[[list[str]], None]] = {
    "try": verb_try,
    "test": verb_test,
    "check": verb_check,
    "bench": verb_bench,
    "live": verb_live,
    "analyze": verb_analyze,
    "install": verb_install,
}


def main(arguments: list[str]) -> int:
    """Runs a verb. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 Ctrl-C."""
    if arguments[:1] in (["-h"], ["--help"], ["help"]):
        print(USAGE, end="")
        return 0
    try:
        if not arguments:
            raise Wrong("which verb?")
        if arguments[0] not in VERBS:
            raise Wrong(f"there is no verb {arguments[0]!r}")
        VERBS[arguments[0]](arguments[1:])
    except Wrong as wrong:
        print(f"run.py: {wrong}\n\n{USAGE}", end="", file=sys.stderr)
        return 2
    except Stop as stop:
        say(str(stop))
        return 1
    except OSError as error:
        say(f"{error.strerror or error}: {error.filename or ROOT}; mend that and try again.")
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
