"""A subscription's deliveries: listed, tested, replayed."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from services.handoff.delivery import DeliveryStatus
from services.handoff.event_types import WEBHOOK_TEST
from services.handoff.payload import body_of, sample_data
from services.handoff.routes.parameters import Id
from services.handoff.routes.shapes import DeliveryView, Replay, Replayed
from services.handoff.store import deliveries as store
from services.handoff.store import webhooks
from services.handoff.tables import deliveries
from services.handoff.webhook import Webhook
from shared.clock import Clock
from shared.cursor import write_cursor
from shared.database.bulk import insert_new
from shared.database.engine import Database
from shared.errors import MAX_COMPLAINTS, Complaint, Conflict, Refused
from shared.ids import NewId
from shared.lists import DEFAULT_LIMIT, Cursor, Limit, Page, as_list, paged, place, text
from shared.supervisor import Bell


class DeliveryRoutes:
    """What lies under `/v1/webhooks/{id}`."""

    def __init__(self, *, database: Database, clock: Clock, new_id: NewId, bell: Bell) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id
        self._bell = bell

    def add_to(self, router: APIRouter) -> None:
        """Add the routes."""
        path = "/v1/webhooks/{webhook_id}"
        listed = Page[DeliveryView]
        router.add_api_route(
            f"{path}/deliveries", self.page, methods=["GET"], response_model=listed, **as_list()
        )
        disabled: dict[int | str, dict[str, Any]] = {409: {"description": "The webhook is disabled."}}
        router.add_api_route(f"{path}/test", self.test, methods=["POST"], status_code=201, responses=disabled)
        router.add_api_route(f"{path}/replay", self.replay, methods=["POST"], responses=disabled)

    async def page(
        self,
        request: Request,
        webhook_id: Id,
        status: DeliveryStatus | None = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[DeliveryView] | Response:
        """List a subscription's deliveries with every attempt, the newest first."""
        of = f"deliveries of {webhook_id}"
        before = next(iter(place(cursor, of, text)), None)

        def owed(connection: Connection) -> list[dict[str, Any]]:
            webhooks.get(connection, webhook_id)
            return store.page(connection, webhook_id, status=status, before=before, limit=limit + 1)

        rows = await self._database.read(owed)
        items = [DeliveryView.of(row) for row in rows[:limit]]
        following = write_cursor(of, items[-1].id) if len(rows) > limit else None
        return paged(request, DeliveryView, items, following)

    async def test(self, webhook_id: Id) -> DeliveryView:
        """Send a `webhook.test` message on the way of every other; the list of deliveries tells its fate."""
        delivery_id, now = self._new_id(), self._clock.now()

        def owed(connection: Connection) -> dict[str, Any]:
            webhook = _active(webhooks.get(connection, webhook_id, lock=True))
            row = store.owed_row(
                webhook,
                id=delivery_id,
                message_id=f"test_{delivery_id}",
                type=WEBHOOK_TEST,
                lead_id=None,
                body=body_of(WEBHOOK_TEST, now, sample_data(webhook_id)),
                at=now,
            )
            insert_new(connection, deliveries, "id", [row])
            return store.get(connection, delivery_id)

        stored = await self._database.unit(owed)
        self._bell.ring()
        return DeliveryView.of(stored)

    async def replay(self, webhook_id: Id, body: Replay | None = None) -> Replayed:
        """Send deliveries again under their old ids: those named, else those that are held.

        When one that is named is not there, none is sent.
        """
        wanted = body or Replay()
        selection = store.Selection(
            webhook_id,
            status=wanted.status or ("held" if wanted.delivery_ids is None else None),
            since=wanted.since,
            until=wanted.until,
            ids=wanted.delivery_ids,
        )

        def made_due(connection: Connection) -> int:
            _active(webhooks.get(connection, webhook_id, lock=True))
            _check_there(connection, webhook_id, wanted.delivery_ids or ())
            return store.replay(connection, selection, self._clock.now())

        replayed = await self._database.unit(made_due)
        self._bell.ring()
        return Replayed(replayed=replayed)


def _check_there(connection: Connection, webhook_id: str, ids: Sequence[str]) -> None:
    there = store.among(connection, webhook_id, ids)
    unknown = [
        Complaint(field=f"delivery_ids.{index}", message=f"this webhook has no delivery {id_}")
        for index, id_ in enumerate(ids)
        if id_ not in there
    ][:MAX_COMPLAINTS]
    if unknown:
        field, message = unknown[0]["field"], unknown[0]["message"]
        raise Refused("delivery_unknown", f"{field}: {message}. Nothing was replayed.", field, unknown)


def _active(webhook: Webhook) -> Webhook:
    if webhook.status != "active":
        raise Conflict(
            "webhook_disabled",
            f'{webhook.disabled_reason} Enable it first: PATCH {{"status": "active"}}.',
        )
    return webhook
