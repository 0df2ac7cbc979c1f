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
    for interaction in life.interactions:
        count(changes, owners.index(interaction.identities[0]), interaction, tally)
    for interaction in life.interactions:
        if interaction.id in life.retracted:
            count(changes, owners.index(interaction.identities[0]), interaction, tally, times=-1)
    counts = total(changes.to([NONE] * len(owners)))
    reported = [report for interaction in life.interactions for report in reported_traits(interaction)]
    followed = [
        followed
        for interaction in life.interactions
        if interaction.id not in life.retracted and (followed := effect(interaction)) is not None
    ]
    return ScoreInput(counts, History([*reversed(reported), *followed], life.person))
