"""The event that a line of an access log becomes."""

from typing import Any

from services.ingest.imports.access_log.meaning import Seen
from services.ingest.imports.visitor import Anonymiser


def event_id(line: bytes, digest: bytes, occurrence: int, visitor: str) -> str:
    """Return the id, which follows from what the line says and how often it came before in its file.

    The file is not part of the id: a line that is in two files, rotated, copied or cut together, is one
    event. Earlier versions took the first word of a line for the visitor. Where that word was something
    else, such as the site, the line now has another id: read again, it counts for its visitor.
    """
    prefix = "log" if line.startswith(visitor.encode() + b" ") else "log2"
    return f"{prefix}_{digest.hex()}_{occurrence}"


def event_of(seen: Seen, id: str, anonymiser: Anonymiser) -> dict[str, Any]:
    """Return the native event; fields that the log does not have are left out."""
    properties = {"path": seen.path}
    if seen.user_agent is not None:
        properties["user_agent"] = seen.user_agent
    if seen.host:
        properties["host"] = seen.host
    if seen.search:
        properties["search"] = seen.search
    if seen.referrer:
        properties["referrer"] = seen.referrer
    if seen.type == "download":
        properties["asset"] = seen.path
    return {
        "id": id,
        "type": seen.type,
        "identities": {"anonymous_id": anonymiser.visitor(seen.address, seen.user_agent or "")},
        "occurred_at": seen.occurred_at,
        "source": "access_log",
        "properties": properties,
    }
