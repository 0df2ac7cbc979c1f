"""The hand-off as tests run it, on each kind of database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.database.engine import Database
from tests.worlds.handoff import HandoffWorld, run_handoff


@pytest.fixture
async def world(tmp_path: Path, database: Database) -> AsyncIterator[HandoffWorld]:
    async with run_handoff(tmp_path, database) as running:
        yield running
