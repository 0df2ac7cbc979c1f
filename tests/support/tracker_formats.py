"""The tracker formats that ingest takes, each path with a request as the API's description shows it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from services.ingest.formats.format import Format, TrackingPath
from services.ingest.formats.registry import FORMATS


@dataclass(frozen=True)
class Example:
    """A body as the API's description shows it, and how it is written."""

    media_type: str
    body: Any

    def written(self, fields: Mapping[str, Any] = {}) -> bytes:
        """The bytes of the body, or of its first event, with these fields added at the top."""
        body = self.body[0] if fields and isinstance(self.body, list) else self.body
        return encoded(self.media_type, {**body, **fields} if fields else body)


def encoded(media_type: str, body: Any) -> bytes:
    """Write a body as clients that declare this type write it."""
    if media_type == "application/x-www-form-urlencoded":
        return urlencode(body).encode()
    assert media_type == "application/json", f"teach tests/support/tracker_formats.py to write {media_type}"
    return json.dumps(body).encode()


def example_of(tracker_format: Format, path: TrackingPath) -> Example:
    """Return the example of a path."""
    description = path.describe(tracker_format.key_fields)
    ((media_type, content),) = description["openapi_extra"]["requestBody"]["content"].items()
    return Example(media_type, content["example"])


def body_keys(tracker_format: Format) -> tuple[str, ...]:
    """Return the fields of a body that may have the key."""
    fields = tracker_format.key_fields.body
    return fields.names if fields else ()


def documented_keys(tracker_format: Format) -> tuple[str, ...]:
    """Return the fields that the documents name: the first of the body and the first of the query."""
    return (*body_keys(tracker_format)[:1], *tracker_format.key_fields.query[:1])


EACH_FORMAT: Final = [pytest.param(each, id=each.name) for each in FORMATS]
EACH_PATH: Final = [pytest.param(each, path, id=path.path) for each in FORMATS for path in each.paths]
