"""The existing models, followed on the log: the hand-off cannot read scoring's tables."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from services.handoff.store import model_names as store
from shared.database.engine import Database
from shared.events import decode
from shared.following.follower import Summary
from shared.log.port import Message
from shared.model_events import MatrixActivated, ModelDeleted, ModelDrafted
from shared.values import check_known

GROUP: Final = "handoff.models"

# A caller may create a model and a webhook for it at once: the log brings the model a moment later.
PATIENCE_SECONDS = 5.0
# Lists are requested often, and a request that waits blocks others.
PATIENCE_WITH_LISTS_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 0.05

_HINT: Final = "A model is known once it has a draft: PUT /v1/models/{model}/draft."


def apply(connection: Connection, messages: Sequence[Message]) -> Summary:
    """Store which models the messages of the topic `matrices` create and remove."""
    exists: dict[str, bool] = {}
    for message in messages:
        match decode(message.value):
            case ModelDrafted(model=model) | MatrixActivated(model=model):
                exists[model] = True
            case ModelDeleted(model=model):
                exists[model] = False
            case _:
                pass
    store.add(connection, [model for model, present in exists.items() if present])
    store.remove(connection, [model for model, present in exists.items() if not present])
    return {"models": len(exists)}


class ModelNames:
    """Checks the models in a request, given by the field that names them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def check(self, written: Mapping[str, str], patience_seconds: float | None = None) -> None:
        """Raise Refused for models that stay unknown for this long, by default PATIENCE_SECONDS."""
        loop = asyncio.get_running_loop()
        until = loop.time() + (PATIENCE_SECONDS if patience_seconds is None else patience_seconds)
        while unknown := await self._unknown(written):
            if loop.time() >= until:
                existing = await self._database.read(store.every)
                check_known("model_unknown", unknown, existing, _HINT)
                return
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _unknown(self, written: Mapping[str, str]) -> dict[str, str]:
        models = sorted(set(written.values()))
        existing = await self._database.read(lambda connection: store.among(connection, models))
        return {field: model for field, model in written.items() if model not in existing}
