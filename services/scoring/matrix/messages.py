"""Pydantic's errors in a matrix, with the paths and in the words of its author."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from services.scoring.matrix.joining import JOINS, Joined, explained
from services.scoring.matrix.matrix import Grades, Group, Inactivity, Matrix, Offer
from services.scoring.matrix.rules import Limit, Rule, TraitRule
from shared.comparison import Comparison
from shared.conditions import Matches
from shared.errors import MAX_COMPLAINTS, Complaint, field_at
from shared.strict import ENOUGH
from shared.wording import NO_SLUG, in_words, unknown

_MODELS_OF_KINDS: Mapping[str, type[BaseModel]] = {"matches": Matches, "comparison": Comparison}
_MODELS: Mapping[str, type[BaseModel]] = {
    "rules.*": Rule,
    "rules.*.limit": Limit,
    "traits.*": TraitRule,
    "groups.*": Group,
    "inactivity": Inactivity,
    "grades": Grades,
    "offer": Offer,
}
_LONGEST_ID = 64

_Path = tuple[str | int, ...]


def complaints(errors: Iterable[ErrorDetails], document: Any) -> list[Complaint]:
    """Return the complaints about a matrix, in its order and at most MAX_COMPLAINTS; never an empty list.

    For a part of a rule the message names the rule by its id, in addition to the index in the path.
    """
    messages: dict[tuple[str | None, str], None] = {}
    for error in errors:
        if error["type"] == ENOUGH:
            continue
        location = _locate(error["loc"], document)
        if not _is_beside_the_point(location):
            messages[field_at(location.path), _message(error, location, document)] = None
        if len(messages) == MAX_COMPLAINTS:
            break
    found = (Complaint(field=field, message=message) for field, message in messages)
    return [of_rule(complaint, document) for complaint in found]


def of_rule(complaint: Complaint, document: Any) -> Complaint:
    """Return a complaint with the id of the rule that its field is in, if that rule has an id."""
    section, index, *_ = [*(complaint["field"] or "").split(".", 2), "", ""]
    if section not in {"rules", "traits"} or not (index.isdecimal() and index.isascii()):
        return complaint
    rule_id = _at(document, (section, int(index[:9]), "id"))
    if not (isinstance(rule_id, str) and 0 < len(rule_id) <= _LONGEST_ID and rule_id.isprintable()):
        return complaint
    message = f"rule {rule_id}: {complaint['message']}"
    return Complaint(field=complaint["field"], message=message, rule=rule_id)


class _Location(NamedTuple):
    """Where an error is: the path as it was written, and the kind of the value there.

    The kind is `all`, `any`, `not` or `matches` in a condition, `type` or `comparison` further down, else "".
    When pydantic tried each member of a union, `member` is the member that this error belongs to and `union`
    the value as it was written.
    """

    path: _Path
    kind: str = ""
    member: str = ""
    union: Any = None


def _locate(loc: Sequence[str | int], document: Any) -> _Location:
    path: list[str | int] = []
    kind = ""
    kind_is_next = False
    for index, part in enumerate(loc):
        if kind_is_next:
            kind, kind_is_next = str(part), False
            if kind == "matches":
                return _locate_in_matches(tuple(path), loc[index + 1 :], document)
            continue
        path.append(part)
        if kind:
            kind_is_next = part == "not" if kind == "not" else isinstance(part, int)
        else:
            kind_is_next = _is_condition(path)
    return _Location(_without_key_mark(path), kind)


def _is_condition(path: Sequence[str | int]) -> bool:
    match path:
        case ["rules" | "traits", _, "when"] | ["excludes", _]:
            return True
        case _:
            return False


def _locate_in_matches(path: _Path, below: Sequence[str | int], document: Any) -> _Location:
    match below:
        case ["type", *deeper]:
            return _locate_in_union((*path, "type"), "type", deeper, document)
        case ["where", *deeper]:
            # A condition on traits is written without `where`.
            path = (*path, "where") if path[0] == "rules" else path
        case _:
            return _Location((*path, *below), "matches")
    if len(deeper) == 1 or deeper[1:] == ["[key]"]:
        return _Location((*path, deeper[0]), "where")
    if not deeper:
        return _Location(path, "where")
    name, operator, *deeper = deeper
    path = (*path, name)
    # `path: /pricing` is short for `path: {eq: /pricing}`.
    path = (*path, operator) if isinstance(_at(document, path), Mapping) else path
    return _locate_in_union(path, "comparison", deeper, document)


def _locate_in_union(path: _Path, kind: str, below: Sequence[str | int], document: Any) -> _Location:
    members = [part for part in below if isinstance(part, str)]
    indexes = [part for part in below if isinstance(part, int)]
    if not members:
        return _Location((*path, *indexes), kind)
    # An index before the member belongs to a list of unions, an index after it to a member that is a list.
    union = (*path, *indexes) if below[-1] == members[0] else path
    return _Location((*path, *indexes), kind, members[0], _at(document, union))


def _without_key_mark(path: Sequence[str | int]) -> _Path:
    return tuple(path[:-1] if path[-1:] == ["[key]"] else path)


def _at(document: Any, path: _Path) -> Any:
    for part in path:
        try:
            document = document[part]
        except (LookupError, TypeError):
            return None
    return document


def _is_meant(location: _Location) -> bool:
    """Return whether the error belongs to the member of a union that the author meant."""
    if location.member.startswith("list"):
        return isinstance(location.union, list)
    return location.member == "constrained-str" and isinstance(location.union, str)


def _is_beside_the_point(location: _Location) -> bool:
    """Return whether the error belongs to a member of a union while the author meant another."""
    means_another = isinstance(location.union, str) or (
        location.kind == "type" and isinstance(location.union, list)
    )
    return means_another and not _is_meant(location)


def _message(error: ErrorDetails, location: _Location, document: Any) -> str:
    if (message := explained(_joined(error, location, document))) is not None:
        return message
    match error["type"]:
        case "extra_forbidden":
            return unknown(str(location.path[-1]), _allowed_keys(location))
        case "value_error":
            is_bare = location.kind == "matches" and location.path[0] != "rules"
            return "name at least one trait" if is_bare else error["msg"].removeprefix("Value error, ")
        case _ if location.member and not _is_meant(location):
            expected = "a type, such as visit, or a list of types"
            return f"must be {expected if location.kind == 'type' else 'a text, a number, true or false'}"
        case "string_pattern_mismatch":
            return NO_SLUG
        case kind:
            return in_words(kind, error.get("ctx", {})) or error["msg"]


def _joined(error: ErrorDetails, location: _Location, document: Any) -> Joined:
    above, name = map(str, location.path[-2:]) if len(location.path) > 1 else ("", "")
    written = location.union if location.member else _at(document, location.path)
    return Joined(
        error["type"], location.kind, name, above, written, location.path[:1] in {("traits",), ("excludes",)}
    )


def _allowed_keys(location: _Location) -> list[str]:
    model = _MODELS_OF_KINDS.get(location.kind)
    if model is None:
        parts = ["*" if isinstance(part, int) else part for part in location.path[:-1]]
        model = _MODELS.get(".".join(["groups", "*"] if parts[:1] == ["groups"] else parts), Matrix)
    keys = [field.alias or name for name, field in model.model_fields.items()]
    return [*keys, *JOINS] if model is Matches else keys
