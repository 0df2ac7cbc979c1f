"""Write keys are removed from what is kept of a request."""

import re
from collections.abc import Iterable
from typing import Final

_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
# Read escape by escape, a quote within the key is never taken for its end.
_TEXT: Final = rb'[^"\\]*+(?:\\.[^"\\]*+)*+'


class Redaction:
    """Removes the texts of the fields with these names, in any case and with or without `_` in between."""

    def __init__(self, names: Iterable[str]) -> None:
        joined = "|".join("_?".join(_WORD.findall(name)) for name in names).encode()
        self._field = re.compile(rb'("(?:' + joined + rb')"\s*:\s*")' + _TEXT, re.IGNORECASE | re.DOTALL)

    def of_bytes(self, data: bytes) -> bytes:
        """Return the data, which may be no JSON, with `-` for each text."""
        return self._field.sub(rb"\1-", data)
