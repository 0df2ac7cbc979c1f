"""A command that fails explains itself in a sentence without data of people."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from services.commands.explaining import explain
from shared.errors import Misconfigured


class FromPostgres(Exception):
    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


def wrapped(original: Exception) -> DBAPIError:
    error = DBAPIError("insert into people values (?)", {"email": "ana@example.com"}, original)
    error.__cause__ = original
    return error


def explained(error: Exception) -> str:
    text = explain(error)
    assert text is not None
    return text


def test_the_message_of_a_flipline_error_is_unchanged() -> None:
    assert explain(Misconfigured("code", "This is wrong. Do that.")) == "This is wrong. Do that."


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "Free some space."),
        (errno.EACCES, "Let this user read and write there"),
        (errno.EROFS, "Make it writable"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EIO, "FLIPLINE_LOG_LEVEL=debug"),
    ],
)
def test_an_os_error_is_explained_with_its_path_and_advice(number: int, advice: str) -> None:
    text = explained(OSError(number, os.strerror(number), "/var/lib/flipline"))
    assert text.startswith(f"/var/lib/flipline: {os.strerror(number)}. ")
    assert advice in text


@pytest.mark.parametrize(
    ("original", "shown"),
    [
        (FromPostgres("22P02", "invalid input: ana@example.com"), "SQLSTATE 22P02"),
        (FromPostgres("23505", "duplicate key\nDETAIL: (email)=(ana@example.com)"), "SQLSTATE 23505"),
        (FromPostgres("57014", "canceling statement\nCONTEXT: ana@example.com"), "canceling statement"),
        (sqlite3.IntegrityError("failed for ana@example.com"), "IntegrityError"),
        (sqlite3.OperationalError("database or disk is full"), "database or disk is full"),
    ],
)
def test_a_database_error_is_explained_without_data(original: Exception, shown: str) -> None:
    text = explained(wrapped(original))
    assert f"cannot be used: {shown}. " in text
    assert "ana@" not in text
    assert "insert" not in text


def test_a_missing_table_is_explained_with_the_migrate_command(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.exec_driver_sql("select * from profiles where email = ?", ("ana@example.com",))
    engine.dispose()
    text = explained(caught.value)
    assert text.startswith("The database cannot be used: no such table: profiles. ")
    assert "flipline migrate" in text
