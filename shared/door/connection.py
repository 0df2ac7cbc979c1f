"""A connection of uvicorn's that can be ended with a problem, after the answers that are due before it."""

from typing import Any, ClassVar, Final

import structlog
from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.door.limits import Limits
from shared.door.refusals import on_the_wire
from shared.door.sweep import Sweep

logger = structlog.get_logger(__name__)

# What the client is doing. Plain constants: every request sets three of them, and an enumeration's members
# take several times as long to look up.
HEAD: Final = "head"
"""Connected, or begun a request whose headers are not complete."""
BODY: Final = "body"
"""Sent the headers, and not yet the whole body."""
IDLE: Final = "idle"
"""Sent a whole request, and nothing after it."""
ENDING: Final = "ending"
"""Refused: what it still sends is dropped."""


class Connection(HttpToolsProtocol):
    """One connection; `limits` and `sweep` are those of its server."""

    limits: ClassVar[Limits]
    sweep: ClassVar[Sweep]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.phase: str = HEAD
        self.unfinished = 0
        """bytes that came since the parser last understood something: a head, or a part of a body"""
        self._pending_refusal: Response | None = None
        self._dropped_bytes = 0

    @property
    def is_answering(self) -> bool:
        """Whether a request is in progress, so that the client may wait for us."""
        return bool(self.cycle and not self.cycle.response_complete)

    def refuse(self, answer: Response) -> None:
        """Answer and end the connection, once earlier requests have their answers."""
        in_body = self.phase == BODY
        self.phase = ENDING
        logger.info("connection.refused", status=answer.status_code)
        if self.pipeline:
            if in_body:
                # The newest request, whose answer has not begun.
                self.pipeline.popleft()
            self._send_later(answer)
        elif self.is_answering and not in_body:
            self._send_later(answer)
        elif self.is_answering and self.cycle.response_started:
            # Half an answer cannot be taken back.
            self.transport.abort()
        elif in_body and not self.is_answering:
            # It was answered before its body ended.
            self._end()
        else:
            self._forget_request()
            self._send(answer)

    def drop(self, data: bytes) -> None:
        """Drop what a refused client still sends, up to a limit: it can read the answer and gets no reset."""
        self._dropped_bytes += len(data)
        if self._dropped_bytes > self.limits.linger_bytes:
            self.transport.abort()

    @property
    def lingers(self) -> bool:
        """Whether the client was refused and its answer is written."""
        return self.phase == ENDING and self._pending_refusal is None

    def on_response_complete(self) -> None:
        """Go on with the next request, or say why there is none."""
        is_last = not self.pipeline
        super().on_response_complete()
        if self._pending_refusal is not None and is_last and not self.transport.is_closing():
            answer, self._pending_refusal = self._pending_refusal, None
            self._send(answer)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection when it is idle; a connection that has begun a request has other limits."""
        self.timeout_keep_alive_task = None
        if self.phase == IDLE:
            super().timeout_keep_alive_handler()

    def _send_later(self, answer: Response) -> None:
        self._pending_refusal = answer
        self.flow.pause_reading()

    def _send(self, answer: Response) -> None:
        self.transport.write(on_the_wire(answer, self.server_state.default_headers))
        self._end()

    def _end(self) -> None:
        # Not close: with unread data that would reset the connection, and the answer might be lost.
        self.transport.write_eof()
        self.flow.resume_reading()

    def _forget_request(self) -> None:
        """Tell the application that its client has left; what the application still sends is dropped."""
        if self.is_answering:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self.flow.resume_writing()
