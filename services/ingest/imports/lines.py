"""The lines of a log file, plain or gzip, in bounded memory however long the file or a line is."""

import gzip
from collections import OrderedDict
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from services.ingest.imports.access_log import MAX_LINE_LENGTH

# The same line comes again within its second; a log is never so far out of order.
REMEMBERED_LINES = 200_000


class Line(NamedTuple):
    """A line without its end, its number from 1, and the offset of the next one in uncompressed bytes."""

    data: bytes
    number: int
    end: int


class LogFile:
    """An open log; `position` of `size` bytes on disk have been read."""

    def __init__(self, raw: BinaryIO, plain: BinaryIO, size: int) -> None:
        self._raw = raw
        self._plain = plain
        self.size = size

    @property
    def position(self) -> int:
        """Bytes on disk read so far."""
        return self._raw.tell()

    def first_line(self) -> bytes:
        """Return the line a file is known by, and stand at the start again."""
        line = self._plain.readline(MAX_LINE_LENGTH)
        self._plain.seek(0)
        return line

    def lines(self) -> Iterator[Line]:
        """Read the lines; of one that is too long only as much is kept as shows that it is."""
        end = 0
        number = 0
        while piece := self._plain.readline(MAX_LINE_LENGTH + 1):
            data = piece
            end += len(piece)
            while not piece.endswith(b"\n") and (piece := self._plain.readline(MAX_LINE_LENGTH + 1)):
                end += len(piece)
            number += 1
            yield Line(data.rstrip(b"\r\n"), number, end)


@contextmanager
def open_log(path: Path) -> Generator[LogFile]:
    """Open a log for reading; raises OSError."""
    with path.open("rb") as raw:
        size = path.stat().st_size
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=raw) as plain:
                yield LogFile(raw, cast("BinaryIO", plain), size)
        else:
            yield LogFile(raw, raw, size)


class Occurrences:
    """Counts how often a line has come before, so that two alike are two events and always the same two."""

    def __init__(self) -> None:
        # Ordered, since finding the first key of a dict whose first keys were deleted takes ever longer.
        self._counts: OrderedDict[bytes, int] = OrderedDict()

    def next(self, digest: bytes) -> int:
        """Return how often this one came before, as far as is remembered."""
        before = self._counts.get(digest, 0)
        self._counts[digest] = before + 1
        if len(self._counts) > REMEMBERED_LINES:
            self._counts.popitem(last=False)
        return before
