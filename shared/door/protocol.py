"""uvicorn's HTTP protocol with limits in front of its parser.

httptools stores what it cannot parse yet, without a limit, and copies it with each piece that comes: 90 MB
of one header cost 15 s of processor time and 1.2 GB of memory. So bytes are counted before they are parsed,
and parsed in small pieces, and a request beyond a limit is refused as a problem.
"""

import asyncio
from collections.abc import Collection
from typing import Any, ClassVar, cast

import httptools
from starlette.responses import Response

from shared.door import refusals
from shared.door.connection import ENDING, HEAD, IDLE
from shared.door.descriptors import SPARE_CONNECTIONS
from shared.door.limits import Limits
from shared.door.progress import RequestsInProgress
from shared.door.sweep import Sweep, Watched

# The length of a request line without method and target: " ", " HTTP/1.1\r\n".
_REST_OF_LINE = 12
# The longest method, and the rest of the line without a target.
_LINE_BESIDE_TARGET = 32
_HOP_BY_HOP = {b"upgrade", b"connection", b"http2-settings"}


class Doorway(RequestsInProgress):
    """One connection, within the limits of its class; `doorway` makes such a class."""

    piece_bytes: ClassVar[int]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url = b""
        self._body_bytes = 0
        self._asks_for_upgrade = False
        self._fault: Response | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - uvicorn's
        """Take the connection, or refuse it when served clients have taken all slots."""
        super().connection_made(transport)
        self.sweep.watch(self.loop, cast("Collection[Watched]", self.connections))
        too_many = len(self.connections) - self.limits.connections
        if too_many <= 0:
            return
        slowest = self.longest_waiting(lambda connection: not connection.is_answering)
        if too_many > SPARE_CONNECTIONS:
            # No refusal is sent, since it would occupy a slot for a while.
            (slowest or self).transport.abort()
        elif slowest is None:
            self.refuse(refusals.too_many_connections(self.limits))
        else:
            slowest.make_way(refusals.too_many_connections)

    def data_received(self, data: bytes) -> None:
        """Parse what came, piece by piece."""
        if self.phase == ENDING:
            self.drop(data)
            return
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        size = self.piece_bytes
        if len(data) <= size:
            self._feed(data)
            return
        view = memoryview(data)
        for start in range(0, len(data), size):
            self._feed(view[start : start + size])
            if self.phase == ENDING:
                return

    def _feed(self, piece: bytes | memoryview) -> None:
        self.unfinished += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(piece[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self.refuse(self._fault or refusals.not_http())
            return
        if self.phase != IDLE:
            self._measure(len(piece))

    def _measure(self, size: int) -> None:
        """Refuse input that exceeds a limit before it has an end."""
        limits = self.limits
        if self.phase == HEAD:
            if len(self.url) > limits.line_bytes:
                self.refuse(refusals.line_too_long(limits))
            elif self.unfinished - len(self.url) > limits.headers_bytes + _LINE_BESIDE_TARGET:
                self.refuse(refusals.headers_too_large(limits))
            return
        self._body_bytes += size
        if self._body_bytes > limits.body_bytes:
            self.refuse(refusals.body_too_large(limits))
        elif self.unfinished > limits.headers_bytes:
            self.refuse(refusals.framing_too_large(limits))

    def on_message_begin(self) -> None:
        """Note that another request has begun."""
        super().on_message_begin()
        self.phase = HEAD

    def on_headers_complete(self) -> None:
        """Begin the request that the head asks for; raises ValueError, which ends parsing, to refuse it."""
        if self.parser.should_upgrade():
            self._asks_for_upgrade = True
            return
        # A head that came in one piece is within the limits.
        if self.unfinished > self.piece_bytes:
            self._check_head()
        if self.pipeline and len(self.pipeline) >= self.limits.pipelined:
            self._stop(refusals.too_many_pipelined(self.limits))
        self.begin_request()
        self._body_bytes = 0

    def on_message_complete(self) -> None:
        """Note that the request is whole, unless it is read again without the request for an upgrade."""
        if not self._asks_for_upgrade:
            RequestsInProgress.on_message_complete(self)

    def _check_head(self) -> None:
        line = len(self.parser.get_method()) + len(self.url) + _REST_OF_LINE
        if line > self.limits.line_bytes:
            self._stop(refusals.line_too_long(self.limits))
        if sum(len(name) + len(value) + 4 for name, value in self.headers) > self.limits.headers_bytes:
            self._stop(refusals.headers_too_large(self.limits))

    def _stop(self, answer: Response) -> None:
        self._fault = answer
        raise ValueError(answer.status_code)

    def _ignore_upgrade(self, rest: bytes | memoryview) -> None:
        """Ignore that a request asks for another protocol, as RFC 9110 (7.8) allows.

        httptools takes what follows such a head for the other protocol, and would lose the body: Java's
        client asks for HTTP/2 with every request that it posts without TLS.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if method == b"CONNECT":
            self.refuse(refusals.not_http())
            return
        lines = [b"%b %b HTTP/%b" % (method, self.url, version.encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] not in _HOP_BY_HOP]
        if not self.parser.should_keep_alive():
            lines.append(b"connection: close")
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._asks_for_upgrade = False
        self.unfinished = 0
        self._feed(b"\r\n".join((*lines, b"", b"")))
        if rest and self.phase != ENDING:
            self._feed(rest)


def doorway(limits: Limits) -> type[Doorway]:
    """Return the protocol of one server, to hand to uvicorn as `http`."""

    class ServerDoorway(Doorway):
        pass

    ServerDoorway.limits = limits
    ServerDoorway.piece_bytes = limits.piece_bytes
    ServerDoorway.most_requests = limits.requests
    ServerDoorway.sweep = Sweep(limits.interval_seconds)
    return ServerDoorway
