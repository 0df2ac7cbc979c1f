"""A scoring service without its HTTP and its log: what a test gives to it and asks of it."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from services.scoring.change.activation import Handoff, Order, activate
from services.scoring.change.flip_diff import FlipDiff
from services.scoring.consume import Scorer
from services.scoring.core.counting import day_of
from services.scoring.core.pricing import points
from services.scoring.model.validation import kept_matrix
from services.scoring.people import find
from services.scoring.store import traits
from services.scoring.store.models import active
from services.scoring.tables import models
from shared.database.engine import Database
from shared.database.outbox import outbox
from shared.events import Event, Interaction, decode
from shared.identity import Identity
from tests.builders import on_the_log
from tests.given import FrozenClock


class World:
    """Scoring on a database, with a clock that stands still."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FrozenClock()
        self.scorer = Scorer(self.clock, {"user_id": 1})

    async def activated(
        self,
        *rules: dict[str, Any],
        flip_number: float = 25,
        handoff: Handoff = "new_activity_only",
        **more: Any,
    ) -> FlipDiff:
        draft = json.dumps(
            kept_matrix("m", {"flip_number": flip_number, "rules": list(rules)} | more).canonical()
        )
        async with self.database.unit() as connection:
            changed = await connection.execute(sa.update(models).values(draft=draft))
            if not changed.rowcount:
                await connection.execute(
                    sa.insert(models).values(model="m", draft=draft, created_at=self.clock.now())
                )
        _, diff = await activate(self.database, self.clock, "m", Order(handoff))
        return diff

    async def happened(self, *interactions: Interaction) -> None:
        async with self.database.unit() as connection:
            await self.scorer.apply(connection, on_the_log(*interactions))

    async def score(self, identity: Identity) -> float:
        async with self.database.reading() as connection:
            (person,) = await find(connection, [identity.id])
            matrices = await active(connection)
            known = await traits.known(connection, [person])
        return points(known[person.id], matrices.versions["m"].matrix, day_of(self.clock.now()))

    async def traits(self, identity: Identity) -> dict[str, Any]:
        async with self.database.reading() as connection:
            (person,) = await find(connection, [identity.id])
            known = await traits.read(connection, [person])
        return known[person.id].told(day_of(self.clock.now()))

    async def profile_of(self, identity: Identity) -> str:
        async with self.database.reading() as connection:
            (person,) = await find(connection, [identity.id])
        return person.id

    async def said(self, kind: type[Event]) -> Sequence[Any]:
        """Return the events of a kind that wait in the outbox."""
        async with self.database.reading() as connection:
            values = (await connection.execute(sa.select(outbox.c.value).order_by(outbox.c.id))).scalars()
            return [event for event in map(decode, values) if isinstance(event, kind)]
