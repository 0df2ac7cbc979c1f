"""Keys: made once, kept in the data dir, compared by digest so that time tells nothing."""

import base64
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import Request

from shared.errors import Misconfigured, Unauthorized

ROLES = ("write", "ops", "crm")


class KeyRing:
    """A set of keys that open the same door."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._digests = frozenset(_digest(key) for key in keys)

    def opens(self, key: str | None) -> bool:
        """Tell whether the key is one of these."""
        return key is not None and _digest(key) in self._digests

    def __or__(self, other: "KeyRing") -> "KeyRing":
        joined = KeyRing(())
        joined._digests = self._digests | other._digests
        return joined


def _digest(key: str) -> bytes:
    return sha256(key.encode(errors="surrogatepass")).digest()


@dataclass(frozen=True)
class Keys:
    """The keys of the three kinds of callers; `repr` shows how many, never which."""

    write: tuple[str, ...]
    ops: tuple[str, ...]
    crm: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Keys(write={len(self.write)}, ops={len(self.ops)}, crm={len(self.crm)})"


def load_keys(data_dir: Path, configured: dict[str, tuple[str, ...]], *, make: bool) -> Keys:
    """Return the configured keys, completed from the data dir's file, which `make` may create."""
    path = data_dir / "keys.json"
    kept: dict[str, list[str]] = {}
    if any(not configured.get(role) for role in ROLES):
        if make:
            _make_file(path)
        if path.exists():
            kept = json.loads(path.read_text())
    keys = {role: configured.get(role) or tuple(kept.get(role, ())) for role in ROLES}
    for role, values in keys.items():
        if not values:
            raise Misconfigured(
                "keys_missing",
                f"No {role} key: set FLIPLINE_{role.upper()}_KEYS, or run `flipline up` once in {data_dir}, "
                "which makes keys and keeps them there.",
            )
    return Keys(**keys)


def _make_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = {role: [f"fl_{role}_{secrets.token_urlsafe(24)}"] for role in ROLES}
    try:
        # Exclusive: of two processes that start together, one makes the keys and both read them.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        json.dump(fresh, file, indent=2)


def bearer_key(request: Request) -> str | None:
    """Return the key of `Authorization: Bearer`, if there is one."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None


def basic_user(request: Request) -> str | None:
    """Return the user of `Authorization: Basic`, which is where Segment's libraries put the write key."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[0]
    except ValueError:
        return None


class Requires(SecurityBase):
    """FastAPI dependency: the request must bring a key of this ring as a bearer token.

    Its value names the caller by a part of the key's digest: who did something can be told, and not the key.
    """

    def __init__(self, ring: KeyRing, what: str) -> None:
        self.model = HTTPBearer(description="A key of the kind that the route needs.")
        self.scheme_name = "key"
        self._ring = ring
        self._what = what

    async def __call__(self, request: Request) -> str:
        """Return who calls; raises Unauthorized without such a key."""
        key = bearer_key(request)
        if key is None or not self._ring.opens(key):
            raise Unauthorized(
                "key_invalid", f"Send a valid {self._what} key as `Authorization: Bearer <key>`."
            )
        return f"key {_digest(key).hex()[:8]}"
