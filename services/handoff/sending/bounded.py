"""Connections that cut an endpoint off when its answer gets too long.

The HTTP library bounds a line and the number of headers, and nothing else: informational responses
(`100 Continue`) without end keep a processor busy until the attempt's time is over, since they are always
ready to be read. Two things are counted here: bytes of any kind (header lines, chunk extensions, trailers,
the beginning of the body), and informational responses, which cost ten times as much for their size.

The library has no setting for this, so its protocol is subclassed, by the two methods that begin a response
and take its bytes. The lock file pins its version, and `tests/integration/handoff/test_hostile.py` tests it.
"""

import asyncio
import re
from typing import Any

from aiohttp.client_exceptions import ClientPayloadError
from aiohttp.client_proto import ResponseHandler

# As much as the service accepts of a caller's headers; 3 ms of processor time at most.
MAX_ANSWER_BYTES = 32 * 1024
# One is common (103 Early Hints), and one every few seconds while an endpoint is at work (102 Processing).
MAX_INFORMATIONAL = 16

_INFORMATIONAL = re.compile(rb"HTTP/1\.[0-9] 1[0-9][0-9]")
_BLANK_LINE_BYTES = len(b"\n\r\n")
_BLANK_LINE = re.compile(rb"\n\r?\n")


class TooMuch(ClientPayloadError):
    """An endpoint's answer is too long; the message says in which way."""


class Heads:
    """Finds where the heads of the responses to a request end; the bytes come in pieces of any size.

    The informational responses before the answer consist of heads only, and are counted.
    """

    def __init__(self) -> None:
        self._head = bytearray()
        self._informational = 0
        self.over = False
        """whether the head of the answer has ended"""

    def add(self, part: bytes) -> int:
        """Return how many bytes of a part belong to heads; raises TooMuch when there are too many heads."""
        if self.over:
            return 0
        # A blank line may have begun in an earlier piece.
        seek = max(0, len(self._head) - _BLANK_LINE_BYTES)
        self._head += part
        while (blank_line := _BLANK_LINE.search(self._head, seek)) is not None:
            end = blank_line.end()
            if not _INFORMATIONAL.match(self._head):
                self.over = True
                return len(part) - (len(self._head) - end)
            del self._head[:end]
            seek = 0
            self._informational += 1
            if self._informational > MAX_INFORMATIONAL:
                raise TooMuch(
                    f"There are more than {MAX_INFORMATIONAL} informational responses before the answer."
                )
        return len(part)


class BoundedResponses(ResponseHandler):
    """A connection that takes at most MAX_ANSWER_BYTES in answer to each request."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._begin()

    def _begin(self) -> None:
        self._remaining = MAX_ANSWER_BYTES
        self._heads = Heads()

    def set_response_params(self, **params: Any) -> None:
        """Begin to read the answer to a request."""
        self._begin()
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Parse the received bytes up to the bound; close the connection after that."""
        part = data[: self._remaining]
        self._remaining -= len(part)
        try:
            of_heads = self._heads.add(part)
        except TooMuch as error:
            self._cut_off(error)
            return
        # Parsed apart: the status decides, even when the body after it cannot be parsed.
        for piece in (part[:of_heads], part[of_heads:]):
            if piece:
                super().data_received(piece)
        if len(part) < len(data):
            self._cut_off(TooMuch(f"The answer does not end within {MAX_ANSWER_BYTES:,} bytes."))

    def _cut_off(self, error: TooMuch) -> None:
        body = self._payload
        self.set_exception(error)
        # Once the status has been read, the error has to reach the reader of the body.
        if body is not None and not body.is_eof():
            body.set_exception(error)
        if self.transport is not None:
            self.transport.abort()
