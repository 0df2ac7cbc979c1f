"""Clients that speak HTTP badly on purpose, more than the server takes, beside one that works."""

from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack

from tests.support.faults.attackers import RawClient, body_of, headers_of, idle, line_of
from tests.torture.fault import Fault
from tests.torture.scene import Scene

PLACES = 50
_MEBIBYTE = 1024 * 1024
_BEGINS = b"POST /v1/events HTTP/1.1\r\nHost: a\r\nX-Slow: "


async def _on_the_door(scene: Scene) -> None:
    await scene.sender.has_posted(0.2)
    url = scene.flipline.write.url
    async with AsyncExitStack() as stack:
        slow = [await stack.enter_async_context(RawClient.to(url)) for _ in range(5)]
        for client in slow:
            await client.send([_BEGINS])
        for attack, status in (
            (line_of(100 * _MEBIBYTE), 414),
            (headers_of(100 * _MEBIBYTE, each=1_000), 431),
            (headers_of(100 * _MEBIBYTE, each=90 * _MEBIBYTE), 431),
            (_to_ingest(body_of(100 * _MEBIBYTE)), 413),
        ):
            async with RawClient.to(url) as client:
                assert not await client.send(attack), "refused before all of it was sent"
                answered = await client.status()
                assert answered == status, (answered, client.sent)
        await scene.sender.has_posted(0.5)
        for client in slow:
            # Refused because it is slow, or because another client needs the connection.
            assert await client.status() in {408, 503}
    async with idle(url, 2 * PLACES):
        # Silent clients make way for clients that send.
        await scene.sender.has_posted(0.9)


def _to_ingest(parts: Iterable[bytes]) -> Iterator[bytes]:
    return (part.replace(b"POST / ", b"POST /v1/events ", 1) for part in parts)


FAULTS = (
    Fault("attacks on the door", _on_the_door, settings={"max_connections": str(PLACES)}, turns_red=False),
)
