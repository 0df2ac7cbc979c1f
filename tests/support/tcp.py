"""A TCP server on 127.0.0.1 that ends with its `async with` block, connections included."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Self


class TcpServer(ABC):
    """Serves each connection in a task of its own; a client that hangs up ends the task."""

    def __init__(self) -> None:
        self._connections: set[asyncio.Task[None]] = set()

    @abstractmethod
    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, which is closed afterwards."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                await self.serve(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()
