"""How many connections are open at once: idle connections make way, and served ones stay."""

import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from shared.door.limits import Limits
from tests.integration.shared.door.client import Client
from tests.integration.shared.door.server import LOOPS, Served, serving
from tests.support.patience import until


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    return request.param


@contextmanager
def clients(served: Served, count: int) -> Iterator[list[Client]]:
    """Open `count` connections; return when the server has accepted them."""
    with ExitStack() as stack:
        made = [stack.enter_context(Client(served.port)) for _ in range(count)]
        until(lambda: served.connections >= count)
        yield made


def status(served: Served, path: str = "/") -> int:
    with Client(served.port) as client:
        return client.get(path).status


def test_idle_connections_do_not_block_new_clients(loop: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    with serving(Limits(connections=600, head_seconds=600), loop=loop) as served, clients(served, 600):
        # In their first second idle connections stay, too, and the answer is: come again.
        until(lambda: status(served) == 200)
        for _ in range(20):
            assert status(served) == 200
        assert served.connections <= 600 + 1


@pytest.mark.parametrize(
    ("sent", "codes"),
    [
        (b"", []),
        (b"GET /x HTTP/1.1\r\n", ["too_many_connections"]),
        (b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n", []),
    ],
    ids=["silent", "within headers", "idle"],
)
def test_a_connection_without_a_complete_request_is_closed_for_a_new_client(
    loop: str, sent: bytes, codes: list[str]
) -> None:
    limits = Limits(connections=1, head_seconds=600, patience_seconds=0.1)
    with serving(limits, loop=loop, keep_alive=600) as served, clients(served, 1) as (first,):
        first.send(sent)
        if sent.endswith(b"\r\n\r\n"):
            assert (answer := first.answer()) is not None
            assert answer.status == 200
        until(lambda: status(served) == 200)
        assert [answer.code for answer in first.answers()] == codes


def test_a_connection_over_the_limit_is_refused_with_retry_after(loop: str) -> None:
    limits = Limits(connections=3, patience_seconds=0.1, linger_seconds=0.1)
    with serving(limits, loop=loop) as served, clients(served, 3) as busy:
        for client in busy:
            client.send(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: served.app.held == 3)
        for _ in range(100):
            with Client(served.port) as further:
                (answer,) = further.answers()
                assert (answer.status, answer.code) == (503, "too_many_connections")
                assert answer.headers["retry-after"] == "5"
                assert answer.headers["connection"] == "close"
        served.app.let_go()
        for client in busy:
            answer = client.answer()
            assert answer is not None
            assert answer.status == 200
        until(lambda: status(served) == 200)


def test_a_flood_of_connections_is_cut_off(loop: str) -> None:
    limits = Limits(connections=1, head_seconds=600, linger_seconds=600, patience_seconds=600)
    with serving(limits, loop=loop) as served, clients(served, 1) as (first,):
        with ExitStack() as stack:
            flood = [stack.enter_context(Client(served.port)) for _ in range(200)]
            refused = [client.answer() for client in flood]
            assert {answer.code for answer in refused if answer} == {"too_many_connections"}
            assert None in refused
            assert served.connections <= 1 + 64
        assert first.get().status == 200


def test_a_request_over_the_limit_is_refused_with_retry_after(loop: str) -> None:
    with serving(Limits(requests=2), loop=loop) as served, clients(served, 3) as (*busy, further):
        for client in busy:
            client.send(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: served.app.held == 2)
        further.send(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        (answer,) = further.answers()
        assert (answer.status, answer.code) == (503, "too_many_requests")
        assert (answer.headers["retry-after"], answer.headers["connection"]) == ("5", "close")
        served.app.let_go()
        assert [(answer := client.answer()) and answer.status for client in busy] == [200, 200]
        until(lambda: status(served) == 200)


def test_a_request_with_a_missing_body_does_not_block_other_clients(loop: str) -> None:
    limits = Limits(requests=1, body_seconds=600, patience_seconds=0.1)
    with serving(limits, loop=loop) as served, clients(served, 1) as (slow,):
        slow.send(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab")
        until(lambda: status(served) == 200)
        assert slow.refusal() == (503, "too_many_requests")
        assert served.app.disconnected == 1
