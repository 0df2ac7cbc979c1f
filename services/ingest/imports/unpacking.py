"""Unpacks gzip: first checks whether the file is whole, then reads as much of it as can be trusted.

A damaged block often unpacks to something, such as lines mixed from other lines, and only the checksum at
the end of its member shows it. So a damaged member is not read at all. Everything before a cut is right.
"""

import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from services.ingest.imports.access_log.kinds import GZIP

CUT_OFF: Final = "its packed data ends too early: it is still being written, or its copy was cut off"
DAMAGED: Final = "its packed data is damaged or does not fit its checksum"
TRAILING_DATA: Final = "other data follows its packed data"

_CHUNK_BYTES: Final = 128 * 1024
_WITH_GZIP_HEAD: Final = 31


class Soundness(NamedTuple):
    """How many unpacked bytes can be trusted; `fault` is why the rest cannot, None for a whole file."""

    size: int
    fault: str | None


class _Broken(Exception):
    pass


def soundness(file: BinaryIO) -> Soundness:
    """Unpack all of a file once, and return how far it can be trusted; raises OSError."""
    trusted = read = 0
    try:
        for piece, member_ends in _pieces(file):
            read += len(piece)
            if member_ends:
                trusted = read
    except _Broken as broken:
        fault = str(broken)
        return Soundness(read if fault == CUT_OFF else trusted, fault)
    return Soundness(read, None)


class Unpacked(io.RawIOBase):
    """The first `size` unpacked bytes of a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        super().__init__()
        self._pieces = _pieces(file)
        self._remaining = size
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Fill the buffer as far as it goes; 0 at the end."""
        while not self._piece and self._remaining:
            self._piece = memoryview(next(self._pieces)[0])[: self._remaining]
        count = min(len(buffer), len(self._piece))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        self._remaining -= count
        return count


def _pieces(file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Unpack in pieces, each with whether its member ends there and matches its checksum."""
    packed = file.read(_CHUNK_BYTES)
    while packed:
        if not packed.startswith(GZIP[: len(packed)]):
            raise _Broken(TRAILING_DATA)
        member = zlib.decompressobj(_WITH_GZIP_HEAD)
        while not member.eof:
            try:
                piece = member.decompress(packed, _CHUNK_BYTES)
            except zlib.error:
                raise _Broken(DAMAGED) from None
            yield piece, member.eof
            packed = member.unconsumed_tail or file.read(_CHUNK_BYTES)
            if not packed and not piece and not member.eof:
                raise _Broken(CUT_OFF)
        packed = member.unused_data + packed
        # Tapes and disks fill the last block with zeros.
        while packed and not (packed := packed.lstrip(b"\0")):
            packed = file.read(_CHUNK_BYTES)
