"""How many messages to put into one transaction, so that it holds the writer for a bounded time."""

FIRST = 500
FEWEST = 1
GROWTH = 2.0


class Pace:
    """Follows the speed of the last batch, so that the next one takes about `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._size = float(FIRST)

    @property
    def size(self) -> int:
        """How many messages the next batch may have."""
        return max(FEWEST, int(self._size))

    def took(self, messages: int, seconds: float) -> None:
        """Learn from a batch; only one that was full, or too slow, says anything about a larger one."""
        fitting = messages * self._seconds / max(seconds, 1e-6)
        if seconds > self._seconds:
            self._size = max(float(FEWEST), fitting)
        elif messages >= self.size:
            self._size = min(fitting, self._size * GROWTH)
