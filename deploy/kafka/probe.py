"""The one Kafka request that tells a broker in service from a port that is merely open."""

import socket
import struct

from deploy.localserver import HOST

_METADATA = 3
_VERSION = 1
_CORRELATION_ID = 1
_CLIENT_ID = b"flipline"
_NO_TOPICS = 0
_LIMIT = 5.0


def is_ready(port: int) -> bool:
    """Return whether the broker on the port answers and tells clients to come to this very port."""
    header = struct.pack(">hhih", _METADATA, _VERSION, _CORRELATION_ID, len(_CLIENT_ID)) + _CLIENT_ID
    request = header + struct.pack(">i", _NO_TOPICS)
    try:
        with socket.create_connection((HOST, port), timeout=_LIMIT) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            (size,) = struct.unpack(">i", _receive(connection, 4))
            return (HOST, port) in _brokers(_receive(connection, size))
    except (OSError, EOFError, ValueError, struct.error):
        return False


def _receive(connection: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        chunk = connection.recv(size - len(received))
        if not chunk:
            raise EOFError
        received += chunk
    return bytes(received)


def _brokers(response: bytes) -> set[tuple[str, int]]:
    """Return host and port of every broker in service; each is sent as id, host, port and rack."""
    _, count = struct.unpack_from(">ii", response)
    offset = 8
    brokers: set[tuple[str, int]] = set()
    for _ in range(count):
        _, length = struct.unpack_from(">ih", response, offset)
        offset += 6
        host = response[offset : offset + length].decode()
        port, rack_length = struct.unpack_from(">ih", response, offset + length)
        offset += length + 6 + max(rack_length, 0)
        brokers.add((host, port))
    return brokers
