"""Where webhooks may go."""

from ipaddress import ip_address

import pytest

from services.handoff.webhooks.addresses import Opened, is_public, parsed
from shared.errors import Misconfigured

CLOSED = Opened.parse(())


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - nothing is bound to it here
        "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1",
        "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1",
        "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "100::1",
        "2001::1", "2001:2::1", "2001:20::1", "2001:db8::1", "3fff::1", "5f00::1", "64:ff9b:1::1",
        "::ffff:10.0.0.1", "::ffff:169.254.169.254",  # IPv4-mapped
        "2002:7f00:1::", "2002:a00:1::",  # 6to4 around 127.0.0.1 and 10.0.0.1
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",  # NAT64 around 127.0.0.1 and the metadata address
    ],
)  # fmt: skip
def test_addresses_outside_the_public_internet_are_not_permitted(address: str) -> None:
    assert not CLOSED.permits("host.example", ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
        "192.0.1.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
        "2606:4700::1111", "2a00:1450::1", "2001:200::1", "::ffff:1.1.1.1", "64:ff9b::101:101",
        "2002:101:101::",
    ],
)  # fmt: skip
def test_public_internet_addresses_are_permitted(address: str) -> None:
    assert is_public(ip_address(address))
    assert CLOSED.permits("host.example", ip_address(address))


def test_an_allowed_network_permits_mapped_and_translated_forms_of_its_addresses() -> None:
    opened = Opened.parse(("10.0.0.0/8", "127.0.0.1", "fd00::/8"))
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "127.0.0.1", "fd12::1"):
        assert opened.permits("host.example", ip_address(address))
    for address in ("127.0.0.2", "192.168.0.1", "::1"):
        assert not opened.permits("host.example", ip_address(address))


def test_an_allowed_host_name_permits_any_address_behind_it() -> None:
    opened = Opened.parse(("Receiver.Internal", "crm"))
    assert opened.permits("receiver.internal", ip_address("10.0.0.1"))
    assert opened.permits("crm", ip_address("::1"))
    assert not opened.permits("other.internal", ip_address("10.0.0.1"))


@pytest.mark.parametrize(
    "entry", ["10.0.0.0/99", "http://crm", "crm:8080", "a b", "crm/path", "user@crm", "#"]
)
def test_an_allow_entry_that_is_neither_network_nor_host_name_is_refused(entry: str) -> None:
    with pytest.raises(Misconfigured, match="FLIPLINE_WEBHOOK_ALLOW"):
        Opened.parse((entry,))


def test_the_zone_of_an_ipv6_address_is_ignored() -> None:
    assert parsed("fe80::1%eth0") == ip_address("fe80::1")
