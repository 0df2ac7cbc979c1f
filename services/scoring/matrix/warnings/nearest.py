"""The name that a misspelt name most likely means, among the many that senders have invented."""

from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from heapq import nlargest
from typing import Final

from shared.wording import suggestion

MAX_SUGGESTIONS: Final = 20
"""How many names are looked up; each lookup takes up to some milliseconds among 10,000."""

_MAX_CANDIDATES: Final = 12
_MAX_LOOKED_AT: Final = 5_000
# Invented names often resemble each other a little, as `title` and `twitter` do.
_CUTOFF: Final = 0.75
# Shorter words that differ in one letter are often different words: like, bike, hike.
_LONG: Final = 5
# Comparing takes time that grows with the square of the length, and hardly any name is this long.
_LONGEST: Final = 48


class Nearest:
    """Known names, and which of them another name means.

    Case and separators are ignored: `jobTitle` means `job_title`. Comparing two names is slow, so only the
    names with the most pairs of letters in common are compared.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(set(names), reverse=True)
        self._left = MAX_SUGGESTIONS

    def to(self, written: str, *, slips_alone: bool = False) -> str | None:
        """Return the name that is most likely meant, None when none is near or too many were looked up.

        With `slips_alone` it is a name that differs by a single slip.
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
        # Pairs that few names have identify a name best.
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
    """Return whether one letter is missing, extra or different, or two letters have changed places."""
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


def _common(word: str, other: str) -> int:
    """Return how many letters two words begin with in common."""
    pairs = enumerate(zip(word, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(word), len(other)))


def _pairs(squeezed: str) -> set[str]:
    # With its edges, so that two swapped letters leave a pair in common.
    padded = f"^{squeezed}$"
    return {padded[index : index + 2] for index in range(len(padded) - 1)}
