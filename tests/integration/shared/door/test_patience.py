"""When a client takes too long to read its answer, by the time and by the number of bytes that are left."""

import asyncio
from typing import Any
from unittest.mock import Mock

import pytest
import uvicorn
from uvicorn.server import ServerState

from shared.door.limits import Limits
from shared.door.protocol import Doorway, doorway
from tests.integration.shared.door.server import Application

KIB = 1024


@pytest.fixture
def connection() -> Doorway:
    """A connection with a mocked transport; its client may leave an answer unread for 30 s."""
    config = uvicorn.Config(Application(), log_config=None)
    loop = Mock(spec=asyncio.AbstractEventLoop)
    made = doorway(Limits())(config, ServerState(), {}, loop)
    transport = Mock(spec=asyncio.Transport)
    transport.is_closing.return_value = True
    transport.get_extra_info.return_value = None
    made.connection_made(transport)
    return made


def is_cut_off(connection: Doorway, seen: list[tuple[float, int]]) -> list[float]:
    """Return when the connection is cut off, given pairs of a time and the bytes that are left then."""
    cut: list[float] = []
    transport: Any = connection.transport
    for now, left in seen:
        transport.get_write_buffer_size.return_value = left
        transport.abort.side_effect = lambda now=now: cut.append(now)
        connection.look(now)
    return cut


@pytest.mark.parametrize(
    ("seen", "cut"),
    [
        ([(0, 0), (100, 0)], []),
        ([(0, 50), (29, 50), (30, 50)], [30]),
        ([(0, 50), (29, 49), (30, 48)], [30]),
        # All is read, and bytes are left again: a new period.
        ([(0, 50), (29, 0), (31, 50), (60, 50), (61, 50)], [61]),
        # At least 16 KiB in each period: slow, but the client reads.
        ([(now, 500 * KIB - now * KIB) for now in range(0, 400, 20)], []),
        ([(now, 500 * KIB - now * 400) for now in range(0, 40, 10)], [30]),
        # More was written, which does not show that the client reads.
        ([(0, 20 * KIB), (10, 60 * KIB), (20, 90 * KIB), (30, 100 * KIB)], [30]),
    ],
)
def test_a_client_that_reads_less_than_16_kib_in_30_seconds_is_cut_off(
    connection: Doorway, seen: list[tuple[float, int]], cut: list[float]
) -> None:
    assert is_cut_off(connection, seen) == cut


def test_an_answer_that_is_sent_as_fast_as_it_is_read_is_not_cut_off(connection: Doorway) -> None:
    for period in range(10):
        assert is_cut_off(connection, [(period * 20, 60 * KIB), (period * 20 + 19, 60 * KIB)]) == []
        connection.pause_writing()
        connection.resume_writing()


def test_the_check_interval_is_shorter_than_the_shortest_limit() -> None:
    assert Limits().interval_seconds == 0.5
    assert Limits(patience_seconds=10, linger_seconds=8).interval_seconds == 1
    assert Limits(head_seconds=0.2).interval_seconds == 0.1
