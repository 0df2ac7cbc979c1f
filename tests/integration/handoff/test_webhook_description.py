"""The webhooks in the API description of `flipline up`, which hosts all services."""

from collections.abc import AsyncIterator, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from services.handoff.payload.types import OFFERED, EventType
from services.handoff.webhooks.signature import signed_headers
from services.hosting.process import host
from shared.process.service import Service
from tests.support.schemas import differences
from tests.worlds.all_services import compose_all_services


@pytest.fixture
async def document(sqlite_url: str, tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
    async with compose_all_services(sqlite_url, tmp_path) as app:
        yield app.openapi()


def references(part: Any) -> Iterator[str]:
    match part:
        case {"$ref": str(target)}:
            yield target
        case dict():
            for value in part.values():
                yield from references(value)
        case list():
            for value in part:
                yield from references(value)
        case _:
            pass


def test_every_offered_webhook_type_is_described_and_can_be_subscribed_to(document: dict[str, Any]) -> None:
    names = [type_.name for type_ in OFFERED]
    assert list(document["webhooks"]) == names
    [types, null] = document["components"]["schemas"]["WebhookIn"]["properties"]["event_types"]["anyOf"]
    assert (types["items"]["enum"], null) == (names, {"type": "null"})


@pytest.mark.parametrize("type_", OFFERED, ids=attrgetter("name"))
def test_each_webhook_type_is_described_with_headers_an_example_and_responses(
    document: dict[str, Any], type_: EventType[Any]
) -> None:
    [(method, request)] = document["webhooks"][type_.name].items()
    assert (method, bool(request["description"])) == ("post", True)
    assert ("event_types" in request["description"]) == type_.only_when_named
    headers = {each["name"] for each in request["parameters"] if each["in"] == "header" and each["required"]}
    assert headers == {name for name, _ in signed_headers(["whsec_"], "id", 0, b"")}
    content = request["requestBody"]["content"]["application/json"]
    assert list(differences(document, content["schema"], content["example"])) == []
    assert request["responses"].keys() == {"200", "410", "default"}


def test_every_reference_in_the_description_resolves(document: dict[str, Any]) -> None:
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= schemas


def test_a_service_without_webhooks_describes_no_webhooks() -> None:
    assert "webhooks" not in host([Service(name="test", routers=[])]).openapi()
