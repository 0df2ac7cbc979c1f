"""What others do at the worst moment: just before a function is called for the first time."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from shared.database.engine import Database
from tests.integration.blocked import until_it_waits


def just_before(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, something: Callable[[], Awaitable[Any]]
) -> None:
    """Have something happen, and that committed, just before a function is called for the first time."""
    function = getattr(owner, name)

    async def afterwards(*arguments: Any) -> Any:
        monkeypatch.setattr(owner, name, function)
        await something()
        return await function(*arguments)

    monkeypatch.setattr(owner, name, afterwards)


def waiting_just_before(
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    database: Database,
    something: Callable[[], Coroutine[Any, Any, Any]],
) -> list[asyncio.Task[Any]]:
    """Have something begin just before a function is called for the first time, and wait for the caller.

    The list has the task once it is begun.
    """
    begun: list[asyncio.Task[Any]] = []

    async def begin() -> None:
        begun.append(asyncio.create_task(something()))
        await until_it_waits(database, begun[0])

    just_before(monkeypatch, owner, name, begin)
    return begun
