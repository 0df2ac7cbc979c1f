"""Composes the service that takes events in."""

from services.hosting.process import Machinery
from services.ingest import compose as ingest
from shared.process.service import Service


def compose(machinery: Machinery) -> Service:
    """Compose the service that takes events in."""
    return ingest.compose(
        log=machinery.log,
        database=machinery.database,
        clock=machinery.clock,
        keys=machinery.keys,
        forms=machinery.forms,
    )
