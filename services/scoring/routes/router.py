"""What the routes of scoring have in common: who may call them, and that nothing asked is ignored."""

from fastapi import APIRouter, Depends

from shared.auth import Requires
from shared.queries import known_parameters


def router_for(requires: Requires, prefix: str, tag: str) -> APIRouter:
    """Return a router whose routes need a key and refuse query parameters that they do not take."""
    return APIRouter(prefix=prefix, tags=[tag], dependencies=[Depends(requires), Depends(known_parameters)])
