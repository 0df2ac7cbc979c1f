"""Keeps this worker's proof of life, and takes over the leases of dead workers.

A lease outlasts the longest attempt by half a minute, and a lead should not wait that long because a process
was killed. Without a proof, this worker's own leases have no name and end by time alone.
"""

import asyncio

import structlog

from services.handoff.sending.liveness import Proof, Prove
from services.handoff.store import leases
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.process.clock import Clock
from shared.process.pulse import Pulse
from shared.process.supervisor import Bell
from shared.reasons import safe_reason

logger = structlog.get_logger(__name__)

# A lost proof is noticed within this time. Until then another worker may take this worker for dead, take its
# leases and send what is under way a second time, under the same id.
CHECK_SECONDS = 1.0
# How long the other workers may take to notice a death; a worker that starts looks at once.
LOOK_SECONDS = 10.0


class Takeover:
    """Watches over the leases until cancelled; `worker` is an id that no other start has had."""

    def __init__(self, *, database: Database, clock: Clock, prove: Prove, worker: str, bell: Bell) -> None:
        self.worker = worker
        self._database = database
        self._clock = clock
        self._prove = prove
        self._bell = bell
        self._proven = False
        self._tried = asyncio.Event()
        self._look_at = 0.0

    async def tried(self) -> None:
        """Return as soon as this worker has its proof of life, or cannot have one now."""
        await self._tried.wait()

    @property
    def name(self) -> str | None:
        """The name on this worker's leases: its id while it can prove that it lives, else None."""
        return self.worker if self._proven else None

    async def run(self, pulse: Pulse) -> None:
        """Work until cancelled."""
        while True:
            try:
                async with self._prove(self._database, self.worker) as proof:
                    self._proven = True
                    self._tried.set()
                    await self._watch(proof, pulse)
            except Exception as error:  # noqa: BLE001 - whatever failed, the worker needs its proof again
                pulse.waits(error)
                _warn("proof.lost", error)
            finally:
                self._proven = False
                self._tried.set()
            await asyncio.sleep(CHECK_SECONDS)

    async def _watch(self, proof: Proof, pulse: Pulse) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await proof.check()
            if loop.time() < self._look_at:
                pulse.moved()
            elif await self._look(proof, pulse):
                # Not at once after a loss: if all lose their proofs together, each has time to renew its own.
                self._look_at = loop.time() + LOOK_SECONDS
            await asyncio.sleep(CHECK_SECONDS)

    async def _look(self, proof: Proof, pulse: Pulse) -> bool:
        try:
            holders = await self._database.read(leases.holders) - {self.worker}
            async with proof.dead(holders) as dead:
                if lost := dead & holders:
                    await self._take(lost)
        except Exception as error:  # noqa: BLE001 - a failed look must not cost the worker its proof
            pulse.waits(error)
            _warn("takeover.failed", error)
            return False
        pulse.moved()
        return True

    async def _take(self, dead: set[str]) -> None:
        taken = await self._database.unit(
            lambda connection: leases.release(connection, dead, self._clock.now())
        )
        logger.info("leases.taken_over", workers=sorted(dead), deliveries=taken)
        self._bell.ring()


def _warn(event: str, error: Exception) -> None:
    logger.warning(event, error=safe_reason(error), exc_info=not isinstance(error, Unavailable))
