"""The last records that a process has appended, so that its readers need not ask the file for them.

A reader that waits gets a record from memory: the switch to the thread that reads, and its statement, cost
more than all else on the way from the append to the reader.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from itertools import takewhile

from shared.log.port import Record

MAX_RECORDS = 1_000
MAX_BYTES = 1024 * 1024


class Tail:
    """All records of the file from offset `begin` up to `end`, whatever their topics.

    The tail has no records of other processes: after such a record it begins anew.
    """

    def __init__(self) -> None:
        self.begin = self.end = 0
        self._of_topic: defaultdict[str, deque[tuple[int, bytes]]] = defaultdict(deque)
        self._sizes: deque[tuple[str, int]] = deque()
        self._bytes = 0

    def add(self, records: Sequence[Record], end: int) -> None:
        """Take in what was appended at the offsets before `end`."""
        first = end - len(records)
        if first != self.end:
            self.begin_at(first)
        for offset, record in enumerate(records, first):
            self._of_topic[record.topic].append((offset, record.value))
            self._sizes.append((record.topic, len(record.value)))
            self._bytes += len(record.value)
        self.end = end
        while len(self._sizes) > MAX_RECORDS or self._bytes > MAX_BYTES:
            topic, size = self._sizes.popleft()
            self._of_topic[topic].popleft()
            self._bytes -= size
            self.begin += 1

    def begin_at(self, offset: int) -> None:
        """Forget all records, and begin at an offset."""
        self._of_topic.clear()
        self._sizes.clear()
        self._bytes = 0
        self.begin = self.end = offset

    def read(self, topic: str, offset: int) -> list[tuple[int, bytes]] | None:
        """Return a topic's (offset, value) pairs from an offset on; None when the tail begins after it."""
        if offset < self.begin:
            return None
        newest_first = takewhile(lambda row: row[0] >= offset, reversed(self._of_topic.get(topic, ())))
        return list(newest_first)[::-1]
