"""A real server behind the door, in a thread with an event loop of its own, and an application to ask."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from shared.door.limits import Limits
from shared.door.protocol import doorway
from tests.support.patience import PATIENCE_SECONDS, eventually, until

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "uvloop": uvloop.new_event_loop,
    "asyncio": asyncio.new_event_loop,
}


class Application:
    """Answers by path; `/held` is answered when the test says so."""

    def __init__(self) -> None:
        self.disconnected = 0
        self.bodies: list[bytes] = []
        self.headers: list[dict[bytes, bytes]] = []
        self.held = 0
        self._let_go = threading.Event()

    def let_go(self) -> None:
        """Answer what is held, and hold no more."""
        self._let_go.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        answer = path.encode()
        if path.startswith("/held"):
            self.held += 1
            await eventually(self._let_go.is_set)
        if path == "/big":
            answer = b"x" * 50_000_000
        if path != "/early":
            body = b""
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    self.disconnected += 1
                    return
                body += message["body"]
                more = message["more_body"]
            self.bodies.append(body)
        self.headers.append(dict(scope["headers"]))
        headers = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer})


class Served:
    """A server that listens on `port`."""

    def __init__(self, app: Application, limits: Limits, keep_alive: int) -> None:
        self.app = app
        self._server = uvicorn.Server(
            uvicorn.Config(
                app, host="127.0.0.1", port=0, http=doorway(limits), ws="none", lifespan="off",
                log_config=None, access_log=False, timeout_keep_alive=keep_alive, timeout_graceful_shutdown=5,
            )
        )  # fmt: skip

    @property
    def port(self) -> int:
        return self._server.servers[0].sockets[0].getsockname()[1]

    @property
    def connections(self) -> int:
        return len(self._server.server_state.connections)

    @property
    def has_started(self) -> bool:
        return self._server.started

    async def run(self) -> None:
        await self._server.serve()

    def stop(self) -> None:
        self._server.should_exit = True


@contextmanager
def serving(limits: Limits | None = None, *, loop: str = "uvloop", keep_alive: int = 5) -> Iterator[Served]:
    """Run a server for as long as the context is open."""
    app = Application()
    served = Served(app, limits or Limits(), keep_alive)

    def run() -> None:
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(served.run())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        until(lambda: served.has_started)
        yield served
    finally:
        app.let_go()
        served.stop()
        thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
