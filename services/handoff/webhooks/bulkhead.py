"""The bulkhead: how many attempts may be under way, so that a dead endpoint does not delay the others."""

import threading
from collections import Counter
from collections.abc import Iterable

# A dead endpoint keeps its slots until its attempts time out; there are enough for several such endpoints.
TOTAL = 256
# The slots of an endpoint at first, and at most; each successful delivery adds one.
# Deliveries are claimed in turns, so these bound the throughput too: 32 in a turn of 30 ms are 1,000/s.
FIRST_WIDTH = 8
MAX_WIDTH = 32
# An endpoint that just failed is tried with one delivery at a time, and earns its slots again.
FAILING_WIDTH = 1


class Bulkhead:
    """The slots of one worker, counted per endpoint.

    The methods may be called from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._under_way: Counter[str] = Counter()
        self._widths: dict[str, int] = {}

    @property
    def free(self) -> int:
        """How many more attempts may start in all."""
        with self._lock:
            return TOTAL - self._under_way.total()

    @property
    def full(self) -> list[str]:
        """The endpoints without a free slot."""
        with self._lock:
            return [webhook_id for webhook_id in self._under_way if self._room(webhook_id) <= 0]

    def choose(self, webhook_ids: Iterable[str]) -> list[bool]:
        """Return for each attempt that could start, in this order, whether there is a slot for it."""
        more = Counter[str]()
        chosen: list[bool] = []
        with self._lock:
            free = self.free
            for webhook_id in webhook_ids:
                fits = more.total() < free and more[webhook_id] < self._room(webhook_id)
                more[webhook_id] += fits
                chosen.append(fits)
        return chosen

    def enter(self, webhook_id: str) -> None:
        """Take a slot for an attempt at an endpoint."""
        with self._lock:
            self._under_way[webhook_id] += 1

    def leave(self, webhook_id: str, *, taken: bool) -> None:
        """Free the slot; `taken` says whether the endpoint accepted the delivery."""
        with self._lock:
            self._under_way[webhook_id] -= 1
            if not self._under_way[webhook_id]:
                del self._under_way[webhook_id]
            width = min(self._width(webhook_id) + 1, MAX_WIDTH) if taken else FAILING_WIDTH
            self._widths[webhook_id] = width

    def _room(self, webhook_id: str) -> int:
        return self._width(webhook_id) - self._under_way[webhook_id]

    def _width(self, webhook_id: str) -> int:
        return self._widths.get(webhook_id, FIRST_WIDTH)
