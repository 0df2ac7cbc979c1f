"""A connection of uvicorn's that can be ended with a problem, in the order in which answers are due."""

from enum import Enum, auto
from typing import Any, ClassVar

import structlog
from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.door.limits import Limits
from shared.door.refusals import on_the_wire
from shared.door.sweep import Sweep

logger = structlog.get_logger(__name__)


class Phase(Enum):
    """What the client is at."""

    HEAD = auto()
    """connected, or begun a request whose headers are not complete"""
    BODY = auto()
    """sent the headers, and not yet the whole body"""
    IDLE = auto()
    """sent a whole request, and nothing after it"""
    ENDING = auto()
    """refused: what it still sends is thrown away"""


class Connection(HttpToolsProtocol):
    """One connection; `limits` and `sweep` are those of its server."""

    limits: ClassVar[Limits]
    sweep: ClassVar[Sweep]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.phase = Phase.HEAD
        self.since: float | None = None
        """when the sweep first saw it in this phase, in the loop's time"""
        self.unfinished = 0
        """bytes that came since the parser last understood something: a head, or a part of a body"""
        self._last_words: Response | None = None
        self._thrown_away = 0

    def enter(self, phase: Phase) -> None:
        """Begin a phase; the sweep takes its time when it comes by."""
        self.phase = phase
        self.since = None

    @property
    def is_answering(self) -> bool:
        """Whether a request is in progress, so that the client may wait for us."""
        return bool(self.cycle and not self.cycle.response_complete)

    def refuse(self, answer: Response) -> None:
        """Answer and end the connection, once the requests before have their answers."""
        broken = self.phase is Phase.BODY and self.is_answering
        self.enter(Phase.ENDING)
        logger.info("connection.refused", status=answer.status_code)
        if self.pipeline:
            if broken:
                # The newest, which nobody has begun to answer.
                self.pipeline.popleft()
            self._say_later(answer)
        elif not broken and self.is_answering:
            self._say_later(answer)
        elif broken and self.cycle.response_started:
            # Half an answer cannot be taken back.
            self.transport.abort()
        else:
            self._forget_request()
            self._say(answer)

    def throw_away(self, data: bytes) -> None:
        """Take what a refused client still sends, so that it reads why and is not reset; up to a limit."""
        self._thrown_away += len(data)
        if self._thrown_away > self.limits.linger_bytes:
            self.transport.abort()

    @property
    def is_refused(self) -> bool:
        """Whether nothing of it is read any more."""
        return self.phase is Phase.ENDING

    @property
    def lingers(self) -> bool:
        """Whether it was refused and told so."""
        return self.phase is Phase.ENDING and self._last_words is None

    def on_response_complete(self) -> None:
        """Go on with the next request, or say why there is none."""
        is_last = not self.pipeline
        super().on_response_complete()
        if self.phase is not Phase.IDLE:
            # It sends something already, so it is not idle, for which uvicorn would close it.
            self._unset_keepalive_if_required()
        if self._last_words is not None and is_last and not self.transport.is_closing():
            self.enter(Phase.ENDING)
            answer, self._last_words = self._last_words, None
            self._say(answer)

    def _say_later(self, answer: Response) -> None:
        self._last_words = answer
        self.flow.pause_reading()

    def _say(self, answer: Response) -> None:
        self.transport.write(on_the_wire(answer, self.server_state.default_headers))
        # Not close: with unread data that would reset the connection, and the answer might be lost.
        self.transport.write_eof()
        self.flow.resume_reading()

    def _forget_request(self) -> None:
        """Tell the application that its client has left; what it still sends is dropped."""
        if self.is_answering:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self.flow.resume_writing()
