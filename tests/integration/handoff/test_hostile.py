"""Endpoints that attack the delivery worker: each is cut off and recorded, and the others go on."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from services.handoff.sending.bounded import MAX_ANSWER_BYTES, MAX_INFORMATIONAL
from shared.database.engine import Database
from tests.support.hostile import BOMB, CHUNKED, HEAD, Behaviour, dripping, endless, hostile, saying, silent
from tests.support.leads import qualified
from tests.support.patience import PATIENCE_SECONDS, eventually
from tests.support.receiver import Receiver, Reply
from tests.worlds.handoff import HandoffWorld, run_handoff

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# An attempt may take longer than the test, so an answer that is cut off was cut off for its size.
SECONDS = 2 * PATIENCE_SECONDS
TOO_LARGE = f"does not end within {MAX_ANSWER_BYTES:,} bytes"
TOO_MANY = f"more than {MAX_INFORMATIONAL} informational responses"

INFORMATIONAL = {
    "100 Continue": endless(b"", CONTINUE * 1_000),
    "short ones": endless(b"", b"HTTP/1.1 199 \r\n\r\n" * 1_000),
    "bare line feeds": endless(b"", b"HTTP/1.1 199 \n\n" * 1_000),
    "one and a half at a time": endless(CONTINUE[:10], (CONTINUE[10:] + CONTINUE[:10]) * 2),
}
WITHOUT_END = {
    "one informational response": endless(b"HTTP/1.1 103 \r\n", b"a: b\r\n" * 1_000),
    "header lines": endless(HEAD, b"a:\r\n" * 1_000),
    "one header": endless(HEAD + b"a: ", b"x" * 1_000),
    "the reason": endless(b"HTTP/1.1 200 ", b"O" * 1_000),
    "folded header lines": endless(HEAD + b"a: b\r\n", b" c\r\n" * 1_000),
}
# The status had come, and it decides.
DECIDED = {
    "a body without end": endless(HEAD + b"\r\n", b"x" * 1_000),
    "chunks without end": endless(CHUNKED, b"1\r\nx\r\n" * 1_000),
    "a chunk extension without end": endless(CHUNKED + b"1;", b"x=y;" * 1_000),
    "trailers without end": endless(CHUNKED + b"0\r\n", b"a: b\r\n" * 1_000),
    "a body one byte at a time": dripping(HEAD + b"\r\n", b"x"),
    "a body that breaks off": saying(HEAD + b"content-length: 100\r\n\r\nx"),
    "a chunk that is none": saying(CHUNKED + b"zz\r\n"),
    "a bomb under gzip": saying(
        HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(BOMB) + BOMB
    ),
}
NO_ANSWER = {
    "nothing": saying(b""),
    "blank lines without end": endless(b"", b"\r\n" * 1_000),
    "a part of a head": saying(HEAD + b"content-le"),
    "HTTP/0.9": saying(b"<html>welcome</html>"),
    "another protocol": saying(b"220 smtp.example ESMTP\r\n"),
    "zeros": saying(bytes(1_000)),
    "a status that there is not": saying(b"HTTP/1.1 099 No\r\n\r\n"),
    "a switch of protocols": saying(b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
    "two lengths": saying(HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\nx"),
    "a negative length": saying(HEAD + b"content-length: -1\r\n\r\nx"),
    "100 Continue and then nothing": saying(CONTINUE),
}


@pytest.fixture
async def world(tmp_path: Path, sqlite_url: str) -> AsyncIterator[HandoffWorld]:
    database = Database(sqlite_url)
    async with run_handoff(tmp_path, database, timeout_seconds=SECONDS) as running:
        yield running
    await database.close()


@pytest.fixture
async def hasty_world(tmp_path: Path, sqlite_url: str) -> AsyncIterator[HandoffWorld]:
    database = Database(sqlite_url)
    async with run_handoff(tmp_path, database, timeout_seconds=0.5) as running:
        yield running
    await database.close()


async def attempt_at(world: HandoffWorld, url: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a delivery to the URL and the first attempt at it."""
    webhook = await world.subscribe(url)
    await world.append(qualified())
    delivery = await world.wait_for_attempts(webhook, 1)
    return delivery, delivery["attempts"][0]


@pytest.mark.parametrize("behave", WITHOUT_END.values(), ids=WITHOUT_END)
async def test_an_endless_response_head_is_cut_off_by_size(world: HandoffWorld, behave: Behaviour) -> None:
    async with hostile(behave) as address:
        delivery, attempt = await attempt_at(world, f"http://{address}/")

    assert (delivery["status"], attempt["status"]) == ("pending", None)
    assert TOO_LARGE in attempt["error"]


@pytest.mark.parametrize("behave", INFORMATIONAL.values(), ids=INFORMATIONAL)
async def test_informational_responses_without_end_are_cut_off_for_their_number(
    world: HandoffWorld, behave: Behaviour
) -> None:
    async with hostile(behave) as address:
        delivery, attempt = await attempt_at(world, f"http://{address}/")

    assert (delivery["status"], attempt["status"]) == ("pending", None)
    assert TOO_MANY in attempt["error"]


async def test_a_few_informational_responses_are_no_harm(world: HandoffWorld) -> None:
    few = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * MAX_INFORMATIONAL
    async with hostile(saying(few + HEAD + b"content-length: 0\r\n\r\n")) as address:
        delivery, attempt = await attempt_at(world, f"http://{address}/")

    assert (delivery["status"], attempt["status"]) == ("delivered", 200)


@pytest.mark.parametrize("behave", DECIDED.values(), ids=DECIDED)
async def test_content_after_a_success_status_does_not_change_the_result(
    world: HandoffWorld, behave: Behaviour
) -> None:
    async with hostile(behave) as address:
        delivery, attempt = await attempt_at(world, f"http://{address}/")

    assert (delivery["status"], attempt["status"], attempt["error"]) == ("delivered", 200, None)
    assert len(attempt["response"]) <= 500


@pytest.mark.parametrize("behave", NO_ANSWER.values(), ids=NO_ANSWER)
async def test_an_invalid_http_response_is_a_failure(world: HandoffWorld, behave: Behaviour) -> None:
    async with hostile(behave) as address:
        delivery, attempt = await attempt_at(world, f"http://{address}/")

    assert delivery["status"] == "pending"
    assert attempt["error"]


@pytest.mark.parametrize(
    "behave",
    [
        silent,
        dripping(b"HTTP/1.1 200 ", b"O"),
        dripping(HEAD, b"a: b\r\n"),
        dripping(b"HTTP/1.1 103 \r\n", b"a"),
        dripping(b"", b"\r\n"),
    ],
    ids=["silence", "a reason now and then", "a header now and then", "a hint now and then", "blank lines"],
)
async def test_a_slow_response_is_cut_off_by_the_timeout(
    hasty_world: HandoffWorld, behave: Behaviour
) -> None:
    async with hostile(behave) as address:
        delivery, attempt = await attempt_at(hasty_world, f"http://{address}/")

    assert (delivery["status"], attempt["error"]) == ("pending", "No answer within 0.5 seconds.")


async def test_a_handshake_that_stalls_is_cut_off(hasty_world: HandoffWorld) -> None:
    async with hostile(silent) as address:
        delivery, attempt = await attempt_at(hasty_world, f"https://{address}/")

    assert (delivery["status"], attempt["status"]) == ("pending", None)


async def test_an_https_endpoint_that_does_not_speak_tls_is_a_failure(world: HandoffWorld) -> None:
    async with hostile(saying(HEAD + b"\r\n", reads=False)) as address:
        delivery, attempt = await attempt_at(world, f"https://{address}/")

    assert (delivery["status"], attempt["status"]) == ("pending", None)


async def test_a_response_before_the_request_was_read_is_recorded(world: HandoffWorld) -> None:
    async with hostile(saying(HEAD + b"content-length: 0\r\n\r\n", reads=False)) as address:
        delivery, attempt = await attempt_at(world, f"http://{address}/")

    # The network decides whether the answer arrives before the connection breaks.
    assert (delivery["status"], attempt["status"]) in {("delivered", 200), ("pending", None)}


async def test_the_size_limit_applies_to_each_response_of_a_reused_connection(world: HandoffWorld) -> None:
    long = {"x-long": "x" * (MAX_ANSWER_BYTES - 1_000)}
    async with Receiver(Reply(200, long)) as receiver:
        webhook = await world.subscribe(receiver.url())
        for number in range(3):
            await world.append(qualified(number))
            await world.wait_for_deliveries(webhook, "delivered", number + 1)

        assert len(receiver.received) == 3


async def test_a_healthy_endpoint_gets_its_leads_among_hostile_endpoints(world: HandoffWorld) -> None:
    behaviours = [
        *INFORMATIONAL.values(),
        *WITHOUT_END.values(),
        *DECIDED.values(),
        *NO_ANSWER.values(),
        silent,
    ]
    async with AsyncExitStack() as stack, Receiver() as receiver:
        webhooks = [
            await world.subscribe(f"http://{await stack.enter_async_context(hostile(behave))}/")
            for behave in behaviours
        ]
        healthy = await world.subscribe(receiver.url())

        await world.append(*(qualified(number) for number in range(20)))

        await world.wait_for_deliveries(healthy, "delivered", 20)
        assert len(receiver.received) == 20
        for webhook in webhooks[:-1]:
            await eventually(
                lambda webhook=webhook: world.deliveries(webhook),
                lambda rows: any(row["attempts"] for row in rows),
            )
        assert (await world.api.get("/readyz")).status_code == 200
