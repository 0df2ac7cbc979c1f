"""Composes the service that hands leads over."""

from services.handoff import compose as handoff
from services.hosting.process import Machinery
from shared.process.service import Service


def compose(machinery: Machinery) -> Service:
    """Compose the service that hands leads over."""
    return handoff.compose(
        log=machinery.log,
        database=machinery.database,
        clock=machinery.clock,
        keys=machinery.keys,
        settings=machinery.settings,
    )
