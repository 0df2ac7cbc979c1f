"""Events about models: which models exist, which version scores, and which profiles ops handed over."""

from datetime import datetime
from typing import Any

from shared.event_base import EventBase


class MatrixActivated(EventBase, frozen=True, kw_only=True, tag="matrix_activated.1"):
    """A version of a model's matrix became the one that scores; `matrix` is its canonical JSON."""

    model: str
    version: int
    matrix: dict[str, Any]
    handoff: str
    activated_at: datetime
    note: str | None = None
    author: str | None = None


class ModelRetired(EventBase, frozen=True, kw_only=True, tag="model_retired.1"):
    """A model no longer scores; `version` scored until then. A MatrixActivated after it revives it."""

    model: str
    version: int
    author: str
    retired_at: datetime
    note: str | None = None


class LeadsHandedOver(EventBase, frozen=True, kw_only=True, tag="leads_handed_over.1"):
    """Ops handed over profiles that an activation had kept back; each has a LeadQualified of its own."""

    model: str
    version: int
    leads: tuple[str, ...]
    author: str
    handed_over_at: datetime
    note: str | None = None


class ModelDrafted(EventBase, frozen=True, kw_only=True, tag="model_drafted.1"):
    """A model exists: it has a draft, and none of its versions scores yet. The event may be repeated."""

    model: str
    drafted_at: datetime


class ModelDeleted(EventBase, frozen=True, kw_only=True, tag="model_deleted.1"):
    """A model was deleted; none of its versions ever scored."""

    model: str
    deleted_at: datetime
