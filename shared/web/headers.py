"""What every answer says to browsers: guess nothing, frame nothing, load nothing, store nothing.

Answers are data for programs. A browser that opens one must neither run what a caller may have written into
it nor leave it in a cache that others can read. Sources: the OWASP HTTP headers cheat sheet.
"""

from collections.abc import Iterable
from typing import Final

Header = tuple[bytes, bytes]

POLICY: Final = b"content-security-policy"

SAFE: Final[tuple[Header, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (POLICY, b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)

_NAMES: Final = frozenset(name for name, _ in SAFE)


def made_safe(headers: Iterable[Header]) -> list[Header]:
    """Return an answer's headers with those of SAFE that it does not set itself; names are in lower case."""
    own = [*headers]
    names = {name for name, _ in own}
    # Nearly every answer sets none of them itself.
    if names.isdisjoint(_NAMES):
        return [*own, *SAFE]
    return [*own, *(header for header in SAFE if header[0] not in names)]
