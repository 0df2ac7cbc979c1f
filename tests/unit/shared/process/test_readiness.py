"""The checks of readiness, and how it waits for their answers."""

import asyncio

import pytest

from shared.errors import Unavailable
from shared.process import readiness
from shared.process.readiness import Readiness


async def well() -> None:
    return None


async def test_findings_are_reported_by_name_of_the_check() -> None:
    async def away() -> None:
        raise Unavailable("log_unavailable", "Kafka is away.")

    async def broken() -> None:
        raise ValueError("ana@example.com")

    found = await Readiness({"database": well, "log": away, "workers": broken}).findings()
    assert (found["database"], found["log"]) == (None, "Kafka is away.")
    assert found["workers"]
    assert found["workers"].startswith(
        "failed with ValueError at tests/unit/shared/process/test_readiness.py"
    )
    assert "ana@" not in found["workers"]


async def test_a_hanging_check_runs_once_and_does_not_delay_other_checks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A frozen database does this, and each probe would otherwise add another connection that waits."""
    monkeypatch.setattr(readiness, "PATIENCE_SECONDS", 0.001)
    calls: list[int] = []
    go_on = asyncio.Event()

    async def hangs() -> None:
        calls.append(1)
        await go_on.wait()

    ready = Readiness({"database": hangs, "log": well})
    for _ in range(5):
        assert await ready.findings() == {"database": "gives no answer within 0.001 s", "log": None}
    assert len(calls) == 1

    go_on.set()
    await asyncio.wait(ready._tasks.values())
    assert await ready.findings() == {"database": None, "log": None}
    assert len(calls) == 2, "an answer from before is not told again"
