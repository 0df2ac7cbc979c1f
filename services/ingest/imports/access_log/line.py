"""A line of any known format; the format is found line by line, since servers change theirs."""

from typing import Final

from services.ingest.imports.access_log.common import read_common
from services.ingest.imports.access_log.escapes import text_of
from services.ingest.imports.access_log.json_lines import read_json
from services.ingest.imports.access_log.refusal import LineRefused, RefusalReason
from services.ingest.imports.access_log.request import Request

# JSON lines contain all headers, cookies included.
MAX_LENGTH: Final = 64 * 1024
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
NAMES: Final = "common, combined, both with the site in front (vhost_combined) or more fields, and JSON lines"


def read_request(line: bytes, *, host_names: bool) -> Request:
    """Read a line of a log; raises LineRefused with the reason when it has no known format or no request."""
    if len(line) > MAX_LENGTH:
        raise LineRefused(RefusalReason.TOO_LONG)
    # Rotation by copying can leave zero bytes in front of the first line.
    line = line.removeprefix(_BYTE_ORDER_MARK).lstrip(b"\0")
    if b"\0" in line:
        raise LineRefused(RefusalReason.NOT_TEXT)
    if line.lstrip()[:1] == b"{":
        return read_json(line, host_names=host_names)
    return read_common(text_of(line), host_names=host_names)
