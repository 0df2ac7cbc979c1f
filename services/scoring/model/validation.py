"""Reading a matrix that people wrote: what is wrong is told field by field, and of what is odd it warns."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain, islice, starmap
from typing import Any, Final

from pydantic import ValidationError

from services.scoring.model.complaints import complaints
from services.scoring.model.contradictions import contradiction
from services.scoring.model.intent import unintended
from services.scoring.model.matrix import Matrix
from services.scoring.model.reach import most, most_together, uncapped
from services.scoring.model.rules import Rule, TraitRule
from services.scoring.model.size import MAX_VALUES, has_too_many_values, oversized
from shared.conditions import AllOf, AnyOf, Condition, Matches, Not, fingerprint, possible_types
from shared.errors import Complaint, Refused
from shared.vocabulary import KNOWN_TYPES, NEVER_COUNTED
from shared.wording import suggestion

MAX_WARNINGS: Final = 100
# Comparing a name with all that are known takes a while.
_MAX_SUGGESTIONS: Final = 20


def read_matrix(model: str, document: Any) -> Matrix:
    """Validate a matrix that somebody wrote for a model.

    Raises Refused that tells which fields are wrong and what is wrong with them; also when nobody could
    ever reach the flip number, and when it is too large as a whole.
    """
    if has_too_many_values(document):
        message = f"a matrix has at most {MAX_VALUES:,} values in all."
        raise _refused([Complaint(field=None, message=message)])
    matrix = kept_matrix(model, document)
    if too_much := list(oversized(matrix)):
        raise _refused(too_much)
    reachable = most(matrix)
    if reachable < matrix.flip_number:
        raise _refused(
            [
                Complaint(
                    field="flip_number",
                    message=f"no one can reach {matrix.flip_number:.10g}; "
                    f"caps and limits let the rules give at most {reachable:.10g}.",
                )
            ]
        )
    return matrix


def kept_matrix(model: str, document: Any) -> Matrix:
    """Read a matrix that was accepted once; later demands of `read_matrix` must not make it unreadable.

    Raises Refused when it is no matrix, or one of another model.
    """
    try:
        matrix = Matrix.model_validate(document)
    except ValidationError as error:
        raise _refused(complaints(error.errors(include_url=False), document)) from error
    except RecursionError as error:
        raise _refused([Complaint(field=None, message="is nested too deep")]) from error
    if matrix.model not in {None, model}:
        message = f"this is the draft of {model}, not of {matrix.model}."
        raise _refused([Complaint(field="model", message=message)])
    return matrix.model_copy(update={"model": model})


def _refused(errors: list[Complaint]) -> Refused:
    field, message = errors[0]["field"], errors[0]["message"]
    return Refused("matrix_invalid", f"{field or 'matrix'}: {message}", field, errors)


@dataclass(frozen=True)
class Warning:  # noqa: A001 - the word that the API has for it
    """Something in a matrix that is allowed but odd; `field` is its path and `code` a stable slug."""

    field: str
    code: str
    message: str


def warnings(matrix: Matrix, seen_types: Collection[str], *, all_seen: bool = True) -> list[Warning]:
    """Return what is most likely a mistake in a matrix, in its order and at most MAX_WARNINGS.

    `seen_types` are the types of interactions that ever came, of those that the matrix names at least; a type
    that is neither among them nor known is most likely misspelt. Without `all_seen` there were so many types
    that later ones were not kept.
    """
    found = chain(
        _odd_stages(matrix),
        starmap(Warning, unintended(matrix)),
        _odd_types(matrix, KNOWN_TYPES.union(seen_types), all_seen=all_seen),
        _contradictions(matrix),
        _odd_prices(matrix),
        _repeated(matrix),
        _idle_groups(matrix),
    )
    return list(islice(found, MAX_WARNINGS))


def _odd_stages(matrix: Matrix) -> Iterator[Warning]:
    reachable = most(matrix)
    for name, threshold in matrix.stages.items():
        if threshold > reachable:
            message = f"no one can reach {threshold:.10g}; the rules give at most {reachable:.10g}"
            yield Warning(f"stages.{name}", "stage_unreachable", message)


def _odd_types(matrix: Matrix, known: Collection[str], *, all_seen: bool) -> Iterator[Warning]:
    came = "ever came" if all_seen else "is among those that came first, and later ones were not kept"
    candidates = sorted(known)
    unknown = 0
    for index, rule in enumerate(matrix.rules):
        for path, type_ in _types(rule.when, f"rules.{index}.when"):
            if type_ in NEVER_COUNTED:
                yield Warning(path, "type_never_counted", f"no rule counts an interaction of type {type_}")
            elif type_ not in known:
                unknown += 1
                meant = suggestion(type_, candidates) if unknown <= _MAX_SUGGESTIONS else None
                hint = f"; did you mean `{meant}`?" if meant else ""
                yield Warning(path, "type_unknown", f"no interaction of type {type_} {came}{hint}")
        if possible_types(rule.when) == frozenset():
            message = "no interaction can meet this: it asks for different types at once"
            yield Warning(f"rules.{index}.when", "never_met", message)


def _types(condition: Condition, path: str) -> Iterator[tuple[str, str]]:
    """Yield (path, type) for each type that a condition names."""
    for place, leaf in _leaves(condition, path):
        if isinstance(leaf.type, str):
            yield f"{place}.type", leaf.type
        for index, type_ in enumerate(leaf.type if isinstance(leaf.type, list) else ()):
            yield f"{place}.type.{index}", type_


def _leaves(condition: Condition, path: str) -> Iterator[tuple[str, Matches]]:
    """Yield the parts of a condition that have no parts themselves, with their paths."""
    match condition:
        case Matches():
            yield path, condition
        case AllOf(all=parts):
            for index, part in enumerate(parts):
                yield from _leaves(part, f"{path}.all.{index}")
        case AnyOf(any=parts):
            for index, part in enumerate(parts):
                yield from _leaves(part, f"{path}.any.{index}")
        case Not(not_=part):
            yield from _leaves(part, f"{path}.not")


def _contradictions(matrix: Matrix) -> Iterator[Warning]:
    conditions = [(f"{place}.when", rule.when) for place, rule in _placed(matrix)]
    conditions += [(f"excludes.{index}", condition) for index, condition in enumerate(matrix.excludes)]
    for path, condition in conditions:
        for place, leaf in _leaves(condition, path):
            # Traits are asked for without a `where`.
            below = f"{place}.where" if path.startswith("rules") else place
            for name, test in leaf.where.items():
                told = contradiction(test)
                if told is not None:
                    yield Warning(f"{below}.{name}", "never_met", f"no value can meet this: {told}")


def _placed(matrix: Matrix) -> Iterator[tuple[str, Rule | TraitRule]]:
    for index, rule in enumerate(matrix.rules):
        yield f"rules.{index}", rule
    for index, trait_rule in enumerate(matrix.traits):
        yield f"traits.{index}", trait_rule


def _odd_prices(matrix: Matrix) -> Iterator[Warning]:
    for place, rule in _placed(matrix):
        if not rule.points:
            yield Warning(f"{place}.points", "no_points", f"{rule.id} gives no points")
        elif isinstance(rule, Rule) and rule.cap is not None:
            field, points = f"{place}.cap", abs(rule.points)
            if rule.cap < points:
                message = f"a single match is {points:.10g} points already, of which {rule.cap:.10g} count"
                yield Warning(field, "cap_below_points", message)
            elif (ever := uncapped(rule)) < rule.cap:
                message = f"the limit holds the rule at {ever:.10g} points already, below this cap"
                yield Warning(field, "cap_idle", message)


def _repeated(matrix: Matrix) -> Iterator[Warning]:
    first: dict[object, str] = {}
    for place, rule in _placed(matrix):
        if isinstance(rule, Rule):
            asked = (rule.count_key, rule.limit, rule.half_life, rule.window, rule.cap)
        else:
            asked = (fingerprint(rule.when, None),)
        other = first.setdefault((type(rule), asked), rule.id)
        if other != rule.id:
            message = f"asks exactly what {other} asks, so both count for the same thing"
            yield Warning(f"{place}.when", "rule_repeated", message)


def _idle_groups(matrix: Matrix) -> Iterator[Warning]:
    for name, group in matrix.groups.items():
        largest = max(most_together(matrix, group.rules, sign=sign) for sign in (1, -1))
        if largest <= group.cap:
            message = f"the group's rules come to {largest:.10g} points at most, so this cap cuts nothing"
            yield Warning(f"groups.{name}.cap", "group_cap_idle", message)
