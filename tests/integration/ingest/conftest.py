"""Ingest as tests run it, and an import into it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.worlds.imports import ImportWorld, run_import
from tests.worlds.ingest import IngestWorld, run_ingest


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[IngestWorld]:
    async with run_ingest(tmp_path) as running:
        yield running


@pytest.fixture
async def importing(tmp_path: Path) -> AsyncIterator[ImportWorld]:
    async with run_import(tmp_path) as running:
        yield running
