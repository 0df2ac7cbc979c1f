"""Placeholders that broken trackers send as an identity join no visitors and lose no event; over HTTP."""

from typing import Any

import pytest

from tests.worlds.ingest import IngestWorld

EMPTY_UUID = "00000000-0000-0000-0000-000000000000"


async def names(world: IngestWorld) -> list[set[tuple[str, str]]]:
    return [
        {(identity.kind, identity.value) for identity in event.identities}
        for event in await world.interactions()
    ]


@pytest.mark.parametrize(
    "placeholder", ["undefined", "[object Object]", "{{user_id}}", EMPTY_UUID, 0, "0", ""]
)
async def test_a_placeholder_user_id_is_left_out_and_joins_no_visitors(
    world: IngestWorld, placeholder: Any
) -> None:
    for email in ("ana@acme.example", "bob@globex.example"):
        call = {"userId": placeholder, "anonymousId": f"c-{email}", "traits": {"email": email}}
        assert (await world.api.post("/v1/identify", json=call)).status_code == 200
        event = {"type": "visit", "identities": {"user_id": placeholder, "email": email}}
        answer = await world.api.post("/v1/events", json=event)
        assert answer.json()["results"][0]["left_out"][0]["field"] == "identities.user_id"
    first, second, third, fourth = await names(world)
    assert (first | second).isdisjoint(third | fourth)


async def test_the_response_to_a_call_lists_identities_that_were_left_out(world: IngestWorld) -> None:
    answer = await world.api.post("/v1/page", json={"userId": "null", "anonymousId": "c1"})
    assert answer.json() == {
        "success": True,
        "left_out": [
            {
                "field": "userId",
                "code": "identity_placeholder",
                "message": "The value is a placeholder for an unknown person, so it identifies no person.",
            }
        ],
    }


@pytest.mark.parametrize("path", ["/v1/track", "/v1/events"])
async def test_events_with_placeholder_ids_get_different_ids(world: IngestWorld, path: str) -> None:
    for _ in range(2):
        if path == "/v1/track":
            body = {"messageId": "null", "userId": "u1", "event": "Signed Up"}
        else:
            body = {"id": "undefined", "type": "visit", "identities": {"user_id": "u1"}}
        assert (await world.api.post(path, json=body)).status_code == 200
    first, second = await world.interactions()
    assert first.id != second.id
    assert {first.id, second.id}.isdisjoint({"null", "undefined"})


@pytest.mark.parametrize("blank", [None, "", " ", [], [None], "\ufeff"])
async def test_a_blank_identity_beside_a_valid_identity_loses_no_event(
    world: IngestWorld, blank: Any
) -> None:
    event = {"type": "visit", "identities": {"email": "ana@acme.example", "phone": blank}}
    answer = await world.api.post("/v1/events", json=event)
    assert answer.json()["results"][0]["status"] == "accepted"
    assert await names(world) == [{("email", "ana@acme.example")}]


async def test_one_mailbox_has_one_identity(world: IngestWorld) -> None:
    for written in ("\ufeffana@straße.example", "<ana@xn--strae-oqa.example>", "Ana <ANA@straße.example.>"):
        event = {"type": "visit", "identities": {"email": written}}
        assert (await world.api.post("/v1/events", json=event)).status_code == 200
    assert await names(world) == [{("email", "ana@xn--strae-oqa.example")}] * 3


async def test_a_phone_number_written_as_a_float_is_read_as_an_integer(world: IngestWorld) -> None:
    for written in ("600123456.0", 600123456.0, 600123456):
        event = {"type": "visit", "identities": {"phone": written}}
        assert (await world.api.post("/v1/events", json=event)).status_code == 200
    assert await names(world) == [{("phone", "600123456")}] * 3


async def test_a_refusal_names_the_field_of_the_placeholder(world: IngestWorld) -> None:
    answer = await world.api.post("/v1/page", json={"userId": "undefined"})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        400,
        "identities_count",
        "userId",
    )
    (letter,) = await world.dead_letters()
    assert letter.code == "identities_count"


async def test_an_alias_call_names_the_previous_user(world: IngestWorld) -> None:
    call = {"previousId": "jen@email.com", "userId": "507f191e81"}
    assert (await world.api.post("/v1/alias", json=call)).status_code == 200
    assert ("user_id", "jen@email.com") in (await names(world))[0]


async def test_an_alias_of_the_anonymous_id_needs_no_previous_id(world: IngestWorld) -> None:
    call = {"anonymousId": "c1", "userId": "u1"}
    assert (await world.api.post("/v1/alias", json=call)).status_code == 200
    assert await names(world) == [{("user_id", "u1"), ("anonymous_id", "c1")}]


async def test_a_url_inside_a_path_stays_part_of_the_path(world: IngestWorld) -> None:
    call = {"userId": "u1", "properties": {"url": "/go/https://other.example/pricing"}}
    assert (await world.api.post("/v1/page", json=call)).status_code == 200
    (event,) = await world.interactions()
    assert event.properties["path"] == "/go/https://other.example/pricing"
