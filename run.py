#!/usr/bin/env python3
"""Creates .venv, installs the locked packages and runs one of the project's jobs.

Needs Python 3.11+ with pip, and nothing else: neither make nor python3-venv. What is installed is
what the locks name, by hash; while they stay as they are, nothing is installed again.
"""

import sys

# Up to here and in its grammar this file suits any Python 3, so that an old one can say this:
if sys.version_info < (3, 11):  # noqa: UP036 - whatever is called python3 may start this
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


class Stop(Exception):  # noqa: N818 - it ends a run, which is no error of this program
    """Ends the run with one sentence that says what, why and what to do."""


class Wrong(Stop):
    """The command line asks for something that does not exist."""


def say(text: str) -> None:
    """Tells a person what goes on; standard output belongs to the program that is run."""
    print(f"run.py: {text}", file=sys.stderr, flush=True)


# --- running other programs -------------------------------------------------------------------


def environment() -> dict[str, str]:
    """The environment as if .venv were activated."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    env["VIRTUAL_ENV"] = str(VENV)
    env["PATH"] = os.pathsep.join([str(BIN), env.get("PATH", os.defpath)])
    # Without compiled modules each of the many processes of `try` and of the tests would compile
    # the project anew, and each test process would rewrite all tests.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


def become(program: str, *arguments: str, at: Path | None = None) -> NoReturn:
    """Turns this process into a program of .venv: signals and the exit code are its own."""
    if at is not None:
        os.chdir(at)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(BIN / program, [program, *arguments], environment())


@contextlib.contextmanager
def passing_signals_to(child: subprocess.Popen[str]) -> Iterator[None]:
    """Hands SIGTERM and SIGHUP on to the child; a terminal sends it Ctrl-C by itself."""

    def forward(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    before = {number: signal.signal(number, forward) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    except KeyboardInterrupt:
        for end in (child.terminate, child.kill):  # a terminal has told it, kill -INT has not
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
    """What an installation depends on: the lock, how we are packaged, where, on which Python."""
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
    """Lock file name → fingerprint of what was installed from it; empty: nothing whole."""
    try:
        held = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def installed(lock: Path) -> bool:
    """Whether .venv holds what `lock` names. The development lock contains the other one."""
    if not (BIN / "python").exists() or not (BIN / "gardener").exists():
        return False
    held = stamps()
    return any(held.get(one.name) == fingerprint(one) for one in (lock, DEV))


@contextlib.contextmanager
def only_one() -> Iterator[int]:
    """Holds off every other run.py of this folder, until all who inherit this descriptor ended."""
    with (ROOT / ".venv.lock").open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run.py is installing; waiting for it …")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle.fileno()


def install(*, dev: bool = False) -> None:
    """Brings .venv to what the lock says. Does nothing where it is there already."""
    lock = DEV if dev else RUNTIME
    if installed(lock):
        return
    with only_one() as turn:
        if installed(lock):  # the one we waited for did it
            return
        started = time.monotonic()
        held = stamps()
        STAMP.unlink(missing_ok=True)  # an installation that is cut short carries no stamp
        # Programs in .venv/bin hold the path of the folder that they were installed in.
        where = f"{VENV}, Python {sys.version_info[0]}.{sys.version_info[1]}"
        pip = venv_with_pip(keep=held.get("where") == where and (BIN / "python").exists())
        say(f"installing what {lock.name} names into .venv …")
        run_pip([*pip, "install", "--require-hashes", "-r", str(lock)], turn)
        run_pip([*pip, "install", "--no-deps", "--no-build-isolation", "-e", str(ROOT)], turn)
        # The development lock contains the other one; the other way round nothing is known.
        done = {one.name: fingerprint(one) for one in ({lock, RUNTIME} if dev else {lock})}
        done["where"] = where
        partial = STAMP.with_suffix(".new")
        partial.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")
        partial.replace(STAMP)
        say(f"installed in {time.monotonic() - started:.0f} s")


def outer_python() -> str:
    """The interpreter outside .venv, also where .venv's own one runs this file."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def venv_with_pip(*, keep: bool) -> list[str]:
    """Makes .venv, or keeps the one that is there, and says how to call a pip for it."""
    outer = [outer_python(), "-m", "pip"]
    has = pip_version(outer)
    if has >= (22, 3):  # the first that installs into another environment
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
    """(major, minor), or (0, 0) where there is none."""
    answer = subprocess.run([*pip, "--version"], capture_output=True, text=True, check=False)
    match = re.match(r"pip (\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match and answer.returncode == 0 else (0, 0)


def make_venv(*, with_pip: bool) -> None:
    """An empty .venv, whatever was there before."""
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
    """Runs pip, showing on a terminal what it is at, and its words only if it fails.

    It inherits our turn: should we be killed, the next run waits until pip ended too.
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
        assert pip.stdout is not None  # noqa: S101 - asked for above
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
    """How many processes run the tests: many of these wait, so that two share a core."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS does not tell
        cores = os.cpu_count() or 1
    return max(cores, min(2 * cores, 8))


def verb_try(arguments: list[str]) -> None:
    """Slack, GitHub, Redis and Gardener on this machine."""
    install()
    become("gardener", "playground", *arguments, at=ROOT)


def verb_test(arguments: list[str]) -> None:
    """Every test, in several processes unless the arguments ask for something that needs one."""
    install(dev=True)
    alone = {"-s", "--pdb", "--trace", "--capture=no", "--collect-only", "--co"}
    chosen = any(one.startswith(("-n", "--numprocesses", "--dist")) for one in arguments)
    one = chosen or alone & set(arguments) or any("::" in one for one in arguments)
    spread = [] if one else ["-n", str(workers()), "--dist", "worksteal"]
    become("python", "-m", "pytest", *spread, *arguments, at=ROOT)


def verb_live(arguments: list[str]) -> None:
    """The tests against the real services, one after the other."""
    install(dev=True)
    become("python", "-m", "pytest", "-m", "live", *arguments, at=ROOT)


def verb_check(arguments: list[str]) -> None:
    """Everything that reads the code without running it. All of it, even if one part fails."""
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
    """What the README's figures come from."""
    install()
    become("python", "-m", "benchmarks", *arguments, at=ROOT)


def verb_analyze(arguments: list[str]) -> None:
    """One analysis of a file; its path is the caller's, so the folder stays the caller's."""
    if not arguments:
        raise Wrong("analyze needs a FILE of log entries, or - for standard input")
    install()
    become("gardener", "analyze", "--from", *arguments)


def verb_install(arguments: list[str]) -> None:
    """Only the installation."""
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
