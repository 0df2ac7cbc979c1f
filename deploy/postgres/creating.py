"""Makes a cluster: its password, its data and the database."""

import locale
import os
import secrets
import shutil
from pathlib import Path

from deploy.command import Failure, say, tail
from deploy.postgres.programs import Programs

# The database, and the role that owns it: a superuser, since tests make databases of their own.
NAME = "flipline"


def create(programs: Programs) -> None:
    """Make the cluster under another name first, so that its data is there only when it is complete."""
    say("creating the cluster ...")
    directory, account = programs.directory, programs.account
    if account:
        os.chown(directory, account.uid, account.gid)
    partial = directory / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    programs.run(
        "initdb",
        f"--pgdata={partial}",
        f"--username={NAME}",
        f"--pwfile={_new_password(programs)}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        f"--locale={_locale()}",
    )
    statement = f"CREATE DATABASE {NAME};\n"
    output = programs.run("postgres", "--single", "-D", str(partial), "postgres", stdin=statement)
    # A single-user server ends well also when the statement has failed.
    if "ERROR" in output:
        raise Failure(f"PostgreSQL cannot create the database {NAME}:\n{tail(output)}")
    partial.rename(programs.data)


def password_file(directory: Path) -> Path:
    """Return the file with the role's password."""
    return directory / "password"


def _new_password(programs: Programs) -> Path:
    file, account = password_file(programs.directory), programs.account
    file.touch(mode=0o600)
    if account:
        os.chown(file, account.uid, account.gid)
    file.write_text(secrets.token_urlsafe(24))
    return file


def _locale() -> str:
    """Return a locale that sorts by bytes on every machine and knows all letters of Unicode."""
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    return "C.UTF-8"
