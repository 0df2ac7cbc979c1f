"""Opening the port, and saying why it cannot be opened."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.hosting.listening import listen, port_of, url_of
from shared.errors import Misconfigured

ALL = "0.0.0.0"  # noqa: S104 - the tests open it for an instant, on a random port


@contextmanager
def listening(host: str, port: int) -> Iterator[list[socket.socket]]:
    opened = listen(host, port)
    try:
        yield opened
    finally:
        for listener in opened:
            listener.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", ALL])
def test_port_0_opens_a_free_port_and_port_of_returns_it(host: str) -> None:
    with listening(host, 0) as opened:
        port = port_of(opened)
        assert port > 0
        assert {listener.getsockname()[1] for listener in opened} == {port}
        with socket.create_connection(("127.0.0.1", port)):
            pass


def test_a_port_in_use_is_refused() -> None:
    with listening("127.0.0.1", 0) as opened:
        with pytest.raises(Misconfigured, match="another program uses it") as caught:
            listen("127.0.0.1", port_of(opened))
        assert caught.value.code == "port_taken"


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "..", "a" * 100, "2001:db8::1"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(Misconfigured, match="not an address of this machine") as caught:
        listen(host, 0)
    assert caught.value.code == "host_unknown"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        (ALL, "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("flipline.example", "http://flipline.example:80"),
    ],
)
def test_url_of_returns_a_url_that_works_on_this_machine(host: str, url: str) -> None:
    assert url_of(host, 80) == url
