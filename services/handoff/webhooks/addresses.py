"""Which network addresses a webhook may reach: public ones, and the private ones that the operator opened.

An explicit table of the IANA special-purpose registries: what `ipaddress.is_global` covers changes with the
Python version, and it calls multicast global.
"""

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Self, TypeAlias

from services.handoff.webhooks.target import host_name
from shared.errors import Misconfigured

Address: TypeAlias = IPv4Address | IPv6Address

_SPECIAL_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carrier-grade NAT
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local, the clouds' metadata services among them
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
# Only this part of IPv6 is allocated to the public, so every address outside it is refused.
_GLOBAL_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",  # documentation
            "3fff::/20",  # documentation
        ),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Return whether the address, or the IPv4 address that it wraps, belongs to the public internet."""
    plain = unwrapped(address)
    if isinstance(plain, IPv4Address):
        return not any(plain in network for network in _SPECIAL_V4)
    return plain in _GLOBAL_V6 and not any(plain in network for network in _SPECIAL_V6)


def unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv4-mapped, 6to4 or NAT64 address leads to, else the address."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


@dataclass(frozen=True)
class Opened:
    """The private targets that the operator opened: networks, and host names whatever they resolve to."""

    networks: tuple[IPv4Network | IPv6Network, ...]
    hosts: frozenset[str]

    @classmethod
    def parse(cls, entries: tuple[str, ...]) -> Self:
        """Read FLIPLINE_WEBHOOK_ALLOW; raises Misconfigured naming an entry that is neither."""
        networks: list[IPv4Network | IPv6Network] = []
        hosts: set[str] = set()
        for entry in entries:
            try:
                networks.append(ip_network(entry, strict=False))
            except ValueError:
                name = host_name(entry)
                if name is None:
                    raise Misconfigured(
                        "webhook_allow_invalid",
                        f"FLIPLINE_WEBHOOK_ALLOW: {entry!r} is not a network (10.0.0.0/8) or host name.",
                    ) from None
                hosts.add(name)
        return cls(tuple(networks), frozenset(hosts))

    def opens(self, host: str, address: Address) -> bool:
        """Return whether this address was opened, by itself or by the name that led to it."""
        plain = unwrapped(address)
        return host in self.hosts or any(plain in network for network in self.networks)

    def permits(self, host: str, address: Address) -> bool:
        """Return whether a webhook may go to this address under this name."""
        return is_public(address) or self.opens(host, address)


def parsed(text: str) -> Address:
    """Read an address as a resolver gives it; a zone such as `%eth0` is dropped."""
    return ip_address(text.partition("%")[0])
