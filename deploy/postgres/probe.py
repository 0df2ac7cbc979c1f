"""The first message of a PostgreSQL connection, which tells a server in service from one still starting."""

import socket
import struct

from deploy.localserver import HOST

_PROTOCOL = 3 << 16
_AUTHENTICATION_REQUEST = b"R"
_ENOUGH = 4096
_LIMIT = 5.0


def is_ready(port: int, name: str) -> bool:
    """Return whether the server on the port would now let the role `name` log in to its database."""
    parameters = b"".join(word.encode() + b"\0" for word in ("user", name, "database", name, ""))
    message = struct.pack(">ii", len(parameters) + 8, _PROTOCOL) + parameters
    try:
        with socket.create_connection((HOST, port), timeout=_LIMIT) as connection:
            connection.sendall(message)
            # The whole answer is read, or else the server logs that the client broke off.
            return connection.recv(_ENOUGH).startswith(_AUTHENTICATION_REQUEST)
    except OSError:
        return False
