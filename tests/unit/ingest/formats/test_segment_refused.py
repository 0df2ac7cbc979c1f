"""Calls of Segment's API that are refused, and calls of any other content."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused
from shared.events import decode, encode
from tests.unit.ingest.formats.segment_calls import read, refusal


@pytest.mark.parametrize(
    ("path", "call", "code", "field"),
    [
        (None, {}, "type_invalid", "type"),
        ("track", {}, "field_missing", "event"),
        ("track", {"event": "!"}, "type_invalid", "event"),
        ("track", {"event": "Adjustment"}, "type_reserved", "event"),
        (None, {"type": "track", "event": "Adjustment"}, "type_reserved", "event"),
        (None, {"type": "adjustment"}, "type_invalid", "type"),
        ("track", {"event": "x" * 257}, "shape_invalid", "event"),
        ("group", {}, "field_missing", "groupId"),
        ("alias", {}, "field_missing", "previousId"),
        ("alias", {"previousId": "c1", "userId": ""}, "field_missing", "userId"),
        ("page", {"userId": None}, "identities_count", "userId"),
        ("page", {"userId": "", "anonymousId": 0}, "identities_count", "userId"),
        ("page", {"userId": "x" * 257}, "identity_value_invalid", "userId"),
        ("page", {"messageId": "x" * 100}, "shape_invalid", "messageId"),
        ("page", {"timestamp": "soon"}, "instant_invalid", "timestamp"),
        ("page", {"originalTimestamp": "soon"}, "instant_invalid", "originalTimestamp"),
        ("page", {"context": {"campaign": {"name": "x" * 257}}}, "shape_invalid", "context.campaign.name"),
        ("page", {"context": {"page": "x"}}, "shape_invalid", "context.page"),
        ("group", {"groupId": "x" * 257}, "shape_invalid", "groupId"),
        ("identify", {"traits": {f"t{n}": 1 for n in range(201)}}, "too_many_traits", "traits"),
        ("group", {"groupId": 7, "traits": {"x" * 129: 1}}, "trait_name_too_long", f"traits.{'x' * 64}"),
        ("page", {"context": {"traits": {"bio": "x" * 5_000}}}, "trait_too_large", "context.traits.bio"),
        ("page", {"traits": {"a": "\0"}}, "nul_character", "traits.a"),
    ],
)
def test_an_invalid_call_is_refused_with_its_field(
    path: str | None, call: dict[str, Any], code: str, field: str
) -> None:
    assert refusal(path, **call) == (code, field)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(LEAVES, lambda part: st.lists(part) | st.dictionaries(st.text(), part), max_leaves=8)
FIELDS = st.sampled_from([
    "type", "messageId", "userId", "anonymousId", "previousId", "groupId", "event", "name", "timestamp",
    "sentAt", "properties", "traits", "context", "x",
])  # fmt: skip
TYPES = st.sampled_from(["track", "identify", "page", "screen", "group", "alias", None])


@given(TYPES, st.dictionaries(FIELDS, JSON))
def test_any_call_is_refused_or_survives_encoding(path: str | None, call: dict[str, Any]) -> None:
    with suppress(Refused):
        event = read(path, **call)
        assert decode(encode(event)) == event
