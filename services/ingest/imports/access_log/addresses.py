"""The addresses of visitors: reads texts as addresses, and finds the visitor's among several."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, NamedTuple

# Some megabytes at most; most visitors return within minutes.
REMEMBERED: Final = 16_384
NOTHING: Final = frozenset({"", "-", "unknown", "unix:"})

# IPv6 with zone, brackets and port has 66 characters.
_MAX_LENGTH: Final = 80
_MAX_NAME: Final = 254
# Networks that no visitor from outside can come from. Python's `is_private` also covers networks for
# documentation.
_INSIDE: Final = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
_WITH_PORT: Final = re.compile(r"\[([^\]]*)\](?::\d{1,5})?|([^:]*):\d{1,5}")
_PORT: Final = re.compile(r":\d{1,5}$")
_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME: Final = re.compile(rf"(?=.*[A-Za-z])(?:{_LABEL}\.)+{_LABEL}\.?|localhost")


class Address(NamedTuple):
    """An address in its one written form; `public` unless its network is reserved or private."""

    text: str
    public: bool


@lru_cache(maxsize=REMEMBERED)
def address_of(text: str) -> Address | None:
    """Return the address in a text, without brackets, port and zone; None when the text is not an address."""
    if len(text) > _MAX_LENGTH:
        return None
    if match := _WITH_PORT.fullmatch(text):
        text = match[1] or match[2]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_unspecified or address.is_multicast:
        return None
    return Address(str(address), not any(address in network for network in _INSIDE))


def addresses_in(text: str) -> tuple[Address, ...]:
    """Return the addresses of a list with commas; empty when the list contains anything else.

    What proxies write instead of an address that they hide (`unknown`, `-`) is skipped.
    """
    if "," not in text:
        address = address_of(text)
        return (address,) if address else ()
    found: list[Address] = []
    for part in text.split(","):
        if address := address_of(part.strip()):
            found.append(address)
        elif part.strip() not in NOTHING:
            return ()
    return tuple(found)


def visitor_among(addresses: Iterable[Address]) -> str | None:
    """Return the first public address, else the first; None when there is none.

    By convention the visitor comes first, and each proxy appends the address that called it. A visitor can
    forge the list, and then counts as another visitor.
    """
    first: str | None = None
    for address in addresses:
        if address.public:
            return address.text
        first = first or address.text
    return first


def host_name(text: str) -> str | None:
    """Return a full host name in lower case; None when the text is not a host name, or has a port."""
    return text.rstrip(".").lower() if len(text) <= _MAX_NAME and _NAME.fullmatch(text) else None


def site_name(text: str) -> str | None:
    """Return the site that a text such as `shop.example:443` names, empty for `_`; None without a site."""
    site = text.rpartition(":")[0] if _PORT.search(text) else text
    if site in {"_", "-", "*"}:
        return ""
    if address := address_of(site):
        return address.text
    return host_name(site) or (site.lower() if re.fullmatch(_LABEL, site) else None)
