"""The limits of an event, in decompressed bytes; the sizes are those of Segment's tracking API."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import msgspec

from services.ingest.reading.wire import decode
from shared.errors import Refused, TooLarge
from shared.names import MAX_NAME_LENGTH

MAX_EVENT_BYTES: Final = 32 * 1024
MAX_BODY_BYTES: Final = 500 * 1024
MAX_EVENTS: Final = 2_500
# Deep enough for any tracker, and shallow enough for every JSON reader behind the log.
MAX_DEPTH: Final = 32

MAX_ID_LENGTH: Final = 99
MAX_TYPE_LENGTH: Final = 64
MAX_LABEL_LENGTH: Final = 256

MAX_TRAITS: Final = 200
MAX_TRAIT_BYTES: Final = 4_096

EventId = Annotated[str, msgspec.Meta(max_length=MAX_ID_LENGTH)]
TypeName = Annotated[str, msgspec.Meta(max_length=MAX_TYPE_LENGTH)]
Label = Annotated[str, msgspec.Meta(max_length=MAX_LABEL_LENGTH)]

_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
_encode = msgspec.json.Encoder().encode


def check_event(data: bytes) -> None:
    """Raise Refused when an event's JSON is too large, nests too deep, or has a NUL in a string or key."""
    if len(data) > MAX_EVENT_BYTES:
        raise TooLarge(
            "event_too_large",
            f"An event has at most {MAX_EVENT_BYTES:,} bytes; this event has {len(data):,}.",
        )
    # No event nests deeper than it has brackets, so nearly all events pass without a walk.
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH or rb"\u0000" in data:
        for path, text in _strings(decode(_decoder, data), ()):
            if "\0" in text:
                # PostgreSQL stores no NUL; removing it could make two keys or two people equal.
                raise Refused(
                    "nul_character", "A text may not contain the NUL character.", ".".join(path) or None
                )


def check_count(count: int, field: str | None = None) -> None:
    """Raise TooLarge when a batch has more than MAX_EVENTS events."""
    if count > MAX_EVENTS:
        raise TooLarge(
            "too_many_events", f"A batch has at most {MAX_EVENTS:,} events; this batch has {count:,}.", field
        )


def check_traits(traits: Mapping[str, Any], field: str) -> None:
    """Raise Refused, naming the trait below `field`, when there are too many or one is too long.

    The size of a value is that of its JSON.
    """
    if len(traits) > MAX_TRAITS:
        raise Refused(
            "too_many_traits",
            f"An event has at most {MAX_TRAITS} traits; this event has {len(traits):,}.",
            field,
        )
    for name, value in traits.items():
        if len(name) > MAX_NAME_LENGTH:
            raise Refused(
                "trait_name_too_long",
                f"A trait's name has at most {MAX_NAME_LENGTH} characters; this has {len(name):,}.",
                f"{field}.{name[:64]}",
            )
        if not isinstance(value, int | float | None) and len(_encode(value)) > MAX_TRAIT_BYTES:
            raise Refused(
                "trait_too_large",
                f"A trait's value has at most {MAX_TRAIT_BYTES:,} bytes of JSON.",
                f"{field}.{name[:64]}",
            )


def _strings(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
        return
    if not isinstance(value, dict | list):
        return
    if len(path) >= MAX_DEPTH:
        raise Refused("too_deep", f"An event nests at most {MAX_DEPTH} levels.", ".".join(path[:4]))
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, (*path, str(index)))
        return
    for key, item in value.items():
        yield path, key
        yield from _strings(item, (*path, key.replace("\0", "\N{REPLACEMENT CHARACTER}")[:64]))
