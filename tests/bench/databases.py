"""Databases of a run: copied, looked into and dropped on a PostgreSQL cluster."""

from typing import Any

import asyncpg
import sqlalchemy as sa

from tests.support.postgres import plain


async def copy(url: str, name: str, template: str) -> str:
    """Copy a database and return the URL of the copy, with all its pages written to disk."""
    own = sa.make_url(url).set(database=name).render_as_string(hide_password=False)
    await execute(url, f'create database {name} template "{template}"')
    await execute(own, "checkpoint")
    return own


async def drop(url: str, name: str) -> None:
    """Remove a database."""
    await execute(url, f"drop database {name} with (force)")


async def execute(url: str, statement: str) -> None:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(plain(url))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def value(url: str, query: str) -> Any:
    """Return the one value of a query."""
    connection = await asyncpg.connect(plain(url))
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def server_pid(url: str) -> int:
    """Return the process id of the cluster's first process; all others are its children."""
    return int((await value(url, "select pg_read_file('postmaster.pid')")).partition("\n")[0])
