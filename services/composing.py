"""The services as a process hosts them: each takes what it needs of the process's machinery."""

import services.handoff.compose
import services.ingest.compose
import services.scoring.compose
from services.process import Machinery
from shared.service import Service


def ingest(machinery: Machinery) -> Service:
    """Compose the service that takes events in."""
    return services.ingest.compose.compose(
        log=machinery.log,
        database=machinery.database,
        clock=machinery.clock,
        keys=machinery.keys,
        forms=machinery.forms,
    )


def scoring(machinery: Machinery) -> Service:
    """Compose the service that scores."""
    return services.scoring.compose.compose(
        log=machinery.log,
        database=machinery.database,
        clock=machinery.clock,
        keys=machinery.keys,
        forms=machinery.forms,
        identity_limits=machinery.settings.identity_limits,
    )


def handoff(machinery: Machinery) -> Service:
    """Compose the service that hands leads over."""
    return services.handoff.compose.compose(
        log=machinery.log,
        database=machinery.database,
        clock=machinery.clock,
        keys=machinery.keys,
        settings=machinery.settings,
    )
