"""How much to put into one transaction, so that it occupies the writer for a bounded time."""

from collections.abc import Iterable

FIRST = 500
GROWTH = 2.0
# On SQLite all other writers wait while a transaction is open; on PostgreSQL it only keeps its row locks.
SECONDS_OF_A_TRANSACTION = {"sqlite": 0.25, "postgresql": 2.0}
# The most that a transaction takes of a backlog, however fast it is: its rows are in memory until it ends.
MOST_MESSAGES = 10_000
MOST_BYTES = 8 * 1024 * 1024


def fitting(sizes: Iterable[int], most: int) -> int:
    """Return how many messages of these sizes, the first ones, fit into a transaction of at most `most`.

    A message that is larger than MOST_BYTES goes alone.
    """
    count = size = 0
    for message_size in sizes:
        size += message_size
        if count and (count >= most or size > MOST_BYTES):
            break
        count += 1
    return count


class Pace:
    """Follows the speed of the last transaction, so that the next takes about `seconds`.

    A size counts what the transaction handles, messages or rows of a page; it is `most` at most.
    """

    def __init__(self, seconds: float, most: int = 1_000_000) -> None:
        self._seconds = seconds
        self._most = most
        self._size = float(min(FIRST, most))

    @property
    def size(self) -> int:
        """How much the next transaction may do, at least 1."""
        return max(1, int(self._size))

    def took(self, done: int, seconds: float) -> None:
        """Learn from a transaction; only a full or too slow one shows what a larger one would take."""
        fitting = done * self._seconds / max(seconds, 1e-6)
        if seconds > self._seconds:
            self._size = fitting
        elif done >= self.size:
            self._size = min(fitting, self._size * GROWTH, self._most)

    def failed(self) -> None:
        """Halve, because the larger a transaction is, the likelier it collides with another."""
        self._size = self.size / 2
