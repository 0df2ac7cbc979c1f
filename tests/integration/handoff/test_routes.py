"""The hand-off's HTTP: what it accepts, what it shows, and how it refuses."""

import socket
from typing import Any

import httpx
import pytest

from tests.support.keys import OPS_KEY, WRITE_KEY
from tests.support.leads import qualified
from tests.support.receiver import Receiver
from tests.worlds.handoff import HandoffWorld


async def test_a_crm_or_ops_key_is_needed(world: HandoffWorld) -> None:
    world.api.headers.pop("authorization")
    for header in ({}, {"authorization": f"Bearer {WRITE_KEY}"}):
        answer = await world.api.get("/v1/webhooks", headers=header)
        assert (answer.status_code, answer.json()["code"]) == (401, "key_invalid")
    assert (
        await world.api.get("/v1/leads", headers={"authorization": f"Bearer {OPS_KEY}"})
    ).status_code == 200


async def test_the_secret_is_shown_at_creation_only(world: HandoffWorld, receiver: Receiver) -> None:
    webhook = await world.subscribe(receiver.url())
    assert webhook.pop("secret").startswith("whsec_")
    assert webhook["event_types"] is webhook["models"] is None
    assert await world.get(f"/v1/webhooks/{webhook['id']}") == webhook
    assert (await world.get("/v1/webhooks"))["items"] == [webhook]


REFUSED = [
    ({}, "invalid", "url"),
    ({"url": "nonsense"}, "webhook_url_invalid", "url"),
    ({"url": "http://10.1.2.3/"}, "webhook_target_private", "url"),
    ({"url": "https://[::ffff:169.254.169.254]/"}, "webhook_target_private", "url"),
    ({"url": "http://0x7f000002/"}, "webhook_target_private", "url"),
    ({"url": "http://93.184.216.34/"}, "webhook_url_insecure", "url"),
    ({"url": "https://no-such-host.invalid/"}, "webhook_host_unknown", "url"),
    ({"url": "http://127.0.0.1/", "event_types": ["lead.eaten"]}, "invalid", "event_types.0"),
    ({"url": "http://127.0.0.1/", "event_types": []}, "invalid", "event_types"),
    ({"url": "http://127.0.0.1/", "models": ["\0"]}, "invalid", "models.0"),
    ({"url": "http://127.0.0.1/", "colour": "red"}, "invalid", "colour"),
]


async def test_an_invalid_webhook_is_refused_with_the_field(
    world: HandoffWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def offline(host: Any, *args: Any, **kwargs: Any) -> Any:
        if str(host).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    for body, code, field in REFUSED:
        answer = await world.api.post("/v1/webhooks", json=body)
        assert answer.status_code in {400, 422}
        assert (body, answer.json()["code"], answer.json()["field"]) == (body, code, field)


async def test_a_private_address_is_refused_with_the_setting_that_allows_it(world: HandoffWorld) -> None:
    answer = await world.api.post("/v1/webhooks", json={"url": "https://192.168.7.7/hook"})
    assert answer.json()["message"] == (
        "192.168.7.7 is not a public address. "
        "To allow a private target, add its network or host name to FLIPLINE_WEBHOOK_ALLOW."
    )


async def test_a_patch_changes_only_the_given_fields(world: HandoffWorld, receiver: Receiver) -> None:
    webhook = await world.subscribe(receiver.url(), models=["marathon"])
    path = f"/v1/webhooks/{webhook['id']}"

    changed = await world.api.patch(path, json={"event_types": ["lead.qualified"]})
    assert (changed.json()["event_types"], changed.json()["models"]) == (["lead.qualified"], ["marathon"])

    changed = await world.api.patch(path, json={"models": None, "status": "disabled"})
    assert (changed.json()["models"], changed.json()["status"]) == (None, "disabled")

    for wrong in ({"url": "http://10.0.0.1/"}, {"url": None}, {"status": "asleep"}, {"id": "mine"}):
        assert (await world.api.patch(path, json=wrong)).status_code in {400, 422}
    assert (await world.get(path))["url"] == webhook["url"]


async def test_a_test_message_is_delivered_like_any_other_message(
    world: HandoffWorld, receiver: Receiver
) -> None:
    webhook = await world.subscribe(receiver.url(), event_types=["profile.stage_changed"])

    answer = await world.api.post(f"/v1/webhooks/{webhook['id']}/test")

    assert (answer.status_code, answer.json()["status"]) == (201, "pending")
    [received] = await receiver.wait_for(1)
    assert received.json["type"] == "webhook.test"
    [delivery] = await world.wait_for_deliveries(webhook, "delivered")
    assert delivery["id"] == answer.json()["id"]


async def test_pages_of_deliveries_leads_and_webhooks_show_everything_once(
    world: HandoffWorld, receiver: Receiver
) -> None:
    webhook = await world.subscribe(receiver.url())
    await world.subscribe(receiver.url(), models=["none"])
    await world.subscribe(receiver.url(), models=["none"])
    await world.append(*(qualified(number) for number in range(7)))
    await world.wait_for_deliveries(webhook, "delivered", 7)

    for path, expected in (
        (f"/v1/webhooks/{webhook['id']}/deliveries", 7),
        ("/v1/leads", 7),
        ("/v1/webhooks", 3),
    ):
        items = await _all_pages(world.api, path, limit=2)
        ids = [item.get("id") or item["lead_id"] for item in items]
        assert (len(ids), len(set(ids))) == (expected, expected)
        assert items == (await world.get(f"{path}?limit=200"))["items"]


async def _all_pages(api: httpx.AsyncClient, path: str, **query: Any) -> list[Any]:
    items: list[Any] = []
    while True:
        page = (await api.get(path, params=query)).json()
        items += page["items"]
        if "next_cursor" not in page:
            return items
        query["cursor"] = page["next_cursor"]


async def test_a_replay_with_unknown_delivery_ids_is_refused_and_replays_nothing(
    world: HandoffWorld, receiver: Receiver
) -> None:
    webhook, other = await world.subscribe(receiver.url()), await world.subscribe(receiver.url())
    await world.append(qualified(1))
    [delivery] = await world.wait_for_deliveries(webhook, "delivered")
    [other_delivery] = await world.wait_for_deliveries(other, "delivered")
    answer = await world.api.post(
        f"/v1/webhooks/{webhook['id']}/replay",
        json={"delivery_ids": [delivery["id"], "nope", other_delivery["id"]]},
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["field"]) == (
        400,
        "delivery_unknown",
        "delivery_ids.1",
    )
    assert [error["field"] for error in problem["errors"]] == ["delivery_ids.1", "delivery_ids.2"]
    assert (await world.deliveries(webhook)) == [delivery]


async def test_leads_are_found_by_model_and_status(world: HandoffWorld, receiver: Receiver) -> None:
    webhook = await world.subscribe(receiver.url())
    await world.append(qualified(1), qualified(2, model="influence"))
    await world.wait_for_deliveries(webhook, "delivered", 2)

    async def found(query: str) -> list[str]:
        return [lead["lead_id"] for lead in (await world.get(f"/v1/leads?{query}"))["items"]]

    assert await found("model=influence") == ["lead_2"]
    assert sorted(await found("status=open")) == ["lead_1", "lead_2"]
    assert await found("status=won") == []


async def test_a_replay_sends_only_the_selected_deliveries(world: HandoffWorld, receiver: Receiver) -> None:
    webhook = await world.subscribe(receiver.url())
    await world.append(qualified(1))
    [early] = await world.wait_for_deliveries(webhook, "delivered")
    world.clock.advance(hours=1)
    await world.append(qualified(2))
    await world.wait_for_deliveries(webhook, "delivered", 2)

    async def replay(**body: Any) -> int:
        answer = await world.api.post(f"/v1/webhooks/{webhook['id']}/replay", json=body)
        assert answer.status_code == 200, answer.text
        await world.wait_for_deliveries(webhook, "delivered", 2)
        return answer.json()["replayed"]

    middle = (world.clock.now()).isoformat()
    assert await replay() == 0
    assert await replay(status="delivered", until=middle) == 1
    assert await replay(status="delivered", since=middle.removesuffix("+00:00")) == 1
    assert await replay(delivery_ids=[early["id"]]) == 1
    assert await replay(delivery_ids=[]) == 0
    assert len(receiver.received) == 5


HOSTILE = [
    "/v1/webhooks/%00",
    "/v1/leads/%00",
    "/v1/leads?model=%00",
    "/v1/leads?status=asleep",
    "/v1/leads?cursor=WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzEyOjAwIiwiYSJd",  # the year 1, east of Greenwich
    "/v1/leads?cursor=WyJ0b21vcnJvdyIsICJhIl0=",  # "tomorrow"
    "/v1/webhooks?cursor=%00",
    "/v1/webhooks?cursor=WyJcdTAwMDAiXQ==",  # a NUL
    "/v1/webhooks?cursor=bm90IGpzb24=",
    "/v1/webhooks?limit=0",
    "/v1/webhooks?limit=100000",
]


async def test_hostile_paths_and_queries_are_refused(world: HandoffWorld) -> None:
    for path in HOSTILE:
        assert (path, (await world.api.get(path)).status_code) in {(path, 400), (path, 422)}


async def test_hostile_instants_are_refused(world: HandoffWorld, receiver: Receiver) -> None:
    webhook = await world.subscribe(receiver.url())
    for when in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        answer = await world.api.post(f"/v1/webhooks/{webhook['id']}/replay", json={"since": when})
        assert (when, answer.status_code) == (when, 422)


async def test_an_unknown_webhook_or_lead_is_not_found(world: HandoffWorld) -> None:
    for method, path in (
        ("GET", "/v1/webhooks/none"),
        ("PATCH", "/v1/webhooks/none"),
        ("GET", "/v1/webhooks/none/deliveries"),
        ("POST", "/v1/webhooks/none/test"),
        ("POST", "/v1/webhooks/none/replay"),
        ("POST", "/v1/webhooks/none/rotate-secret"),
        ("GET", "/v1/leads/none"),
    ):
        answer = await world.api.request(method, path, json={} if method != "GET" else None)
        code = "lead_unknown" if "leads" in path else "webhook_unknown"
        assert (path, answer.status_code, answer.json()["code"]) == (path, 404, code)
