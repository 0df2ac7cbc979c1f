"""Runs PostgreSQL's programs for one cluster, as the account that owns it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.command import Failure, tail
from deploy.postgres.account import Account
from deploy.postgres.binaries import find_binaries

# Relative to the cluster's directory: pg_ctl gives paths to a shell, and a directory may be called anything.
DATA = "data"


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs that fit the cluster in a directory; any version fits before its data is made."""

    directory: Path
    account: Account | None

    @property
    def data(self) -> Path:
        """The directory of the cluster's data; it is there when the cluster is complete."""
        return self.directory / DATA

    def call(self, program: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program and return its exit code and output."""
        made_by = int((self.data / "PG_VERSION").read_text()) if self.data.is_dir() else None
        account = self.account
        return subprocess.run(
            [find_binaries(made_by) / program, *arguments],
            cwd=self.directory,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )

    def run(self, program: str, *arguments: str, stdin: str = "") -> str:
        """Run a program and return its output, or fail."""
        result = self.call(program, *arguments, stdin=stdin)
        if result.returncode:
            raise Failure(f"{program} ended with code {result.returncode}:\n{tail(result.stdout)}")
        return result.stdout
