"""A damaged row of a subscription stops only that subscription, until it is repaired."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.handoff.webhooks.delivery import UNREADABLE, UNSIGNABLE
from shared.database.engine import Database
from tests.support.leads import qualified
from tests.support.receiver import Receiver
from tests.support.tables import changed
from tests.worlds.handoff import HandoffWorld, run_handoff

DAMAGED = [
    "null",
    "7",
    "{}",
    "[]",
    '["x"]',
    "[[7, null]]",
    '[["whsec_A", null]]',
    '[["whsec_QUJD", "later"]]',
]
UNREADABLE_NAMES = ["7", '"x"', "{}", "[7]", "[[]]"]


async def damage(world: HandoffWorld, webhook: dict[str, Any], column: str, value: str) -> None:
    """Write to a column behind the API's back, as a bad restore or an operator in the table would."""
    cast = "::json" if world.database.dialect == "postgresql" and column != "url" else ""
    damaging = sa.text(f"update webhooks set {column} = cast(:value as text){cast} where id = :id")  # noqa: S608
    await changed(world.database, damaging.bindparams(value=value, id=webhook["id"]))


async def test_damaged_secrets_disable_only_their_webhook_until_a_rotation(
    world: HandoffWorld, receiver: Receiver
) -> None:
    healthy = await world.subscribe(receiver.url())
    all_damaged = {value: await world.subscribe(receiver.url("/damaged")) for value in DAMAGED}
    for value, damaged in all_damaged.items():
        await damage(world, damaged, "secrets", value)

    await world.append(qualified(1))

    await world.wait_for_deliveries(healthy, "delivered")
    for value, damaged in all_damaged.items():
        await world.wait_for_deliveries(damaged, "held")
        shown = await world.get(f"/v1/webhooks/{damaged['id']}")
        assert (shown["status"], shown["disabled_reason"]) == ("disabled", UNSIGNABLE), value
    assert [received.path for received in receiver.received] == ["/hook"]

    for value, damaged in all_damaged.items():
        assert (await world.api.post(f"/v1/webhooks/{damaged['id']}/rotate-secret")).status_code == 200, value
        await world.api.patch(f"/v1/webhooks/{damaged['id']}", json={"status": "active"})
        assert (await world.api.post(f"/v1/webhooks/{damaged['id']}/replay")).json() == {"replayed": 1}
        await world.wait_for_deliveries(damaged, "delivered")


async def test_a_damaged_secret_beside_a_good_secret_does_not_sign(
    world: HandoffWorld, receiver: Receiver
) -> None:
    webhook = await world.subscribe(receiver.url())
    good = f'["{webhook["secret"]}", null]'
    await damage(world, webhook, "secrets", f'[{good}, ["whsec_A", null], 7, [], [null, null]]')

    await world.append(qualified())

    [received] = await receiver.wait_for(1)
    assert received.headers["webhook-signature"].count("v1,") == 1
    await world.wait_for_deliveries(webhook, "delivered")


async def test_all_deliveries_of_a_webhook_with_unreadable_types_or_models_are_held(
    world: HandoffWorld, receiver: Receiver
) -> None:
    healthy = await world.subscribe(receiver.url())
    all_damaged = {
        damage_: await world.subscribe(receiver.url("/damaged"))
        for damage_ in product(("event_types", "models"), UNREADABLE_NAMES)
    }
    for (column, value), damaged in all_damaged.items():
        await damage(world, damaged, column, value)

    await world.append(qualified())

    await world.wait_for_deliveries(healthy, "delivered")
    for damage_, damaged in all_damaged.items():
        await world.wait_for_deliveries(damaged, "held")
        shown = await world.get(f"/v1/webhooks/{damaged['id']}")
        assert (shown["status"], shown["disabled_reason"]) == ("disabled", UNREADABLE), damage_
    assert len((await world.get("/v1/webhooks"))["items"]) == 1 + len(all_damaged)
    assert [received.path for received in receiver.received] == ["/hook"]

    anew = {"event_types": ["lead.qualified"], "models": ["marathon"], "status": "active"}
    for damaged in all_damaged.values():
        await world.api.patch(f"/v1/webhooks/{damaged['id']}", json=anew)
        await world.api.post(f"/v1/webhooks/{damaged['id']}/replay")
        await world.wait_for_deliveries(damaged, "delivered")


@pytest.mark.parametrize("value", ["{", "", "[[", "\x01"])
async def test_invalid_json_in_a_webhook_row_affects_only_that_webhook(
    tmp_path: Path, sqlite_url: str, receiver: Receiver, value: str
) -> None:
    """PostgreSQL itself refuses to store such values."""
    database = Database(sqlite_url)
    async with run_handoff(tmp_path, database) as world:
        mute, lost = (
            await world.subscribe(receiver.url("/mute")),
            await world.subscribe(receiver.url("/lost")),
        )
        healthy = await world.subscribe(receiver.url())
        await damage(world, mute, "secrets", value)
        await damage(world, lost, "models", value)

        await world.append(qualified())

        await world.wait_for_deliveries(healthy, "delivered")
        await world.wait_for_deliveries(mute, "held")
        await world.wait_for_deliveries(lost, "held")
    await database.close()


async def test_a_damaged_url_fails_only_the_deliveries_of_its_webhook(
    world: HandoffWorld, receiver: Receiver
) -> None:
    healthy = await world.subscribe(receiver.url())
    damaged: list[dict[str, Any]] = []
    for value in ("", "nowhere", "http://[", "ftp://127.0.0.1/", "http://\u00e9\u2028/"):
        damaged.append(await world.subscribe(receiver.url("/damaged")))
        await damage(world, damaged[-1], "url", value)

    await world.append(qualified())

    await world.wait_for_deliveries(healthy, "delivered")
    for webhook in damaged:
        failed = await world.wait_for_attempts(webhook, 1)
        assert failed["error"]
    assert [received.path for received in receiver.received] == ["/hook"]
