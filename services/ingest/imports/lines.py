"""The lines of a log file, plain or gzip, in bounded memory for any length of file or line."""

from collections import OrderedDict
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from io import BufferedReader
from pathlib import Path
from typing import Final, NamedTuple

from services.ingest.imports.access_log.kinds import GZIP, LOOK_AT, check_kind
from services.ingest.imports.access_log.line import MAX_LENGTH
from services.ingest.imports.unpacking import Unpacked, soundness
from shared.errors import Refused

# Equal lines come within the same second; the order of a log is never wrong by this many lines.
REMEMBERED_LINES: Final = 200_000
_CHUNK_BYTES: Final = 1024 * 1024
_BUFFER_BYTES: Final = 64 * 1024


class Damaged(Exception):
    """The file cannot be read beyond line `number`; the message says why."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(why)
        self.number = number
        self.why = why


class LogLine(NamedTuple):
    """A line without its end, its number from 1, and where it starts and ends in unpacked bytes.

    Only the last line of a file can have no end (`finished`): perhaps it is still being written.
    """

    data: bytes
    number: int
    start: int
    end: int
    finished: bool


class Mark(NamedTuple):
    """A number of unpacked bytes from the start of a file, and the hash of them all."""

    size: int
    digest: str


class AccessLogFile:
    """An open log; `position` of `size` bytes on disk have been read.

    It is read up to three times: packed data to its end, to see how far it can be trusted; the part that
    was imported before, to recognise it (`marks`); and the lines.
    """

    def __init__(self, raw: BufferedReader, size: int) -> None:
        self._raw = raw
        packed = raw.peek(len(GZIP)).startswith(GZIP)
        self._sound = soundness(raw) if packed else None
        self._plain = self._from_start()
        self.size = size
        self._read = 0
        self._hash = _new_hash()
        self._before: tuple[int, blake2b] | None = None

    @property
    def position(self) -> int:
        """Bytes on disk read so far."""
        return self._raw.tell()

    @property
    def mark(self) -> Mark:
        """The mark of what has been read, including the last line."""
        return Mark(self._read, self._hash.hexdigest())

    def leave_last(self) -> None:
        """Remove the last line, which has no end, from what has been read."""
        if self._before:
            self._read, self._hash = self._before

    def start(self, size: int) -> bytes:
        """Return the first bytes, or all if there are fewer, and go back to the start."""
        found = self._plain.read(size)
        self._plain = self._from_start()
        return found

    def first_line(self) -> bytes:
        """Return the first line, cut where it is too long, and go back to the start.

        The line has an end even where the file has none yet.
        """
        found = self._plain.readline(MAX_LENGTH).removesuffix(b"\n")
        self._plain = self._from_start()
        return found + b"\n"

    def marks(self, sizes: Iterable[int]) -> set[Mark]:
        """Return the mark for each size that the file has at least, and go back to the start."""
        found: set[Mark] = set()
        running, read = _new_hash(), 0
        for size in sorted(set(sizes)):
            while read < size and (chunk := self._plain.read(min(size - read, _CHUNK_BYTES))):
                running.update(chunk)
                read += len(chunk)
            if read < size:
                break
            found.add(Mark(size, running.hexdigest()))
        self._plain = self._from_start()
        return found

    def lines(self) -> Iterator[LogLine]:
        """Read the lines; of a line that is too long only enough is stored to show that it is.

        Raises Damaged after the last whole line that can be trusted.
        """
        number = 0
        fault = self._sound.fault if self._sound else None
        try:
            while piece := self._plain.readline(MAX_LENGTH + 1):
                data, start = piece, self._read
                finished = piece.endswith(b"\n")
                size = len(piece)
                running = self._hash
                if not finished:
                    running = running.copy()
                running.update(piece)
                while not finished and (piece := self._plain.readline(MAX_LENGTH + 1)):
                    running.update(piece)
                    size += len(piece)
                    finished = piece.endswith(b"\n")
                if fault and not finished:
                    break
                number += 1
                self._before = None if finished else (start, self._hash)
                self._read, self._hash = start + size, running
                yield LogLine(data.rstrip(b"\r\n"), number, start, self._read, finished)
        except OSError as error:
            fault = f"the system says: {error.strerror}"
        if fault:
            raise Damaged(number, fault)

    def _from_start(self) -> BufferedReader:
        self._raw.seek(0)
        if self._sound is None:
            return self._raw
        # It reads like a file, which is all that a buffer asks for.
        return BufferedReader(Unpacked(self._raw, self._sound.size), _BUFFER_BYTES)


def _new_hash() -> blake2b:
    return blake2b(digest_size=16)


@contextmanager
def open_log(path: Path) -> Generator[AccessLogFile]:
    """Open a log for reading; raises Refused for a file that cannot be read or is not a text."""
    if not path.is_file():
        raise Refused(
            "file_unreadable",
            f"{path.name} cannot be read: it is not a file. Save the log to a file, and import it.",
        )
    with ExitStack() as stack:
        try:
            raw = stack.enter_context(path.open("rb"))
            log = AccessLogFile(raw, path.stat().st_size)
            start = log.start(LOOK_AT)
        except OSError as error:
            raise Refused("file_unreadable", f"{path.name} cannot be read: {error.strerror}.") from error
        check_kind(path.name, start)
        yield log


class Occurrences:
    """Counts how often a line has come before, so that two equal lines are always the same two events."""

    def __init__(self) -> None:
        # Ordered, since finding the first key of a dict whose first keys were deleted takes ever longer.
        self._counts: OrderedDict[bytes, int] = OrderedDict()

    def next(self, digest: bytes) -> int:
        """Return how often this line came before, as far as is remembered."""
        before = self._counts.get(digest, 0)
        self._counts[digest] = before + 1
        if len(self._counts) > REMEMBERED_LINES:
            self._counts.popitem(last=False)
        return before
