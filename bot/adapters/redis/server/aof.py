"""Repairs an append-only file with a damaged end, after a full disk, a power cut or a bad copy.

The server itself drops a command that was cut short, but refuses a file with any other damage at
its end. Its checking tool does not help: Valkey 9.1's reads the base file as commands.
"""

from __future__ import annotations

import mmap
import shutil
from pathlib import Path


def repair(data: Path) -> str | None:
    """Cuts off an unreadable end, after copying the whole file aside.

    `data` is the server's directory. Returns a sentence that states how much was dropped and where
    the copy is; None where nothing is damaged that we could mend. Raises `OSError`.
    """
    folder = data / "appendonlydir"
    files = sorted(folder.glob("*.incr.aof"), key=_number)
    if not files:
        return None
    last = files[-1]
    size = last.stat().st_size
    good = readable(last)
    if good == size:
        return None
    copy = _free(data / "appendonlydir.damaged")
    shutil.copytree(folder, copy)
    with last.open("r+b") as file:
        file.truncate(good)
    return (
        f"The end of the store's file was damaged: {size - good} of {size} bytes were dropped, "
        f"all before them is there. A copy of the damaged file is in {copy}."
    )


def readable(path: Path) -> int:
    """Returns how many bytes from the start are whole commands, without an open transaction."""
    if path.stat().st_size == 0:
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        good = at = 0
        inside = False
        while at < len(text):
            step = _command(text, at)
            if step is None:
                break
            at, name = step
            if name == b"MULTI":
                inside = True
            elif name == b"EXEC":
                inside = False
            if not inside:
                good = at
        return good


def _command(text: mmap.mmap, at: int) -> tuple[int, bytes] | None:
    """Returns the end and name of the command that starts at `at`; None if it is broken."""
    line = _line(text, at)
    if line is None:
        return None
    head, at = line
    if head.startswith(b"#"):  # an annotation, such as the time
        return at, b""
    count = _count(head, b"*")
    if count is None or count < 1:
        return None
    name = b""
    for part in range(count):
        line = _line(text, at)
        length = None if line is None else _count(line[0], b"$")
        if line is None or length is None:
            return None
        end = line[1] + length
        if text[end : end + 2] != b"\r\n":
            return None
        if part == 0:
            name = text[line[1] : end].upper()
        at = end + 2
    return at, name


def _line(text: mmap.mmap, at: int) -> tuple[bytes, int] | None:
    end = text.find(b"\r\n", at, at + 1_024)
    return None if end < 0 else (text[at:end], end + 2)


def _count(head: bytes, mark: bytes) -> int | None:
    return int(head[1:]) if head[:1] == mark and head[1:].isdigit() else None


def _number(path: Path) -> int:
    parts = path.name.split(".")
    return int(parts[-3]) if len(parts) > 3 and parts[-3].isdigit() else 0


def _free(path: Path) -> Path:
    number = 1
    while (candidate := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    return candidate
