"""One attempt from end to end: sent, decided, counted. It always ends with an `Attempt` to record."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog

from services.handoff.sending.send import Sender
from services.handoff.store.records import Attempt
from services.handoff.webhooks.delivery import (
    OUR_FAULT,
    Decided,
    Delivered,
    EndpointAnswer,
    NoAnswer,
    Prepared,
    Rejected,
    Result,
    Unreachable,
    decide,
)
from shared.ids import NewId
from shared.process.clock import Clock
from shared.process.telemetry import ATTEMPT_SECONDS, ATTEMPTS
from shared.reasons import safe_reason

logger = structlog.get_logger(__name__)

# Not the names of the classes: a renamed class must not rename the label of a metric.
_OUTCOMES: Final = {Delivered: "delivered", Rejected: "rejected", Unreachable: "unreachable"}


class Attempter:
    """Tries deliveries; `jitter` returns numbers in [0, 1)."""

    def __init__(self, *, sender: Sender, clock: Clock, new_id: NewId, jitter: Callable[[], float]) -> None:
        self._sender = sender
        self._clock = clock
        self._new_id = new_id
        self._jitter = jitter

    async def attempt(self, delivery: Prepared) -> Attempt:
        """Send a delivery and return its attempt.

        An error of our own is a result too, so that the delivery is tried again by its schedule.
        """
        loop = asyncio.get_running_loop()
        started, at = loop.time(), self._clock.now()
        result, decided = await self._send_and_decide(delivery, at)
        seconds = loop.time() - started
        ATTEMPTS.labels(_OUTCOMES[type(decided)]).inc()
        ATTEMPT_SECONDS.observe(seconds)
        return Attempt(
            id=self._new_id(),
            delivery=delivery,
            at=at,
            milliseconds=round(seconds * 1000),
            result=result,
            decided=decided,
        )

    async def _send_and_decide(self, delivery: Prepared, at: datetime) -> tuple[Result, Decided]:
        try:
            result = await self._sender.send(delivery, at)
            return result, decide(delivery.failures, result, self._clock.now(), self._jitter())
        except Exception as error:
            logger.exception("delivery.attempt_error", delivery=delivery.id, error=safe_reason(error))
            result = NoAnswer(OUR_FAULT)
            return result, decide(delivery.failures, result, self._clock.now(), self._jitter())


def log_attempt(attempt: Attempt) -> None:
    """Write the log line of an attempt."""
    delivery, decided = attempt.delivery, attempt.decided
    logger.info(
        "delivery.attempted",
        delivery=delivery.id,
        webhook=delivery.webhook_id,
        message=delivery.message_id,
        type=delivery.type,
        attempt=delivery.failures + 1,
        outcome=_OUTCOMES[type(decided)],
        status=attempt.result.status if isinstance(attempt.result, EndpointAnswer) else None,
        milliseconds=attempt.milliseconds,
        **_next(decided),
    )


def _next(decided: Decided) -> dict[str, object]:
    if isinstance(decided, Delivered):
        return {}
    return {"error": decided.error, "retry_at": decided.retry_at, "held": decided.retry_at is None}
