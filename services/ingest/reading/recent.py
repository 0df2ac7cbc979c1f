"""Values derived from a person's identities, cached, since the person's next event comes within minutes.

Deriving a value again costs more than all the rest of reading an event.
"""

from functools import lru_cache
from typing import Final

from shared import identity
from shared.identity import Identity

# Some ten megabytes at most, when all names have the greatest length.
REMEMBERED: Final = 16_384


@lru_cache(maxsize=REMEMBERED)
def by_strength(identities: tuple[Identity, ...]) -> tuple[Identity, ...]:
    """Sort identities without repeats, the strongest first."""
    return identity.by_strength(identities)


@lru_cache(maxsize=REMEMBERED)
def log_key(strongest: Identity) -> str:
    """Return the key under which a person's interactions keep their order on the log."""
    return strongest.id
