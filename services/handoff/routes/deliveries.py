"""Routes for CRM and ops: list, test and replay the deliveries of a webhook."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from services.handoff.payload.body import body_of
from services.handoff.payload.test_message import WebhookTest
from services.handoff.payload.types import WEBHOOK_TEST
from services.handoff.routes.parameters import Id
from services.handoff.routes.shapes import DeliveryOut, DeliveryReplayIn, DeliveryReplayOut
from services.handoff.store import deliveries as store
from services.handoff.store import webhooks
from services.handoff.webhooks.delivery import DeliveryStatus
from services.handoff.webhooks.webhook import Webhook
from shared.database.engine import Database
from shared.errors import MAX_COMPLAINTS, Complaint, Conflict, Refused
from shared.ids import NewId
from shared.process.clock import Clock
from shared.process.supervisor import Bell
from shared.web.auth import Requires
from shared.web.cursor import Keyset, text
from shared.web.keyed import keyed_router
from shared.web.lists import Page, Paging, list_of

_DISABLED: Final[dict[int | str, dict[str, Any]]] = {409: {"description": "The webhook is disabled."}}


def routes(database: Database, clock: Clock, new_id: NewId, requires: Requires, bell: Bell) -> APIRouter:
    """Return the routes of a webhook's deliveries under /v1/webhooks/{id}."""
    router = keyed_router(requires, prefix="/v1/webhooks/{webhook_id}", tag="webhooks")

    @router.get("/deliveries", **list_of(DeliveryOut))
    async def list_deliveries(
        webhook_id: Id, paging: Paging, status: DeliveryStatus | None = None
    ) -> Page[DeliveryOut] | Response:
        """List a webhook's deliveries with every attempt, the newest first."""
        keyset = Keyset(f"deliveries of {webhook_id}", text)
        before = next(iter(keyset.read(paging.cursor)), None)

        def page_of_webhook(connection: Connection) -> list[dict[str, Any]]:
            webhooks.get(connection, webhook_id)
            return store.page(connection, webhook_id, status=status, before=before, limit=paging.rows)

        rows, next_cursor = paging.split(
            await database.read(page_of_webhook), lambda row: keyset.write(row["id"])
        )
        return paging.answer(DeliveryOut, [DeliveryOut.of(row) for row in rows], next_cursor)

    @router.post("/test", status_code=201, responses=_DISABLED)
    async def post_test(webhook_id: Id) -> DeliveryOut:
        """Send a `webhook.test` message like any other; the list of deliveries shows the result."""
        delivery_id, now = new_id(), clock.now()
        notice = WEBHOOK_TEST.notice(WebhookTest(webhook_id, delivery_id, now))

        def create(connection: Connection) -> dict[str, Any]:
            webhook = _active(webhooks.get(connection, webhook_id, lock=True))
            row = store.delivery_row(
                webhook,
                id=delivery_id,
                type=WEBHOOK_TEST.name,
                notice=notice,
                body=body_of(WEBHOOK_TEST.name, notice),
                at=now,
            )
            store.insert(connection, [row])
            return store.get(connection, delivery_id)

        stored = await database.unit(create)
        bell.ring()
        return DeliveryOut.of(stored)

    @router.post("/replay", responses=_DISABLED)
    async def replay_deliveries(webhook_id: Id, body: DeliveryReplayIn | None = None) -> DeliveryReplayOut:
        """Send deliveries again under their old ids: those named, else those that are held.

        If a named delivery does not exist, none is sent.
        """
        requested = body or DeliveryReplayIn()
        selection = store.ReplaySelection(
            webhook_id,
            status=requested.status or ("held" if requested.delivery_ids is None else None),
            since=requested.since,
            until=requested.until,
            ids=requested.delivery_ids,
        )

        def make_due(connection: Connection) -> int:
            _active(webhooks.get(connection, webhook_id, lock=True))
            _check_exist(connection, webhook_id, requested.delivery_ids or ())
            return store.replay(connection, selection, clock.now())

        replayed = await database.unit(make_due)
        bell.ring()
        return DeliveryReplayOut(replayed=replayed)

    return router


def _check_exist(connection: Connection, webhook_id: str, ids: Sequence[str]) -> None:
    existing = store.among(connection, webhook_id, ids)
    unknown = [
        Complaint(field=f"delivery_ids.{index}", message=f"this webhook has no delivery {id_}")
        for index, id_ in enumerate(ids)
        if id_ not in existing
    ][:MAX_COMPLAINTS]
    if unknown:
        field, message = unknown[0]["field"], unknown[0]["message"]
        raise Refused("delivery_unknown", f"{field}: {message}. No delivery was replayed.", field, unknown)


def _active(webhook: Webhook) -> Webhook:
    if webhook.status != "active":
        raise Conflict(
            "webhook_disabled",
            f'{webhook.disabled_reason} Enable it first: PATCH {{"status": "active"}}.',
        )
    return webhook
