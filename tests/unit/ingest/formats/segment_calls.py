"""Calls of Segment's API, read as they came to one of its paths."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.ingest.formats.segment_calls import read_segment
from services.ingest.reading.accepted import Accepted
from services.ingest.reading.sending import Sending
from shared.errors import Refused
from shared.events import Interaction
from shared.identity import Forms

RECEIVED = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SENDING = Sending(RECEIVED, lambda: "new", Forms())


def read(path: str | None, sending: Sending = SENDING, /, **call: Any) -> Interaction:
    return accepted(path, sending, **call).event


def accepted(path: str | None, sending: Sending = SENDING, /, **call: Any) -> Accepted:
    return read_segment(json.dumps({"userId": "u1"} | call).encode(), sending, path)


def refusal(path: str | None, /, **call: Any) -> tuple[str, str | None]:
    with pytest.raises(Refused) as refused:
        read(path, **call)
    return refused.value.code, refused.value.field
