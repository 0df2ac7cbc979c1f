"""A scoring service without its HTTP and its log, with what tests do to it and read from it."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from services.scoring.change.activation import Activation, Handoff, activate
from services.scoring.change.flip_diff import FlipDiff
from services.scoring.core.counting.tally import day_of
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.core.pricing.scores import points
from services.scoring.core.profiles.linking import Profile
from services.scoring.live.consume import Scorer
from services.scoring.live.timer import Timer
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.reading import stored_matrix
from services.scoring.store import traits
from services.scoring.store.models import active
from services.scoring.store.profiles import find
from services.scoring.store.tables import models, scores
from shared.database.engine import Database
from shared.database.outbox import outbox
from shared.events import Event, LeadQualified, decode
from shared.identity import Forms, Identity
from tests.support.builders import on_the_log
from tests.support.clock import FrozenClock
from tests.support.tables import rows, values


class ScoringWorld:
    """Scoring on a database, with a clock that stands still until `passed`."""

    def __init__(
        self, database: Database, limits: Mapping[str, int] | None = None, forms: Forms | None = None
    ) -> None:
        self.database = database
        self.clock = FrozenClock()
        self.scorer = Scorer(self.clock, limits or {"user_id": 1}, forms or Forms())
        self.timer = Timer(database, self.clock, lambda: None)

    async def save_draft(
        self, *rules: dict[str, Any], flip_number: float = 25, model: str = "m", **more: Any
    ) -> None:
        matrix = stored_matrix(model, {"flip_number": flip_number, "rules": list(rules)} | more)
        draft = matrix.text()

        def put(connection: sa.Connection) -> None:
            changed = connection.execute(sa.update(models).where(models.c.model == model).values(draft=draft))
            if not changed.rowcount:
                connection.execute(
                    sa.insert(models).values(model=model, draft=draft, created_at=self.clock.now())
                )

        await self.database.unit(put)

    async def activate(
        self,
        *rules: dict[str, Any],
        flip_number: float = 25,
        handoff: Handoff = "new_activity_only",
        model: str = "m",
        **more: Any,
    ) -> FlipDiff:
        await self.save_draft(*rules, flip_number=flip_number, model=model, **more)
        _, diff = await activate(self.database, self.clock, model, Activation(handoff))
        return diff

    async def consume(self, *events: Event) -> None:
        messages = on_the_log(*events)
        await self.database.unit(lambda connection: self.scorer.apply(connection, messages))

    async def let_time_pass(self, **by: float) -> int:
        """Let time pass and the timer work until nothing is due; return how often it priced a profile."""
        self.clock.advance(**by)
        priced = 0
        while more := await self.rescore_due():
            priced += more
        return priced

    async def rescore_due(self) -> int:
        return await self.database.unit(self.timer.rescore_due)

    async def score(self, identity: Identity, model: str = "m") -> float:
        def known_and_matrix(connection: sa.Connection) -> tuple[ScoreInput, Matrix]:
            (person,) = find(connection, [identity.id])
            matrices = active(connection)
            known = traits.known(connection, [person])
            return known[person.id], matrices.versions[model].matrix

        known, matrix = await self.database.read(known_and_matrix)
        return points(known, matrix, day_of(self.clock.now()))

    async def score_row(self, identity: Identity, model: str = "m") -> Any:
        """Return the row of the score as it was last priced in the active version."""
        person = await self.profile(identity)
        query = sa.select(scores).join(
            models, (models.c.model == scores.c.model) & (models.c.active_version == scores.c.version)
        )
        of_profile = query.where(scores.c.profile_id == person.id, scores.c.model == model)
        (row,) = await rows(self.database, of_profile)
        return row

    async def traits(self, identity: Identity) -> Mapping[str, Any]:
        def read_traits(connection: sa.Connection) -> Mapping[str, Any]:
            (person,) = find(connection, [identity.id])
            known = traits.read(connection, [person])
            return known[person.id].reported(day_of(self.clock.now()))

        return await self.database.read(read_traits)

    async def profile(self, identity: Identity) -> Profile:
        (person,) = await self.database.read(lambda connection: find(connection, [identity.id]))
        return person

    async def profile_id(self, identity: Identity) -> str:
        return (await self.profile(identity)).id

    async def are_one(self, *identities: Identity) -> bool:
        return len({await self.profile_id(identity) for identity in identities}) == 1

    async def outbox_events(self, *kinds: type[Event]) -> Sequence[Any]:
        """Return the events of these kinds that wait in the outbox."""
        encoded = await values(self.database, sa.select(outbox.c.value).order_by(outbox.c.id))
        return [event for event in map(decode, encoded) if isinstance(event, kinds)]

    async def lead_count(self) -> int:
        """Return how many leads wait in the outbox."""
        return len(await self.outbox_events(LeadQualified))

    async def score_rows(self) -> Sequence[Any]:
        """Return the stored scores of all profiles in all versions, with names of columns."""
        return await rows(self.database, sa.select(scores).order_by(*scores.primary_key))

    async def table_rows(self, table: sa.Table) -> list[tuple[Any, ...]]:
        """Return all rows of a table, in the order of its key."""
        return [
            tuple(row) for row in await rows(self.database, sa.select(table).order_by(*table.primary_key))
        ]
