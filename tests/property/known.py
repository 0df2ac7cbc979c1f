"""What is known of a person, from a life as the definition has it."""

from collections import defaultdict

from services.scoring.core.counting import Tally, count, total
from services.scoring.core.days import Counts
from services.scoring.core.pricing import Known
from services.scoring.core.traits import History, effect, tellings
from services.scoring.model.matrix import Matrix
from shared.identity import Identity
from tests.oracle.fold import Life


def known_of(life: Life, matrix: Matrix) -> Known:
    """Count as the fold does: each identity for itself, and what is retracted taken out again."""
    tally = Tally([matrix])
    of_identity: dict[Identity, Counts] = defaultdict(dict)
    for one in life.interactions:
        count(of_identity[one.identities[0]], one, tally)
    for one in life.interactions:
        if one.id in life.retracted:
            count(of_identity[one.identities[0]], one, tally, times=-1)
    told = [told for one in life.interactions for told in tellings(one)]
    followed = [
        followed
        for one in life.interactions
        if one.id not in life.retracted and (followed := effect(one)) is not None
    ]
    return Known(total(of_identity.values()), History([*reversed(told), *followed], life.person))
