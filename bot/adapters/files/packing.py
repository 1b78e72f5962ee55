"""Opens files and pipes, unpacks gzip and zip, and turns UTF-16 into UTF-8. Bounded.

The result is a stream of bytes that nothing needs to seek in.
"""

from __future__ import annotations

import codecs
import gzip
import io
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, cast

from bot.core.model.errors import InputError

DENSEST, ALWAYS = 200, 64 * 1024 * 1024
"""Beyond `ALWAYS` bytes, refuses a file that unpacks to more than `DENSEST` times its size. Logs
compress ten to forty times, a decompression bomb about a thousand times."""
_SPOOLED, _LONGEST_PIPE = 16 * 1024 * 1024, 4 * 1024**3
"""Bytes of a piped zip to keep in memory, and to accept at all; a zip must be read whole, since its
list of files is at the end."""
LAYERS = 3
"""How many nested compressions to undo; people do have a gzip in a zip."""
_NAMES = 5
"""How many files of a zip to name in an error."""

_OTHERS = (
    (b"BZh", "bzip2", "bunzip2"),
    (b"\xfd7zXZ\x00", "xz", "unxz"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unzstd"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip", "7z x"),
)
"""(first bytes, format, program that unpacks it)."""
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HEAD = 4_096


_BOMB = (
    "{} unpacks to more than {} times its size, far more than a log would. Unpack it first if you "
    "trust it."
)


def is_bomb(size: int, packed: int) -> bool:
    """Returns whether this many bytes are too many for the number of packed bytes."""
    return size > ALWAYS and size > DENSEST * max(1, packed)


class Opened:
    """An opened log file: its bytes as UTF-8, and notes about damage."""

    def __init__(self, path: str, name: str) -> None:
        """`path`: a file, or `-` for standard input; `name`: for messages."""
        self.notes: list[str] = []
        self._name = name
        self._raw = _open(path)
        self.stream = self._decoded(self._unpacked(self._raw))

    def close(self) -> None:
        """Closes the file; standard input stays open."""
        if self._raw is not sys.stdin.buffer:
            self._raw.close()

    def _unpacked(self, stream: io.BufferedReader) -> io.BufferedReader:
        for _ in range(LAYERS):
            # Peek instead of reading: a pipe, as in `--from <(gcloud …)`, cannot seek back.
            start = stream.peek(6)[:6]
            for magic, packing, program in _OTHERS:
                if start.startswith(magic):
                    raise InputError(
                        f"{self._name} is compressed with {packing}; run {program} first."
                    )
            if start.startswith(b"\x1f\x8b"):
                packed = _Counted(stream)
                unpacked = gzip.GzipFile(fileobj=cast("IO[bytes]", packed))
                stream = self._bounded(cast("IO[bytes]", unpacked), packed.size)
            elif start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
                stream = self._the_file_of(stream)
            else:
                return stream
        raise InputError(f"{self._name} is compressed more than {LAYERS} times. Unpack it first.")

    def _bounded(self, unpacked: IO[bytes], packed: Callable[[], int]) -> io.BufferedReader:
        return io.BufferedReader(_Unpacked(unpacked, packed, self._name, self.notes))

    def _the_file_of(self, stream: io.BufferedReader) -> io.BufferedReader:
        try:
            archive = zipfile.ZipFile(_seekable(stream, self._name))
            files = [info for info in archive.infolist() if _is_log(info)]
            if len(files) != 1:
                names = ", ".join(PurePosixPath(info.filename).name for info in files[:_NAMES])
                more = f" and {len(files) - _NAMES} more" if len(files) > _NAMES else ""
                raise InputError(
                    f"{self._name} is a zip of {len(files)} files ({names}{more}), and I read one "
                    "log at a time. Unpack it and pass one of them."
                    if files
                    else f"{self._name} is a zip without a file in it."
                )
            [info] = files
            # The list of files gives its size, so that a bomb is refused before it is unpacked.
            self._refuse_bomb(info.file_size, info.compress_size)
            member = archive.open(info)
        except zipfile.BadZipFile as error:
            raise InputError(
                f"{self._name} is a damaged zip, perhaps cut off. Copy or pack it again."
            ) from error
        except (RuntimeError, NotImplementedError) as error:  # what zipfile raises for these two
            raise InputError(
                f"{self._name} is a zip with a password or an unusual packing. Unpack it first."
            ) from error
        return self._bounded(member, lambda: info.compress_size)

    def _refuse_bomb(self, size: int, packed: int) -> None:
        if is_bomb(size, packed):
            raise InputError(_BOMB.format(self._name, DENSEST))

    def _decoded(self, stream: io.BufferedReader) -> io.BufferedReader:
        head = stream.peek(_HEAD)[:_HEAD]
        for bom, encoding in _BOMS:
            if head.startswith(bom):
                return io.BufferedReader(_Utf8(stream, encoding))
        silent = _by_nuls(head)
        return io.BufferedReader(_Utf8(stream, silent)) if silent else stream


def _open(path: str) -> io.BufferedReader:
    if path == "-":
        return cast("io.BufferedReader", sys.stdin.buffer)
    try:
        return Path(path).open("rb")
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder. Name a file of log entries.") from error
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def _is_log(info: zipfile.ZipInfo) -> bool:
    """Returns whether a member is a log; skips what macOS and Windows add."""
    parts = PurePosixPath(info.filename).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not info.is_dir() and not hidden and parts[-1:] not in (("Thumbs.db",), ("desktop.ini",))


def _seekable(stream: io.BufferedReader, name: str) -> IO[bytes]:
    if stream.seekable():
        return stream
    kept = tempfile.SpooledTemporaryFile(_SPOOLED)  # noqa: SIM115 - as long as the archive
    size = 0
    while block := stream.read(1024 * 1024):
        size += len(block)
        if size > _LONGEST_PIPE:
            raise InputError(f"{name} is a zip of more than 4 GiB. Unpack it first.")
        kept.write(block)
    kept.seek(0)
    return cast("IO[bytes]", kept)


class _Counted:
    """A stream that counts the bytes read from it."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._count = 0

    def size(self) -> int:
        return self._count

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._count += len(data)
        return data


class _Unpacked(io.RawIOBase):
    """The unpacked stream. Ends with a note if it is damaged; refuses a decompression bomb."""

    def __init__(
        self, stream: IO[bytes], packed: Callable[[], int], name: str, notes: list[str]
    ) -> None:
        """`packed`: returns the number of packed bytes read so far."""
        self._stream, self._packed, self._name, self._notes = stream, packed, name, notes
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer)).cast("B")
        try:
            data = self._stream.read(len(view))
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
            if not self._size:
                raise InputError(
                    f"{self._name} cannot be unpacked: it is damaged or cut off."
                ) from error
            self._notes.append(
                f"{self._name} is damaged or cut off; only what came before was read."
            )
            return 0
        self._size += len(data)
        if is_bomb(self._size, self._packed()):
            raise InputError(_BOMB.format(self._name, DENSEST))
        view[: len(data)] = data
        return len(data)


# --- encodings -----------------------------------------------------------------------------------


def _by_nuls(head: bytes) -> str | None:
    """Returns which UTF-16 a text without a byte order mark is in: every other byte is zero."""
    even, odd = head[0::2], head[1::2]
    if len(odd) >= 2:
        if even.count(0) == 0 and odd.count(0) > len(odd) * 0.4:
            return "utf-16-le"
        if odd.count(0) == 0 and even.count(0) > len(even) * 0.4:
            return "utf-16-be"
    return None


class _Utf8(io.RawIOBase):
    """A text in another encoding as UTF-8. Half a character at its end becomes U+FFFD."""

    def __init__(self, stream: io.BufferedReader, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer)).cast("B")
        while not self._ready and not self._ended:
            block = self._stream.read(64 * 1024)
            self._ended = not block
            self._ready = self._decoder.decode(block, self._ended).encode("utf-8", "replace")
        part, self._ready = self._ready[: len(view)], self._ready[len(view) :]
        view[: len(part)] = part
        return len(part)
