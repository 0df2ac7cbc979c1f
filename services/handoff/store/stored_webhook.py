"""A webhook as a row: written, and read back even when a part of the row is damaged.

One damaged row (a bad restore, a manual edit) must not stop the deliveries of other webhooks. So JSON is
parsed here, row by row, and not by the database's driver, which fails for all rows of a result at once.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from services.handoff.store.tables import webhooks
from services.handoff.webhooks.delivery import UNREADABLE
from services.handoff.webhooks.signature import can_sign
from services.handoff.webhooks.webhook import Secret, Webhook


def as_text(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """Return a JSON column as the stored text."""
    text: sa.ColumnElement[Any] = sa.cast(column, sa.Text)
    return text.label(column.name)


stored = sa.select(*(as_text(c) if isinstance(c.type, sa.JSON) else c for c in webhooks.c))


def row_of(webhook: Webhook) -> dict[str, Any]:
    """Return the row to store."""
    return {
        "id": webhook.id,
        "url": webhook.url,
        "event_types": webhook.event_types,
        "models": webhook.models,
        "status": webhook.status,
        "disabled_reason": webhook.disabled_reason,
        "secrets": [
            [secret.value, secret.until.isoformat() if secret.until else None] for secret in webhook.secrets
        ],
        "created_at": webhook.created_at,
    }


def webhook_of(row: Mapping[Any, Any]) -> Webhook:
    """Read a row of `stored`.

    If its types or models cannot be read, it counts as disabled and as wanting everything about leads: rather
    too much is held for it than too little.
    """
    try:
        event_types, models = _names(row["event_types"]), _names(row["models"])
        status, reason = row["status"], row["disabled_reason"]
    except ValueError:
        event_types = models = None
        status, reason = "disabled", UNREADABLE
    return Webhook(
        id=row["id"],
        url=row["url"],
        event_types=event_types,
        models=models,
        status=status,
        disabled_reason=reason,
        secrets=secrets_of(row["secrets"]),
        created_at=row["created_at"],
    )


def secrets_of(text: str) -> tuple[Secret, ...]:
    """Read the column `secrets`; an entry that cannot be read or cannot sign is left out."""
    try:
        entries = _list(text)
    except ValueError:
        return ()
    return tuple(secret for entry in entries if (secret := _secret(entry)))


def _secret(entry: Any) -> Secret | None:
    try:
        value, until = entry
        secret = Secret(value, datetime.fromisoformat(until) if until else None)
    except (TypeError, ValueError):
        return None
    aware = secret.until is None or secret.until.tzinfo is not None
    return secret if isinstance(value, str) and can_sign(value) and aware else None


def _names(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = _list(text)
    if not all(isinstance(name, str) for name in names):
        raise ValueError("not a list of names")
    return tuple(names)


def _list(text: str) -> Sequence[Any]:
    try:
        value = json.loads(text)
    except (TypeError, RecursionError) as error:
        raise ValueError("not JSON") from error
    if isinstance(value, list):
        return cast("list[Any]", value)
    raise ValueError("not a list")
