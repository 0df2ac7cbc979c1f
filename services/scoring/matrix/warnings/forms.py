"""Operators that compare a value with an operand of another JSON form, which never matches.

Nothing is converted: the text "5" is not the number 5. Operands are compared only with values that have come
under the name, so a name that has not come yet gets no warning.
"""

from collections.abc import Iterator
from typing import Final

from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.paths import Test, conditions, tests
from services.scoring.matrix.seen_names import SeenNames
from services.scoring.matrix.warnings import known_names
from services.scoring.matrix.warnings.warning import MatrixWarning
from shared.comparison import operators
from shared.known_traits import canonical
from shared.operators.operator import JsonTypes, Mismatch

_ARTICLES: Final = {"text": "a text", "number": "a number", "boolean": "true or false", "list": "a list"}


def odd_forms(matrix: Matrix, seen: SeenNames) -> Iterator[MatrixWarning]:
    """Yield operators that no value of the forms that came can meet."""
    properties, traits = known_names.property_forms(seen), known_names.trait_forms(seen)
    for placed in conditions(matrix):
        for test in tests(placed):
            name = canonical(test.name) if test.of_traits else test.name
            forms = (traits if test.of_traits else properties).get(name, frozenset())
            seen_all = ("trait" if test.of_traits else "property") not in seen.cut
            if forms and (found := _mismatch(test, forms)):
                yield _odd(test, forms, *found, seen_all=seen_all)


def _odd(test: Test, forms: JsonTypes, operator: str, mismatch: Mismatch, *, seen_all: bool) -> MatrixWarning:
    came = sorted(forms)
    always = "always came" if seen_all else "came, as far as was kept,"
    shown = " or ".join(_ARTICLES.get(form, "an object") for form in came)
    message = f"{test.name} {always} as {shown}, and `{operator}` {mismatch.why}"
    return MatrixWarning(
        test.path,
        "form_mismatch",
        message,
        test.rule,
        tuple(came),
        unmet="likely" if mismatch.is_of_all else "no",
    )


def _mismatch(test: Test, forms: JsonTypes) -> tuple[str, Mismatch] | None:
    for operator, operand in operators(test.comparison):
        if mismatch := operator.mismatch(operand, forms):
            return operator.name, mismatch
    return None
