"""The numbers of PostgreSQL's advisory locks, in one place because a database has one set of them for all.

Workers of the hand-off have keys of 64 bits beside them, each the hash of a worker's id.
"""

from typing import Final

MIGRATION: Final = 4_201_337
"""Two processes that migrate at once take turns."""

ACTIVE_VERSIONS: Final = 4_201_338
"""The set of versions that score: shared by those who price, exclusive for an activation."""

TIMER: Final = 4_201_339
"""One timer is at work at a time."""
