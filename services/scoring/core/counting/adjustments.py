"""Points that were given or taken by hand, until the end of a day or for ever."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache

import msgspec

from services.scoring.core.counting.counts import ByHand


class Adjustment(msgspec.Struct, frozen=True, omit_defaults=True):
    """Points given or taken by hand, until the end of a day or for ever; the properties of an adjustment."""

    model: str
    points: float
    reason: str
    author: str
    until: date | None = None

    def holds(self, since: int, day: int) -> bool:
        """Return whether an adjustment of the day `since` counts at the end of `day` (both UTC ordinals)."""
        return since <= day and (self.until is None or day <= self.until.toordinal())


def adjustments(by_hand: ByHand, model: str | None) -> Iterator[tuple[int, Adjustment, int]]:
    """Yield (day, adjustment, how often) for the adjustments of a model, the earliest first."""
    for (day, text), times in by_hand.items():
        adjustment = _adjustment(text)
        if adjustment.model == model:
            yield day, adjustment, times


_adjustment = lru_cache(maxsize=4096)(msgspec.json.Decoder(Adjustment).decode)
