"""The rows that a batch of scoring writes, without rules, prices or look-ups: for the floors of rows 3 and 6.

The counts and scores are those that the tables have already, written again. A batch has as many scores and
outgoing events as ours wrote in the same pair. The cycles of the few profiles that flip are not written.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from services.scoring.core.counting.counts import ENTRY
from shared.events import LEADS, Interaction
from shared.identity import Identity

Rows = list[tuple[Any, ...]]

_json = msgspec.json.Encoder().encode
# For a new profile, as long as the counts and the score of a first visit.
_FIRST_COUNTS = bytes(3 * ENTRY.itemsize)
_FIRST_SCORE = (4.0, None, None, "below", None, False, None)
_EVENT = b"." * 420
"""as long as a change of stage"""


class Table(NamedTuple):
    """A table with its columns and their types on PostgreSQL, and what to do with existing rows."""

    name: str
    columns: Mapping[str, str]
    conflict: str


def _overwriting(key: str, *values: str) -> str:
    return f"on conflict ({key}) do update set " + ", ".join(
        f"{column} = excluded.{column}" for column in values
    )


LEDGER = Table(
    "ledger",
    {
        "event_id": "text", "identity_id": "text", "type": "text", "occurred_at": "timestamptz",
        "source": "text", "campaign": "text", "properties": "text", "machine": "text",
    },
    "on conflict do nothing returning event_id",
)  # fmt: skip
IDENTITIES = Table(
    "identities",
    {"id": "text", "kind": "text", "value": "text", "profile_id": "text"},
    "on conflict do nothing",
)
LINKS = Table(
    "links",
    {
        "one_id": "text",
        "other_id": "text",
        "occurred_at": "timestamptz",
        "event_id": "text",
        "refused": "text",
    },
    "on conflict do nothing",
)
TRAITS = Table(
    "traits",
    {
        "identity_id": "text", "name": "text", "day": "integer", "value": "text",
        "occurred_at": "timestamptz", "event_id": "text",
    },
    _overwriting("identity_id, name, day", "value", "occurred_at", "event_id"),
)  # fmt: skip
COUNTS = Table(
    "counts",
    {"identity_id": "text", "entries": "bytea", "revision": "bigint"},
    _overwriting("identity_id", "entries", "revision"),
)
SCORES = Table(
    "scores",
    {
        "profile_id": "text", "model": "text", "version": "integer", "score": "double precision",
        "stage": "text", "grade": "text", "state": "text", "company": "text", "excluded": "boolean",
        "due_on": "integer", "revision": "bigint",
    },
    _overwriting(
        "profile_id, model, version", "score", "stage", "grade", "state", "company", "excluded", "due_on",
        "revision",
    ),
)  # fmt: skip
OUTBOX = Table("outbox", {"topic": "text", "key": "text", "value": "bytea"}, "")
TABLES = (LEDGER, IDENTITIES, LINKS, TRAITS, COUNTS, SCORES, OUTBOX)


class Shares(NamedTuple):
    """Of ours: how many scores it wrote for a row of counts, and how many outgoing events for a score."""

    scores: float
    events: float


@dataclass
class Writing:
    """Makes the rows of each batch in turn."""

    shares: Shares
    counts: dict[str, tuple[bytes, int]]
    """identity id -> packed counts, revision; no profile has points by hand"""
    scores: dict[str, tuple[Any, ...]]
    """profile id -> columns of its score from `score` on"""
    profiles: dict[str, str]
    """identity id -> profile id"""
    links: set[tuple[str, str]]
    _due: dict[str, float] = field(default_factory=lambda: {"scores": 0.0, "events": 0.0})

    def rows(self, events: Sequence[Interaction]) -> list[tuple[Table, Rows]]:
        """Return what the batch writes, table by table, in the order in which ours does."""
        named = {identity: identity.id for event in events for identity in event.identities}
        ledger = [
            (
                event.id, named[event.identities[0]], event.type, event.occurred_at, event.source,
                event.campaign, _json(event.properties).decode(), event.machine,
            )
            for event in events
        ]  # fmt: skip
        founded, linked = self._persons(events, named)
        # As ours does, this includes identities that are new or newly linked.
        touched = sorted(
            {named[event.identities[0]] for event in events}
            | {row[0] for row in founded}
            | {identity_id for row in linked for identity_id in row[:2]}
        )
        scores = self._scores(touched)
        return [
            (LEDGER, ledger),
            (IDENTITIES, founded),
            (LINKS, linked),
            (TRAITS, _traits(events, named)),
            (COUNTS, self._counts(touched)),
            (SCORES, scores),
            (OUTBOX, [(LEADS, row[0], _EVENT) for row in self._some(scores, "events", len(scores))]),
        ]

    def _persons(self, events: Iterable[Interaction], named: Mapping[Identity, str]) -> tuple[Rows, Rows]:
        founded: dict[str, Identity] = {}
        linked: Rows = []
        for event in events:
            ids = [named[identity] for identity in event.identities]
            profile = min(self.profiles.get(identity_id, identity_id) for identity_id in ids)
            for identity_id, identity in zip(ids, event.identities, strict=True):
                if identity_id not in self.profiles:
                    founded[identity_id] = identity
                    self.profiles[identity_id] = profile
            for other in ids[1:]:
                if (ids[0], other) not in self.links:
                    self.links.add((ids[0], other))
                    linked.append((ids[0], other, event.occurred_at, event.id, None))
        return [
            (identity_id, identity.kind, identity.value, self.profiles[identity_id])
            for identity_id, identity in sorted(founded.items())
        ], linked

    def _counts(self, touched: Iterable[str]) -> Rows:
        rows: Rows = []
        for identity_id in touched:
            packed, revision = self.counts.get(identity_id, (_FIRST_COUNTS, 0))
            self.counts[identity_id] = packed, revision + 1
            rows.append((identity_id, packed, revision + 1))
        return rows

    def _scores(self, touched: Sequence[str]) -> Rows:
        rows: Rows = []
        for profile in self._some(
            sorted({self.profiles[identity_id] for identity_id in touched}), "scores", len(touched)
        ):
            *appraisal, revision = self.scores.get(profile, (*_FIRST_SCORE, 0))
            self.scores[profile] = (*appraisal, revision + 1)
            rows.append((profile, "bench", 1, *appraisal, revision + 1))
        return rows

    def _some(self, whole: Sequence[Any], kind: str, of: int) -> list[Any]:
        """Return the share of `of` from the whole, evenly spread; a fraction is left for the next time."""
        self._due[kind] += getattr(self.shares, kind) * of
        number = min(len(whole), int(self._due[kind]))
        self._due[kind] -= number
        return [whole[index * len(whole) // number] for index in range(number)]


def _traits(events: Iterable[Interaction], named: Mapping[Identity, str]) -> Rows:
    rows: dict[tuple[str, str, int], tuple[str, datetime, str]] = {}
    for event in events:
        for name, value in event.traits.items():
            key = named[event.identities[0]], name, event.occurred_at.toordinal()
            rows[key] = _json(value).decode(), event.occurred_at, event.id
    return [(*key, *rest) for key, rest in sorted(rows.items())]
