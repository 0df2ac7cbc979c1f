"""From a LeadQualified on the log to a signed webhook that arrives, with all that can fail between."""

import socket
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as StandardWebhook
from standardwebhooks.webhooks import WebhookVerificationError

from tests.support.leads import qualified
from tests.support.receiver import Received, Receiver, Reply
from tests.worlds.handoff import HandoffWorld

FAILS, WORKS = Reply(500, body=b"out of order"), Reply(200)


def verified(received: Received, secret: str) -> Any:
    return StandardWebhook(secret).verify(received.body, dict(received.headers))


async def test_a_qualified_lead_is_delivered_signed_with_its_reasons(
    world: HandoffWorld, receiver: Receiver
) -> None:
    webhook = await world.subscribe(receiver.url("/leads?from=flipline"))

    await world.append(qualified())

    [received] = await receiver.wait_for(1)
    body = verified(received, webhook["secret"])
    assert received.path == "/leads?from=flipline"
    assert received.headers["content-type"] == "application/json"
    assert body["type"] == "lead.qualified"
    assert body["timestamp"] == "2026-06-01T09:30:00Z"
    assert [reason["points"] for reason in body["data"]["reasons"]] == [5, 10, 10]
    assert body["data"]["person"]["last_name"] == "Russo"
    [delivery] = await world.wait_for_deliveries(webhook, "delivered")
    assert (delivery["message_id"], delivery["lead_id"]) == (received.id, "lead_1")
    assert [attempt["status"] for attempt in delivery["attempts"]] == [200]
    lead = await world.get("/v1/leads/lead_1")
    assert (lead["status"], lead["deliveries"]) == ("open", [delivery])


async def test_a_webhook_gets_only_subscribed_types_and_models(
    world: HandoffWorld, receiver: Receiver
) -> None:
    other_model = await world.subscribe(receiver.url(), models=["influence"])
    other_type = await world.subscribe(receiver.url(), event_types=["profile.stage_changed"])
    webhook = await world.subscribe(receiver.url(), event_types=["lead.qualified"], models=["marathon"])

    await world.append(qualified())

    await world.wait_for_deliveries(webhook, "delivered")
    assert len(receiver.received) == 1
    assert await world.deliveries(other_model) == await world.deliveries(other_type) == []


async def test_a_failed_delivery_is_tried_again_under_the_same_id_and_signed_anew(
    world: HandoffWorld, receiver: Receiver
) -> None:
    receiver.answers(FAILS, WORKS)
    webhook = await world.subscribe(receiver.url())
    await world.append(qualified())
    failed = await world.wait_for_attempts(webhook, 1)
    assert (failed["status"], failed["attempts"][0]["status"]) == ("pending", 500)
    assert failed["attempts"][0]["response"] == "out of order"
    assert failed["next_attempt_at"] is not None

    world.clock.advance(seconds=7)

    first, second = await receiver.wait_for(2)
    assert first.id == second.id
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 7
    verified(second, webhook["secret"])
    [delivered] = await world.wait_for_deliveries(webhook, "delivered")
    assert [attempt["status"] for attempt in delivered["attempts"]] == [500, 200]


async def test_a_delivery_that_never_succeeds_is_held_and_replayed(
    world: HandoffWorld, receiver: Receiver
) -> None:
    receiver.answers(FAILS)
    webhook = await world.subscribe(receiver.url())
    await world.append(qualified())
    for failures in range(1, 14):
        await world.wait_for_attempts(webhook, failures)
        world.clock.advance(hours=29)
    [held] = await world.wait_for_deliveries(webhook, "held")
    assert len(held["attempts"]) == 14

    receiver.answers(WORKS)
    replayed = await world.api.post(f"/v1/webhooks/{webhook['id']}/replay")

    assert replayed.json() == {"replayed": 1}
    [delivered] = await world.wait_for_deliveries(webhook, "delivered")
    assert len(delivered["attempts"]) == 15
    assert len({received.id for received in receiver.received}) == 1


async def test_a_lead_repeated_on_the_log_is_delivered_once(world: HandoffWorld, receiver: Receiver) -> None:
    webhook = await world.subscribe(receiver.url())
    await world.append(qualified(1), qualified(1))
    await world.wait_for_deliveries(webhook, "delivered")

    await world.append(qualified(1), qualified(2))

    assert [received.json["data"]["lead_id"] for received in await receiver.wait_for(2)] == [
        "lead_1",
        "lead_2",
    ]
    assert len(await world.wait_for_deliveries(webhook, "delivered", 2)) == 2


async def test_410_disables_the_webhook_and_holds_its_deliveries(
    world: HandoffWorld, receiver: Receiver
) -> None:
    receiver.answers(Reply(410))
    webhook = await world.subscribe(receiver.url())
    await world.append(qualified(1))
    await world.wait_for_deliveries(webhook, "held")

    await world.append(qualified(2))

    held = await world.wait_for_deliveries(webhook, "held", 2)
    assert held[0]["error"] == "The webhook is disabled."
    shown = await world.get(f"/v1/webhooks/{webhook['id']}")
    assert (shown["status"], "410" in shown["disabled_reason"]) == ("disabled", True)
    refused = await world.api.post(f"/v1/webhooks/{webhook['id']}/replay")
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_disabled")

    receiver.answers(WORKS)
    await world.api.patch(f"/v1/webhooks/{webhook['id']}", json={"status": "active"})
    replayed = await world.api.post(f"/v1/webhooks/{webhook['id']}/replay")
    assert replayed.json() == {"replayed": 2}
    await world.wait_for_deliveries(webhook, "delivered", 2)


async def test_a_redirect_is_a_failure_and_not_followed(world: HandoffWorld, receiver: Receiver) -> None:
    receiver.answers(Reply(302, {"location": receiver.url("/elsewhere")}))
    webhook = await world.subscribe(receiver.url())

    await world.append(qualified())

    failed = await world.wait_for_attempts(webhook, 1)
    assert (failed["status"], "redirects are not followed" in failed["error"]) == ("pending", True)
    assert [received.path for received in receiver.received] == ["/hook"]


async def test_a_delivery_is_retried_after_a_broken_connection(
    world: HandoffWorld, receiver: Receiver
) -> None:
    receiver.answers(Reply(broken=True), WORKS)
    webhook = await world.subscribe(receiver.url())
    await world.append(qualified())
    failed = await world.wait_for_attempts(webhook, 1)
    assert (failed["attempts"][0]["status"], failed["status"]) == (None, "pending")

    world.clock.advance(seconds=7)

    await world.wait_for_deliveries(webhook, "delivered")


async def test_a_delivery_is_held_when_the_host_name_later_resolves_to_a_private_address(
    world: HandoffWorld, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo
    now_at = "127.0.0.1"

    def rebinding(host: Any, *args: Any, **kwargs: Any) -> Any:
        return look_up(now_at if host == "crm.example" else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    webhook = await world.subscribe(receiver.url(host="crm.example"))

    now_at = "10.0.0.1"
    await world.append(qualified())

    [held] = await world.wait_for_deliveries(webhook, "held")
    assert "crm.example resolves to 10.0.0.1, which is not a public address" in held["error"]
    assert "FLIPLINE_WEBHOOK_ALLOW" in held["error"]
    assert receiver.received == []


async def test_after_a_rotation_both_secrets_verify_for_a_day(
    world: HandoffWorld, receiver: Receiver
) -> None:
    webhook = await world.subscribe(receiver.url())
    rotation = await world.api.post(f"/v1/webhooks/{webhook['id']}/rotate-secret")
    old, new = webhook["secret"], rotation.json()["secret"]
    assert old != new

    await world.append(qualified(1))
    [in_grace] = await receiver.wait_for(1)
    verified(in_grace, old)
    verified(in_grace, new)

    world.clock.advance(hours=24)
    await world.append(qualified(2))
    [_, afterwards] = await receiver.wait_for(2)
    assert afterwards.headers["webhook-signature"].count("v1,") == 1
    with pytest.raises(WebhookVerificationError):
        verified(afterwards, old)
