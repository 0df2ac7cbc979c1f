"""What is known of a person, made from a life of the definition."""

from services.scoring.core.counting.counts import NONE, Changes, total
from services.scoring.core.counting.tally import Tally, count
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.core.profiles.traits import History, effect, reported_traits
from services.scoring.matrix.matrix import Matrix
from tests.oracle.fold import Life


def known_of(life: Life, *matrices: Matrix) -> ScoreInput:
    """Count as the fold does: each identity by itself, and retracted interactions subtracted again."""
    tally = Tally(matrices)
    owners = sorted(life.person)
    changes = Changes()
    for one in life.interactions:
        count(changes, owners.index(one.identities[0]), one, tally)
    for one in life.interactions:
        if one.id in life.retracted:
            count(changes, owners.index(one.identities[0]), one, tally, times=-1)
    counts = total(changes.to([NONE] * len(owners)))
    told = [told for one in life.interactions for told in reported_traits(one)]
    followed = [
        followed
        for one in life.interactions
        if one.id not in life.retracted and (followed := effect(one)) is not None
    ]
    return ScoreInput(counts, History([*reversed(told), *followed], life.person))
