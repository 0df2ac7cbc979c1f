"""Telling the log which models there are, for the services that name models and know no table of scoring.

A model counts from its first draft on: who subscribes to its leads does so before the first activation, which
may hand over many at once.
"""

from datetime import datetime

from sqlalchemy import Connection

from shared.database import outbox
from shared.events import MATRICES, encode
from shared.ids import derived_id
from shared.log.port import Record
from shared.model_events import ModelDeleted, ModelDrafted


def tell_drafted(connection: Connection, model: str, at: datetime) -> None:
    """Tell that there is a model, of which no version may ever score."""
    event = ModelDrafted(id=_id(model, at, "drafted"), model=model, drafted_at=at)
    outbox.put(connection, [Record(MATRICES, model, encode(event))])


def tell_deleted(connection: Connection, model: str, at: datetime) -> None:
    """Tell that a model of which no version ever scored is no more."""
    event = ModelDeleted(id=_id(model, at, "deleted"), model=model, deleted_at=at)
    outbox.put(connection, [Record(MATRICES, model, encode(event))])


def _id(model: str, at: datetime, what: str) -> str:
    return derived_id("evt", model, at.isoformat(), what)
