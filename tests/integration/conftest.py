"""Fixtures of several integration tests: a running instance, a matrix file, a webhook receiver."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.patience import until
from tests.support.receiver import Receiver
from tests.worlds.instance import Instance, run_instance


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """An instance that knows Ana and Ben, who made one visit each; each test has models of its own."""
    with run_instance(tmp_path_factory.mktemp("data")) as started:
        for name in ("ana", "ben"):
            started.post_events([{"type": "visit", "identities": {"email": f"{name}@example.com"}}])
            until(lambda name=name: started.profiles(name))
        yield started


@pytest.fixture
def file(tmp_path: Path) -> Callable[[Any], str]:
    def write(document: Any) -> str:
        path = tmp_path / "matrix.json"
        path.write_text(json.dumps(document))
        return str(path)

    return write


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as listening:
        yield listening
