"""Messages for conditions that `all`, `any` and `not` join wrongly, with an example of the right form."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

JOINS: Final = ("all", "any", "not")
_MEANT: Final[Mapping[str, str]] = {"and": "all", "or": "any", "none": "not", "nor": "not", "every": "all"}

_OF_RULES: Final = ({"type": "visit"}, {"type": "download"})
_OF_TRAITS: Final = ({"country": "ES"}, {"title": {"matches_any": ["vp", "chief"]}})


class Joined(NamedTuple):
    """The subject of an error: its path and the value there.

    `error` is pydantic's name of it, and `kind` the kind of what was read there, as in `complaints`;
    `name` is the last part of the path, `above` the part before, `written` the value there.
    """

    error: str
    kind: str
    name: str
    above: str
    written: Any
    of_traits: bool


def explained(wrong: Joined) -> str | None:
    """Return the message for an error, None when the error does not concern a join."""
    message: str | None = None
    match wrong:
        case Joined(error="extra_forbidden", kind="all" | "any" | "not"):
            message = _beside(wrong)
        case Joined(error="list_type", kind="all" | "any"):
            message = f"takes a list of conditions, such as {_example(wrong, wrong.kind)}"
        case Joined(error="model_type", kind="matches"):
            message = _no_condition(wrong)
        case Joined(error="dict_type", kind="where"):
            message = 'must be an object of what is asked, such as {"path": {"starts_with": "/pricing"}}'
        case Joined(error="extra_forbidden", kind="matches"):
            message = _other_word(wrong)
        case Joined(error="extra_forbidden", kind="comparison"):
            message = _among_values(wrong, wrong.above) or _no_operator(wrong)
        case Joined(kind="comparison", written=list()):
            message = _among_values(wrong, wrong.name) or _other_word(wrong)
        case _:
            pass
    return message


def _beside(wrong: Joined) -> str:
    first, second = _leaves(wrong)
    if wrong.kind == "not":
        right = {"all": [first, {"not": second}]}
    elif wrong.name in JOINS:
        right = {wrong.kind: [first, {wrong.name: second if wrong.name == "not" else [second]}]}
    else:
        right = {wrong.kind: [first, second]}
    return f"cannot stand beside `{wrong.kind}`, which stands alone; join them, such as {json.dumps(right)}"


def _no_condition(wrong: Joined) -> str:
    first, second = _leaves(wrong)
    if not isinstance(wrong.written, list):
        return f"must be a condition, such as {json.dumps(first)}"
    if wrong.name == "not":
        return f"takes one condition; for several, write {json.dumps({'not': {'any': [first, second]}})}"
    return f"must be one condition; for several, write {json.dumps({'all': [first, second]})}, or with `any`"


def _other_word(wrong: Joined) -> str | None:
    join = _MEANT.get(wrong.name.casefold())
    return join and f"is not known; did you mean `{join}`? Write {_example(wrong, join)}"


def _among_values(wrong: Joined, name: str) -> str | None:
    """Return the message for a join that was written as the name of a value."""
    if name not in JOINS or wrong.of_traits:
        return None
    return f"is among what is asked of values, and joins whole conditions: write {_example(wrong, name)}"


def _no_operator(wrong: Joined) -> str | None:
    if wrong.name not in JOINS:
        return None
    if wrong.name == "not":
        test = {wrong.above: {"eq": "x"}}
        right = {"not": test if wrong.of_traits else {"where": test}}
        return f"is no operator, but stands before a whole condition: {json.dumps(right)}"
    return f"is no operator; for one of several values, write {json.dumps({wrong.above: {'in': ['a', 'b']}})}"


def _example(wrong: Joined, join: str) -> str:
    first, second = _leaves(wrong)
    return json.dumps({join: first if join == "not" else [first, second]})


def _leaves(wrong: Joined) -> tuple[Any, Any]:
    return _OF_TRAITS if wrong.of_traits else _OF_RULES
