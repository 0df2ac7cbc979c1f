"""What the routes of scoring have in common: who may call them, and that nothing asked is ignored."""

from fastapi import APIRouter

from shared.auth import Requires
from shared.keyed import keyed_router


def router_for(requires: Requires, prefix: str, tag: str) -> APIRouter:
    """Return a router whose routes need a key and refuse query parameters that they do not take."""
    return keyed_router(requires, prefix=prefix, tag=tag)
