"""What a tracker format is; routes, keys, dead letters and the API's description follow from this object."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import msgspec

from services.ingest.reading.fields import Fields, KeyFields
from services.ingest.reading.outcome import Outcome
from services.ingest.reading.redaction import Redaction
from services.ingest.reading.sending import Sending


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What the sender gets; status 200 exactly, unless the format's deployed trackers expect another.

    Segment's libraries, for example, take 202 and 204 for failures.
    """

    body: bytes
    status: int = 200
    media_type: str | None = "application/json"
    headers: Mapping[str, str] | None = None


Read: TypeAlias = Callable[[bytes, Sending], list[Outcome]]
"""Reads a body into its events, each with its outcome; raises Refused when the body is refused as a whole."""
Reply: TypeAlias = Callable[[Sequence[Outcome], Fields], Answer]
"""Answers for the events of a body; the fields may have the id of a refused event."""
Describe: TypeAlias = Callable[[KeyFields], dict[str, Any]]
"""Describes a path by what FastAPI's `add_api_route` takes: summary, description, answers and body."""


@dataclass(frozen=True, kw_only=True)
class TrackingPath:
    """One path that trackers post to, without path parameters.

    `usual` is the answer to nearly every request, if there is such an answer: its response is made once and
    reused. `read_again` reads the payload of a dead letter when that may be a single event of a batch
    instead of a whole body; without it, `read` does.
    """

    path: str
    read: Read
    answer: Reply
    describe: Describe
    usual: Answer | None = None
    read_again: Read | None = None


@dataclass(frozen=True, kw_only=True)
class Format:
    """How trackers of one kind send events.

    `id_fields` may have an event's id: the first with a value names a refused event in the answer.
    `context` is the type of what a body says of all its events (`Sending.context`), None without any.
    """

    name: str
    paths: tuple[TrackingPath, ...]
    key_fields: KeyFields
    id_fields: Fields
    context: Any = None

    @cached_property
    def redaction(self) -> Redaction:
        """Removes the write keys from everything of this format's requests that is stored or shown."""
        return Redaction(self.key_fields.names)
