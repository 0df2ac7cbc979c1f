"""Looking persons up under a version that may count what no active version does."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from services.scoring.core.counting import Tally, counted, day_of
from services.scoring.core.counts import total, without
from services.scoring.core.flip import Cycle
from services.scoring.core.linking import Person
from services.scoring.core.pricing import Known
from services.scoring.core.scores import points
from services.scoring.model.matrix import Version
from services.scoring.store import ledger, traits
from services.scoring.store.models import active, version_of


def known_under(connection: Connection, persons: Sequence[Person], version: Version) -> dict[str, Known]:
    """Return what is known of persons for a version, by profile id.

    What no active version keeps counted is counted from the ledger.
    """
    scoring = active(connection).versions.values()
    kept = Tally(one.matrix for one in scoring).keys
    uncounted = Tally([version.matrix], leave_out=kept)
    known = traits.known(connection, persons)
    if not uncounted.keys:
        return known
    posted = ledger.read(connection, [i for person in persons for i in person.identities])
    for person in persons:
        interactions = (one for i in person.identities for one in posted.get(i, ()))
        counts = total([without(person.counts, uncounted.keys), counted(interactions, uncounted)])
        known[person.id] = known[person.id]._replace(counts=counts)
    return known


def reaches_in(connection: Connection, person: Person, cycle: Cycle) -> bool:
    """Tell whether a person, as it is now, reaches the flip number of a cycle at the end of its first day.

    Where the cycle's version is not known, nothing speaks against it.
    """
    version = version_of(connection, cycle.model, cycle.version)
    if version is None:
        return True
    known = known_under(connection, [person], version)[person.id]
    return points(known, version.matrix, day_of(cycle.flipped_at)) >= version.matrix.flip_number


def own_cycles(connection: Connection, person: Person, past: Iterable[Cycle]) -> list[Cycle]:
    """Return those of a person's cycles in which it flipped itself.

    Of a cycle whose person was parted, it is those who reach the flip number alone, at the end of that day.
    """
    return [cycle for cycle in past if not cycle.is_parted or reaches_in(connection, person, cycle)]
