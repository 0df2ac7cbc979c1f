"""The floor of row 6: read the embedded log and bulk-write the same rows, without rules, prices or look-ups.

`python -m tests.bench.floors.fold_sqlite LOG STATE SCORES EVENTS`: two files, then the shares of
`tests.bench.floors.written`.
"""

import sqlite3
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.events import Interaction, decode
from shared.log.embedded_file import MAX_POLL_RECORDS
from tests.bench.floors.written import Rows, Shares, Table, Writing

_READ = (
    'select "offset", value from record where topic = \'interactions\' and "offset" >= ? '
    'order by "offset" limit ?'
)
_POSITION = "update positions set next_offset = ? where consumer = 'scoring' and topic = 'interactions'"


def opened(file: Path) -> sqlite3.Connection:
    """Return a connection with the settings of ours."""
    connection = sqlite3.connect(file, isolation_level=None, timeout=10)
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=full")
    return connection


def read_writing(state: sqlite3.Connection, shares: Shares) -> Writing:
    """Read the rows of all tables, so that a batch needs no look-up."""
    counts = state.execute("select identity_id, entries, revision from counts")
    scores = state.execute(
        "select profile_id, score, stage, grade, state, company, excluded, due_on, revision from scores"
    )
    return Writing(
        shares,
        {identity_id: (packed, revision) for identity_id, packed, revision in counts},
        {profile_id: tuple(rest) for profile_id, *rest in scores},
        dict(state.execute("select id, profile_id from identities")),
        set(state.execute("select one_id, other_id from links")),
    )


def write(
    state: sqlite3.Connection, writing: Writing, events: Sequence[Interaction], next_offset: int
) -> None:
    """Write a batch in one transaction."""
    rows = writing.rows(events)
    state.execute("begin immediate")
    state.execute(_POSITION, (next_offset,))
    for table, new in rows:
        _insert(state, table, new)
    # Our relay deletes the events from the outbox once they are on the log.
    state.execute("delete from outbox")
    state.execute("commit")


def _insert(state: sqlite3.Connection, table: Table, rows: Rows) -> None:
    marks = ", ".join("?" * len(table.columns))
    # executemany takes no statement that returns rows.
    conflict = table.conflict.partition(" returning")[0]
    state.executemany(
        f"insert into {table.name} ({', '.join(table.columns)}) values ({marks}) {conflict}",  # noqa: S608
        [tuple(map(_kept, row)) for row in rows],
    )


def _kept(value: Any) -> Any:
    # In the format in which SQLAlchemy stores an instant.
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


def follow(log: sqlite3.Connection, state: sqlite3.Connection, shares: Shares) -> None:
    """Write all events of the log, then wait to be ended."""
    writing = read_writing(state, shares)
    (offset,) = state.execute(
        "select next_offset from positions where consumer = 'scoring' and topic = 'interactions'"
    ).fetchone()
    while True:
        records = log.execute(_READ, (offset, MAX_POLL_RECORDS)).fetchall()
        if not records:
            time.sleep(0.2)
            continue
        events = [event for _, value in records if isinstance(event := decode(value), Interaction)]
        offset = records[-1][0] + 1
        write(state, writing, events, offset)


if __name__ == "__main__":
    follow(
        opened(Path(sys.argv[1])), opened(Path(sys.argv[2])), Shares(float(sys.argv[3]), float(sys.argv[4]))
    )
