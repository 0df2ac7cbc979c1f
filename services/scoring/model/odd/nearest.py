"""The name that a misspelt one most likely means, among the many that senders have made up."""

from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from heapq import nlargest
from typing import Final

from shared.wording import suggestion

MAX_SUGGESTIONS: Final = 20
"""So many names are looked for; each takes up to some milliseconds among 10,000."""

_MAX_CANDIDATES: Final = 12
_MAX_LOOKED_AT: Final = 5_000
# Of names that anybody made up, many resemble each other a little, as `title` and `twitter` do.
_CUTOFF: Final = 0.75
# Of shorter words, two with one other letter are two words: like, bike, hike.
_LONG: Final = 5
# Comparing takes time that grows with the square of the length, and hardly any name is as long.
_LONGEST: Final = 48


class Nearest:
    """Names that are known, and which of them is meant by another.

    Case and what joins words are no difference: `jobTitle` means `job_title`. Comparing two names takes long,
    so only those are compared that have most pairs of letters in common.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(set(names), reverse=True)
        self._left = MAX_SUGGESTIONS

    def to(self, written: str, *, slips_alone: bool = False) -> str | None:
        """Return the name that is most likely meant, None when none is near or enough were looked for.

        With `slips_alone` it is one that differs in a single slip of the hand.
        """
        if self._left == 0 or len(written) > _LONGEST:
            return None
        self._left -= 1
        squeezed = _squeezed(written)
        same = self._squeezed.get(squeezed)
        if same is not None:
            return same
        near = suggestion(squeezed, self._candidates(squeezed), cutoff=_CUTOFF)
        return self._squeezed[near] if near and (not slips_alone or _is_slip(squeezed, near)) else None

    @cached_property
    def _squeezed(self) -> dict[str, str]:
        return {_squeezed(name): name for name in self._names if len(name) <= _LONGEST}

    @cached_property
    def _by_pair(self) -> dict[str, list[str]]:
        by_pair: dict[str, list[str]] = {}
        for squeezed in self._squeezed:
            for pair in _pairs(squeezed):
                by_pair.setdefault(pair, []).append(squeezed)
        return by_pair

    def _candidates(self, squeezed: str) -> list[str]:
        pairs = _pairs(squeezed)
        common: Counter[str] = Counter()
        # What few names have tells most of them.
        for names in sorted((self._by_pair.get(pair, []) for pair in pairs), key=len):
            if common and common.total() + len(names) > _MAX_LOOKED_AT:
                break
            common.update(names)
        return nlargest(
            _MAX_CANDIDATES, common, key=lambda name: (common[name] / (len(pairs) + len(name)), name)
        )


def _squeezed(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum() or char == ".") or name


def _is_slip(written: str, meant: str) -> bool:
    """Return whether one letter is missing, too many or another, or two have changed places."""
    start = _common(written, meant)
    ours, theirs = written[start:], meant[start:]
    end = _common(ours[::-1], theirs[::-1])
    ours, theirs = ours[: len(ours) - end], theirs[: len(theirs) - end]
    match len(ours), len(theirs):
        case (0, 1) | (1, 0):
            return True
        case (1, 1):
            return len(written) >= _LONG
        case _:
            return len(ours) == 2 and ours == theirs[::-1]  # noqa: PLR2004 - two letters


def _common(one: str, other: str) -> int:
    """Return how many letters two words begin with in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))


def _pairs(squeezed: str) -> set[str]:
    # With its edges, so that two letters that changed places leave something in common.
    padded = f"^{squeezed}$"
    return {padded[index : index + 2] for index in range(len(padded) - 1)}
