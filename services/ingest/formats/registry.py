"""The formats that ingest takes. A new one is its file and its name here."""

from collections.abc import Mapping
from typing import Final

from services.ingest.formats.format import Format, TrackingPath
from services.ingest.formats.native import NATIVE
from services.ingest.formats.segment import SEGMENT
from shared.events import DeadLetter

FORMATS: Final = (NATIVE, SEGMENT)

BY_PATH: Final[Mapping[str, tuple[Format, TrackingPath]]] = {
    path.path: (known, path) for known in FORMATS for path in known.paths
}


def without_keys(letter: DeadLetter) -> DeadLetter:
    """Return a letter as it may be shown: earlier versions kept keys that this version removes."""
    known = BY_PATH.get(letter.source or "")
    return known[0].redaction.of_letter(letter) if known else letter
