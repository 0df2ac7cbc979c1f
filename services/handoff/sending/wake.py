"""What wakes the delivery worker: new work, or the end of an attempt that it has to record."""

from shared.process.supervisor import Bell


class Due(Bell):
    """A bell that also remembers whether deliveries may have become due."""

    def __init__(self) -> None:
        super().__init__()
        self._rang = True

    def ring(self) -> None:
        """Signal the worker that deliveries may be due."""
        self._rang = True
        self.wake()

    def wake(self) -> None:
        """Signal the worker that an attempt has ended."""
        super().ring()

    def take(self) -> bool:
        """Return whether deliveries may have become due since the last call."""
        rang, self._rang = self._rang, False
        return rang
