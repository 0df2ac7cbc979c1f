"""The JSON of requests and answers; bodies with unknown fields are refused."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.handoff.payload.lead import LeadStatus
from services.handoff.payload.types import OFFERED
from services.handoff.webhooks.delivery import DeliveryStatus
from services.handoff.webhooks.target import MAX_URL_LENGTH
from services.handoff.webhooks.webhook import WebhookStatus
from shared.names import ID_PATTERN
from shared.strict import Strict
from shared.web.lists import Instant

_Url = Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL_LENGTH)]
if TYPE_CHECKING:
    _Offered: TypeAlias = str
else:
    _Offered = Literal[tuple(type_.name for type_ in OFFERED)]
_EventTypes = Annotated[list[_Offered], Field(min_length=1, max_length=20)]
_Model = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,100}$")]
_Models = Annotated[list[_Model], Field(min_length=1, max_length=100)]


class WebhookIn(Strict):
    """A new webhook.

    Without `event_types` it gets all types except those that must be named, without `models` all models.
    """

    url: _Url
    event_types: _EventTypes | None = None
    models: _Models | None = None


class WebhookChangeIn(Strict):
    """What to change of a webhook; an absent field stays, null types or models mean all."""

    # The defaults of url and status mean "absent" and are never read; null is refused.
    url: _Url = ""
    event_types: _EventTypes | None = None
    models: _Models | None = None
    status: WebhookStatus = "active"


class DeliveryReplayIn(Strict):
    """Which deliveries to send again: by time of creation, by status, by id; by default the held ones."""

    since: Instant | None = None
    until: Instant | None = None
    status: Literal["held", "delivered"] | None = None
    delivery_ids: Annotated[
        list[Annotated[str, StringConstraints(pattern=ID_PATTERN)]] | None, Field(max_length=1000)
    ] = None


class WebhookOut(BaseModel):
    """A webhook."""

    id: str
    url: str
    event_types: list[str] | None = Field(
        description="May have a type that only an earlier version offered: no message has it."
    )
    models: list[str] | None
    status: WebhookStatus
    disabled_reason: str | None
    created_at: datetime


class CreatedWebhookOut(WebhookOut):
    """A webhook with its secret, which is shown only this once."""

    secret: str


class SecretOut(BaseModel):
    """A new secret; the secret before it also signs until its grace period is over."""

    secret: str
    previous_valid_until: datetime


class DeliveryReplayOut(BaseModel):
    """How many deliveries are sent again."""

    replayed: int


class AttemptOut(BaseModel):
    """One HTTP try: `status` is the answer's, null when there was none."""

    at: datetime
    status: int | None
    milliseconds: int
    error: str | None
    response: str | None


class DeliveryOut(BaseModel):
    """A message to a webhook; `message_id` is its `webhook-id` header.

    `lead_id` is null when the message is about no lead: a change of stage, a test.
    """

    id: str
    webhook_id: str
    message_id: str
    type: str
    lead_id: str | None
    status: DeliveryStatus
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    error: str | None
    attempts: list[AttemptOut]

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """Return a row with its attempts in this shape."""
        pending = row["status"] == "pending"
        return cls.model_validate(row | {"next_attempt_at": row["due_at"] if pending else None})


class LeadSummaryOut(BaseModel):
    """A lead: the data that webhooks got, and the state of its cycle now."""

    model_config = ConfigDict(extra="allow")

    lead_id: str
    profile_id: str
    model: str
    cycle: int
    campaign: str | None = None
    status: LeadStatus
    qualified_at: datetime

    @classmethod
    def of(cls, row: dict[str, Any], **more: Any) -> Self:
        """Return a row in this shape, with additional fields if given."""
        return cls.model_validate(row["data"] | {"status": row["status"]} | more)


class LeadOut(LeadSummaryOut):
    """A lead with its deliveries."""

    deliveries: list[DeliveryOut]
