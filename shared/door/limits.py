"""How much, how long and how many the door lets in."""

from dataclasses import dataclass, fields
from typing import Final

PIECE_BYTES: Final = 16 * 1024
"""So much of what came is parsed between two looks at the limits."""


@dataclass(frozen=True)
class Limits:
    """What one connection may send and how long it may take, and how many there may be of them.

    Sizes count bytes as they came; of a head that begins behind another request the piece with its beginning
    is not counted. Times are looked at every second or so, and end that much later.
    """

    line_bytes: int = 16 * 1024
    """of the request line"""
    headers_bytes: int = 32 * 1024
    """of all headers; also of a chunk's extensions, and of all trailers"""
    body_bytes: int = 8 * 1024 * 1024
    """of a body with its chunk sizes; the application refuses long before what it would have to keep"""
    pipelined: int = 100
    """requests that wait on one connection for the answer of an earlier one"""

    head_seconds: float = 10.0
    """from the connect, or the first byte of a further request, to the end of the headers"""
    body_seconds: float = 30.0
    """from the end of the headers to the end of the body"""
    unread_seconds: float = 30.0
    """for a client to take the next part of its answer"""
    linger_seconds: float = 2.0
    """for a client to read why it was refused, while what it still sends is thrown away"""
    linger_bytes: int = 4 * 1024 * 1024
    """that are thrown away meanwhile"""

    connections: int = 1_000
    requests: int = 250
    """in progress at once"""
    patience_seconds: float = 1.0
    """that a client may keep us waiting before it makes way for another when all places are taken"""

    @property
    def piece_bytes(self) -> int:
        """How much to parse at once; a head that fits into it is within all limits."""
        return min(PIECE_BYTES, self.line_bytes, self.headers_bytes)

    @property
    def interval_seconds(self) -> float:
        """How often to look at the times."""
        times = [getattr(self, field.name) for field in fields(self) if field.name.endswith("_seconds")]
        return min(1.0, min(times) / 2)
