"""How much of a request is read: bytes are counted before they are parsed, in whatever pieces they come."""

from collections.abc import Iterator

import pytest

from shared.door.limits import Limits
from tests.integration.shared.door.client import Client
from tests.integration.shared.door.server import LOOPS, Served, serving
from tests.support.patience import until

LIMITS = Limits()
LINE, HEADERS = LIMITS.line_bytes, LIMITS.headers_bytes
OVER_LINE = (414, "line_too_long")
OVER_HEADERS = (431, "headers_too_large")


@pytest.fixture(params=LOOPS)
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    with serving(loop=request.param) as running:
        yield running


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with Client(served.port) as connected:
        yield connected


def line(size: int) -> bytes:
    """A request line of `size` bytes."""
    return b"GET /" + b"x" * (size - 16) + b" HTTP/1.1\r\n"


def headers(size: int, *, each: int = 100) -> bytes:
    """Headers of `size` bytes together, each of about `each` bytes."""
    first = b"Host: x\r\n"
    left = size - len(first)
    lines = [first]
    while left:
        length = left if left < 2 * each else each
        lines.append(b"a: " + b"x" * (length - 5) + b"\r\n")
        left -= length
    return b"".join(lines)


def test_a_request_within_the_limits_is_answered(client: Client) -> None:
    client.send(line(LINE) + headers(HEADERS) + b"\r\n")
    assert client.answer() is not None
    client.send(line(LINE) + headers(HEADERS, each=HEADERS) + b"\r\n")
    assert client.answer() is not None
    assert client.get().status == 200


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        (line(LINE + 1) + b"Host: x\r\n\r\n", OVER_LINE),
        (line(200_000) + b"Host: x\r\n\r\n", OVER_LINE),
        # The line has no end, so the server must not wait for it.
        (b"GET /" + b"x" * 20_000, OVER_LINE),
        (b"GET /?" + b"x" * 200_000, OVER_LINE),
        (line(100) + headers(HEADERS + 1) + b"\r\n", OVER_HEADERS),
        (line(100) + headers(HEADERS + 1, each=HEADERS) + b"\r\n", OVER_HEADERS),
        (line(LINE) + headers(HEADERS + 1) + b"\r\n", OVER_HEADERS),
        (line(100) + b"a: " + b"x" * 40_000, OVER_HEADERS),
        (line(100) + b"x" * 40_000, OVER_HEADERS),
        (line(100) + b"a:\r\n" * 10_000, OVER_HEADERS),
        (line(100) + headers(1_000_000) + b"\r\n", OVER_HEADERS),
        (b"\r\n" * 20_000, OVER_HEADERS),
    ],
)
def test_a_request_over_the_limits_is_refused_and_the_connection_closed(
    client: Client, request_: bytes, refusal: tuple[int, str]
) -> None:
    client.send(request_)
    assert client.refusal() == refusal


def test_limits_apply_to_a_slow_pipelined_request(client: Client) -> None:
    client.send(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n" + line(100) + b"a: ")
    for _ in range(1_000):
        client.send(b"x" * 50)
    first, second = client.answers()
    assert (first.status, first.body) == (200, b"/a")
    assert (second.status, second.code) == OVER_HEADERS


def test_a_request_that_comes_byte_by_byte_is_answered(client: Client) -> None:
    for byte in b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc":
        client.send(bytes([byte]))
    answer = client.answer()
    assert answer is not None
    assert answer.body == b"/b"


def test_endless_headers_are_cut_off(served: Served) -> None:
    """The client sends without reading: the server answers, and then cuts the client off."""
    sent = 0
    with Client(served.port) as client:
        client.send(line(100) + b"a: ")
        while sent < 200_000_000 and client.can_send(b"x" * 1_000_000):
            sent += 1_000_000
    # The bytes that the server discards, and the buffers of both sockets.
    assert sent < LIMITS.linger_bytes + 40_000_000
    until(lambda: served.connections == 0)
    assert served.app.headers == []


CHUNKED = b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_chunks_trailers_and_extensions_are_read(served: Served, client: Client) -> None:
    client.send(CHUNKED + b'3;name="value"\r\nabc\r\n' + b"1\r\nd\r\n" * 5_000 + b"0\r\nExpect: x\r\n")
    client.send(b"Authorization: Bearer key\r\n\r\n")
    answer = client.answer()
    assert answer is not None
    assert answer.body == b"/c"
    assert served.app.bodies == [b"abc" + b"d" * 5_000]
    # Bytes after the body are not a header of the request.
    assert served.app.headers[0].keys() == {b"host", b"transfer-encoding"}
    assert client.get().status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"3;" + b"x" * 60_000,
        b"3\r\nabc\r\n3;" + b"x" * 60_000,
        b"0\r\na: " + b"x" * 60_000,
        b"0\r\n" + b"a: b\r\n" * 10_000,
        b"1\r\nx\r\n" * 10 + b"0\r\n" + b"a: b\r\n" * 10_000,
    ],
)
def test_chunk_extensions_and_trailers_are_limited(served: Served, client: Client, body: bytes) -> None:
    client.send(CHUNKED)
    for start in range(0, len(body), 5_000):
        client.send(body[start : start + 5_000])
    assert client.refusal() == (431, "framing_too_large")
    until(lambda: served.app.disconnected == 1)


def test_chunk_framing_counts_to_the_body_limit(served: Served, client: Client) -> None:
    client.send(CHUNKED + b"1\r\nx\r\n" * (LIMITS.body_bytes // 6 + 10_000))
    assert client.refusal() == (413, "body_too_large")
    until(lambda: served.app.disconnected == 1)


def test_a_body_after_an_early_answer_is_limited(client: Client) -> None:
    client.send(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
    answer = client.answer()
    assert answer is not None
    assert answer.body == b"/early"
    sent = 0
    while client.can_send(b"x" * 1_000_000):
        sent += 1
    assert sent < 100
    # The client has its answer, so the server does not send another.
    assert client.is_closed()
