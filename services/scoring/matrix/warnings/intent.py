"""Probably unintended effects of a matrix: offers that no profile gets, points for touches."""

from collections.abc import Iterator

from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.warnings.warning import MatrixWarning
from shared.conditions import possible_types
from shared.vocabulary import TOUCHES


def unintended(matrix: Matrix) -> Iterator[MatrixWarning]:
    """Yield what is odd about the offer, and rules that give points for touches."""
    if matrix.audience == "offer" and matrix.campaign is None:
        message = "an offer without a campaign: what the offer costs and brings cannot be computed"
        yield MatrixWarning("campaign", "campaign_missing", message)
    if matrix.audience != "offer" and matrix.offer is not None:
        message = f"is never sent: the audience is {matrix.audience}, not offer"
        yield MatrixWarning("offer", "offer_unused", message)
    for index, rule in enumerate(matrix.rules):
        touches = TOUCHES & (possible_types(rule.when) or frozenset())
        if touches and rule.points > 0:
            message = (
                f"gives points for {' and '.join(sorted(touches))}, which is done to a person; a profile "
                "that flips by it becomes a lead only when the person does something"
            )
            yield MatrixWarning(f"rules.{index}.when", "touch_priced", message, rule.id)
