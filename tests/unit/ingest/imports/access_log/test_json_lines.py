"""JSON lines as servers and collectors write them, and as hostile senders do."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.ingest.imports.access_log.refusal import RefusalReason
from services.ingest.imports.access_log.request import Request
from tests.unit.ingest.imports.access_log.log_lines import read, refused

AT = datetime(2026, 11, 15, 10, 0, 1, tzinfo=UTC)
NGINX: dict[str, Any] = {
    "time_local": "15/Nov/2026:10:00:01 +0000",
    "remote_addr": "192.0.2.1",
    "request": "GET /pricing?a=1 HTTP/1.1",
    "status": "200",
    "http_referer": "https://a.example/",
    "http_user_agent": "Firefox",
    "http_x_forwarded_for": "-",
    "host": "shop.example",
}
NGINX_FIELDS = {
    "time_iso8601": "2026-11-15T11:00:01+01:00", "remote_addr": "192.0.2.1", "request_method": "GET",
    "uri": "/pricing", "args": "a=1", "status": 200, "http_referer": "https://a.example/",
    "http_user_agent": "Firefox", "server_name": "shop.example",
}  # fmt: skip
CADDY = {
    "level": "info", "ts": 1794736801.0, "logger": "http.log.access", "msg": "handled request", "status": 200,
    "request": {
        "remote_ip": "192.0.2.1", "client_ip": "192.0.2.1", "proto": "HTTP/2.0", "method": "GET",
        "host": "shop.example:443", "uri": "/pricing?a=1",
        "headers": {"User-Agent": ["Firefox"], "Referer": ["https://a.example/"]},
    },
}  # fmt: skip
TRAEFIK = {
    "ClientAddr": "192.0.2.1:51234", "ClientHost": "192.0.2.1", "DownstreamStatus": 200,
    "RequestMethod": "GET", "RequestPath": "/pricing?a=1", "RequestHost": "shop.example",
    "StartUTC": "2026-11-15T10:00:01.000000123Z", "request_User-Agent": "Firefox",
    "request_Referer": "https://a.example/", "time": "2026-11-15T10:00:09Z",
}  # fmt: skip
ENVOY = {
    "start_time": "2026-11-15T10:00:01.000Z", "method": "GET", "path": "/pricing?a=1", "response_code": 200,
    "user_agent": "Firefox", "downstream_remote_address": "192.0.2.1:51234", "x_forwarded_for": None,
    "authority": "shop.example", "referer": "https://a.example/",
}  # fmt: skip
ELASTIC = {
    "@timestamp": "2026-11-15T10:00:01Z", "source": {"ip": "192.0.2.1"},
    "http": {
        "request": {"method": "get", "referrer": "https://a.example/"}, "response": {"status_code": 200},
    },
    "url": {"path": "/pricing", "query": "a=1", "domain": "shop.example"},
    "user_agent": {"original": "Firefox"},
}  # fmt: skip
BALANCER = {
    "timestamp": 1794736801000, "client_ip": "192.0.2.1", "elb_status_code": 200, "request_method": "GET",
    "path": "/pricing", "query_string": "?a=1", "user_agent": "Firefox", "referer": "https://a.example/",
    "host": "shop.example",
}  # fmt: skip


@pytest.mark.parametrize("record", [NGINX, NGINX_FIELDS, CADDY, TRAEFIK, ENVOY, ELASTIC, BALANCER])
def test_json_keys_of_each_known_server_are_read(record: dict[str, Any]) -> None:
    assert read(record) == Request(
        format="JSON lines",
        visitor="192.0.2.1",
        forwarded=False,
        host="shop.example",
        at=AT,
        method="GET",
        target="/pricing?a=1",
        status=200,
        user_agent="Firefox",
        referrer="https://a.example/",
    )


@pytest.mark.parametrize(
    ("name", "value", "visitor"),
    [
        ("http_x_forwarded_for", "203.0.113.7, 10.0.0.1", "203.0.113.7"),
        ("X-Forwarded-For", ["203.0.113.7", "10.0.0.1"], "203.0.113.7"),
        ("http_x_forwarded_for", "unknown", "192.0.2.1"),
        ("http_x_forwarded_for", "me", "192.0.2.1"),
        ("http_x_forwarded_for", {"a": 1}, "192.0.2.1"),
        ("remote_addr", "[2001:db8::1]:443", "2001:db8::1"),
    ],
)
def test_forwarded_addresses_name_the_visitor(name: str, value: Any, visitor: str) -> None:
    assert read(NGINX | {name: value}).visitor == visitor


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"remote_addr": "shop.example"}, RefusalReason.HOST_NAME),
        ({"remote_addr": "unix:"}, RefusalReason.NOT_AN_ADDRESS),
        ({"remote_addr": ""}, RefusalReason.NO_ADDRESS),
        ({"remote_addr": 7}, RefusalReason.NOT_AN_ADDRESS),
        ({"time_local": None}, RefusalReason.NO_TIME),
        ({"time_local": "soon"}, RefusalReason.TIME_SHAPE),
        ({"time_local": True}, RefusalReason.TIME_SHAPE),
        ({"time_local": 10**30}, RefusalReason.TIME_SHAPE),
        ({"time_local": ["15/Nov/2026:10:00:01 +0000"]}, RefusalReason.TIME_SHAPE),
        ({"status": True}, RefusalReason.NO_STATUS),
        ({"status": "OK"}, RefusalReason.NO_STATUS),
        ({"request": None, "status": None}, RefusalReason.JSON_NOTHING),
    ],
)
def test_missing_or_wrong_fields_are_refused_with_a_reason(
    changes: dict[str, Any], reason: RefusalReason
) -> None:
    assert refused(NGINX | changes) is reason


def test_a_host_name_is_the_visitor_if_the_option_is_set() -> None:
    assert read(NGINX | {"remote_addr": "dial.isp.example"}, host_names=True).visitor == "dial.isp.example"


def test_a_user_agent_that_was_not_sent_differs_from_one_that_is_not_logged() -> None:
    logged = {name: value for name, value in NGINX.items() if name != "http_user_agent"}
    assert read(logged).user_agent is None
    assert not read(NGINX | {"http_user_agent": "-"}).user_agent
    assert read(NGINX | {"http_user_agent": None}).user_agent is not None
    assert read(logged | {"headers": {}}).user_agent is not None


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b'{"a": 1}}',
        b'{"a": \xff}',
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 60_000 + b"}",
        b'["GET / HTTP/1.1"]',
        b'{"a": "\\',
        b'{"a": "\\x"}',
    ],
)
def test_a_line_that_is_not_a_json_object_is_refused(line: bytes) -> None:
    assert refused(line) is RefusalReason.JSON


def test_json_that_nests_too_deep_is_refused() -> None:
    assert refused(b'{"a":' * 9_000 + b"1" + b"}" * 9_000) is RefusalReason.JSON_DEPTH


def test_nul_and_lone_surrogates_become_the_replacement_character() -> None:
    line = json.dumps(NGINX | {"request": "GET /@ HTTP/1.1"}).replace("@", r"\u0000\ud83d")
    assert read(line.encode()).target == "/" + "\N{REPLACEMENT CHARACTER}" * 2


def test_json_that_nginx_wrote_without_escape_json_is_read() -> None:
    line = json.dumps(NGINX).replace("Firefox", r"a \x22b\x22 \\x41").encode()
    assert read(line).user_agent == 'a "b" \\x41'
    assert read(
        json.dumps(NGINX | {"request": "GET /@ HTTP/1.1"}).encode().replace(b"@", b"caf\xe9")
    ).target == ("/café")
