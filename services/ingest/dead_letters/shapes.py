"""The JSON about dead letters that callers send and get; bodies with an unknown field are refused."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from services.ingest.dead_letters.replay import MAX_LETTERS
from services.ingest.formats.registry import without_keys
from services.ingest.store.dead_letters import Stored
from shared.following.dead_letters import NAME_PATTERN
from shared.names import ID_PATTERN
from shared.strict import Strict
from shared.web.lists import Instant, NextCursor, RequestCursor

_Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
_Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]


class LetterReplayIn(Strict):
    """Which letters to replay: those with these ids, or the open letters that pass all filters.

    `cursor` is the `next_cursor` of the previous answer: with the same filters the replay goes on there.
    """

    ids: Annotated[list[_Id], Field(min_length=1, max_length=MAX_LETTERS)] | None = None
    refused_by: _Name | None = None
    code: _Name | None = None
    since: Instant | None = None
    until: Instant | None = None
    cursor: RequestCursor = None

    @model_validator(mode="after")
    def _ids_or_filters(self) -> Self:
        # If a client lost its ids and sent null, that would replay everything.
        if self.ids is None and "ids" in self.model_fields_set:
            raise ValueError("`ids` must be a list; leave it out to replay by filters")
        filters = self.model_fields_set - {"ids"}
        if self.ids is not None and filters:
            raise ValueError(f"`ids` name the letters; leave out {', '.join(sorted(filters))}")
        return self


class LetterSummaryOut(BaseModel):
    """A dead letter without its payload.

    `refused_by` is `ingest` or the consumer group that parked a message; `source` is the path of the request
    or the topic/partition/offset of the message. `replayed_at` is null while the letter is open.
    """

    id: str
    code: str
    message: str
    refused_at: datetime
    refused_by: str
    source: str | None
    replayed_at: datetime | None


class EnvelopeOut(BaseModel):
    """What the request had beside the payload."""

    user_agent: str | None
    sent_at: datetime | None
    context: dict[str, Any] | None


class LetterOut(LetterSummaryOut):
    """A dead letter with its payload: what came in, personal data included.

    With `encoding` base64 the payload was not text. With `excerpt` only this part was stored, and the
    letter cannot be replayed.
    """

    payload: str
    encoding: Literal["text", "base64"]
    excerpt: bool
    envelope: EnvelopeOut | None

    @classmethod
    def of(cls, stored: Stored) -> Self:
        """Return a letter without write keys."""
        letter = without_keys(stored.letter)
        return cls(
            id=letter.id,
            code=letter.code,
            message=letter.message,
            refused_at=letter.refused_at,
            refused_by=letter.refused_by,
            source=letter.source,
            replayed_at=stored.replayed_at,
            payload=letter.payload,
            encoding=letter.encoding,
            excerpt=letter.excerpt,
            envelope=letter.envelope
            and EnvelopeOut(
                user_agent=letter.envelope.user_agent,
                sent_at=letter.envelope.sent_at,
                context=letter.envelope.context,
            ),
        )


class RefusedAgainOut(BaseModel):
    """A letter that stays open, and why."""

    id: str
    code: str
    message: str


class LetterReplayOut(BaseModel):
    """What became of the letters: the content of `replayed` of them is on the log again.

    `already_replayed` letters had been replayed before and did not change. With `more`, `remaining` letters
    pass the filters, and `next_cursor` leads to them.
    """

    replayed: int
    already_replayed: int
    refused: list[RefusedAgainOut]
    more: bool
    remaining: int
    next_cursor: NextCursor = None
