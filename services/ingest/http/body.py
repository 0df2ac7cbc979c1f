"""The bytes of a request, read and decompressed with never more than the limit in memory."""

import zlib
from typing import NamedTuple

from starlette.requests import Request

from services.ingest.reading.limits import MAX_BODY_BYTES
from shared.errors import Refused, TooLarge

_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class Body(NamedTuple):
    """A request's bytes; with a `fault` they are the bytes that were read before the fault."""

    data: bytes
    fault: Refused | None = None


async def read_body(request: Request) -> Body:
    """Read the body, decompressed when it is gzip, up to MAX_BODY_BYTES.

    An error of the body becomes its `fault`; only a client that leaves before the end raises Refused.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    data = await _received(request)
    if len(data) > MAX_BODY_BYTES:
        return Body(data, _too_large())
    if encoding in {"identity", ""}:
        return Body(data)
    if encoding in {"gzip", "x-gzip"}:
        return gunzip(data)
    return Body(
        data, Refused("encoding_unsupported", "Send the body uncompressed or as gzip.", "Content-Encoding")
    )


async def _received(request: Request) -> bytes:
    """Return the bytes as they came, no more than one chunk beyond the limit."""
    chunks: list[bytes] = []
    size = 0
    while size <= MAX_BODY_BYTES:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise Refused("body_incomplete", "The body ended before it was complete.")
        chunk = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if not message.get("more_body", False):
            break
    return b"".join(chunks)


def gunzip(data: bytes) -> Body:
    """Decompress gzip of one member, and stop as soon as it becomes too large."""
    member = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = member.decompress(data, MAX_BODY_BYTES + 1)
    except zlib.error:
        return Body(data, Refused("gzip_invalid", "The body cannot be decompressed: it is not valid gzip."))
    if len(plain) > MAX_BODY_BYTES:
        return Body(plain, _too_large())
    # Further members are legal, but no library sends them, and they could make us copy without end.
    if not member.eof or member.unused_data:
        return Body(data, Refused("gzip_invalid", "The gzip body is incomplete, or data follows its end."))
    return Body(plain)


def _too_large() -> TooLarge:
    return TooLarge("body_too_large", f"A body may have at most {MAX_BODY_BYTES:,} bytes, decompressed.")
