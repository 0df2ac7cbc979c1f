"""Who a visitor is without saying so: no address leaves the machine, not even as a hash others could undo."""

import os
import secrets
from hashlib import blake2b, sha256
from pathlib import Path


class Anonymiser:
    """Derives ids that are the same at every run, and that tell nothing without the salt.

    Without one, anybody could try all four billion addresses.
    """

    def __init__(self, salt: str) -> None:
        self._key = sha256(salt.encode()).digest()

    def visitor(self, address: str, user_agent: str) -> str:
        """Return 32 hex digits for the person behind an address and a user agent."""
        return self._hash(b"visitor", f"{address}\0{user_agent}".encode(errors="replace")).hex()

    def line(self, line: bytes) -> bytes:
        """Return 16 bytes for the content of a line."""
        return self._hash(b"line", line)

    def _hash(self, person: bytes, data: bytes) -> bytes:
        return blake2b(data, key=self._key, person=person, digest_size=16).digest()


def load_salt(data_dir: Path) -> str:
    """Return the salt that the data dir keeps, made once and readable by its owner alone."""
    path = data_dir / "import.salt"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        salt = secrets.token_hex(32)
        file.write(salt)
    return salt
