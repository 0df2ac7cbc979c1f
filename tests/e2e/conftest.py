"""The set-ups of Flipline: embedded, or on Kafka and PostgreSQL; each test gets one of its own."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.e2e.flipline import ALL_IN_ONE, ONE_EACH, Flipline, settings


@pytest.fixture
def embedded_settings(tmp_path: Path) -> dict[str, str]:
    return settings(data_dir=str(tmp_path / "embedded"))


@pytest.fixture
def cluster_settings(kafka: str, postgres_url: str, tmp_path: Path) -> dict[str, str]:
    return settings(
        log=f"kafka://{kafka}",
        database_url=postgres_url,
        kafka_topic_prefix=f"e2e-{uuid4().hex[:8]}-",
        kafka_session_timeout_seconds="2",
        data_dir=str(tmp_path / "cluster"),
    )


@pytest.fixture(params=["embedded", pytest.param("cluster", marks=[pytest.mark.kafka, pytest.mark.postgres])])
def everywhere(request: pytest.FixtureRequest) -> tuple[str, dict[str, str]]:
    """The settings of each set-up in turn."""
    return request.param, request.getfixturevalue(f"{request.param}_settings")


@pytest.fixture
async def flipline(everywhere: tuple[str, dict[str, str]], tmp_path: Path) -> AsyncIterator[Flipline]:
    """A Flipline in one process, and then one in three processes on Kafka and PostgreSQL."""
    setup, its_settings = everywhere
    commands = ALL_IN_ONE if setup == "embedded" else ONE_EACH
    async with Flipline(its_settings, commands, tmp_path) as running:
        yield running
