"""Databases for tests on a PostgreSQL cluster: copied from a migrated one, and emptied to be used again."""

from uuid import uuid4

import asyncpg
import sqlalchemy as sa

# All columns and constraints by numbers that PostgreSQL gives only once, and the revision that is noted. A
# database that was copied has the same.
_SHAPE = """
    select string_agg(item, ' ' order by item) from (
        select (attrelid, attnum, attname, atttypid, attnotnull)::text
        from pg_attribute join pg_class on pg_class.oid = attrelid
        where relnamespace = 'public'::regnamespace
        union all
        select (oid, conname)::text from pg_constraint where connamespace = 'public'::regnamespace
        union all
        select version_num from alembic_version
    ) as items (item)
"""
_OTHERS_LEAVE = """
    select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""
# To truncate a table that was never written to takes as long as any other.
_WRITTEN = """
    select string_agg(oid::regclass::text, ', ') from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'alembic_version'
        and pg_relation_size(oid) > 0
"""
_COUNT_FROM_ONE = """
    select setval(oid::regclass, 1, false) from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'S'
"""


def plain(url: str, database: str | None = None) -> str:
    """Return SQLAlchemy's URL in the form that the driver itself reads."""
    made = sa.make_url(url).set(drivername="postgresql", database=database)
    return made.render_as_string(hide_password=False)


class Databases:
    """Copies of the database at the URL, which must have no connections while this exists."""

    def __init__(self, template: str) -> None:
        self._template = template
        self._shape = ""
        self._idle: list[str] = []

    async def take(self) -> str:
        """Return the URL of an empty database; to use one again takes less time than to copy a new one."""
        return self._idle.pop() if self._idle else await self._copied()

    async def give_back(self, url: str) -> None:
        """Empty the database for its next use, or drop it if a test has made or altered a table."""
        connection = await asyncpg.connect(plain(url))
        try:
            await connection.execute(_OTHERS_LEAVE)
            as_it_was = await connection.fetchval(_SHAPE) == self._shape
            if as_it_was:
                if written := await connection.fetchval(_WRITTEN):
                    await connection.execute(f"truncate {written} cascade")
                await connection.execute(_COUNT_FROM_ONE)
        finally:
            await connection.close()
        if as_it_was:
            self._idle.append(url)
        else:
            await self._administer(f'drop database "{sa.make_url(url).database}" with (force)')

    async def _copied(self) -> str:
        template = sa.make_url(self._template)
        name = f"test_{uuid4().hex}"
        await self._administer(f'create database {name} template "{template.database}"')
        url = template.set(database=name).render_as_string(hide_password=False)
        if not self._shape:
            connection = await asyncpg.connect(plain(url))
            self._shape = await connection.fetchval(_SHAPE)
            await connection.close()
        return url

    async def _administer(self, statement: str) -> None:
        connection = await asyncpg.connect(plain(self._template, database="postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
