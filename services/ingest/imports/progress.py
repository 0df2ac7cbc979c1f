"""How far the import of a file is, kept so that it can go on after whatever stopped it."""

import os
from hashlib import sha256
from pathlib import Path

import msgspec

from services.ingest.imports.report import ImportReport


class ImportProgress(msgspec.Struct):
    """Lines up to `offset` (bytes, uncompressed) are done, and `report` has counted them."""

    offset: int = 0
    report: ImportReport = msgspec.field(default_factory=ImportReport)


class ProgressFile:
    """Keeps the progress of one file into one server.

    A file is known by its first line, so one that has grown goes on where it ended, and one that was
    rotated is another file.
    """

    def __init__(self, state_dir: Path, url: str, first_line: bytes) -> None:
        digest = sha256(url.encode() + b"\0" + first_line).hexdigest()[:32]
        self._path = state_dir / "imports" / f"access-log-{digest}.json"

    def load(self) -> ImportProgress:
        """Return the progress made so far; none when there is none or it cannot be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=ImportProgress)
        except (FileNotFoundError, msgspec.MsgspecError):
            # Starting anew is harmless: the ids are the same, and what is known already changes no score.
            return ImportProgress()

    def save(self, progress: ImportProgress) -> None:
        """Replace the progress as a whole, so that a crash leaves the old or the new."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(progress))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
