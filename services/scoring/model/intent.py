"""What a matrix is hardly meant to bring about: offers for nobody, points for what people have not done."""

from collections.abc import Iterator
from typing import NamedTuple

from services.scoring.model.matrix import Matrix
from shared.conditions import possible_types
from shared.vocabulary import TOUCHES


class Unintended(NamedTuple):
    """Something that is allowed but hardly meant: its path, a stable slug, and in words."""

    field: str
    code: str
    message: str


def unintended(matrix: Matrix) -> Iterator[Unintended]:
    """Yield what is hardly meant in a matrix."""
    if matrix.audience == "offer" and matrix.campaign is None:
        message = "an offer without a campaign: nobody can tell what the offer has cost and brought"
        yield Unintended("campaign", "campaign_missing", message)
    if matrix.audience != "offer" and matrix.offer is not None:
        message = f"is told to nobody: the audience is {matrix.audience}, not offer"
        yield Unintended("offer", "offer_unused", message)
    for index, rule in enumerate(matrix.rules):
        touches = TOUCHES & (possible_types(rule.when) or frozenset())
        if touches and rule.points > 0:
            message = (
                f"{' and '.join(sorted(touches))} is done to a person: "
                "whom it brings to the flip number becomes a lead only with something that the person does"
            )
            yield Unintended(f"rules.{index}.when", "touch_priced", message)
