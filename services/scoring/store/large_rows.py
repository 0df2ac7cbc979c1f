"""A cache of large rows of counts that this process has read or written: they change rarely and read slowly.

The key of a row is a hash of its entries, its mark, so the cache is never out of date.
"""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from threading import Lock
from typing import Final, NamedTuple

# Smaller rows are read as fast without the cache.
_LEAST_BYTES: Final = 64 * 1024
_MOST_ROWS: Final = 64
_MOST_BYTES: Final = 64 * 1024 * 1024


class LargeRow(NamedTuple):
    """Packed entries and their mark."""

    mark: str
    entries: bytes


class LargeRows:
    """The rows that were used last, one for each identity; thread-safe."""

    def __init__(self) -> None:
        self._rows: OrderedDict[str, LargeRow] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def by_mark(self) -> Mapping[str, LargeRow]:
        """Return all cached rows at this moment."""
        with self._lock:
            return {row.mark: row for row in self._rows.values()}

    def keep(self, identity_id: str, row: LargeRow) -> None:
        """Cache a row instead of the identity's former row, and evict what exceeds the bound."""
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


def marked(entries: bytes) -> LargeRow:
    """Return packed entries with their mark."""
    return LargeRow(blake2b(entries, digest_size=16).hexdigest(), entries)
