"""The shapes of the answers about profiles."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel


class IdentityOut(BaseModel):
    """One name of a person."""

    kind: str
    value: str


class StandingOut(BaseModel):
    """Where a profile stands in one model now."""

    score: float
    flip_number: float
    stage: str | None
    version: int


class ProfileOut(BaseModel):
    """A person as far as we know."""

    id: str
    identities: list[IdentityOut]
    traits: dict[str, Any]
    scores: dict[str, StandingOut]


class ProfilesOut(BaseModel):
    """A page of profiles; `next_cursor` leads to the next one."""

    items: list[ProfileOut]
    next_cursor: str | None = None


class ReasonOut(BaseModel):
    """What a rule gave: `count` matches, of which `paid` fell within its limit."""

    rule: str
    label: str
    points: float
    count: int
    paid: int


class ScoreOut(BaseModel):
    """A score at the end of a UTC day under one version, with its reasons."""

    score: float
    flip_number: float
    stage: str | None
    version: int
    at: datetime
    reasons: list[ReasonOut]


class InteractionOut(BaseModel):
    """One thing the person did; `machine` says why it is not counted."""

    id: str
    type: str
    occurred_at: datetime
    source: str | None
    campaign: str | None
    properties: dict[str, Any]
    machine: str | None


class TimelineOut(BaseModel):
    """A page of a person's interactions, the latest first."""

    items: list[InteractionOut]
    next_cursor: str | None = None
