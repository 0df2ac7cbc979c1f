"""Scoring that follows a log and is compared with a rebuild from it, and a history with everything in it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.console import Console

from services.scoring.change.handing_over import HandingOver
from services.scoring.change.retirement import Act, end
from services.scoring.core.counting.adjustments import Adjustment
from services.scoring.core.fold import fold_of
from services.scoring.live.corrections import Corrections, Note
from services.scoring.rebuild.check import check
from services.scoring.store import folds
from services.scoring.store.counts import MOST_RECENT
from services.scoring.store.rebuild.snapshot import MATRICES, PROJECTIONS
from services.scoring.store.selection import Selection
from shared.database.engine import Database
from shared.database.outbox import outbox, relay
from shared.database.positions import positions
from shared.events import INTERACTIONS, Event, Interaction, Retraction, encode
from shared.following.follower import Follower
from shared.identity import Forms
from shared.ids import new_id
from shared.log.embedded import EmbeddedLog
from shared.log.port import Record
from shared.process.pulse import Pulse
from tests.cast import ANA
from tests.support.builders import NOON, interaction, rule
from tests.support.builders import identities as named
from tests.support.log import messages_on
from tests.support.patience import eventually
from tests.support.tables import changed, values
from tests.worlds.scoring import ScoringWorld

LIMITS = {"user_id": 1}
NOTE = Note("test", "ops")
MATRIX: dict[str, Any] = {
    "flip_number": 25,
    "stages": {"aware": 5, "engaged": 15},
    "traits": [{"id": "decides", "when": {"title": {"matches_any": ["director"]}}, "points": 15}],
    "inactivity": {"after": "30d", "points": -1, "every": "30d", "floor": -5},
}
RULES = (
    rule("visits", 4, limit={"times": 2, "per": "day", "by": "path"}, half_life="60d"),
    rule("downloads", 10, when={"type": "download"}, cap=30),
    rule("crawled", -1, machine="only"),
)


class ReplayWorld:
    """Scoring that follows a log, and a comparison of its tables with the log."""

    def __init__(self, log: EmbeddedLog, database: Database, forms: Forms | None = None) -> None:
        self.log = log
        self.database = database
        self.forms = forms or Forms()
        self.world = ScoringWorld(database, forms=self.forms)
        self.corrections = Corrections(self.world.scorer, self.world.clock, new_id)
        self.printed = ""

    async def append(self, *events: Event) -> None:
        records = [
            Record(
                INTERACTIONS,
                event.identities[0].id if isinstance(event, Interaction) else "corrections",
                encode(event),
            )
            for event in events
        ]
        await self.log.append(records)

    async def append_and_score(self, *events: Event) -> None:
        """Post the events and wait until all that the log has is applied."""
        await self.append(*events)
        following = asyncio.create_task(self.follower().run(Pulse()))
        await eventually(self.unread_count, lambda unread: not unread)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    def follower(self) -> Follower:
        return Follower(
            log=self.log, database=self.database, clock=self.world.clock, topic=INTERACTIONS,
            group="scoring", apply=self.world.scorer.apply, stored=lambda: None,
        )  # fmt: skip

    async def unread_count(self) -> int:
        """Return how many records scoring has not applied yet."""
        query = sa.select(positions.c.next_offset).where(positions.c.consumer == "scoring")
        next_offset = next(iter(await values(self.database, query)), 0)
        return sum(message.offset >= next_offset for message in await messages_on(self.log, INTERACTIONS))

    async def relay_outbox(self) -> None:
        while await relay(self.database, self.log):
            pass

    async def retract(self, identity_id: str, **selected: Any) -> None:
        chosen = Selection(**selected)
        await self.database.unit(
            lambda connection: self.corrections.retract(connection, identity_id, chosen, NOTE)
        )

    async def unmerge(self, identity_id: str, **apart: str) -> None:
        others = named(**apart)
        await self.database.unit(
            lambda connection: self.corrections.unmerge(connection, identity_id, others, NOTE)
        )

    async def adjust(self, identity_id: str, points: float) -> None:
        given = Adjustment("m", points, "met at a fair", "ops")
        await self.database.unit(
            lambda connection: self.corrections.adjust(connection, identity_id, given, None)
        )

    async def retire(self) -> None:
        await self.database.unit(lambda connection: end(connection, "m", Act("ops"), self.world.clock.now()))

    async def hand_over(self, *profile_ids: str) -> None:
        order = HandingOver(self.database, self.world.clock, "m", Act("ops"), new_id())
        _, verdicts = await order.named(profile_ids)
        assert {verdict.status for verdict in verdicts} == {"handed_over"}

    async def execute(self, statement: sa.Executable) -> None:
        await changed(self.database, statement)

    async def mark_as_this_fold(self) -> None:
        """Mark the tables as those of this version, as after a migration that a test is not about."""
        fold = fold_of(self.forms, LIMITS)
        await self.database.unit(lambda connection: folds.write(connection, fold))

    async def matches_the_log(self) -> bool:
        output = StringIO()
        same = await check(
            log=self.log, database=self.database, clock=self.world.clock, group="scoring",
            identity_limits=LIMITS, forms=self.forms, console=Console(file=output, width=200),
        )  # fmt: skip
        self.printed = output.getvalue()
        return same

    async def all_rows(self) -> dict[str, Sequence[Any]]:
        return await self.database.read(
            lambda connection: {
                table.name: sorted(map(repr, connection.execute(sa.select(table))))
                for table in (*MATRICES, *PROJECTIONS, positions, outbox)
            }
        )


@asynccontextmanager
async def open_replay(
    database: Database, directory: Path, forms: Forms | None = None
) -> AsyncIterator[ReplayWorld]:
    log = EmbeddedLog(directory / "log.sqlite")
    yield ReplayWorld(log, database, forms)
    await log.close()


async def play_history(running: ReplayWorld) -> None:
    """Merges, a shared device, corrections of every kind, machines, repeated events, and a new matrix."""
    await running.world.activate(*RULES, **MATRIX)
    cookie, device = {"anonymous_id": "cookie"}, {"anonymous_id": "device"}
    crawled = interaction(machine="crawler", known_as=cookie)
    first = interaction(path="/pricing", known_as=cookie)
    wrong = interaction("download", day=-2, id="wrong")
    await running.append_and_score(
        first, crawled, interaction("download", day=-40, traits={"title": "Director"})
    )
    await running.append_and_score(
        Retraction(
            id="early", identity=ANA, interactions=("late",), reason="bot", author="judge", retracted_at=NOON
        ),
        first,
        wrong,
        interaction("identify", day=-1, known_as=cookie | {"email": "ana@example.com"}),
        interaction("download", id="late"),
        interaction(day=-3, traits={"title": "Assistant", "phone": None}),
    )
    for who in ("u1", "u2"):
        await running.append_and_score(
            interaction(day=-5, known_as=device | {"user_id": who}),
            *(interaction("download", day=-n, known_as={"user_id": who}) for n in range(3)),
        )
    # These values are old and more than fit the row that events write, so some move to the second row.
    reader = {"anonymous_id": "reader"}
    await running.append_and_score(
        *(interaction(day=-700, path=f"/{n}", known_as=reader) for n in range(MOST_RECENT + 4))
    )
    ana = await running.world.profile_id(ANA)
    await running.append_and_score(*(interaction("purchase", day=-n, id=f"purchase-{n}") for n in range(3)))
    await running.retract(ana, interaction="wrong")
    await running.retract(ana, interaction="purchase-0")
    await running.adjust(ana, 7.5)
    await running.unmerge(ana, anonymous_id="cookie")
    await running.relay_outbox()
    await running.append_and_score(interaction("like"))
    await running.world.activate(*RULES, rule("likes", 2, when={"type": "like"}), **MATRIX)
    await running.append_and_score(first, wrong, interaction("like", known_as=cookie))
    await running.relay_outbox()
