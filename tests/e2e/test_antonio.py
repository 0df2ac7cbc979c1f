"""The worked example that must always hold, against real processes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from services.demo.story import MATRIX, MODEL
from tests.cast import ANTONIO
from tests.e2e.antonio import ANNOUNCES, BLOG, BUYS, JOINS, SIGNS_UP
from tests.e2e.flipline import ALL_IN_ONE, KEYS, Door, Flipline
from tests.e2e.processes import Process, run
from tests.support.patience import eventually
from tests.support.receiver import Received, Receiver


@pytest.fixture
async def crm() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


async def subscribed(flipline: Flipline, crm: Receiver) -> dict[str, Any]:
    await flipline.activate(MODEL, MATRIX)
    return await flipline.crm.post("/v1/webhooks", {"url": crm.url(), "models": [MODEL]})


async def the_one_lead(flipline: Flipline, crm: Receiver, webhook: dict[str, Any]) -> Received:
    """Return the webhook of the lead, after a check that there is no other lead, made or under way."""
    await crm.wait_for(1)
    # Later events have to be delivered before the absence of another lead proves anything.
    await flipline.post(BUYS)
    await eventually(lambda: timeline(flipline), lambda ids: BUYS["id"] in ids)
    await flipline.crm.post(f"/v1/webhooks/{webhook['id']}/test")
    received = await crm.wait_for(2)
    assert [request.json["type"] for request in received] == ["lead.qualified", "webhook.test"]
    deliveries = await flipline.crm.pages(f"/v1/webhooks/{webhook['id']}/deliveries")
    assert sorted(delivery["type"] for delivery in deliveries) == ["lead.qualified", "webhook.test"]
    assert len(await flipline.crm.pages("/v1/leads", model=MODEL)) == 1
    return received[0]


async def timeline(flipline: Flipline) -> list[str]:
    profile = await flipline.profile("email", "antonio@example.com")
    assert profile
    return [entry["id"] for entry in await flipline.ops.pages(f"/v1/profiles/{profile['id']}/timeline")]


async def test_antonio_flips_on_his_third_step_and_sales_gets_one_lead(
    flipline: Flipline, crm: Receiver
) -> None:
    webhook = await subscribed(flipline, crm)

    await flipline.post(*ANNOUNCES)
    heard = await eventually(
        lambda: flipline.profile("twitter", "antonio_runs"),
        lambda found: found is not None and len(found["identities"]) == 3,
    )
    assert heard
    assert (heard["scores"][MODEL]["score"], heard["scores"][MODEL]["stage"]) == (5, "aware")
    await flipline.post(JOINS)
    joined = await flipline.scored("facebook", "antonio.runs", MODEL, 15)
    assert joined["scores"][MODEL]["stage"] == "engaged"
    assert await flipline.crm.pages("/v1/leads", model=MODEL) == []
    await flipline.post(SIGNS_UP)
    profile = await flipline.scored("email", "antonio@example.com", MODEL, 25)
    names = {(identity["kind"], identity["value"]) for identity in profile["identities"]}
    assert names == {*ANTONIO, *BLOG.items()}
    assert len(await flipline.ops.pages("/v1/profiles")) == 1

    message = await the_one_lead(flipline, crm, webhook)
    lead = Webhook(webhook["secret"]).verify(message.body.decode(), dict(message.headers))["data"]
    assert (lead["profile_id"], lead["score"], lead["flip_number"]) == (profile["id"], 25, 25)
    assert lead["crossed_on"] == SIGNS_UP["occurred_at"][:10]
    assert {reason["rule"]: reason["points"] for reason in lead["reasons"]} == {
        "announces": 5,
        "joins": 10,
        "newsletter": 10,
    }
    assert lead["person"]["email"] == "antonio@example.com"
    assert (lead["audience"], lead["campaign"]) == ("offer", "maraton")
    assert lead["offer"] == MATRIX["offer"]


async def test_a_restart_loses_nothing(flipline: Flipline, crm: Receiver, tmp_path: Path) -> None:
    """Also events that were accepted a moment before it, or while scoring was down."""
    webhook = await subscribed(flipline, crm)
    await flipline.post(*ANNOUNCES)
    before = await flipline.scored("twitter", "antonio_runs", MODEL, 5)
    await flipline.post(JOINS)
    assert set(await flipline.stop()) == {0}

    async with Process("ingest", flipline.settings, tmp_path) as ingest:
        await ingest.ready()
        async with Door(ingest.url, KEYS["write"]) as door:
            await door.post("/v1/events", SIGNS_UP)
        assert await ingest.stop() == 0
    assert not crm.received

    await flipline.start()
    after = await flipline.scored("email", "antonio@example.com", MODEL, 25)
    assert await flipline.ops.get(f"/v1/profiles/{before['id']}") == after
    await the_one_lead(flipline, crm, webhook)
    after = await flipline.profile("twitter", "antonio_runs")
    assert after
    assert after["traits"]["lifecycle"] == "customer"

    assert set(await flipline.stop()) == {0}
    await flipline.start()
    assert await flipline.profile("twitter", "antonio_runs") == after
    (lead,) = await flipline.crm.pages("/v1/leads", model=MODEL)
    assert lead["profile_id"] == after["id"]
    assert len(crm.received) == 2, "the lead and the test message, before the second restart"


async def test_the_demo_plays_against_a_running_instance(
    everywhere: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    _, its_settings = everywhere
    async with Flipline(its_settings, ALL_IN_ONE, tmp_path) as flipline:
        url = flipline.processes["up"].url
        exit_code, printed = await run("demo", "--url", url, settings=its_settings)
    assert exit_code == 0, printed
    assert "lead.qualified" in printed
