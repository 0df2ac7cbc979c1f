"""A webhook: which messages it wants, and the secrets that sign them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from services.handoff.payload.types import EventType

WebhookStatus = Literal["active", "disabled"]

# A day, so that a receiver that deploys its new secret the next morning has missed nothing.
ROTATION_GRACE = timedelta(hours=24)
# The header grows by one signature per secret; beyond this number the oldest end before their day is over.
MAX_SECRETS = 5


@dataclass(frozen=True)
class Secret:
    """A signing secret (`whsec_...`) and the instant after which it no longer signs."""

    value: str = field(repr=False)
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """The subscription of an endpoint.

    None for `models` means every model, None for `event_types` every type without `only_when_named`. A type
    that is not offered (any more, or not yet) matches nothing.
    """

    id: str
    url: str
    event_types: tuple[str, ...] | None
    models: tuple[str, ...] | None
    status: WebhookStatus
    disabled_reason: str | None
    secrets: tuple[Secret, ...]
    created_at: datetime

    def wants(self, type: EventType[Any], model: str | None) -> bool:
        """Return whether this webhook gets messages of a type about a model."""
        named = not type.only_when_named if self.event_types is None else type.name in self.event_types
        return named and (self.models is None or model in self.models)


def rotated(secrets: Sequence[Secret], fresh: str, at: datetime) -> tuple[Secret, ...]:
    """Put a new secret first and let the others sign for the grace period, none longer than before."""
    end = at + ROTATION_GRACE
    graced = [
        Secret(secret.value, min(secret.until or end, end))
        for secret in secrets
        if secret.until is None or secret.until > at
    ]
    return (Secret(fresh), *graced)[:MAX_SECRETS]


def signing(secrets: Sequence[Secret], at: datetime) -> tuple[str, ...]:
    """Return the secrets that sign at an instant, the newest first."""
    return tuple(secret.value for secret in secrets if secret.until is None or secret.until > at)
