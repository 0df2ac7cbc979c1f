"""All oddities of a matrix: first those that prevent every lead, then by family, each in its order."""

from itertools import chain
from typing import Final

from services.scoring.model.matrix import Matrix
from services.scoring.model.odd.addresses import odd_addresses
from services.scoring.model.odd.conditions import never_met
from services.scoring.model.odd.forms import odd_forms
from services.scoring.model.odd.hand_over import no_lead
from services.scoring.model.odd.intent import unintended
from services.scoring.model.odd.names import odd_properties, odd_traits, odd_types
from services.scoring.model.odd.oddity import Oddity
from services.scoring.model.odd.prices import idle_groups, odd_prices, repeated
from services.scoring.model.odd.stages import odd_stages
from services.scoring.model.odd.texts import odd_texts
from services.scoring.model.odd.times import odd_inactivity, odd_limits
from services.scoring.model.seen import Seen

MAX_WARNINGS: Final = 100


def warnings(matrix: Matrix, seen: Seen) -> list[Oddity]:
    """Return the probable mistakes in a matrix, given what has been seen; at most MAX_WARNINGS."""
    found = list(
        chain(
            unintended(matrix),
            odd_traits(matrix, seen),
            odd_types(matrix, seen),
            odd_properties(matrix, seen),
            odd_forms(matrix, seen),
            never_met(matrix),
            odd_addresses(matrix),
            odd_texts(matrix),
            odd_stages(matrix),
            odd_prices(matrix),
            odd_limits(matrix),
            odd_inactivity(matrix),
            repeated(matrix),
            idle_groups(matrix),
        )
    )
    return [*no_lead(matrix, found), *found][:MAX_WARNINGS]
