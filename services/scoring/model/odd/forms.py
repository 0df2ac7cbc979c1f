"""Operators that compare what came with a value of another form, which never is a match.

Nothing is converted: the text "5" is not the number 5. Only what has come under a name is held against it, so
nothing is told of names that have not come yet.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from services.scoring.model.matrix import Matrix
from services.scoring.model.odd import known
from services.scoring.model.odd.oddity import Oddity
from services.scoring.model.odd.presence import of_value
from services.scoring.model.places import Test, conditions, tests
from services.scoring.model.seen import Forms, Seen
from shared.known_traits import canonical

_OF_NUMBERS: Final = frozenset({"gt", "gte", "lt", "lte", "between"})
_OF_TEXTS: Final = frozenset({"starts_with", "glob"})
_ARTICLES: Final = {"text": "a text", "number": "a number", "boolean": "true or false", "list": "a list"}


class _Mismatch(NamedTuple):
    operator: str
    why: str
    is_whole: bool
    """Whether no value of the operator can be a match, where it has several."""


def odd_forms(matrix: Matrix, seen: Seen) -> Iterator[Oddity]:
    """Yield operators that no value of the forms that came can meet."""
    properties, traits = known.property_forms(seen), known.trait_forms(seen)
    for placed in conditions(matrix):
        for test in tests(placed):
            name = canonical(test.name) if test.of_traits else test.name
            forms = (traits if test.of_traits else properties).get(name, frozenset())
            kept_all = ("trait" if test.of_traits else "property") not in seen.cut
            if forms and (mismatch := _mismatch(test, forms)):
                yield _found(test, forms, mismatch, kept_all=kept_all)


def _found(test: Test, forms: Forms, mismatch: _Mismatch, *, kept_all: bool) -> Oddity:
    came = sorted(forms)
    always = "always came" if kept_all else "came, as far as was kept,"
    shown = " or ".join(_ARTICLES.get(one, "an object") for one in came)
    message = f"{test.name} {always} as {shown}, and `{mismatch.operator}` {mismatch.why}"
    return Oddity(
        test.path,
        "form_mismatch",
        message,
        test.rule,
        tuple(came),
        unmet="likely" if mismatch.is_whole else "no",
    )


def _mismatch(test: Test, forms: Forms) -> _Mismatch | None:
    for operator, operand in of_value(test.asked).items():
        if told := _of_operator(operator, operand, forms):
            return told
    return None


def _of_operator(operator: str, operand: Any, forms: Forms) -> _Mismatch | None:
    why: str | None = None
    is_whole = True
    if operator in _OF_NUMBERS:
        why = None if "number" in forms else "compares numbers alone"
    elif operator in _OF_TEXTS:
        why = None if "text" in forms else "looks into texts alone"
    elif operator == "matches_any":
        why = None if forms & {"text", "list"} else "looks into texts and lists alone"
    elif operator == "contains":
        why = _contains(operand, forms)
    else:
        operands = operand if isinstance(operand, list) else [operand]
        strangers = [one for one in operands if _form(one) not in forms]
        why = _not_equal(strangers[0], forms) if strangers else None
        is_whole = len(strangers) == len(operands)
    return _Mismatch(operator, why, is_whole) if why else None


def _contains(operand: Any, forms: Forms) -> str | None:
    if not forms & {"text", "list"}:
        return "looks into texts and lists alone"
    if "list" not in forms and not isinstance(operand, str):
        return f"asks for {_shown(operand)} in it; in a text, only texts are found"
    return None


def _not_equal(operand: Any, forms: Forms) -> str:
    told = f"asks for {_shown(operand)}"
    if "list" in forms and forms <= {"list", "object"}:
        return f"{told}; what is in a list is found by `contains`"
    if "text" in forms and not isinstance(operand, str):
        return f'{told}; write "{_shown(operand)}"'
    if isinstance(operand, str) and (meant := _unquoted(operand, forms)):
        return f"{told}; write {meant}"
    return told


def _unquoted(operand: str, forms: Forms) -> str | None:
    text = operand.strip().lower()
    if "boolean" in forms and text in {"true", "false"}:
        return text
    if "number" in forms and text.replace(".", "", 1).removeprefix("-").isdecimal() and text.isascii():
        return text[:20]
    return None


def _form(operand: Any) -> str:
    if isinstance(operand, bool):
        return "boolean"
    return "text" if isinstance(operand, str) else "number"


def _shown(operand: Any) -> str:
    match operand:
        case bool():
            return str(operand).lower()
        case str():
            return f'the text "{operand[:60]}"'
        case _:
            return f"{operand:.10g}" if abs(operand) < 1e300 else "a number"  # noqa: PLR2004 - a double holds it
