"""Authentication: the key of a request, compared by digest, so that timing reveals nothing."""

import base64
from collections.abc import Iterable
from hashlib import sha256

from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import Request

from shared.errors import Unauthorized


class KeyRing:
    """The keys that give the same access."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._digests = frozenset(_digest(key) for key in keys)

    def opens(self, key: str | None) -> bool:
        """Return whether the key is in the ring."""
        return key is not None and _digest(key) in self._digests

    def __or__(self, other: "KeyRing") -> "KeyRing":
        joined = KeyRing(())
        joined._digests = self._digests | other._digests
        return joined


def _digest(key: str) -> bytes:
    return sha256(key.encode(errors="surrogatepass")).digest()


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

    Its value names the caller by a part of the key's digest, which identifies the key without revealing it.
    """

    def __init__(self, ring: KeyRing, kind: str) -> None:
        self.model = HTTPBearer(description="A key of the kind that the route needs.")
        self.scheme_name = "key"
        self._ring = ring
        self._kind = kind

    async def __call__(self, request: Request) -> str:
        """Return the caller's name; raises Unauthorized without such a key."""
        key = bearer_key(request)
        if key is None or not self._ring.opens(key):
            raise Unauthorized(
                "key_invalid", f"Send a valid {self._kind} key as `Authorization: Bearer <key>`."
            )
        return f"key {_digest(key).hex()[:8]}"
