"""A scoring service without its HTTP and its log: what a test gives to it and asks of it."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from services.scoring.activation import FlipDiff, Handoff, activate
from services.scoring.consume import Scorer
from services.scoring.counting import day_of
from services.scoring.models import active
from services.scoring.people import find
from services.scoring.pricing import points
from services.scoring.store import read_traits
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
        self.scorer = Scorer(self.clock)

    async def activated(
        self, *rules: dict[str, Any], flip_number: float = 25, handoff: Handoff = "new_activity_only"
    ) -> FlipDiff:
        draft = json.dumps({"flip_number": flip_number, "rules": list(rules)})
        async with self.database.unit() as connection:
            changed = await connection.execute(sa.update(models).values(draft=draft))
            if not changed.rowcount:
                await connection.execute(
                    sa.insert(models).values(model="m", draft=draft, created_at=self.clock.now())
                )
            _, diff = await activate(connection, "m", handoff=handoff, note=None, now=self.clock.now())
        return diff

    async def happened(self, *interactions: Interaction) -> None:
        async with self.database.unit() as connection:
            await self.scorer.apply(connection, on_the_log(*interactions))

    async def score(self, identity: Identity) -> float:
        async with self.database.reading() as connection:
            (person,) = await find(connection, [identity.id])
            matrices = await active(connection)
        return points(person.counts, matrices.versions["m"].matrix, day_of(self.clock.now()))

    async def traits(self, identity: Identity) -> dict[str, Any]:
        async with self.database.reading() as connection:
            (person,) = await find(connection, [identity.id])
            known = await read_traits(connection, list(person.identities), day_of(self.clock.now()))
        return known.of(person.identities)

    async def profile_of(self, identity: Identity) -> str:
        async with self.database.reading() as connection:
            (person,) = await find(connection, [identity.id])
        return person.id

    async def said(self, kind: type[Event]) -> Sequence[Any]:
        """Return the events of a kind that wait in the outbox."""
        async with self.database.reading() as connection:
            values = (await connection.execute(sa.select(outbox.c.value).order_by(outbox.c.id))).scalars()
            return [event for event in map(decode, values) if isinstance(event, kind)]
