"""The formats that ingest takes. A new one is its file and its name here."""

from collections.abc import Mapping
from typing import Final

from services.ingest.formats.format import Format, TrackingPath
from services.ingest.formats.native import NATIVE
from services.ingest.formats.segment import SEGMENT

FORMATS: Final = (NATIVE, SEGMENT)

BY_PATH: Final[Mapping[str, tuple[Format, TrackingPath]]] = {
    path.path: (known, path) for known in FORMATS for path in known.paths
}
