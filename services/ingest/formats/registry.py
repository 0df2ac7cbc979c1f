"""The formats that ingest takes: a new one is a file in this folder and a name in this list."""

from collections.abc import Mapping
from typing import Final

from services.ingest.formats.format import Format, TrackingPath
from services.ingest.formats.native import NATIVE
from services.ingest.formats.segment import SEGMENT
from shared.events import DeadLetter

FORMATS: Final = (NATIVE, SEGMENT)

BY_PATH: Final[Mapping[str, tuple[Format, TrackingPath]]] = {
    path.path: (tracker_format, path) for tracker_format in FORMATS for path in tracker_format.paths
}


def without_keys(letter: DeadLetter) -> DeadLetter:
    """Return a letter without write keys; earlier versions stored keys that this version removes."""
    if letter.source not in BY_PATH:
        return letter
    tracker_format, _ = BY_PATH[letter.source]
    return tracker_format.redaction.of_letter(letter)
