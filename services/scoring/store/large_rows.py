"""Large rows of counts that this process has read or written: they seldom change and take long to read again.

A row is known by a hash of its entries, its mark, so what is kept is never out of date.
"""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from threading import Lock
from typing import Final, NamedTuple

# Smaller rows are read as fast.
_LEAST_BYTES: Final = 64 * 1024
_MOST_ROWS: Final = 64
_MOST_BYTES: Final = 64 * 1024 * 1024


class Row(NamedTuple):
    """Packed entries and their mark."""

    mark: str
    entries: bytes


class LargeRows:
    """The rows that were used last, one for each identity; any number of threads may share it."""

    def __init__(self) -> None:
        self._rows: OrderedDict[str, Row] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def by_mark(self) -> Mapping[str, Row]:
        """Return all rows as of now."""
        with self._lock:
            return {row.mark: row for row in self._rows.values()}

    def keep(self, identity_id: str, row: Row) -> None:
        """Keep a row in the place of the identity's former one, and let go of what is too much."""
        with self._lock:
            self._forget(identity_id)
            if _LEAST_BYTES <= len(row.entries) <= _MOST_BYTES:
                self._rows[identity_id] = row
                self._bytes += len(row.entries)
            while len(self._rows) > _MOST_ROWS or self._bytes > _MOST_BYTES:
                self._forget(next(iter(self._rows)))

    def _forget(self, identity_id: str) -> None:
        row = self._rows.pop(identity_id, None)
        if row is not None:
            self._bytes -= len(row.entries)


def marked(entries: bytes) -> Row:
    """Return packed entries with their mark."""
    return Row(blake2b(entries, digest_size=16).hexdigest(), entries)
