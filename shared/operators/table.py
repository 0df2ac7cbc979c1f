"""The table of operators, in the order in which messages and warnings list them.

A new operator is an entry in the file of its family and a case in tests/unit/shared/operators/cases.py. Tests
fail until the oracle defines it too, and the README of scoring lists it.
"""

from typing import Final

from shared.operators.equality import EQUALITY
from shared.operators.folded_texts import FOLDED_TEXTS
from shared.operators.numbers import NUMBERS
from shared.operators.operator import Operator
from shared.operators.presence import PRESENCE
from shared.operators.texts import TEXTS

OPERATORS: Final[tuple[Operator, ...]] = (*EQUALITY, *TEXTS, *NUMBERS, *PRESENCE, *FOLDED_TEXTS)
