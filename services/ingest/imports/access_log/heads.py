"""The beginning of a line of the common family, before its time: the caller's address, and the site.

    address ident user              common, combined
    site address ident user         vhost_common, vhost_combined
    client, proxy ident user        a list of forwarded addresses in the address's place

When an address follows the first word, the first word is the site and never the visitor.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from services.ingest.imports.access_log.addresses import (
    NOTHING,
    REMEMBERED,
    Address,
    addresses_in,
    host_name,
    site_name,
)
from services.ingest.imports.access_log.refusal import LineRefused, RefusalReason

_WITHIN_LIST: Final = re.compile(r", +")
_LEAST_FIELDS: Final = 2
# A site, a name for the visitor, ident and user.
_FIELDS_WITH_SITE: Final = 4


class Head(NamedTuple):
    """The addresses of a request, those that a proxy named first; `site` is None in a log without sites.

    `without` is the reason to refuse the line if the rest of it has no address either.
    """

    addresses: tuple[Address, ...]
    site: str | None = None
    without: RefusalReason = RefusalReason.NO_ADDRESS


@lru_cache(maxsize=REMEMBERED)
def read_head(text: str, host_names: bool) -> Head:
    """Return the addresses and the site; `host_names` takes names that the server looked up as addresses.

    Raises LineRefused when the line is of another format.
    """
    fields = _WITHIN_LIST.sub(",", text).split(" ")
    if len(fields) < _LEAST_FIELDS:
        raise LineRefused(RefusalReason.NO_FORMAT)
    first, second = addresses_in(fields[0]), addresses_in(fields[1])
    if second and len(fields) > _LEAST_FIELDS:
        return _after_first_word(fields[0], first, second)
    if first:
        return Head(first)
    if host_names:
        return _named(fields)
    if _is_nothing(fields[0]):
        return Head(())
    looked_up = host_name(fields[0]) or (len(fields) >= _FIELDS_WITH_SITE and host_name(fields[1]))
    return Head((), without=RefusalReason.HOST_NAME if looked_up else RefusalReason.NOT_AN_ADDRESS)


def _after_first_word(text: str, first: tuple[Address, ...], second: tuple[Address, ...]) -> Head:
    if _is_nothing(text):
        # An empty list of forwarded addresses, before the address of the connection.
        return Head(second)
    inside = not any(address.public for address in second)
    if len(first) > 1 or any(address.public and address.text == text and inside for address in first):
        return Head(first + second)
    site = site_name(text)
    if site is None:
        raise LineRefused(RefusalReason.NO_FORMAT)
    return Head(second, site)


def _named(fields: list[str]) -> Head:
    if len(fields) >= _FIELDS_WITH_SITE and (name := host_name(fields[1])):
        return Head((Address(name, public=True),), site_name(fields[0]))
    if name := host_name(fields[0]):
        return Head((Address(name, public=True),))
    return Head(
        (), without=RefusalReason.NO_ADDRESS if _is_nothing(fields[0]) else RefusalReason.NOT_AN_ADDRESS
    )


def _is_nothing(text: str) -> bool:
    return all(part in NOTHING for part in text.split(","))
