"""Scoring as tests run it, on each kind of database: alone, behind HTTP, on a log, and through a renewal."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.database.engine import Database
from tests.worlds.renewal import RenewalWorld, open_renewal
from tests.worlds.replay import ReplayWorld, open_replay
from tests.worlds.scoring import ScoringWorld
from tests.worlds.scoring_http import ScoringHttpWorld, run_scoring


@pytest.fixture
def world(database: Database) -> ScoringWorld:
    return ScoringWorld(database)


@pytest.fixture
async def scoring(database: Database, tmp_path: Path) -> AsyncIterator[ScoringHttpWorld]:
    async with run_scoring(database, tmp_path) as running:
        yield running


@pytest.fixture
async def running(database: Database, tmp_path: Path) -> AsyncIterator[ReplayWorld]:
    async with open_replay(database, tmp_path) as opened:
        yield opened


@pytest.fixture
async def old(database: Database, tmp_path: Path) -> AsyncIterator[RenewalWorld]:
    async with open_renewal(database, tmp_path) as opened:
        yield opened
