"""The bodies of webhooks as pydantic models, for the description of the API.

Nothing is sent through these models: bodies are plain data, encoded once. Tests validate every body that
arrives against its model, so the two cannot drift apart.
"""

from datetime import date
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import MISSING, AwareDatetime, BaseModel, Field

_HappenedAt: TypeAlias = Annotated[AwareDatetime, Field(description="When it happened, not when it is sent.")]
_Truncated: TypeAlias = Annotated[
    bool, Field(description="Whether something was left out to keep the body below 20 kB.")
]
_Link: TypeAlias = Annotated[str, Field(description="A path of this API.")]


class WebhookIdentity(BaseModel):
    """One identity of the person, such as an e-mail address."""

    kind: str
    value: str


class LeadPerson(BaseModel):
    """The person to call; unknown values are null, and an unknown last name is `[not provided]`."""

    first_name: str | None
    last_name: str
    email: str | None
    phone: str | None
    title: str | None
    language: str | None
    time_zone: str | None


class LeadCompany(BaseModel):
    """The company; unknown values are null, and an unknown name is `[not provided]`."""

    name: str
    domain: str | None
    size: str | None
    industry: str | None
    country: str | None


class LeadReason(BaseModel):
    """What one rule gave: its points, and how many interactions or traits matched it."""

    rule: str
    label: str
    points: float
    count: int


class LeadOffer(BaseModel):
    """What the model offers to the person."""

    name: str
    coupon: str | None


class LeadLinks(BaseModel):
    """Links to more in the API."""

    lead: _Link
    profile: _Link
    score: _Link


class LeadData(BaseModel):
    """A lead, with all that is needed to act on it without calling back."""

    lead_id: str
    cycle: int
    profile_id: str
    model: str
    version: Annotated[int, Field(description="The version of the matrix that made the lead.")]
    audience: Annotated[
        Literal["sales", "offer"], Field(description="Whether sales calls the person or an offer is sent.")
    ]
    campaign: Annotated[str | None, Field(description="The campaign of the model.")]
    offer: Annotated[LeadOffer | MISSING, Field(description="Absent when the model has none.")] = MISSING
    score: float
    flip_number: float
    crossed_on: Annotated[
        date, Field(description="The first day (UTC) on which the score reached the flip number.")
    ]
    qualified_at: AwareDatetime
    person: LeadPerson
    company: LeadCompany
    links: LeadLinks
    reasons: list[LeadReason]
    identities: Annotated[list[WebhookIdentity], Field(description="The strongest first.")]
    traits: dict[str, Any]
    truncated: _Truncated


class LeadQualifiedBody(BaseModel):
    """A profile reached the flip number of a model and became a lead. Each lead is sent once."""

    type: Literal["lead.qualified"]
    timestamp: _HappenedAt
    data: LeadData


class StageLinks(BaseModel):
    """Links to more in the API."""

    profile: _Link
    score: _Link


class StageData(BaseModel):
    """A change of stage; a stage of null is below all stages of the model."""

    profile_id: str
    model: str
    version: Annotated[int, Field(description="The version of the matrix with these stages.")]
    before: str | None
    after: str | None
    score: float
    changed_at: AwareDatetime
    links: StageLinks
    identities: Annotated[list[WebhookIdentity], Field(description="The strongest first.")]
    truncated: _Truncated


class StageChangedBody(BaseModel):
    """The score of a profile rose or fell into another stage of a model."""

    type: Literal["profile.stage_changed"]
    timestamp: _HappenedAt
    data: StageData


class WebhookTestData(BaseModel):
    """The webhook that the test belongs to."""

    webhook_id: str
    message: str


class WebhookTestBody(BaseModel):
    """A test message, sent when a subscriber asks for one."""

    type: Literal["webhook.test"]
    timestamp: _HappenedAt
    data: WebhookTestData
