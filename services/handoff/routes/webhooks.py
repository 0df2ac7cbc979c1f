"""Subscriptions: made, shown, changed, removed, and their secrets rotated."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from services.handoff.guard import Guard
from services.handoff.model_names import ModelNames
from services.handoff.routes.parameters import Id
from services.handoff.routes.shapes import (
    CreatedWebhook,
    FreshSecret,
    NewWebhook,
    WebhookChange,
    WebhookView,
)
from services.handoff.store import webhooks as store
from services.handoff.webhook import ROTATION_GRACE, Secret, Webhook, rotated
from shared.clock import Clock
from shared.cursor import write_cursor
from shared.database.engine import Database
from shared.ids import NewId
from shared.lists import DEFAULT_LIMIT, Cursor, Limit, Page, as_list, paged, place, text

_WEBHOOKS = "webhooks"
DISABLED_BY_OWNER = "Disabled over the API."


class WebhookRoutes:
    """`/v1/webhooks` and what belongs to one subscription itself."""

    def __init__(
        self,
        *,
        database: Database,
        guard: Guard,
        model_names: ModelNames,
        clock: Clock,
        new_id: NewId,
        new_secret: Callable[[], str],
    ) -> None:
        self._database = database
        self._model_names = model_names
        self._guard = guard
        self._clock = clock
        self._new_id = new_id
        self._new_secret = new_secret

    def add_to(self, router: APIRouter) -> None:
        """Add the routes."""
        router.add_api_route("/v1/webhooks", self.create, methods=["POST"], status_code=201)
        listed = Page[WebhookView]
        router.add_api_route("/v1/webhooks", self.page, methods=["GET"], response_model=listed, **as_list())
        router.add_api_route("/v1/webhooks/{webhook_id}", self.show, methods=["GET"])
        router.add_api_route("/v1/webhooks/{webhook_id}", self.change, methods=["PATCH"])
        router.add_api_route("/v1/webhooks/{webhook_id}", self.delete, methods=["DELETE"], status_code=204)
        router.add_api_route("/v1/webhooks/{webhook_id}/rotate-secret", self.rotate, methods=["POST"])

    async def create(self, body: NewWebhook) -> CreatedWebhook:
        """Subscribe an endpoint; the answer alone shows the secret that its messages are signed with."""
        await self._model_names.check(_by_field(body.models))
        secret = self._new_secret()
        webhook = Webhook(
            id=self._new_id(),
            url=await self._guard.vet(body.url),
            event_types=_tuple(body.event_types),
            models=_tuple(body.models),
            status="active",
            disabled_reason=None,
            secrets=(Secret(secret),),
            created_at=self._clock.now(),
        )
        await self._database.unit(lambda connection: store.insert(connection, webhook))
        return CreatedWebhook(**_view(webhook), secret=secret)

    async def page(
        self, request: Request, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
    ) -> Page[WebhookView] | Response:
        """List subscriptions, the newest first."""
        before = next(iter(place(cursor, _WEBHOOKS, text)), None)
        found = await self._database.read(
            lambda connection: store.page(connection, before=before, limit=limit + 1)
        )
        items = [WebhookView(**_view(webhook)) for webhook in found[:limit]]
        following = write_cursor(_WEBHOOKS, items[-1].id) if len(found) > limit else None
        return paged(request, WebhookView, items, following)

    async def show(self, webhook_id: Id) -> WebhookView:
        """Show a subscription."""
        webhook = await self._database.read(lambda connection: store.get(connection, webhook_id))
        return WebhookView(**_view(webhook))

    async def change(self, webhook_id: Id, body: WebhookChange) -> WebhookView:
        """Change a subscription; a disabled one is still owed its deliveries, held until replayed."""
        changes: dict[str, Any] = {}
        given = body.model_fields_set
        if "url" in given:
            changes["url"] = await self._guard.vet(body.url)
        if "event_types" in given:
            changes["event_types"] = _tuple(body.event_types)
        if "models" in given:
            await self._model_names.check(_by_field(body.models))
            changes["models"] = _tuple(body.models)
        if "status" in given:
            changes["status"] = body.status
            changes["disabled_reason"] = DISABLED_BY_OWNER if body.status == "disabled" else None

        def changed(connection: Connection) -> Webhook:
            webhook = replace(store.get(connection, webhook_id, lock=True), **changes)
            store.save(connection, webhook)
            return webhook

        return WebhookView(**_view(await self._database.unit(changed)))

    async def delete(self, webhook_id: Id) -> None:
        """Unsubscribe, and remove the subscription's deliveries; repeating it does no harm."""
        await self._database.unit(lambda connection: store.delete(connection, webhook_id))

    async def rotate(self, webhook_id: Id) -> FreshSecret:
        """Make a new secret; for 24 hours messages carry the signatures of both, the new one's first."""
        secret, now = self._new_secret(), self._clock.now()

        def renewed(connection: Connection) -> None:
            webhook = store.get(connection, webhook_id, lock=True)
            store.save(connection, replace(webhook, secrets=rotated(webhook.secrets, secret, now)))

        await self._database.unit(renewed)
        return FreshSecret(secret=secret, previous_valid_until=now + ROTATION_GRACE)


def _by_field(models: list[str] | None) -> dict[str, str]:
    return {f"models.{index}": model for index, model in enumerate(models or ())}


def _tuple(values: list[Any] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(values)


def _view(webhook: Webhook) -> dict[str, Any]:
    shown = asdict(webhook)
    del shown["secrets"]
    return shown
