"""The types of webhook: each offered type arrives as described, and others cannot be subscribed to."""

from collections.abc import Awaitable, Callable
from operator import attrgetter
from typing import Any

import pytest
import sqlalchemy as sa

from services.handoff.payload.types import OFFERED, EventType
from services.handoff.store.tables import webhooks
from shared.events import DEAD_LETTERS, LEADS, DeadLetter, Event, decode, encode
from shared.log.port import Record
from tests.support.builders import interaction
from tests.support.leads import qualified, stage_changed
from tests.support.patience import eventually
from tests.support.receiver import Receiver
from tests.support.schemas import differences
from tests.support.tables import changed
from tests.worlds.handoff import HandoffWorld

# How a message of each type comes to a subscriber: by an event on the log, or by a request.
SENDING: dict[str, Callable[[HandoffWorld, dict[str, Any]], Awaitable[Any]]] = {
    "lead.qualified": lambda world, _webhook: world.append(qualified()),
    "profile.stage_changed": lambda world, _webhook: world.append(stage_changed()),
    "webhook.test": lambda world, webhook: world.api.post(f"/v1/webhooks/{webhook['id']}/test"),
}
# The contract has these types, too, but no event makes them yet.
NOT_OFFERED = (
    "lead.updated",
    "lead.withdrawn",
    "lead.recycled",
    "lead.sla.first_contact_breached",
    "lead.sla.contacts_breached",
)


def test_these_tests_send_every_offered_webhook_type() -> None:
    assert SENDING.keys() == {type_.name for type_ in OFFERED}


@pytest.mark.parametrize("type_", OFFERED, ids=attrgetter("name"))
async def test_each_offered_webhook_type_arrives_as_openapi_describes_it(
    world: HandoffWorld, receiver: Receiver, type_: EventType[Any]
) -> None:
    webhook = await world.subscribe(receiver.url(), event_types=[type_.name])

    await SENDING[type_.name](world, webhook)

    [received] = await receiver.wait_for(1)
    [delivery] = await world.wait_for_deliveries(webhook, "delivered")
    assert received.json["type"] == delivery["type"] == type_.name
    document = await world.get("/openapi.json")
    request = document["webhooks"][type_.name]["post"]
    schema = request["requestBody"]["content"]["application/json"]["schema"]
    assert list(differences(document, schema, received.json)) == []
    assert {parameter["name"] for parameter in request["parameters"]} == {
        name for name in received.headers if name.startswith("webhook-")
    }


async def dead_letters(world: HandoffWorld) -> list[Event]:
    return [decode(message.value) async for batch in world.log.replay(DEAD_LETTERS) for message in batch]


async def test_an_unexpected_event_is_parked_and_the_leads_around_it_are_sent(
    world: HandoffWorld, receiver: Receiver
) -> None:
    webhook = await world.subscribe(receiver.url())
    unknown = encode(interaction("visit"))

    values = [encode(qualified(1)), unknown, encode(qualified(2))]
    await world.log.append([Record(LEADS, "profile_1", value) for value in values])

    await world.wait_for_deliveries(webhook, "delivered", 2)
    [letter] = await eventually(lambda: dead_letters(world))
    assert isinstance(letter, DeadLetter)
    assert (letter.refused_by, letter.code) == ("handoff", "unexpected_event")
    assert (letter.message, letter.payload) == (
        "Interaction does not belong on this topic.",
        unknown.decode(),
    )


@pytest.mark.parametrize("name", NOT_OFFERED)
async def test_an_unknown_webhook_type_is_refused_with_the_offered_types(
    world: HandoffWorld, receiver: Receiver, name: str
) -> None:
    webhook = await world.subscribe(receiver.url())
    body = {"event_types": ["lead.qualified", name]}

    new = await world.api.post("/v1/webhooks", json={"url": receiver.url(), **body})
    change = await world.api.patch(f"/v1/webhooks/{webhook['id']}", json=body)

    for answer in (new, change):
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, problem["code"], problem["field"]) == (422, "invalid", "event_types.1")
        assert all(f"'{type_.name}'" in problem["message"] for type_ in OFFERED)
    assert (await world.get("/v1/webhooks"))["items"] == [{k: webhook[k] for k in webhook if k != "secret"}]


async def test_a_stored_webhook_type_that_is_no_longer_offered_matches_no_event(
    world: HandoffWorld, receiver: Receiver
) -> None:
    """Versions before this one offered types that they never sent."""
    unsent, both = await world.subscribe(receiver.url()), await world.subscribe(receiver.url())
    for webhook, types in ((unsent, ["lead.recycled"]), (both, ["lead.recycled", "lead.qualified"])):
        of_it = sa.update(webhooks).where(webhooks.c.id == webhook["id"])
        await changed(world.database, of_it.values(event_types=types))

    await world.append(qualified(1), stage_changed(1))

    [delivery] = await world.wait_for_deliveries(both, "delivered")
    assert (delivery["type"], await world.deliveries(unsent)) == ("lead.qualified", [])
    listed = {item["id"]: item["event_types"] for item in (await world.get("/v1/webhooks"))["items"]}
    assert listed == {unsent["id"]: ["lead.recycled"], both["id"]: ["lead.recycled", "lead.qualified"]}

    path = f"/v1/webhooks/{unsent['id']}"
    paused = await world.api.patch(path, json={"status": "disabled"})
    assert (paused.status_code, paused.json()["event_types"]) == (200, ["lead.recycled"])
    renamed = await world.api.patch(path, json={"event_types": ["lead.qualified"], "status": "active"})
    assert renamed.json() == await world.get(path)
    assert renamed.json()["event_types"] == ["lead.qualified"]
