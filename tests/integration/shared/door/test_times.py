"""How long a client may keep the server waiting; the limits are short here, and tests wait for the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shared.door.limits import Limits
from tests.integration.shared.door.client import Client
from tests.integration.shared.door.server import LOOPS, Served, serving
from tests.support.patience import until

PART_OF_HEAD = b"GET /x HTTP/1.1\r\nHost: x\r\n"
PART_OF_BODY = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    return request.param


@contextmanager
def short(loop: str, **limits: Any) -> Iterator[tuple[Served, Client]]:
    with serving(Limits(**limits), loop=loop) as served, Client(served.port) as client:
        yield served, client


def drip(client: Client, byte: bytes, ended: Callable[[], object]) -> None:
    """Send a byte now and then until the server closes the connection."""

    def sent_and_ended() -> bool:
        client.can_send(byte)
        return bool(ended())

    until(sent_and_ended)


def test_a_connection_without_a_request_is_closed(loop: str) -> None:
    with short(loop, head_seconds=0.2) as (_, client):
        assert client.is_closed()


def test_headers_that_do_not_end_are_refused(loop: str) -> None:
    with short(loop, head_seconds=0.2) as (_, client):
        client.send(PART_OF_HEAD)
        assert client.refusal() == (408, "headers_too_slow")


def test_headers_sent_byte_by_byte_too_slowly_are_cut_off(loop: str) -> None:
    with short(loop, head_seconds=0.5, linger_seconds=0.1) as (served, client):
        client.send(PART_OF_HEAD + b"a: ")
        drip(client, b"x", lambda: served.connections == 0)
        assert served.app.headers == []


def test_slow_headers_of_a_second_request_are_refused(loop: str) -> None:
    with short(loop, head_seconds=0.2) as (_, client):
        client.send(PART_OF_HEAD + b"\r\n" + PART_OF_HEAD)
        first, second = client.answers()
        assert (first.status, second.status, second.code) == (200, 408, "headers_too_slow")


def test_a_body_that_does_not_end_is_refused_and_disconnects_the_application(loop: str) -> None:
    with short(loop, body_seconds=0.2) as (served, client):
        client.send(PART_OF_BODY)
        assert client.refusal() == (408, "body_too_slow")
        until(lambda: served.app.disconnected == 1)


def test_a_body_sent_byte_by_byte_too_slowly_is_cut_off(loop: str) -> None:
    with short(loop, body_seconds=0.5, linger_seconds=0.1) as (served, client):
        client.send(PART_OF_BODY.replace(b" 10", b" 1000000"))
        drip(client, b"x", lambda: served.connections == 0)
        assert served.app.bodies == []


def test_an_endless_body_after_an_early_answer_is_cut_off_without_a_second_answer(loop: str) -> None:
    with short(loop, body_seconds=0.3) as (served, client):
        client.send(PART_OF_BODY.replace(b"/x", b"/early").replace(b" 10", b" 1000000"))
        answer = client.answer()
        assert answer is not None
        assert answer.body == b"/early"
        drip(client, b"x", lambda: served.connections == 0)
        assert client.is_closed()


def test_an_idle_connection_is_closed_after_an_early_answer_and_its_body(loop: str) -> None:
    """Uvicorn has no timer for this."""
    with serving(loop=loop, keep_alive=1) as served, Client(served.port) as client:
        client.send(PART_OF_BODY.replace(b"/x", b"/early"))
        assert client.answer() is not None
        client.send(b"defghij")
        assert client.is_closed()


def test_empty_lines_do_not_keep_an_idle_connection_open(loop: str) -> None:
    with serving(loop=loop, keep_alive=1) as served, Client(served.port) as client:
        assert client.get().status == 200
        drip(client, b"\r\n", lambda: served.connections == 0)


def test_the_application_may_take_longer_than_the_limits_for_clients(loop: str) -> None:
    with short(loop, head_seconds=0.1, body_seconds=0.1, unread_seconds=0.1) as (served, client):
        client.send(b"POST /held HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" + PART_OF_HEAD)
        until(lambda: served.app.held == 1)
        # The other connection is closed because it is slow, the first waits for its answer.
        with Client(served.port) as other:
            assert other.is_closed()
        served.app.let_go()
        answers = client.answers()
        assert answers[0].body == b"/held"
        assert [answer.code for answer in answers[1:]] == ["headers_too_slow"]


def test_a_client_that_does_not_read_its_answer_is_cut_off(loop: str) -> None:
    with short(loop, unread_seconds=0.3) as (served, client):
        client.send(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: served.connections == 0)
        until(lambda: served.app.headers)


def test_a_client_that_leaves_its_last_answer_unread_is_cut_off(loop: str) -> None:
    """Closing waits until all bytes are read, so without a limit it would wait for ever."""
    with short(loop, unread_seconds=0.3) as (served, client):
        client.send(b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        until(lambda: served.connections == 0)


def test_a_refused_client_that_stays_is_cut_off(loop: str) -> None:
    with short(loop, linger_seconds=0.3) as (served, client):
        client.send(b"GARBAGE\r\n\r\n")
        answer = client.answer()
        assert answer is not None
        assert answer.status == 400
        drip(client, b"x", lambda: served.connections == 0)
