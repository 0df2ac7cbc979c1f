"""Builders of test data: everything has a sensible default, a test names what it is about."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from services.scoring.core.profiles.linking import Profile
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.reading import stored_matrix
from services.scoring.matrix.version import Version
from shared.events import Event, Interaction, encode
from shared.identity import Forms, Identity, by_strength
from shared.log.port import Message, Partition

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
_numbers = count(1)
_forms = Forms()


def identities(**named: str) -> tuple[Identity, ...]:
    return by_strength(_forms.named(kind, value) for kind, value in named.items())


def interaction(
    type: str = "visit",
    *,
    day: int = 0,
    id: str | None = None,
    machine: str | None = None,
    traits: dict[str, Any] | None = None,
    known_as: dict[str, str] | None = None,
    **properties: Any,
) -> Interaction:
    """An interaction `day` days after NOON, by Ana unless `known_as` says otherwise."""
    return Interaction(
        id=id or f"event-{next(_numbers)}",
        type=type,
        identities=identities(**(known_as or {"email": "ana@example.com"})),
        occurred_at=NOON + timedelta(days=day),
        received_at=NOON + timedelta(days=max(day, 0)),
        properties=properties,
        traits=traits or {},
        machine=machine,
    )


def rule(id: str = "visits", points: float = 1, **more: Any) -> dict[str, Any]:
    return {"id": id, "when": {"type": "visit"}, "points": points, **more}


def matrix(*rules: dict[str, Any], flip_number: float = 25, **more: Any) -> Matrix:
    return stored_matrix("m", {"flip_number": flip_number, "rules": list(rules) or [rule()], **more})


def version(*rules: dict[str, Any], **more: Any) -> Version:
    return Version("m", 1, matrix(*rules, **more))


def person(**named: str) -> Profile:
    known = identities(**named)
    return Profile(min(identity.id for identity in known), {identity.id: identity for identity in known})


def on_the_log(*events: Event, partition: int = 0, start: int = 0) -> list[Message]:
    target = Partition("interactions", partition)
    return [Message(target, start + n, encode(event)) for n, event in enumerate(events)]
