"""Which reader understands the body of which tracking path, in a request and in a dead letter."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from services.ingest.bodies import native_body, segment_batch, segment_call
from services.ingest.outcome import Outcome
from services.ingest.sending import Sending

Read: TypeAlias = Callable[[bytes, Sending], list[Outcome]]

EVENTS: Final = "/v1/events"
BATCHES: Final = ("/v1/batch", "/v1/b")
CALLS: Final = {
    "track": "t",
    "identify": "i",
    "page": "p",
    "screen": "s",
    "group": "g",
    "alias": "a",
}

READERS: Final[Mapping[str, Read]] = {
    EVENTS: native_body,
    **dict.fromkeys(BATCHES, segment_batch),
    **{f"/v1/{name}": segment_call(kind) for kind, letter in CALLS.items() for name in (kind, letter)},
}
