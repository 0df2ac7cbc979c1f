"""From a StageChanged on the log to a webhook: once, and only for its subscribers."""

from standardwebhooks.webhooks import Webhook as StandardWebhook

from tests.support.leads import qualified, stage_changed
from tests.support.receiver import Receiver
from tests.worlds.handoff import HandoffWorld

STAGES, LEADS = {"event_types": ["profile.stage_changed"]}, {"event_types": ["lead.qualified"]}
BOTH = {"event_types": ["profile.stage_changed", "lead.qualified"]}


async def test_a_stage_change_is_delivered_signed_with_its_event_id_as_message_id(
    world: HandoffWorld, receiver: Receiver
) -> None:
    webhook = await world.subscribe(receiver.url(), **STAGES)

    await world.append(stage_changed())

    [received] = await receiver.wait_for(1)
    body = StandardWebhook(webhook["secret"]).verify(received.body, dict(received.headers))
    assert (body["type"], body["timestamp"]) == ("profile.stage_changed", "2026-05-01T09:30:00Z")
    assert (body["data"]["before"], body["data"]["after"]) == ("aware", "engaged")
    [delivery] = await world.wait_for_deliveries(webhook, "delivered")
    assert (received.id, delivery["message_id"]) == ("stage_1", "stage_1")
    assert (delivery["type"], delivery["lead_id"]) == ("profile.stage_changed", None)


async def test_a_stage_change_repeated_on_the_log_is_delivered_once(
    world: HandoffWorld, receiver: Receiver
) -> None:
    webhook = await world.subscribe(receiver.url(), **STAGES)
    await world.append(stage_changed(1), stage_changed(1))
    await world.wait_for_deliveries(webhook, "delivered")

    await world.append(stage_changed(1), stage_changed(2, before="engaged", after=None))

    delivered = await world.wait_for_deliveries(webhook, "delivered", 2)
    assert [delivery["message_id"] for delivery in delivered] == ["stage_2", "stage_1"]
    assert await world.deliveries(webhook) == delivered
    assert sorted(received.id for received in receiver.received) == ["stage_1", "stage_2"]


async def test_a_held_stage_change_that_is_repeated_on_the_log_stays_held(
    world: HandoffWorld, receiver: Receiver
) -> None:
    webhook = await world.subscribe(receiver.url(), **STAGES)
    path = f"/v1/webhooks/{webhook['id']}"
    await world.api.patch(path, json={"status": "disabled"})
    await world.append(stage_changed(1))
    await world.wait_for_deliveries(webhook, "held")

    await world.append(stage_changed(1), stage_changed(2))

    assert len(await world.wait_for_deliveries(webhook, "held", 2)) == 2
    await world.api.patch(path, json={"status": "active"})
    assert (await world.api.post(f"{path}/replay")).json() == {"replayed": 2}
    await world.wait_for_deliveries(webhook, "delivered", 2)
    assert sorted(received.id for received in receiver.received) == ["stage_1", "stage_2"]


async def test_a_stage_change_goes_only_to_webhooks_of_its_type_and_model(
    world: HandoffWorld, receiver: Receiver
) -> None:
    leads_only = await world.subscribe(receiver.url(), **LEADS)
    unasked = await world.subscribe(receiver.url())
    other_model = await world.subscribe(receiver.url(), **STAGES, models=["influence"])
    by_type = await world.subscribe(receiver.url(), **STAGES, models=["marathon"])
    of_every_model = await world.subscribe(receiver.url(), **BOTH)

    await world.append(stage_changed())

    await world.wait_for_deliveries(by_type, "delivered")
    await world.wait_for_deliveries(of_every_model, "delivered")
    for other in (leads_only, unasked, other_model):
        assert await world.deliveries(other) == []
    assert len(receiver.received) == 2


async def test_leads_are_delivered_once_among_stage_changes(world: HandoffWorld, receiver: Receiver) -> None:
    leads_only = await world.subscribe(receiver.url(), **LEADS)
    stages_only = await world.subscribe(receiver.url(), **STAGES)

    await world.append(stage_changed(1), qualified(1), stage_changed(2, after="sales_ready"), qualified(1))

    [lead] = await world.wait_for_deliveries(leads_only, "delivered")
    assert (lead["type"], lead["message_id"], lead["lead_id"]) == ("lead.qualified", "flip_1", "lead_1")
    changes = await world.wait_for_deliveries(stages_only, "delivered", 2)
    assert {change["message_id"] for change in changes} == {"stage_1", "stage_2"}
    assert [each["lead_id"] for each in (await world.get("/v1/leads"))["items"]] == ["lead_1"]
    assert (await world.get("/v1/leads/lead_1"))["deliveries"] == [lead]


async def test_a_later_webhook_does_not_get_a_lead_that_the_log_repeats(
    world: HandoffWorld, receiver: Receiver
) -> None:
    first = await world.subscribe(receiver.url(), **BOTH)
    await world.append(qualified(1))
    await world.wait_for_deliveries(first, "delivered")
    later = await world.subscribe(receiver.url(), **BOTH)

    await world.append(qualified(1), stage_changed(1))

    await world.wait_for_deliveries(first, "delivered", 2)
    assert [each["message_id"] for each in await world.deliveries(later)] == ["stage_1"]


async def test_the_audience_of_a_lead_is_in_the_message_and_in_the_list(
    world: HandoffWorld, receiver: Receiver
) -> None:
    webhook = await world.subscribe(receiver.url())

    await world.append(qualified(1), qualified(2, audience="offer"))

    await world.wait_for_deliveries(webhook, "delivered", 2)
    sent = {received.json["data"]["lead_id"]: received.json["data"] for received in receiver.received}
    listed = {lead["lead_id"]: lead for lead in (await world.get("/v1/leads"))["items"]}
    for leads in (sent, listed):
        assert (leads["lead_1"]["audience"], leads["lead_2"]["audience"]) == ("sales", "offer")
    assert (await world.get("/v1/leads/lead_2"))["audience"] == "offer"
