"""A case of each operator, for every place that reads the table of operators."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.comparison import Comparison, operators
from shared.operators.operator import Operator


class Case(NamedTuple):
    """An operand, a value that meets it and one that does not (None is a missing value), and its words."""

    operand: Any
    meets: Any
    fails: Any
    words: str


CASES: Mapping[str, Case] = {
    "eq": Case("VP", "VP", "vp", 'is "VP"'),
    "in": Case(["ES", "PT"], "PT", "FR", 'is one of "ES", "PT"'),
    "contains": Case("ric", "/pricing", "/plans", 'contains "ric"'),
    "starts_with": Case("/pricing", "/pricing/eu", "/eu/pricing", 'starts with "/pricing"'),
    "glob": Case("/docs/?.pd[fg]", "/docs/a.pdf", "/docs/ab.pdf", 'looks like "/docs/?.pd[fg]"'),
    "gt": Case(5, 5.5, 5, "is more than 5"),
    "gte": Case(5, 5, 4.5, "is at least 5"),
    "lt": Case(5, 4.5, 5, "is less than 5"),
    "lte": Case(5, 5, 5.5, "is at most 5"),
    "between": Case([1, 2.5], 2.5, 3, "is between 1 and 2.5"),
    "exists": Case(True, "x", None, "is known"),
    "missing": Case(True, None, "x", "is not known"),
    "matches_any": Case(["vp", "chief"], "Chief officer", "clerk", 'has any of "vp", "chief"'),
}


def read(name: str, operand: Any) -> tuple[Operator, Any]:
    """Return an operator, and an operand as its type returns it."""
    ((operator, typed),) = operators(Comparison.model_validate({name: operand}))
    return operator, typed
