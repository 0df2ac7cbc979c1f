"""All oddities of a matrix: first those that prevent every lead, then by family, each in its order."""

from itertools import chain
from typing import Final

from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.seen_names import SeenNames
from services.scoring.matrix.warnings.addresses import odd_addresses
from services.scoring.matrix.warnings.conditions import never_met
from services.scoring.matrix.warnings.forms import odd_forms
from services.scoring.matrix.warnings.intent import unintended
from services.scoring.matrix.warnings.names import odd_properties, odd_traits, odd_types
from services.scoring.matrix.warnings.no_leads import no_lead
from services.scoring.matrix.warnings.prices import idle_groups, odd_prices, repeated
from services.scoring.matrix.warnings.stages import odd_stages
from services.scoring.matrix.warnings.texts import odd_texts
from services.scoring.matrix.warnings.times import odd_inactivity, odd_limits
from services.scoring.matrix.warnings.warning import MatrixWarning

MAX_WARNINGS: Final = 100


def warnings(matrix: Matrix, seen: SeenNames) -> list[MatrixWarning]:
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
