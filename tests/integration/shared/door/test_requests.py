"""Requests in odd forms and orders: each gets its answer in its turn, or a problem."""

from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from shared.door.limits import Limits
from tests.integration.shared.door.client import Client
from tests.integration.shared.door.server import LOOPS, Served, serving
from tests.support.patience import until

NO_HTTP = (400, "request_invalid")


@pytest.fixture(params=LOOPS)
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    with serving(Limits(pipelined=5), loop=request.param) as running:
        yield running


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with Client(served.port) as connected:
        yield connected


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: x", *headers, "", "")).encode()


def post(path: str, body: bytes, *headers: str) -> bytes:
    head = (f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers, "", "")
    return "\r\n".join(head).encode() + body


@pytest.mark.parametrize(
    "garbage",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /ñ HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\na: \x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\na: b\r\n folded\x00\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    ],
)
def test_an_invalid_request_is_refused_with_a_problem(served: Served, client: Client, garbage: bytes) -> None:
    client.send(garbage)
    assert client.refusal() == NO_HTTP
    assert served.app.headers == []


@pytest.mark.parametrize("chunk", [b"zz\r\n", b"-1\r\n", b"ffffffffffffffffff\r\n", b"3\r\nabcd\r\n"])
def test_a_broken_chunked_body_is_refused_and_disconnects_the_application(
    served: Served, client: Client, chunk: bytes
) -> None:
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n" + chunk)
    assert client.refusal() == NO_HTTP
    until(lambda: served.app.disconnected == 1)


def test_a_wrong_content_length_breaks_only_the_next_request(served: Served, client: Client) -> None:
    client.send(b"POST /held HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc and more")
    until(lambda: served.app.held == 1)
    served.app.let_go()
    first, second = client.answers()
    assert (first.status, first.body) == (200, b"/held")
    assert (second.status, second.code) == NO_HTTP
    assert served.app.bodies == [b"abc"]


def test_a_connection_closed_within_a_body_disconnects_the_application(
    served: Served, client: Client
) -> None:
    client.send(post("/", b"abc")[:-1])
    client.socket.close()
    until(lambda: served.app.disconnected == 1)
    until(lambda: served.connections == 0)


def test_pipelined_requests_are_answered_in_their_order(client: Client) -> None:
    client.send(get("/1") + post("/2", b"x" * 70_000) + get("/3"))
    assert [client.answer(), client.answer(), client.answer()]
    client.send(get("/4") + get("/5", "Connection: close") + get("/6"))
    assert [answer.body for answer in client.answers()] == [b"/4", b"/5"]


def test_the_number_of_pipelined_requests_is_limited(served: Served, client: Client) -> None:
    client.send(get("/held") + b"".join(get(f"/{number}") for number in range(20)))
    until(lambda: served.app.held == 1)
    served.app.let_go()
    *answers, last = client.answers()
    assert [answer.body for answer in answers] == [b"/held", b"/0", b"/1", b"/2", b"/3", b"/4"]
    assert (last.status, last.code) == (503, "too_many_pipelined")
    assert last.headers["retry-after"] == "5"


def test_garbage_after_pipelined_requests_is_refused_after_their_answers(
    served: Served, client: Client
) -> None:
    client.send(get("/held") + get("/1") + b"GARBAGE\r\n\r\n")
    until(lambda: served.app.held == 1)
    served.app.let_go()
    first, second, third = client.answers()
    assert (first.body, second.body) == (b"/held", b"/1")
    assert (third.status, third.code) == NO_HTTP


def test_a_pipelined_request_with_a_broken_body_is_refused_after_earlier_answers(
    served: Served, client: Client
) -> None:
    broken = b"POST /1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    client.send(get("/held") + broken)
    until(lambda: served.app.held == 1)
    served.app.let_go()
    first, second = client.answers()
    assert first.body == b"/held"
    assert (second.status, second.code) == NO_HTTP
    assert len(served.app.bodies) == 1


UPGRADES = [
    ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: eA==", "Sec-WebSocket-Version: 13"),
    ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAA"),
]


@pytest.mark.parametrize("upgrade", UPGRADES)
def test_an_upgrade_header_is_ignored_and_the_body_is_read(
    served: Served, client: Client, upgrade: tuple[str, ...]
) -> None:
    """java.net.http posts like this without TLS by default."""
    client.send(get("/1", *upgrade) + post("/2", b"body", *upgrade, "Authorization: key") + get("/3"))
    answers = [client.answer() for _ in range(3)]
    assert [answer and answer.body for answer in answers] == [b"/1", b"/2", b"/3"]
    assert served.app.bodies == [b"", b"body", b""]
    assert served.app.headers[1][b"authorization"] == b"key"
    for byte in post("/4", b"byte by byte", *upgrade):
        client.send(bytes([byte]))
    answer = client.answer()
    assert answer is not None
    assert served.app.bodies[-1] == b"byte by byte"


def test_an_http_1_0_request_is_answered_and_the_connection_closed(client: Client) -> None:
    client.send(b"GET /old HTTP/1.0\r\n\r\n")
    (answer,) = client.answers()
    assert (answer.status, answer.body, answer.headers["connection"]) == (200, b"/old", "close")


def test_an_absolute_target_and_two_slashes_name_a_path(client: Client) -> None:
    assert client.get("http://evil.example/healthz").body == b"/healthz"
    assert client.get("//evil.example/x").body == b"//evil.example/x"


def test_the_asterisk_target_is_a_path(client: Client) -> None:
    client.send(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (answer := client.answer()) is not None
    assert answer.body == b"*"


def test_head_gets_no_body_and_the_connection_stays_open(client: Client) -> None:
    client.send(b"HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.socket.recv(12) == b"HTTP/1.1 200"
    while b"\r\n\r\n" not in client.socket.recv(65536):
        pass
    assert client.get("/next").body == b"/next"


def test_expect_100_continue_is_answered_with_continue(client: Client) -> None:
    client.send(post("/x", b"", "Expect: 100-continue").replace(b"Length: 0", b"Length: 4"))
    assert client.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"body")
    assert (answer := client.answer()) is not None
    assert answer.body == b"/x"


def test_no_continue_is_sent_after_an_early_answer(client: Client) -> None:
    client.send(post("/early", b"", "Expect: 100-continue").replace(b"Length: 0", b"Length: 4"))
    assert (answer := client.answer()) is not None
    assert answer.body == b"/early"


def test_a_broken_body_after_an_early_answer_gets_no_second_answer(client: Client) -> None:
    client.send(b"POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert (answer := client.answer()) is not None
    assert answer.body == b"/early"
    client.send(b"zz\r\n")
    assert client.answers() == []


def test_refusals_are_counted(client: Client) -> None:
    labels = {"code": "request_invalid"}
    before = REGISTRY.get_sample_value("flipline_http_refused_total", labels) or 0
    client.send(b"GARBAGE\r\n\r\n")
    assert client.refusal() == NO_HTTP
    assert REGISTRY.get_sample_value("flipline_http_refused_total", labels) == before + 1


def test_an_early_answer_leaves_the_connection_usable(client: Client) -> None:
    client.send(post("/early", b"x" * 300_000) + get("/next"))
    assert [(answer := client.answer()) and answer.body for _ in range(2)] == [b"/early", b"/next"]
