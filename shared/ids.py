"""Ids: random ones for what happens once, derived ones for what a replay must find again."""

from collections.abc import Callable
from hashlib import blake2b
from typing import TypeAlias

from uuid_utils import uuid7

NewId: TypeAlias = Callable[[], str]


def new_id() -> str:
    """Return a fresh UUIDv7 (RFC 9562): time-ordered, so that indexes grow at one end."""
    return str(uuid7())


def derived_id(prefix: str, *parts: str | int) -> str:
    """Return the same id for the same parts, in every process and at every call."""
    digest = blake2b("\0".join(map(str, parts)).encode(), digest_size=16).hexdigest()
    return f"{prefix}_{digest}"
