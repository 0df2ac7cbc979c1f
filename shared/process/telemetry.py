"""Structured logs and metrics: one wide line per unit of work, and numbers with a meaning each."""

import logging
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

import msgspec
import structlog
from prometheus_client import Counter, Gauge, Histogram

from shared.reasons import safe_trace

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REQUEST_SECONDS = Histogram(
    "flipline_http_request_seconds",
    "Time to answer an HTTP request, by route and status class.",
    ["route", "status"],
    buckets=_SECONDS,
)
INGESTED = Counter(
    "flipline_ingest_events_total", "Events received, by verdict: accepted or refused.", ["verdict"]
)
MESSAGES = Counter(
    "flipline_messages_total",
    "Messages of the log handled, by group and outcome: applied, parked or fenced.",
    ["group", "outcome"],
)
BATCH_SECONDS = Histogram(
    "flipline_batch_seconds", "Time to apply and commit a batch, by group.", ["group"], buckets=_SECONDS
)
LAG = Gauge("flipline_lag_records", "Records not applied yet by this process, by group.", ["group"])
OLDEST_UNREAD_SECONDS = Gauge(
    "flipline_oldest_unread_seconds", "Age of the oldest record that is not applied yet, by group.", ["group"]
)
POSITION = Gauge(
    "flipline_position_offset", "The offset that a group applies next.", ["group", "topic", "partition"]
)
LOG_END = Gauge(
    "flipline_log_end_offset",
    "The offset that the next record gets, as each group's reader sees it.",
    ["group", "topic", "partition"],
)
OUTBOX_RECORDS = Gauge("flipline_outbox_records", "Records that wait in the outbox for the log.")
DATABASE_BYTES = Gauge("flipline_database_bytes", "Size of the database.")
FLIPS = Counter(
    "flipline_flips_total", "Leads that were handed over, by model; counted by the hand-off.", ["model"]
)
WORKER_FAILURES = Counter(
    "flipline_worker_failures_total",
    "Times that a background worker failed and was started again.",
    ["worker"],
)
ATTEMPTS = Counter(
    "flipline_delivery_attempts_total",
    "Webhook attempts, by outcome: delivered, rejected or unreachable.",
    ["outcome"],
)
ATTEMPT_SECONDS = Histogram(
    "flipline_delivery_attempt_seconds", "Time a webhook attempt took.", buckets=_SECONDS
)
DELIVERIES_PENDING = Gauge(
    "flipline_deliveries_pending",
    "Deliveries that are still to be sent, by webhook; the same in every process.",
    ["webhook"],
)
DELIVERIES_HELD = Gauge(
    "flipline_deliveries_held",
    "Deliveries that are held until they are replayed, by webhook; the same in every process.",
    ["webhook"],
)
OLDEST_DUE_SECONDS = Gauge(
    "flipline_oldest_due_delivery_seconds",
    "How long the delivery that is due the longest has been due, by webhook; the same in every process.",
    ["webhook"],
)
OPEN_DEAD_LETTERS = Gauge(
    "flipline_dead_letters_open",
    "Open dead letters, by ingest or the group that refused them; the same in every process of ingest.",
    ["refused_by"],
)
REFUSED_REQUESTS = Counter(
    "flipline_http_refused_total",
    "Connections and requests that the door refused before the application saw them, by code.",
    ["code"],
)

_encode = msgspec.json.Encoder(enc_hook=str, order=None).encode


def configure_logging(level: str = "info", *, console: bool | None = None) -> None:
    """Log JSON lines to standard error, or readable lines when it is a terminal.

    Lines of libraries that use the standard library's logging get the same form.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    readable = sys.stderr.isatty() if console is None else console
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_error_texts,
    ]
    rendered: list[Any] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if readable
        else [structlog.processors.JSONRenderer(_dumps)]
    )
    structlog.configure(
        processors=[*shared, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Unfailing(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
        )
    )
    # Libraries log each retry and rebalance; our own lines say what matters of it.
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


class _Unfailing:
    """A stream whose disk may be full or whose reader may have exited: a line that cannot be written is lost.

    Otherwise the error would end the worker that only wanted to log something.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write the text, if possible."""
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        """Pass on what was written, if possible."""
        with suppress(OSError, ValueError):
            self._stream.flush()


def _without_error_texts(_logger: Any, _method: str, event: Any) -> Any:
    """Replace an exception by the types and positions of it and its causes."""
    exc_info = event.pop("exc_info", None)
    error = (
        sys.exc_info()[1] if exc_info is True else exc_info[1] if isinstance(exc_info, tuple) else exc_info
    )
    if isinstance(error, BaseException):
        event["exception"] = safe_trace(error)
    return event


def _dumps(event: Any, **_: Any) -> str:
    return _encode(event).decode()
