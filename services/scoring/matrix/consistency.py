"""Contradictions between the parts of a matrix: ids that are used twice, groups of rules that do not exist.

The check runs on a matrix as it was written, in which any part may also be wrong by itself.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from shared.strict import Fault
from shared.wording import is_slug

_RulePath = tuple[str, int]


def inconsistencies(written: Mapping[str, Any], reserved: Collection[str]) -> Iterator[Fault]:
    """Yield the faults in the order of the matrix, each with its path; no rule can have a `reserved` id."""
    paths: dict[str, _RulePath] = {}
    for path, rule_id in _ids(written):
        if rule_id in reserved:
            yield Fault((*path, "id"), f"{rule_id} is a name of Flipline's own")
        elif rule_id in paths:
            first = ".".join(map(str, paths[rule_id]))
            yield Fault((*path, "id"), f"{rule_id} is used twice, first by {first}")
        paths.setdefault(rule_id, path)
    yield from _of_groups(written, paths)


def _ids(written: Mapping[str, Any]) -> Iterator[tuple[_RulePath, str]]:
    for section in ("rules", "traits"):
        for index, rule in enumerate(_list(written.get(section))):
            rule_id = _object(rule).get("id")
            if is_slug(rule_id):
                yield (section, index), rule_id


def _of_groups(written: Mapping[str, Any], paths: Mapping[str, _RulePath]) -> Iterator[Fault]:
    group_of: dict[str, str] = {}
    for name, group in _object(written.get("groups")).items():
        sections: set[str] = set()
        for index, rule_id in enumerate(_list(_object(group).get("rules"))):
            if not is_slug(rule_id):
                continue
            path = ("groups", name, "rules", index)
            if rule_id not in paths:
                yield Fault(path, f"there is no rule {rule_id}")
                continue
            if rule_id in group_of:
                yield Fault(path, f"{rule_id} is in group {group_of[rule_id]} already")
            group_of.setdefault(rule_id, name)
            sections.add(paths[rule_id][0])
        if len(sections) > 1:
            message = "rules of behaviour and of traits are not one group"
            yield Fault(("groups", name, "rules"), message)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
