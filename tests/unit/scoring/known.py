"""What is known of a person, made from interactions as the fold makes it."""

import json
from typing import Any

from services.scoring.core.counting.counts import Counts
from services.scoring.core.counting.tally import Tally, day_of
from services.scoring.core.counting.tally import counted as counted_of
from services.scoring.core.pricing.price import Score, ScoreInput, price
from services.scoring.core.pricing.scores import points
from services.scoring.core.profiles.traits import History, effect, reported_traits
from services.scoring.matrix.matrix import Matrix
from shared.events import Interaction
from tests.support.builders import NOON, interaction

TODAY = day_of(NOON)


def ruled_by(*rules: dict[str, Any], flip_number: float = 25, **more: Any) -> Matrix:
    """A matrix of the model `m`; it may have a flip number that no profile can reach."""
    return Matrix.model_validate({"model": "m", "flip_number": flip_number, "rules": list(rules), **more})


def counted(rules: Matrix, *interactions: Interaction) -> Counts:
    return counted_of(interactions, Tally([rules]))


def known(rules: Matrix, *interactions: Interaction) -> ScoreInput:
    reported = [report for event in interactions for report in reported_traits(event)]
    reported += [followed for event in interactions if (followed := effect(event)) is not None]
    identities = {identity for event in interactions for identity in event.identities}
    return ScoreInput(counted(rules, *interactions), History(reported, identities))


def identify(*, day: int = 0, known_as: dict[str, str] | None = None, **traits: Any) -> Interaction:
    return interaction("identify", day=day, known_as=known_as, traits=traits)


def adjustment(points: float, reason: str = "met at the fair", *, day: int = 0, **more: Any) -> Interaction:
    given = {"model": "m", "points": points, "reason": reason, "author": "ops", **more}
    return interaction("adjustment", day=day, **json.loads(json.dumps(given)))


def scored(rules: Matrix, *interactions: Interaction, day: int = 1000) -> Score:
    """The score `day` days after today; pricing by columns must give the same."""
    of = known(rules, *interactions)
    score = price(of, rules, TODAY + day)
    assert points(of, rules, TODAY + day) == score.points
    return score


def given(score: Score) -> list[tuple[str, float]]:
    return [(reason.rule, reason.points) for reason in score.reasons]
