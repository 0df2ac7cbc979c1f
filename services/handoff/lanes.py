"""How many attempts may be under way at once, so that one dead endpoint does not hold up the others."""

from collections import Counter
from collections.abc import Iterable

TOTAL = 64
PER_ENDPOINT = 8
# An endpoint that just failed is probed one delivery at a time until it takes one: else eight dead
# endpoints, each hanging until its timeout, would fill every place.
PER_FAILING_ENDPOINT = 1


class Lanes:
    """The places of one worker, counted per endpoint."""

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()
        self._failing: set[str] = set()

    @property
    def free(self) -> int:
        """How many more attempts may start in all."""
        return TOTAL - self._under_way.total()

    @property
    def full(self) -> list[str]:
        """The endpoints that may start none now."""
        return [webhook_id for webhook_id in self._under_way if self._room(webhook_id) <= 0]

    def choose(self, webhook_ids: Iterable[str]) -> list[bool]:
        """Tell for each of the attempts that could start, in this order, whether there is a place for it."""
        free, more = self.free, Counter[str]()
        chosen: list[bool] = []
        for webhook_id in webhook_ids:
            fits = more.total() < free and more[webhook_id] < self._room(webhook_id)
            more[webhook_id] += fits
            chosen.append(fits)
        return chosen

    def enter(self, webhook_id: str) -> None:
        """Take a place for an attempt at an endpoint."""
        self._under_way[webhook_id] += 1

    def leave(self, webhook_id: str, *, taken: bool) -> None:
        """Give the place back; `taken` tells whether the endpoint took the delivery."""
        self._under_way[webhook_id] -= 1
        if not self._under_way[webhook_id]:
            del self._under_way[webhook_id]
        if taken:
            self._failing.discard(webhook_id)
        else:
            self._failing.add(webhook_id)

    def _room(self, webhook_id: str) -> int:
        width = PER_FAILING_ENDPOINT if webhook_id in self._failing else PER_ENDPOINT
        return width - self._under_way[webhook_id]
