"""What a service hands to the process that hosts it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter
from starlette.routing import BaseRoute

from shared.process.readiness import Check
from shared.process.supervisor import Worker


@dataclass(frozen=True)
class Service:
    """A service's routes, the workers to keep running, and the checks of its readiness.

    The `auxiliary` workers run too, but readiness ignores them, since the service works without them.
    `webhooks` are the requests that the service sends to others; they are only described.
    """

    name: str
    routers: Sequence[APIRouter]
    webhooks: Sequence[BaseRoute] = ()
    workers: Mapping[str, Worker] = field(default_factory=dict[str, Worker])
    auxiliary: Mapping[str, Worker] = field(default_factory=dict[str, Worker])
    checks: Mapping[str, Check] = field(default_factory=dict[str, Check])
