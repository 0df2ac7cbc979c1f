"""JSON lines: an object for each request, as nginx, Caddy, Traefik, Envoy and collectors write it."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from services.ingest.imports.access_log import json_keys
from services.ingest.imports.access_log.addresses import (
    Address,
    addresses_in,
    host_name,
    site_name,
    visitor_among,
)
from services.ingest.imports.access_log.escapes import text_of
from services.ingest.imports.access_log.instants import any_instant
from services.ingest.imports.access_log.json_keys import first, flattened
from services.ingest.imports.access_log.refusal import LineRefused, RefusalReason
from services.ingest.imports.access_log.request import Request, split_request
from services.ingest.reading.wire import decode
from shared.errors import Refused

NAME: Final = "JSON lines"

_decoder = msgspec.json.Decoder(dict[str, Any])
# What nginx writes into JSON when its log_format lacks escape=json. Every escape is read as a whole, so the
# second backslash of `\\\\` never starts another escape.
_ESCAPE: Final = re.compile(rb"\\x(?P<byte>[0-9A-Fa-f]{2})|\\.")
# Large enough for status codes and instants, and too small for numbers that take long to write.
_LARGEST: Final = 10**20
_STATUS: Final = re.compile(r"[0-9]{3}")


def read_json(line: bytes, *, host_names: bool) -> Request:
    """Read an object with the usual keys; raises LineRefused."""
    flat = flattened(_object(line))
    method, target = _request_line(flat)
    status = _status(flat)
    if not target and status is None:
        raise LineRefused(RefusalReason.JSON_NOTHING)
    forwarded = addresses_in(_text(first(flat, json_keys.FORWARDED), ", "))
    visitor = visitor_among(forwarded + _remote(flat, host_names=host_names))
    if visitor is None:
        raise LineRefused(_without(flat))
    at = first(flat, json_keys.TIME)
    if at is None:
        raise LineRefused(RefusalReason.NO_TIME)
    if status is None:
        raise LineRefused(RefusalReason.NO_STATUS)
    return Request(
        format=NAME,
        visitor=visitor,
        forwarded=bool(forwarded),
        host=site_name(_text(first(flat, json_keys.SITE))) or "",
        at=any_instant(at),
        method=method,
        target=target,
        status=status,
        user_agent=_user_agent(flat),
        referrer=_text(first(flat, json_keys.REFERRER)),
    )


def _object(line: bytes) -> Mapping[str, Any]:
    data = text_of(line).encode()
    try:
        return _decoded(data)
    except LineRefused:
        if b"\\x" not in data:
            raise
    return _decoded(
        _ESCAPE.sub(lambda escape: rb"\u00" + escape["byte"] if escape["byte"] else escape[0], data)
    )


def _decoded(data: bytes) -> Mapping[str, Any]:
    try:
        return decode(_decoder, data)
    except Refused as error:
        raise LineRefused(
            RefusalReason.JSON_DEPTH if error.code == "too_deep" else RefusalReason.JSON
        ) from None


def _request_line(flat: Mapping[str, Any]) -> tuple[str, str]:
    """Return the method and the target, from keys of their own or from a whole request line."""
    method, target = split_request(_text(first(flat, json_keys.REQUEST)))
    method = (_text(first(flat, json_keys.METHOD)) or method).upper()
    target = _text(first(flat, json_keys.TARGET)) or target
    query = _text(first(flat, json_keys.QUERY)).removeprefix("?")
    if query and "?" not in target:
        target = f"{target}?{query}"
    return method, target


def _status(flat: Mapping[str, Any]) -> int | None:
    text = _text(first(flat, json_keys.STATUS)).removesuffix(".0")
    return int(text) if _STATUS.fullmatch(text) else None


def _remote(flat: Mapping[str, Any], *, host_names: bool) -> tuple[Address, ...]:
    for name in json_keys.ADDRESS:
        text = _text(flat.get(name), ", ")
        if found := addresses_in(text):
            return found
        if host_names and (looked_up := host_name(text)):
            return (Address(looked_up, public=True),)
    return ()


def _without(flat: Mapping[str, Any]) -> RefusalReason:
    text = _text(first(flat, json_keys.ADDRESS))
    if not text:
        return RefusalReason.NO_ADDRESS
    return RefusalReason.HOST_NAME if host_name(text) else RefusalReason.NOT_AN_ADDRESS


def _user_agent(flat: Mapping[str, Any]) -> str | None:
    if agent := _text(first(flat, json_keys.USER_AGENT)):
        return agent
    has_key = any(name in flat for name in json_keys.USER_AGENT)
    return "" if has_key or any(name in flat for name in json_keys.HEADERS) else None


def _text(value: Any, between: str | None = None) -> str:
    """Return a value as text; for a list, such as a header's values, the first or all of them joined."""
    if isinstance(value, list):
        texts = [item for item in value if isinstance(item, str)]
        value = between.join(texts) if between else next(iter(texts), "")
    if isinstance(value, str):
        return value.strip().replace("\0", "\N{REPLACEMENT CHARACTER}")
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
    return str(value) if number else ""
