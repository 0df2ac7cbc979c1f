"""The wire shapes of Segment's tracking API: the parts of its calls that we read, and the answers."""

from typing import Any, Final

import msgspec

from services.ingest.reading.accepted import LeftOut
from services.ingest.reading.limits import MAX_LABEL_LENGTH, EventId, Label, check_event
from services.ingest.reading.outcome import Verdict
from services.ingest.reading.wire import decode
from shared.errors import Refused, TooLarge

MAX_COMMON_CONTEXT_BYTES: Final = 8 * 1024


class Context(msgspec.Struct, rename="camel", gc=False):
    """What the sender knows about the context; all of it may be absent."""

    page: dict[str, Any] | None = None
    campaign: dict[str, Any] | None = None
    library: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    user_agent: str | None = None
    external_ids: Any = None

    @property
    def library_name(self) -> str | None:
        """The SDK's name, such as `analytics-python`."""
        return _label(self.library, "library")

    @property
    def campaign_name(self) -> str | None:
        """The campaign's name, which trackers take from `utm_campaign`."""
        return _label(self.campaign, "campaign")


NO_CONTEXT: Final = Context()


class Call(msgspec.Struct, rename="camel", gc=False):
    """One call; ids may be numbers, as some backends have them, or placeholders for an unknown person."""

    type: str | None = None
    message_id: EventId | None = None
    user_id: str | int | float | bool | None = None
    anonymous_id: str | int | float | bool | None = None
    previous_id: str | int | float | bool | None = None
    group_id: Label | int | None = None
    event: Label | None = None
    name: str | None = None
    category: str | None = None
    channel: Label | None = None
    timestamp: str | None = None
    original_timestamp: str | None = None
    sent_at: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: Context | None = None


class Batch(msgspec.Struct, rename="camel", gc=False):
    """Several calls sent together; each stays raw, so that a bad call fails alone."""

    batch: list[msgspec.Raw]
    sent_at: str | None = None
    context: msgspec.Raw = msgspec.Raw(b"null")


class SegmentAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """That the request was taken in and, for a batch, what became of each call, in their order.

    For a single call, `left_out` lists the values that were left out, such as placeholders instead of ids.
    """

    success: bool
    results: list[Verdict] | None = None
    left_out: tuple[LeftOut, ...] = ()


_calls = msgspec.json.Decoder(Call)
_contexts: msgspec.json.Decoder[Context | None] = msgspec.json.Decoder(Context | None)
_batches = msgspec.json.Decoder(Batch)


def read_call(data: bytes) -> Call:
    """Read one call; raises Refused, naming the field."""
    return decode(_calls, data)


def read_batch(data: bytes) -> Batch:
    """Read a batch without reading its calls; raises Refused, naming the field."""
    return decode(_batches, data)


def read_common_context(batch: Batch) -> Context | None:
    """Read what a batch says of all its calls; raises Refused, naming the field `context`.

    Its limit is lower than an event's, since every one of the calls is stored with it.
    """
    data = bytes(batch.context)
    if len(data) > MAX_COMMON_CONTEXT_BYTES:
        raise TooLarge(
            "context_too_large",
            f"A batch's context has at most {MAX_COMMON_CONTEXT_BYTES:,} bytes.",
            "context",
        )
    check_event(data)
    return decode(_contexts, data)


def merged(own: Context | None, common: Context | None) -> Context:
    """Complete a call's context from its batch's, part by part; the call's own parts win."""
    if own is None:
        return common or NO_CONTEXT
    if common is None:
        return own
    return Context(
        page=own.page if own.page is not None else common.page,
        campaign=own.campaign if own.campaign is not None else common.campaign,
        library=own.library if own.library is not None else common.library,
        traits=own.traits if own.traits is not None else common.traits,
        user_agent=own.user_agent if own.user_agent is not None else common.user_agent,
        external_ids=own.external_ids if own.external_ids is not None else common.external_ids,
    )


def _label(part: dict[str, Any] | None, field: str) -> str | None:
    name = part.get("name") if part else None
    if not isinstance(name, str):
        return None
    if len(name) > MAX_LABEL_LENGTH:
        raise Refused(
            "shape_invalid", f"A name has at most {MAX_LABEL_LENGTH} characters.", f"context.{field}.name"
        )
    return name
