"""What was imported before: an import goes on where it stopped, also when a file has grown."""

import os
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from services.ingest.imports.access_log.report import ImportReport
from services.ingest.imports.lines import AccessLogFile, Mark

# The most imports of logs with the same first line; older imports are forgotten, and would be posted again,
# as duplicates.
MAX_STORED: Final = 100


class PastImport(msgspec.Struct, frozen=True):
    """The first `size` unpacked bytes of a file, whose hash is `digest`, are done: `report` counts them."""

    name: str
    at: datetime
    size: int
    digest: str
    report: ImportReport

    @property
    def mark(self) -> Mark:
        """What identifies the file, whatever its name and packing."""
        return Mark(self.size, self.digest)


class _Stored(msgspec.Struct):
    imports: list[PastImport] = []
    offset: int = 0
    """From an earlier version, which knew a file only by its first line: it may have been another file."""


class PastImports:
    """The imports into one server of all files that begin with one line."""

    def __init__(self, state_dir: Path, url: str, first_line: bytes) -> None:
        digest = sha256(url.encode() + b"\0" + first_line).hexdigest()[:32]
        self._path = state_dir / "imports" / f"access-log-{digest}.json"

    def of(self, log: AccessLogFile) -> PastImport | None:
        """Return the import that came farthest in this file; None when the file is new."""
        stored = self._load().imports
        found = log.marks(past.size for past in stored) if stored else ()
        return max((past for past in stored if past.mark in found), key=lambda past: past.size, default=None)

    def has_older_form(self) -> bool:
        """Return whether an earlier version imported a file with this first line, perhaps this file."""
        return self._load().offset > 0

    def save(self, done: PastImport, instead_of: PastImport | None) -> None:
        """Store an import instead of its earlier state, atomically: a crash leaves the old or the new."""
        replaced = {done.mark, instead_of.mark} if instead_of else {done.mark}
        # Read again, since a file with the same first line may be imported at the same time.
        remaining = [past for past in self._load().imports if past.mark not in replaced]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(f".{os.getpid()}.new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(_Stored([*remaining, done][-MAX_STORED:])))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)

    def _load(self) -> _Stored:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Stored)
        except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
            # Starting anew is harmless: the ids are the same, and a known event changes no score.
            return _Stored()
