"""The key by which a lead's last name is sorted, equal on every database."""

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from services.handoff.payload.person import NOT_PROVIDED

# The key is part of an index, where PostgreSQL allows at most 2,704 bytes, and part of a cursor.
MAX_KEY_LENGTH: Final = 128
# Sorts after every letter of every script.
_LAST: Final = "\U0010fffd"


def last_name_key(data: Mapping[str, Any]) -> str:
    """Return the key, given the data of the lead's webhook.

    Case and accents do not matter; leads without a last name come last.
    """
    name = data["person"]["last_name"]
    if name == NOT_PROVIDED:
        return _LAST
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))[:MAX_KEY_LENGTH]
