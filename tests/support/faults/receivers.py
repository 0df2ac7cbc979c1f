"""Webhook endpoints that are sick: they take the connection, and then do not answer as HTTP would."""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Literal, get_args

from tests.support.patience import a_moment, eventually
from tests.support.tcp import TcpServer

Sickness = Literal[
    "silent",  # takes the request and never answers
    "breaks",  # ends the connection instead of an answer
    "resets",  # the same, rudely (RST)
    "garbage",  # answers with something other than HTTP
    "drips",  # sends its headers a byte at a time
    "continues",  # says 100 Continue for ever
    "headers",  # sends headers without an end
    "body",  # says 200 and sends a body without an end
    "half",  # says 200, promises a body, sends a half of it and no more
]
SICKNESSES: tuple[Sickness, ...] = get_args(Sickness)

_OK = b"HTTP/1.1 200 OK\r\n"
_CHUNK = b"x" * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class SickReceiver(TcpServer):
    """Listens on 127.0.0.1; `taken` counts the requests, `left` the clients that have hung up."""

    def __init__(self, sickness: Sickness) -> None:
        super().__init__()
        self._sickness: Sickness = sickness
        self.taken = 0
        self.left = 0

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def has_taken(self, count: int) -> None:
        """Return once `count` requests have come."""
        await eventually(lambda: self.taken >= count)

    async def was_left(self, count: int) -> None:
        """Return once `count` clients have given up."""
        await eventually(lambda: self.left >= count)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a request, and answer it as this receiver's sickness has it."""
        await _request(reader)
        self.taken += 1
        await self._suffer(reader, writer)

    async def _suffer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering = asyncio.create_task(_ANSWERS[self._sickness](writer))
        try:
            if self._sickness in {"breaks", "resets"}:
                await answering
                return
            # A client that gives up closes; one that waits sends nothing more.
            with suppress(ConnectionError):
                await reader.read()
            self.left += 1
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)


async def _request(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, _, length = head.partition(b"content-length:")
    await reader.readexactly(int(length.split(b"\r\n", 1)[0] or 0))


async def _say(writer: asyncio.StreamWriter, *parts: bytes) -> None:
    for part in parts:
        writer.write(part)
        await writer.drain()


async def _for_ever(writer: asyncio.StreamWriter, part: bytes) -> None:
    while True:
        await _say(writer, part)
        await asyncio.sleep(0)


async def _silent(_writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _breaks(_writer: asyncio.StreamWriter) -> None:
    return


async def _resets(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


async def _garbage(writer: asyncio.StreamWriter) -> None:
    await _say(writer, b"\0\xffSSH-2.0-no HTTP at all\r\n\r\n")


async def _drips(writer: asyncio.StreamWriter) -> None:
    await _say(writer, _OK, b"X: ")
    while True:
        await _say(writer, b"x")
        await a_moment()


async def _continues(writer: asyncio.StreamWriter) -> None:
    await _for_ever(writer, b"HTTP/1.1 100 Continue\r\n\r\n")


async def _headers(writer: asyncio.StreamWriter) -> None:
    await _say(writer, _OK)
    await _for_ever(writer, b"X-More: and more\r\n")


async def _body(writer: asyncio.StreamWriter) -> None:
    await _say(writer, _OK, b"Transfer-Encoding: chunked\r\n\r\n")
    await _for_ever(writer, b"%x\r\n%b\r\n" % (len(_CHUNK), _CHUNK))


async def _half(writer: asyncio.StreamWriter) -> None:
    await _say(writer, _OK, b"Content-Length: %d\r\n\r\n" % (2 * len(_CHUNK)), _CHUNK)


_ANSWERS: dict[Sickness, Callable[[asyncio.StreamWriter], Coroutine[None, None, None]]] = {
    "silent": _silent,
    "breaks": _breaks,
    "resets": _resets,
    "garbage": _garbage,
    "drips": _drips,
    "continues": _continues,
    "headers": _headers,
    "body": _body,
    "half": _half,
}
