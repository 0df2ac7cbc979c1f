"""Tables that older rules of normal forms built, and their renewal under newer ones."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import sqlalchemy as sa
from rich.console import Console

from services.scoring.rebuild.renewal.renew import Renewal, Renewed
from services.scoring.store.counts import read
from services.scoring.store.fold_tables import folds
from services.scoring.store.profiles import find_one
from services.scoring.store.rebuild.snapshot import PROJECTIONS
from services.scoring.store.tables import counts, identities, older_counts
from shared.database.engine import Database
from shared.events import LEADS, Interaction, LeadQualified, decode
from shared.identity import Forms, Identity
from shared.process.progress_bar import Progress
from tests.support.builders import interaction
from tests.support.log import messages_on
from tests.worlds.replay import LIMITS, ReplayWorld, open_replay


@dataclass(frozen=True)
class Rules:
    """Rules for tests: brackets are removed, national numbers get a country code."""

    brackets: bool = False
    placeholders: tuple[str, ...] = ()
    country: str = ""

    def identity(self, kind: str, value: str) -> Identity | None:
        if value in self.placeholders:
            return None
        if kind == "phone" and self.country and not value.startswith("+"):
            return Identity(kind, self.country + value)
        return Identity(kind, value.strip("<>") if self.brackets else value)

    @property
    def fingerprint(self) -> str:
        return repr(self)


OLD: Any = Rules()
NEW: Any = Rules(brackets=True, placeholders=("undefined",))


def by(*names: tuple[str, str], type: str = "visit", **more: Any) -> Interaction:
    """An interaction as older rules left it on the log, of identities from the strongest to the weakest."""
    named = tuple(Identity(*name) for name in names)
    return msgspec.structs.replace(interaction(type, **more), identities=named)


class RenewalWorld(ReplayWorld):
    """Scoring as it was, and its renewal."""

    async def renew_and_go_on(self, forms: Any = NEW) -> Renewed:
        """Renew the tables, and go on under these forms."""
        found = await self.renew(forms)
        self.go_on(forms)
        return found

    async def renew(self, forms: Any = NEW) -> Renewed:
        """Renew the tables beside scoring as it is."""
        renewal = Renewal(
            log=self.log, database=self.database, clock=self.world.clock, group="scoring", limits=LIMITS,
            forms=forms,
        )  # fmt: skip
        with TemporaryDirectory() as directory, Progress(Console(file=StringIO())) as progress:
            return await renewal.run(Path(directory), progress)

    def go_on(self, forms: Forms) -> None:
        """Let scoring go on under these forms, as a process that was started again."""
        self.__init__(self.log, self.database, forms)

    async def profile_id(self, *name: str) -> str:
        return await self.world.profile_id(Identity(*name))

    async def current_id(self, profile_id: str) -> str:
        return (await self.database.read(lambda connection: find_one(connection, profile_id))).id

    async def lead_events(self) -> list[LeadQualified]:
        """Return all leads that scoring has put on the log, each as often as it did so."""
        await self.relay_outbox()
        events = [decode(message.value) for message in await messages_on(self.log, LEADS)]
        return [event for event in events if isinstance(event, LeadQualified)]

    async def table_contents(self) -> dict[str, Counter[str]]:
        """Return the rows of scoring's tables, without revisions."""
        return await self.database.read(
            lambda connection: (
                {
                    table.name: Counter(map(_row_text, connection.execute(sa.select(table)).mappings()))
                    for table in (*PROJECTIONS, folds)
                    if table not in {counts, older_counts}
                }
                | {"counts": Counter(_counted(connection))}
            )
        )


def _counted(connection: sa.Connection) -> Iterator[str]:
    """Yield the counts of all identities, however they are split between two rows."""
    known = connection.execute(sa.select(identities.c.id)).scalars().all()
    return (repr((who, stored.counts)) for who, (stored, _) in read(connection, known).items())


def _row_text(row: Mapping[Any, Any]) -> str:
    return repr({name: value for name, value in row.items() if name != "revision"})


@asynccontextmanager
async def open_renewal(
    database: Database, directory: Path, forms: Forms = OLD
) -> AsyncIterator[RenewalWorld]:
    async with open_replay(database, directory) as opened:
        yield RenewalWorld(opened.log, database, forms)
