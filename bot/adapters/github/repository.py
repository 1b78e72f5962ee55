"""Reads a repository's files from a local folder or from GitHub's tarball.

Reads only Python files and CODEOWNERS. Writes nothing to disk, executes nothing, and follows no
symbolic link (its target is in the repository anyway, or does not belong to it).
"""

from __future__ import annotations

import os
import re
import stat
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from bot.core.model.errors import (
    InputError,
    Refused,
    Unavailable,
    UsageError,
)
from bot.core.source.codeowners import LIMIT as OWNERS_LIMIT
from bot.core.source.codeowners import PLACES
from bot.core.source.index import FILE_LIMIT, SourceFile

_OTHERS = {
    "node_modules", "site-packages", "dist-packages", "__pycache__", "venv", "env", "build", "dist",
    "tests", "test",
}  # fmt: skip
"""Folders to skip: their code is not the service's. Hidden folders are skipped too."""
_TEST = re.compile(r"test_.*\.py|.*_test\.py|conftest\.py")
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")

SECONDS = 30
"""Seconds between two packets of a download."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest sizes of a tarball, in bytes; a larger repository is not one service's source."""

    download: int = 1_000_000_000
    unpacked: int = 4_000_000_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Source:
    """A repository opened for reading."""

    name: str
    files: Iterator[SourceFile]
    commit: str | None
    note: str = ""
    """A note for the user, such as the repository's new name."""


class Archives(Protocol):
    """The part of `GitHubTracker` that a tarball needs."""

    def archive(self, name: str) -> tuple[str, str]:
        """Returns the repository's current name and the URL of its tarball."""
        ...


@contextmanager
def opened(where: str, tracker: Archives | None, *, limits: Limits = LIMITS) -> Iterator[Source]:
    """Opens the repository at a path or called `owner/name`. Raises `InputError`."""
    path = Path(where).expanduser()
    if path.is_dir():
        yield Source(path.resolve().name, _walk(path), _commit(path))
        return
    if path.exists():
        raise UsageError(f"{where} is a file. Name the repository's folder, or owner/name.")
    if tracker is None or not _REPOSITORY.fullmatch(where):
        raise UsageError(f"There is no folder {where}, and it is no repository as owner/name.")
    name, address = tracker.archive(where)
    note = f"{where} is called {name} now: write that into gardener.toml."
    with _downloaded(name, address, limits) as (files, commit):
        yield Source(name, files, commit, "" if name.lower() == where.lower() else note)


# --- a folder -----------------------------------------------------------------------------------


def _walk(top: Path) -> Iterator[SourceFile]:
    """Yields files in an order that does not depend on the machine."""
    unreadable: list[OSError] = []
    for folder, folders, names in os.walk(top, onerror=unreadable.append, followlinks=False):
        here = Path(folder)
        inside = here.relative_to(top)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(n for n in folders if n not in links and _wanted(inside / n))
        yield from (SourceFile((inside / n).as_posix(), why="symbolic link") for n in sorted(links))
        for name in sorted(names):
            path = inside / name
            if path.as_posix() in PLACES or name.endswith(".py"):
                yield _read(top, path)
    for error in unreadable:
        path = Path(str(error.filename)).relative_to(top)
        yield SourceFile(path.as_posix(), why="not readable")


def _wanted(folder: PurePosixPath | Path) -> bool:
    name = folder.name
    return folder.as_posix() == ".github" or not (name.startswith(".") or name in _OTHERS)


def _read(top: Path, path: Path) -> SourceFile:
    # A name that is not UTF-8 cannot be stored.
    name = path.as_posix().encode("utf-8", "replace").decode()
    try:
        about = (top / path).lstat()
        if stat.S_ISLNK(about.st_mode):
            return SourceFile(name, why="symbolic link")
        if not stat.S_ISREG(about.st_mode):  # opening a pipe would block for ever
            return SourceFile(name, why="not a file")
        if (why := _left_out(name, about.st_size)) is not None:
            return SourceFile(name, why=why)
        return SourceFile(name, (top / path).read_bytes())
    except OSError:
        return SourceFile(name, why="not readable")


def _left_out(name: str, size: int) -> str | None:
    if name in PLACES:
        return "larger than 3 MB" if size > OWNERS_LIMIT else None
    if _TEST.fullmatch(PurePosixPath(name).name):
        return "a test"
    return "larger than 2 MB" if size > FILE_LIMIT else None


def _commit(top: Path) -> str | None:
    """Returns the checked-out commit, read from .git; None if unknown."""
    git = top / ".git"
    try:
        if git.is_file():  # a worktree
            git = top / git.read_text("utf-8").removeprefix("gitdir:").strip()
        head = (git / "HEAD").read_text("utf-8").strip()
        if head.startswith("ref: "):
            ref = head.removeprefix("ref: ")
            common = git / "commondir"
            root = git / common.read_text("utf-8").strip() if common.is_file() else git
            loose = root / ref
            if loose.is_file():
                head = loose.read_text("utf-8").strip()
            else:
                packed = (root / "packed-refs").read_text("utf-8")
                head = next(w for w, r in map(str.split, packed.splitlines()[1:]) if r == ref)
    except (OSError, ValueError, StopIteration):
        return None
    return head if _COMMIT.fullmatch(head) else None


# --- a tarball ----------------------------------------------------------------------------------


@contextmanager
def _downloaded(
    name: str, address: str, limits: Limits
) -> Iterator[tuple[Iterator[SourceFile], str | None]]:
    with tempfile.TemporaryFile() as file:
        _download(name, address, file, limits.download)
        file.seek(0)
        try:
            with tarfile.open(fileobj=file, mode="r:gz") as tar:
                members = iter(tar)
                first = [*islice(members, 1)]  # the header before it names the commit
                commit = tar.pax_headers.get("comment", "")
                yield (
                    _members(name, tar, chain(first, members), limits.unpacked),
                    commit if _COMMIT.fullmatch(commit) else None,
                )
        except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
            raise Unavailable(
                f"What GitHub sent of {name} is no whole tarball ({type(error).__name__}). "
                "Try again in a minute."
            ) from None


def _download(name: str, address: str, file: IO[bytes], limit: int) -> None:
    # The URL carries its own short-lived permission; the token is sent only to the API.
    import requests

    size = 0
    try:
        with requests.get(
            address, stream=True, timeout=SECONDS, headers={"User-Agent": "gardener"}
        ) as answer:
            if answer.status_code != 200:
                raise Unavailable(
                    f"GitHub does not hand out the files of {name} ({answer.status_code}). "
                    "Try again in a minute."
                )
            for chunk in answer.iter_content(1 << 20):
                size += len(chunk)
                if size > limit:
                    raise Refused(
                        f"{name} is larger than {_gigabytes(limit)} packed. "
                        "Check it out and give its folder."
                    )
                file.write(chunk)
    except requests.RequestException:
        raise Unavailable(
            f"GitHub stopped answering while it sent {name}. Try again in a minute."
        ) from None


def _gigabytes(limit: int) -> str:
    return f"{limit / 1e9:g} GB"


def _members(
    name: str, tar: tarfile.TarFile, members: Iterator[tarfile.TarInfo], limit: int
) -> Iterator[SourceFile]:
    for member in members:
        if member.offset > limit:
            raise InputError(
                f"{name} unfolds to more than {_gigabytes(limit)}. Give the folder of a checkout."
            )
        path = PurePosixPath(*PurePosixPath(member.name).parts[1:])  # below owner-name-commit/
        shown = path.as_posix().encode("utf-8", "replace").decode()
        if shown not in PLACES and path.suffix != ".py":
            continue
        if not all(_wanted(folder) for folder in path.parents if folder.name):
            continue
        if member.issym() or member.islnk():
            yield SourceFile(shown, why="symbolic link")
        elif (why := _left_out(shown, member.size)) is not None:
            yield SourceFile(shown, why=why)
        elif member.isfile() and (content := tar.extractfile(member)) is not None:
            yield SourceFile(shown, content.read())
