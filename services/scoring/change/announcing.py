"""Events that say which models exist, for services that name models and cannot read the tables of scoring.

A model exists from its first draft on: webhooks for its leads are created before the first activation, which
may hand over many leads at once.
"""

from datetime import datetime

from sqlalchemy import Connection

from shared.database import outbox
from shared.events import MATRICES, encode
from shared.ids import derived_id
from shared.log.port import Record
from shared.model_events import ModelDeleted, ModelDrafted


def publish_drafted(connection: Connection, model: str, at: datetime) -> None:
    """Publish that a model exists, even if no version of it may ever become active."""
    event = ModelDrafted(id=_id(model, at, "drafted"), model=model, drafted_at=at)
    outbox.put(connection, [Record(MATRICES, model, encode(event))])


def publish_deleted(connection: Connection, model: str, at: datetime) -> None:
    """Publish that a model that was never active no longer exists."""
    event = ModelDeleted(id=_id(model, at, "deleted"), model=model, deleted_at=at)
    outbox.put(connection, [Record(MATRICES, model, encode(event))])


def _id(model: str, at: datetime, change: str) -> str:
    return derived_id("evt", model, at.isoformat(), change)
