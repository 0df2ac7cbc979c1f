"""Dead letters that wait for a replay: while a group has open dead letters, its tables are incomplete."""

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from typing import Final

from rich.table import Table

from services.scoring.store.rebuild import snapshot
from shared.database.dead_letters import OpenLetters, count_open
from shared.database.engine import Database
from shared.events import DEAD_LETTERS, INGEST
from shared.following.dead_letters import DeadLetterProjection
from shared.log.port import Log, Message, Partition
from shared.process.clock import Clock

_OUTBOX: Final = Partition("outbox", 0)


async def find_open(*, log: Log, copy: Database, rebuilt: Database, clock: Clock) -> list[OpenLetters]:
    """Return how many dead letters of all groups are open, by group and reason.

    The topic is projected into the empty database `rebuilt`, so memory holds a batch at most. Letters in the
    outbox of the snapshot `copy` count too. Raises Unavailable when the log is away.
    """
    projection = DeadLetterProjection(clock)

    async def project(messages: Sequence[Message]) -> None:
        await rebuilt.unit(lambda connection: projection.apply(connection, messages))

    async with aclosing(log.replay(DEAD_LETTERS)) as batches:
        async for messages in batches:
            await project(messages)
    waiting = await snapshot.outgoing(copy, DEAD_LETTERS)
    await project([Message(_OUTBOX, number, value) for number, value in enumerate(waiting)])
    return await rebuilt.read(count_open)


def count_parked(found: Iterable[OpenLetters]) -> int:
    """Return how many messages consumer groups have parked; the sender knows what ingest refused."""
    return sum(row.letters for row in found if row.refused_by != INGEST)


def table(found: Iterable[OpenLetters]) -> Table:
    """Return the open letters as a table."""
    shown = Table("refused by", "code", "open", title="Dead letters not replayed", title_justify="left")
    shown.columns[2].justify = "right"
    for row in found:
        shown.add_row(row.refused_by, row.code, f"{row.letters:,}")
    return shown
