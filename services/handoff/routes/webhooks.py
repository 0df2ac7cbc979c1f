"""Routes for CRM and ops: create, show, change and remove webhooks, and rotate their secrets."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from services.handoff.leads.model_names import ModelNames
from services.handoff.routes.parameters import Id
from services.handoff.routes.shapes import (
    CreatedWebhookOut,
    SecretOut,
    WebhookChangeIn,
    WebhookIn,
    WebhookOut,
)
from services.handoff.sending.guard import Guard
from services.handoff.store import webhooks as store
from services.handoff.webhooks.webhook import ROTATION_GRACE, Secret, Webhook, rotated
from shared.database.engine import Database
from shared.ids import NewId
from shared.process.clock import Clock
from shared.web.auth import Requires
from shared.web.cursor import Keyset, text
from shared.web.keyed import keyed_router
from shared.web.lists import Page, Paging, list_of

WEBHOOKS = Keyset("webhooks", text)
DISABLED_BY_OWNER = "Disabled over the API."


def routes(
    database: Database,
    guard: Guard,
    model_names: ModelNames,
    clock: Clock,
    new_id: NewId,
    new_secret: Callable[[], str],
    requires: Requires,
) -> APIRouter:
    """Return the routes of webhooks under /v1/webhooks."""
    router = keyed_router(requires, prefix="/v1/webhooks", tag="webhooks")

    @router.post("", status_code=201)
    async def create_webhook(body: WebhookIn) -> CreatedWebhookOut:
        """Create a webhook; only this answer shows the secret that signs its messages."""
        await model_names.check(_by_field(body.models))
        secret = new_secret()
        webhook = Webhook(
            id=new_id(),
            url=await guard.vet(body.url),
            event_types=_tuple(body.event_types),
            models=_tuple(body.models),
            status="active",
            disabled_reason=None,
            secrets=(Secret(secret),),
            created_at=clock.now(),
        )
        await database.unit(lambda connection: store.insert(connection, webhook))
        return CreatedWebhookOut(**_view(webhook), secret=secret)

    @router.get("", **list_of(WebhookOut))
    async def list_webhooks(paging: Paging) -> Page[WebhookOut] | Response:
        """List webhooks, the newest first."""
        before = next(iter(WEBHOOKS.read(paging.cursor)), None)
        found = await database.read(
            lambda connection: store.page(connection, before=before, limit=paging.rows)
        )
        shown, next_cursor = paging.split(found, lambda webhook: WEBHOOKS.write(webhook.id))
        items = [WebhookOut(**_view(webhook)) for webhook in shown]
        return paging.answer(WebhookOut, items, next_cursor)

    @router.get("/{webhook_id}")
    async def get_webhook(webhook_id: Id) -> WebhookOut:
        """Show a webhook."""
        webhook = await database.read(lambda connection: store.get(connection, webhook_id))
        return WebhookOut(**_view(webhook))

    @router.patch("/{webhook_id}")
    async def patch_webhook(webhook_id: Id, body: WebhookChangeIn) -> WebhookOut:
        """Change a webhook; deliveries of a disabled webhook are held until they are replayed."""
        changes = await _changes(body, guard, model_names)

        def change(connection: Connection) -> Webhook:
            webhook = replace(store.get(connection, webhook_id, lock=True), **changes)
            store.save(connection, webhook)
            return webhook

        return WebhookOut(**_view(await database.unit(change)))

    @router.delete("/{webhook_id}", status_code=204)
    async def delete_webhook(webhook_id: Id) -> None:
        """Remove a webhook with its deliveries; repeating it has no further effect."""
        await database.unit(lambda connection: store.delete(connection, webhook_id))

    @router.post("/{webhook_id}/rotate-secret")
    async def rotate_secret(webhook_id: Id) -> SecretOut:
        """Create a new secret; for 24 hours messages have the signatures of both, the new secret's first."""
        secret, now = new_secret(), clock.now()

        def rotate(connection: Connection) -> None:
            webhook = store.get(connection, webhook_id, lock=True)
            store.save(connection, replace(webhook, secrets=rotated(webhook.secrets, secret, now)))

        await database.unit(rotate)
        return SecretOut(secret=secret, previous_valid_until=now + ROTATION_GRACE)

    return router


async def _changes(body: WebhookChangeIn, guard: Guard, model_names: ModelNames) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    fields = body.model_fields_set
    if "url" in fields:
        changes["url"] = await guard.vet(body.url)
    if "event_types" in fields:
        changes["event_types"] = _tuple(body.event_types)
    if "models" in fields:
        await model_names.check(_by_field(body.models))
        changes["models"] = _tuple(body.models)
    if "status" in fields:
        changes["status"] = body.status
        changes["disabled_reason"] = DISABLED_BY_OWNER if body.status == "disabled" else None
    return changes


def _by_field(models: list[str] | None) -> dict[str, str]:
    return {f"models.{index}": model for index, model in enumerate(models or ())}


def _tuple(values: list[Any] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(values)


def _view(webhook: Webhook) -> dict[str, Any]:
    shown = asdict(webhook)
    del shown["secrets"]
    return shown
