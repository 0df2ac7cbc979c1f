"""The adapters that sit the exam, each on an empty log of its own."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared.log.port import Log
from tests.contract.logs import open_log


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "embedded":
        return f"embedded:{tmp_path / 'log.sqlite'}"
    return f"kafka:{request.getfixturevalue('kafka')}/exam-{uuid4().hex[:8]}-"


@pytest.fixture
async def log(log_url: str) -> AsyncIterator[Log]:
    opened = open_log(log_url)
    yield opened
    await opened.close()


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Positions are stored alike on both dialects, so one dialect is enough for the log."""
    return sqlite_url
