"""uvicorn's answer to one request, with headers that are checked and encoded once, not for every answer.

uvicorn looks at each header of each answer with two regular expressions. Nearly all headers are the same in
every answer, and the ten headers of an answer took longer than reading its event.
"""

from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    RequestResponseCycle,
)

from shared.web.headers import Header

_MAX_ENCODED: Final = 500
_WITHOUT_BODY: Final = (204, 304)

_encoded_headers: dict[Header, tuple[bytes, bytes | None]] = {}
"""For each header its line on the wire, and its name when it says how the answer ends."""


def _encoded(header: Header) -> tuple[bytes, bytes | None]:
    name, value = header
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
        raise RuntimeError("a header of an answer has characters that end or split it")
    name = name.lower()
    is_framing = name in {b"content-length", b"transfer-encoding", b"connection"}
    encoded = (b"%b: %b\r\n" % (name, value), name if is_framing else None)
    # The date changes every second.
    if len(_encoded_headers) >= _MAX_ENCODED:
        _encoded_headers.clear()
    _encoded_headers[header] = encoded
    return encoded


class Cycle(RequestResponseCycle):
    """A request and its answer."""

    async def send(self, message: Any) -> None:
        """Send the start of an answer; uvicorn sends the rest."""
        started = self.response_started or message["type"] != "http.response.start"
        if started or self.flow.write_paused or self.disconnected:
            await super().send(message)
            return
        self.response_started = True
        self.waiting_for_100_continue = False
        status = message["status"]
        lines = [STATUS_LINE[status]]
        closes = False
        for header in (*self.default_headers, *message["headers"]):
            line, name = _encoded_headers.get(header) or _encoded(header)
            lines.append(line)
            if name is not None:
                closes |= self._note_framing(name, header[1])
        if not self.keep_alive and not closes:
            lines.append(b"connection: close\r\n")
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in _WITHOUT_BODY:
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        self.transport.write(b"".join(lines))

    def _note_framing(self, name: bytes, value: bytes) -> bool:
        """Note what a header says about the answer's end; return whether the connection closes after it."""
        if name == b"content-length" and self.chunked_encoding is None:
            self.expected_content_length = int(value)
            self.chunked_encoding = False
        elif name == b"transfer-encoding" and value.lower() == b"chunked":
            self.expected_content_length = 0
            self.chunked_encoding = True
        elif name == b"connection" and b"close" in value.lower():
            self.keep_alive = False
            return True
        return False
