"""Protocol buffers, written by hand: also as no writer writes them."""

from __future__ import annotations


def varint(number: int) -> bytes:
    """A number, seven bits a byte."""
    head = b""
    while number >= 0x80:
        head += bytes([number & 0x7F | 0x80])
        number >>= 7
    return head + bytes([number])


def field(number: int, data: bytes) -> bytes:
    """A field of bytes, with its tag."""
    return varint(number << 3 | 2) + varint(len(data)) + data
