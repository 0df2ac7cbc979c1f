"""Endpoints that do what no endpoint should: each is a way to treat a connection, on a real socket."""

import asyncio
import gzip
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from tests.support.patience import a_moment

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
BOMB = gzip.compress(bytes(4_000_000))


async def request_from(reader: asyncio.StreamReader) -> None:
    await reader.readuntil(b"\r\n\r\n")


def endless(start: bytes, part: bytes) -> Behaviour:
    """Answer with a start and then the same part for ever, as fast as it is read."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_from(reader)
        writer.write(start)
        while True:
            writer.write(part)
            await writer.drain()

    return behave


def dripping(start: bytes, part: bytes) -> Behaviour:
    """Answer with a start and then one small part after the other for ever, each in a packet of its own."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_from(reader)
        writer.write(start)
        while True:
            writer.write(part)
            await writer.drain()
            await a_moment()

    return behave


def saying(answer: bytes, *, reads: bool = True) -> Behaviour:
    """Send these bytes and close the connection, whether the request was read or not."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if reads:
            await request_from(reader)
        writer.write(answer)
        await writer.drain()

    return behave


async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept the connection and nothing more."""
    await asyncio.Event().wait()


@asynccontextmanager
async def hostile(behave: Behaviour) -> AsyncGenerator[str]:
    """Listen on 127.0.0.1 as long as the context is open; give the address and port."""
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        connections.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await behave(reader, writer)
        finally:
            connections.discard(task)
            writer.close()

    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    # Bytes that the kernel buffers without a reader cost this process work and prove nothing.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8_192)
    server = await asyncio.start_server(connected, sock=listening)
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
