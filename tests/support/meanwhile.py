"""Concurrent work at the worst moment: just before a function is called for the first time."""

import asyncio
from collections.abc import Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar

import pytest
from sqlalchemy.util import await_only

from shared.database.engine import Database
from tests.support.blocked import until_it_waits

P = ParamSpec("P")
T = TypeVar("T")


def for_works(something: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Return an async function as a plain one, which a unit of work can call within its transaction."""
    loop = asyncio.get_running_loop()

    def done(*arguments: P.args, **more: P.kwargs) -> T:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            # On SQLite units of work run in threads of their own.
            return asyncio.run_coroutine_threadsafe(something(*arguments, **more), loop).result()
        return await_only(something(*arguments, **more))

    return done


def just_before(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, something: Callable[[], Coroutine[Any, Any, Any]]
) -> None:
    """Run and commit something just before a function is called for the first time."""
    function = getattr(owner, name)
    done = for_works(something)

    async def awaited_afterwards(*arguments: Any) -> Any:
        monkeypatch.setattr(owner, name, function)
        await something()
        return await function(*arguments)

    def afterwards(*arguments: Any) -> Any:
        monkeypatch.setattr(owner, name, function)
        done()
        return function(*arguments)

    monkeypatch.setattr(owner, name, awaited_afterwards if iscoroutinefunction(function) else afterwards)


def waiting_just_before(
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    database: Database,
    something: Callable[[], Coroutine[Any, Any, Any]],
) -> list[asyncio.Task[Any]]:
    """Start something just before a function is called for the first time; it then waits for the caller.

    The list has the task once it has started.
    """
    started: list[asyncio.Task[Any]] = []

    async def begin() -> None:
        started.append(asyncio.create_task(something()))
        await until_it_waits(database, started[0])

    just_before(monkeypatch, owner, name, begin)
    return started
