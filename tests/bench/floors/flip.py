"""The floor of row 11: the least that takes an event in durably and posts a webhook of it.

`python -m tests.bench.floors.flip PORT FILE URL BODY`: an ASGI application that stores each body in one
transaction of a SQLite file, gives it back, and posts the bytes of the file BODY to the URL.
"""

import asyncio
import sqlite3
import sys
from pathlib import Path

import aiohttp
import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.loops.auto import auto_loop_factory

from deploy.localserver import HOST
from tests.bench.floors.echo import answer, body_of

_HEADERS = {"content-type": "application/json"}


class Floor:
    """The application."""

    def __init__(self, file: str, url: str, webhook: bytes) -> None:
        self._store = sqlite3.connect(file, isolation_level=None)
        self._store.execute("pragma journal_mode=wal")
        self._store.execute("pragma synchronous=full")
        self._store.execute("create table event (body blob)")
        self._url = url
        self._webhook = webhook
        self._posting = set[asyncio.Task[None]]()
        self._session = aiohttp.ClientSession()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Store, answer 200 with the body that came, and post."""
        assert scope["type"] == "http"
        body = await body_of(receive)
        self._store.execute("insert into event values (?)", (body,))
        await answer(body, send)
        task = asyncio.create_task(self._post())
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)

    async def _post(self) -> None:
        async with self._session.post(self._url, data=self._webhook, headers=_HEADERS) as answer:
            await answer.read()


async def serve(port: int, file: str, url: str, webhook: bytes) -> None:
    """Serve until ended."""
    config = uvicorn.Config(
        Floor(file, url, webhook),
        host=HOST,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="off",
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(serve(int(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]).read_bytes()))
