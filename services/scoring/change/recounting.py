"""Counting from the ledger what a version asks for and no active version has counted."""

from collections.abc import Sequence

from sqlalchemy import Connection

from services.scoring.core.counting.counts import NONE, Changes, without
from services.scoring.core.counting.tally import Tally, count
from services.scoring.store import counts, ledger


def recount(connection: Connection, identity_ids: Sequence[str], tally: Tally) -> None:
    """Count the keys of the tally anew from the ledger, leaving all other counts as they are.

    The counts are read before the ledger. If a live batch adds to them in between, it raises their revision,
    and the page runs again.
    """
    before = counts.read(connection, identity_ids)
    interactions = ledger.read(connection, identity_ids)
    owners = sorted(before.keys() | interactions.keys())
    changes = Changes()
    for owner, identity_id in enumerate(owners):
        for interaction in interactions.get(identity_id, ()):
            count(changes, owner, interaction, tally)
    others = [without(before[i].value.counts, tally.keys) if i in before else NONE for i in owners]
    counts.write_changed(connection, before, dict(zip(owners, changes.to(others), strict=True)))
