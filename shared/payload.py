"""The payload of a dead letter: bytes from anywhere, unchanged and small enough for the log.

A dead letter is JSON on the log. Bytes that are text stay readable there; others are written as base64.
"""

from base64 import b64decode, b64encode
from typing import Final, Literal, NamedTuple

import msgspec

from shared.errors import Refused
from shared.events import DeadLetter

# In base64 this leaves room for the other fields within the 1,000,000 bytes of a Kafka batch.
MAX_PAYLOAD_BYTES: Final = 700_000
# How much is stored of a payload that is too large to be replayed, so that people see what it was.
EXCERPT_BYTES: Final = 32 * 1024

_encode = msgspec.json.Encoder().encode


class Payload(NamedTuple):
    """The fields of a dead letter that contain its payload."""

    payload: str
    encoding: Literal["text", "base64"] = "text"
    excerpt: bool = False


def payload_of(data: bytes) -> Payload:
    """Return how a dead letter stores the bytes of a message; over MAX_PAYLOAD_BYTES only an excerpt."""
    if len(data) > MAX_PAYLOAD_BYTES:
        return _excerpt(data, EXCERPT_BYTES)
    text = _text(data)
    # A text that its escapes make longer than base64 is not readable, and could be too large for the log.
    if text is None or len(_encode(text)) > 2 + (len(data) + 2) // 3 * 4:
        return Payload(b64encode(data).decode(), "base64")
    return Payload(text)


def text_payload(data: bytes, most: int) -> Payload:
    """Return how a dead letter stores what should have been a text of at most `most` bytes."""
    text = _text(data) if len(data) <= most else None
    return _excerpt(data, most) if text is None else Payload(text)


def _text(data: bytes) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    # PostgreSQL has no NUL in a text.
    return None if "\0" in text else text


def _excerpt(data: bytes, most: int) -> Payload:
    text = data[:most].decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return Payload(text, excerpt=True)


def bytes_of(letter: DeadLetter) -> bytes:
    """Return the bytes of a dead letter's payload; raises Refused when it does not have all of them."""
    if letter.excerpt:
        raise Refused(
            "payload_incomplete", "Only an excerpt of the payload is stored: it was too large, or not text."
        )
    if letter.encoding == "text":
        return letter.payload.encode()
    try:
        return b64decode(letter.payload, validate=True)
    except ValueError as error:
        raise Refused("payload_invalid", "The payload is not valid base64.") from error
