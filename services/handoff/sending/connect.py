"""Connections of webhooks: only to checked addresses, under our TLS settings, with bounded answers.

The checked addresses are the ones that are connected to: the connector asks `GuardedResolver` for the
addresses of a name, uses no others, and caches none: a later connection checks again.
"""

import socket
import ssl
from functools import partial
from ipaddress import IPv4Address
from typing import Any

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver, ResolveResult

from services.handoff.sending.bounded import BoundedResponses
from services.handoff.sending.guard import Guard
from services.handoff.webhooks.addresses import parsed

# Common servers close an idle connection after 5 s. We close it earlier, so that no request goes to a
# connection that the server has just closed.
KEEPALIVE_SECONDS = 4.0


class GuardedResolver(AbstractResolver):
    """Resolves a host to its addresses when webhooks may reach all of them."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses in the order to try them; raises Refused, or OSError if the host has none."""
        del family  # both families, because the addresses decide
        return [_resolved(host, port, address) for address in await self._guard.addresses(host)]

    async def close(self) -> None:
        """Do nothing: the resolver has no resources."""


class GuardedConnector(aiohttp.TCPConnector):
    """Opens TCP connections to checked addresses; no other kind of connection is offered.

    It has no limit on connections: the bulkhead limits the attempts.
    """

    def __init__(self, guard: Guard) -> None:
        super().__init__(
            resolver=GuardedResolver(guard),
            use_dns_cache=False,
            ssl=client_context(),
            limit=0,
            keepalive_timeout=KEEPALIVE_SECONDS,
        )
        self._factory = partial(BoundedResponses, loop=self._loop)

    async def _resolve_host(self, host: str, port: int, traces: Any = None) -> list[ResolveResult]:
        # The library's own method would not pass a literal address to the resolver.
        del traces
        return await self._resolver.resolve(host, port)


def _resolved(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET if isinstance(parsed(address), IPv4Address) else socket.AF_INET6
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return {"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": flags}


def client_context() -> ssl.SSLContext:
    """Return the TLS settings of all connections.

    One context serves all connections, because loading the certificates takes 37 ms, which the library would
    otherwise spend on every connection. A server may not renegotiate: that costs us more than the server.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context
