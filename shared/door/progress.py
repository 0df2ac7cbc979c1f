"""Requests in progress: a limited number at once, and answered in order on each connection."""

import asyncio
from typing import Any, ClassVar
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from shared.door import refusals
from shared.door.connection import BODY, IDLE
from shared.door.cycle import Cycle
from shared.door.patience import PatientConnection


class RequestsInProgress(PatientConnection):
    """A connection whose requests are counted; it does the work of uvicorn's class in fewer steps.

    These methods are called for every request, and each call of a base class costs as much as its work.
    """

    most_requests: ClassVar[int]

    def begin_request(self) -> None:
        """Begin the request whose head the parser has read; raises ValueError for an invalid target."""
        app: Any = self.app
        waits = self.is_answering
        self.cycle = self._cycle()
        if waits:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self._answer_in_turn))
        elif len(self.tasks) < self.most_requests or self._freed_slot():
            self._start_asgi_task(self.cycle, app)
        else:
            self._start_asgi_task(self.cycle, self._overloaded())
        # Trailers are dropped: added to the headers, they would come after the headers were read.
        self.headers = []
        self.phase = BODY
        self.unfinished = 0

    def on_body(self, body: bytes) -> None:
        """Hand on a part of the body, unless its request has been answered."""
        self.unfinished = 0
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.body += body
            if len(cycle.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
            cycle.message_event.set()

    def on_message_complete(self) -> None:
        """Note that the request is whole."""
        self.phase = IDLE
        self.unfinished = 0
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()

    def _cycle(self) -> Cycle:
        # uvicorn says that the parser may be None, which it is once the connection is lost.
        parser: Any = self.parser
        scope = self.scope
        version = parser.get_http_version()
        if version != "1.1":
            scope["http_version"] = version
        scope["method"] = parser.get_method().decode("ascii")
        target = httptools.parse_url(self.url)
        path = target.path.decode("ascii")
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = target.path
        scope["query_string"] = target.query or b""
        return Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )

    async def _answer_in_turn(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request that waited behind another request; it is counted as in progress already."""
        app: Any = self.app if len(self.tasks) <= self.most_requests else self._overloaded()
        await app(scope, receive, send)

    def _overloaded(self) -> Any:
        return refusals.Overloaded(self.limits)

    def _freed_slot(self) -> bool:
        """Return whether another request, with a client that has not sent its whole body, has made way."""
        slowest = self.longest_waiting(
            lambda connection: connection.phase == BODY and connection.is_answering
        )
        if slowest is not None:
            slowest.make_way(refusals.too_many_requests)
        return slowest is not None
