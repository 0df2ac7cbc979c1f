"""Fields at the top of what a tracker sends, for its write key or for an event's id."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from services.ingest.reading.wire import decode
from shared.errors import Refused


class Fields(Protocol):
    """Named fields and how they are read; `location` says in words where the fields are."""

    names: tuple[str, ...]
    location: str

    def values(self, data: bytes) -> Sequence[Any]:
        """Return the values in the order of the names, empty when the data cannot be read."""
        ...


class JsonFields:
    """Fields of a JSON object; a field that is absent has the value None."""

    location = "a body that is an object"

    def __init__(self, *names: str) -> None:
        self.names: tuple[str, ...] = names
        # A field's name may be something that is not an identifier in Python.
        attributes = [f"field_{number}" for number in range(len(names))]
        shape = msgspec.defstruct(
            "Fields",
            [(attribute, Any, None) for attribute in attributes],
            rename=dict(zip(attributes, names, strict=True)),
        )
        self._decoder = msgspec.json.Decoder(shape)

    def values(self, data: bytes) -> Sequence[Any]:
        """Return the values in the order of the names, empty when the data is not a JSON object."""
        try:
            return msgspec.structs.astuple(decode(self._decoder, data))
        except Refused:
            return ()


class KeyFields(NamedTuple):
    """Where a write key may be beside the Authorization header: in which fields of the body and the query.

    The first name of each is documented; the others are spellings that deployed trackers use.
    """

    body: Fields | None = None
    query: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names of fields that may have the value of a key."""
        return (*(self.body.names if self.body else ()), *self.query)
