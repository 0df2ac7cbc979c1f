"""What the delivery worker waits for: new work, or the end of an attempt that it has to record."""

from shared.supervisor import Bell


class Due(Bell):
    """Rings when deliveries may have become due, and wakes the worker also without that."""

    def __init__(self) -> None:
        super().__init__()
        self._rang = True

    def ring(self) -> None:
        """Tell the worker that deliveries may be due."""
        self._rang = True
        self.wake()

    def wake(self) -> None:
        """Tell the worker that an attempt has ended."""
        super().ring()

    def asked(self) -> bool:
        """Tell whether it rang since this was asked last."""
        rang, self._rang = self._rang, False
        return rang
