"""Lines of access logs as servers write them, and what is read in them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.ingest.imports.access_log.line import read_request
from services.ingest.imports.access_log.refusal import LineRefused, RefusalReason
from services.ingest.imports.access_log.request import Request

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:25.0) Gecko/20100101 Firefox/25.0"
AT = datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC)


def common(
    request: str = "GET /pricing HTTP/1.1",
    status: int = 200,
    *,
    head: str = "83.149.9.216 - -",
    at: str = "17/May/2015:10:05:03 +0000",
) -> str:
    return f'{head} [{at}] "{request}" {status} 203023'


def combined(
    request: str = "GET /pricing HTTP/1.1",
    status: int = 200,
    *,
    head: str = "83.149.9.216 - -",
    referrer: str = "-",
    user_agent: str = FIREFOX,
    at: str = "17/May/2015:10:05:03 +0000",
) -> str:
    return f'{common(request, status, head=head, at=at)} "{referrer}" "{user_agent}"'


def read(line: str | bytes | dict[str, Any], *, host_names: bool = False) -> Request:
    text = json.dumps(line) if isinstance(line, dict) else line
    return read_request(text.encode() if isinstance(text, str) else text, host_names=host_names)


def refused(line: str | bytes | dict[str, Any], *, host_names: bool = False) -> RefusalReason:
    with pytest.raises(LineRefused) as refusal:
        read(line, host_names=host_names)
    return refusal.value.reason
