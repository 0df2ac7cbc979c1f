"""The shape of profiles whose scores a version changes, in previews and activations."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection

from services.scoring.routes.naming import Named, name_profiles
from services.scoring.routes.shapes import IdentityOut

LISTS = {"biggest_movers": "moved", "would_flip": "newly_flipped", "would_un_flip": "un_flipped"}
"""Lists of examples, each with the field that has the number of all its profiles."""


class MoverOut(BaseModel):
    """A profile whose score changes: its strongest identity, its company where known, its scores.

    `before` is null where no version was active. `identity` is null if no profile has the id any more, and in
    the answer to an activation after which the database failed.
    """

    profile_id: str
    identity: IdentityOut | None
    company: str | None
    before: float | None
    after: float


class CutOut(BaseModel):
    """How many profiles a list shows, and of how many."""

    shown: int
    of: int


def names_in(
    connection: Connection, diffs: Iterable[Mapping[str, Any]], now: datetime
) -> Mapping[str, Named]:
    """Return the names of the profiles in the lists of previews and flip-diffs, by profile id.

    Names are looked up when they are shown, so no stored list has the names of an erased profile.
    """
    ids = [mover["profile_id"] for diff in diffs for movers in _lists(diff).values() for mover in movers]
    return name_profiles(connection, ids, now)


def with_names(diff: Mapping[str, Any], names: Mapping[str, Named]) -> dict[str, Any]:
    """Return a preview or flip-diff, as JSON, with names in its lists, and which of the lists are cut."""
    lists = _lists(diff)
    shown = {name: [_shown(mover, names) for mover in movers] for name, movers in lists.items()}
    return {**diff, **shown, "cut": _cut(diff, lists)}


def _lists(diff: Mapping[str, Any]) -> dict[str, Sequence[Mapping[str, Any]]]:
    return {name: diff[name] for name in LISTS if name in diff}


def _shown(mover: Mapping[str, Any], names: Mapping[str, Named]) -> MoverOut:
    found = names.get(mover["profile_id"])
    return MoverOut(
        profile_id=mover["profile_id"],
        identity=IdentityOut(kind=found.identity.kind, value=found.identity.value) if found else None,
        company=found.company if found else None,
        before=mover["before"],
        after=mover["after"],
    )


def _cut(diff: Mapping[str, Any], lists: Mapping[str, Sequence[Any]]) -> dict[str, CutOut]:
    # Activations from before movers were counted lack their number.
    totals = {name: diff.get(LISTS[name], 0) for name in lists}
    return {
        name: CutOut(shown=len(lists[name]), of=total)
        for name, total in totals.items()
        if total > len(lists[name])
    }
