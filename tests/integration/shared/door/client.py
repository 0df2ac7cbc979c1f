"""A client that sends any bytes over a socket, and reads answers byte by byte as they come."""

import json
import socket
from typing import Any, NamedTuple, Self

from tests.support.patience import PATIENCE_SECONDS


class Answer(NamedTuple):
    """One answer of the server."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of a problem; fails if the answer is not a problem in the common form."""
        problem: dict[str, Any] = json.loads(self.body)
        assert self.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "code", "message"} <= problem.keys()
        assert problem["status"] == self.status
        assert self.headers["x-content-type-options"] == "nosniff"
        assert self.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert self.headers["cache-control"] == "no-store"
        return problem["code"]


class Client:
    """A connection to a port of this machine."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self._left = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def can_send(self, data: bytes) -> bool:
        """Send, and return whether the other end still accepts data."""
        try:
            self.socket.sendall(data)
        except (ConnectionResetError, BrokenPipeError):
            return False
        return True

    def get(self, path: str = "/", *headers: str) -> Answer:
        """Send a request and read its answer."""
        self.send("\r\n".join((f"GET {path} HTTP/1.1", "Host: x", *headers, "", "")).encode())
        answer = self.answer()
        assert answer is not None
        return answer

    def answer(self) -> Answer | None:
        """Read the next answer; None when the connection ended in order before one began."""
        while b"\r\n\r\n" not in self._left:
            if not (more := self._read()):
                assert not self._left, self._left
                return None
            self._left += more
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        line, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in lines)}
        length = int(headers.get("content-length", 0))
        while len(self._left) < length:
            more = self._read()
            assert more, "the answer ended too early"
            self._left += more
        body, self._left = bytes(self._left[:length]), self._left[length:]
        return Answer(int(line.split()[1]), headers, body)

    def answers(self) -> list[Answer]:
        """Read all answers until the connection ends."""
        found: list[Answer] = []
        while (answer := self.answer()) is not None:
            found.append(answer)
        return found

    def refusal(self) -> tuple[int, str]:
        """Return status and code of the one answer, after which the connection ends."""
        (answer,) = self.answers()
        assert answer.headers["connection"] == "close"
        return answer.status, answer.code

    def is_closed(self) -> bool:
        """Wait for the other end to close; return True if it sends nothing before that."""
        return not self._left and not self._read()

    def _read(self) -> bytes:
        try:
            return self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            return b""
