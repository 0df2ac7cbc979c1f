"""The table of the types of webhook, and the schemas of their bodies."""

import json
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import pytest

from services.handoff.payload.body import body_of
from services.handoff.payload.types import OFFERED, EventType
from tests.support.webhook_bodies import misfits


def example(type_: EventType[Any]) -> bytes:
    return body_of(type_.name, type_.notice(type_.example))


def set_to(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda part: part.__setitem__(name, value)


def without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda part: part.pop(name)


@pytest.mark.parametrize("type_", OFFERED, ids=attrgetter("name"))
def test_the_example_of_a_type_fits_its_schema(type_: EventType[Any]) -> None:
    assert misfits(example(type_)) == []


@pytest.mark.parametrize("part", ["name", "event", "body"])
def test_webhook_types_have_distinct_names_events_and_bodies(part: str) -> None:
    """An event would make messages of one type only, and a body would be described twice."""
    assert len({getattr(type_, part) for type_ in OFFERED}) == len(OFFERED)


@pytest.mark.parametrize(
    ("path", "change", "difference"),
    [
        ((), without("timestamp"), ".timestamp: is missing"),
        ((), set_to("id", "evt_1"), ".id: is not described"),
        ((), set_to("timestamp", "2026-06-01"), ".timestamp: '2026-06-01' is not allowed"),
        (("data",), without("campaign"), ".data.campaign: is missing"),
        (("data",), set_to("offer", None), ".data.offer: is no object"),
        (("data",), set_to("score", "25"), ".data.score: is no number"),
        (("data",), set_to("cycle", True), ".data.cycle: is no integer"),
        (("data",), set_to("audience", "all"), ".data.audience: 'all' is not allowed"),
        (("data",), set_to("crossed_on", "2026-06"), ".data.crossed_on: '2026-06' is not allowed"),
        (("data", "person"), set_to("email", 1), ".data.person.email: no alternative fits"),
        (("data", "person"), set_to("age", 40), ".data.person.age: is not described"),
        (("data", "reasons", 1), without("label"), ".data.reasons.1.label: is missing"),
    ],
)
def test_a_body_that_breaks_the_schema_is_reported_with_its_path(
    path: tuple[str | int, ...], change: Callable[[Any], None], difference: str
) -> None:
    body = part = json.loads(example(OFFERED[0]))
    for name in path:
        part = part[name]
    change(part)
    assert misfits(json.dumps(body).encode()) == [difference]


def test_the_traits_of_a_lead_may_be_any_json() -> None:
    body = json.loads(example(OFFERED[0]))
    body["data"]["traits"] = {"shoes": {"size": 44}, "races": [1, "two", None]}
    assert misfits(json.dumps(body).encode()) == []
