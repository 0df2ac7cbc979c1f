"""Pseudonyms for visitors: no address leaves the machine, not even as a hash that others could undo."""

import secrets
from hashlib import blake2b, sha256
from pathlib import Path

from shared.errors import Misconfigured
from shared.process.files import make_once


class Anonymiser:
    """Derives ids that are the same at every run, and that reveal nothing without the salt.

    Without a salt, an attacker could try all four billion addresses.
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
    """Return the salt of the data dir, which is made once and readable by its owner alone."""
    path = data_dir / "import.salt"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_once(path, secrets.token_hex(32))
    salt = path.read_bytes()
    if not salt or not salt.isascii():
        raise Misconfigured(
            "salt_missing",
            f"{path} has no valid salt, which protects the addresses of visitors. Remove the file: "
            "the next import makes a new salt, and its visitors get new ids.",
        )
    return salt.decode()
