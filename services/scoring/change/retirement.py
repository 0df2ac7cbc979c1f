"""The end of a model: a model that never scored is removed, any other is retired until it is activated again.

An event on the log says who retired it, when and why, as for an activation. Its history stays: the versions,
the cycles of profiles, the leads, and the deliveries that webhooks are still to get.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from services.scoring.change.announcing import publish_deleted
from services.scoring.store import drafts, lifecycle, preparations
from services.scoring.store.models import lock_active_versions
from services.scoring.store.vocabulary import model_unknown
from shared.database import outbox
from shared.events import MATRICES, encode
from shared.ids import derived_id
from shared.log.port import Record
from shared.model_events import ModelRetired


class Act(NamedTuple):
    """Who changes a model, and why."""

    author: str
    note: str | None = None


def end(connection: Connection, model: str, act: Act, now: datetime, *, if_match: str | None = None) -> None:
    """Remove a model that never scored, retire any other; retiring it again changes nothing.

    Batches under way end first, and no later batch scores for the model. Raises NotFound without the model,
    Conflict while a version of it is being activated, Outdated when its tag is not in `if_match`.
    """
    lock_active_versions(connection, exclusive=True)
    state = lifecycle.state_of(connection, model)
    if state is None:
        raise model_unknown(connection, model)
    preparations.require_none(connection, model)
    # A caller that repeats the request after a lost answer sends the old tag, and has what it wants already.
    if state.retired_at is not None:
        return
    lifecycle.check_unchanged(state, if_match)
    if state.active_version is None:
        drafts.delete(connection, model)
        publish_deleted(connection, model, now)
        return
    lifecycle.retire(connection, model, now, author=act.author, note=act.note)
    retired = ModelRetired(
        id=derived_id("evt", model, state.activations, "retired"),
        model=model,
        version=state.active_version,
        author=act.author,
        retired_at=now,
        note=act.note,
    )
    outbox.put(connection, [Record(MATRICES, model, encode(retired))])
