"""The limits of the door on size, time and number."""

from dataclasses import dataclass, fields
from typing import Final

PIECE_BYTES: Final = 16 * 1024
"""How many bytes are parsed between two checks of the limits."""


@dataclass(frozen=True)
class Limits:
    """What one connection may send and how long it may take, and how many connections there may be.

    Sizes are bytes on the wire. Of a head that begins behind another request, the first piece is not
    counted. Times are checked about every second, so they end up to a second later.
    """

    line_bytes: int = 16 * 1024
    """of the request line"""
    headers_bytes: int = 32 * 1024
    """of all headers; also of a chunk's extensions, and of all trailers"""
    body_bytes: int = 8 * 1024 * 1024
    """of a body with its chunk sizes; the application's own limit is far lower"""
    pipelined: int = 100
    """requests that wait on one connection for the answer of an earlier one"""

    head_seconds: float = 10.0
    """from the connect, or the first byte of a further request, to the end of the headers"""
    body_seconds: float = 30.0
    """from the end of the headers to the end of the body"""
    unread_seconds: float = 30.0
    """for a client to take the next part of its answer"""
    linger_seconds: float = 2.0
    """for a client to read why it was refused, while its further bytes are dropped"""
    linger_bytes: int = 4 * 1024 * 1024
    """that are dropped meanwhile"""

    connections: int = 1_000
    requests: int = 250
    """in progress at once"""
    patience_seconds: float = 1.0
    """that a client may keep us waiting before it makes way for another when all slots are taken"""

    @property
    def piece_bytes(self) -> int:
        """How much to parse at once; a head that fits into it is within all limits."""
        return min(PIECE_BYTES, self.line_bytes, self.headers_bytes)

    @property
    def interval_seconds(self) -> float:
        """How often to check the times."""
        times = [getattr(self, field.name) for field in fields(self) if field.name.endswith("_seconds")]
        return min(1.0, min(times) / 2)
