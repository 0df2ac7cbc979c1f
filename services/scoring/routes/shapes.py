"""The shapes of the answers about profiles."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from services.scoring.core.pricing.appraisal import State


class IdentityOut(BaseModel):
    """One identity of a profile."""

    kind: str
    value: str


class ModelScoreOut(BaseModel):
    """The score, stage, grade and state of a profile in one model now.

    `state` is below (the flip number), excluded, waiting_for_data (for the traits in `missing`) or qualified.
    `excluded_by` is the exclusion that keeps the profile from sales, whatever its score.
    """

    score: float
    flip_number: float
    stage: str | None
    grade: str | None
    state: State
    missing: list[str]
    excluded_by: str | None
    version: int


class ProfileOut(BaseModel):
    """A profile: identities, traits and scores."""

    id: str
    identities: list[IdentityOut]
    traits: dict[str, Any]
    scores: dict[str, ModelScoreOut]


class LinkOut(BaseModel):
    """Evidence that two identities belong to one profile, when and by which event; `refused` says why not."""

    one: IdentityOut
    other: IdentityOut
    occurred_at: datetime
    event_id: str
    refused: str | None


class DayOut(BaseModel):
    """What one day gave to a rule before its cap: `paid` of `count` matches, each at `fade` of its points."""

    day: date
    count: int
    paid: int
    fade: float
    points: float


class ReasonOut(BaseModel):
    """What a rule gave: `count` matches (`paid` of them within its limit), and on which days.

    `note` says in words how limit, time and cap changed the points, null if they did not.
    """

    rule: str
    label: str
    points: float
    count: int
    paid: int
    note: str | None
    days: list[DayOut]


class ScoreOut(BaseModel):
    """A score at the end of a UTC day under one version, with its reasons.

    `fit` is the part of the trait rules, `engagement` the rest; `crossed_on` is the first day on which it
    reached the flip number.
    """

    score: float
    flip_number: float
    fit: float
    engagement: float
    stage: str | None
    grade: str | None
    state: State
    missing: list[str]
    excluded_by: str | None
    version: int
    at: datetime
    crossed_on: date | None
    reasons: list[ReasonOut]


class InteractionOut(BaseModel):
    """One interaction of the profile; `machine` or `retracted` says why it is not counted."""

    id: str
    type: str
    occurred_at: datetime
    source: str | None
    campaign: str | None
    properties: dict[str, Any]
    machine: str | None
    retracted: str | None
