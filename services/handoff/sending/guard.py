"""Keeps webhooks away from our own network: names are resolved here, checked, and connected to as checked.

The check and the connection use the same look-up, so a name that changes its address in between (DNS
rebinding) gains nothing. TLS and the Host header use the name. A public address that a firewall maps inwards
is not detected: run the service where it cannot reach what it must not.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from services.handoff.webhooks.addresses import Opened, parsed
from services.handoff.webhooks.bulkhead import TOTAL
from services.handoff.webhooks.target import Target, parse_target
from shared.errors import Refused

LOOK_UP_SECONDS = 5.0

Resolve = Callable[[str], Awaitable[Sequence[str]]]


class SystemResolver:
    """The machine's resolver, with a thread for every attempt that may be under way.

    With the event loop's own few threads, one endpoint's dead name server would delay every other name.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(TOTAL, "resolve")

    async def __call__(self, host: str) -> Sequence[str]:
        """Return the host's addresses in the order to try them; raises OSError when it has none."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._look_up, host)

    @staticmethod
    def _look_up(host: str) -> Sequence[str]:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise OSError(f"{host} is not a host name") from error
        return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class Guard:
    """Decides where webhooks may go."""

    def __init__(self, opened: Opened, resolve: Resolve) -> None:
        self._opened = opened
        self._resolve = resolve

    async def addresses(self, host: str) -> Sequence[str]:
        """Return the addresses of a host, all of them permitted.

        Raises Refused when a single address is not: a name that mixes both is an attack or a mistake. Raises
        OSError when the host has no address.
        """
        found = await self._resolve(host)
        if not found:
            raise OSError(f"{host} has no address")
        for address in found:
            if not self._opened.permits(host, parsed(address)):
                which = "is" if address == host else f"resolves to {address}, which is"
                raise Refused(
                    "webhook_target_private",
                    f"{host} {which} not a public address. To allow a private target, add its network or "
                    "host name to FLIPLINE_WEBHOOK_ALLOW.",
                    "url",
                )
        return found

    async def vet(self, text: str) -> str:
        """Return the URL in normal form if webhooks may go there; raises Refused with a readable reason.

        Leads are personal data, so plain http is for targets that FLIPLINE_WEBHOOK_ALLOW names.
        """
        target = parse_target(text)
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                found = await self.addresses(target.host)
        except OSError as error:  # TimeoutError is one
            raise Refused(
                "webhook_host_unknown", f"{target.host} could not be resolved to an address.", "url"
            ) from error
        if target.scheme == "http" and not self._opens_all(target, found):
            raise Refused(
                "webhook_url_insecure",
                "A public endpoint needs https. To allow plain http, add its network or host name to "
                "FLIPLINE_WEBHOOK_ALLOW.",
                "url",
            )
        return target.url

    def _opens_all(self, target: Target, found: Sequence[str]) -> bool:
        return all(self._opened.opens(target.host, parsed(address)) for address in found)
