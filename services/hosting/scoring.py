"""Composes the service that scores."""

from services.hosting.process import Machinery
from services.scoring import compose as scoring
from shared.process.service import Service


def compose(machinery: Machinery) -> Service:
    """Compose the service that scores."""
    return scoring.compose(
        log=machinery.log,
        database=machinery.database,
        clock=machinery.clock,
        keys=machinery.keys,
        forms=machinery.forms,
        identity_limits=machinery.settings.identity_limits,
    )
