"""Sick receivers and bad clients do what they say, each shown to the other or to a server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.faults.attackers import RawClient, body_of, byte_by_byte, headers_of, idle, line_of
from tests.support.faults.receivers import SICKNESSES, Sickness, SickReceiver
from tests.support.patience import eventually
from tests.worlds.ingest import run_ingest, serve

HEAD = b"HTTP/1.1 200 OK\r\n"
# What a client that waits has received from each after a while.
ANSWERS: dict[Sickness, Callable[[bytes], bool]] = {
    "silent": lambda got: got == b"",
    "breaks": lambda got: got == b"",
    "resets": lambda got: got == b"",
    "garbage": lambda got: got.startswith(b"\0\xffSSH"),
    "drips": lambda got: got.startswith(HEAD + b"X: xxx") and b"\r\n\r\n" not in got,
    "continues": lambda got: got.count(b"HTTP/1.1 100 Continue\r\n\r\n") > 100,
    "headers": lambda got: got.count(b"X-More: and more\r\n") > 100 and b"\r\n\r\n" not in got,
    "body": lambda got: got.startswith(HEAD) and len(got) > 100_000,
    "half": lambda got: got.startswith(HEAD) and got.endswith(b"x" * 1024) and b": 2048\r\n" in got,
}


@pytest.mark.parametrize("sickness", SICKNESSES)
async def test_a_sick_receiver_answers_as_configured(sickness: Sickness) -> None:
    async with SickReceiver(sickness) as sick:
        async with RawClient.to(sick.url) as client:
            assert await client.send(body_of(10))
            await sick.has_taken(1)
            if sickness in {"breaks", "resets"}:
                await client.hung_up.wait()
            await eventually(lambda: ANSWERS[sickness](bytes(client.received)))
            assert (client.hung_up.is_set(), sick.left) == (sickness in {"breaks", "resets"}, 0)
        await sick.was_left(sickness not in {"breaks", "resets"})


@pytest.fixture
async def flipline(tmp_path: Path) -> AsyncIterator[str]:
    async with run_ingest(tmp_path) as world, serve(world.app) as url:
        yield url


async def test_a_raw_client_is_understood_and_answered(flipline: str) -> None:
    async with RawClient.to(flipline) as client:
        for request in (line_of(100), byte_by_byte(headers_of(500, each=50)), body_of(10)):
            await client.send(request)
            assert await client.status() in {200, 404, 405}
        assert not client.received


def test_generated_requests_have_the_requested_size() -> None:
    line, _, _ = b"".join(line_of(100_000)).partition(b"\r\n")
    assert len(line) + 2 == 100_000
    head = b"".join(headers_of(100_000, each=1_000))
    assert len(head[head.index(b"x-0") :]) == 100_000 + len(b"\r\n")
    assert {len(header) + 2 for header in head.split(b"\r\n") if header.startswith(b"x-")} == {1_000}
    for announced in (None, 70_000):
        head, _, body = b"".join(body_of(60_000, announced=announced)).partition(b"\r\n\r\n")
        assert (len(body), b"Length: %d" % (announced or 60_000) in head) == (60_000, True)


@asynccontextmanager
async def curt(limit: int) -> AsyncIterator[tuple[str, set[object]]]:
    """A server that hangs up after `limit` bytes, and the connections that it has."""
    connected: set[object] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.add(writer)
        try:
            await reader.readexactly(limit)
        except asyncio.IncompleteReadError:
            pass
        finally:
            connected.discard(writer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", connected


async def test_a_raw_client_stops_sending_when_the_server_hangs_up() -> None:
    async with curt(1_000) as (url, _), RawClient.to(url) as client:
        assert not await client.send(byte_by_byte(headers_of(1_000_000, each=100)))
        assert 1_000 <= client.sent < 1_000_000
        assert await client.status() is None
        assert client.hung_up.is_set()


async def test_idle_clients_stay_connected_until_the_block_ends() -> None:
    async with curt(1) as (url, connected):
        async with idle(url, 50) as clients:
            await eventually(lambda: len(connected) == 50)
            assert not any(client.hung_up.is_set() for client in clients)
        await eventually(lambda: not connected)
